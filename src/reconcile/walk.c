#include <config.h>

#include "reconcile/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ID = 2000 }; /* longest text member of a line */

const char *
position_text(struct arena *a, const struct position *p)
{
    struct val *v = val_object(a);

    val_set(a, v, "since", val_int(a, p->since));
    val_set(a, v, "max", val_int(a, p->max));
    val_set(a, v, "server_now", val_int(a, p->server_now));
    val_set(a, v, "count", val_int(a, p->count));
    val_set(a, v, "pass", val_int(a, p->pass));
    val_set(a, v, "different", val_int(a, p->different));
    val_set(a, v, "quiet", val_int(a, p->quiet));
    val_set(a, v, "refused", val_int(a, p->refused));
    val_set(a, v, "cursor", val_string(a, p->cursor != NULL ? p->cursor : ""));
    return val_write_text(a, v);
}

int
position_parse(struct arena *a, const char *text, struct position *p)
{
    const struct val *v = val_parse(a, text, strlen(text), NULL);
    int64_t count, pass = 0, quiet = 0;

    *p = (struct position){0};
    if (val_get_int(val_get(v, "since"), &p->since) < 0 ||
        val_get_int(val_get(v, "max"), &p->max) < 0 ||
        val_get_int(val_get(v, "server_now"), &p->server_now) < 0 ||
        val_get_int(val_get(v, "count"), &count) < 0)
        return -1;
    if (val_get(v, "pass") != NULL && (val_get_int(val_get(v, "pass"), &pass) < 0 ||
                                       val_get_int(val_get(v, "different"), &p->different) < 0 ||
                                       val_get_int(val_get(v, "quiet"), &quiet) < 0 ||
                                       val_get_int(val_get(v, "refused"), &p->refused) < 0))
        return -1;
    p->count = (long)count;
    p->pass = (int)pass;
    p->quiet = (int)quiet;
    p->cursor = val_get_text(v, "cursor");
    if (p->cursor != NULL && p->cursor[0] == '\0')
        p->cursor = NULL;
    return p->cursor != NULL || p->pass > 0 ? 0 : -1;
}

int
walk_since(const struct session *s, const struct conf_job *job, const struct store_watermark *w,
           int64_t *since, struct err *err)
{
    const struct reconcile_options *o = s->o;
    int64_t mark;

    *since = 0;
    if (o->since != NULL) {
        if (clock_parse(o->since, since, err) == 0)
            return 0;
        err_wrap(err, "--since");
        return err_exit(err, EXIT_USAGE);
    }
    if (!job->def->list.has_watermark || o->ignore_previous_run || !w->known ||
        w->last_successful == NULL)
        return 0;
    if (clock_parse(w->last_successful, &mark, err) < 0)
        return err_wrap(err, "watermark of job %s", job->name);
    mark -= job->def->list.overlap_ms;
    mark -= mark % job->def->list.granularity_ms;
    if (job->def->list.exclusive)
        mark -= job->def->list.granularity_ms;
    *since = mark > 0 ? mark : 0;
    return 0;
}

/* Rows of a listing that lacks fields say nothing of what they lack. */
static const struct val *
only_present(struct arena *a, const struct resource_def *def, const struct provider_record *r)
{
    struct val *fields = val_object(a);

    for (size_t i = 0; i < def->n_fields; i++) {
        const char *name = def->fields[i].field->name;

        if (provider_field(&def->fields[i], r->raw) != NULL)
            val_set(a, fields, name, (struct val *)val_get(r->fields, name));
    }
    return fields;
}

int
walk_event(struct arena *a, const struct conf_job *job, const struct provider_record *r,
           struct event *e, struct err *err)
{
    char when[CLOCK_TEXT];

    if (r->id == NULL || r->id[0] == '\0')
        return err_set(err, ERR_RECORD, ERR_NEVER, "no-id", "a record has no id");
    if (strlen(r->id) > MAX_ID)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-id", "the id of a record is over %d bytes",
                       MAX_ID);
    *e = (struct event){.path = "delta",
                        .system = job->system->name,
                        .account = job->system->account,
                        .resource = job->sync->resource,
                        .record_id = r->id,
                        .event_type = "updated",
                        .version = r->version,
                        .partial = job->def->list.partial,
                        .sync_source = job->system->name,
                        .sync_direction = "inbound",
                        .fields = r->fields};
    if (e->version != NULL && strlen(e->version) > MAX_ID)
        e->version = NULL;
    if (r->changed_at != 0)
        e->occurred_at = arena_text(a, clock_format(r->changed_at, when));
    if (e->partial)
        e->fields = only_present(a, job->def, r);
    return 0;
}

/*
 * A loop of several pages: one cursor seen before is kept, a new one at each power of two (Brent);
 * the provider itself refuses a cursor that leads to itself.
 */
static int
check_loop(struct walk *l, const char *next)
{
    if (next == NULL)
        return 0;
    if (l->mark != NULL && strcmp(l->mark, next) == 0)
        return err_set(&l->err, ERR_SYSTEM, ERR_NEVER, "page-loop",
                       "%s: page %ld leads back to a page already listed",
                       l->job->conf->system->name, l->pages);
    if (++l->pages >= l->power) {
        l->power = l->power > 0 ? l->power * 2 : 1;
        free(l->mark);
        l->mark = mem_text(next);
    }
    return 0;
}

static int64_t
highest(int64_t max, const struct provider_answer *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a->records[i].changed_at > max)
            max = a->records[i].changed_at;
    return max;
}

/* How many of the page's records are still wanted. */
static size_t
within_limit(struct walk *l, size_t n)
{
    long limit = l->session->o->limit;

    if (limit == 0 || l->pos.count + (long)n < limit)
        return n;
    l->limited = true;
    return limit > l->pos.count ? (size_t)(limit - l->pos.count) : 0;
}

/* From the first page: its cursors may be those of the pass before. */
static void
walk_again(struct walk *l)
{
    l->done = false;
    free(l->mark);
    l->mark = NULL;
    l->pages = l->power = 0;
}

static void
on_page(void *user, const struct provider_answer *a)
{
    struct walk *l = user;
    struct position next = l->pos;
    size_t n;

    l->failed = -1;
    if (a->outcome != PROVIDER_OK) {
        answer_err(a, l->job->conf->system, &l->err);
        return;
    }
    if (check_loop(l, a->next_cursor) < 0)
        return;
    crash_point("reconcile.page-listed");
    n = within_limit(l, a->n_records);
    next.count += (long)n;
    next.max = highest(next.max, a, n);
    if (next.server_now == 0)
        next.server_now = a->server_now;
    next.total = a->total;
    next.cursor = a->next_cursor;
    if (next.cursor == NULL && n == a->n_records)
        l->limited = false;
    l->done = next.cursor == NULL || l->limited;
    if (l->page(l, a, n, &next, l->done, &l->err) < 0)
        return;
    if (next.pass > l->pos.pass)
        walk_again(l);
    free((char *)l->pos.cursor);
    l->pos = next;
    l->pos.cursor = mem_text(next.cursor);
    l->failed = 0;
}

static int
next_page(struct walk *l, struct err *err)
{
    const struct conf_job *job = l->job->conf;
    long limit = l->session->o->limit;

    l->asked_at = clock_now();
    provider_list(l->job->provider, job->def, l->pos.since, l->pos.cursor,
                  limit > 0 ? limit - l->pos.count : 0, on_page, l);
    if (session_wait(l->session, err) < 0)
        return -1;
    if (l->failed < 0) {
        *err = l->err;
        return -1;
    }
    log_progress(job->name, l->pos.count, 0);
    return 0;
}

int
walk_run(struct walk *l, struct err *err)
{
    int rc = 0;

    l->pos.cursor = mem_text(l->pos.cursor);
    while (rc == 0 && !l->done && !session_stopped())
        rc = next_page(l, err);
    log_progress_end();
    free((char *)l->pos.cursor);
    free(l->mark);
    l->pos.cursor = l->mark = NULL;
    if (rc < 0)
        return -1;
    return l->done && !l->limited;
}
