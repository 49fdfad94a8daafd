#include <config.h>

#include "ctl/internal.h"
#include "ctl/show.h"
#include "ctl/table.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>

/* Replayed at once without being asked twice; in one transaction; what is shown of a text. */
enum { MANY = 20, BATCH = 500, SHOWN = 160 };

static const char *
record_text(struct ctl *c, const struct store_rejected *x)
{
    if (x->record_id == NULL)
        return x->request_id != 0 ? arena_printf(c->arena, "request %" PRId64 " of %s",
                                                 x->request_id, x->system != NULL ? x->system : "?")
                                  : x->system;
    return arena_printf(c->arena, "%s:%s", x->system != NULL ? x->system : "?", x->record_id);
}

int
ctl_rejects_list(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t =
        table_new("reject#,at,stage,resource,record,target,code,state,text");
    const char *resource = argc > 0 ? argv[0] : NULL;
    struct store_rejected *rows;
    int64_t total;
    int i, n;

    if (argc > 1)
        return ctl_bad_usage(err, "too many operands: %s", argv[1]);
    if (ctl_check_names(c, NULL, resource, err) != 0)
        return EXIT_USAGE;
    n = store_rejects(c->store, c->arena, resource, c->o->code, c->o->all,
                      (size_t)(c->o->last > 0 ? c->o->last : CTL_LISTED), &rows, err);
    if (n < 0 || store_rejects_count(c->store, resource, c->o->code, c->o->all, &total, err) != 0)
        return -1;
    for (i = 0; i < n; i++) {
        table_number(t, rows[i].reject_id);
        table_time(t, rows[i].at);
        table_text(t, rows[i].stage);
        table_text(t, rows[i].resource);
        table_text(t, record_text(c, &rows[i]));
        table_text(t, rows[i].target);
        table_text(t, rows[i].code);
        table_text(t, rows[i].state);
        table_text(t,
                   c->o->common->json ? rows[i].text : show_cut_at(c->arena, rows[i].text, SHOWN));
    }
    if (n == 0)
        log_info("there is no %sreject", c->o->all ? "" : "open ");
    else
        log_info("sync-ctl rejects show N says more, and what to do");
    ctl_say_rest(n, total);
    return table_print(t, c->o->common->json, err);
}

/* 0, 64, 1 there is none, -1. */
static int
load(struct ctl *c, const char *number, struct store_rejected *x, struct err *err)
{
    int64_t n;
    int r = ctl_number("a reject", number, &n, err);

    if (r != 0)
        return r;
    r = store_rejected(c->store, c->arena, n, x, err);
    if (r < 0 || r == 1)
        return r < 0 ? -1 : 0;
    ctl_no(err, "no-reject", "there is no reject %" PRId64, n);
    err_hint(err, "sync-ctl rejects list");
    return EXIT_NO;
}

/* What a person does about a reject of this kind. */
static const struct advice {
    const char *code, *text;
} advices[] = {
    {"outcome-unknown", "look for the record at the target; sync-ctl links link if it is there, "
                        "replay with --create if it is not"},
    {"ambiguous", "sync-ctl links link names the right one, or mend the records"},
    {"linked-twice", "sync-ctl links show says which link has it; unlink what is wrong"},
    {"unmapped", "add the word to the table in the config (values:), or mend the record"},
    {"unclaimed", "a stage of the pipe loses lines; mend it, then replay"},
};

static const char *
advice_for(const struct store_rejected *x)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (strcmp(advices[i].code, x->code) == 0)
            return advices[i].text;
    if (x->record_id == NULL && x->request_id == 0)
        return "mend the record where it is; the next listing brings it anew";
    return "mend the cause, then replay";
}

static struct val *
as_json(struct ctl *c, const struct store_rejected *x)
{
    struct val *v = val_object(c->arena);

    val_set(c->arena, v, "reject", val_int(c->arena, x->reject_id));
    show_set(c->arena, v, "at", show_time(c->arena, x->at));
    show_set(c->arena, v, "stage", x->stage);
    val_set(c->arena, v, "seq", x->seq != 0 ? val_int(c->arena, x->seq) : val_null(c->arena));
    val_set(c->arena, v, "request",
            x->request_id != 0 ? val_int(c->arena, x->request_id) : val_null(c->arena));
    show_set(c->arena, v, "system", x->system);
    show_set(c->arena, v, "account", x->account);
    show_set(c->arena, v, "resource", x->resource);
    show_set(c->arena, v, "record_id", x->record_id);
    show_set(c->arena, v, "target", x->target);
    show_set(c->arena, v, "code", x->code);
    show_set(c->arena, v, "text", x->text);
    val_set(c->arena, v, "record", show_json(c->arena, x->record));
    show_set(c->arena, v, "state", x->state);
    return v;
}

int
ctl_rejects_show(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_rejected x;
    int r;

    if (argc != 1)
        return ctl_bad_usage(err, "rejects show wants the number of a reject");
    r = load(c, argv[0], &x, err);
    if (r != 0)
        return r;
    if (c->o->common->json)
        return ctl_print(err, as_json(c, &x));
    if (ctl_say(err, "reject %" PRId64 " (%s), %s, by sync-%s at %s", x.reject_id, x.state, x.code,
                x.stage, show_time(c->arena, x.at)) != 0 ||
        ctl_say(err, "record  %s %s", x.resource != NULL ? x.resource : "-",
                record_text(c, &x) != NULL ? record_text(c, &x) : "-") != 0 ||
        (x.target != NULL && ctl_say(err, "target  %s", x.target) != 0) ||
        ctl_say(err, "why     %s", x.text) != 0 ||
        (x.record != NULL && ctl_say(err, "line    %s", x.record) != 0))
        return -1;
    if (strcmp(x.state, "open") != 0)
        return 0;
    if (ctl_say(err, "\nto do: %s", advice_for(&x)) != 0 ||
        ctl_say(err, "  sync-ctl rejects replay %" PRId64, x.reject_id) != 0)
        return -1;
    return ctl_say(err, "  sync-ctl rejects drop %" PRId64, x.reject_id);
}

/* ---- replay, drop ---- */

enum what { REPLAY, DROP };

/* Why it is not done, if it is the reject's own matter. 1 (ERR), -1. */
static int
explain(const struct store_rejected *x, struct err *err)
{
    if (strcmp(err->code, "needs-create") == 0) {
        err_wrap(err, "reject %" PRId64, x->reject_id);
        err_hint(err, "look for it at %s first; --create makes it (again)",
                 x->target != NULL ? x->target : "the target");
        return EXIT_NO;
    }
    if (strcmp(err->code, "no-record") == 0) {
        err_wrap(err, "reject %" PRId64, x->reject_id);
        err_hint(err,
                 "the next listing brings the record anew; then: sync-ctl rejects drop %" PRId64,
                 x->reject_id);
        return EXIT_NO;
    }
    return -1;
}

/* 0, 1 not this one (ERR; nothing of it was done), -1. */
static int
one(struct ctl *c, enum what what, const struct store_rejected *x, struct err *err)
{
    int r = 1;

    if (strcmp(x->state, "open") != 0)
        return ctl_no(err, "not-open", "reject %" PRId64 " is %s already", x->reject_id, x->state);
    if (!c->o->common->dry_run && what == REPLAY)
        r = store_reject_replay(c->store, x->reject_id, c->o->create, ctl_operator(), c->now, err);
    else if (!c->o->common->dry_run)
        r = store_reject_drop(c->store, x->reject_id, ctl_operator(), c->now, err);
    if (r == 0)
        return ctl_no(err, "not-open", "reject %" PRId64 " was closed by somebody else",
                      x->reject_id);
    return r < 0 ? explain(x, err) : 0;
}

static int
say(struct ctl *c, enum what what, const struct store_rejected *x, struct err *err)
{
    const char *record = record_text(c, x) != NULL ? record_text(c, x) : "?";
    bool dry = c->o->common->dry_run;

    if (what == DROP)
        return ctl_say(err, "%sreject %" PRId64 ": %s is left as it is",
                       dry ? "would drop " : "dropped ", x->reject_id, record);
    return ctl_say(err, "%sreject %" PRId64 ": %s is decided anew; " CTL_NEXT,
                   dry ? "would replay " : "replayed ", x->reject_id, record);
}

/* What came of many. */
struct sum {
    long done, failed;
    struct err last; /* of those that failed; the others were said */
};

/* In one transaction: those that can be; then what became of them is said. 0, -1. */
static int
batch(struct ctl *c, enum what what, const struct store_rejected *rows, size_t n, struct sum *sum,
      struct err *err)
{
    bool *ok = arena_alloc(c->arena, (n + 1) * sizeof *ok);
    bool dry = c->o->common->dry_run;

    if (!dry && store_begin(c->store, true, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct err e = ERR_INIT;
        int r = one(c, what, &rows[i], &e);

        ok[i] = r == 0;
        if (r < 0) {
            store_abort(c->store);
            *err = e;
            return -1;
        }
        if (r == 0)
            continue;
        if (sum->failed++ > 0)
            log_err(&sum->last);
        sum->last = e;
    }
    if (!dry && store_commit(c->store, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        sum->done += ok[i];
        if (ok[i] && say(c, what, &rows[i], err) != 0)
            return -1;
    }
    return 0;
}

/* The last one's error stays. */
static int
conclude(const struct sum *sum, struct err *err)
{
    if (sum->failed == 0)
        return EXIT_OK;
    *err = sum->last;
    err_exit(err, sum->done > 0 ? EXIT_PARTIAL : EXIT_NO);
    return err->status;
}

static int
by_number(struct ctl *c, enum what what, int argc, char **argv, struct err *err)
{
    struct store_rejected *rows = arena_alloc(c->arena, ((size_t)argc + 1) * sizeof *rows);
    struct sum sum = {.last = ERR_INIT};

    for (int i = 0; i < argc; i++) {
        int r = load(c, argv[i], &rows[i], err);

        if (r != 0)
            return r;
    }
    return batch(c, what, rows, (size_t)argc, &sum, err) != 0 ? -1 : conclude(&sum, err);
}

/* All of CODE, BATCH at a time; what cannot be replayed stays open. */
static int
all_of_code(struct ctl *c, int64_t total, struct err *err)
{
    struct sum sum = {.last = ERR_INIT};
    int64_t after = 0;
    int n = 1;

    while (n > 0) {
        CLEANUP_ARENA struct arena *a = arena_new();
        struct store_rejected *rows;

        n = store_rejects_after(c->store, a, c->o->code, after, BATCH, &rows, err);
        if (n < 0 || batch(c, REPLAY, rows, (size_t)n, &sum, err) != 0)
            return -1;
        if (n > 0)
            after = rows[n - 1].reject_id;
    }
    if (total > MANY || sum.failed > 0)
        log_info("%ld replayed, %ld cannot be", sum.done, sum.failed);
    return conclude(&sum, err);
}

static int
by_code(struct ctl *c, struct err *err)
{
    int64_t n;

    if (store_rejects_count(c->store, NULL, c->o->code, false, &n, err) != 0)
        return -1;
    if (n == 0) {
        ctl_no(err, "no-reject", "there is no open reject %s", c->o->code);
        err_hint(err, "sync-ctl rejects list");
        return EXIT_NO;
    }
    if (n > MANY && !c->o->yes && !c->o->common->dry_run) {
        ctl_bad_usage(err, "these are %" PRId64 " rejects; nothing was replayed", n);
        err_hint(err, "sync-ctl rejects list --code %s names them; --yes replays them all",
                 c->o->code);
        return EXIT_USAGE;
    }
    return all_of_code(c, n, err);
}

int
ctl_rejects_replay(struct ctl *c, int argc, char **argv, struct err *err)
{
    if (c->o->code != NULL && argc == 0)
        return by_code(c, err);
    if (c->o->code != NULL || argc == 0)
        return ctl_bad_usage(err, "rejects replay wants numbers or --code CODE");
    return by_number(c, REPLAY, argc, argv, err);
}

int
ctl_rejects_drop(struct ctl *c, int argc, char **argv, struct err *err)
{
    if (argc == 0)
        return ctl_bad_usage(err, "rejects drop wants the numbers of rejects");
    return by_number(c, DROP, argc, argv, err);
}
