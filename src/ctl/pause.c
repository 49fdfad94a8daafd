#include <config.h>

#include "ctl/internal.h"
#include "store/account.h"
#include "store/pause.h"
#include "store/run.h"
#include "base/clock.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What a pause is of: nothing = all, SYSTEM, RESOURCE, RESOURCE SYSTEM:ID. */
static int
parse_target(struct ctl *c, int argc, char **argv, struct store_pause *p, struct err *err)
{
    if (argc > 2)
        return ctl_bad_usage(err, "too many operands: %s", argv[2]);
    p->scope = "all";
    if (argc == 0)
        return 0;
    if (argc == 1 && strchr(argv[0], '/') == NULL) {
        p->scope = "account";
        p->system = argv[0];
        return 0;
    }
    p->scope = "resource";
    p->resource = argv[0];
    if (argc == 1)
        return 0;
    p->scope = "record";
    return ctl_split_record(c, argv[1], &p->system, &p->record_id, err);
}

static int
parse_until(struct ctl *c, int64_t *until, struct err *err)
{
    const char *text = c->o->until;

    if (text == NULL)
        return 0;
    if (clock_parse_span(text, until, NULL) == 0)
        *until += c->now;
    else if (clock_parse(text, until, NULL) != 0)
        return ctl_bad_usage(err, "--until is a time or a span (2h), not \"%s\"", text);
    if (*until <= c->now)
        return ctl_bad_usage(err, "--until %s is in the past", text);
    return 0;
}

static const char *
target_text(struct ctl *c, const struct store_pause *p)
{
    if (strcmp(p->scope, "all") == 0)
        return "everything";
    if (p->record_id != NULL)
        return arena_printf(c->arena, "%s %s:%s", p->resource, p->system, p->record_id);
    return p->resource != NULL ? p->resource : p->system;
}

int
ctl_pause(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_pause p = {.reason = c->o->reason != NULL ? c->o->reason : "by hand"};
    int r = parse_target(c, argc, argv, &p, err);

    if (r == 0)
        r = ctl_check_names(c, p.system, p.resource, err);
    if (r == 0)
        r = parse_until(c, &p.until, err);
    if (r != 0)
        return r;
    p.by = ctl_operator();
    p.since = c->now;
    if (c->o->common->dry_run)
        return ctl_say(err, "would pause %s", target_text(c, &p));
    if (store_pause_add(c->store, &p, c->now, err) < 0)
        return -1;
    return ctl_say(err,
                   "paused %s; what is decided meanwhile is kept and written after sync-ctl "
                   "resume",
                   target_text(c, &p));
}

static bool
same(const char *x, const char *y)
{
    return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

static bool
is_target(const struct store_pause *p, const struct store_pause *want)
{
    return same(p->scope, want->scope) && same(p->system, want->system) &&
           same(p->resource, want->resource) && same(p->record_id, want->record_id);
}

static bool
is_number(const char *text)
{
    const char *p;

    for (p = text; isdigit((unsigned char)*p); p++)
        ;
    return p != text && *p == '\0';
}

/* The account is what the operator says it is: later runs compare with that. */
static int
accept_account(struct ctl *c, const char *system, struct err *err)
{
    struct faults *faults = faults_new();
    const struct conf_system *s;
    size_t i;
    int n = 0;

    c->conf = conf_load(c->o->common->config, true, faults);
    if (c->conf == NULL)
        err_set(err, ERR_RUN, ERR_NEVER, "config", "%s",
                faults_count(faults) > 0 ? faults_get(faults, 0) : "no config");
    faults_free(faults);
    if (c->conf == NULL)
        return -1;
    s = conf_system(c->conf, system);
    if (s == NULL)
        return ctl_bad_usage(err, "there is no system \"%s\"", system);
    for (i = 0; i < c->conf->n_jobs; i++) {
        const struct conf_job *job = &c->conf->jobs[i];
        char fingerprint[65];
        struct store_watermark w = {.known = true, .fingerprint = fingerprint};

        if (job->system != s)
            continue;
        conf_fingerprint(s, fingerprint);
        if (store_watermark_save(c->store, job->name, s->account, job->sync->resource, &w, err) < 0)
            return -1;
        n++;
    }
    return ctl_say(err, "%s: account %s at %s accepted for %d jobs", s->name, s->account,
                   s->base_url, n);
}

/* A limit that the system has told of holds until then, unless a person knows better. */
static int
open_account(struct ctl *c, const char *system, struct err *err)
{
    int n = c->o->common->dry_run ? 0 : store_buckets_open(c->store, system, c->now, err);

    if (n > 0 && ctl_say(err, "%s is not closed by a limit any more; what waited for it is due",
                         system) != 0)
        return -1;
    return n;
}

int
ctl_resume(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_pause want = {0}, *pauses;
    bool by_number = argc == 1 && is_number(argv[0]);
    int i, n, r, lifted = 0, opened = 0;

    if (c->o->accept_account)
        return argc == 1 ? accept_account(c, argv[0], err)
                         : ctl_bad_usage(err, "--accept-account wants one SYSTEM");
    r = by_number ? 0 : parse_target(c, argc, argv, &want, err);
    if (r != 0)
        return r;
    n = store_pauses(c->store, c->arena, c->now, &pauses, err);
    if (n < 0)
        return -1;
    for (i = 0; i < n; i++) {
        if (by_number ? pauses[i].pause_id != atoll(argv[0]) : !is_target(&pauses[i], &want))
            continue;
        if (!c->o->common->dry_run &&
            store_pause_lift(c->store, pauses[i].pause_id, c->now, err) < 0)
            return -1;
        lifted++;
    }
    if (!by_number && same(want.scope, "account"))
        opened = open_account(c, want.system, err);
    if (opened < 0)
        return -1;
    if (lifted == 0 && opened > 0)
        return 0;
    if (lifted > 0)
        return ctl_say(err, "%s%d pause%s", c->o->common->dry_run ? "would lift " : "lifted ",
                       lifted, lifted == 1 ? "" : "s");
    err_set(err, ERR_RUN, ERR_NEVER, "no-pause", "there is no such pause");
    err_hint(err, "sync-ctl status lists them with their numbers");
    return err_exit(err, EXIT_NO);
}
