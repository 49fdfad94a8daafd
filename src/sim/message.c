#include <config.h>

#include "sim/message.h"
#include "base/mem.h"
#include "sim/ids.h"

#include <stdlib.h>
#include <string.h>

/* How long a shuffle and, if the quirk does not say, a batch wait for more. */
enum { SHUFFLE_MS = 200, BATCH_MS = 100 };

void
events_add(struct events *e, long long n, char *json)
{
    e->items = mem_resize(e->items, e->n + 1, sizeof(struct event));
    e->items[e->n++] = (struct event){n, json};
}

void
events_release(struct events *e)
{
    size_t i;

    for (i = 0; i < e->n; i++)
        free(e->items[i].json);
    free(e->items);
    *e = (struct events){NULL, 0};
}

struct message *
message_ref(struct message *m)
{
    m->refs++;
    return m;
}

void
message_unref(struct message *m)
{
    if (m == NULL || --m->refs > 0)
        return;
    free(m->id);
    free(m->body);
    free(m);
}

void
gather_init(struct gather *g, uint64_t seed)
{
    *g = (struct gather){.seed = seed};
    g->tail = &g->ready;
}

/* A number that only the seed, event N and WHAT it is for decide. */
static uint64_t
draw(const struct gather *g, long long n, uint64_t what)
{
    return ids_mix(ids_mix(g->seed + 1) + ids_mix((uint64_t)n) * 3 + what);
}

static void
put_ready(struct gather *g, struct message *m)
{
    m->next = NULL;
    *g->tail = m;
    g->tail = &m->next;
}

/* A message of EVENTS, which are empty after. */
static struct message *
make(const struct gather *g, struct events *events, int64_t now)
{
    struct message *m = mem_alloc(sizeof *m);
    struct buf body = BUF_INIT;
    size_t i;

    *m = g->mold;
    m->refs = 1;
    m->first = events->items[0].n;
    m->last = events->items[events->n - 1].n;
    m->id = mem_printf("msg-%lld", m->first);
    m->due = now + g->delay;
    if (g->jitter > 0)
        m->due += (int64_t)(draw(g, m->first, 'j') % (uint64_t)(g->jitter + 1));
    buf_printf(&body, "{\"account\":%s,\"events\":[", g->account);
    for (i = 0; i < events->n; i++)
        buf_printf(&body, "%s%s", i > 0 ? "," : "", events->items[i].json);
    buf_text(&body, "]}");
    m->len = body.len;
    m->body = buf_take(&body);
    events_release(events);
    return m;
}

/* Let the window go, shuffled (Fisher and Yates). */
static void
end_window(struct gather *g)
{
    struct message **all = mem_alloc((g->window_n + 1) * sizeof *all);
    struct message *m = g->window;
    size_t n = 0;

    for (; m != NULL; m = m->next)
        all[n++] = m;
    while (n > 0) {
        size_t i = (size_t)(draw(g, all[n - 1]->first, 's') % n);

        m = all[i];
        all[i] = all[--n];
        put_ready(g, m);
    }
    free(all);
    g->window = NULL;
    g->window_n = 0;
}

static void
put_window(struct gather *g, struct message *m, int64_t now)
{
    struct message **at = &g->window;

    while (*at != NULL)
        at = &(*at)->next;
    *at = m;
    m->next = NULL;
    if (g->window_n++ == 0)
        g->window_due = now + SHUFFLE_MS;
    if (g->window_n >= g->window_max)
        end_window(g);
}

static void
end_batch(struct gather *g, int64_t now)
{
    struct message *m = make(g, &g->batch, now);

    if (g->window_max > 1 || g->window_n > 0)
        put_window(g, m, now);
    else
        put_ready(g, m);
}

static void
follow(struct gather *g, const struct quirks *q)
{
    const struct quirk_value *delay = &q->v[QUIRK_WEBHOOK_DELAY];

    g->mold.once = quirk_on(q, QUIRK_WEBHOOK_ONCE);
    g->mold.is_unsigned = quirk_on(q, QUIRK_WEBHOOK_UNSIGNED);
    g->mold.no_id = quirk_on(q, QUIRK_WEBHOOK_NO_ID);
    g->mold.copies = quirk_on(q, QUIRK_WEBHOOK_DUPLICATE) ? q->v[QUIRK_WEBHOOK_DUPLICATE].n : 1;
    g->delay = delay->on ? delay->n : 0;
    g->jitter = delay->on ? delay->more : 0;
    g->window_max = (size_t)quirk_number(q, QUIRK_WEBHOOK_REORDER);
    g->batch_max = (size_t)quirk_number(q, QUIRK_WEBHOOK_BATCH);
}

static bool
is_lost(const struct gather *g, const struct quirk_value *lose, long long n)
{
    if (!lose->on)
        return false;
    if (lose->more > 0)
        return n % lose->more == 0;
    return (long long)(draw(g, n, 'l') % 100) < lose->n;
}

void
gather_add(struct gather *g, const struct quirks *q, struct event event, int64_t now)
{
    const struct quirk_value *batch = &q->v[QUIRK_WEBHOOK_BATCH];

    follow(g, q);
    if (is_lost(g, &q->v[QUIRK_WEBHOOK_LOSE], event.n)) {
        struct events alone = {NULL, 0};
        struct message *m;

        events_add(&alone, event.n, event.json);
        m = make(g, &alone, now);
        m->lost = true;
        put_ready(g, m);
        return;
    }
    if (g->batch.n == 0)
        g->batch_due = now + (batch->on && batch->more > 0 ? batch->more : BATCH_MS);
    events_add(&g->batch, event.n, event.json);
    if (g->batch.n >= g->batch_max)
        end_batch(g, now);
}

struct message *
gather_take(struct gather *g, int64_t now, bool all, int64_t *due)
{
    struct message *m;

    if (g->batch.n > 0 && (all || g->batch_due <= now))
        end_batch(g, now);
    if (g->window_n > 0 && (all || g->window_due <= now))
        end_window(g);
    m = g->ready;
    if (m != NULL) {
        g->ready = m->next;
        if (g->ready == NULL)
            g->tail = &g->ready;
        m->next = NULL;
        return m;
    }
    if (g->batch.n > 0 && g->batch_due < *due)
        *due = g->batch_due;
    if (g->window_n > 0 && g->window_due < *due)
        *due = g->window_due;
    return NULL;
}

static bool
listed(const struct message *m, long long first, long long last)
{
    for (; m != NULL; m = m->next)
        if (m->first <= last && m->last >= first)
            return true;
    return false;
}

bool
gather_holds(const struct gather *g, long long first, long long last)
{
    size_t i;

    for (i = 0; i < g->batch.n; i++)
        if (g->batch.items[i].n >= first && g->batch.items[i].n <= last)
            return true;
    return listed(g->window, first, last) || listed(g->ready, first, last);
}

size_t
gather_held(const struct gather *g)
{
    const struct message *m;
    size_t n = g->batch.n + g->window_n;

    for (m = g->ready; m != NULL; m = m->next)
        n++;
    return n;
}

static void
unref_all(struct message *m)
{
    while (m != NULL) {
        struct message *next = m->next;

        message_unref(m);
        m = next;
    }
}

void
gather_drop(struct gather *g)
{
    events_release(&g->batch);
    unref_all(g->window);
    unref_all(g->ready);
    g->window = NULL;
    g->window_n = 0;
    g->ready = NULL;
    g->tail = &g->ready;
}

void
gather_release(struct gather *g)
{
    gather_drop(g);
    free(g->account);
    g->account = NULL;
}
