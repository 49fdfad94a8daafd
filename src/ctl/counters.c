#include <config.h>

#include "ctl/internal.h"
#include "ctl/table.h"
#include "base/clock.h"
#include "store/account.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * 3600 * 1000 };

/* The columns of sync-ctl counters that are numbers, by the name of their metric. */
static const struct column {
    const char *heading, *metric;
} columns[] = {{"calls#", "http calls"},
               {"retries#", "http retries"},
               {"limits#", "http limits"},
               {"connect#", "http errors connect"},
               {"timeout#", "http errors timeout"},
               {"lost#", "http errors lost"},
               {"4xx#", "http errors 4xx"},
               {"5xx#", "http errors 5xx"},
               {"mean ms#", "http ms"},
               {"max ms#", "http ms max"},
               {"bytes out#", "http bytes out"},
               {"bytes in#", "http bytes in"}};
enum { N_COLUMNS = sizeof columns / sizeof columns[0], CALLS = 0, MEAN = 8 };

static struct table *
new_table(void)
{
    CLEANUP_BUF struct buf headings = BUF_INIT;

    buf_text(&headings, "system,account,last");
    for (int i = 0; i < N_COLUMNS; i++)
        buf_printf(&headings, ",%s", columns[i].heading);
    return table_new(buf_get(&headings));
}

static void
add_row(struct table *t, const struct store_metric *m, size_t n, const char *span)
{
    int64_t values[N_COLUMNS] = {0};

    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < N_COLUMNS; k++)
            if (strcmp(m[i].name, columns[k].metric) == 0)
                values[k] = m[i].value;
    }
    if (values[CALLS] > 0)
        values[MEAN] /= values[CALLS];
    table_text(t, m->system);
    table_text(t, m->account);
    table_text(t, span);
    for (int k = 0; k < N_COLUMNS; k++)
        table_number(t, values[k]);
}

static int
add_span(struct ctl *c, struct table *t, const char *system, const char *span, int64_t ms,
         struct err *err)
{
    struct store_metric *m;
    int n = store_metrics(c->store, c->arena, "http ", c->now - ms, &m, err);

    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(m[end].system, m[i].system) == 0 &&
                          strcmp(m[end].account, m[i].account) == 0;)
            end++;
        if (system == NULL || strcmp(system, m[i].system) == 0)
            add_row(t, &m[i], (size_t)(end - i), span);
    }
    return n < 0 ? -1 : 0;
}

int
ctl_counters(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t = new_table();
    const char *system = argc > 0 ? argv[0] : NULL;

    if (argc > 1)
        return ctl_bad_usage(err, "counters takes one SYSTEM: %s", argv[1]);
    if (ctl_check_names(c, system, NULL, err) != 0)
        return EXIT_USAGE;
    if (add_span(c, t, system, "hour", HOUR_MS, err) != 0 ||
        add_span(c, t, system, "day", DAY_MS, err) != 0)
        return -1;
    return table_print(t, c->o->common->json, err);
}

/* Names of buckets (provider/bucket.h), and what it means that one is closed. */
static const struct closing {
    const char *bucket, *why;
} closings[] = {{"limit", "it said \"too much\""},
                {"budget", "what it leaves is kept for people"},
                {"day", "frozen: the day's requests, but for people"}};

static const char *
why_closed(const struct store_bucket *b, int64_t now)
{
    for (size_t i = 0; i < sizeof closings / sizeof closings[0]; i++)
        if (b->closed_until > now && strcmp(b->name, closings[i].bucket) == 0)
            return closings[i].why;
    return NULL;
}

int
ctl_print_closed(struct ctl *c, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("system,account,closed by,until,why");
    struct store_bucket *b;
    int n = store_buckets(c->store, c->arena, &b, err), rows = 0;

    for (int i = 0; i < n; i++) {
        const char *why = why_closed(&b[i], c->now);

        if (why == NULL)
            continue;
        table_text(t, b[i].system);
        table_text(t, b[i].account);
        table_text(t, b[i].name);
        table_time(t, b[i].closed_until);
        table_text(t, why);
        rows++;
    }
    if (n < 0 || rows == 0)
        return n < 0 ? -1 : 0;
    if (!c->o->common->json && ctl_say(err, "\nclosed by limits (resume SYSTEM opens):") != 0)
        return -1;
    return table_print(t, c->o->common->json, err);
}
