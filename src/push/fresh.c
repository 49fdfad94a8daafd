#include <config.h>

#include "push/internal.h"
#include "base/crash.h"
#include "sync/compare.h"
#include "sync/match.h"

#include <string.h>

/*
 * A plan may be days old when it is applied, and a person look at it for an hour. So what it writes
 * is looked at once more, just before (DESIGN.md section 6: an end that is written is always read
 * fresh). A batch's reads go out together; the line then waits for all of its own.
 */
enum { MAX_KNOWN = 16 }; /* records with a match key that the state knows; more are no match key */

struct look {
    struct line *line;
    const struct decision_write *write;
    size_t at; /* index of the target */
};

static void
say_moved(struct line *l, const char *text)
{
    if (l->moved == NULL)
        l->moved = text;
}

/* ---- what is written ---- */

static const struct decision_end *
end_of(const struct line *l, const struct decision_write *w)
{
    for (size_t i = 0; i < l->decision.n_ends; i++)
        if (strcmp(l->decision.ends[i].system, w->target) == 0)
            return &l->decision.ends[i];
    return NULL;
}

/* What the plan saw there; NULL: it does not say. */
static const struct val *
planned_value(const struct line *l, const struct decision_write *w, const char *field)
{
    const struct decision_end *e = end_of(l, w);
    const struct val *v = e != NULL ? val_get(e->covered, field) : NULL;

    return v != NULL ? v : val_get(w->before, field);
}

const char *
fresh_differs(const struct line *l, const struct decision_write *w, const struct provider_record *r)
{
    size_t at = (size_t)sync_index(l->sync, w->target);

    for (size_t k = 0; k < l->sync->n_fields; k++) {
        const struct sync_field *f = &l->sync->fields[k];
        const char *name = f->field->name;
        const struct val *was = planned_value(l, w, name);

        if (was != NULL && resource_field(l->sync->defs[at], name) != NULL &&
            !compare_same(l->arena, l->sync, f, at, val_get(r->fields, name), was))
            return name;
    }
    return NULL;
}

/* Its next write is guarded by what it shows now: what moved the etag alone is no reason. */
static void
guard_write(struct line *l, const struct decision_write *w, const char *etag)
{
    for (size_t i = 0; i < l->decision.n_writes; i++)
        if (&l->decision.writes[i] == w && w->etag != NULL && etag != NULL)
            l->decision.writes[i].etag = arena_text(l->arena, etag);
}

static void
compare(struct look *k, const struct provider_answer *a)
{
    struct line *l = k->line;
    const struct decision_write *w = k->write;
    const char *field;

    if (a->outcome == PROVIDER_GONE || a->n_records == 0) {
        say_moved(l, arena_printf(l->arena, "%s:%s is not there any more", w->target,
                                  w->target_record_id));
        return;
    }
    field = fresh_differs(l, w, &a->records[0]);
    if (field != NULL)
        say_moved(l, arena_printf(l->arena, "%s of %s:%s is another now", field, w->target,
                                  w->target_record_id));
    else
        guard_write(l, w, a->records[0].etag);
}

/* ---- what is made ---- */

bool
fresh_is_it(const struct line *l, const struct decision_write *w, const struct provider_record *r)
{
    size_t at = (size_t)sync_index(l->sync, w->target);

    if (r->id == NULL)
        return false;
    if (r->external_id != NULL && w->external_id != NULL &&
        strcmp(r->external_id, w->external_id) == 0)
        return true;
    return match_confirms(l->arena, l->sync, at, w->set, at, r->fields);
}

static void
seek(struct look *k, const struct provider_answer *a)
{
    struct line *l = k->line;

    for (size_t i = 0; i < a->n_records; i++)
        if (fresh_is_it(l, k->write, &a->records[i]))
            say_moved(l, arena_printf(l->arena, "%s:%s is there now and matches", k->write->target,
                                      a->records[i].id));
}

/* ---- asking ---- */

static void
looked(void *user, const struct provider_answer *a)
{
    struct look *k = user;
    struct line *l = k->line;

    l->push->looking--;
    l->looks--;
    crash_point("push.plan-looked");
    if (a->outcome == PROVIDER_AUTH)
        outcome_auth(push_target(l->push, k->write->target), a);
    if (a->outcome != PROVIDER_OK && a->outcome != PROVIDER_GONE)
        l->unseen = arena_printf(l->arena, "cannot look at %s: %s", k->write->target,
                                 a->text != NULL ? a->text : "no answer");
    else if (strcmp(k->write->action, "create") == 0)
        seek(k, a);
    else
        compare(k, a);
}

static struct look *
look_new(struct line *l, const struct decision_write *w)
{
    struct look *k = arena_alloc(l->arena, sizeof *k);

    *k = (struct look){l, w, (size_t)sync_index(l->sync, w->target)};
    l->looks++;
    l->push->looking++;
    return k;
}

static void
get(struct line *l, const struct decision_write *w, const char *id)
{
    struct look *k = look_new(l, w);

    provider_get(push_target(l->push, w->target)->provider, l->sync->defs[k->at], id, looked, k);
}

static void
find(struct line *l, const struct decision_write *w, const char *field, const char *value)
{
    struct look *k = look_new(l, w);

    provider_find(push_target(l->push, w->target)->provider, l->sync->defs[k->at], field, value,
                  looked, k);
}

/* Records of the target that carry one of the keys, as far as the state knows. */
static int
look_at_known(struct line *l, const struct decision_write *w, size_t at, struct err *err)
{
    const struct conf_system *system = l->sync->between[at];
    struct match_keys keys;

    match_keys(l->arena, l->sync, at, w->set, &keys);
    for (size_t i = 0; i < keys.n; i++) {
        const char *ids[MAX_KNOWN];
        int n = store_candidates(l->push->store, l->arena, l->sync->resource, system->name,
                                 system->account, keys.hashes[i], ids, MAX_KNOWN, err);

        if (n < 0)
            return -1;
        for (int k = 0; k < n; k++)
            get(l, w, ids[k]);
    }
    return 0;
}

static int
look_for_match(struct line *l, const struct decision_write *w, size_t at, struct err *err)
{
    const struct resource_def *def = l->sync->defs[at];
    const char *own = provider_client_id(l->arena, def, w->external_id);

    if (own != NULL && def->get.present)
        get(l, w, own);
    if (w->external_id != NULL && def->external_id != NULL && provider_can_find(def, "external_id"))
        find(l, w, "external_id", w->external_id);
    for (size_t i = 0; i < l->sync->n_match; i++) {
        const struct val *v = val_get(w->set, l->sync->match[i]);

        if (!compare_empty(v) && val_id(v) != NULL && provider_can_find(def, l->sync->match[i]))
            find(l, w, l->sync->match[i], val_id(v));
    }
    return def->get.present ? look_at_known(l, w, at, err) : 0;
}

/* What is not sent now is owed, and decided anew when it is due. */
static bool
is_sent(const struct decision_write *w)
{
    return w->hold_reason == NULL && (strcmp(w->action, "delete") == 0 || w->set->n > 0);
}

int
fresh_look(struct line *l, struct err *err)
{
    if (l->decision.hold_reason != NULL || l->decision.reject_code != NULL)
        return 0;
    for (size_t i = 0; i < l->decision.n_writes; i++) {
        const struct decision_write *w = &l->decision.writes[i];
        size_t at = (size_t)sync_index(l->sync, w->target);

        if (!is_sent(w))
            continue;
        if (strcmp(w->action, "create") != 0 && l->sync->defs[at]->get.present)
            get(l, w, w->target_record_id);
        else if (strcmp(w->action, "create") == 0 && look_for_match(l, w, at, err) < 0)
            return -1;
    }
    return 0;
}
