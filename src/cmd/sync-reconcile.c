#include <config.h>

#include "cmd/meter.h"
#include "cmd/setup.h"
#include "base/log.h"
#include "reconcile/reconcile.h"

#include <string.h>

struct opts {
    struct opt_common common;
    const char *since;
    bool due;
    bool ignore_previous_run;
    bool yes;
    long limit;
};

enum verb { FETCH, RUN, RESET };

static enum verb
need_verb(const struct opt_program *prog, const struct opts *o, const char *verb, int n)
{
    if (strcmp(verb, "verify") == 0)
        opt_usage(prog, "verify is not in this version");
    if (strcmp(verb, "run") == 0) {
        if (o->due && n > 0)
            opt_usage(prog, "--due picks the jobs itself: no JOB is taken");
        return RUN;
    }
    if (o->due || o->yes)
        opt_usage(prog, "--due and --yes are for run");
    if (strcmp(verb, "fetch") == 0) {
        if (n != 1)
            opt_usage(prog, "fetch wants one JOB");
        return FETCH;
    }
    if (strcmp(verb, "reset") == 0) {
        if (n == 0)
            opt_usage(prog, "reset wants the names of jobs");
        if (o->since != NULL || o->limit > 0 || o->ignore_previous_run)
            opt_usage(prog, "--since, --limit and --ignore-previous-run are for fetch and run");
        return RESET;
    }
    opt_usage(prog, "no such verb: %s", verb);
}

/* A look needs no state: without one it starts at --since or at the beginning. */
static struct store *
store_maybe(const struct conf *conf)
{
    struct err err = ERR_INIT;
    struct store *store = store_open(conf->state, STORE_READ, &err);

    if (store == NULL)
        log_verbose("no watermark: %s", err.text);
    return store;
}

static int
work(enum verb verb, const struct reconcile_options *r)
{
    struct err err = ERR_INIT;
    int status;

    if (verb == FETCH)
        status = reconcile_fetch(r, &err);
    else if (verb == RUN)
        status = reconcile_run(r, &err);
    else
        status = reconcile_reset(r, &err);
    if (err.code[0] != '\0')
        setup_fail(&err);
    return status;
}

int
main(int argc, char **argv)
{
    struct opts o = {0};
    const struct opt options[] = {
        {OPT_FLAG, 0, "due", NULL, &o.due, "run: the jobs whose time has come"},
        {OPT_FLAG, 0, "ignore-previous-run", NULL, &o.ignore_previous_run,
         "list everything; the watermark does not move back"},
        {OPT_COUNT, 0, "limit", "N", &o.limit, "at most N records a job; the watermark stays"},
        {OPT_TEXT, 0, "since", "TIME", &o.since, "list from TIME, not from the watermark"},
        {OPT_FLAG, 0, "yes", NULL, &o.yes, "run: lift the limits on writes once"},
        {0}};
    const struct opt_program prog = {
        "sync-reconcile",
        "fetch [--since TIME] [--limit N] JOB\nrun [--yes] [JOB... | --due]\nreset JOB...",
        "List what changed since the watermark into the inbox, then settle it.", options,
        &o.common};
    int first = opt_parse(&prog, argc, argv), status;
    struct reconcile_options r = {0};
    struct meter_store *meter;
    struct token_store *tokens;
    struct conf *conf;
    enum verb verb;

    if (first == argc)
        opt_usage(&prog, "what is to be done? fetch, run or reset");
    verb = need_verb(&prog, &o, argv[first], argc - first - 1);
    if (verb != FETCH)
        setup_finish_on_broken_pipe();
    r.conf = conf = setup_conf(&o.common, verb == RESET);
    r.config_path = conf->file;
    r.store = verb == FETCH ? store_maybe(conf) : setup_store(&o.common, conf, STORE_WRITE);
    r.jobs = (const char **)argv + first + 1;
    r.n_jobs = (size_t)(argc - first - 1);
    r.due = o.due;
    r.since = o.since;
    r.ignore_previous_run = o.ignore_previous_run;
    r.limit = o.limit;
    r.yes = o.yes;
    r.dry_run = o.common.dry_run;
    r.quiet = o.common.quiet;
    r.verbose = o.common.verbose;
    r.log_format = o.common.log_format;
    r.rejects = o.common.rejects;
    meter = meter_open(&o.common, conf, false);
    r.meter = meter_of(meter);
    tokens = store_tokens_new(conf->state, o.common.dry_run);
    r.tokens = tokens;
    status = work(verb, &r);
    meter_close(meter);
    store_tokens_free(tokens);
    store_close(r.store);
    conf_free(conf);
    return status;
}
