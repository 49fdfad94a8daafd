#include <config.h>

#include "sim/notice.h"
#include "base/mem.h"
#include "sim/jtext.h"
#include "sim/wire.h"

#include <stdlib.h>
#include <string.h>

/* One write; the events of it differ in what changed. */
struct notice {
    struct sim *sim;
    struct call *call;
    const struct collection *collection;
    const struct record *record;
    const struct record *into; /* of a merge, else NULL */
    const char *action;        /* static */
    int64_t at;
};

int
notice_payload_parse(const char *text, enum payload *payload)
{
    static const char *const names[] = {
        [PAYLOAD_FULL] = "full", [PAYLOAD_SKINNY] = "skinny", [PAYLOAD_PARTIAL] = "partial"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], text) == 0) {
            *payload = (enum payload)i;
            return 0;
        }
    }
    return -1;
}

static void
add_names(json_t *list, const json_t *a, const json_t *b)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)a, name, value)
    {
        json_t *other = json_object_get(b, name);

        if (other == NULL || !json_equal(value, other))
            json_array_append_new(list, json_string(name));
    }
}

/* The names of members that differ: those that are there, then those that went away. */
static json_t *
changed(const json_t *before, const json_t *after)
{
    json_t *list = json_array();
    const char *name;
    json_t *value;

    add_names(list, after, before);
    json_object_foreach((json_t *)before, name, value)
    {
        if (json_object_get(after, name) == NULL)
            json_array_append_new(list, json_string(name));
    }
    return list;
}

/* The members NAMES only; one that went away is null. */
static json_t *
some_of(const struct quirks *q, const struct version *v, const json_t *names)
{
    json_t *out = json_object();
    size_t i;

    for (i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        json_t *value = version_field(v, name);

        if (value == NULL)
            json_object_set_new(out, name, json_null());
        else
            json_object_set(out, name, value);
    }
    return wire_part(q, out);
}

static void
add_record(const struct notice *n, json_t *event, json_t *names, bool one)
{
    const struct quirks *q = &n->sim->store.quirks;
    bool partial = one || (n->sim->payload == PAYLOAD_PARTIAL && strcmp(n->action, "updated") == 0);

    if (n->record->now->deleted || n->sim->payload == PAYLOAD_SKINNY)
        return;
    if (partial)
        json_object_set_new(event, "partial", json_true());
    json_object_set_new(event, "record",
                        partial ? some_of(q, n->record->now, names)
                                : wire_whole(q, n->record, n->record->now));
}

static void
add_origin(const struct notice *n, json_t *event)
{
    const struct quirks *q = &n->sim->store.quirks;
    const char *kind = n->call->is_human ? "human" : "api";

    if (!quirk_on(q, QUIRK_WEBHOOK_NO_ACTOR))
        json_object_set_new(event, "actor",
                            json_pack("{s:s,s:s}", "kind", kind, "id",
                                      n->call->is_human ? "human" : n->sim->actor));
    if (n->call->idempotency_key != NULL && !quirk_on(q, QUIRK_WEBHOOK_NO_WRITE_ID)) {
        json_t *key = json_string(n->call->idempotency_key);

        if (key != NULL)
            json_object_set_new(event, "write_id", key);
    }
}

static json_t *
record_id(const struct notice *n, const struct record *r)
{
    const struct quirks *q = &n->sim->store.quirks;

    if (quirk_on(q, QUIRK_WEBHOOK_ID_TEXT))
        return json_string(r->key);
    return wire_own(q, r->id);
}

/* One event about the change of NAMES (taken). `one`: there are more, each about one member. */
static void
add_event(const struct notice *n, json_t *names, bool one)
{
    const struct quirks *q = &n->sim->store.quirks;
    const struct version *v = n->record->now;
    json_t *event = json_object();
    json_t *rev = json_integer(v->rev);
    long long number = ++n->sim->events;
    struct buf text = BUF_INIT;

    if (!quirk_on(q, QUIRK_WEBHOOK_NO_ID))
        json_object_set_new(event, "id", json_sprintf("evt-%lld", number));
    json_object_set_new(event, "collection", json_string(n->collection->name));
    json_object_set_new(event, "action", json_string(n->action));
    json_object_set_new(event, "record_id", record_id(n, n->record));
    if (n->into != NULL)
        json_object_set_new(event, "merged_into", record_id(n, n->into));
    if (!quirk_on(q, QUIRK_WEBHOOK_NO_TIME))
        json_object_set_new(event, "occurred_at", wire_stamp(q, n->at));
    json_object_set_new(event, "rev", wire_own(q, rev));
    add_origin(n, event);
    json_object_set(event, "changed", names);
    add_record(n, event, names, one);
    jtext_add(&text, event);
    events_add(&n->call->events, number, buf_take(&text));
    json_decref(rev);
    json_decref(names);
    json_decref(event);
}

static void
add_each(const struct notice *n, json_t *names)
{
    size_t i;

    for (i = 0; i < json_array_size(names); i++)
        add_event(n, json_pack("[O]", json_array_get(names, i)), true);
    json_decref(names);
}

void
notice_write(struct sim *s, struct call *call, const struct collection *c, const struct record *r,
             const json_t *before, bool touched)
{
    const char *action = before == NULL ? "created" : r->now->deleted ? "deleted" : "updated";
    int64_t at = touched ? r->now->updated : timeline_now(&s->store.time);
    struct notice n = {s, call, c, r, NULL, action, at};
    json_t *names;

    if (!hooks_wanted(&s->hooks) || (!touched && !quirk_on(&s->store.quirks, QUIRK_WEBHOOK_NOOP)))
        return;
    names = r->now->deleted ? json_array() : changed(before, r->now->fields);
    if (strcmp(action, "updated") == 0 && json_array_size(names) > 0 &&
        quirk_on(&s->store.quirks, QUIRK_WEBHOOK_PER_PROPERTY))
        add_each(&n, names);
    else
        add_event(&n, names, false);
}

void
notice_merge(struct sim *s, struct call *call, const struct collection *c,
             const struct record *loser, const struct record *winner)
{
    struct notice n = {s, call, c, loser, NULL, "deleted", loser->now->updated};

    if (!hooks_wanted(&s->hooks))
        return;
    if (quirk_on(&s->store.quirks, QUIRK_WEBHOOK_MERGE_DELETES))
        add_event(&n, json_array(), false);
    n.into = winner;
    n.action = "merged";
    add_event(&n, json_array(), false);
}

void
notice_send(struct sim *s, struct call *call)
{
    if (call->events.n == 0)
        return;
    if (s->sender == NULL) {
        hooks_account(&s->hooks, s->account);
        s->sender = sender_start(&s->hooks);
    }
    call->first_event = call->events.items[0].n;
    call->last_event = call->events.items[call->events.n - 1].n;
    hooks_push(&s->hooks, &s->store.quirks, &call->events, hooks_now());
}
