#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

/* ---- What stands in an answer ---- */

void
limit_begin(struct limit_scene *s, struct arena *a, const struct http_answer *h, int64_t now)
{
    *s = (struct limit_scene){.arena = a, .answer = h, .now = now};
}

/* The body, parsed once and only where it is asked for. */
static const struct val *
body_of(struct limit_scene *s)
{
    struct err err = ERR_INIT;

    if (!s->parsed && s->answer->len > 0)
        s->body = val_parse(s->arena, s->answer->body, s->answer->len, &err);
    s->parsed = true;
    return s->body;
}

static bool
is_text_like(const char *word, const char *text, bool letters)
{
    size_t len = strlen(word), n = strlen(text);
    bool head = len > 0 && word[len - 1] == '*', tail = len > 0 && word[0] == '*';
    size_t stem = len - (size_t)head - (size_t)(tail && len > 1);
    int (*same)(const char *, const char *, size_t) = letters ? strncmp : strncasecmp;

    if (tail && len > 1)
        word++;
    if (n < stem || (!head && !tail && n != stem))
        return false;
    if (!tail)
        return same(word, text, stem) == 0;
    if (!head)
        return same(word, text + n - stem, stem) == 0;
    for (; n >= stem; text++, n--) {
        if (same(word, text, stem) == 0)
            return true;
    }
    return false;
}

static bool
has_word(const struct limit_test *t, const char *text, bool letters)
{
    for (size_t i = 0; i < t->n_words; i++) {
        if (is_text_like(t->words[i], text, letters))
            return true;
    }
    return t->n_words == 0;
}

static const char *
plain_text(const struct val *v)
{
    if (v->kind == VAL_TRUE || v->kind == VAL_FALSE)
        return v->kind == VAL_TRUE ? "true" : "false";
    return val_id(v);
}

typedef bool found_fn(const struct val *v, void *arg);

/* Is there a value at PATH (`*`: any item or member) for which FOUND is true? */
static bool
seek(const struct val *v, const char *path, found_fn *found, void *arg)
{
    size_t len = strcspn(path, ".");
    const char *rest = path[len] == '.' ? path + len + 1 : NULL;
    char name[128];

    if (v == NULL)
        return false;
    if (len == 1 && path[0] == '*' && (v->kind == VAL_ARRAY || v->kind == VAL_OBJECT)) {
        for (size_t i = 0; i < v->n; i++) {
            const struct val *one = v->kind == VAL_ARRAY ? v->u.items[i] : v->u.members[i].value;

            if (rest != NULL ? seek(one, rest, found, arg) : found(one, arg))
                return true;
        }
        return false;
    }
    if (len >= sizeof name)
        return false;
    memcpy(name, path, len);
    name[len] = '\0';
    v = val_path(v, name);
    if (v == NULL)
        return false;
    return rest != NULL ? seek(v, rest, found, arg) : found(v, arg);
}

static bool
passes(const struct val *v, void *arg)
{
    const struct limit_test *t = arg;
    const char *text = plain_text(v);

    if (t->n_words == 0)
        return v->kind != VAL_NULL;
    return text != NULL && has_word(t, text, true);
}

/* Would it stand in JSON as it is? */
static bool
is_plain(const char *stem, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)stem[i] < 0x20 || (unsigned char)stem[i] > 0x7e ||
            strchr("\"\\/", stem[i]) != NULL)
            return false;
    }
    return true;
}

/* Could one of the words stand in the body? Saves reading most good answers twice. */
static bool
may_hold(const struct limit_test *t, const struct http_answer *h)
{
    for (size_t i = 0; i < t->n_words; i++) {
        const char *stem = t->words[i];
        size_t len = strlen(stem);

        if (len > 0 && stem[0] == '*') {
            stem++;
            len--;
        }
        if (len > 0 && stem[len - 1] == '*')
            len--;
        if (!is_plain(stem, len) || memmem(h->body, h->len, stem, len) != NULL)
            return true;
    }
    return t->n_words == 0;
}

/* ---- Which answers are meant ---- */

static bool
has_status(const struct limit_when *when, int status)
{
    for (size_t i = 0; i < when->n_status; i++) {
        if (when->status[i] == status)
            return true;
    }
    return when->n_status == 0;
}

static bool
is_meant(struct limit_scene *s, const struct limit_when *when)
{
    if (!has_status(when, s->answer->status))
        return false;
    for (size_t i = 0; i < when->n_headers; i++) {
        const char *text = http_header(s->answer, when->headers[i].at);

        if (text == NULL || !has_word(&when->headers[i], text, false))
            return false;
    }
    for (size_t i = 0; i < when->n_body; i++) {
        struct limit_test *t = &when->body[i];

        if (s->answer->len == 0 || !may_hold(t, s->answer) || !seek(body_of(s), t->at, passes, t))
            return false;
    }
    return true;
}

bool
limit_is_meant(struct limit_scene *s, const struct limit_when *when)
{
    return is_meant(s, when);
}

bool
limit_is_said(const struct limit_when *when, int status, const struct val *body)
{
    if (!has_status(when, status))
        return false;
    for (size_t i = 0; i < when->n_body; i++)
        if (!seek(body, when->body[i].at, passes, &when->body[i]))
            return false;
    return true;
}

/* ---- How long ---- */

/* A plain number >= 0 times SCALE. */
static bool
read_number(const char *text, double scale, int64_t *out)
{
    char *end;
    double d;

    if (text[0] < '0' || text[0] > '9')
        return false;
    d = strtod(text, &end);
    if (*end != '\0' || !isfinite(d) || d * scale > 9e15)
        return false;
    *out = (int64_t)ceil(d * scale);
    return true;
}

static bool
read_date(const char *text, int64_t now, int64_t *wait)
{
    int64_t at;

    if (clock_parse_http(text, &at, NULL) != 0)
        return false;
    *wait = at - now;
    return true;
}

static bool
read_moment(const char *text, int64_t now, int64_t *wait)
{
    int64_t at;

    if (clock_parse(text, &at, NULL) != 0)
        return false;
    *wait = at - now;
    return true;
}

static bool
read_wait(const char *text, enum wait_unit unit, int64_t now, int64_t *wait)
{
    switch (unit) {
    case WAIT_SECONDS:
        return read_number(text, 1000, wait) || read_date(text, now, wait);
    case WAIT_MS:
        return read_number(text, 1, wait);
    case WAIT_HTTP:
        return read_date(text, now, wait);
    case WAIT_ISO8601:
        return read_moment(text, now, wait);
    case WAIT_EPOCH_S:
    case WAIT_EPOCH_MS:
        if (!read_number(text, unit == WAIT_EPOCH_S ? 1000 : 1, wait))
            return false;
        *wait -= now;
        return true;
    }
    return false;
}

static bool
keep_text(const struct val *v, void *arg)
{
    const char **out = arg;

    *out = plain_text(v);
    return *out != NULL;
}

static const char *
spot_read_text(struct limit_scene *s, const struct limit_spot *spot)
{
    const char *text = NULL;

    if (spot->header != NULL)
        return http_header(s->answer, spot->header);
    if (spot->path == NULL || !seek(body_of(s), spot->path, keep_text, &text))
        return NULL;
    return text;
}

/* -1: it does not say. */
static int64_t
wait_of(struct limit_scene *s, const struct limit_spot *spot, enum wait_unit unit, int64_t most)
{
    const char *text = spot_read_text(s, spot);
    int64_t wait;

    if (text == NULL || !read_wait(text, unit, s->now, &wait))
        return -1;
    if (wait < 0)
        return 0;
    return wait > most ? most : wait;
}

static bool
says_where(const struct limit_spot *spot)
{
    return spot->header != NULL || spot->path != NULL;
}

static bool
by_rules(struct limit_scene *s, const struct definition *d, struct limit_found *out)
{
    for (size_t i = 0; i < d->n_limits; i++) {
        const struct limit_rule *rule = &d->limits[i];

        if (!is_meant(s, &rule->when))
            continue;
        *out = (struct limit_found){-1, rule->min_ms, rule->max_ms};
        if (says_where(&rule->wait))
            out->wait_ms = wait_of(s, &rule->wait, rule->unit, rule->max_ms);
        /* Other statuses mean other things too: there the header makes the difference. */
        if (out->wait_ms >= 0 || !says_where(&rule->wait) || s->answer->status == 429 ||
            rule->when.n_headers + rule->when.n_body > 0)
            return true;
    }
    return false;
}

bool
limit_match(struct limit_scene *s, const struct definition *d, struct limit_found *out)
{
    static const struct limit_spot retry_after = {.header = (char *)"retry-after", .number = -1};
    int status = s->answer->status;

    if (by_rules(s, d, out))
        return true;
    if (status != 429 && status != 503)
        return false;
    *out = (struct limit_found){wait_of(s, &retry_after, WAIT_SECONDS, LIMIT_MAX_WAIT_MS), 0,
                                LIMIT_MAX_WAIT_MS};
    return status == 429 || out->wait_ms >= 0;
}

/* ---- What is left ---- */

/* The number at the beginning of TEXT: "119", "119, 119;w=60". */
static bool
read_count(const char *text, int64_t *out)
{
    char *end;
    double d;

    if (text == NULL || text[0] < '0' || text[0] > '9')
        return false;
    d = strtod(text, &end);
    if ((*end != '\0' && strchr(" ,;/", *end) == NULL) || !isfinite(d) || d > 1e12)
        return false;
    *out = (int64_t)floor(d);
    return true;
}

static bool
read_spot(struct limit_scene *s, const struct limit_spot *spot, int64_t *out)
{
    if (says_where(spot))
        return read_count(spot_read_text(s, spot), out);
    *out = spot->number;
    return spot->number >= 0;
}

/* "32/40", "api-usage=18/5000": the first two numbers with a stroke between them. */
static bool
read_pair(const char *text, int64_t *used, int64_t *limit)
{
    const char *stroke = text;
    const char *from;

    while (stroke != NULL && (stroke = strchr(stroke, '/')) != NULL) {
        for (from = stroke; from > text && from[-1] >= '0' && from[-1] <= '9';)
            from--;
        if (from < stroke && read_count(from, used) && read_count(stroke + 1, limit))
            return true;
        stroke++;
    }
    return false;
}

bool
limit_left(struct limit_scene *s, const struct limit_budget *b, struct limit_left *out)
{
    int64_t used, limit;

    if (!is_meant(s, &b->when))
        return false;
    if (b->pair != NULL) {
        if (!read_pair(http_header(s->answer, b->pair), &used, &limit))
            return false;
    } else {
        if (!read_spot(s, &b->limit, &limit))
            return false;
        if (read_spot(s, &b->remaining, &used))
            used = limit - used;
        else if (!read_spot(s, &b->used, &used))
            return false;
    }
    if (limit <= 0)
        return false;
    *out = (struct limit_left){.remaining = limit - used, .limit = limit};
    out->reset_ms = wait_of(s, &b->reset, b->unit, LIMIT_MAX_WAIT_MS);
    return true;
}

int64_t
limit_backoff_ms(int tries)
{
    int64_t most = tries < 5 ? 100 << tries : 2000;
    uint32_t random = 0;

    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = (uint32_t)clock_boot();
    return (int64_t)(random % (uint32_t)(most + 1));
}

int64_t
limit_unknown_ms(int in_row)
{
    int64_t ms = (int64_t)LIMIT_UNKNOWN_WAIT_MS << (in_row < 5 ? in_row : 5);

    return ms < LIMIT_UNKNOWN_MOST_MS ? ms : LIMIT_UNKNOWN_MOST_MS;
}
