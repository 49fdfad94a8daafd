#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/limit.h"

#include "base/clock.h"
#include "config/internal.h"

enum { DAY_MS = 24 * 3600 * 1000 };
static const long max_requests = 100000000;

static const char *const units[] = {"s", "ms", "epoch_s", "epoch_ms", "http", "iso8601", NULL};

static int
read_percent(struct reader *r, const struct yaml *map, const char *key, int otherwise)
{
    const struct yaml *y = yaml_get(map, key);
    char *end;
    long n;

    if (y == NULL)
        return otherwise;
    n = strtol(y->text, &end, 10);
    if ((y->kind == YAML_TEXT || y->kind == YAML_INT) && end != y->text && n >= 0 && n <= 100 &&
        strcmp(end, "%") == 0)
        return (int)n;
    FAULT(r, y, "%s must be a share, 0%% to 100%%", key);
    return otherwise;
}

/* As read_path, but `*` may stand for any item. */
static char *
read_star_path(struct reader *r, const struct yaml *y, const char *path)
{
    static const char bad[] = "$()[]{}&?:\"'`+,;=<>|^%~\\ \n";
    size_t len = strlen(path);

    if (len == 0 || path[0] == '.' || path[len - 1] == '.' || strstr(path, "..") != NULL ||
        strpbrk(path, bad) != NULL)
        FAULT(r, y, "body: a path is names with one dot between them (* is any item)");
    return arena_text(r->arena, path);
}

static char *
read_header_name(struct reader *r, const struct yaml *y, const char *name)
{
    if (name[0] == '\0' || strpbrk(name, " \t:,\r\n") != NULL)
        FAULT(r, y, "'%s' is no name of a header", name);
    return read_lower(r, name);
}

static void
add_word(struct reader *r, const struct yaml *y, struct limit_test *t)
{
    if (y->kind == YAML_MAP || y->kind == YAML_LIST || y->kind == YAML_NULL || y->text[0] == '\0')
        FAULT(r, y, "what must stand there is text, a list of texts, or true (anything)");
    else
        t->words[t->n_words++] = arena_text(r->arena, y->text);
}

static void
read_test(struct reader *r, const struct yaml *key, const struct yaml *y, bool header,
          struct limit_test *t)
{
    bool list = y->kind == YAML_LIST;
    size_t n = list ? y->n : 1;

    t->at = header ? read_header_name(r, key, key->text) : read_star_path(r, key, key->text);
    if (y->kind == YAML_BOOL && y->text[0] == 't')
        return;
    t->words = arena_alloc(r->arena, (n + 1) * sizeof *t->words);
    for (size_t i = 0; i < n; i++)
        add_word(r, list ? y->items[i] : y, t);
    if (list && n == 0)
        FAULT(r, y, "a list of texts must not be empty");
}

static struct limit_test *
read_tests(struct reader *r, const struct yaml *when, const char *key, size_t *n)
{
    const struct yaml *y = read_map(r, when, key);
    struct limit_test *tests;

    *n = 0;
    if (y == NULL)
        return NULL;
    tests = arena_alloc(r->arena, (y->n + 1) * sizeof *tests);
    for (size_t i = 0; i < y->n; i++)
        read_test(r, y->keys[i], y->items[i], strcmp(key, "header") == 0, &tests[(*n)++]);
    return tests;
}

static void
read_when(struct reader *r, const struct yaml *map, struct limit_when *out)
{
    static const char *const keys[] = {"status", "header", "body", NULL};
    const struct yaml *when = read_map(r, map, "when");

    yaml_check_keys(when, keys, r->file, r->f);
    when_read(r, when, out);
}

void
when_read(struct reader *r, const struct yaml *when, struct limit_when *out)
{
    out->n_status = read_statuses(r, when, "status", out->status);
    out->headers = read_tests(r, when, "header", &out->n_headers);
    out->body = read_tests(r, when, "body", &out->n_body);
}

static bool
is_ok_status(const struct limit_when *when)
{
    for (size_t i = 0; i < when->n_status; i++) {
        if (when->status[i] >= 200 && when->status[i] < 300)
            return true;
    }
    return when->n_status == 0;
}

/* Else each good answer would be a limit, for ever. */
static void
check_when(struct reader *r, const struct yaml *y, const struct limit_when *when)
{
    const struct yaml *at = yaml_get(y, "when");

    if (at == NULL || at->kind != YAML_MAP ||
        (when->n_status == 0 && yaml_get(at, "status") != NULL))
        return; /* said already */
    if (is_ok_status(when) && when->n_headers + when->n_body == 0)
        FAULT(r, at, "when: an answer of status 2xx needs a header or a body to be a limit");
}

/* KEY of MAP: the name of a header, {header: NAME}, {body: PATH}, or a number. */
static struct limit_spot
read_spot(struct reader *r, const struct yaml *map, const char *key)
{
    static const char *const keys[] = {"header", "body", NULL};
    const struct yaml *y = yaml_get(map, key);
    struct limit_spot spot = {.number = -1};
    const char *text;

    if (y == NULL)
        return spot;
    if (y->kind == YAML_INT) {
        spot.number = read_count(r, map, key, -1, 1, max_requests);
    } else if (y->kind == YAML_MAP) {
        yaml_check_keys(y, keys, r->file, r->f);
        if ((yaml_get(y, "header") != NULL) == (yaml_get(y, "body") != NULL))
            FAULT(r, y, "%s stands in a header or in the body", key);
        if ((text = read_text(r, y, "header")) != NULL)
            spot.header = read_header_name(r, y, text);
        if ((text = read_text(r, y, "body")) != NULL)
            spot.path = read_star_path(r, y, text);
    } else if ((text = read_text(r, map, key)) != NULL) {
        spot.header = read_header_name(r, y, text);
    }
    return spot;
}

static void
read_wait(struct reader *r, const struct yaml *y, struct limit_rule *out)
{
    static const char *const keys[] = {"header", "body", "unit", "else", "min", NULL};
    static const char *const otherwise[] = {"backoff", NULL};
    const struct yaml *wait = read_map(r, y, "wait");
    const char *text;

    out->wait.number = -1;
    yaml_check_keys(wait, keys, r->file, r->f);
    if ((text = read_text(r, wait, "header")) != NULL)
        out->wait.header = read_header_name(r, yaml_get(wait, "header"), text);
    if ((text = read_text(r, wait, "body")) != NULL)
        out->wait.path = read_star_path(r, yaml_get(wait, "body"), text);
    if (out->wait.header != NULL && out->wait.path != NULL)
        FAULT(r, wait, "wait stands in a header or in the body");
    out->unit = (enum wait_unit)read_word(r, wait, "unit", units, WAIT_SECONDS);
    read_word(r, wait, "else", otherwise, 0);
    out->min_ms = read_span(r, wait, "min", 0);
    out->max_ms = read_span(r, y, "max_wait", DAY_MS);
    if (out->max_ms < 1000 || out->max_ms > DAY_MS)
        FAULT(r, yaml_get(y, "max_wait"), "max_wait must be from 1s to 1d");
    if (out->min_ms > out->max_ms)
        FAULT(r, yaml_get(wait, "min"), "min must not be longer than max_wait");
}

static void
read_rule(struct reader *r, const struct yaml *y, struct limit_rule *out)
{
    static const char *const keys[] = {"when", "wait", "max_wait", NULL};

    yaml_check_keys(y, keys, r->file, r->f);
    read_need(r, y, "when");
    read_when(r, y, &out->when);
    check_when(r, y, &out->when);
    read_wait(r, y, out);
}

static int64_t
read_window(struct reader *r, const struct yaml *map, int64_t otherwise)
{
    static const char *const words[] = {"second", "minute", "hour", "day", NULL};
    static const int64_t spans[] = {1000, 60 * 1000, 3600 * 1000, DAY_MS};
    const struct yaml *y = yaml_get(map, "window");
    int64_t ms;

    for (int i = 0; y != NULL && words[i] != NULL; i++) {
        if (strcmp(words[i], y->text) == 0)
            return spans[i];
    }
    ms = read_span(r, map, "window", otherwise);
    if (ms < 100 || ms > DAY_MS) {
        FAULT(r, y, "window must be from 100ms to 1d");
        return otherwise;
    }
    return ms;
}

static bool
is_said(const struct limit_spot *spot)
{
    return spot->header != NULL || spot->path != NULL || spot->number >= 0;
}

static void
check_budget(struct reader *r, const struct yaml *y, const struct limit_budget *b)
{
    bool remaining = is_said(&b->remaining), used = is_said(&b->used), limit = is_said(&b->limit);

    if (b->pair != NULL && (remaining || used || limit))
        FAULT(r, y, "budget: pair has both numbers, it stands alone");
    if (b->pair == NULL && (remaining == used || !limit))
        FAULT(r, y, "budget needs remaining (or used) and limit, or pair");
    if (b->remaining.number >= 0 || b->used.number >= 0)
        FAULT(r, y, "budget: what is left stands in a header or in the body");
}

static void
read_budget(struct reader *r, const struct yaml *entry, struct limit_budget *out)
{
    static const char *const entry_keys[] = {"budget", "when", "reserve", NULL};
    static const char *const keys[] = {"remaining", "used", "limit",  "pair",
                                       "reset",     "unit", "window", NULL};
    const struct yaml *y = read_map(r, entry, "budget");
    const char *pair;

    yaml_check_keys(entry, entry_keys, r->file, r->f);
    yaml_check_keys(y, keys, r->file, r->f);
    read_when(r, entry, &out->when);
    out->reserve = read_percent(r, entry, "reserve", -1);
    out->remaining = read_spot(r, y, "remaining");
    out->used = read_spot(r, y, "used");
    out->limit = read_spot(r, y, "limit");
    out->reset = read_spot(r, y, "reset");
    if ((pair = read_text(r, y, "pair")) != NULL)
        out->pair = read_header_name(r, yaml_get(y, "pair"), pair);
    out->unit = (enum wait_unit)read_word(r, y, "unit", units, WAIT_SECONDS);
    out->window_ms = read_window(r, y, 60 * 1000);
    if (y != NULL)
        check_budget(r, y, out);
}

void
limits_read(struct reader *r, const struct yaml *root, struct definition *d)
{
    const struct yaml *y = read_list(r, root, "limits");

    if (y == NULL)
        return;
    d->limits = arena_alloc(r->arena, (y->n + 1) * sizeof *d->limits);
    d->budgets = arena_alloc(r->arena, (y->n + 1) * sizeof *d->budgets);
    for (size_t i = 0; i < y->n; i++) {
        if (yaml_get(y->items[i], "budget") != NULL)
            read_budget(r, y->items[i], &d->budgets[d->n_budgets++]);
        else
            read_rule(r, y->items[i], &d->limits[d->n_limits++]);
    }
}

/* "HH:MM" */
static int64_t
read_clock(struct reader *r, const struct yaml *map, const char *key)
{
    const struct yaml *y = yaml_get(map, key);
    const char *t = y != NULL ? y->text : "00:00";
    int hours, minutes;

    if (strlen(t) == 5 && t[2] == ':' && strspn(t, "0123456789:") == 5) {
        hours = atoi(t);
        minutes = atoi(t + 3);
        if (hours < 24 && minutes < 60)
            return (int64_t)(hours * 60 + minutes) * 60 * 1000;
    }
    FAULT(r, y, "%s must be a time of day, \"HH:MM\" (UTC, in quotes)", key);
    return 0;
}

static void
read_daily(struct reader *r, const struct yaml *map, struct conf_rate *out)
{
    static const char *const keys[] = {"requests", "warn", "freeze", "resets", NULL};
    const struct yaml *y = yaml_get(map, "daily");

    if (y == NULL || y->kind != YAML_MAP) {
        out->daily = read_count(r, map, "daily", 0, 1, max_requests);
        return;
    }
    yaml_check_keys(y, keys, r->file, r->f);
    read_need(r, y, "requests");
    out->daily = read_count(r, y, "requests", 0, 1, max_requests);
    out->warn = read_percent(r, y, "warn", LIMIT_WARN);
    out->freeze = read_percent(r, y, "freeze", LIMIT_FREEZE);
    if (yaml_get(y, "resets") != NULL)
        out->resets_ms = read_clock(r, y, "resets");
    if (out->freeze < out->warn)
        FAULT(r, y, "daily: freeze must not be below warn");
}

void
rate_read(struct reader *r, const struct yaml *map, struct conf_rate *out)
{
    static const char *const keys[] = {"requests", "window", "reserve", "daily", NULL};
    const struct yaml *y = read_map(r, map, "rate");

    *out = (struct conf_rate){.reserve = LIMIT_RESERVE, .warn = LIMIT_WARN, .freeze = LIMIT_FREEZE};
    if (y == NULL)
        return;
    yaml_check_keys(y, keys, r->file, r->f);
    if ((yaml_get(y, "requests") != NULL) != (yaml_get(y, "window") != NULL))
        FAULT(r, y, "rate: requests and window go together");
    out->requests = read_count(r, y, "requests", 0, 1, max_requests);
    out->window_ms = read_window(r, y, 1000);
    out->reserve = read_percent(r, y, "reserve", LIMIT_RESERVE);
    if (out->reserve > 90) {
        FAULT(r, yaml_get(y, "reserve"), "reserve: at most 90%% (the programs need some)");
        out->reserve = LIMIT_RESERVE;
    }
    read_daily(r, y, out);
}
