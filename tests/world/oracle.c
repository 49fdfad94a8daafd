#include <config.h>

#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MAX_STORED = 200 };

void
oracle_init(struct oracle *o, struct plan *p)
{
    memset(o, 0, sizeof *o);
    o->plan = p;
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
    o->from[c.token][c.system] = true;
}

void
oracle_create(struct oracle *o, int person, int system, const int *tokens)
{
    o->made[person][system] = true;
    o->deeds++;
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

static bool
is_only_from(const struct oracle *o, int token, int system)
{
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
    if (!is_only_from(o, token, system) && strcmp(raw, all) == 0 && strcmp(again, text) == 0)
        return;
    world_blame(w, "spelling: %s at %c has %s \"%s\", typed was \"%s\"%s", oracle_email(person),
                'a' + system, plan_field_names[field], text, o->plan->raw[token],
                is_only_from(o, token, system) ? " right there" : "");
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
        out->tokens[f] = plan_token(o->plan, (enum field)f, text);
        if (w != NULL)
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

/* ---- what may be there ---- */

/* A field of a person: who changed it, and what is there. */
struct matter {
    struct oracle *o;
    struct world *w;
    const struct found *now; /* by system */
    int person;
    enum field field;
    int last[MAX_SYSTEMS];    /* token of the last change, -1 = none */
    int order[MAX_SYSTEMS];   /* of that; 0 */
    bool edited[MAX_SYSTEMS]; /* not only by making the record */
    int owner;
};

static bool
was_there(const struct matter *m, int s)
{
    return m->o->base[m->person][s].count > 0;
}

static int
base(const struct matter *m, int s)
{
    return m->o->base[m->person][s].tokens[m->field];
}

static bool
was_made(const struct matter *m, int s)
{
    return m->o->made[m->person][s];
}

static int
now(const struct matter *m, int s)
{
    return m->now[s].tokens[m->field];
}

static bool
is_there(const struct matter *m, int s)
{
    return m->now[s].count > 0;
}

static const char *
show(const struct oracle *o, int token, char *out, size_t size)
{
    if (token == 0)
        snprintf(out, size, "empty");
    else if (token < 0)
        snprintf(out, size, "what nobody typed");
    else
        snprintf(out, size, "%d \"%s\"", token, o->plan->raw[token]);
    return out;
}

static void
blame(const struct matter *m, const char *rule, int s, int want)
{
    CLEANUP_BUF struct buf all = BUF_INIT;
    char text[MAX_WIDTH + 20], other[MAX_WIDTH + 20];

    if (m->o->given_up[m->person][m->field])
        return;
    if (oracle_missed(m->o, m->w, m->person, m->field, m->now)) {
        world_say(m->w, "missed between write and read-back: %s of %s", plan_field_names[m->field],
                  oracle_email(m->person));
        m->o->given_up[m->person][m->field] = true;
        return;
    }
    for (int i = 0; i < m->o->plan->n_systems; i++) {
        buf_printf(&all, "; %c: ", 'a' + i);
        if (was_there(m, i))
            buf_printf(&all, "was %d, ", base(m, i));
        if (m->last[i] >= 0)
            buf_printf(&all, "last edit %d (#%d%s), ", m->last[i], m->order[i],
                       m->edited[i] ? "" : ", made");
        buf_printf(&all, "has %d", is_there(m, i) ? now(m, i) : -9);
    }
    world_blame(m->w, "%s: %s %s at %c is %s, should be %s%s%s%s", rule, oracle_email(m->person),
                plan_field_names[m->field], 'a' + s, show(m->o, now(m, s), text, sizeof text),
                want == -2 ? "one of those" : show(m->o, want, other, sizeof other), buf_get(&all),
                m->owner == ANY ? "; owner: any" : "; owner: ",
                m->owner == ANY ? "" : (const char[]){(char)('a' + m->owner), '\0'});
}

static void
want(const struct matter *m, const char *rule, int s, int token)
{
    if (is_there(m, s) && now(m, s) != token)
        blame(m, rule, s, token);
}

static void
want_either(const struct matter *m, const char *rule, int s, int token, int other)
{
    if (is_there(m, s) && now(m, s) != token && now(m, s) != other)
        blame(m, rule, s, token);
}

static bool
is_known(const struct matter *m, int token)
{
    for (int i = 0; i < m->o->n_changes; i++) {
        const struct change *c = &m->o->changes[i];

        if (c->person == m->person && c->field == m->field && c->token == token)
            return true;
    }
    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (was_there(m, s) && base(m, s) == token)
            return true;
    return token == 0;
}

static bool
was_typed_at(const struct matter *m, int s, int token)
{
    for (int i = 0; i < m->o->n_changes; i++) {
        const struct change *c = &m->o->changes[i];

        if (c->person == m->person && c->field == m->field && c->token == token && c->system == s)
            return true;
    }
    return false;
}

static void
want_agreement(const struct matter *m, const char *rule)
{
    int first = -1;

    for (int s = 0; s < m->o->plan->n_systems; s++) {
        if (!is_there(m, s))
            continue;
        if (first < 0)
            first = s;
        else if (now(m, s) != now(m, first))
            blame(m, rule, s, now(m, first));
    }
}

static bool
base_agrees(const struct matter *m)
{
    int first = -1;

    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (was_there(m, s)) {
            if (first >= 0 && base(m, s) != base(m, first))
                return false;
            first = s;
        }
    return true;
}

/* Where the owner has a record. SINGLE: the system where it was made, -1 if it was there before. */
static void
check_owned(const struct matter *m, int single)
{
    int own = m->owner, n = m->o->plan->n_systems;
    bool changed = m->last[own] >= 0;

    if (changed)
        want(m, "owner's edit", own, m->last[own]);
    else if (single < 0)
        want(m, "owner's value", own, base(m, own));
    else if (!was_typed_at(m, single, now(m, own)) && now(m, own) != 0)
        blame(m, "owner's first value", own, -2);
    for (int s = 0; s < n; s++) {
        bool later = m->last[s] >= 0 && m->order[s] > m->order[own];
        bool moved = changed && (single >= 0 ? m->last[own] != 0 : m->last[own] != base(m, own));

        if (s == own || !is_there(m, s))
            continue;
        if (moved && !later)
            want(m, "owner's edit elsewhere", s, m->last[own]);
        else if (later)
            want_either(m, "edit of another than the owner", s, m->last[s],
                        changed || single >= 0 ? now(m, own) : m->last[s]);
        else if (!changed && single < 0)
            want(m, "untouched", s, base(m, s));
        else if (!is_known(m, now(m, s)))
            blame(m, "invented", s, -2);
    }
}

/* Who edited, of those whose edits count; *N of them. The last one, or -1. */
static int
editors(const struct matter *m, int single, int *n)
{
    int who = -1;

    *n = 0;
    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (m->edited[s]) {
            who = s;
            ++*n;
        }
    if (*n == 0 && single >= 0) {
        *n = 1;
        return single;
    }
    return who;
}

static bool
is_last_of_one(const struct matter *m, int token)
{
    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (m->edited[s] && m->last[s] == token)
            return true;
    return false;
}

/* Everybody keeps what they typed; FIRST: others may have got what somebody typed before. */
static bool
is_each_own(const struct matter *m, bool first)
{
    for (int s = 0; s < m->o->plan->n_systems; s++) {
        bool typed = m->last[s] >= 0;

        if (!is_there(m, s) || now(m, s) == (typed ? m->last[s] : base(m, s)))
            continue;
        if (!first || typed || !is_known(m, now(m, s)))
            return false;
    }
    return true;
}

/* Did two or more edit it that do not win by themselves? */
static bool
may_be_closed(const struct matter *m)
{
    int n = 0;

    for (int s = 0; s < m->o->plan->n_systems; s++)
        n += m->edited[s] && s != m->o->plan->conflict;
    return m->o->plan->conflict != ANY && m->owner == ANY && n > 1 && is_each_own(m, true);
}

static bool
agree_now(const struct matter *m)
{
    int first = -1;

    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (is_there(m, s)) {
            if (first >= 0 && now(m, s) != now(m, first))
                return false;
            first = s;
        }
    return true;
}

static void
check_any(const struct matter *m, int single)
{
    int n, who = editors(m, single, &n);
    bool moot = false; /* an edit that changed nothing in the end */

    for (int s = 0; s < m->o->plan->n_systems; s++)
        moot = moot || (m->edited[s] && was_there(m, s) && m->last[s] == base(m, s));
    for (int s = 0; s < m->o->plan->n_systems; s++) {
        if (!is_there(m, s))
            continue;
        if (n == 0)
            want(m, "untouched", s, base(m, s));
        else if (n == 1 && !moot)
            want(m, "the only edit", s, m->last[who]);
        else if (n == 1)
            want_either(m, "the only edit", s, m->last[who], was_there(m, s) ? base(m, s) : 0);
        else if (!is_last_of_one(m, now(m, s)) && !moot)
            blame(m, "one of the last edits", s, -2);
        else if (!is_known(m, now(m, s)))
            blame(m, "invented", s, -2);
    }
    if (n > 1 && (base_agrees(m) || !moot))
        want_agreement(m, "agreement");
}

/* Records that people made at more than one system, or where there was one elsewhere. */
static void
check_contact(const struct matter *m)
{
    const struct plan *p = m->o->plan;
    int own = m->owner, lead = p->policy == POLICY_SYSTEM ? p->contact : -1;
    bool agrees = own == ANY && lead >= 0 && (was_made(m, lead) || was_there(m, lead));
    bool quiet = true;

    for (int s = 0; s < p->n_systems; s++) {
        if (is_there(m, s) && !is_known(m, now(m, s)))
            blame(m, "invented", s, -2);
        quiet = quiet && !m->edited[s];
    }
    if (own != ANY && (was_made(m, own) || was_there(m, own))) {
        int value = m->last[own] >= 0 ? m->last[own] : base(m, own);

        if (value != 0)
            want(m, "owner's value at first contact", own, value);
        for (int s = 0; s < p->n_systems && value != 0; s++)
            if (s != own && (p->policy == POLICY_SYSTEM || p->policy == POLICY_OWNER))
                want_either(m, "first contact", s, value,
                            m->last[s] >= 0 && m->edited[s] ? m->last[s] : value);
    }
    if (!agrees || (was_made(m, lead) && was_typed_at(m, lead, 0)))
        return;
    want_agreement(m, "agreement at first contact");
    if (quiet && m->o->rests == 0 && was_made(m, lead))
        want(m, "first contact's system", lead, m->last[lead]);
}

static void
check_field(struct oracle *o, struct matter *m)
{
    const struct plan *p = m->o->plan;
    int made = 0, there = 0, single = -1;

    m->owner = p->owner[m->field];
    for (int s = 0; s < p->n_systems; s++) {
        m->last[s] = -1;
        if (was_made(m, s)) {
            single = s;
            made++;
        }
        there += was_there(m, s);
    }
    for (int i = 0; i < m->o->n_changes; i++) {
        const struct change *c = &m->o->changes[i];

        if (c->person != m->person || c->field != m->field)
            continue;
        m->last[c->system] = c->token;
        m->order[c->system] = c->order;
        m->edited[c->system] = m->edited[c->system] || !c->created;
    }
    if (o->given_up[m->person][m->field])
        return;
    if (o->closed[m->person][m->field]) {
        if (!is_each_own(m, false))
            blame(m, "closed by a conflict", 0, -2);
    } else if (may_be_closed(m) && !agree_now(m)) {
        o->closed[m->person][m->field] = true;
        world_say(m->w, "closed: %s of %s", plan_field_names[m->field], oracle_email(m->person));
    } else if (made + (there > 0) > 1)
        check_contact(m);
    else if (m->owner != ANY && is_there(m, m->owner))
        check_owned(m, single);
    else
        check_any(m, single);
}

/* Who must have a record, and only one. False: the rest of it is not worth looking at. */
static bool
check_records(struct oracle *o, struct world *w, int person, const struct found *now)
{
    bool anywhere = false;
    int made = 0;

    for (int s = 0; s < o->plan->n_systems; s++) {
        anywhere = anywhere || o->base[person][s].count > 0 || o->made[person][s];
        made += o->made[person][s];
    }
    for (int s = 0; s < o->plan->n_systems; s++) {
        bool must = o->base[person][s].count > 0 || o->made[person][s] ||
                    (anywhere && o->plan->systems[s].create);

        if (made > 1 && o->made[person][s] && now[s].count == 2) {
            world_say(w, "muddled: %s is twice at %c, once by a person", oracle_email(person),
                      'a' + s);
            o->muddled[person] = true;
        } else if (now[s].count != (must ? 1 : 0)) {
            world_blame(w, "records: %s is %d times at %c, should be %d", oracle_email(person),
                        now[s].count, 'a' + s, must ? 1 : 0);
            o->muddled[person] = true;
        }
    }
    return !o->muddled[person];
}

void
oracle_check(struct oracle *o, struct world *w)
{
    static struct found all[MAX_PEOPLE][MAX_SYSTEMS];
    json_t *record;
    size_t i;

    memset(all, 0, sizeof all);
    for (int s = 0; s < o->plan->n_systems; s++) {
        json_t *dump = world_dump(w, s);

        json_array_foreach(dump, i, record)
        {
            if (read_record(o, w, record, s, &all[0][0]) < 0)
                world_blame(w, "records: %c has one that nobody made", 'a' + s);
        }
        json_decref(dump);
    }
    for (int p = 0; p < o->plan->n_people; p++) {
        if (o->muddled[p] || !check_records(o, w, p, all[p]))
            continue;
        for (int f = 0; f < FIELDS; f++) {
            struct matter m = {.o = o, .w = w, .now = all[p], .person = p, .field = (enum field)f};

            if (o->plan->used[f])
                check_field(o, &m);
        }
    }
    memcpy(o->base, all, sizeof o->base);
}
