#include <config.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "sim/notice.h"
#include "sim/server.h"
#include "sim/sim.h"
#include "sim/snapshot.h"
#include "sim/jtext.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long, at the end, what is queued is still tried. */
enum { LAST_WEBHOOKS_MS = 1000 };

struct opts {
    const struct opt_program *program;
    struct opt_common common;
    const char *listen;
    struct opt_list collections;
    const char *id;
    const char *seed;
    const char *token;
    const char *query_key;
    const char *oauth_client;
    const char *oauth_refresh;
    const char *oauth_key;
    const char *account;
    const char *file;
    struct opt_list loads;
    struct opt_list quirks;
    const char *now;
    const char *tick;
    const char *page_max;
    const char *ready_file;
    struct opt_list webhooks;
    const char *webhook_secret;
    const char *webhook_sign;
    const char *webhook_payload;
    const char *actor;
    bool list_quirks;
};

/* One --load. */
struct source {
    struct collection *into; /* borrowed */
    const char *file;        /* borrowed from argv */
    bool skip;               /* the state file has records there */
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
        {OPT_TEXT, 0, "query-key", "NAME", &o->query_key,
         "the token may stand in the query as NAME"},
        {OPT_TEXT, 0, "oauth-client", "ID[:SECRET]", &o->oauth_client,
         "have a token endpoint for this client"},
        {OPT_TEXT, 0, "oauth-refresh", "TOKEN", &o->oauth_refresh,
         "a refresh token that is good from the start"},
        {OPT_TEXT, 0, "oauth-key", "FILE", &o->oauth_key,
         "the public key (PEM) that assertions are checked with"},
        {OPT_TEXT, 0, "account", "ID", &o->account, "the account (sim-SEED)"},
        {OPT_TEXT, 0, "file", "FILE", &o->file, "keep state here, not only in memory"},
        {OPT_LIST, 0, "load", "NAME=FILE", &o->loads, "put NDJSON records into a collection"},
        {OPT_LIST, 0, "quirk", "NAME[=VALUE]", &o->quirks, "switch a quirk on"},
        {OPT_TEXT, 0, "now", "TIME", &o->now, "use a virtual clock that starts then"},
        {OPT_TEXT, 0, "tick", "SPAN", &o->tick, "what a write adds to that clock (1ms)"},
        {OPT_TEXT, 0, "page-max", "N", &o->page_max, "the largest limit of a listing (1000)"},
        {OPT_TEXT, 0, "ready-file", "FILE", &o->ready_file, "write the first line here too"},
        {OPT_LIST, 0, "webhook", "URL", &o->webhooks, "send webhooks there"},
        {OPT_TEXT, 0, "webhook-secret", "TEXT", &o->webhook_secret, "what they are signed with"},
        {OPT_TEXT, 0, "webhook-sign", "KIND", &o->webhook_sign,
         "standard, kv, prefix, static or none (standard, without a secret none)"},
        {OPT_TEXT, 0, "webhook-payload", "KIND", &o->webhook_payload,
         "skinny, full or partial (full)"},
        {OPT_TEXT, 0, "actor", "NAME", &o->actor, "who calls the API, for webhooks (api)"},
        {OPT_FLAG, 0, "list-quirks", NULL, &o->list_quirks, "list the quirks and exit"},
        {OPT_FLAG, 'n', "dry-run", NULL, &o->common.dry_run, "check all, say what would be served"},
        {OPT_TEXT, 'c', "config", "FILE", &o->common.config, "refused: there is no config here"},
        {OPT_TEXT, 0, "rejects", "FILE", &o->common.rejects, "refused: no line is set aside here"},
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
print(const struct buf *text, struct err *err)
{
    if (fwrite(text->data, 1, text->len, stdout) != text->len || fflush(stdout) != 0)
        return err_errno(err, "stdout");
    return 0;
}

static int
print_json(json_t *value /* taken */, struct err *err)
{
    CLEANUP_BUF struct buf line = BUF_INIT;

    jtext_add(&line, value);
    buf_char(&line, '\n');
    json_decref(value);
    return print(&line, err);
}

static int
list_quirks(bool json, struct err *err)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *name;
    const char *value;
    const char *help;
    size_t i;

    for (i = 0; quirk_row(i, &name, &value, &help); i++) {
        CLEANUP_FREE char *left = value != NULL ? mem_printf("%s=%s", name, value) : mem_text(name);

        if (json) {
            json_t *row = json_pack("{s:s,s:s?,s:s}", "name", name, "value", value, "help", help);

            jtext_add(&b, row);
            buf_char(&b, '\n');
            json_decref(row);
        } else {
            buf_printf(&b, "%-32s %s\n", left, help);
        }
    }
    return print(&b, err);
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

/* What is said in JSON must be. */
static void
need_utf8(const struct opts *o, const char *name, const char *text)
{
    json_t *value = json_string(text);

    if (value == NULL)
        opt_usage(o->program, "--%s is not UTF-8", name);
    json_decref(value);
}

static void
setup_webhooks(struct sim *s, const struct opts *o)
{
    struct err err = ERR_INIT;

    if (sign_init(&s->hooks.sign, o->webhook_sign, o->webhook_secret, &err) != 0 ||
        hooks_subscribe(&s->hooks, o->webhooks.items, o->webhooks.n, &err) != 0)
        opt_usage(o->program, "%s", err.text);
    if (o->webhook_payload != NULL && notice_payload_parse(o->webhook_payload, &s->payload) != 0)
        opt_usage(o->program, "--webhook-payload is skinny, full or partial, not \"%s\"",
                  o->webhook_payload);
    if (o->actor == NULL)
        return;
    need_utf8(o, "actor", o->actor);
    free(s->actor);
    s->actor = mem_text(o->actor);
}

static char *
read_key(const struct opts *o)
{
    char text[8192];
    FILE *in = fopen(o->oauth_key, "re");
    size_t n = in != NULL ? fread(text, 1, sizeof text - 1, in) : 0;

    if (in == NULL || n == 0)
        opt_usage(o->program, "--oauth-key: %s cannot be read", o->oauth_key);
    fclose(in);
    text[n] = '\0';
    return mem_text(text);
}

static void
setup_tokens(struct sim *s, const struct opts *o)
{
    if ((o->oauth_refresh != NULL || o->oauth_key != NULL) && o->oauth_client == NULL)
        opt_usage(o->program, "--oauth-refresh and --oauth-key need --oauth-client");
    s->query_key = mem_text(o->query_key);
    s->tokens.client = mem_text(o->oauth_client);
    if (o->oauth_key != NULL)
        s->tokens.key = read_key(o);
    if (o->oauth_refresh == NULL)
        return;
    if (strlen(o->oauth_refresh) >= TOKEN_TEXT)
        opt_usage(o->program, "--oauth-refresh is too long");
    snprintf(s->tokens.state.refresh, TOKEN_TEXT, "%s", o->oauth_refresh);
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
        need_utf8(o, "account", o->account);
        free(s->account);
        s->account = mem_text(o->account);
    }
    setup_tokens(s, o);
    set_clock(&s->store.time, o);
    add_collections(s, o);
    for (i = 0; i < o->quirks.n; i++) {
        need_utf8(o, "quirk", o->quirks.items[i]);
        if (quirk_set_text(&s->store.quirks, o->quirks.items[i], &err) != 0)
            opt_usage(o->program, "%s", err.text);
    }
    setup_webhooks(s, o);
}

static struct source *
read_sources(struct sim *s, const struct opts *o)
{
    struct source *all = mem_alloc((o->loads.n + 1) * sizeof *all);
    size_t i;

    for (i = 0; i < o->loads.n; i++) {
        CLEANUP_FREE char *name = mem_text(o->loads.items[i]);
        char *equals = strchr(name, '=');

        if (equals == NULL)
            opt_usage(o->program, "--load wants NAME=FILE, not \"%s\"", name);
        *equals = '\0';
        all[i].into = store_add_collection(&s->store, name);
        all[i].file = o->loads.items[i] + (equals + 1 - name);
        if (all[i].into == NULL)
            opt_usage(o->program, "\"%s\" cannot be a collection", name);
    }
    return all;
}

/* Whether FILE can be written anew, by way of FILE.new: better known now than at the end. */
static int
check_writable(const char *file, struct err *err)
{
    CLEANUP_FREE char *temp = mem_printf("%s.new", file);
    CLEANUP_FREE char *folder = mem_text(file);
    struct stat st;

    if (access(dirname(folder), W_OK | X_OK) != 0)
        return err_errno(err, "%s", temp);
    if (stat(file, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return err_errno(err, "%s", file);
    }
    return 0;
}

/* The state file, then --load into what it left empty. */
static int
load(struct sim *s, const struct opts *o, struct err *err)
{
    CLEANUP_FREE struct source *sources = read_sources(s, o);
    size_t i;

    if (server_check(o->listen, err) != 0)
        return -1;
    if (o->ready_file != NULL && check_writable(o->ready_file, err) != 0)
        return -1;
    if (s->file != NULL &&
        (check_writable(s->file, err) != 0 || snapshot_load(s, o->account != NULL, err) != 0))
        return -1;
    for (i = 0; i < o->loads.n; i++)
        sources[i].skip = order_size(&sources[i].into->order) > 0;
    for (i = 0; i < o->loads.n; i++) {
        if (sources[i].skip)
            log_verbose("%s is not loaded: %s has records in the state file", sources[i].file,
                        sources[i].into->name);
        else if (snapshot_import(s, sources[i].into, sources[i].file, err) != 0)
            return -1;
    }
    return 0;
}

/* The quirks that are on, as --quirk takes them. */
static json_t *
quirks_on(const struct quirks *q)
{
    json_t *list = json_array();
    const char *name;
    const char *value;
    const char *help;
    size_t i;

    for (i = 0; quirk_row(i, &name, &value, &help); i++) {
        if (!quirk_on(q, (enum quirk_id)i))
            continue;
        json_array_append_new(
            list, value == NULL ? json_string(name)
                                : json_sprintf("%s=%s", name, quirk_text(q, (enum quirk_id)i)));
    }
    return list;
}

static json_t *
describe(struct sim *s, const char *where)
{
    json_t *records = json_object();
    size_t i;

    for (i = 0; i < s->store.n; i++) {
        const struct collection *c = s->store.collections[i];

        json_object_set_new(records, c->name, json_integer((json_int_t)order_size(&c->order)));
    }
    return json_pack("{s:s,s:s,s:o,s:o,s:o}", "account", s->account, "listen", where, "records",
                     records, "quirks", quirks_on(&s->store.quirks), "webhooks",
                     hooks_urls(&s->hooks));
}

/* "; WHAT one, two", or nothing. */
static void
add_list(struct buf *out, const char *what, const json_t *list)
{
    json_t *value;
    size_t i;

    json_array_foreach(list, i, value)
    {
        buf_printf(out, "%s%s%s", i == 0 ? "; " : ", ", i == 0 ? what : "",
                   json_string_value(value));
    }
}

/* The same for people: "account acme on ADDR: contacts 2, deals 0; quirks trim, lower=email". */
static void
describe_text(struct buf *out, struct sim *s, const char *where)
{
    json_t *all = describe(s, where);
    const char *name;
    const char *lead = "";
    json_t *value;

    buf_printf(out, "account %s on %s: ", s->account, where);
    json_object_foreach(json_object_get(all, "records"), name, value)
    {
        buf_printf(out, "%s%s %lld", lead, name, (long long)json_integer_value(value));
        lead = ", ";
    }
    add_list(out, "quirks ", json_object_get(all, "quirks"));
    add_list(out, "webhooks ", json_object_get(all, "webhooks"));
    json_decref(all);
}

/* -n */
static int
say_plan(struct sim *s, const struct opts *o, struct err *err)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    if (o->common.json)
        return print_json(describe(s, o->listen), err);
    describe_text(&text, s, o->listen);
    log_info("would serve %s", buf_get(&text));
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
say_ready(struct sim *s, const struct server *server, const struct opts *o, struct err *err)
{
    CLEANUP_BUF struct buf line = BUF_INIT;
    CLEANUP_BUF struct buf text = BUF_INIT;
    json_t *value = json_pack("{s:s,s:i,s:s}", "url", server_url(server), "pid", (int)getpid(),
                              "account", s->account);

    jtext_add(&line, value);
    buf_char(&line, '\n');
    json_decref(value);
    describe_text(&text, s, server_url(server));
    log_verbose("serves %s", buf_get(&text));
    if (o->ready_file != NULL && write_ready(o->ready_file, buf_get(&line), err) != 0)
        return -1;
    return print(&line, err);
}

static int
serve(struct sim *s, const struct opts *o, struct err *err)
{
    struct server *server;
    sigset_t signals;
    long long lost;
    int failed;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    server = server_open(s, o->listen, err);
    if (server == NULL)
        return -1;
    s->tokens.where = mem_text(server_url(server));
    failed = say_ready(s, server, o, err);
    if (failed == 0)
        failed = server_run(server, &signals, err);
    server_close(server);
    lost = sender_stop(s->sender, LAST_WEBHOOKS_MS);
    s->sender = NULL;
    if (lost > 0)
        log_warn("%lld webhooks were not delivered", lost);
    if (failed == 0 && s->file != NULL)
        failed = snapshot_save(s, err);
    if (failed == 0 && s->file != NULL)
        log_verbose("the state is in %s", s->file);
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

/* Taken without a word, these would promise what nobody does. */
static void
refuse_common(const struct opts *o)
{
    if (o->common.config != NULL)
        opt_usage(o->program, "--config: there is no config here, all is said by options");
    if (o->common.rejects != NULL)
        opt_usage(o->program, "--rejects: no line is set aside here, a bad one in --load stops it");
}

static int
work(const struct opts *o, struct err *err)
{
    struct sim s;
    int failed;

    setup(&s, o);
    failed = load(&s, o, err);
    if (failed == 0)
        failed = o->common.dry_run ? say_plan(&s, o, err) : serve(&s, o, err);
    sim_release(&s);
    return failed;
}

int
main(int argc, char **argv)
{
    struct opts o = {.listen = "127.0.0.1:0", .seed = "1", .page_max = "1000"};
    struct opt table[27];
    const struct opt_program prog = {"sync-sim", "[OPTION]...",
                                     "A simulated SaaS API with the quirks of real ones, for tests "
                                     "and demonstrations.",
                                     table, &o.common};
    struct err err = ERR_INIT;
    int failed;

    make_table(&o, table);
    o.program = &prog;
    json_set_alloc_funcs(json_memory, free);
    if (opt_parse(&prog, argc, argv) < argc)
        opt_usage(&prog, "there are no operands");
    refuse_common(&o);
    failed = o.list_quirks ? list_quirks(o.common.json, &err) : work(&o, &err);
    if (failed != 0)
        log_err(&err);
    free(o.collections.items);
    free(o.loads.items);
    free(o.quirks.items);
    free(o.webhooks.items);
    return failed != 0 ? (int)err.status : EXIT_OK;
}
