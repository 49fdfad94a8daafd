#include <config.h>

#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#include "state.h"

/* A person's records: who must have one. */
struct holding {
    struct oracle *o;
    struct world *w;
    const struct found *now; /* by system */
    int person;
};

static const struct fate *
fate(const struct holding *h, int s)
{
    return &h->o->fates[h->person][s];
}

static bool
was_there(const struct holding *h, int s)
{
    return h->o->base[h->person][s].count > 0;
}

static bool
was_made(const struct holding *h, int s)
{
    return h->o->made[h->person][s];
}

/* Blames it if there are less than LEAST or more than MOST at S. */
static void
want(const struct holding *h, int s, int least, int most)
{
    if (h->now[s].count >= least && h->now[s].count <= most)
        return;
    world_blame(h->w, "records: %s is %d times at %c, should be %d%s", oracle_email(h->person),
                h->now[s].count, 'a' + s, least, least < most ? " or 1" : "");
    h->o->muddled[h->person] = true;
}

static void
muddle(const struct holding *h, int s)
{
    world_say(h->w, "muddled: %s is twice at %c, as persons made it twice", oracle_email(h->person),
              'a' + s);
    h->o->muddled[h->person] = true;
}

/* ---- without deletes ---- */

static void
check_unmarked(const struct holding *h)
{
    const struct plan *p = h->o->plan;
    bool anywhere = false;
    int made = 0;

    for (int s = 0; s < p->n_systems; s++) {
        anywhere = anywhere || was_there(h, s) || was_made(h, s);
        made += was_made(h, s);
    }
    for (int s = 0; s < p->n_systems; s++) {
        int must = was_there(h, s) || was_made(h, s) || (anywhere && p->systems[s].create);

        if (made > 1 && h->now[s].count == 2)
            muddle(h, s);
        else
            want(h, s, must, must);
    }
}

/* ---- with deletes ---- */

/* Has an event told of what people deleted at S since the last rest? */
static bool
is_told(const struct holding *h, int s)
{
    CLEANUP_FREE char *query = NULL;

    if (!fate(h, s)->deleted)
        return false;
    query = mem_printf("SELECT count(*) FROM sync_inbox WHERE event_type = 'deleted' AND resource "
                       "= 'crm/contacts' AND system = '%c' AND record_id = '%s' AND seq > %ld",
                       'a' + s, fate(h, s)->grave, h->o->seq);
    return state_count(h->w, query) > 0;
}

/* May a delete at a system but S have gone on to S? */
static bool
is_told_elsewhere(const struct holding *h, int s)
{
    for (int i = 0; i < h->o->plan->n_systems; i++)
        if (i != s && h->o->plan->propagate && is_told(h, i))
            return true;
    return false;
}

static void
check_place(const struct holding *h, int s)
{
    const struct fate *f = fate(h, s);
    bool recreate = h->o->plan->recreate;

    if (h->now[s].count == 2 && (was_made(h, s) || (f->restored && recreate)))
        muddle(h, s);
    else if (f->down)
        want(h, s, 0, recreate || was_made(h, s));
    else if (f->restored || was_made(h, s) || was_there(h, s))
        want(h, s, !is_told_elsewhere(h, s), 1);
    else
        want(h, s, 0, recreate || !f->dead);
}

/* Did people do nothing else than to delete it? */
static bool
is_quiet(const struct holding *h)
{
    for (int s = 0; s < h->o->plan->n_systems; s++)
        if (was_made(h, s) || fate(h, s)->restored)
            return false;
    for (int f = 0; f < FIELDS; f++)
        if (h->o->closed[h->person][f] || h->o->given_up[h->person][f])
            return false;
    return !oracle_was_edited(h->o, h->person, ANY);
}

/* Did a person see to it that this one stays? */
static bool
is_kept(const struct holding *h, int s)
{
    return was_made(h, s) || fate(h, s)->restored || oracle_was_edited(h->o, h->person, s);
}

/* What went on to one goes on to all, but where it was edited. */
static void
check_whole(const struct holding *h)
{
    int n = h->o->plan->n_systems, left = -1;
    bool must = false, kept = false, ours = false;

    for (int s = 0; s < n; s++) {
        must = must || (was_there(h, s) && fate(h, s)->down && is_told(h, s));
        ours = ours || (was_there(h, s) && !fate(h, s)->deleted && h->now[s].count == 0);
        if (h->now[s].count > 0) {
            kept = kept || is_kept(h, s);
            left = s;
        }
    }
    if (left < 0 || !h->o->plan->propagate)
        return;
    if (must && is_quiet(h))
        world_blame(h->w, "records: %s was deleted, and is still at %c", oracle_email(h->person),
                    'a' + left);
    else if (ours && !kept)
        world_blame(h->w, "records: %s was deleted in part, and is still at %c",
                    oracle_email(h->person), 'a' + left);
}

void
records_check(struct oracle *o, struct world *w, int person, const struct found *now)
{
    struct holding h = {.o = o, .w = w, .now = now, .person = person};

    if (!o->marked[person]) {
        check_unmarked(&h);
        return;
    }
    for (int s = 0; s < o->plan->n_systems; s++)
        check_place(&h, s);
    if (!o->muddled[person])
        check_whole(&h);
}

/* ---- who owns them ---- */

static void
take_creator(struct oracle *o, struct world *w, int person, int owner)
{
    if (o->muddled[person])
        return;
    if (!o->maker[person][owner])
        world_blame(w, "owner: %s is owned by %c, where nobody made it", oracle_email(person),
                    'a' + owner);
    else if (o->creator[person] != ANY && o->creator[person] != owner)
        world_blame(w, "owner: %s is owned by %c, and was by %c", oracle_email(person), 'a' + owner,
                    'a' + o->creator[person]);
    o->creator[person] = owner;
}

void
records_creators(struct oracle *o, struct world *w, struct found all[MAX_PEOPLE][MAX_SYSTEMS])
{
    CLEANUP_BUF struct buf rows = BUF_INIT;
    char *rest = NULL, system, owner, id[80];

    state_ask(w,
              "SELECT m.external_system, m.record_id, l.owned_by FROM sync_metadata m JOIN "
              "sync_links l USING (link_id) WHERE l.resource_type = 'crm/contacts'",
              &rows);
    for (char *row = rows.len > 0 ? strtok_r(rows.data, "\n", &rest) : NULL; row != NULL;
         row = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(row, "%c %79s %c", &system, id, &owner) != 3)
            continue;
        for (int p = 0; p < o->plan->n_people; p++)
            if (all[p][system - 'a'].count > 0 && strcmp(all[p][system - 'a'].id, id) == 0)
                take_creator(o, w, p, owner - 'a');
    }
}

/* ---- the next rest ---- */

void
records_rest(struct oracle *o, struct world *w, struct found all[MAX_PEOPLE][MAX_SYSTEMS])
{
    for (int p = 0; p < o->plan->n_people; p++) {
        for (int s = 0; s < o->plan->n_systems; s++) {
            struct fate *f = &o->fates[p][s];

            if (o->base[p][s].count > 0 && all[p][s].count == 0 && !f->down)
                snprintf(f->grave, sizeof f->grave, "%s", o->base[p][s].id);
            f->dead = all[p][s].count == 0 &&
                      (f->dead || f->down || o->base[p][s].count > 0 || o->made[p][s]);
            f->deleted = f->restored = f->down = false;
        }
        o->touched[p] = false;
    }
    o->seq = state_count(w, "SELECT coalesce(max(seq), 0) FROM sync_inbox");
}
