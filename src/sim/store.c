#include <config.h>

#include "sim/store.h"
#include "base/mem.h"
#include "sim/shape.h"
#include "sim/jtext.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LOOKUPS = 64 };

void
store_init(struct store *s, enum ids_kind kind, uint64_t seed)
{
    *s = (struct store){.time = {.tick = 1}};
    ids_init(&s->ids, kind, seed);
}

struct collection *
store_collection(const struct store *s, const char *name)
{
    size_t i;

    for (i = 0; i < s->n; i++)
        if (strcmp(s->collections[i]->name, name) == 0)
            return s->collections[i];
    return NULL;
}

static bool
name_ok(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= 64 && name[0] != '_' && strcmp(name, "account") != 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

struct collection *
store_add_collection(struct store *s, const char *name)
{
    struct collection *c = store_collection(s, name);

    if (c != NULL)
        return c;
    if (!name_ok(name))
        return NULL;
    c = mem_alloc(sizeof *c);
    c->name = mem_text(name);
    c->last_write = INT64_MIN;
    s->collections = mem_resize(s->collections, s->n + 1, sizeof(struct collection *));
    s->collections[s->n++] = c;
    return c;
}

struct record *
store_find(const struct collection *c, const char *key)
{
    struct record *r = map_find(&c->by_key, key);

    return r != NULL && !r->now->deleted ? r : NULL;
}

static int64_t
lag(const struct store *s, bool find)
{
    int64_t ms = quirk_number(&s->quirks, QUIRK_LAG_MS);
    int64_t find_ms = quirk_number(&s->quirks, QUIRK_FIND_LAG_MS);

    return find && find_ms > ms ? find_ms : ms;
}

int64_t
store_visible_at(const struct store *s, bool find)
{
    int64_t ms = lag(s, find);

    return ms > 0 ? timeline_now(&s->time) - ms : INT64_MAX;
}

bool
store_lagging(const struct collection *c, int64_t visible_at)
{
    return c->last_write > visible_at;
}

static void
index_add(struct collection *c, struct record *r)
{
    size_t i;

    order_insert(&c->order, r);
    for (i = 0; i < c->nlookups; i++)
        lookup_add(c->lookups[i], r);
}

static void
index_remove(struct collection *c, struct record *r)
{
    size_t i;

    order_remove(&c->order, r);
    for (i = 0; i < c->nlookups; i++)
        lookup_remove(c->lookups[i], r);
}

const struct hits *
store_lookup(struct collection *c, const char *field, const char *plain)
{
    struct lookup *l;
    size_t i;

    for (i = 0; i < c->nlookups; i++)
        if (strcmp(c->lookups[i]->field, field) == 0)
            return lookup_find(c->lookups[i], plain);
    if (c->nlookups == MAX_LOOKUPS) {
        lookup_free(c->lookups[0]);
        memmove(c->lookups, c->lookups + 1, --c->nlookups * sizeof(struct lookup *));
    }
    l = lookup_new(field);
    for (i = 0; i < c->n; i++)
        if (!c->records[i]->now->deleted)
            lookup_add(l, c->records[i]);
    c->lookups = mem_resize(c->lookups, c->nlookups + 1, sizeof(struct lookup *));
    c->lookups[c->nlookups++] = l;
    return lookup_find(l, plain);
}

/* Make FIELDS (taken) the newest version of R. */
static void
push(struct store *s, struct collection *c, struct record *r, json_t *fields, bool deleted)
{
    struct version *v = mem_alloc(sizeof *v);
    int64_t now = timeline_now(&s->time);
    int64_t stamp = timeline_stamp(&s->time);
    int64_t visible_at = store_visible_at(s, true);

    if (quirk_on(&s->quirks, QUIRK_SECOND_STAMPS))
        stamp -= stamp % 1000;
    *v = (struct version){.fields = fields,
                          .updated = stamp,
                          .written = visible_at == INT64_MAX ? INT64_MIN : now,
                          .rev = r->now != NULL ? r->now->rev + 1 : 1,
                          .first = r->now == NULL,
                          .deleted = deleted};
    if (r->now == NULL)
        r->created = stamp;
    else if (!r->now->deleted)
        index_remove(c, r);
    if (v->written > c->last_write)
        c->last_write = v->written;
    record_push(r, v, visible_at);
    if (!deleted)
        index_add(c, r);
}

static struct record *
add_record(struct store *s, struct collection *c, json_t *id)
{
    struct record *r;

    if (id == NULL)
        id = ids_next(&s->ids);
    r = record_new(id, 0);
    while (map_find(&c->by_key, r->key) != NULL) {
        record_free(r);
        r = record_new(ids_next(&s->ids), 0);
    }
    if (c->n == c->cap) {
        c->cap = c->cap == 0 ? 64 : c->cap * 2;
        c->records = mem_resize(c->records, c->cap, sizeof(struct record *));
    }
    c->records[c->n++] = r;
    map_put(&c->by_key, r->key, r);
    return r;
}

/* Another record that has the same value in the field of the quirk unique. */
static struct record *
taken_by(struct store *s, struct collection *c, const struct record *self, json_t *fields)
{
    const char *field = quirk_text(&s->quirks, QUIRK_UNIQUE);
    json_t *value = field != NULL ? json_object_get(fields, field) : NULL;
    CLEANUP_BUF struct buf plain = BUF_INIT;
    const struct hits *h;
    size_t i;

    if (value == NULL || json_is_null(value))
        return NULL;
    jtext_plain(&plain, value);
    h = store_lookup(c, field, buf_get(&plain));
    for (i = 0; h != NULL && i < h->n; i++)
        if (h->items[i] != self)
            return h->items[i];
    return NULL;
}

/* Whether the quirks let SHAPED, made of FIELDS, be written. */
static bool
allowed(struct store *s, struct collection *c, struct record *self, json_t *fields, json_t *shaped,
        struct store_result *out)
{
    const char *field = shape_rejected(&s->quirks, shaped);

    if (field != NULL) {
        field = json_object_iter_key(json_object_iter_at(fields, field));
        *out = (struct store_result){STORE_REJECTED, self, field};
        return false;
    }
    out->record = taken_by(s, c, self, shaped);
    if (out->record != NULL) {
        out->status = STORE_TAKEN;
        out->field = quirk_text(&s->quirks, QUIRK_UNIQUE);
        return false;
    }
    return true;
}

struct store_result
store_create(struct store *s, struct collection *c, const char *id, json_t *fields)
{
    json_t *shaped = shape_fields(&s->quirks, fields);
    struct store_result out = {STORE_CHANGED, NULL, NULL};

    if (!allowed(s, c, NULL, fields, shaped, &out)) {
        json_decref(shaped);
        return out;
    }
    out.record = add_record(s, c, id != NULL ? json_string(id) : NULL);
    push(s, c, out.record, shaped, false);
    return out;
}

struct store_result
store_update(struct store *s, struct collection *c, struct record *r, json_t *fields)
{
    json_t *shaped = shape_fields(&s->quirks, fields);
    struct store_result out = {STORE_CHANGED, NULL, NULL};

    if (!allowed(s, c, r, fields, shaped, &out)) {
        json_decref(shaped);
        return out;
    }
    out.record = r;
    if (json_equal(shaped, r->now->fields))
        out.status = STORE_SAME;
    if (out.status == STORE_CHANGED || quirk_on(&s->quirks, QUIRK_NOOP_TOUCHES))
        push(s, c, r, shaped, false);
    else
        json_decref(shaped);
    return out;
}

void
store_delete(struct store *s, struct collection *c, struct record *r)
{
    push(s, c, r, json_incref(r->now->fields), true);
}

struct record *
store_find_deleted(const struct collection *c, const char *key)
{
    struct record *r = map_find(&c->by_key, key);

    return r != NULL && r->now->deleted ? r : NULL;
}

struct store_result
store_undelete(struct store *s, struct collection *c, struct record *r)
{
    struct store_result out = {STORE_CHANGED, r, NULL};
    struct record *other = taken_by(s, c, r, r->now->fields);

    if (other != NULL)
        return (struct store_result){STORE_TAKEN, other, quirk_text(&s->quirks, QUIRK_UNIQUE)};
    push(s, c, r, json_incref(r->now->fields), false);
    return out;
}

struct record *
store_load(struct store *s, struct collection *c, json_t *id, json_t *fields, int64_t created,
           int64_t updated, int64_t rev)
{
    struct version *v = mem_alloc(sizeof *v);
    struct record *r = add_record(s, c, id);

    *v = (struct version){.fields = json_deep_copy(fields),
                          .updated = updated,
                          .written = INT64_MIN,
                          .rev = rev,
                          .first = rev == 1 && updated == created};
    r->created = created;
    record_push(r, v, INT64_MAX);
    index_add(c, r);
    return r;
}

static void
free_collection(struct collection *c)
{
    size_t i;

    for (i = 0; i < c->nlookups; i++)
        lookup_free(c->lookups[i]);
    for (i = 0; i < c->n; i++)
        record_free(c->records[i]);
    map_release(&c->by_key);
    free(c->lookups);
    free(c->records);
    free(c->name);
    free(c);
}

void
store_release(struct store *s)
{
    size_t i;

    for (i = 0; i < s->n; i++)
        free_collection(s->collections[i]);
    free(s->collections);
    quirk_release(&s->quirks);
    *s = (struct store){.n = 0};
}
