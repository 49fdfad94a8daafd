#include <config.h>

#include "store/sqlite/hand.h"

#include <inttypes.h>
#include <string.h>

int
hand_touch(struct hand *h, int64_t link_id)
{
    const char *lane = lane_of_link(h->a, link_id);
    int64_t seq = 0;
    int rc;

    if (db_run(h->s, h->err, "UPDATE sync_links SET generation = generation + 1 WHERE link_id = ?",
               "i", link_id) < 0)
        return -1;
    rc = db_int(h->s, h->err, &seq,
                "SELECT seq FROM sync_inbox WHERE lane = ? AND disposition IS NULL AND lease IS"
                " NOT NULL AND folded_into IS NULL",
                "t", lane);
    if (rc == 1)
        rc = inbox_has_intent(h->s, seq, h->err);
    if (rc < 0)
        return -1;
    return lane_reopen_others(h->s, lane, rc == 1 ? seq : 0, h->err);
}

int
hand_load_link(struct hand *h, int64_t link_id, struct store_link *out)
{
    struct err e = ERR_INIT;
    int rc = store_load_link(h->s, h->a, link_id, out, &e);

    if (rc < 0 && store_is_broken(&e))
        return 1;
    if (rc < 0)
        *h->err = e;
    return rc;
}

int
hand_tell(struct hand *h, const struct hand_line *l)
{
    const char *by = h->by != NULL ? h->by : "somebody";
    const struct history_row row = {.seq = l->seq,
                                    .link_id = l->link_id,
                                    .resource = l->resource,
                                    .system = l->system,
                                    .record_id = l->record_id,
                                    .field = l->field,
                                    .rule = l->rule,
                                    .base = l->base,
                                    .source = l->source,
                                    .target = l->target,
                                    .outcome = l->outcome,
                                    .text = l->text == NULL
                                                ? arena_printf(h->a, "by %s", by)
                                                : arena_printf(h->a, "by %s: %s", by, l->text)};

    return history_add(h->s, &row, h->now, h->err);
}

int
hand_nominate(struct hand *h, const char *what, int64_t link_id, const char *resource,
              const struct store_record *r)
{
    int64_t generation = 0, seq;

    if (db_int(h->s, h->err, &generation, "SELECT generation FROM sync_links WHERE link_id = ?",
               "i", link_id) < 0)
        return -1;
    return inbox_nominate(h->s, r->system, r->account, resource, r->record_id,
                          arena_printf(h->a, "%s:%" PRId64 ":%" PRId64, what, link_id, generation),
                          h->now, &seq, h->err) < 0
               ? -1
               : 0;
}

int
hand_nominate_end(struct hand *h, const char *what, int64_t link_id, const char *prefer)
{
    struct store_record end;
    const char *resource;
    struct rows r;
    int rc;

    if (db_rows(h->s, &r, h->err,
                "SELECT e.resource_type, e.external_system, e.account, e.record_id FROM"
                " sync_metadata e JOIN sync_links l ON l.link_id = e.link_id WHERE e.link_id = ?"
                " AND e.deleted_at IS NULL AND l.ended_at IS NULL"
                " ORDER BY e.external_system IS NOT ?, e.external_system, e.account LIMIT 1",
                "it", link_id, prefer) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    resource = row_text(&r, h->a, 0);
    end.system = row_text(&r, h->a, 1);
    end.account = row_text(&r, h->a, 2);
    end.record_id = row_text(&r, h->a, 3);
    rows_end(&r);
    return hand_nominate(h, what, link_id, resource, &end);
}

int
hand_rehome(struct hand *h, const char *resource, const struct store_record *r, int64_t from_link,
            int64_t to_link)
{
    const char *to = to_link != 0
                         ? lane_of_link(h->a, to_link)
                         : lane_of_record(h->a, r->system, r->account, resource, r->record_id);

    return db_run(h->s, h->err,
                  "UPDATE sync_inbox SET lane = ?, link_id = nullif(?, 0) WHERE lane = ? AND"
                  " disposition IS NULL AND resource = ? AND system = ? AND account = ? AND"
                  " record_id = ?",
                  "titttt"
                  "t",
                  to, to_link, lane_of_link(h->a, from_link), resource, r->system, r->account,
                  r->record_id) < 0
               ? -1
               : 0;
}

/* ---- Intents ---- */

int
hand_close_unknown(struct hand *h, int64_t link_id, const char *target, const char *why)
{
    int64_t token;
    int rc = db_int(
        h->s, h->err, &token,
        "SELECT token FROM sync_intents WHERE link_id = ? AND target = ? AND state = 'unknown'",
        "it", link_id, target);

    if (rc != 1)
        return rc;
    if (db_run(h->s, h->err,
               "UPDATE sync_intents SET state = 'failed', settled_at = ?, response = ? WHERE"
               " token = ?",
               "mti", h->now, arena_printf(h->a, "%s by %s", why, h->by), token) < 0 ||
        claims_release(h->s, token, link_id, h->err) < 0)
        return -1;
    return 1;
}

int
hand_check_idle(struct hand *h, int64_t link_id, bool unknown)
{
    int64_t sent = 0, lost = 0;

    if (db_int(h->s, h->err, &sent,
               "SELECT count(*) FROM sync_intents n WHERE n.link_id = ? AND " OPEN_INTENT("n"), "i",
               link_id) < 0 ||
        db_int(h->s, h->err, &lost,
               "SELECT count(*) FROM sync_intents WHERE link_id = ? AND state = 'unknown'", "i",
               link_id) < 0)
        return -1;
    if (sent > 0) {
        err_set(h->err, ERR_RUN, ERR_LATER, "busy", "link %" PRId64 " has writes under way",
                link_id);
        return err_hint(h->err, "nothing was changed; try again when they are answered");
    }
    if (lost > 0 && unknown) {
        err_set(h->err, ERR_RUN, ERR_LATER, "busy",
                "link %" PRId64 " has a create of unknown outcome", link_id);
        return err_hint(h->err, "nothing was changed; replay or drop its reject first");
    }
    return 0;
}

/* ---- Links ---- */

bool
hand_is_end(const struct store_end *e, const struct store_record *r)
{
    return strcmp(e->system, r->system) == 0 && strcmp(e->account, r->account) == 0 &&
           strcmp(e->record_id, r->record_id) == 0;
}

int
hand_delete_end(struct hand *h, const char *resource, const struct store_record *r)
{
    return db_run(h->s, h->err,
                  "DELETE FROM sync_metadata WHERE resource_type = ? AND record_id = ? AND"
                  " external_system = ? AND account = ?",
                  "tttt", resource, r->record_id, r->system, r->account) < 0
               ? -1
               : 0;
}

int
hand_free_external_id(struct hand *h, int64_t link_id)
{
    return db_run(h->s, h->err,
                  "UPDATE sync_links SET external_id = external_id || '#' || link_id WHERE"
                  " link_id = ?1 AND ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM"
                  " sync_metadata e WHERE e.link_id = ?1)",
                  "i", link_id) < 0
               ? -1
               : 0;
}

int
hand_insert_link(struct hand *h, const char *resource, const char *external_id, const char *owner,
                 const char *ended_why, int64_t *link_id)
{
    if (db_run(h->s, h->err,
               "INSERT INTO sync_links (resource_type, external_id, owned_by, generation,"
               " created_at, ended_at, ended_why) VALUES (?, ?, ?, 1, ?, ?, ?)",
               "tttmMt", resource, external_id, owner, h->now,
               ended_why != NULL ? h->now : INT64_C(0), ended_why) < 0)
        return -1;
    *link_id = db_last_id(h->s);
    return 0;
}

int
hand_tell_link(struct hand *h, const char *rule, const char *outcome, int64_t link_id,
               const char *resource, const struct store_record *r, const char *text)
{
    const struct hand_line line = {.link_id = link_id,
                                   .resource = resource,
                                   .system = r != NULL ? r->system : NULL,
                                   .record_id = r != NULL ? r->record_id : NULL,
                                   .rule = rule,
                                   .outcome = outcome,
                                   .text = text};

    return hand_tell(h, &line);
}
