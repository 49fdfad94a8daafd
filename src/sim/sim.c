#include <config.h>

#include "sim/sim.h"
#include "base/log.h"
#include "base/mem.h"
#include "sim/api.h"
#include "sim/bulk.h"
#include "sim/control.h"
#include "sim/mark.h"
#include "sim/notice.h"

#include <stdlib.h>
#include <string.h>

void
sim_init(struct sim *s, enum ids_kind kind, uint64_t seed)
{
    *s = (struct sim){.page_max = 1000};
    store_init(&s->store, kind, seed);
    journal_init(&s->journal);
    hooks_init(&s->hooks, seed);
    s->actor = mem_text("api");
    s->account = mem_printf("sim-%llu", (unsigned long long)seed);
}

static void
say(const struct call *call, const struct reply *reply)
{
    const char *mark = *call->query != '\0' ? "?" : "";

    if (reply->drop)
        log_verbose("%s %s%s%s: not answered", call->method, call->path, mark, call->query);
    else
        log_verbose("%s %s%s%s: %d", call->method, call->path, mark, call->query, reply->status);
}

enum { BEFORE_ANSWER_MS = 1000 };

/* Webhooks go out after the answer, but when a quirk holds that back. */
static void
notify(struct sim *s, struct call *call, struct reply *reply)
{
    bool before = quirk_on(&s->store.quirks, QUIRK_WEBHOOK_BEFORE_ANSWER);

    hooks_time(&s->hooks, &s->store.time);
    if (!before && reply->delay_ms == 0)
        return;
    notice_send(s, call);
    if (before && call->last_event > 0)
        reply->hold_ms = BEFORE_ANSWER_MS;
}

bool
sim_held(struct sim *s, const struct call *call)
{
    return call->drains ? hooks_queued(&s->hooks) > 0
                        : hooks_untried(&s->hooks, call->first_event, call->last_event);
}

void
sim_unhold(struct sim *s, struct call *call, struct reply *reply)
{
    if (call->drains)
        control_drained(s, reply);
}

void
sim_done(struct sim *s, struct call *call)
{
    notice_send(s, call);
}

void
sim_answer(struct sim *s, struct call *call, struct reply *reply)
{
    const char *first = call->nsegments > 0 ? call->segments[0] : "";

    if (!call->malformed && strcmp(first, "_sim") == 0)
        control_answer(s, call, reply);
    else if (!call->malformed && strcmp(first, "_human") == 0)
        control_human(s, call, reply);
    else if (call->malformed || !token_answer(s, call, reply))
        api_answer(s, call, reply);
    notify(s, call, reply);
    say(call, reply);
}

void
sim_keep_answer(struct sim *s, struct answer *a)
{
    map_put(&s->answers, a->key, a);
}

static void
free_answer(void *value, void *with)
{
    struct answer *a = value;

    (void)with;
    free(a->key);
    free(a->body);
    free(a->etag);
    free(a->location);
    free(a);
}

void
sim_forget_answers(struct sim *s)
{
    map_each(&s->answers, free_answer, NULL);
    map_release(&s->answers);
    bulk_forget(s);
}

void
sim_release(struct sim *s)
{
    sender_stop(s->sender, 0);
    hooks_release(&s->hooks);
    mark_release(s);
    sim_forget_answers(s);
    store_release(&s->store);
    journal_release(&s->journal);
    free(s->account);
    free(s->actor);
    free(s->token);
    free(s->query_key);
    token_release(&s->tokens);
    free(s->file);
}
