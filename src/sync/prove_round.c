#include <config.h>

#include "sync/prove_internal.h"

#include <string.h>

#include "base/mem.h"
#include "sync/compare.h"
#include "sync/decide.h"
#include "sync/internal.h"

struct prove_round {
    struct arena *a; /* owned: of one value */
    struct conf_sync sync;
    struct sync_field field;
    const struct val **now, **shadow; /* shadow NULL: no base */
    struct decide_end *ends;
    struct decision d;
};

struct prove_round *
prove_round_new(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                const size_t *systems, size_t n)
{
    struct prove_round *r = arena_alloc(a, sizeof *r);
    const struct conf_system **between = arena_alloc(a, n * sizeof *between);
    const struct resource_def **defs = arena_alloc(a, n * sizeof *defs);

    r->a = arena_new();
    r->sync = *sync;
    r->field = *field;
    r->field.create_only = false; /* its first value is what is proved */
    r->sync.fields = &r->field;
    r->sync.n_fields = 1;
    r->sync.between = between;
    r->sync.defs = defs;
    r->sync.create = arena_alloc(a, n * sizeof *r->sync.create);
    r->sync.n_between = n;
    for (size_t i = 0; i < n; i++) {
        between[i] = sync->between[systems[i]];
        defs[i] = sync->defs[systems[i]];
    }
    r->now = arena_alloc(a, n * sizeof *r->now);
    r->shadow = arena_alloc(a, n * sizeof *r->shadow);
    r->ends = arena_alloc(a, n * sizeof *r->ends);
    return r;
}

void
prove_round_free(struct prove_round *r)
{
    arena_free(r->a);
}

/* V as system I shows it after it was written there. */
static const struct val *
stored(struct prove_round *r, size_t i, const struct val *v)
{
    const struct field_map *map = resource_field(r->sync.defs[i], r->field.field->name);

    for (size_t k = 0; k < map->n_stores; k++)
        v = stores_apply(r->a, &map->stores[k], r->field.field->type, v);
    return v;
}

static const struct val *
record(struct prove_round *r, const struct val *v)
{
    struct val *fields = val_object(r->a);

    if (v == NULL)
        return NULL;
    val_set(r->a, fields, r->field.field->name, val_copy(r->a, v));
    return fields;
}

static void
look(struct prove_round *r)
{
    for (size_t i = 0; i < r->sync.n_between; i++) {
        struct decide_end *e = &r->ends[i];

        memset(e, 0, sizeof *e);
        e->state = END_LIVE;
        e->record_id = "1";
        e->fields = record(r, r->now[i]);
        e->shadow = record(r, r->shadow[i]);
        e->changed_at = e->seen_at = 1000;
        e->writable = true;
    }
}

/* What a decision does to the shadows and, as the systems store it, to the ends. */
static size_t
carry_out(struct prove_round *r)
{
    const char *name = r->field.field->name;
    size_t writes = 0;

    for (size_t k = 0; k < r->d.n_ends; k++) {
        const struct val *covered = val_get(r->d.ends[k].covered, name);

        if (covered != NULL)
            r->shadow[sync_index(&r->sync, r->d.ends[k].system)] = covered;
    }
    for (size_t k = 0; k < r->d.n_writes; k++) {
        size_t i = (size_t)sync_index(&r->sync, r->d.writes[k].target);
        const struct val *sent = val_get(r->d.writes[k].set, name);

        if (sent == NULL)
            continue;
        r->now[i] = r->shadow[i] = stored(r, i, sent);
        writes++;
    }
    return writes;
}

/* False: a word has no mapping. */
static bool
decide_for(struct prove_round *r, size_t nominator, size_t *writes)
{
    struct decide_input in = {.sync = &r->sync, .ends = r->ends, .linked = true};

    look(r);
    in.nominator = nominator;
    in.event_type = "updated";
    in.owned_by = r->sync.between[nominator]->name;
    memset(&r->d, 0, sizeof r->d);
    decide(r->a, &in, &r->d);
    if (r->d.reject_code != NULL)
        return false;
    for (size_t k = 0; k < r->d.n_rules; k++)
        if (strcmp(r->d.rules[k].rule, RULE_UNMAPPED) == 0)
            return false;
    *writes = carry_out(r);
    return true;
}

/* Some value that is another than V there. */
static const struct val *
other(struct prove_round *r, size_t i, const struct val *v)
{
    const struct val *tries[] = {val_null(r->a), val_string(r->a, "1"), val_string(r->a, "2")};

    for (size_t k = 0; k < 2; k++)
        if (!compare_same(r->a, &r->sync, &r->field, i, tries[k], v))
            return tries[k];
    return tries[2];
}

bool
prove_may_write(const struct conf_sync *sync, const struct sync_field *field, size_t i)
{
    return field->owner.kind != OWNER_SYSTEM || field->owner.system == sync->between[i];
}

/* Says end I what it has, as news: what it was before is something else. */
static bool
speak(struct prove_round *r, size_t i, size_t *writes)
{
    *writes = 0;
    if (r->field.owner.kind == OWNER_CREATOR || !prove_may_write(&r->sync, &r->field, i))
        return true;
    r->shadow[i] = other(r, i, r->now[i]);
    return decide_for(r, i, writes);
}

/* All agree on something that V is not, so that V is an edit. */
static void
prepare(struct prove_round *r, size_t start, const struct val *v)
{
    size_t writes;

    for (size_t i = 0; i < r->sync.n_between; i++)
        r->now[i] = r->shadow[i] = val_null(r->a);
    if (!compare_empty(v) || r->field.values != NULL)
        return;
    r->now[start] = stored(r, start, val_string(r->a, "1"));
    decide_for(r, start, &writes);
}

static bool
takes(const struct prove_round *r, size_t i)
{
    return !resource_field(r->sync.defs[i], r->field.field->name)->read_only;
}

/* The first end that does not hold what START has; START if all do. */
static size_t
apart(struct prove_round *r, size_t start)
{
    for (size_t k = 1; k < r->sync.n_between; k++) {
        size_t i = (start + k) % r->sync.n_between;

        if (takes(r, i) &&
            !compare_equal(r->a, &r->sync, &r->field, start, r->now[start], i, r->now[i]))
            return i;
    }
    return start;
}

static bool
any_takes(const struct prove_round *r, size_t start)
{
    for (size_t i = 0; i < r->sync.n_between; i++)
        if (i != start && takes(r, i))
            return true;
    return false;
}

enum prove_outcome
prove_round(struct prove_round *r, size_t start, const struct val *v, size_t *at,
            const struct val **becomes, bool *back)
{
    const struct val *first;
    size_t n = r->sync.n_between, writes, again = 0;

    arena_reset(r->a);
    if (!any_takes(r, start))
        return PROVE_NO_EDIT;
    prepare(r, start, v);
    r->now[start] = first = stored(r, start, v);
    if (!decide_for(r, start, &writes))
        return PROVE_NO_EDIT;
    *at = apart(r, start);
    *becomes = r->now[*at];
    for (size_t k = 1; k < n; k++) {
        if (!speak(r, (start + k) % n, &writes))
            return PROVE_NO_EDIT;
        again += writes;
    }
    *back = !compare_same(r->a, &r->sync, &r->field, start, first, r->now[start]);
    if (*back)
        *becomes = r->now[start];
    for (size_t i = 0; i < n; i++)
        r->shadow[i] = NULL;
    if (!decide_for(r, start, &writes))
        return PROVE_NO_EDIT;
    return *at != start || again + writes > 0 || *back ? PROVE_UNSETTLED : PROVE_SETTLES;
}
