#include <config.h>

#include "matter.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#include "state.h"

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
show(const struct matter *m, int token, char *out, size_t size)
{
    if (m->field == COMPANY && token > 0)
        snprintf(out, size, "f%02d", token);
    else if (token == 0)
        snprintf(out, size, "empty");
    else if (token < 0)
        snprintf(out, size, "what nobody typed");
    else
        snprintf(out, size, "%d \"%s\"", token, m->o->plan->raw[token]);
    return out;
}

/* A company that a write without an answer named is no edit should it be seen later: a person who
 * names the same cannot be told from that. */
static bool
may_be_late(const struct matter *m)
{
    for (int s = 0; s < m->o->plan->n_systems && m->field == COMPANY; s++) {
        CLEANUP_FREE char *query =
            mem_printf("SELECT count(*) FROM sync_intents WHERE state = 'lost' AND target = '%c' "
                       "AND record_id = '%s' AND json_extract(fields, '$.company_id') IS NOT NULL",
                       'a' + s, m->now[s].id);

        if (is_there(m, s) && state_count(m->w, query) > 0)
            return true;
    }
    return false;
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
    if (may_be_late(m)) {
        world_say(m->w, "a write that may be late: company of %s", oracle_email(m->person));
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
                plan_field_names[m->field], 'a' + s, show(m, now(m, s), text, sizeof text),
                want == -2 ? "one of those" : show(m, want, other, sizeof other), buf_get(&all),
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
        else if (later && m->o->plan->enforce)
            want_either(m, "enforced", s, now(m, own), m->o->troubled ? m->last[s] : now(m, own));
        else if (later)
            want_either(m, "edit of another than the owner", s, m->last[s],
                        changed || single >= 0 ? now(m, own) : m->last[s]);
        else if (!changed && single < 0)
            want_either(m, "untouched", s, was_there(m, s) ? base(m, s) : now(m, own),
                        m->o->plan->enforce || m->o->marked[m->person] ? now(m, own) : base(m, s));
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

/* Everybody keeps what they typed. */
static bool
is_each_own(const struct matter *m)
{
    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (is_there(m, s) && now(m, s) != (m->last[s] >= 0 ? m->last[s] : base(m, s)))
            return false;
    return true;
}

/* Does it wait for a person by our books? */
static bool
is_open(const struct matter *m)
{
    for (int s = 0; s < m->o->plan->n_systems; s++) {
        CLEANUP_FREE char *query =
            mem_printf("SELECT count(*) FROM sync_conflicts c JOIN sync_metadata m USING (link_id) "
                       "WHERE c.state = 'open' AND c.field = '%s' AND m.external_system = '%c' AND "
                       "m.record_id = '%s'",
                       plan_field_names[m->field], 'a' + s, m->now[s].id);

        if (is_there(m, s))
            return state_count(m->w, query) > 0;
    }
    return false;
}

/* Did two or more edit it that do not win by themselves? Others may have got what somebody typed
 * before. */
static bool
may_be_closed(const struct matter *m)
{
    int n = 0;

    for (int s = 0; s < m->o->plan->n_systems; s++) {
        n += m->edited[s] && s != m->o->plan->conflict;
        if (is_there(m, s) && !is_known(m, now(m, s)))
            return false;
    }
    return m->o->plan->conflict != ANY && m->owner == ANY && n > 1 && is_open(m);
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

/* What was edited while another was gone without a word may not be seen until something happens
 * after that is back. */
static bool
may_catch_up(const struct matter *m)
{
    return m->o->marked[m->person] && !base_agrees(m);
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
        if (n == 0 && was_there(m, s) && !may_catch_up(m))
            want(m, "untouched", s, base(m, s));
        else if (n == 0 && !is_known(m, now(m, s)))
            blame(m, "invented", s, -2);
        else if (n == 0)
            continue;
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

/* ---- deletes ---- */

/* Did a person ever type that here? */
static bool
was_ever_typed(const struct matter *m, int token)
{
    bool typed = token == 0 || m->field == COMPANY;

    for (int s = 0; s < m->o->plan->n_systems; s++)
        typed = typed || (token > 0 && m->o->from[token][s]);
    return typed && token >= 0;
}

/* Was its record made anew, with what the others had? */
static bool
is_anew(const struct matter *m, int s)
{
    return m->o->marked[m->person] && !was_there(m, s) && !was_made(m, s);
}

static void
check_known(const struct matter *m)
{
    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (is_there(m, s) && !was_ever_typed(m, now(m, s)))
            blame(m, "invented", s, -2);
}

static bool
was_touched(const struct matter *m, int s)
{
    const struct fate *f = &m->o->fates[m->person][s];

    return f->deleted || f->restored;
}

static bool
was_restored(const struct matter *m)
{
    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (m->o->fates[m->person][s].restored)
            return true;
    return false;
}

/* People deleted or restored records of it: nothing is invented, and an edit of one that stayed is
 * not lost, nor unknown to the others that stayed. But what comes back comes with its own values,
 * which nobody may have seen before. */
static void
check_touched(const struct matter *m)
{
    int n, who = editors(m, -1, &n);

    check_known(m);
    if (n > 1 && may_be_closed(m) && !agree_now(m))
        m->o->closed[m->person][m->field] = true;
    if (n != 1 || was_touched(m, who) || was_restored(m) || !was_there(m, who) ||
        m->last[who] == base(m, who) || (m->owner != ANY && m->owner != who))
        return;
    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (!was_touched(m, s))
            want(m, "edited beside a delete", s, m->last[who]);
}

/* Who owns it is not there any more, so nobody may change it elsewhere. */
static void
check_away(const struct matter *m)
{
    for (int s = 0; s < m->o->plan->n_systems; s++) {
        if (is_there(m, s) && was_there(m, s))
            want(m, "its owner is away", s, m->last[s] >= 0 ? m->last[s] : base(m, s));
        else if (is_there(m, s) && !was_ever_typed(m, now(m, s)))
            blame(m, "invented", s, -2);
    }
}

/* ---- all of it ---- */

static int
owner_of(const struct oracle *o, int person, enum field field)
{
    return o->plan->owner[field] == CREATOR ? o->creator[person] : o->plan->owner[field];
}

/* Sees who changed it. Returns the system where it was made, the last of several; -1 = none. *MADE:
 * how many. */
static int
read_changes(struct matter *m, int *made)
{
    int single = -1;

    *made = 0;
    for (int s = 0; s < m->o->plan->n_systems; s++) {
        m->last[s] = -1;
        if (was_made(m, s)) {
            single = s;
            ++*made;
        }
    }
    for (int i = 0; i < m->o->n_changes; i++) {
        const struct change *c = &m->o->changes[i];

        if (c->person != m->person || c->field != m->field)
            continue;
        m->last[c->system] = c->token;
        m->order[c->system] = c->order;
        m->edited[c->system] = m->edited[c->system] || !c->created;
    }
    return single;
}

static bool
was_anywhere(const struct matter *m)
{
    for (int s = 0; s < m->o->plan->n_systems; s++)
        if (was_there(m, s))
            return true;
    return false;
}

void
matter_check(struct oracle *o, struct world *w, int person, enum field field,
             const struct found *now)
{
    struct matter m = {.o = o, .w = w, .now = now, .person = person, .field = field};
    int made, single = read_changes(&m, &made);

    m.owner = owner_of(o, person, field);
    if (o->given_up[person][field])
        return;
    if (o->touched[person]) {
        check_touched(&m);
    } else if (o->closed[person][field]) {
        if (!is_each_own(&m))
            blame(&m, "closed by a conflict", 0, -2);
    } else if (may_be_closed(&m) && !agree_now(&m)) {
        o->closed[person][field] = true;
        world_say(w, "closed: %s of %s", plan_field_names[field], oracle_email(person));
    } else if (made + was_anywhere(&m) > 1) {
        check_contact(&m);
    } else if (m.owner != ANY && is_there(&m, m.owner) && is_anew(&m, m.owner)) {
        check_known(&m);
    } else if (m.owner != ANY && is_there(&m, m.owner)) {
        check_owned(&m, single);
    } else if (m.owner != ANY && o->marked[person]) {
        check_away(&m);
    } else {
        check_any(&m, single);
    }
}
