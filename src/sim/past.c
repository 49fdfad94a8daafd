#include <config.h>

#include "sim/past.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct outcome {
    char *id;  /* owned */
    char *url; /* owned */
    long long first;
    long long last;
    int attempts;
    int status;
};

static void
drop_oldest(struct past *p)
{
    struct message **slot = &p->messages[p->messages_start++ % PAST_MAX];

    p->bytes -= (*slot)->len;
    message_unref(*slot);
    *slot = NULL;
}

void
past_add(struct past *p, struct message *m)
{
    if (p->messages == NULL)
        p->messages = mem_alloc(PAST_MAX * sizeof(struct message *));
    p->bytes += m->len;
    while (p->messages_end - p->messages_start >= PAST_MAX ||
           (p->bytes > PAST_BYTES && p->messages_start < p->messages_end))
        drop_oldest(p);
    p->messages[p->messages_end++ % PAST_MAX] = message_ref(m);
}

/* Whether ID names M or one of its events. */
static bool
is_called(const struct message *m, const char *id)
{
    long long n;
    char *end;

    if (strcmp(m->id, id) == 0)
        return true;
    if (strncmp(id, "evt-", 4) != 0)
        return false;
    n = strtoll(id + 4, &end, 10);
    return end != id + 4 && *end == '\0' && n >= m->first && n <= m->last;
}

struct message *
past_find(const struct past *p, long long *at, const char *id, long long since)
{
    if (*at < p->messages_start)
        *at = p->messages_start;
    while (*at < p->messages_end) {
        struct message *m = p->messages[(*at)++ % PAST_MAX];

        if (id != NULL ? is_called(m, id) : m->last > since)
            return m;
    }
    return NULL;
}

void
past_conclude(struct past *p, const struct message *m, const char *url, int attempts, int status)
{
    struct outcome *o;

    if (p->outcomes == NULL)
        p->outcomes = mem_alloc(PAST_MAX * sizeof *p->outcomes);
    o = &p->outcomes[p->outcomes_end++ % PAST_MAX];
    free(o->id);
    free(o->url);
    *o = (struct outcome){.id = mem_text(m->id),
                          .url = mem_text(url),
                          .first = m->first,
                          .last = m->last,
                          .attempts = attempts,
                          .status = status};
}

json_t *
past_event_ids(long long first, long long last)
{
    json_t *list = json_array();

    for (; first <= last; first++)
        json_array_append_new(list, json_sprintf("evt-%lld", first));
    return list;
}

json_t *
past_outcomes(const struct past *p, bool ok)
{
    json_t *list = json_array();
    long long i = p->outcomes_end > PAST_MAX ? p->outcomes_end - PAST_MAX : 0;

    for (; i < p->outcomes_end; i++) {
        const struct outcome *o = &p->outcomes[i % PAST_MAX];

        if ((o->status / 100 == 2) == ok)
            json_array_append_new(list,
                                  json_pack("{s:s,s:s?,s:i,s:i,s:o}", "id", o->id, "url", o->url,
                                            "attempts", o->attempts, "status", o->status, "events",
                                            past_event_ids(o->first, o->last)));
    }
    return list;
}

void
past_forget(struct past *p)
{
    while (p->messages_start < p->messages_end)
        drop_oldest(p);
}

void
past_release(struct past *p)
{
    size_t i;

    past_forget(p);
    for (i = 0; p->outcomes != NULL && i < PAST_MAX; i++) {
        free(p->outcomes[i].id);
        free(p->outcomes[i].url);
    }
    free(p->outcomes);
    free(p->messages);
    *p = (struct past){NULL, 0, 0, 0, NULL, 0};
}
