#include <config.h>

#include "hooks.h"

#include <string.h>

#include "base/mem.h"

static json_t *
ids_of(struct world *w, int system)
{
    CLEANUP_FREE char *query = mem_printf(
        "SELECT event_id FROM sync_inbox WHERE system = '%c' AND path = 'webhook'", 'a' + system);
    CLEANUP_BUF struct buf rows = BUF_INIT;
    json_t *set = json_object();
    char *rest = NULL;

    state_ask(w, query, &rows);
    for (char *id = rows.len > 0 ? strtok_r(rows.data, "\n", &rest) : NULL; id != NULL;
         id = strtok_r(NULL, "\n", &rest))
        json_object_set_new(set, id, json_true());
    return set;
}

/* Events have ids, and sync-sim tells them right: of a batch it names lost ones, too. */
static bool
has_ids(const struct system_plan *s)
{
    bool lost = false, batched = false;

    for (int i = 0; i < s->n_hook_quirks; i++) {
        const char *quirk = s->hook_quirks[i];

        lost = lost || strncmp(quirk, "webhook-lose", 12) == 0;
        batched = batched || strncmp(quirk, "webhook-batch", 13) == 0;
        if (strcmp(quirk, "webhook-no-id") == 0)
            return false;
    }
    return !lost || !batched;
}

/* Each event of a delivery that was answered 200 is in the inbox, each delivery was stored. */
static void
check_deliveries(struct world *w, int system)
{
    json_t *all = world_call(w, system, "GET", "/_sim/webhooks", NULL), *delivery, *event;
    json_t *known = ids_of(w, system), *stored = json_object();
    CLEANUP_FREE char *query =
        mem_printf("SELECT count(*) FROM sync_requests WHERE system = '%c'", 'a' + system);
    long rows = state_count(w, query);
    size_t i, k;

    json_array_foreach(json_object_get(all, "delivered"), i, delivery)
    {
        const char *id = json_string_value(json_object_get(delivery, "id"));

        if (json_integer_value(json_object_get(delivery, "status")) != 200)
            continue;
        if (id != NULL) /* copies have the same */
            json_object_set_new(stored, id, json_true());
        json_array_foreach(json_object_get(delivery, "events"), k, event)
        {
            id = json_string_value(event);
            if (id != NULL && has_ids(&w->plan->systems[system]) &&
                json_object_get(known, id) == NULL)
                world_blame(w, "webhooks: %s of %c was answered 200 and is not in the inbox", id,
                            'a' + system);
        }
    }
    if (rows < (long)json_object_size(stored))
        world_blame(w, "webhooks: %c had %zu deliveries answered 200, of which %ld are stored",
                    'a' + system, json_object_size(stored), rows);
    json_decref(stored);
    json_decref(all);
    json_decref(known);
}

void
hooks_check(struct world *w)
{
    for (int s = 0; s < w->plan->n_systems; s++) {
        CLEANUP_FREE char *refused = mem_printf(
            "SELECT count(*) FROM sync_requests WHERE system = '%c' AND state = 'rejected'",
            'a' + s);

        if (!w->plan->systems[s].webhook)
            continue;
        if (state_count(w, refused) > 0)
            world_blame(w, "webhooks: a request of %c could not be mapped", 'a' + s);
        check_deliveries(w, s);
    }
}
