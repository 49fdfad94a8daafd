#include <config.h>

#include "ctl/internal.h"
#include "ctl/show.h"
#include "ctl/table.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/pause.h"
#include "store/run.h"

#include <stdlib.h>
#include <inttypes.h>
#include <string.h>

static int
print_counts(struct ctl *c, const struct store_count *counts, int n, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("what,count#");
    int i;

    for (i = 0; i < n; i++) {
        table_text(t, counts[i].name);
        table_number(t, counts[i].n);
    }
    return table_print(t, c->o->common->json, err);
}

static int
print_pauses(struct ctl *c, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("pause#,scope,of,since,until,by,reason");
    struct store_pause *pauses;
    int i, n = store_pauses(c->store, c->arena, c->now, &pauses, err);

    if (n <= 0)
        return n;
    for (i = 0; i < n; i++) {
        const struct store_pause *p = &pauses[i];

        table_number(t, p->pause_id);
        table_text(t, p->scope);
        table_text(t, arena_printf(
                          c->arena, "%s%s%s%s%s", p->run_id != NULL ? p->run_id : "",
                          p->resource != NULL ? p->resource : "",
                          p->resource != NULL && p->system != NULL ? " " : "",
                          p->system != NULL ? p->system : "",
                          p->record_id != NULL ? arena_printf(c->arena, ":%s", p->record_id) : ""));
        table_time(t, p->since);
        table_time(t, p->until);
        table_text(t, p->by);
        table_text(t, p->reason);
    }
    if (!c->o->common->json && ctl_say(err, "\nwrites are withheld:") != 0)
        return -1;
    return table_print(t, c->o->common->json, err);
}

/* What no program will settle by itself, by its name in store_counts. */
static const struct care {
    const char *count, *what, *advice;
} cares[] = {
    {"rejects", "refused lines", "sync-ctl rejects list; mend the cause, then rejects replay"},
    {"conflicts", "conflicts", "sync-ctl conflicts list; each is resolved with one command"},
    {"refused", "values a system refuses",
     "sync-ctl rejects list names them; change the value, and it is tried anew"},
    {"unknown intents", "creates of unknown outcome",
     "look for the record at the target (sync-ctl rejects list --code outcome-unknown), then "
     "links link or rejects replay --create"},
    {"pauses", "pauses", "sync-ctl resume NUMBER when it is understood"},
};

static void
add_care(struct table *t, const char *what, long n, const char *advice)
{
    table_text(t, what);
    table_number(t, n);
    table_text(t, advice);
}

/* Jobs whose last listing failed. */
static int
add_failed_jobs(struct ctl *c, struct table *t, int *rows, struct err *err)
{
    size_t i;

    for (i = 0; i < c->conf->n_jobs; i++) {
        const struct conf_job *job = &c->conf->jobs[i];
        struct store_watermark w;

        if (store_watermark(c->store, c->arena, job->name, job->system->account,
                            job->sync->resource, &w, err) < 0)
            return -1;
        if (!w.known || (strcmp(w.status, "failed") != 0 && strcmp(w.status, "rate_limited") != 0))
            continue;
        add_care(t, arena_printf(c->arena, "job %s %s", job->name, w.status), 1,
                 arena_printf(c->arena, "sync-reconcile run %s says why", job->name));
        ++*rows;
    }
    return 0;
}

/* Records that are not there, though nobody said that they were deleted: each by its name. */
static int
add_gone(struct ctl *c, struct table *t, int *rows, struct err *err)
{
    enum { NAMED = 10, MOST = 1000000 };
    struct store_gone *list;
    int n = store_gone(c->store, c->arena, 0, MOST, &list, err);

    for (int i = 0; i < n && i < NAMED; i++) {
        const char *record = arena_printf(c->arena, "%s %s:%s", list[i].resource, list[i].system,
                                          list[i].record_id);

        add_care(t, arena_printf(c->arena, "gone: %s", record), 1,
                 arena_printf(c->arena,
                              "sync-ctl why %s; bring it back there, or sync-ctl links unlink %s",
                              record, record));
        ++*rows;
    }
    if (n > NAMED)
        add_care(t, "gone: others", n - NAMED, "as the ten above; they are shown when those are seen to");
    return n < 0 ? -1 : 0;
}

static int
print_cares(struct ctl *c, const struct store_count *counts, int n, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("for a person,count#,what to do");
    int i, rows = 0;
    size_t k;

    for (k = 0; k < sizeof cares / sizeof cares[0]; k++)
        for (i = 0; i < n; i++)
            if (counts[i].n > 0 && strcmp(counts[i].name, cares[k].count) == 0) {
                add_care(t, cares[k].what, counts[i].n, cares[k].advice);
                rows++;
            }
    if (add_gone(c, t, &rows, err) != 0 || add_failed_jobs(c, t, &rows, err) != 0)
        return -1;
    if (c->o->common->json)
        return rows > 0 ? table_print(t, true, err) : 0;
    if (rows == 0)
        return ctl_say(err, "\nnothing needs a person");
    if (ctl_say(err, "%s", "") != 0)
        return -1;
    return table_print(t, false, err);
}

int
ctl_status(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_count *counts, *writes;
    int n, n_writes;

    if (argc > 0)
        return ctl_bad_usage(err, "status takes no operand: %s", argv[0]);
    n = store_counts(c->store, c->arena, c->now, &counts, err);
    if (n < 0 || print_counts(c, counts, n, err) != 0)
        return -1;
    n_writes = store_write_counts(c->store, c->arena, 0, &writes, err);
    if (n_writes < 0)
        return -1;
    if (n_writes > 0 && !c->o->common->json && ctl_say(err, "\nwrites ever done:") != 0)
        return -1;
    if (n_writes > 0 && print_counts(c, writes, n_writes, err) != 0)
        return -1;
    if (ctl_print_closed(c, err) != 0)
        return -1;
    return print_cares(c, counts, n, err) != 0 ? -1 : print_pauses(c, err);
}

static const char *
next_run(struct ctl *c, const struct conf_job *job, const struct store_watermark *w)
{
    char text[CLOCK_TEXT];
    int64_t last;

    if (job->every_ms == 0)
        return "by name only";
    if (w->last_attempted == NULL || clock_parse(w->last_attempted, &last, NULL) != 0 ||
        last + job->every_ms <= c->now)
        return "due";
    return arena_text(c->arena, clock_format(last + job->every_ms, text));
}

int
ctl_jobs(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t =
        table_new("job,system,resource,status,listed#,watermark,last run,next run");
    size_t i;

    if (argc > 0)
        return ctl_bad_usage(err, "jobs takes no operand: %s", argv[0]);
    for (i = 0; i < c->conf->n_jobs; i++) {
        const struct conf_job *job = &c->conf->jobs[i];
        struct store_watermark w;

        if (store_watermark(c->store, c->arena, job->name, job->system->account,
                            job->sync->resource, &w, err) < 0)
            return -1;
        table_text(t, job->name);
        table_text(t, job->system->name);
        table_text(t, job->sync->resource);
        table_text(t, w.known ? w.status : "never ran");
        table_number(t, w.known ? w.record_count : 0);
        table_text(t, w.last_successful);
        table_text(t, w.last_attempted);
        table_text(t, next_run(c, job, &w));
    }
    return table_print(t, c->o->common->json, err);
}

int
ctl_audit(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("disposition,events#");
    struct store_count *counts;
    long admitted, sum = 0;
    int i, n;

    if (argc > 0)
        return ctl_bad_usage(err, "audit takes no operand: %s", argv[0]);
    n = store_balance(c->store, c->arena, &counts, &admitted, err);
    if (n < 0)
        return -1;
    for (i = 0; i < n; i++) {
        table_text(t, counts[i].name);
        table_number(t, counts[i].n);
        sum += counts[i].n;
    }
    table_text(t, "admitted");
    table_number(t, admitted);
    if (table_print(t, c->o->common->json, err) != 0)
        return -1;
    if (sum == admitted)
        return EXIT_OK;
    err_set(err, ERR_RUN, ERR_NEVER, "unbalanced",
            "%ld events were admitted, %ld are accounted for", admitted, sum);
    return err_exit(err, EXIT_NO);
}

/* A field that is not synced, of a config's resource, is a slip. 0 or 64. */
static int
check_field(struct ctl *c, const char *resource, const char *field, struct err *err)
{
    const struct conf_sync *sync = conf_sync(c->conf, resource);
    CLEANUP_BUF struct buf names = BUF_INIT;

    if (sync == NULL || sync_field(sync, field) != NULL || strcmp(field, "record_id") == 0)
        return 0;
    for (size_t i = 0; i < sync->n_fields; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", sync->fields[i].field->name);
    ctl_bad_usage(err, "nothing is recorded of %s of %s, and it is not synced", field, resource);
    err_hint(err, "fields: %s", buf_get(&names));
    return EXIT_USAGE;
}

/* Nothing is recorded: perhaps what was asked is not there. 0 or 64. */
static int
explain_none(struct ctl *c, int argc, char **argv, const char *system, struct err *err)
{
    if (ctl_check_names(c, system, argc > 0 ? argv[0] : NULL, err) != 0 ||
        (argc > 2 && check_field(c, argv[0], argv[2], err) != 0))
        return EXIT_USAGE;
    log_info("nothing is recorded of %s",
             argc > 1 ? arena_printf(c->arena, "%s %s%s%s", argv[0], argv[1], argc > 2 ? " " : "",
                                     argc > 2 ? argv[2] : "")
                      : "any record");
    return 0;
}

static const char *
history_record(struct ctl *c, const struct store_history *h)
{
    if (h->system != NULL && h->record_id != NULL)
        return arena_printf(c->arena, "%s:%s", h->system, h->record_id);
    if (h->link_id != 0)
        return arena_printf(c->arena, "link %" PRId64, h->link_id);
    return h->system;
}

int
ctl_history(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t =
        table_new("at,record,field,rule,base,source,target,outcome,text");
    const char *system = NULL, *id = NULL;
    struct store_history *rows;
    int i, n;

    if (argc == 1 || argc > 3)
        return ctl_bad_usage(err, "history takes RESOURCE SYSTEM:ID [FIELD]");
    if (argc > 1 && ctl_split_record(c, argv[1], &system, &id, err) != 0)
        return EXIT_USAGE;
    n = store_history(c->store, c->arena, argc > 0 ? argv[0] : NULL, system, id,
                      argc > 2 ? argv[2] : NULL, (size_t)(c->o->last > 0 ? c->o->last : 50), &rows,
                      err);
    if (n < 0)
        return -1;
    if (n == 0 && explain_none(c, argc, argv, system, err) != 0)
        return EXIT_USAGE;
    for (i = 0; i < n; i++) {
        table_time(t, rows[i].at);
        table_text(t, history_record(c, &rows[i]));
        table_text(t, rows[i].field);
        table_text(t, rows[i].rule);
        table_value(t, rows[i].base, val_write_text(c->arena, show_json(c->arena, rows[i].base)));
        table_text(t, rows[i].source);
        table_text(t, rows[i].target);
        table_text(t, rows[i].outcome);
        table_text(t, rows[i].text);
    }
    return table_print(t, c->o->common->json, err);
}
