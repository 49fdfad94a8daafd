#include <config.h>

#include "push/internal.h"
#include "push/check.h"

#include <string.h>

static struct line *
line_new(struct push *p)
{
    struct arena *a = arena_new();
    struct line *l = arena_alloc(a, sizeof *l);

    l->push = p;
    l->arena = a;
    l->next = p->lines;
    if (l->next != NULL)
        l->next->prev = l;
    p->lines = l;
    return l;
}

void
line_free(struct line *l)
{
    if (l->pipeline[0] != '\0')
        lease_unhold(l->push, l->pipeline);
    if (l->next != NULL)
        l->next->prev = l->prev;
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        l->push->lines = l->next;
    arena_free(l->arena);
}

const char *
line_name(const struct line *l)
{
    const struct event *e = &l->event;

    if (l->number == 0)
        return arena_printf(l->arena, "%s %s:%s", e->resource, e->system, e->record_id);
    return arena_printf(l->arena, "%s %s:%s (line %ld)", e->resource, e->system, e->record_id,
                        l->number);
}

static int
parse(struct line *l, struct err *err)
{
    const struct val *all;

    if (event_parse(l->arena, l->text, l->len, &l->event, err) < 0)
        return -1;
    locked_see(&l->push->locked, &l->event);
    all = val_parse(l->arena, l->text, l->len, err);
    if (val_get(all, "writes") == NULL && val_get(all, "hold") == NULL)
        return err_set(err, ERR_RECORD, ERR_NEVER, "not-a-decision",
                       "not a decision: no writes (is sync-diff missing in the pipe?)");
    if (decision_parse(l->arena, all, &l->decision, err) < 0 ||
        check_decision(&l->push->conf, &l->event, &l->decision, &l->sync, err) < 0)
        return err_wrap(err, "%s", line_name(l));
    if (l->event.seq == 0)
        return 0;
    if (event_split_lease(l->event.lease, l->pipeline, &l->fence) < 0)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-event", "lease: not PIPELINE:FENCE");
    lease_hold(l->push, l->pipeline);
    return 0;
}

struct line *
line_parse(struct push *p, const char *text, size_t len, struct err *err)
{
    struct line *l = line_new(p);

    l->text = arena_ntext(l->arena, text, len);
    l->len = len;
    l->number = ndjson_line(p->in);
    if (parse(l, err) == 0)
        return l;
    l->pipeline[0] = '\0';
    line_free(l);
    return NULL;
}

/* The event that made the intent, as far as the state still has it. */
static int
load_event(struct line *l, const struct store_intent *intent, struct err *err)
{
    const char *payload = NULL;

    if (intent->seq != 0 && store_payload(l->push->store, l->arena, intent->seq, &payload, err) < 0)
        return -1;
    if (payload != NULL && payload[0] == '{') {
        const char *comma = payload[1] == '}' ? "" : ",";

        l->text = arena_printf(l->arena, "{\"v\":1,\"seq\":%lld%s%s", (long long)intent->seq, comma,
                               payload + 1);
    } else {
        l->text = "{\"v\":1}";
    }
    l->len = strlen(l->text);
    return 0;
}

struct line *
line_of_intent(struct push *p, const struct store_intent *intent, struct err *err)
{
    struct line *l = line_new(p);

    l->sync = conf_sync(&p->conf, intent->resource);
    l->event.resource = arena_text(l->arena, intent->resource);
    l->event.system = arena_text(l->arena, intent->target);
    l->event.record_id = arena_text(l->arena, intent->record_id != NULL ? intent->record_id : "?");
    l->event.seq = intent->seq;
    if (l->sync == NULL)
        err_set(err, ERR_RECORD, ERR_LATER, "not-synced", "%s is not in the config's sync",
                intent->resource);
    else if (load_event(l, intent, err) == 0 && line_add_write(l, intent, err) != NULL)
        return l;
    line_free(l);
    return NULL;
}

static void
copy_intent(struct arena *a, struct store_intent *to, const struct store_intent *from)
{
    *to = *from;
    to->target = arena_text(a, from->target);
    to->account = arena_text(a, from->account);
    to->resource = arena_text(a, from->resource);
    to->record_id = arena_text(a, from->record_id);
    to->external_id = arena_text(a, from->external_id);
    to->action = arena_text(a, from->action);
    to->fields = val_copy(a, from->fields);
    to->before = val_copy(a, from->before);
    to->idempotency_key = arena_text(a, from->idempotency_key);
    to->state = arena_text(a, from->state);
    to->etag = arena_text(a, from->etag);
    to->job = arena_text(a, from->job);
}

struct write *
line_add_write(struct line *l, const struct store_intent *intent, struct err *err)
{
    struct target *t = push_target(l->push, intent->target);
    int index = sync_index(l->sync, intent->target);
    struct write *w;

    if (t == NULL || index < 0) {
        err_set(err, ERR_RECORD, ERR_LATER, "not-synced",
                "%s is not among the systems of %s any more", intent->target, intent->resource);
        return NULL;
    }
    if (strcmp(t->system->account, intent->account) != 0) {
        err_set(err, ERR_RECORD, ERR_LATER, "wrong-account",
                "account %s of %s is not the config's any more", intent->account, intent->target);
        return NULL;
    }
    w = arena_alloc(l->arena, sizeof *w);
    copy_intent(l->arena, &w->intent, intent);
    w->line = l;
    w->target = t;
    w->index = (size_t)index;
    w->def = l->sync->defs[index];
    w->attempts = intent->attempts;
    w->sibling = l->writes;
    l->writes = w;
    l->open++;
    l->push->open++;
    return w;
}

void
write_free(struct write *w)
{
    struct line *l = w->line;

    w->gone = true;
    l->push->open--;
    if (w->parked)
        l->push->parked--;
    if (--l->open == 0)
        line_free(l);
}

void
queue_init(struct write_queue *q)
{
    q->first = NULL;
    q->last = &q->first;
}

void
queue_add(struct write_queue *q, struct write *w)
{
    w->next = NULL;
    *q->last = w;
    q->last = &w->next;
}

struct write *
queue_take(struct write_queue *q)
{
    struct write *w = q->first;

    if (w == NULL)
        return NULL;
    q->first = w->next;
    if (q->first == NULL)
        q->last = &q->first;
    return w;
}
