#include <config.h>

#include "echofilter/echofilter.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "json/ndjson.h"
#include "store/facts.h"
#include "stream/event.h"
#include "stream/locked.h"
#include "stream/rejects.h"
#include "sync/echo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 4096 };                /* drops a transaction */
enum { GROUP = STORE_FACTS_AT_ONCE }; /* lines that are looked up together */
enum { GROUP_BYTES = 65536 };         /* and not more of them than this, but for the last */

/* A line that waits for its group to be judged. */
struct item {
    struct event event; /* its line is in the arena */
    struct echo_input in;
    long number; /* of the line */
    bool can_be_dropped;
};

/* A line that is certainly no news. */
struct drop {
    char pipeline[64];
    int64_t fence;
    const char *disposition; /* static text */
    const char *reason;      /* the same, NULL */
    bool alone;              /* nothing is folded into it */
};

struct filter {
    const struct echofilter_options *o;
    struct ndjson_reader *in;
    struct ndjson_writer *out;
    struct ndjson_writer *dropped; /* NULL */
    struct rejects *rejects;
    struct locked locked;
    struct arena *arena; /* of the group */
    struct item items[GROUP];
    size_t n_items, item_bytes;
    struct drop *drops; /* room for BATCH and a group, owned */
    int64_t *seqs;      /* theirs, owned */
    size_t n_drops;
    long counts[ECHO_IGNORED + 1];
    long marked;
};

/* What may be one of ours is looked at again, with what we wrote there. */
static int
judge_writes(struct filter *f, struct echo_input *in, enum echo_verdict *verdict, struct err *err)
{
    in->now = clock_now();
    if (store_facts_writes(f->o->store, f->arena, in->event, in->now - ECHO_RECENT_MS, &in->facts,
                           err) < 0)
        return -1;
    *verdict = echo_judge_writes(f->arena, in);
    return 0;
}

/* Only admitted events can be dropped: the others are data. */
static bool
can_be_dropped(struct echo_input *in)
{
    const struct event *e = in->event;
    int i;

    if (e->seq == 0 || e->account == NULL || e->n_folded > 0 || in->sync == NULL)
        return false;
    i = sync_index(in->sync, e->system);
    in->system_index = (size_t)i;
    return i >= 0;
}

/* Judges one event, of which the first facts are there. */
static int
judge(struct filter *f, struct echo_input *in, enum echo_verdict *verdict, struct err *err)
{
    const struct event *e = in->event;
    bool ours = echo_may_be_ours(e);

    *verdict = echo_judge(f->arena, in);
    if (in->facts.linked && (*verdict == ECHO_ECHO || ours) &&
        store_facts_lane(f->o->store, e->seq, &in->facts, err) < 0)
        return -1;
    if (!echo_is_certain(*verdict, &in->facts))
        *verdict = ECHO_PASS;
    return *verdict == ECHO_PASS && ours ? judge_writes(f, in, verdict, err) : 0;
}

/* The first facts of all items that can be dropped. */
static int
look_up(struct filter *f, struct err *err)
{
    const struct event *events[GROUP];
    struct facts facts[GROUP];
    size_t n = 0;

    for (size_t i = 0; i < f->n_items; i++)
        if (f->items[i].can_be_dropped)
            events[n++] = &f->items[i].event;
    if (n == 0)
        return 0;
    if (store_look(f->o->store, err) < 0 ||
        store_facts_all(f->o->store, f->arena, events, n, facts, err) < 0)
        return -1;
    n = 0;
    for (size_t i = 0; i < f->n_items; i++)
        if (f->items[i].can_be_dropped)
            f->items[i].in.facts = facts[n++];
    return 0;
}

static bool
are_alike(const struct drop *x, const struct drop *y)
{
    return x->alone && y->alone && x->disposition == y->disposition && x->reason == y->reason &&
           x->fence == y->fence && strcmp(x->pipeline, y->pipeline) == 0;
}

/* Ends N drops that are alike. */
static int
end_drops(struct filter *f, size_t first, size_t n, int64_t now, struct err *err)
{
    struct store *s = f->o->store;
    const struct drop *d = &f->drops[first];
    int rc = d->alone ? store_dispose_alone(s, &f->seqs[first], n, d->pipeline, d->fence,
                                            d->disposition, d->reason, now, err)
                      : store_dispose(s, f->seqs[first], d->pipeline, d->fence, d->disposition,
                                      d->reason, now, err);

    return rc < 0 ? -1 : 0;
}

/* Ends what was dropped since the last time, in one transaction. */
static int
settle_drops(struct filter *f, struct err *err)
{
    int64_t now = clock_now();
    size_t all = f->n_drops;

    f->n_drops = 0;
    if (all == 0 || f->o->dry_run)
        return 0;
    store_look_end(f->o->store);
    if (store_begin(f->o->store, false, err) != 0)
        return -1;
    for (size_t i = 0, n; i < all; i += n) {
        for (n = 1; i + n < all && are_alike(&f->drops[i], &f->drops[i + n]);)
            n++;
        if (end_drops(f, i, n, now, err) < 0) {
            store_abort(f->o->store);
            return -1;
        }
    }
    return store_commit(f->o->store, err);
}

static int
drop(struct filter *f, const struct echo_input *in, enum echo_verdict verdict, struct err *err)
{
    struct drop *d = &f->drops[f->n_drops];
    const struct event *e = in->event;

    if (event_split_lease(e->lease, d->pipeline, &d->fence) != 0)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-event", "bad lease \"%s\"", e->lease);
    f->seqs[f->n_drops] = e->seq;
    d->disposition = echo_disposition(verdict);
    d->reason = echo_reason(verdict);
    d->alone = in->facts.lane_idle;
    f->n_drops++;
    f->counts[verdict]++;
    if (f->o->explain)
        log_info("%s %s:%s (seq %lld): %s%s%s", e->resource, e->system, e->record_id,
                 (long long)e->seq, d->disposition, d->reason != NULL ? ", " : "",
                 d->reason != NULL ? d->reason : "");
    return f->dropped != NULL ? ndjson_put(f->dropped, e->line, e->len, err) : 0;
}

/* The line goes on with a mark, and with the write that it may be the echo of. */
static int
mark(struct filter *f, const struct echo_input *in, struct err *err)
{
    CLEANUP_BUF struct buf members = BUF_INIT;
    CLEANUP_BUF struct buf out = BUF_INIT;
    const char *id = echo_correlation(in);

    buf_text(&members, "\"maybe_echo\":true");
    if (id != NULL && in->event->sync_correlation_id == NULL) {
        buf_text(&members, ",\"sync_correlation_id\":");
        val_write_string(&members, id, strlen(id));
    }
    event_append(&out, in->event->line, in->event->len, buf_get(&members));
    f->marked++;
    return ndjson_put(f->out, buf_get(&out), out.len, err);
}

static int
refuse_line(struct filter *f, long number, const char *line, size_t len, struct err *why,
            struct err *err)
{
    err_wrap(why, "line %ld", number);
    log_err(why);
    return rejects_add(f->rejects, line, len, err);
}

/* -1 with a RECORD error: the line is refused; RUN: stop. */
static int
end_item(struct filter *f, struct item *item, struct err *err)
{
    const struct event *e = &item->event;
    enum echo_verdict verdict = ECHO_PASS;

    if (item->can_be_dropped && judge(f, &item->in, &verdict, err) != 0)
        return -1;
    if (verdict == ECHO_MAYBE)
        return mark(f, &item->in, err);
    if (verdict == ECHO_PASS)
        return ndjson_put(f->out, e->line, e->len, err);
    return drop(f, &item->in, verdict, err);
}

/* Judges the lines that wait, in their order. */
static int
end_group(struct filter *f, struct err *err)
{
    size_t n = f->n_items;

    if (n > 0 && look_up(f, err) < 0)
        return -1;
    f->n_items = f->item_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        struct item *item = &f->items[i];
        struct err why = ERR_INIT;

        if (end_item(f, item, &why) == 0)
            continue;
        if (why.scope != ERR_RECORD) {
            *err = why;
            return -1;
        }
        if (refuse_line(f, item->number, item->event.line, item->event.len, &why, err) != 0)
            return -1;
    }
    arena_reset(f->arena);
    return f->n_drops >= BATCH ? settle_drops(f, err) : 0;
}

/* One line. -1 with a RECORD error: the line is refused; RUN: stop. */
static int
take_line(struct filter *f, const char *line, size_t len, struct err *err)
{
    struct item *item = &f->items[f->n_items];

    if (f->o->store == NULL)
        return ndjson_put(f->out, line, len, err);
    *item = (struct item){.number = ndjson_line(f->in)};
    if (event_scan(f->arena, line, len, &item->event, err) != 0) {
        if (!event_is_control(line, len))
            return -1;
        return end_group(f, err) != 0 ? -1 : ndjson_put(f->out, line, len, err);
    }
    locked_see(&f->locked, &item->event);
    item->in.event = &item->event;
    item->in.sync = conf_sync(f->o->conf, item->event.resource);
    item->can_be_dropped = can_be_dropped(&item->in);
    f->item_bytes += len;
    return ++f->n_items == GROUP || f->item_bytes >= GROUP_BYTES ? end_group(f, err) : 0;
}

/* Nothing is waiting: let go of what there is. */
static int
flush(struct filter *f, struct err *err)
{
    if (settle_drops(f, err) != 0 || ndjson_flush(f->out, err) != 0)
        return -1;
    return f->dropped != NULL ? ndjson_flush(f->dropped, err) : 0;
}

/* The next line; before it waits for one, also for the rest of one, all that is held back goes. */
static int
next_line(struct filter *f, const char **line, size_t *len, struct err *why, struct err *err)
{
    int r;

    /* What is known must not be older than the line. */
    if (f->o->store != NULL && !ndjson_buffered(f->in)) {
        if (end_group(f, err) != 0) {
            *why = *err;
            return -1;
        }
        store_look_end(f->o->store);
    }
    r = ndjson_try(f->in, line, len, why);
    if (r != NDJSON_LATER)
        return r;
    if (flush(f, err) != 0) {
        *why = *err;
        return -1;
    }
    return ndjson_next(f->in, line, len, why);
}

static int
work(struct filter *f, struct err *err)
{
    const char *line;
    size_t len;
    int r;

    for (;;) {
        struct err why = ERR_INIT;

        r = next_line(f, &line, &len, &why, err);
        if (r == 0)
            return flush(f, err);
        if (r > 0)
            r = take_line(f, line, len, &why);
        else
            len = 0;
        if (r >= 0)
            continue;
        if (why.scope != ERR_RECORD) {
            *err = why;
            return -1;
        }
        if (refuse_line(f, ndjson_line(f->in), line, len, &why, err) != 0)
            return -1;
    }
}

static int
open_dropped(struct filter *f, int *fd, struct err *err)
{
    if (f->o->dropped == NULL)
        return 0;
    *fd = open(f->o->dropped, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (*fd < 0)
        return err_errno(err, "%s", f->o->dropped);
    f->dropped = ndjson_create(*fd, f->o->dropped);
    return 0;
}

int
echofilter_run(const struct echofilter_options *o, struct err *err)
{
    struct filter f = {.o = o, .locked = {.fd = STDIN_FILENO}};
    struct err late = ERR_INIT;
    int r, fd = -1;

    if (o->store != NULL)
        store_wait_on(o->store, locked_go_on, &f.locked);
    f.rejects = rejects_open(o->rejects, err);
    if (f.rejects == NULL)
        return err->status;
    f.arena = arena_new();
    f.drops = mem_alloc((BATCH + GROUP) * sizeof *f.drops);
    f.seqs = mem_alloc((BATCH + GROUP) * sizeof *f.seqs);
    f.in = ndjson_open(STDIN_FILENO, "stdin");
    ndjson_watch(f.in, STDOUT_FILENO, "stdout");
    f.out = ndjson_create(STDOUT_FILENO, "stdout");
    r = open_dropped(&f, &fd, err);
    if (r == 0)
        r = work(&f, err);
    if (ndjson_finish(f.out, r == 0 ? err : &late) != 0)
        r = -1;
    if (f.dropped != NULL && ndjson_finish(f.dropped, r == 0 ? err : &late) != 0)
        r = -1;
    if (ndjson_torn(f.in))
        log_warn("the last line has no newline and is dropped");
    log_verbose("dropped: %ld echo, %ld own-write, %ld actor, %ld stale, %ld ignored; marked: %ld",
                f.counts[ECHO_ECHO], f.counts[ECHO_OWN_WRITE], f.counts[ECHO_ACTOR],
                f.counts[ECHO_STALE], f.counts[ECHO_IGNORED], f.marked);
    if (r == 0)
        r = rejects_count(f.rejects) > 0 ? EXIT_PARTIAL : EXIT_OK;
    else
        r = err->status;
    ndjson_close(f.in);
    rejects_close(f.rejects);
    arena_free(f.arena);
    free(f.drops);
    free(f.seqs);
    if (fd >= 0)
        close(fd);
    return r;
}
