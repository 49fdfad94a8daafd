#include <config.h>

#include "script.h"

#include <stdio.h>
#include <string.h>

/* ---- values ---- */

static int
new_token(struct plan *p, struct random *r, enum field field)
{
    static const char *const texts[] = {"Ann %05d",        " Bo  %05d ",    "O'Neil \"%05d\"",
                                        "LOUD %05d",       "Zo\u00eb %05d", "\\n\t%05d",
                                        "\U0001f600 %05d", "%05d"};
    static const char *const phones[] = {"+49 (170) %05d", "0049170%05d", "+1-555-%05d "};
    static const char *const scores[] = {"%d", "%d.5", "%d.25"};
    int token = p->n_tokens;
    char *raw;

    if (random_chance(r, 4))
        return 0;
    if (token == MAX_TOKENS)
        return MAX_TOKENS - 1;
    raw = p->raw[p->n_tokens++];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (field == SCORE)
        snprintf(raw, MAX_WIDTH, scores[random_below(r, 3)], token);
    else if (field == PHONE)
        snprintf(raw, MAX_WIDTH, phones[random_below(r, 3)], token);
    else
        snprintf(raw, MAX_WIDTH, texts[random_below(r, 8)], token);
#pragma GCC diagnostic pop
    return token;
}

static int
record_token(struct plan *p, struct random *r, enum field field)
{
    return p->used[field] && random_chance(r, 85) ? new_token(p, r, field) : 0;
}

static enum field
some_field(const struct plan *p, struct random *r)
{
    enum field f;

    do
        f = (enum field)random_below(r, TEXTS);
    while (!p->used[f]);
    return f;
}

/* ---- people ---- */

static void
first_people(struct plan *p, struct random *r)
{
    p->n_first = random_between(r, 1, 14);
    for (int i = 0; i < p->n_first; i++) {
        struct person *who = &p->people[i];
        int first = random_below(r, p->n_systems);

        for (int s = 0; s < p->n_systems; s++) {
            who->at[s] = s == first || random_chance(r, 35);
            for (int f = 0; who->at[s] && f < TEXTS; f++)
                who->tokens[s][f] = record_token(p, r, (enum field)f);
            for (int before = 0; before < s; before++) /* people often agree */
                for (int f = 0; who->at[before] && who->at[s] && f < TEXTS; f++)
                    if (random_chance(r, 40))
                        who->tokens[s][f] = who->tokens[before][f];
        }
    }
    p->n_people = p->n_first;
}

/* ---- steps ---- */

static struct step *
add_step(struct plan *p, struct random *r, enum step_kind kind)
{
    struct step *s = &p->steps[p->n_steps++];

    s->kind = kind;
    s->system = random_below(r, p->n_systems);
    s->other = (s->system + random_between(r, 1, p->n_systems - 1)) % p->n_systems;
    s->person = random_below(r, p->n_people);
    s->field = some_field(p, r);
    s->pause_ms = random_chance(r, 30) ? 0 : random_below(r, 1500);
    return s;
}

static void
add_edit(struct plan *p, struct random *r)
{
    struct step *s = add_step(p, r, STEP_EDIT);

    s->tokens[0] = new_token(p, r, s->field);
}

static void
add_clash(struct plan *p, struct random *r)
{
    struct step *s = add_step(p, r, STEP_CLASH);

    s->tokens[0] = new_token(p, r, s->field);
    s->tokens[1] = random_chance(r, 20) ? s->tokens[0] : new_token(p, r, s->field);
}

static void
add_rapid(struct plan *p, struct random *r)
{
    struct step *s = add_step(p, r, STEP_RAPID);
    bool same = random_chance(r, 50);

    for (int i = 0; i < RAPID; i++) {
        s->fields[i] = same ? s->field : some_field(p, r);
        s->tokens[i] = new_token(p, r, s->fields[i]);
    }
}

static void
add_record(struct plan *p, struct random *r, enum step_kind kind)
{
    struct step *s;

    if (p->n_people == MAX_PEOPLE)
        return;
    s = add_step(p, r, kind);
    s->person = p->n_people++;
    for (int at = 0; at <= (kind == STEP_TWIN ? FIELDS : 0); at += FIELDS)
        for (int f = 0; f < TEXTS; f++)
            s->tokens[at + f] = record_token(p, r, (enum field)f);
}

static void
add_trouble(struct plan *p, struct random *r)
{
    static const char *const quirks[] = {
        "limit-next=1",      "limit-next=3",      "fail-next=1",       "fail-next=2:503",
        "fail-next=3",       "apply-then-fail=1", "apply-then-fail=2", "apply-then-drop=1",
        "apply-then-drop=2", "drop-next=1",       "drop-next=2",       "slow-ms=30",
        "rate=3/2000",       "rate=5/5000",       "limit-status=503"};
    struct step *s = add_step(p, r, STEP_QUIRK);

    snprintf(s->quirk, sizeof s->quirk, "%s",
             quirks[random_below(r, (int)(sizeof quirks / sizeof quirks[0]))]);
}

static void
add_end(struct plan *p, struct random *r, enum step_kind kind)
{
    struct step *s = add_step(p, r, kind);

    s->target = (enum target)random_below(r, TARGETS);
    if (kind == STEP_STOP)
        s->target = random_chance(r, 50) ? TARGET_LISTENER : TARGET_EMIT;
    s->at_once = random_chance(r, 50);
    if (!p->pipe)
        s->target = random_chance(r, 50) ? TARGET_CRON : TARGET_CHILD;
}

static void
add_settle(struct plan *p, struct random *r)
{
    struct step *s = add_step(p, r, STEP_SETTLE);

    s->drop = random_chance(r, 50);
    s->live = random_chance(r, 50);
}

static void
add_any(struct plan *p, struct random *r)
{
    int dice = random_below(r, 100);

    if (dice < 34)
        add_edit(p, r);
    else if (dice < 42)
        add_record(p, r, STEP_CREATE);
    else if (dice < 44)
        add_record(p, r, STEP_TWIN);
    else if (dice < 52)
        add_clash(p, r);
    else if (dice < 56)
        add_rapid(p, r);
    else if (dice < 68)
        add_step(p, r, STEP_CRON)->n = random_below(r, 3);
    else if (dice < 75)
        add_end(p, r, STEP_KILL);
    else if (dice < 78 && p->pipe)
        add_end(p, r, STEP_STOP);
    else if (dice < 82)
        add_step(p, r, STEP_START);
    else if (dice < 84)
        add_step(p, r, STEP_PAUSE);
    else if (dice < 87)
        add_step(p, r, STEP_RESUME);
    else if (dice < 94)
        add_trouble(p, r);
    else if (dice < 96)
        add_step(p, r, STEP_UNQUIRK);
    else
        add_step(p, r, STEP_PASS)->pause_ms = random_between(r, 2, 12) * 1000;
}

/* ---- what only some worlds have ---- */

static int
some_firm(const struct plan *p, struct random *t)
{
    return random_chance(t, 15) ? 0 : random_between(t, 1, p->n_firms);
}

static void
first_firms(struct plan *p, struct random *t)
{
    p->n_firms = random_between(t, 1, 4);
    for (int i = 1; i <= p->n_firms; i++) {
        int first = random_below(t, p->n_systems);

        for (int s = 0; s < p->n_systems; s++)
            p->firms[i][s] = s == first || random_chance(t, 35);
    }
    for (int i = 0; i < p->n_first; i++) {
        int firm = some_firm(p, t);

        for (int s = 0; s < p->n_systems; s++)
            if (p->people[i].at[s] && p->firms[firm][s])
                p->people[i].tokens[s][COMPANY] = random_chance(t, 80) ? firm : 0;
    }
}

static void
add_deletion(struct plan *p, struct random *t)
{
    enum step_kind kind = random_chance(t, 45)   ? STEP_DELETE
                          : random_chance(t, 50) ? STEP_RACE
                                                 : STEP_RESTORE;
    struct step *s = add_step(p, t, kind);

    s->n = random_below(t, 2);
    if (kind == STEP_RACE)
        s->tokens[0] = new_token(p, t, s->field);
}

static void
add_reference(struct plan *p, struct random *t)
{
    bool fresh = p->n_firms + 1 < MAX_FIRMS && random_chance(t, 40);
    struct step *s = add_step(p, t, fresh ? STEP_FIRM : STEP_REFER);

    if (fresh && random_chance(t, 60) && p->n_people < MAX_PEOPLE) {
        s->kind = STEP_HIRE;
        s->person = p->n_people++;
        for (int f = 0; f < TEXTS; f++)
            s->tokens[f] = record_token(p, t, (enum field)f);
    }
    s->firm = fresh ? ++p->n_firms : some_firm(p, t);
    s->tokens[COMPANY] = s->firm;
}

static void
add_special(struct plan *p, struct random *t)
{
    if (p->deletes && random_chance(t, 12))
        add_deletion(p, t);
    if (p->refs && random_chance(t, 12))
        add_reference(p, t);
}

void
script_make(struct plan *p, struct random *r, struct random *traits)
{
    int rounds = random_between(r, 1, 3), steps = random_between(r, 40, 80);

    first_people(p, r);
    if (p->refs)
        first_firms(p, traits);
    if (random_chance(r, 50))
        add_step(p, r, STEP_START);
    add_settle(p, r);
    for (int i = 0; i < rounds; i++) {
        if (random_chance(r, 75))
            add_step(p, r, STEP_START);
        for (int n = steps / rounds; n > 0; n--) {
            add_any(p, r);
            add_special(p, traits);
        }
        add_settle(p, r);
    }
}

/* ---- for people ---- */

static const char *
target_name(enum target target)
{
    static const char *const names[] = {
        "emit", "echofilter", "diff", "push", "listen", "reconcile", "a program of reconcile"};

    return names[target];
}

void
script_describe(const struct plan *p, const struct step *s, char *out, unsigned long size)
{
    static const char *const crons[] = {"all", "--due", "one"};
    static const char *const verbs[] = {
        [STEP_EDIT] = "edit",     [STEP_CREATE] = "create", [STEP_TWIN] = "twin",
        [STEP_CLASH] = "clash",   [STEP_RAPID] = "rapid",   [STEP_CRON] = "cron",
        [STEP_KILL] = "kill -9",  [STEP_STOP] = "stop",     [STEP_START] = "start",
        [STEP_PAUSE] = "pause",   [STEP_RESUME] = "resume", [STEP_QUIRK] = "quirk",
        [STEP_UNQUIRK] = "calm",  [STEP_PASS] = "pass",     [STEP_SETTLE] = "settle",
        [STEP_DELETE] = "delete", [STEP_RACE] = "race",     [STEP_RESTORE] = "restore",
        [STEP_FIRM] = "firm",     [STEP_REFER] = "refer",   [STEP_HIRE] = "hire"};
    int n = snprintf(out, size, "%s", verbs[s->kind]);
    char *rest = out + n;
    unsigned long left = size - (unsigned long)n;

    (void)p;
    switch (s->kind) {
    case STEP_EDIT:
    case STEP_RAPID:
    case STEP_CREATE:
    case STEP_DELETE:
    case STEP_RESTORE:
        snprintf(rest, left, " p%02d at %c", s->person, 'a' + s->system);
        break;
    case STEP_TWIN:
    case STEP_CLASH:
    case STEP_RACE:
        snprintf(rest, left, " p%02d at %c and %c", s->person, 'a' + s->system, 'a' + s->other);
        break;
    case STEP_FIRM:
    case STEP_REFER:
    case STEP_HIRE:
        snprintf(rest, left, " f%02d p%02d at %c", s->firm, s->person, 'a' + s->system);
        break;
    case STEP_CRON:
        snprintf(rest, left, " %s %c", crons[s->n], s->n == 2 ? 'a' + s->system : ' ');
        break;
    case STEP_KILL:
    case STEP_STOP:
        snprintf(rest, left, " %s%s", target_name(s->target), s->at_once ? ", start it again" : "");
        break;
    case STEP_PAUSE:
        snprintf(rest, left, " %c", 'a' + s->system);
        break;
    case STEP_QUIRK:
        snprintf(rest, left, " %c %s", 'a' + s->system, s->quirk);
        break;
    case STEP_SETTLE:
        snprintf(rest, left, "%s%s", s->drop ? ", webhooks dropped" : "", s->live ? ", live" : "");
        break;
    default:
        break;
    }
}
