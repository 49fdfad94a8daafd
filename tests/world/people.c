#include <config.h>

#include "people.h"

#include <string.h>

#include "base/mem.h"

static json_t *
value_of(const struct oracle *o, int system, enum field field, int token)
{
    const struct plan *p = o->plan;

    if (token == 0)
        return json_null();
    if (field == COMPANY)
        return json_string(o->firms[token][system]);
    if (field == SCORE)
        return json_loads(p->raw[token], JSON_DECODE_ANY, NULL);
    return json_string(p->raw[token]);
}

static void
create(struct world *w, struct oracle *o, int system, int person, const int *wanted)
{
    const struct plan *p = w->plan;
    int tokens[FIELDS];
    const struct system_plan *s = &p->systems[system];
    CLEANUP_BUF struct buf text = BUF_INIT;
    json_t *record = json_object(), *answer;

    memcpy(tokens, wanted, sizeof tokens);
    oracle_firms(o, w, false);
    if (o->firms[tokens[COMPANY]][system][0] == '\0')
        tokens[COMPANY] = 0;
    json_object_set_new(record, plan_name(s, FIELDS), json_string(oracle_email(person)));
    for (int f = 0; f < FIELDS; f++) {
        if (tokens[f] == 0)
            continue;
        json_object_set_new(record, plan_name(s, f), value_of(o, system, (enum field)f, tokens[f]));
        buf_printf(&text, " %s=%d", plan_field_names[f], tokens[f]);
    }
    answer = world_call(w, system, "POST", "/_human/contacts", record);
    if (answer == NULL)
        world_fail("%s: a person cannot make a record", w->folder);
    json_decref(answer);
    oracle_create(o, person, system, tokens);
    world_say(w, "   #%d made p%02d at %c:%s", o->order, person, 'a' + system, buf_get(&text));
}

static void
edit(struct world *w, struct oracle *o, int system, int person, enum field field, int token)
{
    const struct plan *p = w->plan;
    json_t *dump = world_dump(w, system, "contacts"), *answer;
    CLEANUP_FREE char *path = NULL;
    struct found record;
    bool found = oracle_find(o, dump, system, person, &record);

    json_decref(dump);
    if (!found) {
        world_say(w, "   p%02d is not at %c", person, 'a' + system);
        return;
    }
    path = mem_printf("/_human/contacts/%s", record.id);
    answer = world_call(w, system, "PATCH", path,
                        json_pack("{s:o}", plan_name(&p->systems[system], (int)field),
                                  value_of(o, system, field, token)));
    if (answer == NULL && p->deletes) {
        world_say(w, "   p%02d was deleted at %c just now", person, 'a' + system);
        return;
    }
    if (answer == NULL)
        world_fail("%s: a person cannot edit %s", w->folder, path);
    json_decref(answer);
    oracle_edit(o, person, system, field, token);
    world_say(w, "   #%d p%02d at %c:%s: %s %d -> %d \"%s\"", o->order, person, 'a' + system,
              record.id, plan_field_names[field], record.tokens[field], token,
              field == COMPANY ? "" : p->raw[token]);
}

/* ---- deletes ---- */

static void
erase(struct world *w, struct oracle *o, int system, int person)
{
    json_t *dump = world_dump(w, system, "contacts");
    struct found record;
    bool found = oracle_find(o, dump, system, person, &record);
    CLEANUP_FREE char *path = NULL;

    json_decref(dump);
    if (!found || record.count > 1 || o->fates[person][system].deleted) {
        world_say(w, "   p%02d is not at %c, or was deleted just now", person, 'a' + system);
        return;
    }
    path = mem_printf("/_human/contacts/%s", record.id);
    json_decref(world_call(w, system, "DELETE", path, NULL));
    oracle_delete(o, person, system, record.id);
    world_say(w, "   deleted p%02d at %c:%s", person, 'a' + system, record.id);
}

/* Is there none of it, but once was? Then its id. */
static const char *
grave_of(const struct oracle *o, json_t *dump, int system, int person)
{
    const struct fate *f = &o->fates[person][system];
    struct found record;

    if (f->restored || oracle_find(o, dump, system, person, &record))
        return NULL;
    if (o->base[person][system].count > 0 && !f->deleted)
        return o->base[person][system].id;
    return f->grave[0] != '\0' ? f->grave : NULL;
}

static void
restore(struct world *w, struct oracle *o, int system, int person)
{
    json_t *dump = world_dump(w, system, "contacts"), *answer = NULL;

    for (int i = 0; i < w->plan->n_people && answer == NULL; i++) {
        int p = (person + i) % w->plan->n_people;
        const char *id = grave_of(o, dump, system, p);
        CLEANUP_FREE char *path = mem_printf("/_human/contacts/%s/restore", id != NULL ? id : "");

        if (id != NULL)
            answer = world_call(w, system, "POST", path, NULL);
        if (answer == NULL)
            continue;
        world_say(w, "   restored p%02d at %c:%s", p, 'a' + system, id);
        oracle_restore(o, p, system);
        w->twins = w->twins || w->plan->recreate;
    }
    if (answer == NULL)
        world_say(w, "   nothing is deleted at %c", 'a' + system);
    json_decref(answer);
    json_decref(dump);
}

static void
race(struct world *w, struct oracle *o, const struct step *s)
{
    if (s->n == 1)
        edit(w, o, s->other, s->person, s->field, s->tokens[0]);
    erase(w, o, s->system, s->person);
    if (s->n != 1)
        edit(w, o, s->other, s->person, s->field, s->tokens[0]);
}

/* ---- companies ---- */

static void
found_firm(struct world *w, struct oracle *o, int system, int firm)
{
    json_t *answer =
        world_call(w, system, "POST", "/_human/companies",
                   json_pack("{s:o, s:o}", "domain", json_sprintf("f%02d.example.org", firm),
                             "name", json_sprintf("Firm %d", firm)));

    if (answer == NULL)
        world_fail("%s: a person cannot make a company", w->folder);
    json_decref(answer);
    o->deeds++;
    world_say(w, "   made f%02d at %c", firm, 'a' + system);
}

static void
refer(struct world *w, struct oracle *o, const struct step *s)
{
    oracle_firms(o, w, false);
    if (s->firm != 0 && o->firms[s->firm][s->system][0] == '\0')
        world_say(w, "   f%02d is not at %c", s->firm, 'a' + s->system);
    else
        edit(w, o, s->system, s->person, COMPANY, s->firm);
}

/* ---- all of them ---- */

void
people_begin(struct world *w, struct oracle *o)
{
    const struct plan *p = w->plan;

    for (int i = 1; i <= p->n_firms; i++)
        for (int s = 0; s < p->n_systems; s++)
            if (p->firms[i][s])
                found_firm(w, o, s, i);
    for (int i = 0; i < p->n_first; i++)
        for (int s = 0; s < p->n_systems; s++)
            if (p->people[i].at[s])
                create(w, o, s, i, p->people[i].tokens[s]);
}

void
people_act(struct world *w, struct oracle *o, const struct step *s)
{
    if (s->kind == STEP_EDIT || s->kind == STEP_CLASH)
        edit(w, o, s->system, s->person, s->field, s->tokens[0]);
    if (s->kind == STEP_CLASH)
        edit(w, o, s->other, s->person, s->field, s->tokens[1]);
    for (int i = 0; s->kind == STEP_RAPID && i < RAPID; i++)
        edit(w, o, s->system, s->person, s->fields[i], s->tokens[i]);
    if (s->kind == STEP_FIRM || s->kind == STEP_HIRE)
        found_firm(w, o, s->system, s->firm);
    if (s->kind == STEP_CREATE || s->kind == STEP_HIRE || s->kind == STEP_TWIN)
        create(w, o, s->system, s->person, s->tokens);
    if (s->kind == STEP_TWIN) {
        w->twins = true;
        create(w, o, s->other, s->person, s->tokens + FIELDS);
    }
    if (s->kind == STEP_DELETE)
        erase(w, o, s->system, s->person);
    if (s->kind == STEP_RACE)
        race(w, o, s);
    if (s->kind == STEP_RESTORE)
        restore(w, o, s->system, s->person);
    if (s->kind == STEP_REFER)
        refer(w, o, s);
}
