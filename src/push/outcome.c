#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/log.h"

#include <string.h>

enum { RETRY_MS = 30000, AUTH_MS = 5 * 60000, PAUSED_AGAIN_MS = 60000 };

/* ---- settlements ---- */

static void
settle(struct write *w, enum settle_kind kind, const char *status, const struct provider_answer *a)
{
    struct arena *arena = w->line->arena;
    struct store_settlement *s = &w->settlement;

    s->token = w->intent.token;
    s->owner = w->line->push->owner;
    s->kind = kind;
    if (w->n_stored > 0) { /* of some fields an answer is known */
        s->not_applied = false;
        s->maybe_applied = kind == SETTLE_RETRY;
    }
    if (a != NULL) {
        s->http_status = a->status;
        s->response = arena_text(arena, a->text);
    }
    s->map_hash = w->line->sync->map_hash;
    s->code = w->error.code;
    s->text = w->error.text;
    w->status = status;
    queue_add(&w->line->push->answered, w);
}

static void
blame(struct write *w, const char *scope, const char *retry, const struct provider_answer *a,
      const char *code, const char *text)
{
    struct arena *arena = w->line->arena;

    w->error.scope = scope;
    w->error.retry = retry;
    w->error.code = arena_text(arena, a != NULL && a->code != NULL ? a->code : code);
    w->error.text = arena_text(arena, a != NULL && a->text != NULL ? a->text : text);
}

/* Did the create, or the look-up, give a record that is another link's? It was there before. */
static bool
is_linked_twice(const struct write *w, const struct provider_record *r)
{
    struct line *l = w->line;
    struct store_link link;
    struct err err = ERR_INIT;

    if (r == NULL || r->id == NULL || strcmp(w->intent.action, "create") != 0)
        return false;
    return store_find_link(l->push->store, l->arena, w->intent.resource, w->intent.target,
                           w->intent.account, r->id, &link, &err) == 1 &&
           !link.ended && link.link_id != w->intent.link_id;
}

static void
refuse_twice(struct write *w, const struct provider_answer *a, const struct provider_record *r)
{
    w->error.scope = "record";
    w->error.retry = "never";
    w->error.code = "linked-twice";
    w->error.text = arena_printf(w->line->arena, "%s %s:%s belongs to another link",
                                 w->intent.resource, w->intent.target, r->id);
    settle(w, SETTLE_REFUSED, "refused", a);
}

void
outcome_done(struct write *w, const struct provider_answer *a, const struct provider_record *r)
{
    struct arena *arena = w->line->arena;
    struct store_settlement *s = &w->settlement;

    loss_forget(&w->line->push->losses, w->intent.link_id, w->target);
    if (is_linked_twice(w, r)) {
        refuse_twice(w, a, r);
        return;
    }
    w->error.code = w->part_code;
    if (w->part_code != NULL) {
        w->error.scope = "record";
        w->error.retry = "never";
        w->error.text = w->part_text;
    }
    s->record_id = w->created_id != NULL ? w->created_id : w->intent.record_id;
    if (r != NULL && strcmp(w->intent.action, "create") == 0)
        s->record_id = arena_text(arena, r->id);
    if (a != NULL && r != NULL)
        s->odd = odd_fields(w, r);
    if (r != NULL && r->fields != NULL) {
        s->stored = val_copy(arena, r->fields);
        s->stored_whole = true;
        s->version = arena_text(arena, r->version);
        s->etag = arena_text(arena, r->etag);
    } else {
        s->stored = w->intent.fields;
    }
    settle(w, SETTLE_DONE, "done", a);
}

void
outcome_refused(struct write *w, const struct provider_answer *a)
{
    if (a != NULL || w->error.code == NULL)
        blame(w, "record", "never", a, "refused", "refused");
    settle(w, SETTLE_REFUSED, "refused", a);
}

void
outcome_part(struct write *w, const struct provider_answer *a, const struct val *names,
             const char *key)
{
    blame(w, "record", "never", a, "refused", "refused");
    w->settlement.refused = names;
    w->settlement.idempotency_key = key;
    w->settlement.partly = w->n_stored > 0;
    settle(w, SETTLE_PART, "refused", a);
}

void
outcome_retry(struct write *w, const struct provider_answer *a, int64_t not_before)
{
    blame(w, a != NULL ? "system" : "record", "later", a, "not-there",
          "not there; created anew later");
    w->settlement.not_before = not_before;
    settle(w, SETTLE_RETRY, "retry", a);
}

void
outcome_paused(struct write *w, const struct store_pause *pause)
{
    int64_t now = clock_now();

    blame(w, "record", "later", NULL, "paused", pause->reason);
    w->settlement.not_before = pause->until > now ? pause->until : now + PAUSED_AGAIN_MS;
    settle(w, SETTLE_RETRY, "retry", NULL);
}

void
outcome_unknown(struct write *w, const struct provider_answer *a, const char *text)
{
    blame(w, "record", "never", NULL, "outcome-unknown", text);
    settle(w, SETTLE_UNKNOWN, "unknown", a);
}

/* How many losses in a row it is, with this one. */
static int
count_loss(const struct write *w)
{
    return loss_count(&w->line->push->losses, w->intent.link_id, w->target, clock_boot());
}

/* The fields are owed, and decided anew when they are due. */
static void
wait_longer(struct write *w, const struct provider_answer *a, int n)
{
    outcome_retry(w, a, clock_now() + loss_wait(n));
}

/* An update without an answer is decided anew at once, the first time. */
void
outcome_lost(struct write *w, const struct provider_answer *a)
{
    int n = count_loss(w);

    if (n > 1) {
        w->settlement.maybe_applied = true;
        wait_longer(w, a, n);
        return;
    }
    blame(w, "record", "now", a, "lost", "no answer is known");
    settle(w, SETTLE_LOST, "lost", a);
}

void
outcome_auth(struct target *t, const struct provider_answer *a)
{
    guard_close(t, clock_now() + AUTH_MS, "the system refuses our credentials");
    if (t->auth_said)
        return;
    t->auth_said = true;
    log_error("%s: the system refuses us: %s", t->system->name,
              a->text != NULL ? a->text : "credentials");
}

void
outcome_accepted(struct target *t)
{
    if (t->auth_said)
        log_info("%s: the system takes our credentials again", t->system->name);
    if (t->away_said)
        log_info("%s can be reached again", t->system->name);
    t->auth_said = t->away_said = false;
}

/* ---- answers ---- */

static bool
is_create(const struct write *w)
{
    return strcmp(w->intent.action, "create") == 0;
}

static void
limited(struct write *w, const struct provider_answer *a)
{
    int64_t until = a->not_before > clock_now() ? a->not_before : clock_now() + RETRY_MS;

    guard_close(w->target, until, "the system's limit is reached");
    outcome_retry(w, a, until);
}

static void
not_sent(struct write *w, const struct provider_answer *a)
{
    int64_t until = clock_now() + RETRY_MS;

    guard_close(w->target, until, "the system cannot be reached");
    if (!w->target->away_said)
        log_warn("%s cannot be reached: %s; what it is owed is tried again",
                 w->target->system->name, a->text != NULL ? a->text : "no connection");
    w->target->away_said = true;
    outcome_retry(w, a, until);
}

static bool
is_delete(const struct write *w)
{
    return strcmp(w->intent.action, "delete") == 0;
}

/*
 * The record has moved on, however often it says so: a precondition did not hold. Else it is the
 * value that is not taken.
 */
static bool
is_stale(const struct write *w, const struct provider_answer *a)
{
    return a->status == 412 || w->intent.etag != NULL;
}

/* An edit came first: whether it survives the delete is decided anew, from what is there now. */
static void
conflicting_delete(struct write *w, const struct provider_answer *a)
{
    int n = count_loss(w);

    if (n == 1)
        outcome_retry(w, a, clock_now());
    else if (is_stale(w, a))
        wait_longer(w, a, n);
    else
        outcome_refused(w, a);
}

static void
conflicting_update(struct write *w, const struct provider_answer *a)
{
    int n = count_loss(w);

    if (n == 1) {
        blame(w, "record", "now", a, "conflict", "somebody was faster");
        w->settlement.not_applied = true;
        settle(w, SETTLE_LOST, "lost", a);
    } else if (is_stale(w, a)) {
        wait_longer(w, a, n);
    } else if (!refuse_part(w, a)) {
        outcome_refused(w, a);
    }
}

static void
refused_us(struct write *w, const struct provider_answer *a)
{
    outcome_auth(w->target, a);
    outcome_retry(w, a, clock_now() + AUTH_MS);
}

/*
 * The record was there when it was decided, so what is there now is looked at. Is it shown all the
 * same, that may be an older state (`lag` of get), or it is a refusal.
 */
static void
vanished(struct write *w, const struct provider_answer *a)
{
    int n = count_loss(w);

    if (n == 1) {
        blame(w, "record", "now", a, "gone", "the record is not there");
        w->settlement.not_applied = true;
        settle(w, SETTLE_LOST, "lost", a);
    } else if (w->def->get.lag_ms > 0) {
        wait_longer(w, a, n);
    } else if (a->status == 401 || a->status == 403) {
        refused_us(w, a);
    } else {
        outcome_refused(w, a);
    }
}

static void
conflict(struct write *w, const struct provider_answer *a)
{
    if (is_delete(w)) {
        conflicting_delete(w, a);
        return;
    }
    if (!is_create(w)) {
        conflicting_update(w, a);
        return;
    }
    blame(w, "record", "never", a, "conflict", "there is such a record already");
    w->conflict = true;
    w->settlement.http_status = a->status;
    lookup_start(w);
}

static void
unanswered(struct write *w, const struct provider_answer *a)
{
    if (!is_create(w)) {
        outcome_lost(w, a);
        return;
    }
    blame(w, "record", "now", a, "lost", "no answer is known");
    w->settlement.http_status = a->status;
    w->created_id = arena_text(w->line->arena, a->id);
    lookup_start(w);
}

void
outcome_take(struct write *w, const struct provider_answer *a)
{
    switch (a->outcome) {
    case PROVIDER_OK:
        outcome_accepted(w->target);
        if (is_create(w) && (a->n_records == 0 || a->records[0].id == NULL))
            unanswered(w, a);
        else if (!refuse_next(w, a))
            outcome_done(w, a, a->n_records > 0 ? &a->records[0] : NULL);
        return;
    case PROVIDER_LIMITED:
        limited(w, a);
        return;
    case PROVIDER_NOT_SENT:
        not_sent(w, a);
        return;
    case PROVIDER_CONFLICT:
        conflict(w, a);
        return;
    case PROVIDER_REFUSED:
        if (!refuse_part(w, a))
            outcome_refused(w, a);
        return;
    case PROVIDER_AUTH:
        refused_us(w, a);
        return;
    case PROVIDER_GONE:
        if (is_delete(w))
            outcome_done(w, a, NULL);
        else if (is_create(w))
            unanswered(w, a);
        else
            vanished(w, a);
        return;
    case PROVIDER_LOST:
    case PROVIDER_BROKEN:
        unanswered(w, a);
        return;
    }
    BUG("an outcome that is none");
}
