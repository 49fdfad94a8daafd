#include <config.h>

#include "sim/quirk.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    SWITCH,
    NUMBER, /* >= 1 */
    STATUS, /* one of the limit statuses */
    NAME,   /* a member name */
    FIELDS, /* FIELD[,FIELD]... */
    CUTS,   /* FIELD:N[,FIELD:N]... */
    VALUES, /* FIELD:VALUE[,FIELD:VALUE]... */
    RATE,   /* N/WINDOWMS */
    FAIL,   /* N[:STATUS] */
    ORDER,  /* "unstable" */
    WORDS,  /* one of those that `value` lists, A|B|C */
    SPAN,   /* SPAN[:JITTER] */
    BATCH,  /* N[:SPAN], N >= 2 */
    LOSE,   /* 1-100 or every=N */
    FEW     /* 2-1000 */
};

struct row {
    const char *name;
    enum kind kind;
    const char *value; /* NULL for a switch */
    const char *help;
};

static const struct row rows[QUIRK_COUNT] = {
    [QUIRK_NOOP_TOUCHES] = {"noop-touches", SWITCH, NULL,
                            "a write that changes nothing still moves updated_at"},
    [QUIRK_LOWER] = {"lower", FIELDS, "FIELD[,FIELD]",
                     "texts in these fields are stored in "
                     "lower case"},
    [QUIRK_TRIM] = {"trim", SWITCH, NULL, "white space at both ends of a text is not stored"},
    [QUIRK_DIGITS] = {"digits", FIELDS, "FIELD[,FIELD]", "only digits and + are stored"},
    [QUIRK_TRUNCATE] = {"truncate", CUTS, "FIELD:N[,...]",
                        "only the first N characters are "
                        "stored"},
    [QUIRK_EMPTY_NULL] = {"empty-null", SWITCH, NULL, "\"\" is stored as null"},
    [QUIRK_BOOL_INT] = {"bool-int", SWITCH, NULL, "true is stored as 1, false as 0"},
    [QUIRK_STRING_VALUES] = {"string-values", SWITCH, NULL,
                             "every value is stored and returned as a string"},
    [QUIRK_SECOND_STAMPS] = {"second-stamps", SWITCH, NULL, "timestamps have whole seconds"},
    [QUIRK_UNIQUE] = {"unique", NAME, "FIELD",
                      "a second record with the same value of FIELD is refused: 409"},
    [QUIRK_REJECT] = {"reject", VALUES, "FIELD:VALUE[,...]",
                      "a write that sets FIELD to VALUE is refused: 422"},
    [QUIRK_GONE_403] = {"gone-403", SWITCH, NULL, "a deleted or unknown record answers 403"},
    [QUIRK_SCOPE_LOST] = {"scope-lost", SWITCH, NULL,
                          "every read of a record answers 403, lists are empty"},
    [QUIRK_PUT_ONLY] = {"put-only", SWITCH, NULL, "PATCH is refused with 405, PUT is partial"},
    [QUIRK_ANSWER_NONE] = {"answer-none", SWITCH, NULL,
                           "writes are answered without a body: 204, a create 201 and Location"},
    [QUIRK_FORM_BODIES] = {"form-bodies", SWITCH, NULL,
                           "bodies of writes must be application/x-www-form-urlencoded"},
    [QUIRK_WRAP] = {"wrap", NAME, "NAME", "bodies and records are wrapped: {\"NAME\":{...}}"},
    [QUIRK_PAIRS] = {"pairs", SWITCH, NULL,
                     "fields are a list of {\"id\",\"value\"} under \"fields\""},
    [QUIRK_NULL_FIRST_UPDATE] = {"null-first-update", SWITCH, NULL,
                                 "updated_at is null until the first update"},
    [QUIRK_ERROR_200] = {"error-200", SWITCH, NULL, "errors come as 200 with {\"error\":{...}}"},
    [QUIRK_HTML_ERRORS] = {"html-errors", SWITCH, NULL, "errors come as HTML"},
    [QUIRK_SINCE_FUZZ] = {"since-fuzz", NUMBER, "MS",
                          "updated_since returns records up to MS older"},
    [QUIRK_LIMIT_CAP] = {"limit-cap", NUMBER, "N", "a limit above N is cut to N without a word"},
    [QUIRK_HIDE_CLOSED] = {"hide-closed", SWITCH, NULL,
                           "listings leave out \"closed\":true unless ?include_closed=true"},
    [QUIRK_SAME_CURSOR] = {"same-cursor", SWITCH, NULL, "the same cursor comes back for ever"},
    [QUIRK_PAGE_ORDER] = {"page-order", ORDER, "unstable",
                          "records with the same updated_at are shuffled in each page"},
    [QUIRK_END_EARLY] = {"end-early", SWITCH, NULL, "the last page is dropped without a word"},
    [QUIRK_LAG_MS] = {"lag-ms", NUMBER, "N", "reads and lists show a write only N ms later"},
    [QUIRK_FIND_LAG_MS] = {"find-lag-ms", NUMBER, "N",
                           "lists and finds show a write only N ms "
                           "later"},
    [QUIRK_RATE] = {"rate", RATE, "N/WINDOWMS", "more than N calls a window are limited"},
    [QUIRK_LIMIT_STATUS] = {"limit-status", STATUS, "429|400|403|503|200",
                            "what limited calls are answered (429)"},
    [QUIRK_LIMIT_WAIT] = {"limit-wait", WORDS, "date|epoch-s|epoch-ms|left|iso8601|body|none",
                          "how limited calls are told when to come again"},
    [QUIRK_LIMIT_CODE] = {"limit-code", NAME, "CODE", "the code in the body of limited calls"},
    [QUIRK_LIMIT_NEXT] = {"limit-next", NUMBER, "N", "the next N calls are limited, Retry-After 1"},
    [QUIRK_BUDGET] = {"budget", WORDS, "headers|pair", "answers tell what the rate leaves"},
    [QUIRK_FAIL_NEXT] = {"fail-next", FAIL, "N[:STATUS]",
                         "the next N writes answer 500 (or STATUS) without effect"},
    [QUIRK_APPLY_THEN_FAIL] = {"apply-then-fail", NUMBER, "N",
                               "the next N writes are applied, then answered 500"},
    [QUIRK_APPLY_THEN_DROP] = {"apply-then-drop", NUMBER, "N",
                               "the next N writes are applied, then the connection is closed"},
    [QUIRK_DROP_NEXT] = {"drop-next", NUMBER, "N",
                         "the next N writes: connection closed, no effect, no answer"},
    [QUIRK_HTML] = {"html", SWITCH, NULL, "every call answers 200 with HTML, without effect"},
    [QUIRK_HTML_ONCE] = {"html-once", NUMBER, "N",
                         "the next N calls answer 200 with HTML, without effect"},
    [QUIRK_SLOW_MS] = {"slow-ms", NUMBER, "N", "answers are held back N ms"},
    [QUIRK_TOKEN_NEEDED] = {"token-needed", SWITCH, NULL, "calls need an access token"},
    [QUIRK_TOKEN_DOWN] = {"token-down", SWITCH, NULL, "the token endpoint answers 503"},
    [QUIRK_TOKEN_DROP] = {"token-drop", NUMBER, "N",
                          "the next N tokens are made, and the answer never comes"},
    [QUIRK_TOKEN_SLOW_MS] = {"token-slow-ms", NUMBER, "N",
                             "answers of the token endpoint are held back N ms"},
    [QUIRK_TOKEN_CALLS] = {"token-calls", NUMBER, "N",
                           "an access token is over after N calls, whatever expires_in said"},
    [QUIRK_TOKEN_MS] = {"token-ms", NUMBER, "N", "an access token lives N ms (an hour)"},
    [QUIRK_TOKEN_NO_EXPIRES] = {"token-no-expires", SWITCH, NULL,
                                "answers of the token endpoint have no expires_in"},
    [QUIRK_TOKEN_ROTATE] = {"token-rotate", SWITCH, NULL,
                            "each refresh gives a new refresh token, and the old one is over"},
    [QUIRK_TOKEN_GRACE] = {"token-grace", SWITCH, NULL,
                           "with token-rotate: the old one is good until the new one was used"},
    [QUIRK_TOKEN_DENY] = {"token-deny", SWITCH, NULL, "the person says no to a login"},
    [QUIRK_ECHO_SECRETS] = {"echo-secrets", SWITCH, NULL,
                            "refusals repeat the credentials they are about"},
    [QUIRK_WEBHOOK_NOOP] = {"webhook-noop", SWITCH, NULL, "a write that changes nothing fires too"},
    [QUIRK_WEBHOOK_PER_PROPERTY] = {"webhook-per-property", SWITCH, NULL,
                                    "an update is one event for each changed member"},
    [QUIRK_WEBHOOK_MERGE_DELETES] = {"webhook-merge-deletes", SWITCH, NULL,
                                     "a merge says first that the loser is deleted"},
    [QUIRK_WEBHOOK_NO_ACTOR] = {"webhook-no-actor", SWITCH, NULL, "events do not say who did it"},
    [QUIRK_WEBHOOK_NO_WRITE_ID] = {"webhook-no-write-id", SWITCH, NULL,
                                   "events do not have the Idempotency-Key of the write"},
    [QUIRK_WEBHOOK_NO_ID] = {"webhook-no-id", SWITCH, NULL, "no ids of deliveries and of events"},
    [QUIRK_WEBHOOK_NO_TIME] = {"webhook-no-time", SWITCH, NULL, "events have no occurred_at"},
    [QUIRK_WEBHOOK_ID_TEXT] = {"webhook-id-text", SWITCH, NULL,
                               "record_id is a string, also where the API has a number"},
    [QUIRK_WEBHOOK_UNSIGNED] = {"webhook-unsigned", SWITCH, NULL, "the signature is left out"},
    [QUIRK_WEBHOOK_BEFORE_ANSWER] = {"webhook-before-answer", SWITCH, NULL,
                                     "the webhook is answered before the write is"},
    [QUIRK_WEBHOOK_DELAY] = {"webhook-delay", SPAN, "SPAN[:JITTER]",
                             "webhooks are sent so much later"},
    [QUIRK_WEBHOOK_ONCE] = {"webhook-once", SWITCH, NULL, "a delivery that fails is not retried"},
    [QUIRK_WEBHOOK_DUPLICATE] = {"webhook-duplicate", FEW, "N",
                                 "each delivery comes N times, with the same id"},
    [QUIRK_WEBHOOK_REORDER] = {"webhook-reorder", FEW, "N",
                               "each N deliveries are shuffled, those of 200 ms at most"},
    [QUIRK_WEBHOOK_LOSE] = {"webhook-lose", LOSE, "PERCENT|every=N",
                            "so many events are never sent"},
    [QUIRK_WEBHOOK_BATCH] = {"webhook-batch", BATCH, "N[:SPAN]",
                             "up to N events of SPAN (100ms) come in one request"},
};

static size_t
min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Edit distance; names are short. A beginning is as near as can be. */
static size_t
distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    size_t row[MAX + 1];
    size_t n = strnlen(b, MAX);
    size_t i;
    size_t j;

    if (*a != '\0' && strncmp(a, b, strlen(a)) == 0)
        return 0;
    for (j = 0; j <= n; j++)
        row[j] = j;
    for (i = 1; i <= strnlen(a, MAX); i++) {
        size_t corner = row[0];

        row[0] = i;
        for (j = 1; j <= n; j++) {
            size_t up = row[j];

            row[j] = min3(up + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1]));
            corner = up;
        }
    }
    return row[n];
}

static int
unknown(const char *name, struct err *err)
{
    CLEANUP_BUF struct buf near = BUF_INIT;
    size_t best = 99;
    int i;

    for (i = 0; i < QUIRK_COUNT; i++) {
        size_t d = distance(name, rows[i].name);

        if (d < best)
            best = d;
    }
    for (i = 0; i < QUIRK_COUNT; i++)
        if (distance(name, rows[i].name) <= best)
            buf_printf(&near, "%s%s", near.len > 0 ? ", " : "", rows[i].name);
    err_set(err, ERR_RUN, ERR_NEVER, "unknown-quirk", "unknown quirk \"%.64s\"; nearest: %s", name,
            buf_get(&near));
    return err_exit(err, EXIT_USAGE);
}

static int
find(const char *name, struct err *err)
{
    int i;

    for (i = 0; i < QUIRK_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return unknown(name, err);
}

static int
bad(const struct row *r, const char *value, struct err *err)
{
    err_set(err, ERR_RUN, ERR_NEVER, "bad-quirk", "quirk %s wants %s, not \"%.64s\"", r->name,
            r->value != NULL ? r->value : "1 or 0", value);
    return err_exit(err, EXIT_USAGE);
}

/* A whole number from MIN on, then the character END; returns what follows END, NULL if not so. */
static const char *
number(const char *text, char end, long long min, long long *n)
{
    char *rest;

    if (*text < '0' || *text > '9')
        return NULL;
    errno = 0;
    *n = strtoll(text, &rest, 10);
    if (errno != 0 || *n < min || *n > 1000000000000LL || *rest != end)
        return NULL;
    return end == '\0' ? rest : rest + 1;
}

/* FIELD[:WHAT], comma-separated. */
static bool
list_ok(const char *text, enum kind kind)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        const char *colon = memchr(text, ':', len);
        size_t name = colon != NULL ? (size_t)(colon - text) : len;

        if (name == 0 || (kind == FIELDS) != (colon == NULL))
            return false;
        if (kind == CUTS && strspn(colon + 1, "0123456789") != len - name - 1)
            return false;
        if (kind == CUTS && (len - name == 1 || len - name > 7))
            return false;
        text += len + (text[len] == ',');
    }
    return true;
}

static bool
fail_ok(const char *text, struct quirk_value *v)
{
    const char *status;

    v->more = 500;
    if (number(text, '\0', 1, &v->n) != NULL)
        return true;
    status = number(text, ':', 1, &v->n);
    return status != NULL && number(status, '\0', 400, &v->more) != NULL && v->more <= 599;
}

static bool
rate_ok(const char *text, struct quirk_value *v)
{
    const char *window = number(text, '/', 1, &v->n);

    return window != NULL && number(window, '\0', 1, &v->more) != NULL;
}

static bool
span_ok(const char *text, long long *ms)
{
    int64_t n;

    if (clock_parse_span(text, &n, NULL) != 0 || n < 0 || n > 86400000)
        return false;
    *ms = n;
    return true;
}

static bool
delay_ok(const char *text, struct quirk_value *v)
{
    CLEANUP_FREE char *span = mem_text(text);
    char *colon = strchr(span, ':');

    if (colon != NULL)
        *colon++ = '\0';
    return span_ok(span, &v->n) && (colon == NULL || span_ok(colon, &v->more));
}

static bool
batch_ok(const char *text, struct quirk_value *v)
{
    const char *span;

    if (number(text, '\0', 2, &v->n) != NULL)
        return v->n <= 1000;
    span = number(text, ':', 2, &v->n);
    return span != NULL && v->n <= 1000 && span_ok(span, &v->more) && v->more > 0;
}

static bool
lose_ok(const char *text, struct quirk_value *v)
{
    static const char every[] = "every=";

    if (strncmp(text, every, sizeof every - 1) == 0)
        return number(text + sizeof every - 1, '\0', 1, &v->more) != NULL;
    return number(text, '\0', 1, &v->n) != NULL && v->n <= 100;
}

static bool
is_word(const char *words, const char *text)
{
    size_t len = strlen(text);

    for (;; words++) {
        size_t n = strcspn(words, "|");

        if (n == len && strncmp(words, text, n) == 0)
            return true;
        words += n;
        if (*words == '\0')
            return false;
    }
}

/* Read TEXT as the value of the quirk R. */
static bool
parse(const struct row *r, const char *text, struct quirk_value *v)
{
    switch (r->kind) {
    case SWITCH:
        return strcmp(text, "1") == 0 || strcmp(text, "true") == 0 || strcmp(text, "on") == 0;
    case NUMBER:
        return number(text, '\0', 1, &v->n) != NULL;
    case STATUS:
        return is_word(r->value, text) && number(text, '\0', 200, &v->n) != NULL;
    case NAME:
        return *text != '\0';
    case FIELDS:
    case CUTS:
    case VALUES:
        return *text != '\0' && list_ok(text, r->kind);
    case RATE:
        return rate_ok(text, v);
    case FAIL:
        return fail_ok(text, v);
    case ORDER:
        return strcmp(text, "unstable") == 0;
    case WORDS:
        return is_word(r->value, text);
    case SPAN:
        return delay_ok(text, v);
    case BATCH:
        return batch_ok(text, v);
    case LOSE:
        return lose_ok(text, v);
    case FEW:
        return number(text, '\0', 2, &v->n) != NULL && v->n <= 1000;
    }
    return false;
}

static void
put(struct quirk_value *slot, struct quirk_value v)
{
    free(slot->text);
    *slot = v;
}

static bool
means_off(enum kind kind, const char *value)
{
    return strcmp(value, "off") == 0 || strcmp(value, "false") == 0 ||
           ((kind == SWITCH || kind == NUMBER || kind == FAIL || kind >= SPAN) &&
            strcmp(value, "0") == 0);
}

int
quirk_set(struct quirks *q, const char *name, const char *value, struct err *err)
{
    struct quirk_value v = {.on = true};
    int id = find(name, err);

    if (id < 0)
        return -1;
    if (value == NULL)
        value = rows[id].kind == ORDER ? "unstable" : rows[id].kind == SWITCH ? "1" : "";
    if (means_off(rows[id].kind, value))
        v.on = false;
    else if (!parse(&rows[id], value, &v))
        return bad(&rows[id], value, err);
    if (v.on)
        v.text = mem_text(value);
    put(&q->v[id], v);
    return 0;
}

int
quirk_set_text(struct quirks *q, const char *text, struct err *err)
{
    CLEANUP_FREE char *name = mem_text(text);
    char *equals = strchr(name, '=');

    if (equals != NULL)
        *equals++ = '\0';
    return quirk_set(q, name, equals, err);
}

int
quirk_clear(struct quirks *q, const char *name, struct err *err)
{
    int id = find(name, err);

    if (id < 0)
        return -1;
    put(&q->v[id], (struct quirk_value){.on = false});
    return 0;
}

bool
quirk_on(const struct quirks *q, enum quirk_id id)
{
    return q->v[id].on;
}

long long
quirk_number(const struct quirks *q, enum quirk_id id)
{
    return q->v[id].on ? q->v[id].n : 0;
}

const char *
quirk_text(const struct quirks *q, enum quirk_id id)
{
    return q->v[id].on ? q->v[id].text : NULL;
}

/* The next item of a comma list, from *AT on, into a length; NULL after the last. */
static const char *
next_item(const char **at, size_t *len)
{
    const char *item = *at;

    if (item == NULL || *item == '\0')
        return NULL;
    *len = strcspn(item, ",");
    *at = item + *len + (item[*len] == ',');
    return item;
}

static bool
begins(const char *item, size_t len, const char *field)
{
    size_t n = strlen(field);

    return len >= n && strncmp(item, field, n) == 0 && (len == n || item[n] == ':');
}

bool
quirk_names_field(const struct quirks *q, enum quirk_id id, const char *field)
{
    return quirk_of_field(q, id, field) != NULL;
}

const char *
quirk_of_field(const struct quirks *q, enum quirk_id id, const char *field)
{
    const char *at = quirk_text(q, id);
    const char *item;
    size_t len;

    while ((item = next_item(&at, &len)) != NULL)
        if (begins(item, len, field))
            return item + strlen(field) + (len > strlen(field));
    return NULL;
}

bool
quirk_lists(const struct quirks *q, enum quirk_id id, const char *field, const char *value)
{
    const char *at = quirk_text(q, id);
    size_t n = strlen(field);
    const char *item;
    size_t len;

    while ((item = next_item(&at, &len)) != NULL)
        if (begins(item, len, field) && len == n + 1 + strlen(value) &&
            strncmp(item + n + 1, value, strlen(value)) == 0)
            return true;
    return false;
}

bool
quirk_consume(struct quirks *q, enum quirk_id id)
{
    struct quirk_value *v = &q->v[id];

    if (!v->on)
        return false;
    if (--v->n <= 0)
        put(v, (struct quirk_value){.on = false, .more = v->more});
    return true;
}

bool
quirk_row(size_t i, const char **name, const char **value, const char **help)
{
    if (i >= QUIRK_COUNT)
        return false;
    *name = rows[i].name;
    *value = rows[i].value;
    *help = rows[i].help;
    return true;
}

void
quirk_copy(struct quirks *to, const struct quirks *from)
{
    int i;

    for (i = 0; i < QUIRK_COUNT; i++) {
        struct quirk_value v = from->v[i];

        v.text = mem_text(v.text);
        put(&to->v[i], v);
    }
}

void
quirk_release(struct quirks *q)
{
    int i;

    for (i = 0; i < QUIRK_COUNT; i++)
        put(&q->v[i], (struct quirk_value){.on = false});
}
