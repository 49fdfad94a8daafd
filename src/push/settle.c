#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

/*
 * Settling needs no fsync of its own: what a power cut takes back is an intent that is `sent`
 * again, with all that came of its answer, and is found out anew. The next intents sync it to the
 * disk.
 */

/* One settlement, inside a transaction. Sets what the result line says. */
static int
settle_one(struct write *w, const char **disposition, struct err *err)
{
    int rc;

    *disposition = NULL;
    rc = store_settle(w->line->push->store, &w->settlement, clock_now(), disposition, err);
    if (rc == 0) {
        log_verbose("%s: somebody else settles intent %lld by now", line_name(w->line),
                    (long long)w->intent.token);
        w->status = "lost";
        if (w->settlement.kind == SETTLE_PART) /* nor does what is left go out */
            w->settlement.kind = SETTLE_LOST;
    }
    if (rc == 2) {
        w->settlement.kind = SETTLE_REFUSED;
        w->error.scope = "record";
        w->error.retry = "never";
        w->error.code = "linked-twice";
        w->error.text = "the record belongs to another link";
        w->status = "refused";
    }
    return rc < 0 ? -1 : 0;
}

static int
settle_alone(struct write *w, const char **disposition, struct err *err)
{
    struct push *p = w->line->push;

    if (store_begin(p->store, false, err) < 0)
        return -1;
    if (settle_one(w, disposition, err) < 0) {
        store_abort(p->store);
        return -1;
    }
    return store_commit(p->store, err);
}

/* The state cannot take this answer (two links for one record): it is refused with the reason. */
static int
settle_bad(struct write *w, const char **disposition, struct err *err)
{
    struct arena *a = w->line->arena;

    w->settlement.kind = SETTLE_REFUSED;
    w->settlement.code = w->error.code = arena_text(a, err->code);
    w->settlement.text = w->error.text = arena_text(a, err->text);
    w->settlement.stored = NULL;
    w->error.scope = "record";
    w->error.retry = "never";
    w->status = "refused";
    return settle_alone(w, disposition, err);
}

static void
say(struct write *w)
{
    struct push *p = w->line->push;

    if (w->settlement.kind == SETTLE_REFUSED || w->settlement.kind == SETTLE_UNKNOWN) {
        p->refused = true;
        log_error("%s: %s %s: %s", line_name(w->line), w->intent.action, w->intent.target,
                  w->error.text);
    } else if (w->settlement.kind != SETTLE_DONE) {
        log_verbose("%s: %s %s: %s: %s", line_name(w->line), w->intent.action, w->intent.target,
                    w->status, w->error.text);
    }
    log_progress("writes", ++p->done, 0);
}

static void
finish(struct write *w, const char *disposition)
{
    if (w->settlement.kind == SETTLE_PART) {
        refuse_go_on(w);
        return;
    }
    say(w);
    result_write(w, disposition);
    write_free(w);
}

/* All of LIST in one transaction; DISPOSITIONS in its order. */
static int
settle_together(struct push *p, struct write *list, const char **dispositions, struct err *err)
{
    if (store_begin(p->store, false, err) < 0)
        return -1;
    for (struct write *w = list; w != NULL; w = w->next) {
        if (settle_one(w, dispositions++, err) < 0) {
            store_abort(p->store);
            return -1;
        }
    }
    return store_commit(p->store, err);
}

/* One of them is bad: each by itself. */
static int
settle_each(struct write *list, const char **dispositions, struct err *err)
{
    for (struct write *w = list; w != NULL; w = w->next, dispositions++) {
        *err = (struct err)ERR_INIT;
        if (settle_alone(w, dispositions, err) < 0 &&
            (err->scope != ERR_RECORD || settle_bad(w, dispositions, err) < 0))
            return -1;
    }
    return 0;
}

int
settle_answered(struct push *p, struct err *err)
{
    struct write *list = p->answered.first;
    CLEANUP_ARENA struct arena *a = NULL;
    const char **dispositions;
    size_t n = 0;

    if (list == NULL)
        return 0;
    a = arena_new();
    for (struct write *w = list; w != NULL; w = w->next)
        n++;
    dispositions = arena_alloc(a, n * sizeof *dispositions);
    queue_init(&p->answered);
    crash_point("push.answered");
    if (settle_together(p, list, dispositions, err) < 0 &&
        (err->scope != ERR_RECORD || settle_each(list, dispositions, err) < 0))
        return -1;
    crash_point("push.settled");
    for (struct write *w = list, *next; w != NULL; w = next) {
        next = w->next;
        finish(w, *dispositions++);
    }
    return 0;
}
