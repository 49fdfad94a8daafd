#include <config.h>

#include "cmd/setup.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "ingest/filter.h"
#include "ingest/ingest.h"
#include "ingest/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct opts {
    struct opt_common common;
    const char *run;
    const char *until;
    long window;
    bool follow;
    bool csv;
    bool unified;
    const char *max_body;
    const char *ready_file;
    long connections;
    long threads;
};

static int
finish(int status, const struct err *err, struct store *store, struct conf *conf)
{
    if (err->code[0] != '\0')
        setup_fail(err);
    store_close(store);
    conf_free(conf);
    return status;
}

static int64_t
need_seq(const struct opt_program *prog, const char *text)
{
    char *end;
    long long n;

    if (text == NULL)
        return 0;
    errno = 0;
    n = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < 0)
        opt_usage(prog, "--until wants the number of an event, not \"%s\"", text);
    return n;
}

/* With -n the state is opened for writing, for a transaction that is taken back. */
static int
emit(const struct opt_program *prog, const struct opts *o, int n)
{
    const struct opt_common *c = &o->common;
    struct emit_options e = {.run = o->run, .window = o->window, .dry_run = c->dry_run};
    struct err err = ERR_INIT;
    struct conf *conf;
    int status;

    if (n > 0)
        opt_usage(prog, "emit takes no operand");
    if (o->csv || o->unified)
        opt_usage(prog, "--csv and --unified are for records");
    if (o->follow && (o->run != NULL || o->until != NULL || c->dry_run))
        opt_usage(prog, "--follow has no end and no run: --run, --until and -n are not for it");
    e.until_seq = need_seq(prog, o->until);
    setup_finish_on_broken_pipe();
    e.conf = conf = setup_conf(c, true);
    e.store = store_open(conf->state, STORE_WRITE, &err);
    if (e.store == NULL)
        return finish(err.status, &err, NULL, conf);
    status = o->follow ? follow_run(&e, &err) : emit_run(&e, &err);
    return finish(status, &err, e.store, conf);
}

static int
records(const struct opt_program *prog, const struct opts *o, char **operands, int n)
{
    struct records_options r = {.csv = o->csv, .unified = o->unified, .rejects = o->common.rejects};
    struct err err = ERR_INIT;
    struct conf *conf;
    int status;

    if (n < 2 || n > 3)
        opt_usage(prog, "records wants SYSTEM RESOURCE [FILE]");
    if (o->follow || o->run != NULL || o->until != NULL || o->window != 0)
        opt_usage(prog, "--follow, --run, --until and --window are for emit");
    r.system = operands[0];
    r.resource = operands[1];
    r.file = n == 3 ? operands[2] : NULL;
    r.conf = conf = setup_conf(&o->common, true);
    status = records_run(&r, &err);
    return finish(status, &err, NULL, conf);
}

/* Pure: -n is the same. */
static int
filter(const struct opt_program *prog, const struct opts *o, char **operands, int n)
{
    struct filter_options f = {.files = operands, .n_files = n, .rejects = o->common.rejects};
    struct err err = ERR_INIT;
    struct conf *conf;
    int status;

    if (o->csv || o->unified || o->follow || o->run != NULL || o->until != NULL || o->window != 0)
        opt_usage(prog, "filter takes common options only");
    f.conf = conf = setup_conf(&o->common, false);
    status = filter_run(&f, &err);
    return finish(status, &err, NULL, conf);
}

/* Bytes, or with KiB or MiB behind them. */
static size_t
need_size(const struct opt_program *prog, const char *text)
{
    unsigned long long n, unit;
    char *end;

    if (text == NULL)
        return 0;
    errno = 0;
    n = strtoull(text, &end, 10);
    unit = strcmp(end, "KiB") == 0 ? 1024 : strcmp(end, "MiB") == 0 ? 1048576 : *end == '\0';
    if (errno != 0 || *text < '0' || *text > '9' || unit == 0 || n == 0 || n > (1 << 30) / unit)
        opt_usage(prog, "--max-body wants a size such as 1MiB, at most 1024MiB, not \"%s\"", text);
    return (size_t)(n * unit);
}

static int
listen_for(const struct opt_program *prog, const struct opts *o, char **operands, int n)
{
    struct listen_options l = {.config = o->common.config,
                               .addresses = (const char *const *)operands,
                               .n_addresses = (size_t)n,
                               .max_body = need_size(prog, o->max_body),
                               .ready_file = o->ready_file,
                               .dry_run = o->common.dry_run};
    struct err err = ERR_INIT;
    int status;

    if (o->csv || o->unified || o->follow || o->run != NULL || o->until != NULL || o->window != 0)
        opt_usage(prog,
                  "--csv, --unified, --follow, --run, --until and --window are not for listen");
    if (o->connections > 1000000 || o->threads > 64)
        opt_usage(prog, "--connections is at most 1000000, --threads at most 64");
    l.connections = (unsigned)o->connections;
    l.threads = (unsigned)o->threads;
    status = listen_run(&l, &err);
    return finish(status, &err, NULL, NULL);
}

int
main(int argc, char **argv)
{
    struct opts o = {0};
    const struct opt options[] = {
        {OPT_FLAG, 0, "csv", NULL, &o.csv, "records: the input is CSV, whatever its name"},
        {OPT_FLAG, 0, "follow", NULL, &o.follow, "emit: go on for ever, as events come"},
        {OPT_TEXT, 0, "run", "RUN", &o.run, "emit: name of the run on the lines"},
        {OPT_FLAG, 0, "unified", NULL, &o.unified,
         "records: unified names and id, not the provider's"},
        {OPT_TEXT, 0, "until", "SEQ", &o.until, "emit: events up to SEQ (default: the last now)"},
        {OPT_COUNT, 0, "window", "N", &o.window, "emit: at most N events out at once (1024)"},
        {OPT_COUNT, 0, "connections", "N", &o.connections, "listen: at most N at once (8192)"},
        {OPT_TEXT, 0, "max-body", "SIZE", &o.max_body, "listen: refuse larger requests (1MiB)"},
        {OPT_TEXT, 0, "ready-file", "FILE", &o.ready_file, "listen: where it listens goes here"},
        {OPT_COUNT, 0, "threads", "N", &o.threads, "listen: N threads read requests (2)"},
        {0}};
    const struct opt_program prog = {
        "sync-ingest",
        "emit [--follow] [--run RUN] [--until SEQ] [--window N]\n"
        "records [--csv] [--unified] SYSTEM RESOURCE [FILE]\n"
        "filter [FILE...]\n"
        "listen [--connections N] [--max-body SIZE] [--ready-file FILE] [--threads N] [ADDR...]",
        "What comes in: emit the events of the inbox, turn records and webhooks into events.",
        options, &o.common};
    static const char *const later[] = {"subscribe"};
    int first = opt_parse(&prog, argc, argv);
    const char *verb = first < argc ? argv[first] : NULL;

    if (verb == NULL)
        opt_usage(&prog, "what is to be done? listen, emit, filter or records");
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (strcmp(verb, later[i]) == 0)
            opt_usage(&prog, "%s is not in this version", verb);
    crypto_start();
    if (strcmp(verb, "emit") == 0)
        return emit(&prog, &o, argc - first - 1);
    if (strcmp(verb, "filter") == 0)
        return filter(&prog, &o, argv + first + 1, argc - first - 1);
    if (strcmp(verb, "listen") == 0)
        return listen_for(&prog, &o, argv + first + 1, argc - first - 1);
    if (strcmp(verb, "records") == 0)
        return records(&prog, &o, argv + first + 1, argc - first - 1);
    opt_usage(&prog, "no such verb: %s", verb);
}
