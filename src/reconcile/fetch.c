#include <config.h>

#include "reconcile/internal.h"

#include "base/log.h"
#include "json/ndjson.h"

#include <unistd.h>

struct output {
    struct ndjson_writer *writer;
    struct arena *arena; /* of a page */
    struct buf line;
    long count;
};

static int
put(struct output *out, struct err *err)
{
    int rc = ndjson_put(out->writer, out->line.data, out->line.len, err);

    buf_clear(&out->line);
    return rc;
}

static int
print_page(struct walk *l, const struct provider_answer *page, size_t n, struct position *next,
           bool last, struct err *err)
{
    struct output *out = l->user;

    (void)next;
    (void)last;
    arena_reset(out->arena);
    for (size_t i = 0; i < n; i++) {
        struct err why = ERR_INIT;
        struct event e;

        if (walk_event(out->arena, l->job->conf, &page->records[i], &e, &why) < 0) {
            log_err(&why);
            l->job->status = EXIT_PARTIAL;
            continue;
        }
        event_write_data(&out->line, &e);
        if (put(out, err) < 0)
            return -1;
        out->count++;
    }
    if (page->n_bad > 0) {
        log_warn("job %s: %zu rows cannot be read: %s", l->job->conf->name, page->n_bad,
                 page->bad_text);
        l->job->status = EXIT_PARTIAL;
    }
    return ndjson_flush(out->writer, err);
}

static int
list(struct session *s, struct output *out, struct err *err)
{
    struct job *j = &s->jobs[0];
    struct walk l = {.session = s, .job = j, .page = print_page, .user = out, .err = ERR_INIT};
    struct store_watermark mark = {0};
    int rc;

    if (s->store != NULL &&
        store_watermark(s->store, s->arena, j->conf->name, j->conf->system->account,
                        j->conf->sync->resource, &mark, err) < 0)
        return -1;
    if (walk_since(s, j->conf, &mark, &l.pos.since, err) < 0)
        return -1;
    j->provider = session_provider(s, j->conf->system);
    rc = walk_run(&l, err);
    if (rc < 0 && err->scope != ERR_RUN)
        err_wrap(err, "job %s", j->conf->name);
    return rc;
}

/* The eos line says whether the list is whole, also after an error. */
static int
print_list(struct session *s, struct err *err)
{
    struct output out = {.line = BUF_INIT};
    struct err late = ERR_INIT;
    int rc;

    out.writer = ndjson_create(STDOUT_FILENO, "stdout");
    out.arena = arena_new();
    rc = list(s, &out, err);
    event_write_eos(&out.line, NULL, out.count, rc == 1);
    if ((put(&out, &late) < 0) + (ndjson_finish(out.writer, &late) < 0) > 0 && rc >= 0) {
        *err = late;
        rc = -1;
    }
    arena_free(out.arena);
    buf_release(&out.line);
    return rc;
}

int
reconcile_fetch(const struct reconcile_options *o, struct err *err)
{
    struct session s;
    int status;

    if (session_open(&s, o, err) < 0 || account_check(&s, err) != 0)
        status = err->status;
    else if (s.jobs[0].status != EXIT_OK)
        status = s.jobs[0].status; /* its system does not answer; said */
    else if (print_list(&s, err) < 0)
        status = err->status;
    else
        status = s.jobs[0].status;
    session_close(&s);
    return status;
}
