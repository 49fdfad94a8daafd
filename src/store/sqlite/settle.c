#include <config.h>

#include "store/sqlite/internal.h"

#include <inttypes.h>
#include <string.h>

#include "stream/disposition.h"

enum { ODD_PAIRS_MAX = 20, ODD_LENGTH_MAX = 4000 };

/*
 * Settling: what an answer leaves in the state. Only the fields that were sent move the target's
 * shadow; whatever else the answer shows is a nomination, and is decided like any change.
 */
struct settling {
    struct store *s;
    struct arena *a;
    const struct store_settlement *x;
    struct store_intent n;
    int64_t now;
    const char *how; /* what this write makes of the event */
    bool twice;      /* what was created is another link's */
    struct err *err;
};

static bool
is_create(const struct settling *t)
{
    return strcmp(t->n.action, "create") == 0;
}

static bool
is_delete(const struct settling *t)
{
    return strcmp(t->n.action, "delete") == 0;
}

/* 1 our intent, in a state that this kind of answer settles; 0 not ours any more; -1. The intent is
 * filled in if it exists at all (token 0 otherwise). */
static int
load_intent(struct settling *t)
{
    struct rows r;
    bool ours, sent;
    int rc;

    if (db_rows(t->s, &r, t->err,
                "SELECT " INTENT_COLUMNS ", owner = ? FROM sync_intents WHERE token = ?", "ti",
                t->x->owner, t->x->token) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    ours = row_int(&r, 16) != 0;
    rc = intent_row(&r, t->a, &t->n);
    rows_end(&r);
    if (rc < 0)
        return -1;
    sent = strcmp(t->n.state, "sent") == 0;
    if (strcmp(t->n.state, "prepared") == 0) /* it may fail before it is sent */
        sent = t->x->kind == SETTLE_RETRY || t->x->kind == SETTLE_REFUSED;
    return ours && sent;
}

/* An answer that comes after somebody took the intent over: told, and looked at. */
static int
tell_late(struct settling *t)
{
    int64_t seq;

    if (t->n.token == 0)
        return 0;
    if (intent_tell(t->s, &t->n, t->n.action, "late-answer", t->x->response, t->now, t->err) < 0)
        return -1;
    if (t->x->kind != SETTLE_DONE || !is_create(t) || t->x->record_id == NULL)
        return 0;
    return inbox_nominate(t->s, t->n.target, t->n.account, t->n.resource, t->x->record_id,
                          arena_printf(t->a, "late:%" PRId64, t->n.token), t->now, &seq, t->err) < 0
               ? -1
               : 0;
}

static int
close_intent(struct settling *t, const char *state)
{
    return db_run(t->s, t->err,
                  "UPDATE sync_intents SET state = ?, settled_at = ?, http_status = nullif(?, 0),"
                  " response = ?, record_id = coalesce(?, record_id) WHERE token = ?",
                  "tmntti", state, t->now, t->x->http_status, t->x->response,
                  t->x->kind == SETTLE_DONE ? t->x->record_id : NULL, t->n.token) < 0
               ? -1
               : 0;
}

static int
reject(struct settling *t, const char *code, const char *text)
{
    const struct store_reject r = {.stage = "push",
                                   .system = t->n.target,
                                   .account = t->n.account,
                                   .resource = t->n.resource,
                                   .record_id = t->n.record_id,
                                   .target = t->n.target,
                                   .code = code,
                                   .text = text,
                                   .record = val_write_text(t->a, t->n.fields)};

    return inbox_reject_row(t->s, t->n.seq, &r, t->now, t->err);
}

/* ---- Fields that stay owed, or do not ---- */

enum owed_change { OWED_GONE, OWED_REFUSED, OWED_LATER };

static int
change_owed(struct settling *t, enum owed_change change, const char *why)
{
    const struct val *sent = t->n.fields;
    int rc = 0;

    for (size_t i = 0; sent != NULL && i < sent->n && rc >= 0; i++) {
        const char *field = sent->u.members[i].name;

        if (change == OWED_GONE)
            rc = db_run(t->s, t->err,
                        "DELETE FROM sync_owed WHERE link_id = ? AND field = ? AND target = ?",
                        "itt", t->n.link_id, field, t->n.target);
        else if (change == OWED_REFUSED)
            rc = db_run(t->s, t->err,
                        "UPDATE sync_owed SET refused = ? WHERE link_id = ? AND field = ? AND"
                        " target = ?",
                        "titt", why, t->n.link_id, field, t->n.target);
        else
            rc = db_run(t->s, t->err,
                        "UPDATE sync_owed SET not_before = ? WHERE link_id = ? AND field = ? AND"
                        " target = ?",
                        "mitt", t->x->not_before, t->n.link_id, field, t->n.target);
    }
    return rc < 0 ? -1 : 0;
}

/* ---- The shadow ---- */

/* What is stored there of a field that was sent. */
static struct val *
stored_value(struct settling *t, const struct val_member *sent)
{
    struct val *v = val_get(t->x->stored, sent->name);

    if (v != NULL)
        return v;
    return t->x->stored != NULL && t->x->stored_whole ? val_null(t->a) : sent->value;
}

static bool
is_empty(const struct val *v)
{
    return v->kind == VAL_NULL || (v->kind == VAL_STRING && v->n == 0);
}

static bool
lists(const struct val *list, const char *name)
{
    for (size_t i = 0; list != NULL && i < list->n; i++)
        if (strcmp(val_text(list->u.items[i]), name) == 0)
            return true;
    return false;
}

/* The fields of the answer that were not sent. True if one of them is news. */
static bool
look_at_rest(struct settling *t, struct val *shadow, bool first)
{
    const struct val *stored = t->x->stored;
    bool news = false;

    for (size_t i = 0; stored != NULL && i < stored->n; i++) {
        const struct val_member *m = &stored->u.members[i];
        const struct val *old = val_get(shadow, m->name);

        if (val_get(t->n.fields, m->name) != NULL)
            continue;
        if (first && is_empty(m->value))
            val_set(t->a, shadow, m->name, m->value);
        else if (first || (old != NULL && !val_equal(old, m->value)))
            news = true;
    }
    return news;
}

/* A created record that lacks a field known at another end has null there. */
static int
fill_absent(struct settling *t, struct val *shadow)
{
    struct store_link l;

    if (t->x->stored == NULL || !t->x->stored_whole)
        return 0;
    if (store_load_link(t->s, t->a, t->n.link_id, &l, t->err) < 0)
        return -1;
    for (size_t i = 0; i < l.n_ends; i++)
        for (size_t j = 0; j < l.ends[i].shadow->n; j++) {
            const char *name = l.ends[i].shadow->u.members[j].name;

            if (val_get(t->x->stored, name) == NULL && val_get(t->n.fields, name) == NULL)
                val_set(t->a, shadow, name, val_null(t->a));
        }
    return 0;
}

/* Whose change this is: as the decision left it at the other ends. */
static int
load_origin(struct settling *t, struct shadow_row *row)
{
    struct rows r;
    int rc;

    row->sync_source = t->n.target;
    row->sync_actor = "sync_engine";
    if (db_rows(t->s, &r, t->err,
                "SELECT sync_source, sync_actor, correlation_id, max(synced_at) FROM sync_metadata"
                " WHERE link_id = ? GROUP BY link_id",
                "i", t->n.link_id) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    row->sync_source = row_text(&r, t->a, 0);
    row->sync_actor = row_text(&r, t->a, 1);
    row->correlation_id = row_text(&r, t->a, 2);
    rows_end(&r);
    return 0;
}

static int
save_shadow(struct settling *t, const char *record_id, const struct val *old,
            const struct shadow_head *head, bool *news)
{
    struct shadow_row row = {.link_id = t->n.link_id,
                             .resource = t->n.resource,
                             .system = t->n.target,
                             .account = t->n.account,
                             .record_id = record_id,
                             .version = t->x->version,
                             .etag = t->x->etag,
                             .map_hash = t->x->map_hash};
    const struct val *sent = t->n.fields;
    struct val *shadow;

    if (mapping_keep_fields(t->s, t->a, t->n.target, head->map_hash, t->x->map_hash, old, &shadow,
                            t->err) < 0)
        return -1;
    *news = look_at_rest(t, shadow, old == NULL);
    if (old == NULL && fill_absent(t, shadow) < 0)
        return -1;
    for (size_t i = 0; sent != NULL && i < sent->n; i++) {
        if (lists(t->x->differs, sent->u.members[i].name))
            *news = true;
        else
            val_set(t->a, shadow, sent->u.members[i].name, stored_value(t, &sent->u.members[i]));
    }
    row.fields = shadow;
    if (load_origin(t, &row) < 0)
        return -1;
    return shadow_save(t->s, &row, t->now, t->err);
}

/* ---- The kinds ---- */

/* The record that we created is another link's already: 1, 0, -1. An ended link lets go of it. */
static int
is_taken(struct settling *t)
{
    const struct link_claim c = {.link_id = t->n.link_id,
                                 .resource = t->n.resource,
                                 .system = t->n.target,
                                 .account = t->n.account,
                                 .record_id = t->x->record_id,
                                 .keep = t->n.seq};
    int rc = link_let_go(t->s, t->a, &c, t->err);

    return rc < 0 ? -1 : rc == 0;
}

static int
refuse_twice(struct settling *t)
{
    const char *text = arena_printf(t->a, "%s %s:%s belongs to another link", t->n.resource,
                                    t->n.target, t->x->record_id);

    t->how = "rejected";
    t->twice = true;
    if (close_intent(t, "failed") < 0 || reject(t, "linked-twice", text) < 0 ||
        change_owed(t, OWED_REFUSED, text) < 0)
        return -1;
    return intent_tell(t->s, &t->n, t->n.action, "linked-twice", text, t->now, t->err);
}

/* A created record is an end from now on, instead of an older one there. */
static int
adopt_created(struct settling *t)
{
    if (db_run(t->s, t->err,
               "DELETE FROM sync_metadata WHERE link_id = ? AND external_system = ? AND"
               " account = ? AND record_id <> ?",
               "ittt", t->n.link_id, t->n.target, t->n.account, t->x->record_id) < 0)
        return -1;
    return lane_move(t->s, t->a, t->n.link_id, t->n.resource, t->n.target, t->n.account,
                     t->x->record_id, t->n.seq, t->now, t->err);
}

/* Long texts say little that short ones do not: a pair longer than this is not kept. */
static bool
is_long(struct settling *t, const struct val *v)
{
    return strlen(val_write_text(t->a, v)) > ODD_LENGTH_MAX;
}

/* Pairs of what was sent and stored otherwise: so many of a field, later ones are not kept. */
static int
keep_odd(struct settling *t)
{
    const struct val *odd = t->x->odd;

    for (size_t i = 0; odd != NULL && i < odd->n; i++) {
        const struct val_member *m = &odd->u.members[i];
        const struct val *sent = val_get(m->value, "sent"), *stored = val_get(m->value, "stored");

        if (sent == NULL || stored == NULL || is_long(t, sent) || is_long(t, stored))
            continue;
        if (db_run(t->s, t->err,
                   "INSERT INTO sync_oddities SELECT ?1, ?2, ?3, ?4, ?5, 1, ?6, ?6 WHERE"
                   " (SELECT count(*) FROM sync_oddities WHERE resource_type = ?1 AND system = ?2"
                   " AND field = ?3) < ?7 OR EXISTS (SELECT 1 FROM sync_oddities WHERE"
                   " resource_type = ?1 AND system = ?2 AND field = ?3 AND sent = ?4 AND"
                   " stored = ?5) ON CONFLICT DO UPDATE SET n = n + 1, last_at = ?6",
                   "tttvvmi", t->n.resource, t->n.target, m->name, sent, stored, t->now,
                   (int64_t)ODD_PAIRS_MAX) < 0)
            return -1;
    }
    return 0;
}

/* The record is not there any more, and owed nothing. */
static int
settle_deleted(struct settling *t)
{
    t->how = "deleted";
    if (shadow_bury(t->s, t->n.link_id, t->n.target, t->n.account, t->now, t->err) < 0 ||
        db_run(t->s, t->err, "DELETE FROM sync_owed WHERE link_id = ? AND target = ?", "it",
               t->n.link_id, t->n.target) < 0 ||
        close_intent(t, "done") < 0)
        return -1;
    return intent_tell(t->s, &t->n, t->n.action, "done", NULL, t->now, t->err);
}

static int
settle_done(struct settling *t)
{
    const char *record_id = is_create(t) ? t->x->record_id : t->n.record_id;
    struct shadow_head head = {.record_id = NULL};
    const struct val *old = NULL;
    int64_t seq;
    bool news;
    int rc;

    if (is_delete(t))
        return settle_deleted(t);
    if (record_id == NULL)
        return err_set(t->err, ERR_RECORD, ERR_NEVER, "bad-answer",
                       "write %" PRId64 ": no id of the record", t->n.token);
    rc = is_create(t) ? is_taken(t) : 0;
    if (rc != 0)
        return rc < 0 ? -1 : refuse_twice(t);
    if (is_create(t) && adopt_created(t) < 0)
        return -1;
    if (!is_create(t) &&
        shadow_load(t->s, t->a, t->n.link_id, t->n.target, t->n.account, &old, &head, t->err) < 0)
        return -1;
    if (save_shadow(t, record_id, old, &head, &news) < 0 || change_owed(t, OWED_GONE, NULL) < 0 ||
        close_intent(t, "done") < 0 || keep_odd(t) < 0)
        return -1;
    if (is_create(t) && lane_free_waiting(t->s, t->a, t->n.link_id, t->now, t->err) < 0)
        return -1;
    t->n.record_id = record_id;
    t->how = "pushed";
    if (news &&
        inbox_nominate(t->s, t->n.target, t->n.account, t->n.resource, record_id,
                       arena_printf(t->a, "answer:%" PRId64, t->n.token), t->now, &seq, t->err) < 0)
        return -1;
    return intent_tell(t->s, &t->n, t->n.action, "done", NULL, t->now, t->err);
}

static int
settle_refused(struct settling *t)
{
    const char *text = t->x->text != NULL ? t->x->text : t->x->code;

    t->how = "rejected";
    if (close_intent(t, "failed") < 0 || change_owed(t, OWED_REFUSED, text) < 0 ||
        reject(t, t->x->code, t->x->text) < 0)
        return -1;
    return intent_tell(t->s, &t->n, t->n.action, "refused", text, t->now, t->err);
}

/* The fields sent that are refused by this answer, or the others. */
static struct val *
part(struct settling *t, bool refused)
{
    struct val *fields = val_object(t->a);

    for (size_t i = 0; i < t->n.fields->n; i++) {
        const struct val_member *m = &t->n.fields->u.members[i];

        if (lists(t->x->refused, m->name) == refused)
            val_set(t->a, fields, m->name, m->value);
    }
    return fields;
}

/* "phone, notes: TEXT" */
static const char *
named_text(struct settling *t, const struct val *fields)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    for (size_t i = 0; i < fields->n; i++)
        buf_printf(&b, "%s%s", i > 0 ? ", " : "", fields->u.members[i].name);
    buf_printf(&b, ": %s", t->x->text != NULL ? t->x->text : t->x->code);
    return arena_ntext(t->a, buf_get(&b), b.len);
}

/* The event is not over, but it will not end better than this. */
static int
note_rejected(struct settling *t)
{
    return db_run(t->s, t->err,
                  "UPDATE sync_inbox SET reason = 'decided:rejected' WHERE seq = ? AND disposition"
                  " IS NULL AND coalesce(reason, '') <> 'decided:lost'",
                  "i", t->n.seq) < 0
               ? -1
               : 0;
}

/* What is left is smaller each time: whoever goes on with it comes to an end. */
static int
settle_part(struct settling *t)
{
    struct val *rest = part(t, false);
    const char *text;

    t->n.fields = part(t, true);
    if (t->n.fields->n == 0 || rest->n == 0)
        return err_set(t->err, ERR_RECORD, ERR_NEVER, "bad-part",
                       "write %" PRId64 ": what was refused is none, or all of it", t->n.token);
    text = named_text(t, t->n.fields);
    if (change_owed(t, OWED_REFUSED, text) < 0 || reject(t, t->x->code, text) < 0 ||
        intent_tell(t->s, &t->n, t->n.action, "refused", text, t->now, t->err) < 0 ||
        note_rejected(t) < 0)
        return -1;
    return db_run(t->s, t->err,
                  "UPDATE sync_intents SET fields = ?, idempotency_key = coalesce(?,"
                  " idempotency_key), state = CASE WHEN ? THEN 'sent' ELSE 'prepared' END,"
                  " response = ? WHERE token = ?",
                  "wtnti", rest, t->x->idempotency_key, (int)t->x->partly, t->x->response,
                  t->n.token) < 0
               ? -1
               : 0;
}

static int
settle_retry(struct settling *t)
{
    t->how = is_delete(t) ? "lost" : "owed"; /* a delete is never owed: it is decided anew */
    if (close_intent(t, t->x->maybe_applied ? "lost" : "failed") < 0 ||
        change_owed(t, OWED_LATER, NULL) < 0)
        return -1;
    return intent_tell(t->s, &t->n, t->n.action, "owed", t->x->text, t->now, t->err);
}

static int
settle_lost(struct settling *t)
{
    t->how = "lost";
    if (close_intent(t, t->x->not_applied ? "failed" : "lost") < 0)
        return -1;
    return intent_tell(t->s, &t->n, t->n.action, "lost", t->x->text, t->now, t->err);
}

/* Its claims stay: nobody knows whether the record is there. */
static int
settle_unknown(struct settling *t)
{
    t->how = "rejected";
    if (close_intent(t, "unknown") < 0 || reject(t, "outcome-unknown", t->x->text) < 0)
        return -1;
    return intent_tell(t->s, &t->n, t->n.action, "outcome-unknown", t->x->text, t->now, t->err);
}

/* What the answer means for a link that is to end with this write. */
static int
settle_link(struct settling *t)
{
    const struct link_end x = {.link_id = t->n.link_id,
                               .seq = t->n.seq,
                               .resource = t->n.resource,
                               .system = t->n.target,
                               .record_id = t->n.record_id};

    if (t->x->kind == SETTLE_DONE && !t->twice)
        return link_write_done(t->s, t->a, &x, t->now, t->err);
    if (is_delete(t) && strcmp(t->how, "lost") == 0 &&
        intent_undelete(t->s, &t->n, t->x->not_before, t->err) < 0)
        return -1;
    return link_write_failed(t->s, t->n.link_id, t->err);
}

static int
settle(struct settling *t, const char **disposition)
{
    static int (*const kinds[])(struct settling *) = {
        [SETTLE_DONE] = settle_done,       [SETTLE_REFUSED] = settle_refused,
        [SETTLE_RETRY] = settle_retry,     [SETTLE_LOST] = settle_lost,
        [SETTLE_UNKNOWN] = settle_unknown,
    };
    int rc = load_intent(t);

    if (rc < 0)
        return -1;
    if (rc == 0)
        return tell_late(t);
    if (t->x->kind == SETTLE_PART)
        return settle_part(t) < 0 ? -1 : 1;
    if (kinds[t->x->kind](t) < 0)
        return -1;
    if (is_create(t) && t->x->kind != SETTLE_UNKNOWN &&
        claims_release(t->s, t->n.token, t->n.link_id, t->err) < 0)
        return -1;
    if (settle_link(t) < 0)
        return -1;
    if (intent_finish(t->s, t->a, &t->n, t->how, t->now, disposition, t->err) < 0)
        return -1;
    return t->twice ? 2 : 1;
}

/* How the event ended, in memory of ours that lasts. */
static const char *
lasting(const char *disposition)
{
    return disposition == NULL ? NULL : disposition_worse(disposition, NULL);
}

int
store_settle(struct store *s, const struct store_settlement *x, int64_t now,
             const char **disposition, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct settling t = {.s = s, .a = a, .x = x, .now = now, .err = err};
    const char *how = NULL;
    struct tx tx;
    int rc;

    if (disposition != NULL)
        *disposition = NULL;
    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    rc = tx_leave(s, &tx, settle(&t, &how), err);
    if (disposition != NULL && rc > 0)
        *disposition = lasting(how);
    return rc;
}
