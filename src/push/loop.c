#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "sync/breaker.h"

#include <string.h>

/* A resume looks at what waited at once; until then there is nothing to see. */
enum { LOOPED_AGAIN_MS = 15 * 60000 };

int64_t
loop_until(int64_t now)
{
    return now + LOOPED_AGAIN_MS;
}

/* Is P of the breaker, of an end of the line's link? 1, 0, -1. */
static int
is_of_link(const struct line *l, const struct store_pause *p, struct err *err)
{
    struct store_link link;
    int rc;

    if (strcmp(p->scope, "record") != 0 || p->by == NULL || strcmp(p->by, STORE_LOOP_PAUSE) != 0 ||
        p->system == NULL || p->account == NULL || p->resource == NULL || p->record_id == NULL ||
        strcmp(p->resource, l->event.resource) != 0)
        return 0;
    rc = store_find_link(l->push->store, l->arena, p->resource, p->system, p->account, p->record_id,
                         &link, err);
    return rc <= 0 ? rc : link.link_id == l->decision.link;
}

int
loop_pause(const struct line *l, const struct store_pause **out, struct err *err)
{
    const struct push *p = l->push;
    int rc = 0;

    *out = NULL;
    for (size_t i = 0; i < p->n_pauses && rc == 0 && l->decision.link != 0; i++) {
        rc = is_of_link(l, &p->pauses[i], err);
        if (rc > 0)
            *out = &p->pauses[i];
    }
    return rc < 0 ? -1 : 0;
}

static bool
is_update(const struct line *l, const struct decision_write *w)
{
    return strcmp(w->action, "update") == 0 && w->set->n > 0 && guard_find(l, w->target) == NULL;
}

static size_t
count_updates(const struct line *l)
{
    size_t n = 0;

    for (size_t i = 0; i < l->decision.n_writes; i++)
        n += is_update(l, &l->decision.writes[i]);
    return n;
}

/* What was written of late, and what would be now. Returns the number, or -1. */
static int
collect(const struct line *l, size_t n_now, struct breaker_write **out, struct err *err)
{
    const struct conf *conf = &l->push->conf;
    struct store_written *had = NULL;
    int at, count = 0,
            n = store_recent_link_writes(l->push->store, l->arena, l->decision.link,
                                         clock_now() - conf->breaker_window_ms, &had, err);

    if (n <= 0)
        return n;
    *out = arena_alloc(l->arena, ((size_t)n + n_now) * sizeof **out);
    for (int i = 0; i < n; i++)
        if ((at = sync_index(l->sync, had[i].target)) >= 0)
            (*out)[count++] =
                (struct breaker_write){had[i].fields, had[i].before,     had[i].sources,
                                       (size_t)at,    had[i].generation, had[i].done};
    for (size_t i = 0; i < l->decision.n_writes; i++) {
        const struct decision_write *w = &l->decision.writes[i];

        if (is_update(l, w) && (at = sync_index(l->sync, w->target)) >= 0)
            (*out)[count++] =
                (struct breaker_write){w->set, w->before, w->sources, (size_t)at, INT64_MAX, true};
    }
    return count;
}

static int
pause_record(struct line *l, const struct decision_write *w, const char *field, struct err *err)
{
    struct push *p = l->push;
    const char *source = w->sources == NULL ? NULL : val_get_text(w->sources, field);
    const char *why =
        source == NULL ? arena_printf(l->arena, "%s alternates by our own writes", field)
                       : arena_printf(l->arena, "%s alternates by our own writes between %s and %s",
                                      field, source, w->target);
    const struct store_pause pause = {.scope = "record",
                                      .by = STORE_LOOP_PAUSE,
                                      .system = w->target,
                                      .account = push_target(p, w->target)->system->account,
                                      .resource = l->event.resource,
                                      .record_id = w->target_record_id,
                                      .reason = arena_printf(l->arena, "breaker: %s", why)};

    if (!p->o->dry_run && store_pause_add(p->store, &pause, clock_now(), err) < 0)
        return -1;
    crash_point("push.paused");
    guard_forget(p);
    log_error("incident: %s %s:%s: %s; the record is paused", pause.resource, pause.system,
              pause.record_id, why);
    log_error("resume with: sync-ctl resume %s %s:%s", pause.resource, pause.system,
              pause.record_id);
    for (size_t i = 0; i < l->decision.n_writes; i++)
        if (guard_find(l, l->decision.writes[i].target) == NULL)
            guard_withhold(l, l->decision.writes[i].target, "breaker", pause.reason,
                           loop_until(clock_now()));
    return 0;
}

int
loop_check(struct line *l, struct err *err)
{
    const struct conf *conf = &l->push->conf;
    size_t n_now = count_updates(l);
    struct breaker_write *writes = NULL;
    const char *field;
    int n;

    if (conf->breaker_alternations <= 0 || l->decision.link == 0 || n_now == 0)
        return 0;
    n = collect(l, n_now, &writes, err);
    if (n <= 0)
        return n;
    field = breaker_trips(l->arena, l->sync, writes, (size_t)n, conf->breaker_alternations);
    if (field == NULL)
        return 0;
    for (size_t i = 0; i < l->decision.n_writes; i++) {
        const struct decision_write *w = &l->decision.writes[i];

        if (is_update(l, w) && val_get(w->set, field) != NULL)
            return pause_record(l, w, field, err);
    }
    return 0;
}
