#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "crypto/digest.h"

#include <string.h>

/* A webhook as events: each item to its resource, its records, their ids. */

enum {
    MAX_EVENTS = 100000,
    MAX_COPIES = 16 << 20 /* bytes of one item's record in the events of all that it names */
};

struct mapping {
    const struct conf *conf;
    const struct conf_system *system;
    const struct event_map *map;
    const struct inbound *r;
    struct items items;
    struct scene scene; /* of the item at hand */
    size_t at;          /* which one it is */
    const char *received_at;
    size_t cap;
    struct inbound_events *out;
};

static void
add_bad(struct mapping *m, const char *code, const char *text, const struct event *e)
{
    struct inbound_bad *one = &m->out->bad[m->out->n_bad++];

    one->code = code;
    one->text = text;
    one->record = val_write_text(m->scene.arena, m->scene.item);
    one->resource = e->resource;
    one->record_id = e->record_id;
    one->account = e->account;
}

static void
add_event(struct mapping *m, const struct event *e, bool hash_id)
{
    struct inbound_events *out = m->out;

    if (out->n == m->cap) {
        size_t cap = m->cap > 0 ? 2 * m->cap : m->items.n + 1;
        struct inbound_event *events = arena_alloc(m->scene.arena, cap * sizeof *events);

        if (out->n > 0)
            memcpy(events, out->events, out->n * sizeof *events);
        out->events = events;
        m->cap = cap;
    }
    out->events[out->n++] = (struct inbound_event){*e, hash_id};
}

/* The item's id, and whether it is only a digest. */
static const char *
item_id(const struct mapping *m, bool *hash_id)
{
    struct arena *a = m->scene.arena;
    const char *id = item_joined_id(&m->scene, &m->system->definition->webhook, false), *text;
    char hex[DIGEST_HEX];

    *hash_id = id == NULL || strlen(id) > RECORD_MAX_ID - 32;
    if (*hash_id) {
        text = val_canon_text(a, m->scene.item);
        return arena_text(a, digest_hex(text, strlen(text), hex));
    }
    if (!m->map->id_per_item && m->items.n > 1)
        id = arena_printf(a, "%s#%zu", id, m->at + 1);
    return id;
}

/* The record of an item that names many is kept with each of them, but not for ever as many: they
 * are only nominated then. */
static void
shed_copies(const struct mapping *m, size_t n, struct event *e)
{
    if (n < 2 || e->fields == NULL || n <= MAX_COPIES / (m->r->body_len + 1))
        return;
    e->fields = NULL;
    e->partial = false;
}

static const char *
no_id_text(const struct mapping *m, size_t bad, size_t n)
{
    return n == 1 ? "the item has no id of a record"
                  : arena_printf(m->scene.arena, "%zu of the item's %zu ids are none of a record",
                                 bad, n);
}

/* A record that others were merged into may be told of it too: it has not vanished. */
static struct event *
drop_self(struct event *e)
{
    if (e->merged_into != NULL && strcmp(e->merged_into, e->record_id) == 0)
        e->merged_into = NULL;
    return e;
}

/* One event for each record that the item names; one reject for those of it that are none. */
static void
map_records(struct mapping *m, const struct resource_def *def, struct event *e)
{
    const struct val *ids = spot_get(&m->scene, &m->map->record_id);
    bool many = ids != NULL && ids->kind == VAL_ARRAY;
    size_t n = many ? ids->n : 1, n_bad = 0;
    bool hash_id;
    const char *id = item_id(m, &hash_id);

    webhook_event(&m->scene, m->system, def, e);
    shed_copies(m, n, e);
    for (size_t i = 0; i < n; i++) {
        struct event one = *e;

        one.record_id = val_id(many ? ids->u.items[i] : ids);
        one.event_id = n > 1 ? arena_printf(m->scene.arena, "%s#%zu", id, i + 1) : id;
        if (one.record_id == NULL || one.record_id[0] == '\0' ||
            strlen(one.record_id) > RECORD_MAX_ID)
            n_bad++;
        else
            add_event(m, drop_self(&one), hash_id);
    }
    if (n == 0)
        add_bad(m, "no-id", "the item names no record", e);
    else if (n_bad > 0)
        add_bad(m, "no-id", no_id_text(m, n_bad, n), e);
}

static bool
is_synced(const struct mapping *m, const char *resource)
{
    const struct conf_sync *sync = conf_sync(m->conf, resource);

    return sync != NULL && sync_index(sync, m->system->name) >= 0;
}

static const char *
event_type(const struct mapping *m)
{
    static const char *const words[] = {"created", "updated", "deleted", "merged",
                                        "account_active"};
    const char *word = webhook_word(&m->scene, &m->map->event_type);

    for (int i = 0; word != NULL && i < 5; i++) {
        if (strcmp(words[i], word) == 0)
            return words[i];
    }
    return NULL;
}

static void
map_item(struct mapping *m)
{
    struct event e = {
        .system = m->system->name, .account = m->system->account, .received_at = m->received_at};
    const char *account = item_account(&m->items, m->at, m->map);
    const struct resource_def *def;

    if (account != NULL && account[0] == '\0') {
        e.account = NULL;
        add_bad(m, "no-account", "the item does not say whose it is", &e);
        return;
    }
    if (account != NULL && strcmp(account, m->system->account) != 0) {
        m->out->foreign++;
        return;
    }
    e.event_type = event_type(m);
    e.resource = webhook_word(&m->scene, &m->map->resource);
    def = e.resource != NULL ? definition_resource(m->system->definition, e.resource) : NULL;
    if (e.event_type == NULL || def == NULL) {
        m->out->dropped++;
    } else if (!is_synced(m, e.resource)) {
        m->out->unsynced++;
    } else {
        e.resource = def->resource;
        map_records(m, def, &e);
    }
}

/* How many records the items name at most, so that a request cannot make more work than it is
 * long. */
static size_t
count_records(struct mapping *m)
{
    size_t n = 0;

    for (m->at = 0; m->at < m->items.n; m->at++) {
        const struct val *ids;

        m->scene.item = m->items.items[m->at];
        ids = spot_get(&m->scene, &m->map->record_id);
        n += ids != NULL && ids->kind == VAL_ARRAY ? ids->n + 1 : 1;
    }
    return n;
}

int
inbound_map(struct arena *a, const struct conf *conf, const struct conf_system *system,
            const struct inbound *r, struct inbound_events *out, struct err *err)
{
    struct mapping m = {.conf = conf,
                        .system = system,
                        .map = &system->definition->webhook.event,
                        .r = r,
                        .out = out};
    char when[CLOCK_TEXT];
    const char **accounts;
    size_t n;

    memset(out, 0, sizeof *out);
    if (items_open(a, system, r, &m.items, err) != 0 ||
        items_accounts(&m.items, m.map, &accounts, &n, err) != 0)
        return -1;
    m.scene = m.items.scene;
    if (r->received_at != 0)
        m.received_at = arena_text(a, clock_format(r->received_at, when));
    n = count_records(&m);
    if (n > MAX_EVENTS)
        return err_set(err, ERR_RECORD, ERR_NEVER, "too-many", "body: more than %d events",
                       MAX_EVENTS);
    out->bad = arena_alloc(a, (m.items.n + 1) * sizeof *out->bad);
    for (m.at = 0; m.at < m.items.n; m.at++) {
        m.scene.item = m.items.items[m.at];
        map_item(&m);
    }
    return 0;
}
