#include <config.h>

#include "sim/record.h"
#include "base/mem.h"
#include "sim/jtext.h"

#include <stdlib.h>
#include <string.h>

struct record *
record_new(json_t *id, int64_t created)
{
    struct record *r = mem_alloc(sizeof *r);
    CLEANUP_BUF struct buf key = BUF_INIT;

    jtext_plain(&key, id);
    r->id = id;
    r->key = mem_text(buf_get(&key));
    r->created = created;
    return r;
}

struct place
record_place(const struct record *r, const struct version *v)
{
    return (struct place){v->updated, json_is_integer(r->id), json_integer_value(r->id), r->key};
}

static int
compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int
compare_ids(const struct place *a, const struct place *b)
{
    if (a->is_number != b->is_number)
        return a->is_number ? -1 : 1;
    return a->is_number ? compare(a->number, b->number) : strcmp(a->key, b->key);
}

int
place_compare(const struct place *a, const struct place *b)
{
    int c = compare(a->at, b->at);

    return c != 0 ? c : compare_ids(a, b);
}

int
record_compare_id(const struct record *a, const struct record *b)
{
    struct place pa = record_place(a, a->now);
    struct place pb = record_place(b, b->now);

    return compare_ids(&pa, &pb);
}

static void
free_versions(struct version *v)
{
    while (v != NULL) {
        struct version *older = v->older;

        json_decref(v->fields);
        free(v);
        v = older;
    }
}

void
record_push(struct record *r, struct version *v, int64_t visible_at)
{
    v->older = r->now;
    r->now = v;
    for (; v != NULL; v = v->older) {
        if (v->written <= visible_at) {
            free_versions(v->older);
            v->older = NULL;
        }
    }
}

const struct version *
record_at(const struct record *r, int64_t visible_at)
{
    const struct version *v = r->now;

    while (v != NULL && v->written > visible_at)
        v = v->older;
    return v;
}

json_t *
version_field(const struct version *v, const char *name)
{
    return json_object_get(v->fields, name);
}

bool
record_plain(const struct record *r, const struct version *v, const char *name, struct buf *out)
{
    const json_t *value = version_field(v, name);

    if (strcmp(name, "id") == 0) {
        buf_text(out, r->key);
        return true;
    }
    if (strcmp(name, "rev") == 0) {
        buf_printf(out, "%lld", (long long)v->rev);
        return true;
    }
    if (value == NULL)
        return false;
    jtext_plain(out, value);
    return true;
}

void
record_free(struct record *r)
{
    if (r == NULL)
        return;
    free_versions(r->now);
    json_decref(r->id);
    free(r->key);
    free(r);
}
