#include <config.h>

#include "fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static void
define(struct resource_def *def)
{
    static char external_id[] = "external_id", phone[] = "phone", *by[] = {external_id, phone};

    def->external_id = external_id;
    def->find.present = true;
    def->find.strong = true;
    def->find.by = by;
    def->find.n_by = 2;
    def->get.present = true;
}

static void
configure(struct bench *b)
{
    struct fixture *f = b->f;

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_match(f, "phone");
    f->sync.map_hash = arena_text(f->a, "m");
    f->sync.deletes = (struct conf_deletes){.propagate = true, .max = 50, .max_percent = 10};
    define(&f->defs[0]);
    define(&f->defs[1]);
    b->conf = (struct conf){.systems = f->systems,
                            .n_systems = 2,
                            .syncs = &f->sync,
                            .n_syncs = 1,
                            .max_creates = {-1, -1},
                            .max_updates = {-1, -1},
                            .max_changed = {-1, -1}};
    b->o = (struct push_options){
        .conf = &b->conf, .canary = -1, .max_creates = -1, .max_updates = -1, .max_deletes = -1};
}

static const char *
path(const struct bench *b, const char *name)
{
    return arena_printf(b->f->a, "%s/%s", b->dir, name);
}

static void
open_streams(struct bench *b)
{
    int ends[2], out = open(path(b, "out"), O_CREAT | O_WRONLY, 0600);

    ck_assert_int_eq(pipe(ends), 0);
    b->p.fd = ends[0];
    b->in = ends[1];
    b->p.in = ndjson_open(ends[0], "stdin");
    b->p.out = ndjson_create(out, "stdout");
    b->p.rejects = rejects_open(path(b, "rejects"), &b->err);
    ck_assert_ptr_nonnull(b->p.rejects);
}

struct bench *
bench_new(void)
{
    struct bench *b = mem_alloc(sizeof *b);
    struct push *p = &b->p;

    setenv("LOOPLESS_NOW", "2026-01-01T10:00:00.000Z", 1);
    b->f = fixture_two(-1);
    configure(b);
    strcpy(b->dir, "/tmp/loopless-push-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(b->dir));
    ck_assert_int_eq(store_create(path(b, "state.db"), &b->err), 0);
    p->store = b->o.store = store_open(path(b, "state.db"), STORE_WRITE, &b->err);
    ck_assert_msg(p->store != NULL, "%s", b->err.text);
    p->o = &b->o;
    p->conf = b->conf;
    p->targets = mem_alloc(2 * sizeof *p->targets);
    p->tallies = mem_alloc(2 * sizeof *p->tallies);
    for (size_t i = 0; i < 2; i++) {
        p->targets[i].system = &b->f->systems[i];
        queue_init(&p->targets[i].ready);
    }
    p->pause_arena = arena_new();
    queue_init(&p->answered);
    open_streams(b);
    ck_assert_int_eq(lease_start(p, &b->err), 0);
    return b;
}

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(name);
}

void
bench_free_ptr(struct bench **bp)
{
    struct bench *b = *bp;
    struct push *p = &b->p;

    while (p->lines != NULL)
        line_free(p->lines);
    ndjson_finish(p->out, &b->err);
    ndjson_close(p->in);
    rejects_close(p->rejects);
    store_close(p->store);
    losses_release(&p->losses);
    free(p->pipelines);
    free(p->targets);
    free(p->tallies);
    buf_release(&p->controls);
    arena_free(p->pause_arena);
    nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    fixture_free(b->f);
    free(b);
}

/* ---- lines ---- */

const char *
bench_line(struct bench *b, const char *id, const char *members)
{
    char *line = arena_printf(b->f->a,
                              "{'v':1,'system':'a','resource':'crm/contacts','record_id':'%s',"
                              "'event_type':'updated','fields':null,%s}",
                              id, members);

    for (char *p = line; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    return line;
}

const char *
bench_create(struct bench *b, const char *id, const char *phone)
{
    return bench_line(b, id,
                      arena_printf(b->f->a,
                                   "'link':null,'external_id':'x-%s','ends':[{'system':'a',"
                                   "'record_id':'%s','covered':{'phone':'%s'},'state':'live'}],"
                                   "'rules':{'phone':{'rule':'create','source':'a','owed':['b']}},"
                                   "'writes':[{'target':'b','action':'create','external_id':'x-%s',"
                                   "'set':{'phone':'%s'},'sources':{'phone':'a'}}],'map_hash':'m'",
                                   id, id, phone, id, phone));
}

const char *
bench_delete(struct bench *b, int64_t link)
{
    return bench_line(b, "1",
                      arena_printf(b->f->a,
                                   "'link':%lld,'generation':%lld,'ends':[{'system':'a',"
                                   "'record_id':'1','state':'deleted'}],'rules':{},'writes':[{"
                                   "'target':'b','action':'delete','target_record_id':'9',"
                                   "'set':{},'before':{'phone':'55'}}],'map_hash':'m',"
                                   "'link_ended':'deleted everywhere'",
                                   (long long)link, (long long)bench_load(b, link).generation));
}

void
bench_feed(struct bench *b, const char *line)
{
    const char *text = arena_printf(b->f->a, "%s\n", line);

    ck_assert_int_eq(write(b->in, text, strlen(text)), (ssize_t)strlen(text));
}

void
bench_run(struct bench *b)
{
    int rc = batch_run(&b->p, &b->err);

    ck_assert_msg(rc == 0, "%s", b->err.text);
}

struct write *
bench_queued(struct bench *b)
{
    return queue_take(&b->p.targets[1].ready);
}

struct write *
bench_send(struct bench *b)
{
    struct write *w = bench_queued(b);
    int rc;

    ck_assert_ptr_nonnull(w);
    rc = store_sent(b->p.store, &w->intent.token, 1, b->p.owner, BENCH_NOW, &b->err);
    ck_assert_msg(rc == 0, "%s", b->err.text);
    w->marked = true;
    w->attempts = 1;
    return w;
}

struct write *
bench_sent(struct bench *b, const char *id, const char *phone)
{
    bench_feed(b, bench_create(b, id, phone));
    bench_run(b);
    return bench_send(b);
}

void
bench_answer(struct bench *b, struct write *w, const char *id, const char *fields)
{
    struct provider_record r = {.id = id, .fields = fixture_json(b->f, fields)};
    const struct provider_answer a = {
        .outcome = PROVIDER_OK, .status = 201, .records = &r, .n_records = 1};

    outcome_take(w, &a);
}

int64_t
bench_linked(struct bench *b, const char *id)
{
    struct write *w = bench_sent(b, id, "55");
    int64_t link = w->intent.link_id;

    bench_answer(b, w, "9", "{'phone':'55','name':null}");
    bench_settle(b);
    return link;
}

struct store_link
bench_load(struct bench *b, int64_t id)
{
    struct store_link link;

    ck_assert_int_eq(store_load_link(b->p.store, b->f->a, id, &link, &b->err), 1);
    return link;
}

/* ---- results ---- */

void
bench_settle(struct bench *b)
{
    int rc = settle_answered(&b->p, &b->err);

    ck_assert_msg(rc == 0, "%s", b->err.text);
}

/* The lines of a file; LAST is the last of them. */
static size_t
lines_of(struct bench *b, const char *name, const char **last)
{
    FILE *f = fopen(path(b, name), "r");
    char text[4096];
    size_t n = 0;

    if (f == NULL)
        return 0;
    while (fgets(text, sizeof text, f) != NULL) {
        n++;
        *last = arena_text(b->f->a, text);
    }
    fclose(f);
    return n;
}

size_t
bench_results(struct bench *b)
{
    const char *last;

    result_flush(&b->p);
    return lines_of(b, "out", &last);
}

const char *
bench_result(struct bench *b, const char *name)
{
    const char *last = NULL, *text;

    result_flush(&b->p);
    ck_assert_uint_gt(lines_of(b, "out", &last), 0);
    text = val_id(val_path(val_parse(b->f->a, last, strlen(last), &b->err), name));
    return text == NULL ? "" : text;
}

size_t
bench_rejects(struct bench *b)
{
    const char *last;

    return lines_of(b, "rejects", &last);
}
