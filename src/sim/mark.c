#include <config.h>

#include "sim/mark.h"
#include "base/mem.h"
#include "sim/snapshot.h"

#include <stdlib.h>

struct mark {
    json_t *state; /* owned */
    struct timeline time;
    struct quirks quirks;
    struct counters counters;
    struct token_state tokens;
    struct hook_counters hook_counters;
};

void
mark_set(struct sim *s)
{
    struct mark *m = mem_alloc(sizeof *m);

    m->state = snapshot_take(s);
    m->time = s->store.time;
    m->counters = s->journal.counters;
    m->tokens = s->tokens.state;
    m->hook_counters = hooks_get_counters(&s->hooks);
    quirk_copy(&m->quirks, &s->store.quirks);
    hooks_drop(&s->hooks);
    mark_release(s);
    s->mark = m;
}

int
mark_restore(struct sim *s)
{
    const struct mark *m = s->mark;
    enum ids_kind kind = s->store.ids.kind;

    if (m == NULL)
        return -1;
    sim_forget_answers(s);
    store_release(&s->store);
    store_init(&s->store, kind, 0);
    if (snapshot_put(s, m->state) != 0)
        BUG("a mark that cannot be read");
    s->store.time = m->time;
    quirk_copy(&s->store.quirks, &m->quirks);
    s->journal.counters = m->counters;
    s->tokens.state = m->tokens;
    hooks_drop(&s->hooks);
    hooks_set_counters(&s->hooks, m->hook_counters);
    s->window.n = 0;
    return 0;
}

void
mark_release(struct sim *s)
{
    if (s->mark == NULL)
        return;
    json_decref(s->mark->state);
    quirk_release(&s->mark->quirks);
    free(s->mark);
    s->mark = NULL;
}
