#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Members of a JSON object found in the raw bytes, without building a tree: for lines that are
 * routed, not changed. One pass, with the same full validation as val_parse (duplicate members at
 * every depth too). Allocates only for objects with more than 128 members.
 */
struct scan_member {
    const char *name; /* wanted; set by the caller (plain ASCII) */
    const char *text; /* raw JSON value inside the scanned line; NULL if absent */
    size_t len;
};

/*
 * Scan LINE, which must be one object, for the N wanted top-level members. 0, or -1 with err
 * "bad-json" / "not-object" (RECORD); then all of them are absent. Names written with escapes are
 * found too. It is quickest where they are wanted in the order in which they come.
 */
int scan_object(const char *line, size_t len, struct scan_member *want, size_t n, struct err *err);

/* Raw value tests and readers. */
bool scan_is_null(const struct scan_member *m); /* absent or null */
/* A plain string without escapes equal to TEXT. */
bool scan_equals(const struct scan_member *m, const char *text);
/* A whole number >= 0; -1 if it is none. */
long long scan_int(const struct scan_member *m);
bool scan_is_number(const struct scan_member *m);
/*
 * The text of a string, or of a number as written; NULL if it is neither, or has U+0000 in it. It
 * is made in COPY: the same bytes and one more behind them, to be written over.
 */
const char *scan_id(const struct scan_member *m, char *copy);
/* Decodes a string into OUT (SIZE bytes, NUL-terminated); -1 if it is none, does not fit, or has
   U+0000 in it. */
int scan_text(const struct scan_member *m, char *out, size_t size);

#endif
