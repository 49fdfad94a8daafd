#include <config.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "sim/server.h"
#include "sim/sim.h"
#include "sim/snapshot.h"
#include "sim/jtext.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct opts {
    const struct opt_program *program;
    const char *listen;
    struct opt_list collections;
    const char *id;
    const char *seed;
    const char *token;
    const char *account;
    const char *file;
    struct opt_list loads;
    struct opt_list quirks;
    const char *now;
    const char *tick;
    const char *page_max;
    const char *ready_file;
    bool list_quirks;
};

static void
make_table(struct opts *o, struct opt table[])
{
    struct opt own[] = {
        {OPT_TEXT, 0, "listen", "ADDR:PORT", &o->listen, "where (127.0.0.1:0; 0 = any free port)"},
        {OPT_LIST, 0, "collection", "NAME", &o->collections, "a collection (contacts)"},
        {OPT_TEXT, 0, "id", "KIND", &o->id, "ids are int, int64, text or uuid (int)"},
        {OPT_TEXT, 0, "seed", "N", &o->seed, "where ids come from (1)"},
        {OPT_TEXT, 0, "token", "TOKEN", &o->token, "the bearer token calls must have"},
        {OPT_TEXT, 0, "account", "ID", &o->account, "the account (sim-SEED)"},
        {OPT_TEXT, 0, "file", "FILE", &o->file, "keep state here, not only in memory"},
        {OPT_LIST, 0, "load", "NAME=FILE", &o->loads, "put NDJSON records into a collection"},
        {OPT_LIST, 0, "quirk", "NAME[=VALUE]", &o->quirks, "switch a quirk on"},
        {OPT_TEXT, 0, "now", "TIME", &o->now, "use a virtual clock that starts then"},
        {OPT_TEXT, 0, "tick", "SPAN", &o->tick, "what a write adds to that clock (1ms)"},
        {OPT_TEXT, 0, "page-max", "N", &o->page_max, "the largest limit of a listing (1000)"},
        {OPT_TEXT, 0, "ready-file", "FILE", &o->ready_file, "write the first line here too"},
        {OPT_FLAG, 0, "list-quirks", NULL, &o->list_quirks, "list the quirks and exit"},
        {0}};

    memcpy(table, own, sizeof own);
}

static unsigned long long
number(const struct opts *o, const char *name, const char *text, unsigned long long min,
       unsigned long long max)
{
    char *end;
    unsigned long long n;

    errno = 0;
    n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n < min || n > max)
        opt_usage(o->program, "--%s wants a whole number of %llu to %llu, not \"%s\"", name, min,
                  max, text);
    return n;
}

static int
list_quirks(void)
{
    const char *name;
    const char *value;
    const char *help;
    size_t i;

    for (i = 0; quirk_row(i, &name, &value, &help); i++) {
        CLEANUP_FREE char *left = value != NULL ? mem_printf("%s=%s", name, value) : mem_text(name);

        printf("%-32s %s\n", left, help);
    }
    return fflush(stdout) != 0 ? EXIT_IO : EXIT_OK;
}

static void
set_clock(struct timeline *t, const struct opts *o)
{
    struct err err = ERR_INIT;

    if (o->tick != NULL && (clock_parse_span(o->tick, &t->tick, NULL) != 0 || t->tick < 0))
        opt_usage(o->program, "--tick wants a span such as 1ms, not \"%s\"", o->tick);
    if (o->tick != NULL && o->now == NULL)
        opt_usage(o->program, "--tick needs --now");
    if (o->now == NULL)
        return;
    if (clock_parse(o->now, &t->now, &err) != 0)
        opt_usage(o->program, "--now: %s", err.text);
    t->is_virtual = true;
}

static void
add_collections(struct sim *s, const struct opts *o)
{
    size_t i;

    if (o->collections.n == 0)
        store_add_collection(&s->store, "contacts");
    for (i = 0; i < o->collections.n; i++)
        if (store_add_collection(&s->store, o->collections.items[i]) == NULL)
            opt_usage(o->program, "\"%s\" cannot be a collection", o->collections.items[i]);
}

static void
setup(struct sim *s, const struct opts *o)
{
    enum ids_kind kind = IDS_INT;
    unsigned long long seed = number(o, "seed", o->seed, 0, 999999999);
    struct err err = ERR_INIT;
    size_t i;

    if (o->id != NULL && ids_kind_parse(o->id, &kind) != 0)
        opt_usage(o->program, "--id is int, int64, text or uuid, not \"%s\"", o->id);
    sim_init(s, kind, seed);
    s->page_max = (size_t)number(o, "page-max", o->page_max, 1, 100000);
    s->token = mem_text(o->token);
    s->file = mem_text(o->file);
    if (o->account != NULL) {
        free(s->account);
        s->account = mem_text(o->account);
    }
    set_clock(&s->store.time, o);
    add_collections(s, o);
    for (i = 0; i < o->quirks.n; i++)
        if (quirk_set_text(&s->store.quirks, o->quirks.items[i], &err) != 0)
            opt_usage(o->program, "%s", err.text);
}

/* The state file, then --load into what it left empty. */
static int
load(struct sim *s, const struct opts *o, struct err *err)
{
    size_t i;

    if (s->file != NULL && snapshot_load(s, o->account != NULL, err) != 0)
        return -1;
    for (i = 0; i < o->loads.n; i++) {
        CLEANUP_FREE char *name = mem_text(o->loads.items[i]);
        char *file = strchr(name, '=');
        struct collection *c;

        if (file == NULL)
            opt_usage(o->program, "--load wants NAME=FILE, not \"%s\"", name);
        *file++ = '\0';
        c = store_add_collection(&s->store, name);
        if (c == NULL)
            opt_usage(o->program, "\"%s\" cannot be a collection", name);
        if (order_size(&c->order) == 0 && snapshot_import(s, c, file, err) != 0)
            return -1;
    }
    return 0;
}

static int
write_ready(const char *file, const char *line, struct err *err)
{
    CLEANUP_FREE char *temp = mem_printf("%s.new", file);
    FILE *out = fopen(temp, "we");

    if (out == NULL)
        return err_errno(err, "%s", temp);
    if (fputs(line, out) == EOF || fclose(out) != 0)
        return err_errno(err, "%s", temp);
    return rename(temp, file) != 0 ? err_errno(err, "%s", file) : 0;
}

/* Say where we listen. */
static int
say_ready(const struct sim *s, const struct server *server, const struct opts *o, struct err *err)
{
    CLEANUP_BUF struct buf line = BUF_INIT;
    json_t *value = json_pack("{s:s,s:i,s:s}", "url", server_url(server), "pid", (int)getpid(),
                              "account", s->account);

    if (value == NULL)
        return err_set(err, ERR_RUN, ERR_NEVER, "bad-account", "the account is not UTF-8");
    jtext_add(&line, value);
    buf_char(&line, '\n');
    json_decref(value);
    if (o->ready_file != NULL && write_ready(o->ready_file, buf_get(&line), err) != 0)
        return -1;
    if (fputs(buf_get(&line), stdout) == EOF || fflush(stdout) != 0)
        return err_errno(err, "stdout");
    return 0;
}

static int
serve(struct sim *s, const struct opts *o, struct err *err)
{
    struct server *server;
    sigset_t signals;
    int failed;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    server = server_open(s, o->listen, err);
    if (server == NULL)
        return -1;
    failed = say_ready(s, server, o, err);
    if (failed == 0)
        failed = server_run(server, &signals, err);
    server_close(server);
    if (failed == 0 && s->file != NULL)
        failed = snapshot_save(s, err);
    return failed;
}

static void *
json_memory(size_t size)
{
    void *p = malloc(size);

    if (p == NULL)
        err_no_memory();
    return p;
}

int
main(int argc, char **argv)
{
    struct opts o = {.listen = "127.0.0.1:0", .seed = "1", .page_max = "1000"};
    struct opt table[15];
    const struct opt_program prog = {"sync-sim", "[OPTION]...",
                                     "A simulated SaaS API with the quirks of real ones, for tests "
                                     "and demonstrations.",
                                     table, NULL};
    struct err err = ERR_INIT;
    struct sim s;
    int failed;

    make_table(&o, table);
    o.program = &prog;
    json_set_alloc_funcs(json_memory, free);
    if (opt_parse(&prog, argc, argv) < argc)
        opt_usage(&prog, "there are no operands");
    if (o.list_quirks)
        return list_quirks();
    setup(&s, &o);
    failed = load(&s, &o, &err);
    if (failed == 0)
        failed = serve(&s, &o, &err);
    if (failed != 0)
        log_err(&err);
    sim_release(&s);
    free(o.collections.items);
    free(o.loads.items);
    free(o.quirks.items);
    return failed != 0 ? (int)err.status : EXIT_OK;
}
