#include <config.h>

#include "store/operate.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/digest.h"
#include "store/sqlite/hand.h"

/* Records taken out of their links by hand, and whose they are. */

struct unlinking {
    struct hand h;
    const struct store_record *r;
    struct store_link l;
    bool forget;
};

/* Are there two ends left without the record, and one of them live? */
static bool
goes_on(const struct unlinking *x)
{
    size_t left = 0, live = 0;

    for (size_t i = 0; i < x->l.n_ends; i++)
        if (!hand_is_end(&x->l.ends[i], x->r)) {
            left++;
            live += !x->l.ends[i].deleted;
        }
    return !x->l.ended && left >= 2 && live > 0;
}

/* Nobody waits for a person any more; what the ends still differ in is found anew. */
static int
close_conflicts(struct unlinking *x)
{
    return db_run(x->h.s, x->h.err,
                  "UPDATE sync_conflicts SET state = 'resolved', resolution = 'unlinked',"
                  " resolved_by = ?, resolved_at = ? WHERE link_id = ? AND state = 'open'",
                  "tmi", x->h.by, x->h.now, x->l.link_id) < 0
               ? -1
               : 0;
}

static struct store_record
record_of(const struct store_end *e)
{
    return (struct store_record){e->system, e->account, e->record_id};
}

/* The record is nobody's. */
static int
let_go(struct unlinking *x, const struct store_record *r)
{
    if (hand_rehome(&x->h, x->l.resource, r, x->l.link_id, 0) < 0)
        return -1;
    return hand_delete_end(&x->h, x->l.resource, r);
}

/* The link goes on without the record, which gets an ended one of its own. */
static int
move_apart(struct unlinking *x)
{
    char random[18] = "-";
    int64_t own;

    digest_random_hex(8, random + 1);
    if (hand_insert_link(&x->h, x->l.resource,
                         arena_printf(x->h.a, LINK_UNLINKED, x->l.link_id, random), x->r->system,
                         "unlinked", &own) < 0 ||
        hand_rehome(&x->h, x->l.resource, x->r, x->l.link_id, own) < 0)
        return -1;
    return db_run(x->h.s, x->h.err,
                  "UPDATE sync_metadata SET link_id = ? WHERE resource_type = ? AND record_id = ?"
                  " AND external_system = ? AND account = ?",
                  "itttt", own, x->l.resource, x->r->record_id, x->r->system, x->r->account) < 0
               ? -1
               : 0;
}

static int
take_apart(struct unlinking *x)
{
    if (db_run(x->h.s, x->h.err, "DELETE FROM sync_owed WHERE link_id = ? AND target = ?", "it",
               x->l.link_id, x->r->system) < 0 ||
        db_run(x->h.s, x->h.err,
               "UPDATE sync_links SET owned_by = NULL WHERE link_id = ? AND owned_by = ?", "it",
               x->l.link_id, x->r->system) < 0 ||
        (x->forget ? let_go(x, x->r) : move_apart(x)) < 0)
        return -1;
    return hand_nominate_end(&x->h, "unlink", x->l.link_id, NULL);
}

static int
end_link(struct unlinking *x)
{
    if (db_run(x->h.s, x->h.err,
               "UPDATE sync_links SET ended_at = ?, ended_why = 'unlinked' WHERE link_id = ? AND"
               " ended_at IS NULL",
               "mi", x->h.now, x->l.link_id) < 0 ||
        db_run(x->h.s, x->h.err, "DELETE FROM sync_owed WHERE link_id = ?", "i", x->l.link_id) < 0)
        return -1;
    return 0;
}

static int
end_it(struct unlinking *x)
{
    if (end_link(x) < 0)
        return -1;
    for (size_t i = 0; x->forget && i < x->l.n_ends; i++) {
        const struct store_record r = record_of(&x->l.ends[i]);

        if (let_go(x, &r) < 0)
            return -1;
    }
    return x->forget ? hand_free_external_id(&x->h, x->l.link_id) : 0;
}

/* Records that are nobody's now are looked at, and matched anew. */
static int
nominate_freed(struct unlinking *x, bool all)
{
    for (size_t i = 0; i < x->l.n_ends; i++) {
        const struct store_record r = record_of(&x->l.ends[i]);

        if (!x->l.ends[i].deleted && (all || hand_is_end(&x->l.ends[i], x->r)) &&
            hand_nominate(&x->h, "unlink", x->l.link_id, x->l.resource, &r) < 0)
            return -1;
    }
    return 0;
}

static int
unlink_record(struct unlinking *x, const char *resource)
{
    int64_t link_id;
    int rc = link_of_record(x->h.s, resource, x->r->system, x->r->account, x->r->record_id,
                            &link_id, x->h.err);
    bool whole;

    if (rc == 1)
        rc = hand_load_link(&x->h, link_id, &x->l);
    if (rc != 1)
        return rc;
    whole = !goes_on(x);
    if (x->l.ended && !x->forget)
        return 1;
    if (hand_check_idle(&x->h, x->l.link_id, true) < 0 || hand_touch(&x->h, x->l.link_id) < 0 ||
        close_conflicts(x) < 0 || (whole ? end_it(x) : take_apart(x)) < 0 ||
        hand_tell_link(&x->h, "unlink", "unlinked", x->l.link_id, x->l.resource, x->r,
                       x->forget ? "forgotten" : NULL) < 0)
        return -1;
    if (x->forget && nominate_freed(x, whole) < 0)
        return -1;
    return 1;
}

int
store_unlink(struct store *s, const char *resource, const struct store_record *record, bool forget,
             const char *by, int64_t now, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct unlinking x = {
        .h = {.s = s, .a = a, .by = by, .now = now, .err = err}, .r = record, .forget = forget};
    struct tx tx;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    return tx_leave(s, &tx, unlink_record(&x, resource), err);
}

/* ---- Owning ---- */

static int
own(struct hand *h, int64_t link_id, const char *system)
{
    struct store_link l;
    int rc = hand_load_link(h, link_id, &l);
    struct store_record record = {.system = NULL};

    if (rc != 1)
        return rc;
    for (size_t i = 0; i < l.n_ends; i++)
        if (!l.ends[i].deleted && strcmp(l.ends[i].system, system) == 0)
            record = record_of(&l.ends[i]);
    if (record.system == NULL)
        return err_set(h->err, ERR_RECORD, ERR_NEVER, "no-end",
                       "link %" PRId64 " has no live record at %s", link_id, system);
    if (db_run(h->s, h->err, "UPDATE sync_links SET owned_by = ? WHERE link_id = ?", "ti", system,
               link_id) < 0 ||
        hand_touch(h, link_id) < 0 ||
        hand_tell_link(h, "own", "owned", link_id, l.resource, &record,
                       arena_printf(h->a, "%s owns the record, before: %s", system,
                                    l.owned_by != NULL ? l.owned_by : "nobody")) < 0 ||
        hand_nominate_end(h, "own", link_id, system) < 0)
        return -1;
    return 1;
}

int
store_own(struct store *s, int64_t link_id, const char *system, const char *by, int64_t now,
          struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct hand h = {.s = s, .a = a, .by = by, .now = now, .err = err};
    struct tx tx;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    return tx_leave(s, &tx, own(&h, link_id, system), err);
}
