#include <config.h>

#include "diff/diff.h"
#include "diff/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "json/ndjson.h"
#include "stream/locked.h"
#include "stream/rejects.h"
#include "stream/seen.h"
#include "sync/rules_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 64, MAX_ROUNDS = 10000 };

/* The streams of one run. */
struct streams {
    struct ndjson_reader *in;
    struct ndjson_writer *out;  /* NULL with --format=human */
    struct ndjson_writer *plan; /* --plan */
    struct rejects *rejects;
    struct totals totals;
    struct seen *seen; /* links decided so far; NULL: each line is printed */
    struct locked locked;
    bool differs;
};

static int
refuse_line(struct streams *s, const char *line, size_t len, struct err *why, struct err *err)
{
    err_wrap(why, "line %ld", ndjson_line(s->in));
    log_err(why);
    return rejects_add(s->rejects, line, len, err);
}

/* Adds LINE to the batch, or refuses it. */
static int
take_line(struct diff *d, struct streams *s, const char *line, size_t len, struct item *it,
          size_t *n, struct err *err)
{
    struct err why = ERR_INIT;

    memset(it, 0, sizeof *it);
    it->line = arena_ntext(d->arena, line, len);
    it->len = len;
    it->number = ndjson_line(s->in);
    if (event_is_control(line, len)) {
        it->kind = ITEM_CONTROL;
        it->done = true;
    } else if (event_parse(d->arena, it->line, len, &it->event, &why) != 0) {
        return refuse_line(s, line, len, &why, err);
    } else {
        locked_see(&s->locked, &it->event);
    }
    ++*n;
    return 0;
}

/*
 * The next line. Only for the first of a batch it waits, and then nothing is held back; the others
 * are here as a whole, or not yet: a batch is not held up by half a line.
 */
static int
next_line(struct diff *d, struct streams *s, bool first, const char **line, size_t *len,
          struct err *err)
{
    int r = ndjson_try(s->in, line, len, err);

    if (r != NDJSON_LATER || !first)
        return r;
    cache_flush(d->cache);
    return ndjson_next(s->in, line, len, err);
}

/* What is available, at least one line. 1 a batch, 0 end of input, -1. */
static int
read_batch(struct diff *d, struct streams *s, struct item *items, size_t *n, struct err *err)
{
    const char *line;
    size_t len;
    int r;

    *n = 0;
    while (*n < BATCH) {
        struct err why = ERR_INIT;

        r = next_line(d, s, *n == 0, &line, &len, &why);
        if (r == 0 || r == NDJSON_LATER)
            break;
        if (r > 0)
            r = take_line(d, s, line, len, &items[*n], n, err);
        else if (why.scope == ERR_RECORD)
            r = refuse_line(s, "", 0, &why, err);
        else
            *err = why;
        if (r < 0)
            return -1;
    }
    return *n > 0;
}

/* All a step further. 1: some still wait for an answer, 0, -1. */
static int
step_batch(struct diff *d, struct item *items, size_t n, struct err *err)
{
    int open = 0;

    for (size_t i = 0; i < n; i++) {
        if (!items[i].done && item_step(d, &items[i], err) != 0)
            return -1;
        open |= !items[i].done;
    }
    return open;
}

/* Would somebody go on if the slow were let go? */
static bool
others_wait(const struct streams *s, const struct item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].done)
            return true;
    return ndjson_ready(s->in);
}

static int
decide_batch(struct diff *d, const struct streams *s, struct item *items, size_t n, struct err *err)
{
    int open, rounds = 0;

    while ((open = step_batch(d, items, n, err)) > 0) {
        if (++rounds > MAX_ROUNDS)
            BUG("a decision asks for ever");
        if (cache_is_late(d->cache) && others_wait(s, items, n))
            cache_give_up(d->cache);
        else if (cache_wait(d->cache, err) < 0)
            return -1;
    }
    return open;
}

static int
put(struct ndjson_writer *w, const struct buf *line, struct err *err)
{
    return ndjson_put(w, buf_get(line), line->len, err);
}

static int
write_human(const struct diff_options *o, const struct item *it, struct err *err)
{
    CLEANUP_BUF struct buf text = BUF_INIT;
    size_t done = 0;

    human_write(&text, it, o->color);
    while (done < text.len) {
        ssize_t n = write(STDOUT_FILENO, text.data + done, text.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "stdout");
        done += (size_t)n;
    }
    return 0;
}

/* Was its link shown by an earlier line? Each line of a pipe is another event, and goes on. */
static bool
is_repeated(struct streams *s, const struct item *it)
{
    struct decision dec = it->decision;

    if (dec.link == 0)
        dec.link = it->link.link_id;
    return s->seen != NULL && seen_add(s->seen, &it->event, &dec);
}

static int
write_item(struct diff *d, struct streams *s, const struct item *it, struct err *err)
{
    CLEANUP_BUF struct buf members = BUF_INIT;
    CLEANUP_BUF struct buf line = BUF_INIT;
    struct ndjson_writer *out = s->plan != NULL ? s->plan : s->out;
    bool repeated;

    if (it->kind == ITEM_CONTROL)
        return d->o->human || s->plan != NULL ? 0 : ndjson_put(out, it->line, it->len, err);
    repeated = is_repeated(s, it);
    s->differs |= item_differs(it);
    if (!repeated)
        totals_add(&s->totals, it);
    if (!repeated && d->o->human && write_human(d->o, it, err) != 0)
        return -1;
    if ((d->o->human && s->plan == NULL) || (repeated && it->event.seq == 0))
        return 0;
    decision_write_members(&members, &it->decision);
    event_extend(&line, it->line, it->len, buf_get(&members));
    return put(out, &line, err);
}

static int
work(struct diff *d, struct streams *s, struct err *err)
{
    struct item items[BATCH];
    size_t i, n;
    int r;

    while ((r = read_batch(d, s, items, &n, err)) > 0) {
        d->now = clock_now();
        if (decide_batch(d, s, items, n, err) != 0)
            return -1;
        for (i = 0; i < n; i++)
            if (write_item(d, s, &items[i], err) != 0)
                return -1;
        if (s->out != NULL && ndjson_flush(s->out, err) != 0)
            return -1;
        cache_reset(d->cache);
        arena_reset(d->arena);
    }
    return r;
}

static int
open_plan(const char *path, struct streams *s, int *fd, struct err *err)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (*fd < 0)
        return err_errno(err, "%s", path);
    s->plan = ndjson_create(*fd, path);
    return 0;
}

static void
say_plan(const char *name, const struct totals *t, long read)
{
    log_info(
        "plan %s: %ld decisions, %ld creates, %ld updates of %ld fields, %ld deletes, %ld left "
        "different, %ld for a person, %ld refused, %ld held, %ld with a record missing",
        name, t->decisions, t->creates, t->updates, t->updated_fields, t->deletes, t->diverged,
        t->conflicts, t->rejected, t->held, t->gone);
    log_info(
        "plan %s: reading took %ld calls; applying it takes %ld to look again and %ld to write",
        name, read, t->looks, t->creates + t->updates + t->deletes);
}

/* The totals are the plan's last line, and what a person sees. */
static int
end_plan(struct diff *d, struct streams *s, int fd, struct err *err)
{
    CLEANUP_BUF struct buf line = BUF_INIT;
    const struct totals *t = &s->totals;
    char rules[RULES_HASH] = "";

    if (d->o->conf != NULL)
        rules_hash(d->o->conf, rules);
    totals_write(&line, t, cache_calls(d->cache), rules);
    if (put(s->plan, &line, err) != 0)
        return -1;
    if (ndjson_finish(s->plan, err) != 0)
        return -1;
    s->plan = NULL;
    if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
        return err_errno(err, "%s", d->o->plan);
    close(fd);
    say_plan(d->o->plan, t, cache_calls(d->cache));
    return 0;
}

static int
finish(struct diff *d, struct streams *s, int plan_fd, int r, struct err *err)
{
    struct err late = ERR_INIT;

    if (r == 0 && s->plan != NULL)
        r = end_plan(d, s, plan_fd, err);
    if (s->plan != NULL)
        ndjson_finish(s->plan, &late);
    if (s->out != NULL && ndjson_finish(s->out, r == 0 ? err : &late) != 0)
        r = -1;
    if (ndjson_torn(s->in))
        log_warn("the last line has no newline and is dropped");
    return r;
}

static int
status(const struct diff_options *o, const struct streams *s)
{
    if (rejects_count(s->rejects) > 0)
        return EXIT_PARTIAL;
    return o->exit_code && s->differs ? EXIT_NO : EXIT_OK;
}

int
diff_run(const struct diff_options *o, struct err *err)
{
    struct diff d = {.o = o, .deployment = "", .now = clock_now()};
    struct streams s = {.locked = {.fd = STDIN_FILENO}};
    int r, fd = -1;

    if (o->store != NULL)
        store_wait_on(o->store, locked_go_on, &s.locked);
    s.rejects = rejects_open(o->rejects, err);
    if (s.rejects == NULL)
        return err->status;
    d.cache = cache_new(o->conf, o->meter);
    cache_tokens(d.cache, o->tokens);
    d.arena = arena_new();
    if (o->store != NULL)
        d.deployment = store_deployment(o->store);
    s.in = ndjson_open(STDIN_FILENO, "stdin");
    ndjson_watch(s.in, STDOUT_FILENO, "stdout");
    if (o->plan != NULL || (o->human && o->store != NULL)) /* without a state there are no links */
        s.seen = seen_new();
    r = o->current != NULL ? cache_load(d.cache, o->current, err) : 0;
    if (r == 0 && o->plan != NULL)
        r = open_plan(o->plan, &s, &fd, err);
    else if (r == 0 && !o->human)
        s.out = ndjson_create(STDOUT_FILENO, "stdout");
    if (r == 0)
        r = work(&d, &s, err);
    r = finish(&d, &s, fd, r, err);
    if (r == 0)
        r = status(o, &s);
    else
        r = err->status;
    ndjson_close(s.in);
    rejects_close(s.rejects);
    seen_free(s.seen);
    cache_free(d.cache);
    arena_free(d.arena);
    return r;
}
