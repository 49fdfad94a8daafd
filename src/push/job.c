#include <config.h>

#include "push/internal.h"
#include "base/crash.h"
#include "base/log.h"

#include <string.h>

/*
 * A call of several that is answered before the work is done names a job. It is kept with each
 * intent of the call, so that who takes them over asks for the same job, and neither looks up what
 * is not there yet nor writes it again.
 */

void
job_keep(void *user, const struct provider_job *jobs, size_t n)
{
    struct push *p = user;
    struct err err = ERR_INIT;
    int64_t tokens[PUSH_MAX_WRITES];
    const char *texts[PUSH_MAX_WRITES];

    for (size_t i = 0; i < n; i++) {
        const struct write *w = jobs[i].user;

        tokens[i] = w->intent.token;
        texts[i] = jobs[i].job;
    }
    crash_point("push.accepted");
    if (store_job(p->store, tokens, texts, n, p->owner, &err) < 0)
        push_fail(p, &err);
    crash_point("push.job");
}

static void
answered(void *user, const struct provider_answer *a)
{
    struct write *w = user;

    w->line->push->looking--;
    crash_point("push.resumed");
    outcome_take(w, a);
}

bool
job_resume(struct write *w)
{
    const struct store_intent *i = &w->intent;
    const struct provider_item item = {.id = i->record_id,
                                       .external_id = i->external_id,
                                       .fields = i->fields,
                                       .job = i->job,
                                       .done = answered,
                                       .user = w};

    if (i->job == NULL ||
        !provider_resume(w->target->provider, w->def, group_action(w), &item, w->sent_boot))
        return false;
    log_verbose("%s: its job is asked for: %s", line_name(w->line), i->job);
    w->line->push->looking++;
    return true;
}
