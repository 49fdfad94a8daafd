#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Time. Moments are int64_t milliseconds since 1970 UTC, written as RFC 3339 with Z and exactly
 * three decimals, so that their text sorts as they do. For tests only, $LOOPLESS_NOW (such a text)
 * fixes clock_now, or makes it run fast: TIME@BOOT*FACTOR is TIME when the boot clock was BOOT, and
 * FACTOR times as fast from there, the same in all processes; clock_boot is the same moment then,
 * so that whoever sets TIME sets when leases end. Leases use the boot clock, which no date change
 * moves.
 */
#define CLOCK_TEXT 25 /* "2026-01-02T03:04:05.678Z" and NUL */

int64_t clock_now(void);
int64_t clock_boot(void); /* ms since this host started, sleep included; never fixed */
/* MS of clock_boot as poll(2) and the like count: MS itself, unless time runs fast. Rounded up. */
int64_t clock_sleep(int64_t ms);

/* The id of this boot of this host (Linux boot_id), "" where there is none. */
void clock_boot_id(char out[64]);

/* MS as text into OUT; returns OUT. */
char *clock_format(int64_t ms, char out[CLOCK_TEXT]);

/*
 * Read RFC 3339 (any offset, decimals beyond three are cut; `t`, `z` and a space are accepted; no
 * offset is UTC, no seconds are 0) or a plain date. 0, or -1 with err "bad-time".
 */
int clock_parse(const char *text, int64_t *ms, struct err *err);

/* An HTTP-date (RFC 9110 5.6.7, IMF-fixdate only). 0, or -1 with err "bad-time". */
int clock_parse_http(const char *text, int64_t *ms, struct err *err);

/* "90", "500ms", "30s", "5m", "4h", "2d": milliseconds (a bare number is seconds); 0 or -1. */
int clock_parse_span(const char *text, int64_t *ms, struct err *err);

#endif
