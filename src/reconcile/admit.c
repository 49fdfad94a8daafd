#include <config.h>

#include "reconcile/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "store/facts.h"
#include "sync/echo.h"
#include "sync/match.h"

#include <string.h>

enum { MAX_PASSES = 12, QUIET_PASSES = 3 };

/* Rows that cannot be events: a reject each, and a word on stderr. */
static int
reject(struct admission *x, const char *record_id, const char *code, const char *text,
       const struct val *raw, struct err *err)
{
    const struct conf_job *job = x->job->conf;
    const struct store_reject r = {.stage = "reconcile",
                                   .system = job->system->name,
                                   .account = job->system->account,
                                   .resource = job->sync->resource,
                                   .record_id = record_id,
                                   .code = code,
                                   .text = text,
                                   .record = raw != NULL ? val_write_text(x->arena, raw) : NULL};

    log_warn("job %s: %s", job->name, text);
    x->job->status = status_worse(x->job->status, EXIT_PARTIAL);
    return store_reject_row(x->session->store, &r, clock_now(), err);
}

/* What the record is matched by: its keys, and our external id if it carries one. */
static int
replace_keys(struct admission *x, const struct event *e, const char *external_id, int64_t now,
             struct err *err)
{
    const struct conf_sync *sync = x->job->conf->sync;
    struct match_keys keys = {0};

    if (e->partial)
        return 0; /* what the row lacks may be a key; the record's own reading replaces them */
    match_keys(x->arena, sync, x->system_index, e->fields, &keys);
    if (match_is_ours(store_deployment(x->session->store), external_id))
        keys.hashes[keys.n++] = arena_printf(x->arena, STORE_CARRIED "%s", external_id);
    return store_keys_replace(x->session->store, e->resource, e->system, e->account, e->record_id,
                              keys.hashes, keys.n, now, err);
}

/*
 * A row that is certainly no news ends here: what was written lately is listed again by every run
 * within the overlap, and behind the door two such rows of one link would be folded into one
 * nomination that costs a call to each end.
 */
static int
end_echo(struct admission *x, struct event *e, int64_t seq, int64_t now, struct err *err)
{
    struct echo_input in = {
        .sync = x->job->conf->sync, .event = e, .system_index = x->system_index};
    enum echo_verdict verdict;

    if (store_facts(x->session->store, x->arena, e, &in.facts, err) < 0)
        return -1;
    if (in.facts.shadow != NULL && e->fields != NULL) {
        e->fields_text = val_write_text(x->arena, e->fields);
        e->fields_len = strlen(e->fields_text);
    }
    verdict = echo_judge(x->arena, &in);
    if (verdict == ECHO_ECHO && store_facts_lane(x->session->store, seq, &in.facts, err) < 0)
        return -1;
    if (verdict == ECHO_PASS || !echo_is_certain(verdict, &in.facts))
        return 0;
    return store_dispose_new(x->session->store, seq, echo_disposition(verdict), now, err);
}

/* 1 admitted, 0 known or refused, -1. */
static int
admit(struct admission *x, const struct provider_record *r, long number, struct err *err)
{
    struct arena *a = x->arena;
    int64_t now = clock_now(), seq;
    struct err why = ERR_INIT;
    struct store_admission adm;
    struct event e;
    int n;

    if (walk_event(a, x->job->conf, r, &e, &why) < 0) {
        x->refused++;
        return reject(x, NULL, why.code, why.text, r->raw, err) < 0 ? -1 : 0;
    }
    e.event_id = arena_printf(a, "%s/%08ld", x->job->run_id, number);
    adm = (struct store_admission){.event = &e,
                                   .map_hash = x->job->conf->sync->map_hash,
                                   .run_id = x->job->run_id,
                                   .read_at = x->read_at,
                                   .wait_if_unlinked = x->loading};
    n = store_admit(x->session->store, &adm, now, &seq, err);
    if (n < 0 || replace_keys(x, &e, r->external_id, now, err) < 0)
        return -1;
    if (n > 0 && end_echo(x, &e, seq, now, err) < 0)
        return -1;
    return n;
}

static int
admit_records(struct admission *x, const struct provider_answer *page, size_t n,
              struct position *next, long *admitted, struct err *err)
{
    long first = next->count - (long)n;

    *admitted = 0;
    x->refused = (long)page->n_bad;
    for (size_t i = 0; i < n; i++) {
        int rc = admit(x, &page->records[i], first + (long)i + 1, err);

        if (rc < 0)
            return -1;
        *admitted += rc;
    }
    next->refused += x->refused;
    if (page->n_bad > 0) {
        const char *text =
            arena_printf(x->arena, "%zu rows cannot be read: %s", page->n_bad, page->bad_text);

        return reject(x, NULL, "bad-row", text, NULL, err);
    }
    return 0;
}

/*
 * The watermark comes from the provider's clock alone: from what its records say, not beyond its
 * Date. A listing that shows nothing moves it nowhere, and the first one sets it to the beginning
 * of time: who may not see the records yet is shown nothing, and they are old when he may.
 */
const char *
admit_watermark(struct session *s, const struct conf_job *job, const struct store_watermark *before,
                const struct position *p)
{
    int64_t settle = job->def->list.settle_ms, mark = p->max, old;
    int64_t horizon = p->server_now != 0 ? p->server_now - settle : mark;
    struct err ignored = ERR_INIT;
    char text[CLOCK_TEXT];

    if (mark == 0 && p->count > 0)
        mark = horizon; /* no record says when it changed */
    if (mark > horizon)
        mark = horizon;
    if (before->last_successful != NULL &&
        clock_parse(before->last_successful, &old, &ignored) == 0 && old > mark)
        mark = old;
    return arena_text(s->arena, clock_format(mark, text));
}

/* Has every job of the sync listed once? Then the rows that wait for it are free. */
static int
free_loaded(struct session *s, const struct conf_sync *sync, struct err *err)
{
    int rc = store_is_loading(s->store, s->o->conf, sync->resource, err);

    return rc != 0 ? (rc < 0 ? -1 : 0) : store_loaded(s->store, sync->resource, clock_now(), err);
}

/* The listing is complete with this page: the watermark moves in the page's transaction. */
static int
move_watermark(struct admission *x, const struct position *next, struct err *err)
{
    const struct conf_job *job = x->job->conf;
    struct session *s = x->session;
    struct store_watermark w = {.known = true, .record_count = next->count};

    w.last_successful = admit_watermark(s, job, &x->mark, next);
    if (store_watermark_save(s->store, job->name, job->system->account, job->sync->resource, &w,
                             err) < 0)
        return -1;
    return free_loaded(s, job->sync, err);
}

/* Has the pass that ends with P shown all there is? Notes what it found. */
static bool
is_whole(struct position *p, const struct store_run_rows *r)
{
    bool first = p->pass == 0, is_new = r->different > p->different;

    p->different = r->different;
    p->quiet = first || is_new ? 0 : p->quiet + 1;
    if (p->total >= 0 && r->records + p->refused < p->total)
        return false;
    if (first)
        return r->rows == r->different;
    return p->total >= 0 || p->quiet >= QUIET_PASSES;
}

/*
 * A row that came twice in one listing, unchanged, tells that its pages come in no fixed order;
 * then another may not have come at all, as where fewer came than there are. So it is walked until
 * the number is right; where nobody tells it, until some passes brought nothing new.
 */
static int
check_whole(struct admission *x, struct position *next, struct err *err)
{
    const struct conf_system *system = x->job->conf->system;
    struct store_run_rows r;

    if (store_run_rows(x->session->store, x->job->run_id, system->name, system->account, &r, err) <
        0)
        return -1;
    if (is_whole(next, &r))
        return 0;
    next->refused = 0;
    if (++next->pass < MAX_PASSES)
        return 0;
    if (next->total > r.records)
        return err_set(
            err, ERR_SYSTEM, ERR_NEVER, "short",
            "%s: it lists %lld records and says that there are %lld: the watermark stays, "
            "and what was listed is kept",
            system->name, (long long)r.records, (long long)next->total);
    return err_set(
        err, ERR_SYSTEM, ERR_NEVER, "unstable",
        "%s: its pages come in another order each time, and %d walks were not enough: the "
        "watermark stays, and what was listed is kept",
        system->name, MAX_PASSES);
}

static int
apply_page(struct admission *x, const struct provider_answer *page, size_t n, struct position *next,
           bool *complete, long *admitted, struct err *err)
{
    struct session *s = x->session;
    int pass = next->pass;
    const char *cursor;

    if (admit_records(x, page, n, next, admitted, err) < 0 ||
        (*complete && check_whole(x, next, err) < 0))
        return -1;
    *complete = *complete && next->pass == pass;
    cursor = next->cursor != NULL || next->pass > pass ? position_text(x->arena, next) : NULL;
    if (store_run_page(s->store, x->job->run_id, cursor, (long)n, *admitted, err) < 0)
        return -1;
    return *complete ? move_watermark(x, next, err) : 0;
}

/* One durable transaction a page: its rows, its keys, where the listing goes on. */
int
admit_page(struct walk *l, const struct provider_answer *page, size_t n, struct position *next,
           bool last, struct err *err)
{
    struct admission *x = l->user;
    struct session *s = x->session;
    bool complete = last && !l->limited;
    long admitted;

    arena_reset(x->arena);
    x->read_at = l->asked_at;
    if (store_begin(s->store, true, err) < 0)
        return -1;
    if (apply_page(x, page, n, next, &complete, &admitted, err) < 0) {
        store_abort(s->store);
        return -1;
    }
    if (store_commit(s->store, err) < 0)
        return -1;
    crash_point("reconcile.page-admitted");
    x->job->complete = complete;
    return 0;
}
