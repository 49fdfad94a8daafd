#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CANARY_MS = 60000 }; /* what is behind the canary waits so long, for an emitter to end */

struct batch {
    struct line *lines[PUSH_MAX_LINES];
    size_t n;
    size_t writes;
};

/* ---- reading ---- */

static void
refuse_text(struct push *p, const char *text, size_t len, const struct err *why)
{
    struct err err = ERR_INIT;

    p->refused = true;
    log_err(why);
    if (rejects_add(p->rejects, text, len, &err) < 0)
        push_fail(p, &err);
}

static void
refuse_line(struct push *p, const char *text, size_t len, struct err *why)
{
    if (strstr(why->text, "(line ") == NULL)
        err_wrap(why, "line %ld", ndjson_line(p->in));
    refuse_text(p, text, len, why);
}

/* False: nothing whole is here yet. */
static bool
read_line(struct push *p, struct batch *b)
{
    struct err err = ERR_INIT;
    const char *text = NULL;
    size_t len = 0;
    struct line *l;
    int rc = ndjson_try(p->in, &text, &len, &err);

    if (rc == NDJSON_LATER)
        return false;
    if (rc == 0) {
        p->ended = true;
        if (ndjson_torn(p->in))
            log_warn("the last line has no newline and is dropped");
    } else if (rc < 0 && err.scope == ERR_RECORD) {
        refuse_line(p, "", 0, &err);
    } else if (rc < 0) {
        push_fail(p, &err);
    } else if (event_is_control(text, len)) {
        p->bounded = true;
        result_control(p, text, len);
    } else if (p->o->plan == NULL || !plan_is_total(text, len)) {
        l = line_parse(p, text, len, &err);
        if (l == NULL) {
            refuse_line(p, text, len, &err);
            return true;
        }
        b->lines[b->n++] = l;
        b->writes += l->decision.n_writes;
    }
    return true;
}

/* Of a plan with --canary no more is looked at again than may be applied. */
static size_t
most_lines(const struct push *p)
{
    long left = p->o->canary - p->canary_done;

    if (p->o->plan == NULL || p->o->dry_run || left <= 0 || left > PUSH_MAX_LINES)
        return PUSH_MAX_LINES;
    return (size_t)left;
}

static void
read_batch(struct push *p, struct batch *b)
{
    int64_t until = clock_boot() + PUSH_BATCH_MS;
    size_t most = most_lines(p);

    while (!p->ended && b->n < most && p->open - p->parked + b->writes < PUSH_MAX_WRITES &&
           clock_boot() <= until)
        if (!read_line(p, b))
            return;
}

/* ---- deciding, inside the transaction ---- */

static const char **
withheld_names(const struct line *l)
{
    const char **names = arena_alloc(l->arena, (l->n_withheld + 1) * sizeof *names);

    for (size_t i = 0; i < l->n_withheld; i++)
        names[i] = l->withheld[i].target;
    return names;
}

static int
reject_event(struct line *l, struct err *err)
{
    const struct event *e = &l->event;
    const struct store_reject r = {.stage = "push",
                                   .system = e->system,
                                   .account = e->account,
                                   .resource = e->resource,
                                   .record_id = e->record_id,
                                   .code = l->err.code,
                                   .text = l->err.text,
                                   .record = l->text};

    if (e->seq == 0)
        return 0;
    return store_reject(l->push->store, e->seq, l->pipeline, l->fence, &r, clock_now(), err) < 0
               ? -1
               : 0;
}

/* The stopped run, for the lines of this batch that come after. */
static void
stop(struct line *l)
{
    struct push *p = l->push;

    p->stopped = p->stopped_batch = true;
    p->bounded = p->bounded || l->event.seq == 0 || l->event.run != NULL;
    snprintf(p->stopped_run, sizeof p->stopped_run, "%s", l->event.run != NULL ? l->event.run : "");
    guard_forget(p);
}

/* Of lines made by hand: what they have had of the limits. */
static struct store_tally *
tally_of(const struct line *l)
{
    const struct push *p = l->push;

    return l->event.seq != 0 || l->sync == NULL ? NULL : &p->tallies[l->sync - p->conf.syncs];
}

/* A record that is not there is said once, not at each event of its link. */
static int
see_gone(struct line *l, struct err *err)
{
    struct store_gone *known = NULL;
    int n = -1;

    for (size_t i = 0; i < l->decision.n_ends && l->decision.link != 0; i++) {
        const struct decision_end *e = &l->decision.ends[i];
        bool news = true;

        if (e->record_id == NULL || e->state == NULL || strcmp(e->state, "gone") != 0)
            continue;
        if (n < 0)
            n = store_gone(l->push->store, l->arena, l->decision.link, l->decision.n_ends, &known,
                           err);
        if (n < 0)
            return -1;
        for (int k = 0; k < n; k++)
            news = news && strcmp(known[k].system, e->system) != 0;
        if (news)
            l->gone = e;
    }
    return 0;
}

static void
say_gone(const struct line *l)
{
    if (l->gone == NULL || l->outcome != STORE_COMMITTED)
        return;
    log_warn("%s %s:%s is not there, and nobody said that it was deleted", l->event.resource,
             l->gone->system, l->gone->record_id);
    log_info("look: sync-ctl why %s %s:%s", l->event.resource, l->gone->system, l->gone->record_id);
}

static int
decide_line(struct line *l, struct err *err)
{
    struct push *p = l->push;
    struct store_commit c = {.event = &l->event,
                             .pipeline = l->pipeline,
                             .fence = l->fence,
                             .decision = &l->decision,
                             .conf = &p->conf,
                             .owner = p->owner,
                             .limits_lifted = p->o->yes,
                             .tally = tally_of(l),
                             .max_deletes = p->o->max_deletes >= 0 ? &p->max_deletes : NULL,
                             .withheld = withheld_names(l),
                             .n_withheld = l->n_withheld,
                             .withheld_until = guard_until(l)};
    int rc;

    l->intents = arena_alloc(l->arena, (l->decision.n_writes + 1) * sizeof *l->intents);
    l->err = (struct err)ERR_INIT;
    if (see_gone(l, err) < 0)
        return -1;
    rc = store_decide(p->store, l->arena, &c, clock_now(), l->intents, &l->n_intents,
                      &l->disposition, &l->err);
    if (rc < 0 && l->err.scope == ERR_RECORD) {
        l->fate = LINE_BAD;
        return reject_event(l, err);
    }
    if (rc < 0) {
        *err = l->err;
        return -1;
    }
    l->outcome = (enum store_outcome)rc;
    if (l->outcome == STORE_STOPPED)
        stop(l);
    if (l->n_intents > 0)
        p->canary_done++;
    return 0;
}

/* A line of a plan that does not fit any more is refused, and nobody is asked to decide it anew. */
static int
apply_planned(struct line *l, struct err *err)
{
    int rc = plan_check(l, err);

    if (rc == 0 && l->fate == LINE_REPEATED)
        return hold_back(l, 0, "plan", err);
    return rc == 1 ? decide_line(l, err) : rc;
}

static int
apply_line(struct line *l, struct err *err)
{
    if (l->fate == LINE_HELD)
        return 0;
    if (hold_canary(l)) {
        l->fate = LINE_RETURNED;
        return hold_back(l, clock_now() + CANARY_MS, "canary", err);
    }
    if (guard_is_stopped(l)) {
        l->fate = LINE_RETURNED;
        return hold_back(l, 0, "limit", err);
    }
    if (hold_deletes(l, err) < 0)
        return -1;
    if (l->fate == LINE_HELD)
        return 0;
    return l->push->o->plan != NULL ? apply_planned(l, err) : decide_line(l, err);
}

/*
 * Inside the transaction, so that a pause that is made or lifted meanwhile comes before or after
 * all of it: what was owed for a pause that is lifted by now would wait a minute for nothing.
 */
static int
guard_batch(struct push *p, struct batch *b, struct err *err)
{
    guard_forget(p);
    for (size_t i = 0; i < b->n; i++)
        if (guard_line(b->lines[i], err) < 0)
            return -1;
    return 0;
}

static int
apply_batch(struct push *p, struct batch *b, struct err *err)
{
    guard_forget(p);
    for (size_t i = 0; i < b->n; i++)
        if (hold_decision(b->lines[i], err) < 0)
            return -1;
    if (guard_batch(p, b, err) < 0)
        return -1;
    for (size_t i = 0; i < b->n; i++)
        if (apply_line(b->lines[i], err) < 0)
            return -1;
    return 0;
}

static int
commit_batch(struct push *p, struct batch *b, struct err *err)
{
    if (store_begin(p->store, true, err) < 0)
        return -1;
    if (apply_batch(p, b, err) < 0) {
        store_abort(p->store);
        return -1;
    }
    if (store_commit(p->store, err) < 0)
        return -1;
    crash_point("push.decided");
    return 0;
}

/* ---- afterwards ---- */

void
batch_moved(struct line *l)
{
    if (l->push->o->plan == NULL) {
        log_verbose("%s: %s", line_name(l),
                    l->outcome == STORE_MOVED ? "its link moved on; decided anew"
                                              : "somebody else's by now");
        return;
    }
    plan_moved(l);
    batch_refused(l);
}

void
batch_refused(struct line *l)
{
    refuse_text(l->push, l->text, l->len, &l->err);
}

static void
say_stopped(struct line *l)
{
    const char *run = l->event.run;

    if (l->err.code[0] == '\0')
        err_set(&l->err, ERR_RUN, ERR_NEVER, "limit", "a limit of this run is reached");
    err_wrap(&l->err, "%s%s: stopped", run == NULL && l->event.seq != 0 ? "incident: " : "",
             line_name(l));
    if (l->err.hint[0] == '\0')
        err_hint(&l->err,
                 "look at what it would do with sync-push -n%s%s; --yes lifts the limits once",
                 run != NULL ? ", run " : "", run != NULL ? run : "");
    log_err(&l->err);
}

/* sync-diff refused the event; the transaction disposed of it. */
static void
say_rejected(struct line *l)
{
    const struct decision *d = &l->decision;

    err_set(&l->err, ERR_RECORD, ERR_NEVER, d->reject_code, "%s: %s", line_name(l),
            d->text != NULL ? d->text : d->reject_code);
    batch_refused(l);
}

/* Committed: its writes go out. */
static void
start_writes(struct line *l)
{
    struct push *p = l->push;
    struct err err = ERR_INIT;

    if (l->decision.reject_code != NULL)
        say_rejected(l);
    say_gone(l);
    result_decision(l);
    l->open++; /* keeps the line while its writes are made */
    for (size_t i = 0; i < l->n_intents; i++) {
        struct write *w = line_add_write(l, &l->intents[i], &err);

        if (w == NULL)
            BUG("an intent for a target that was not asked for");
        send_add(w);
    }
    if (--l->open == 0)
        line_free(l);
    else
        log_progress("decided", ndjson_line(p->in), 0);
}

static void
finish_line(struct line *l)
{
    if (l->fate == LINE_BAD) {
        err_wrap(&l->err, "%s", line_name(l));
        batch_refused(l);
    } else if (l->fate == LINE_REFUSED) {
        batch_refused(l);
    } else if (l->fate == LINE_HELD) {
        hold_say(l);
    } else if (l->fate == LINE_DECIDED && l->outcome == STORE_COMMITTED) {
        start_writes(l);
        return;
    } else if (l->fate == LINE_DECIDED && l->outcome == STORE_STOPPED) {
        say_stopped(l);
    } else if (l->fate == LINE_DECIDED) {
        batch_moved(l);
    }
    line_free(l);
}

static void
drop_batch(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        line_free(b->lines[i]);
}

static int
preview_batch(struct push *p, struct batch *b, struct err *err)
{
    int rc = guard_batch(p, b, err);

    for (size_t i = 0; i < b->n; i++) {
        if (rc == 0)
            rc = preview_line(b->lines[i], err);
        if (b->lines[i]->open == 0)
            line_free(b->lines[i]);
    }
    return rc;
}

/* The lines of a plan wait until what they write was looked at again. */
static bool
is_looked_at(const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->lines[i]->looks > 0)
            return false;
    return true;
}

/* The next batch: 1, 0 not yet, -1. */
static int
take_batch(struct push *p, struct batch *b, struct err *err)
{
    if (p->waiting != NULL) {
        if (!is_looked_at(p->waiting))
            return 0;
        *b = *p->waiting;
        free(p->waiting);
        p->waiting = NULL;
        return 1;
    }
    b->n = b->writes = 0;
    read_batch(p, b);
    if (p->o->plan == NULL || p->o->dry_run || b->n == 0 ||
        (p->o->canary >= 0 && p->canary_done >= p->o->canary))
        return 1;
    for (size_t i = 0; i < b->n; i++)
        if (fresh_look(b->lines[i], err) < 0)
            return -1;
    if (is_looked_at(b))
        return 1;
    p->waiting = mem_alloc(sizeof *b);
    *p->waiting = *b;
    return 0;
}

int
batch_run(struct push *p, struct err *err)
{
    struct batch b;
    int rc = take_batch(p, &b, err);

    if (rc <= 0)
        return rc;
    p->stopped_batch = false;
    if (p->o->dry_run && b.n > 0 && preview_batch(p, &b, err) < 0)
        return -1;
    if (p->o->dry_run && (p->ended || !ndjson_ready(p->in)))
        preview_flush(p);
    if (b.n == 0 || p->o->dry_run)
        return 0;
    if (commit_batch(p, &b, err) < 0) {
        drop_batch(&b);
        return -1;
    }
    for (size_t i = 0; i < b.n; i++)
        finish_line(b.lines[i]);
    return 0;
}
