#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "config/batch.h"
#include "http/url.h"

#include <stdio.h>
#include <string.h>

/* ---- asking ---- */

static void ask_job(void *user);

static void
ask_later(struct bulk *b, int64_t wait)
{
    if (clock_boot() + wait > b->deadline)
        bulk_end_lost(b, "job-late", "the job that was to write it is not done in time");
    else
        http_after(b->p->http, wait, ask_job, b);
}

static bool
is_said(const struct limit_when *w, const struct call *c)
{
    return w->n_status + w->n_body > 0 && limit_is_said(w, c->answer.status, c->shown);
}

/* A job that was just begun may not show yet; one from before was there. */
static bool
is_gone(const struct bulk *b, const struct provider_answer *a)
{
    return b->resumed && a->outcome != PROVIDER_OK && (a->status == 404 || a->status == 410);
}

static void
polled(void *user, const struct provider_answer *a)
{
    struct bulk *b = user;
    const struct batch_poll *poll = &b->e->batch->poll;
    struct call *c = b->call;
    int64_t wait = poll->every_ms;

    b->call = NULL;
    if (a->not_before > clock_now() + wait)
        wait = a->not_before - clock_now();
    if (is_gone(b, a)) {
        bulk_end_lost(b, "job-gone", "the job that was to write it is not there any more");
    } else if (a->outcome != PROVIDER_OK) {
        ask_later(b, wait);
    } else if (is_said(&poll->failed, c)) {
        bulk_end_lost(b, "job-failed", "the job that was to write it failed");
    } else if (is_said(&poll->done, c)) {
        bulk_deal(b, c, c->shown);
        bulk_free(b);
    } else {
        ask_later(b, wait);
    }
}

static void
ask_job(void *user)
{
    struct bulk *b = user;

    b->waits = false;
    b->call = call_new(b->p, CALL_POLL, b->r, &b->poll, polled, b);
    b->call->t.job = b->job;
    call_ask(b->call, NULL);
}

/* What is asked for B->job. False: it is on another host. */
static bool
aim(struct bulk *b)
{
    const struct batch_poll *poll = &b->e->batch->poll;

    b->poll = poll->call;
    if (poll->job != NULL)
        return true;
    if (b->job[0] != '/' && !url_same_origin(provider_at(b->p)->base_url, b->job))
        return false;
    b->poll = (struct endpoint){.present = true,
                                .method = (char *)"GET",
                                .path = (char *)(uintptr_t)b->job,
                                .record = (char *)"",
                                .records = (char *)""};
    return true;
}

/* ---- a call's own ---- */

/* URL from the path of base_url on, if it is below it: an account's API may move. */
static const char *
from_base(struct bulk *b, const char *url)
{
    const char *base = provider_at(b->p)->base_url;
    size_t len = strlen(base);

    url = auth_url_without(b->arena, b->p->system, url);
    return strncmp(url, base, len) == 0 && url[len] == '/' ? url + len : url;
}

/* False: the answer does not say where the job is asked for. */
static bool
find_job(struct bulk *b, const struct call *c)
{
    const struct batch_poll *poll = &b->e->batch->poll;
    const char *text = val_id(val_path(c->shown, poll->job != NULL ? poll->job : poll->url));

    if (text == NULL || text[0] == '\0')
        return false;
    if (poll->job == NULL)
        text = url_resolve(b->arena, c->q.url, text);
    if (text == NULL)
        return false;
    b->job = poll->job != NULL ? arena_text(b->arena, text) : from_base(b, text);
    return aim(b);
}

static void
tell(struct bulk *b)
{
    struct provider_job *jobs = arena_alloc(b->arena, b->n * sizeof *jobs);
    size_t n = 0;

    if (b->p->accepted == NULL || strlen(b->job) > RECORD_MAX_ID)
        return;
    for (size_t i = 0; i < b->n; i++) {
        struct bulk_item *x = &b->items[i];

        if (x->over)
            continue;
        jobs[n].user = x->in.user;
        jobs[n++].job = arena_printf(b->arena, "%zu/%zu %s", x->place + 1, b->n_sent, b->job);
    }
    b->p->accepted(b->p->accepted_user, jobs, n);
}

void
bulk_watch(struct bulk *b, struct call *c)
{
    const struct batch_poll *poll = &b->e->batch->poll;

    if (!find_job(b, c)) {
        bulk_end_lost(b, "no-job", "the answer names no job on this host");
        return;
    }
    tell(b);
    b->deadline = clock_boot() + poll->deadline_ms;
    ask_later(b, poll->every_ms);
}

void
provider_jobs(struct provider *p, provider_accepted *accepted, void *user)
{
    p->accepted = accepted;
    p->accepted_user = user;
}

/* ---- of another process ---- */

enum { MAX_ITEMS = 100000 };

struct place {
    size_t at, of;
    const char *job;
};

static bool
read_place(const char *text, struct place *out)
{
    int end = 0;

    if (sscanf(text, "%zu/%zu %n", &out->at, &out->of, &end) != 2 || end == 0)
        return false;
    out->job = text + end;
    return out->at >= 1 && out->at <= out->of && out->of <= MAX_ITEMS && out->job[0] != '\0';
}

/* One that was resumed just now, for the same job. */
static struct bulk *
find_resumed(struct provider *p, const struct resource_def *r, enum provider_action action,
             const struct place *at)
{
    for (struct bulk *b = p->bulks; b != NULL; b = b->next)
        if (b->waits && b->r == r && b->action == action && b->n < b->n_sent &&
            b->n_sent == at->of && strcmp(b->job, at->job) == 0)
            return b;
    return NULL;
}

static struct bulk *
resume(struct provider *p, const struct resource_def *r, enum provider_action action,
       const struct place *at, int64_t sent_boot)
{
    struct bulk *b = bulk_new(p, r, action, at->of);

    b->n_sent = at->of;
    b->job = arena_text(b->arena, at->job);
    b->waits = b->resumed = true;
    b->deadline = sent_boot + b->e->batch->poll.deadline_ms;
    if (!aim(b)) {
        bulk_free(b);
        return NULL;
    }
    http_after(p->http, 0, ask_job, b);
    return b;
}

bool
provider_resume(struct provider *p, const struct resource_def *r, enum provider_action action,
                const struct provider_item *item, int64_t sent_boot)
{
    struct place at;
    struct bulk *b;

    if (provider_bulk_late_ms(r, action) == 0 || !read_place(item->job, &at))
        return false;
    b = find_resumed(p, r, action, &at);
    if (b == NULL)
        b = resume(p, r, action, &at, sent_boot);
    if (b == NULL)
        return false;
    bulk_add(b, item);
    b->items[b->n - 1].place = at.at - 1;
    return true;
}
