#include <config.h>

#include "store/sqlite/internal.h"

#include <inttypes.h>
#include <string.h>

/* What a decision leaves in the state, once its event, its link and its limits are settled. */

/* A field that has no word at its target yet is looked at again after this. */
enum { LATER_MS = 60000 };

static bool
is_state(const struct decision_end *e, const char *state)
{
    return e->state != NULL && strcmp(e->state, state) == 0;
}

/* An end as the state has it before the decision; RECORD_ID NULL: it has none. */
struct known_end {
    const struct val *fields;
    struct shadow_head head;
};

static bool
covers(const struct decision_end *e)
{
    return e->covered != NULL && e->covered->n > 0;
}

/*
 * What is covered, laid over what was known. Known values that were taken under another mapping of
 * their field are no base (loopless-config(5)): none of them stays beside new ones.
 */
static int
merge(const struct deciding *g, const struct known_end *old, const struct decision_end *e,
      struct val **fields)
{
    const char *is = covers(e) ? g->d->map_hash : NULL;

    if (mapping_keep_fields(g->s, g->a, e->system, old->head.map_hash, is, old->fields, fields,
                            g->err) < 0)
        return -1;
    for (size_t i = 0; covers(e) && i < e->covered->n; i++)
        val_set(g->a, *fields, e->covered->u.members[i].name, e->covered->u.members[i].value);
    return 0;
}

static int
save_end(struct deciding *g, const struct decision_end *e, const struct known_end *old)
{
    struct val *fields;
    struct shadow_row row = {
        .link_id = g->link_id,
        .resource = g->e->resource,
        .system = e->system,
        .account = e->account,
        .record_id = e->record_id,
        .diverged = e->diverged,
        .version = e->version,
        .etag = e->etag,
        .map_hash = covers(e) || old->fields == NULL ? g->d->map_hash : NULL,
        .sync_source = g->e->sync_source != NULL ? g->e->sync_source : g->e->system,
        .sync_actor = g->e->sync_actor != NULL ? g->e->sync_actor : "human",
        .correlation_id = g->e->sync_correlation_id,
        .deleted = is_state(e, "deleted"),
    };

    if (merge(g, old, e, &fields) < 0)
        return -1;
    row.fields = fields;
    return shadow_save(g->s, &row, g->now, g->err);
}

/* What is owed to a record that is deleted waits for its return: nothing is due meanwhile. */
static int
hold_owed(struct deciding *g, const char *target)
{
    return db_run(g->s, g->err,
                  "UPDATE sync_owed SET not_before = '" STORE_FOREVER_TEXT "' WHERE link_id = ? AND"
                  " target = ?",
                  "it", g->link_id, target) < 0
               ? -1
               : 0;
}

static int
free_owed(struct deciding *g, const char *target)
{
    return db_run(g->s, g->err,
                  "UPDATE sync_owed SET not_before = ? WHERE link_id = ? AND target = ? AND"
                  " not_before = '" STORE_FOREVER_TEXT "'",
                  "mit", g->now, g->link_id, target) < 0
               ? -1
               : 0;
}

/* A record that the link had not. */
static int
take_rows(struct deciding *g, const struct decision_end *e)
{
    g->further = true;
    return lane_move(g->s, g->a, g->link_id, g->e->resource, e->system, e->account, e->record_id,
                     g->seq, g->now, g->err);
}

/* The end is another record now. Rows of the old one stay where they are; it is not linked. */
static int
replace_end(struct deciding *g, const struct decision_end *e, const struct known_end *old)
{
    if (shadow_replace(g->s, g->link_id, e->system, e->account, e->record_id, g->err) < 0 ||
        free_owed(g, e->system) < 0 || save_end(g, e, old) < 0)
        return -1;
    return take_rows(g, e);
}

/* The end is where it was. */
static int
update_end(struct deciding *g, const struct decision_end *e, const struct known_end *old)
{
    int rc;

    if (is_state(e, "deleted"))
        return save_end(g, e, old) < 0 ? -1 : hold_owed(g, e->system);
    rc = old->head.deleted ? shadow_revive(g->s, g->link_id, e->system, e->account, g->err) : 0;
    if (rc < 0 || (rc == 1 && free_owed(g, e->system) < 0))
        return -1;
    g->further = g->further || rc == 1;
    if (!covers(e) && e->diverged == NULL)
        return 0;
    return save_end(g, e, old);
}

/* One that is not there misses what is settled meanwhile: that is all there is to keep of it. */
static int
mark_gone(struct deciding *g, const struct decision_end *e)
{
    if (e->diverged == NULL)
        return 0;
    return shadow_diverge(g->s, g->link_id, e->system, e->account, e->record_id, e->diverged,
                          g->err) < 0
               ? -1
               : 0;
}

static int
apply_end(struct deciding *g, const struct decision_end *e)
{
    struct known_end old = {.fields = NULL};
    int rc;

    if (e->record_id == NULL)
        return 0;
    if (gone_note(g, e) < 0)
        return -1;
    if (is_state(e, "gone"))
        return mark_gone(g, e);
    rc = shadow_load(g->s, g->a, g->link_id, e->system, e->account, &old.fields, &old.head, g->err);
    if (rc < 0)
        return -1;
    if (rc == 1 && strcmp(old.head.record_id, e->record_id) == 0)
        return update_end(g, e, &old);
    if (rc == 1)
        return e->replaces != NULL && strcmp(old.head.record_id, e->replaces) == 0
                   ? replace_end(g, e, &old)
                   : STORE_MOVED;
    if (is_state(e, "deleted"))
        return 0;
    return save_end(g, e, &old) < 0 ? -1 : take_rows(g, e);
}

int
apply_ends(struct deciding *g)
{
    for (size_t i = 0; i < g->d->n_ends; i++) {
        int rc = apply_end(g, &g->d->ends[i]);

        if (rc != 0)
            return rc;
    }
    return g->further ? lane_free_waiting(g->s, g->a, g->link_id, g->now, g->err) : 0;
}

/* ---- Writes ---- */

static int
owe(struct deciding *g, const struct decision_write *w, const struct val_member *m,
    int64_t not_before)
{
    const char *source = val_get_text(w->sources, m->name);

    return db_run(g->s, g->err,
                  "INSERT INTO sync_owed VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL) ON CONFLICT"
                  " DO UPDATE SET source = ?4, value = ?5, not_before = ?7,"
                  " since = CASE WHEN value = ?5 AND source = ?4 THEN since ELSE ?6 END,"
                  " refused = CASE WHEN value = ?5 THEN refused END",
                  "itttvmm", g->link_id, m->name, w->target, source != NULL ? source : g->e->system,
                  m->value, g->now, not_before) < 0
               ? -1
               : 0;
}

static int
prepare(struct deciding *g, const struct decision_write *w, struct store_intent *n)
{
    *n = (struct store_intent){
        .seq = g->seq,
        .link_id = g->link_id,
        .generation = g->generation,
        .target = w->target,
        .account = w->account,
        .resource = g->e->resource,
        .record_id = w->target_record_id,
        .external_id = w->external_id != NULL ? w->external_id : g->external_id,
        .action = w->action,
        .fields = w->set != NULL ? w->set : val_object(g->a),
        .before = w->before,
        .state = "prepared",
        .etag = w->etag,
    };
    if (db_run(g->s, g->err,
               "INSERT INTO sync_intents (seq, link_id, generation, target, account,"
               " resource_type, record_id, external_id, action, fields, before, idempotency_key,"
               " state, owner, created_at)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 'prepared', ?, ?)",
               "iiittttttwwtm", n->seq, n->link_id, n->generation, n->target, n->account,
               n->resource, n->record_id, n->external_id, n->action, n->fields, n->before,
               g->c->owner, g->now) < 0)
        return -1;
    n->token = db_last_id(g->s);
    n->idempotency_key = arena_printf(g->a, "%s-%" PRId64, g->s->deployment, n->token);
    if (db_run(g->s, g->err, "UPDATE sync_intents SET idempotency_key = ? WHERE token = ?", "ti",
               n->idempotency_key, n->token) < 0)
        return -1;
    return 0;
}

static int
tell_intent(struct deciding *g, const struct store_intent *n)
{
    const struct history_row h = {.seq = g->seq,
                                  .link_id = g->link_id,
                                  .resource = n->resource,
                                  .system = n->target,
                                  .record_id = n->record_id,
                                  .rule = n->action,
                                  .source = g->e->system,
                                  .target = n->target,
                                  .outcome = "prepared",
                                  .token = n->token};

    return history_add(g->s, &h, g->now, g->err);
}

static int
owe_all(struct deciding *g, const struct decision_write *w, const struct val *fields,
        int64_t not_before)
{
    for (size_t i = 0; fields != NULL && i < fields->n; i++)
        if (owe(g, w, &fields->u.members[i], not_before) < 0)
            return -1;
    return 0;
}

static int
apply_write(struct deciding *g, const struct decision_write *w)
{
    bool withheld = decision_withholds(g->c, w), sends = decision_sends(g->c, w);
    int64_t not_before = withheld ? g->c->withheld_until : g->now;
    int64_t later = g->now + LATER_MS > not_before ? g->now + LATER_MS : not_before;
    struct store_intent *n = &g->intents[g->n_intents];

    if (owe_all(g, w, w->set, not_before) < 0 || owe_all(g, w, w->later, later) < 0)
        return -1;
    if (!sends || (w->later != NULL && w->later->n > 0))
        g->n_withheld++;
    if (!sends)
        return 0;
    if (prepare(g, w, n) < 0)
        return -1;
    g->n_intents++;
    return tell_intent(g, n);
}

/* Match keys of what is being created, so that nobody creates it a second time meanwhile. */
static int
claim(struct deciding *g)
{
    const struct store_intent *create = NULL;
    const struct val *claims = g->d->claims;

    for (size_t i = 0; i < g->n_intents && create == NULL; i++)
        if (strcmp(g->intents[i].action, "create") == 0)
            create = &g->intents[i];
    for (size_t i = 0; create != NULL && claims != NULL && i < claims->n; i++) {
        const char *hash = val_text(claims->u.items[i]);
        int rc = hash == NULL ? 1 : store_claimed(g->s, g->e->resource, hash, g->err);

        if (rc < 0)
            return -1;
        if (rc == 1 && hash != NULL)
            return STORE_MOVED;
        if (hash != NULL && db_run(g->s, g->err, "INSERT INTO sync_claims VALUES (?, ?, ?)", "tti",
                                   g->e->resource, hash, create->token) < 0)
            return -1;
    }
    return 0;
}

int
apply_writes(struct deciding *g)
{
    for (size_t i = 0; i < g->d->n_writes; i++)
        if (apply_write(g, &g->d->writes[i]) < 0)
            return -1;
    return claim(g);
}

/* ---- Rules ---- */

static bool
has_text(const struct val *list, const char *text)
{
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        const char *item = val_text(list->u.items[i]);

        if (item != NULL && strcmp(item, text) == 0)
            return true;
    }
    return false;
}

static const struct decision_write *
write_of(const struct deciding *g, const char *target, const char *field)
{
    for (size_t i = 0; i < g->d->n_writes; i++)
        if (strcmp(g->d->writes[i].target, target) == 0 &&
            (val_get(g->d->writes[i].set, field) != NULL ||
             val_get(g->d->writes[i].later, field) != NULL))
            return &g->d->writes[i];
    return NULL;
}

/* Nothing is owed any more to the ends that were read and need no write of this field. */
static int
drop_owed(struct deciding *g, const struct decision_rule *rule)
{
    if (rule->conflict)
        return 0;
    for (size_t i = 0; i < g->d->n_ends; i++) {
        const struct decision_end *e = &g->d->ends[i];

        if (val_get(e->covered, rule->field) == NULL || has_text(rule->owed, e->system) ||
            write_of(g, e->system, rule->field) != NULL)
            continue;
        if (db_run(g->s, g->err,
                   "DELETE FROM sync_owed WHERE link_id = ? AND field = ? AND target = ?", "itt",
                   g->link_id, rule->field, e->system) < 0)
            return -1;
    }
    return 0;
}

/* What the ends show is refreshed while it waits for a person; the base is the first one's. */
static int
keep_conflict(struct deciding *g, const struct decision_rule *rule)
{
    const struct val *ends = rule->values != NULL ? rule->values : val_object(g->a);

    return db_run(g->s, g->err,
                  "INSERT INTO sync_conflicts (at, link_id, field, base, ends, state)"
                  " VALUES (?, ?, ?, ?, ?, 'open') ON CONFLICT (link_id, field) WHERE"
                  " state = 'open' DO UPDATE SET ends = excluded.ends",
                  "mitvv", g->now, g->link_id, rule->field, rule->base, ends) < 0
               ? -1
               : 0;
}

static bool
is_sent(const struct deciding *g, const struct decision_write *w, const char *field)
{
    return decision_sends(g->c, w) && val_get(w->set, field) != NULL;
}

/* "a, b": the targets of the writes of FIELD that go out now, or of those that do not; NULL: none.
 */
static const char *
targets_of(const struct deciding *g, const char *field, bool sent)
{
    CLEANUP_BUF struct buf names = BUF_INIT;

    for (size_t i = 0; i < g->d->n_writes; i++) {
        const struct decision_write *w = &g->d->writes[i];

        if (write_of(g, w->target, field) == w && is_sent(g, w, field) == sent)
            buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", w->target);
    }
    return names.len > 0 ? arena_ntext(g->a, buf_get(&names), names.len) : NULL;
}

/* What is written and what is owed of one field are two lines. */
static int
tell_rule(struct deciding *g, const struct decision_rule *rule)
{
    const char *written = targets_of(g, rule->field, true);
    const char *owed = targets_of(g, rule->field, false);
    struct history_row h = {.seq = g->seq,
                            .link_id = g->link_id,
                            .resource = g->e->resource,
                            .system = g->e->system,
                            .record_id = g->e->record_id,
                            .field = rule->field,
                            .rule = rule->rule,
                            .base = rule->base,
                            .source = rule->source,
                            .target = written != NULL ? written : owed,
                            .text = g->d->text};

    if (rule->conflict)
        h.outcome = "conflict";
    else if (h.target != NULL)
        h.outcome = written != NULL ? "write" : "owed";
    else
        h.outcome = rule->diverged ? "diverged" : "settled";
    if (history_add(g->s, &h, g->now, g->err) < 0)
        return -1;
    if (rule->conflict || written == NULL || owed == NULL)
        return 0;
    h.target = owed;
    h.outcome = "owed";
    return history_add(g->s, &h, g->now, g->err);
}

/* Rules of decisions without a link are told too: why nothing was made of a record. */
int
apply_rules(struct deciding *g)
{
    for (size_t i = 0; i < g->d->n_rules; i++) {
        const struct decision_rule *rule = &g->d->rules[i];

        if (g->link_id != 0 && drop_owed(g, rule) < 0)
            return -1;
        if (g->link_id != 0 && rule->conflict && keep_conflict(g, rule) < 0)
            return -1;
        if (tell_rule(g, rule) < 0)
            return -1;
    }
    return 0;
}

/* ---- The link ---- */

int
apply_ended(struct deciding *g)
{
    const struct decision *d = g->d;
    const struct link_end x = {.link_id = g->link_id,
                               .seq = g->seq,
                               .resource = g->e->resource,
                               .system = g->e->system,
                               .record_id = g->e->record_id};

    if (d->ended_why == NULL)
        return 0;
    if (d->n_writes == 0)
        return link_end(g->s, &x, d->ended_why, g->now, g->err);
    if (g->n_withheld > 0)
        return 0; /* decided anew when that is written */
    return db_run(g->s, g->err, "UPDATE sync_links SET ended_why = ? WHERE link_id = ?", "ti",
                  d->ended_why, g->link_id) < 0
               ? -1
               : 0;
}
