#ifndef SIM_QUIRK_H
#define SIM_QUIRK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * The bad habits of real servers, one switch each. The table in quirk.c is the only list of them:
 * --list-quirks, the command line, POST /_sim/quirk and the page all follow it. All are off at
 * first; most can be combined.
 */
enum quirk_id {
    /* what is stored */
    QUIRK_NOOP_TOUCHES,
    QUIRK_LOWER,
    QUIRK_TRIM,
    QUIRK_DIGITS,
    QUIRK_TRUNCATE,
    QUIRK_EMPTY_NULL,
    QUIRK_BOOL_INT,
    QUIRK_STRING_VALUES,
    QUIRK_SECOND_STAMPS,
    QUIRK_UNIQUE,
    QUIRK_REJECT,
    /* what goes over the wire */
    QUIRK_GONE_403,
    QUIRK_SCOPE_LOST,
    QUIRK_PUT_ONLY,
    QUIRK_ANSWER_NONE,
    QUIRK_FORM_BODIES,
    QUIRK_WRAP,
    QUIRK_PAIRS,
    QUIRK_NULL_FIRST_UPDATE,
    QUIRK_ERROR_200,
    QUIRK_HTML_ERRORS,
    /* listings */
    QUIRK_SINCE_FUZZ,
    QUIRK_LIMIT_CAP,
    QUIRK_HIDE_CLOSED,
    QUIRK_SAME_CURSOR,
    QUIRK_PAGE_ORDER,
    QUIRK_END_EARLY,
    QUIRK_LAG_MS,
    QUIRK_FIND_LAG_MS,
    /* limits and failures */
    QUIRK_RATE,
    QUIRK_LIMIT_STATUS,
    QUIRK_LIMIT_WAIT,
    QUIRK_LIMIT_CODE,
    QUIRK_LIMIT_NEXT,
    QUIRK_BUDGET,
    QUIRK_FAIL_NEXT,
    QUIRK_APPLY_THEN_FAIL,
    QUIRK_APPLY_THEN_DROP,
    QUIRK_DROP_NEXT,
    QUIRK_HTML,
    QUIRK_HTML_ONCE,
    QUIRK_SLOW_MS,
    /* access tokens */
    QUIRK_TOKEN_NEEDED,
    QUIRK_TOKEN_DOWN,
    QUIRK_TOKEN_DROP,
    QUIRK_TOKEN_SLOW_MS,
    QUIRK_TOKEN_CALLS,
    QUIRK_TOKEN_MS,
    QUIRK_TOKEN_NO_EXPIRES,
    QUIRK_TOKEN_ROTATE,
    QUIRK_TOKEN_GRACE,
    QUIRK_TOKEN_DENY,
    QUIRK_ECHO_SECRETS,
    /* webhooks: what is said, then how it is sent */
    QUIRK_WEBHOOK_NOOP,
    QUIRK_WEBHOOK_PER_PROPERTY,
    QUIRK_WEBHOOK_MERGE_DELETES,
    QUIRK_WEBHOOK_NO_ACTOR,
    QUIRK_WEBHOOK_NO_WRITE_ID,
    QUIRK_WEBHOOK_NO_ID,
    QUIRK_WEBHOOK_NO_TIME,
    QUIRK_WEBHOOK_ID_TEXT,
    QUIRK_WEBHOOK_UNSIGNED,
    QUIRK_WEBHOOK_BEFORE_ANSWER,
    QUIRK_WEBHOOK_DELAY,
    QUIRK_WEBHOOK_ONCE,
    QUIRK_WEBHOOK_DUPLICATE,
    QUIRK_WEBHOOK_REORDER,
    QUIRK_WEBHOOK_LOSE,
    QUIRK_WEBHOOK_BATCH,
    QUIRK_COUNT
};

struct quirk_value {
    bool on;
    long long n;    /* the number; of rate the calls, of fail-next the count, of a delay the ms */
    long long more; /* of rate the window in ms, of fail-next the status, of a delay the jitter in
                       ms, of webhook-batch its time in ms (0: not said), of webhook-lose every N */
    char *text;     /* owned; fields, FIELD:N, FIELD:VALUE and names as given */
};

struct quirks {
    struct quirk_value v[QUIRK_COUNT];
};

/*
 * Switch NAME on with VALUE. VALUE may be NULL for a plain switch. "off", "false" and, but for
 * texts and lists, "0" switch it off. An unknown name (the text names the nearest ones) or a bad
 * value is an error: code "unknown-quirk" or "bad-quirk", status 64.
 */
int quirk_set(struct quirks *q, const char *name, const char *value, struct err *err);

/* "NAME" or "NAME=VALUE". */
int quirk_set_text(struct quirks *q, const char *text, struct err *err);

int quirk_clear(struct quirks *q, const char *name, struct err *err);

bool quirk_on(const struct quirks *q, enum quirk_id id);
long long quirk_number(const struct quirks *q, enum quirk_id id); /* 0 when off */
const char *quirk_text(const struct quirks *q, enum quirk_id id); /* NULL when off; borrowed */

/* Whether the comma list of ID (lower=a,b) names FIELD. */
bool quirk_names_field(const struct quirks *q, enum quirk_id id, const char *field);

/*
 * What follows FIELD (and a colon) in the comma list of ID, up to the end of the list; NULL if it
 * does not name FIELD.
 */
const char *quirk_of_field(const struct quirks *q, enum quirk_id id, const char *field);

/* Whether the comma list of ID has the item FIELD:VALUE. */
bool quirk_lists(const struct quirks *q, enum quirk_id id, const char *field, const char *value);

/* Use up one of the next N: true if one was left. The last one switches the quirk off. */
bool quirk_consume(struct quirks *q, enum quirk_id id);

/* Row I of the table for --list-quirks, false after the last. */
bool quirk_row(size_t i, const char **name, const char **value, const char **help);

/* All of FROM into TO, which is released first. */
void quirk_copy(struct quirks *to, const struct quirks *from);

void quirk_release(struct quirks *q);

#endif
