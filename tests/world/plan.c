#include <config.h>

#include "plan.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const plan_id_kinds[] = {"int", "int64", "text", "uuid"};
const char *const plan_field_names[] = {"first_name", "last_name", "phone",
                                        "notes",      "score",     "company_id"};

const char *
plan_name(const struct system_plan *s, int field)
{
    static const char *const names[PLAN_NAMES][FIELDS + 1] = {
        {"first_name", "last_name", "phone", "notes", "score", "company_id", "email"},
        {"given", "family", "tel", "memo", "points", "firm", "mail"},
        {"FirstName", "LastName", "Phone_No", "Text__c", "Rank", "Company__c", "EMail"}};

    return names[s->names][field];
}

int
plan_token(const struct plan *p, enum field field, const char *stored)
{
    int token = 0, digits = 0;

    if (stored == NULL || stored[0] == '\0')
        return 0;
    if (field == SCORE)
        token = atoi(stored);
    else
        for (size_t i = strlen(stored), unit = 1; i > 0 && digits < 5; i--)
            if (stored[i - 1] >= '0' && stored[i - 1] <= '9') {
                token += (stored[i - 1] - '0') * (int)unit;
                unit *= 10;
                digits++;
            }
    return token > 0 && token < p->n_tokens ? token : -1;
}

/* ---- systems ---- */

static void
hook_quirk(struct system_plan *s, const char *quirk)
{
    snprintf(s->hook_quirks[s->n_hook_quirks], sizeof s->hook_quirks[0], "%s", quirk);
    s->n_hook_quirks++;
}

static void
make_hooks(struct system_plan *s, struct random *r)
{
    static const char *const manners[] = {
        "webhook-noop",    "webhook-per-property", "webhook-no-actor",     "webhook-no-write-id",
        "webhook-no-time", "webhook-id-text",      "webhook-before-answer"};
    static const char *const ways[] = {"webhook-delay=20ms:30ms", "webhook-duplicate=2",
                                       "webhook-duplicate=3",     "webhook-reorder=3",
                                       "webhook-lose=30",         "webhook-lose=every=3",
                                       "webhook-batch=3:20ms",    "webhook-once"};

    s->webhook = random_chance(r, 75);
    s->payload = (enum payload)random_below(r, 3);
    s->signing = (enum signing)random_below(r, SIGNINGS);
    for (int i = 0; i < 3; i++)
        if (random_chance(r, 40))
            hook_quirk(s, manners[random_below(r, (int)(sizeof manners / sizeof manners[0]))]);
    for (int i = 0; i < 2; i++)
        if (random_chance(r, 40))
            hook_quirk(s, ways[random_below(r, (int)(sizeof ways / sizeof ways[0]))]);
}

static void
make_system(struct system_plan *s, struct random *r)
{
    s->id_kind = random_below(r, 4);
    s->names = random_below(r, PLAN_NAMES);
    for (int f = 0; f < SCORE; f++)
        if (f != PHONE && random_chance(r, 20))
            s->lower |= 1U << f;
    s->trim = random_chance(r, 30);
    s->digits = random_chance(r, 30);
    s->noop_touches = random_chance(r, 25);
    s->seconds = random_chance(r, 20);
    s->strings = random_chance(r, 15);
    s->empty_null = random_chance(r, 20);
    s->answer_none = random_chance(r, 25);
    s->put_only = random_chance(r, 20);
    s->wrap = random_chance(r, 20);
    s->null_first = random_chance(r, 15);
    s->gone_403 = random_chance(r, 15);
    s->external_id = random_chance(r, 70);
    s->idempotency = random_chance(r, 60);
    s->page = random_chance(r, 50) ? 100 : random_between(r, 2, 8);
    s->cap = random_chance(r, 20) ? random_between(r, 2, 5) : 0;
    s->lag_ms = random_chance(r, 20) ? random_between(r, 1, 3) * 1000 : 0;
    s->find_lag = s->lag_ms == 0 && random_chance(r, 20) ? random_between(r, 1, 4) * 1000 : 0;
    s->fuzz = random_chance(r, 20) ? 1000 : 0;
    s->create = true;
    make_hooks(s, r);
}

/* ---- rules ---- */

static void
make_rules(struct plan *p, struct random *r)
{
    int closed = random_chance(r, 15) ? random_below(r, p->n_systems) : -1;

    p->email_owner = random_chance(r, 50) ? ANY : random_below(r, p->n_systems);
    for (int f = 0; f < TEXTS; f++) {
        p->used[f] = f == NOTES || random_chance(r, 75);
        p->owner[f] = f == NOTES || random_chance(r, 45) ? ANY : random_below(r, p->n_systems);
        if (p->owner[f] == closed) /* has not all records, so others could never change it */
            p->owner[f] = ANY;
    }
    if (closed >= 0) {
        p->systems[closed].create = false;
        if (p->email_owner == closed)
            p->email_owner = ANY;
    }
    p->policy = random_chance(r, 60) ? POLICY_SYSTEM : (enum policy)random_below(r, POLICY_SYSTEM);
    p->contact = random_below(r, p->n_systems);
    p->conflict = random_chance(r, 60) ? ANY : random_below(r, p->n_systems);
    p->pipe = random_chance(r, 70);
}

/* ---- what only some worlds have ---- */

static void
make_owners(struct plan *p, struct random *t)
{
    p->creators = random_chance(t, 35);
    if (!p->creators)
        return;
    for (int f = 0; f < TEXTS; f++)
        if (random_chance(t, 60))
            p->owner[f] = CREATOR;
    p->enforce = random_chance(t, 50);
}

static void
make_deletes(struct plan *p, struct random *t)
{
    static const int settles[] = {0, 0, 1000, 5000};

    p->deletes = random_chance(t, 40);
    p->propagate = random_chance(t, 70);
    p->settle_ms = settles[random_below(t, 4)];
    p->recreate = random_chance(t, 30);
}

static void
make_refs(struct plan *p, struct random *t)
{
    p->refs = random_chance(t, 25);
    p->required = random_chance(t, 40);
    p->used[COMPANY] = p->refs;
    p->owner[COMPANY] = random_chance(t, 70) ? ANY : random_below(t, p->n_systems);
    if (p->owner[COMPANY] != ANY && !p->systems[p->owner[COMPANY]].create)
        p->owner[COMPANY] = ANY;
}

void
plan_make(struct plan *p, uint64_t seed)
{
    struct random r = {.state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1};
    struct random t = {.state = seed * UINT64_C(0xd1342543de82ef95) + 1};

    memset(p, 0, sizeof *p);
    p->seed = seed;
    p->n_tokens = 1;
    p->n_systems = random_chance(&r, 55) ? 2 : 3;
    for (int i = 0; i < p->n_systems; i++)
        make_system(&p->systems[i], &r);
    make_rules(p, &r);
    p->webhooks = random_chance(&r, 70);
    if (p->webhooks)
        p->pipe = true;
    p->systems[0].webhook = true;
    for (int i = 0; i < p->n_systems; i++)
        p->systems[i].webhook = p->systems[i].webhook && p->webhooks;
    make_owners(p, &t);
    make_deletes(p, &t);
    make_refs(p, &t);
    script_make(p, &r, &t);
}
