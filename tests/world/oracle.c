#include <config.h>

#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#include "matter.h"
#include "records.h"

enum { MAX_STORED = 200 };

void
oracle_init(struct oracle *o, struct plan *p)
{
    memset(o, 0, sizeof *o);
    o->plan = p;
    for (int i = 0; i < MAX_PEOPLE; i++)
        o->creator[i] = ANY;
}

const char *
oracle_email(int person)
{
    static char email[40];

    snprintf(email, sizeof email, "p%02d@example.org", person);
    return email;
}

static void
add(struct oracle *o, struct change c)
{
    if (o->n_changes == MAX_TOKENS)
        world_fail("too many changes");
    c.order = ++o->order;
    o->changes[o->n_changes++] = c;
    if (c.field != COMPANY)
        o->from[c.token][c.system] = true;
}

void
oracle_create(struct oracle *o, int person, int system, const int *tokens)
{
    o->made[person][system] = o->maker[person][system] = true;
    o->deeds++;
    if (tokens[COMPANY] != 0) /* which may come later */
        o->spare += o->plan->n_systems - 1;
    for (int f = 0; f < FIELDS; f++)
        add(o, (struct change){.person = person,
                               .system = system,
                               .field = (enum field)f,
                               .token = tokens[f],
                               .created = true});
}

void
oracle_edit(struct oracle *o, int person, int system, enum field field, int token)
{
    o->deeds++;
    add(o, (struct change){.person = person, .system = system, .field = field, .token = token});
}

void
oracle_delete(struct oracle *o, int person, int system, const char *id)
{
    struct fate *f = &o->fates[person][system];

    o->deeds++;
    o->touched[person] = o->marked[person] = true;
    f->deleted = f->down = true;
    snprintf(f->grave, sizeof f->grave, "%s", id);
}

void
oracle_restore(struct oracle *o, int person, int system)
{
    struct fate *f = &o->fates[person][system];

    o->deeds++;
    o->touched[person] = o->marked[person] = true;
    f->restored = true;
    f->down = false;
}

bool
oracle_was_edited(const struct oracle *o, int person, int system)
{
    for (int i = 0; i < o->n_changes; i++) {
        const struct change *c = &o->changes[i];

        if (c->person == person && !c->created && (system == ANY || c->system == system))
            return true;
    }
    return false;
}

void
oracle_rest(struct oracle *o, struct world *w)
{
    o->rests++;
    for (int s = 0; s < o->plan->n_systems; s++) {
        CLEANUP_FREE char *path = mem_printf("/_sim/log?since=%lld", o->logged[s]);
        json_t *log = world_call(w, s, "GET", path, NULL);
        json_t *last = json_array_get(log, json_array_size(log) - 1);

        if (last != NULL)
            o->logged[s] = json_integer_value(json_object_get(last, "n"));
        json_decref(log);
    }
    o->n_changes = o->deeds = o->spare = 0;
    o->troubled = false;
    memset(o->made, 0, sizeof o->made);
}

/*
 * An edit is written once to each other system. An answer that was lost may have its write done
 * again (spare). Where records meet, each may be written once for the meeting.
 */
int
oracle_most_writes(const struct oracle *o)
{
    int n = o->plan->n_systems;

    return (n - 1) * o->deeds + o->spare;
}

/* ---- what is there ---- */

static void
take_text(json_t *value, char *out, size_t size)
{
    CLEANUP_FREE char *other = NULL;

    out[0] = '\0';
    if (json_is_string(value))
        snprintf(out, size, "%s", json_string_value(value));
    else if (value != NULL && !json_is_null(value))
        snprintf(out, size, "%s", other = json_dumps(value, JSON_ENCODE_ANY));
}

/* What a system makes of a text, field by field. */
static void
store(const struct system_plan *s, enum field field, char *text)
{
    size_t from = strspn(text, " \t"), len, n = 0;

    if (s->trim) {
        memmove(text, text + from, strlen(text + from) + 1);
        for (len = strlen(text); len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'); len--)
            text[len - 1] = '\0';
    }
    for (char *c = text; (s->lower >> field & 1) != 0 && *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (!s->digits || field != PHONE)
        return;
    for (char *c = text; *c != '\0'; c++)
        if ((*c >= '0' && *c <= '9') || *c == '+')
            text[n++] = *c;
    text[n] = '\0';
}

/* Not so where it may have been written back since, or the record was made anew. */
static bool
is_only_from(const struct oracle *o, int person, int token, int system)
{
    if (o->plan->enforce || (o->marked[person] && o->plan->recreate))
        return false;
    for (int s = 0; s < o->plan->n_systems; s++)
        if (o->from[token][s] != (s == system))
            return false;
    return true;
}

/*
 * The token's text is stored as this system stores it; where people typed it (and nowhere else: of
 * two spellings of one value one may win), as they did.
 */
static void
check_spelling(const struct oracle *o, struct world *w, int person, int system, enum field field,
               int token, const char *text)
{
    char raw[MAX_STORED], all[MAX_STORED], again[MAX_STORED];

    if (field == SCORE || token <= 0)
        return;
    snprintf(raw, sizeof raw, "%s", o->plan->raw[token]);
    store(&o->plan->systems[system], field, raw);
    if (strcmp(raw, text) == 0)
        return;
    snprintf(raw, sizeof raw, "%s", o->plan->raw[token]);
    snprintf(all, sizeof all, "%s", text);
    snprintf(again, sizeof again, "%s", text);
    store(&o->plan->systems[system], field, again);
    for (int s = 0; s < o->plan->n_systems; s++) {
        store(&o->plan->systems[s], field, raw);
        store(&o->plan->systems[s], field, all);
    }
    if (!is_only_from(o, person, token, system) && strcmp(raw, all) == 0 &&
        strcmp(again, text) == 0)
        return;
    world_blame(w, "spelling: %s at %c has %s \"%s\", typed was \"%s\"%s", oracle_email(person),
                'a' + system, plan_field_names[field], text, o->plan->raw[token],
                is_only_from(o, person, token, system) ? " right there" : "");
}

void
oracle_firms(struct oracle *o, struct world *w, bool at_rest)
{
    json_t *record;
    size_t i;

    memset(o->firms, 0, sizeof o->firms);
    for (int s = 0; s < o->plan->n_systems && o->plan->refs; s++) {
        json_t *dump = world_dump(w, s, "companies");

        json_array_foreach(dump, i, record)
        {
            const char *domain = json_string_value(json_object_get(record, "domain"));
            int firm = 0;

            if (domain == NULL || sscanf(domain, "f%d.", &firm) != 1 || firm < 1 ||
                firm > o->plan->n_firms)
                world_blame(w, "companies: %c has one that nobody made", 'a' + s);
            else if (o->firms[firm][s][0] != '\0')
                world_blame(w, "companies: %s is twice at %c", domain, 'a' + s);
            else
                take_text(json_object_get(record, "id"), o->firms[firm][s], 80);
        }
        json_decref(dump);
    }
    for (int f = 1; f <= o->plan->n_firms && at_rest; f++)
        for (int s = 1; s < o->plan->n_systems; s++)
            if ((o->firms[f][s][0] == '\0') != (o->firms[f][0][0] == '\0'))
                world_blame(w, "companies: f%02d is at one of a and %c only", f, 'a' + s);
}

/* Whose company is it? As plan_token. */
static int
firm_token(const struct oracle *o, int system, const char *id)
{
    if (id[0] == '\0')
        return 0;
    for (int f = 1; f <= o->plan->n_firms; f++)
        if (strcmp(o->firms[f][system], id) == 0)
            return f;
    return -1;
}

/* The record's place in OUT; -1: of nobody. */
static int
read_record(const struct oracle *o, struct world *w, json_t *record, int system, struct found *out)
{
    const struct system_plan *s = &o->plan->systems[system];
    char text[MAX_STORED];
    int person = -1;

    take_text(json_object_get(record, plan_name(s, FIELDS)), text, sizeof text);
    if (sscanf(text, "p%d@", &person) != 1 || person < 0 || person >= MAX_PEOPLE)
        return -1;
    out += person * MAX_SYSTEMS + system;
    out->count++;
    take_text(json_object_get(record, "id"), out->id, sizeof out->id);
    for (int f = 0; f < FIELDS; f++) {
        take_text(json_object_get(record, plan_name(s, f)), text, sizeof text);
        out->tokens[f] =
            f == COMPANY ? firm_token(o, system, text) : plan_token(o->plan, (enum field)f, text);
        if (f != COMPANY && w != NULL)
            check_spelling(o, w, person, system, (enum field)f, out->tokens[f], text);
    }
    return person;
}

bool
oracle_find(const struct oracle *o, json_t *dump, int system, int person, struct found *out)
{
    static struct found all[MAX_PEOPLE][MAX_SYSTEMS];
    json_t *record;
    size_t i;

    memset(all, 0, sizeof all);
    json_array_foreach(dump, i, record)
    {
        if (read_record(o, NULL, record, system, &all[0][0]) == person)
            break;
    }
    *out = all[person][system];
    return out->count > 0;
}

void
oracle_check(struct oracle *o, struct world *w)
{
    static struct found all[MAX_PEOPLE][MAX_SYSTEMS];
    json_t *record;
    size_t i;

    memset(all, 0, sizeof all);
    oracle_firms(o, w, true);
    for (int s = 0; s < o->plan->n_systems; s++) {
        json_t *dump = world_dump(w, s, "contacts");

        json_array_foreach(dump, i, record)
        {
            if (read_record(o, w, record, s, &all[0][0]) < 0)
                world_blame(w, "records: %c has one that nobody made", 'a' + s);
        }
        json_decref(dump);
    }
    for (int p = 0; p < o->plan->n_people; p++)
        if (!o->muddled[p])
            records_check(o, w, p, all[p]);
    records_creators(o, w, all);
    for (int p = 0; p < o->plan->n_people; p++)
        for (int f = 0; f < FIELDS; f++)
            if (o->plan->used[f] && !o->muddled[p])
                matter_check(o, w, p, (enum field)f, all[p]);
    records_rest(o, w, all);
    memcpy(o->base, all, sizeof o->base);
}
