#include <config.h>

#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/mem.h"

struct fixture *
fixture_new(size_t n_systems)
{
    static char names[][2] = {"a", "b", "c", "d"};
    struct fixture *f = mem_alloc(sizeof *f);

    f->a = arena_new();
    f->sync.resource = arena_text(f->a, "crm/contacts");
    f->sync.model = &f->model;
    f->model.fields = f->model_fields;
    f->sync.fields = f->fields;
    f->sync.between = f->between;
    f->sync.n_between = n_systems;
    f->sync.defs = f->def_list;
    f->sync.create = f->create;
    f->sync.match = f->match;
    f->sync.first_contact.kind = POLICY_REPORT;
    f->sync.skew_ms = 5000;
    for (size_t i = 0; i < n_systems; i++) {
        f->systems[i].name = names[i];
        f->systems[i].account = arena_printf(f->a, "account-%s", names[i]);
        f->between[i] = &f->systems[i];
        f->defs[i].fields = arena_alloc(f->a, FIXTURE_FIELDS * sizeof *f->defs[i].fields);
        f->defs[i].create.present = f->defs[i].delete.present = true;
        f->def_list[i] = &f->defs[i];
    }
    f->in.sync = &f->sync;
    f->in.ends = f->ends;
    f->in.owed = f->owed;
    f->in.late = f->late;
    f->in.closed = f->closed;
    f->in.event_type = "updated";
    f->in.linked = true;
    return f;
}

void
fixture_free(struct fixture *f)
{
    if (f == NULL)
        return;
    arena_free(f->a);
    free(f);
}

void
fixture_free_ptr(struct fixture **f)
{
    fixture_free(*f);
}

struct sync_field *
fixture_field(struct fixture *f, const char *name, enum field_type type, int owner)
{
    struct model_field *m = &f->model_fields[f->model.n_fields++];
    struct sync_field *s = &f->fields[f->sync.n_fields++];

    m->name = arena_text(f->a, name);
    m->type = type;
    m->precision_ms = 1000;
    s->field = m;
    s->owner = owner < 0 ? (struct owner){OWNER_ANY, NULL}
                         : (struct owner){OWNER_SYSTEM, &f->systems[owner]};
    s->conflict.kind = POLICY_LAST_WRITE_WINS;
    for (size_t i = 0; i < f->sync.n_between; i++) {
        struct field_map *map = &f->defs[i].fields[f->defs[i].n_fields++];

        map->field = m;
        map->path = m->name;
        map->stores = arena_alloc(f->a, FIXTURE_ROWS * sizeof *map->stores);
    }
    return s;
}

struct field_map *
fixture_map(struct fixture *f, size_t system, const char *field)
{
    struct resource_def *def = &f->defs[system];

    for (size_t k = 0; k < def->n_fields; k++)
        if (strcmp(def->fields[k].field->name, field) == 0)
            return &def->fields[k];
    ck_abort_msg("no field %s", field);
    return NULL;
}

void
fixture_unmap(struct fixture *f, size_t system, const char *field)
{
    struct resource_def *def = &f->defs[system];

    *fixture_map(f, system, field) = def->fields[def->n_fields - 1];
    def->n_fields--;
}

void
fixture_stores(struct fixture *f, size_t system, const char *field, enum stores_rule rule, long n)
{
    struct field_map *map = fixture_map(f, system, field);

    map->stores[map->n_stores].rule = rule;
    map->stores[map->n_stores++].n = n;
}

void
fixture_match(struct fixture *f, const char *field)
{
    f->match[f->sync.n_match++] = arena_text(f->a, field);
}

static struct sync_field *
field_of(struct fixture *f, const char *name)
{
    for (size_t k = 0; k < f->sync.n_fields; k++)
        if (strcmp(f->fields[k].field->name, name) == 0)
            return &f->fields[k];
    ck_abort_msg("no field %s", name);
    return NULL;
}

static struct value_system *
table_system(struct fixture *f, struct value_table *t, const struct conf_system *system)
{
    for (size_t i = 0; i < t->n_systems; i++)
        if (t->systems[i].system == system)
            return &t->systems[i];
    t->systems[t->n_systems].system = system;
    t->systems[t->n_systems].rows = arena_alloc(f->a, FIXTURE_ROWS * sizeof(struct value_row));
    return &t->systems[t->n_systems++];
}

void
fixture_table(struct fixture *f, const char *field, enum unmapped unmapped, const char *rows)
{
    struct value_table *t = arena_alloc(f->a, sizeof *t);
    char *text = arena_text(f->a, rows), *save = NULL;

    t->name = arena_text(f->a, "words");
    t->unmapped = unmapped;
    t->systems = arena_alloc(f->a, FIXTURE_SYSTEMS * sizeof *t->systems);
    for (char *s = strtok_r(text, " ", &save); s != NULL; s = strtok_r(NULL, " ", &save)) {
        struct value_system *vs = table_system(f, t, &f->systems[*s - 'a']);
        char *row = strtok_r(NULL, " ", &save);
        char *eq = strchr(row, '=');

        *eq = '\0';
        vs->rows[vs->n_rows].word = row;
        vs->rows[vs->n_rows++].unified = eq + 1;
    }
    field_of(f, field)->values = t;
}

void
fixture_conflict(struct fixture *f, const char *field, enum policy_kind kind, int system)
{
    struct sync_field *s = field_of(f, field);

    s->conflict.kind = kind;
    s->conflict.system = system < 0 ? NULL : &f->systems[system];
}

void
fixture_first_contact(struct fixture *f, enum policy_kind kind, int system)
{
    f->sync.first_contact.kind = kind;
    f->sync.first_contact.system = system < 0 ? NULL : &f->systems[system];
}

static char *
swap(struct arena *a, const char *text, char from, char to)
{
    char *out = arena_text(a, text);

    for (char *p = out; *p != '\0'; p++)
        if (*p == from)
            *p = to;
    return out;
}

const struct val *
fixture_json(struct fixture *f, const char *text)
{
    struct err err = ERR_INIT;
    const struct val *v;

    if (text == NULL)
        return NULL;
    v = val_parse(f->a, swap(f->a, text, '\'', '"'), strlen(text), &err);
    ck_assert_msg(v != NULL, "%s: %s", text, err.text);
    return v;
}

void
fixture_end(struct fixture *f, size_t i, const char *fields, const char *shadow)
{
    struct decide_end *e = &f->ends[i];

    e->state = END_LIVE;
    e->record_id = arena_printf(f->a, "%s-1", f->systems[i].name);
    e->fields = fixture_json(f, fields);
    e->shadow = fixture_json(f, shadow);
    e->writable = true;
}

void
fixture_state(struct fixture *f, size_t i, enum end_state state)
{
    f->ends[i].state = state;
}

void
fixture_deleted(struct fixture *f, size_t i, bool tombstone)
{
    f->ends[i].state = END_DELETED;
    f->ends[i].tombstone = tombstone;
}

void
fixture_time(struct fixture *f, size_t i, int64_t changed_at, int64_t seen_at)
{
    f->ends[i].changed_at = changed_at;
    f->ends[i].seen_at = seen_at;
}

void
fixture_owed(struct fixture *f, const char *field, size_t target, size_t source, const char *value,
             int64_t since, bool refused)
{
    f->owed[f->in.n_owed++] = (struct decide_owed){
        field,  f->systems[target].name, f->systems[source].name, fixture_json(f, value), since,
        refused};
}

void
fixture_late(struct fixture *f, size_t end, const char *fields)
{
    f->late[f->in.n_late++] = (struct decide_late){end, fixture_json(f, fields)};
}

void
fixture_closed(struct fixture *f, const char *field)
{
    f->closed[f->in.n_closed++] = field;
}

void
fixture_diverged(struct fixture *f, size_t i, const char *names)
{
    f->ends[i].diverged = fixture_json(f, names);
}

struct fixture *
fixture_two(int owner)
{
    struct fixture *f = fixture_new(2);

    fixture_field(f, "phone", FIELD_TEXT, owner);
    return f;
}

struct fixture *
fixture_three(int owner)
{
    struct fixture *f = fixture_new(3);

    fixture_field(f, "phone", FIELD_TEXT, owner);
    return f;
}

struct fixture *
fixture_four(int owner)
{
    struct fixture *f = fixture_new(4);

    fixture_field(f, "phone", FIELD_TEXT, owner);
    return f;
}

void
fixture_show(struct fixture *f, size_t i, const char *now, const char *base)
{
    fixture_end(f, i, arena_printf(f->a, "{'phone':%s}", now),
                base == NULL ? NULL : arena_printf(f->a, "{'phone':%s}", base));
}

/* The next word of a scene, up to a blank or comma that is not in quotes. */
static const char *
word(struct fixture *f, const char **p)
{
    const char *from;
    bool quoted = false;

    while (**p == ' ')
        ++*p;
    for (from = *p; **p != '\0' && (quoted || (**p != ' ' && **p != ',')); ++*p)
        quoted ^= **p == '\'';
    ck_assert_ptr_ne(*p, from);
    return arena_ntext(f->a, from, (size_t)(*p - from));
}

static void
stage_owed(struct fixture *f, size_t i, const char **p, bool refused)
{
    const char *value = word(f, p);

    ck_assert_str_eq(word(f, p), "of");
    fixture_owed(f, "phone", i, (size_t)(*word(f, p) - 'a'), value, 1000, refused);
}

/* What ATTRIBUTE says of end I, be it by a state. */
static bool
stage_state(struct fixture *f, size_t i, const char *attribute)
{
    static const char *const states[] = {"missing", "live", "gone", "deleted", "unread"};

    if (strcmp(attribute, "tombstone") == 0) {
        fixture_deleted(f, i, true);
        return true;
    }
    for (size_t k = 0; k < sizeof states / sizeof *states; k++)
        if (strcmp(attribute, states[k]) == 0) {
            fixture_state(f, i, (enum end_state)k);
            return true;
        }
    return false;
}

static void
stage(struct fixture *f, size_t i, const char *attribute, const char **p)
{
    if (stage_state(f, i, attribute))
        return;
    if (strcmp(attribute, "was") == 0)
        f->ends[i].shadow = fixture_json(f, arena_printf(f->a, "{'phone':%s}", word(f, p)));
    else if (strcmp(attribute, "new") == 0)
        f->ends[i].shadow = NULL;
    else if (strcmp(attribute, "back") == 0)
        f->ends[i].tombstone = true;
    else if (strcmp(attribute, "differs") == 0)
        fixture_diverged(f, i, "['phone']");
    else if (strcmp(attribute, "late") == 0)
        fixture_late(f, i, arena_printf(f->a, "{'phone':%s}", word(f, p)));
    else if (strcmp(attribute, "owed") == 0 || strcmp(attribute, "refuses") == 0)
        stage_owed(f, i, p, *attribute == 'r');
    else
        ck_abort_msg("a scene says nothing with %s", attribute);
}

void
fixture_scene(struct fixture *f, const char *text)
{
    while (*text != '\0') {
        size_t i = (size_t)(*word(f, &text) - 'a');
        const char *value = word(f, &text);

        ck_assert_uint_lt(i, f->sync.n_between);
        fixture_show(f, i, value, value);
        while (*text == ' ')
            stage(f, i, word(f, &text), &text);
        text += *text == ',';
    }
}

static void
show_rule(struct buf *out, const struct decision_rule *r)
{
    buf_printf(out, "%s%s %s", out->len > 0 ? " " : "", r->field, r->rule);
    if (r->source != NULL)
        buf_printf(out, "<%s", r->source);
    if (r->diverged)
        buf_char(out, '!');
    if (r->conflict)
        buf_char(out, '?');
    for (size_t i = 0; r->owed != NULL && i < r->owed->n; i++)
        buf_printf(out, "+%s", val_text(r->owed->u.items[i]));
}

static void
show_write(struct fixture *f, struct buf *out, const struct decision_write *w)
{
    buf_printf(out, "%s> %s %s %s", out->len > 0 ? " " : "", w->target, w->action,
               val_write_text(f->a, w->set));
    if (w->later != NULL)
        buf_printf(out, " later %s", val_write_text(f->a, w->later));
}

static const char *
show(struct fixture *f)
{
    CLEANUP_BUF struct buf out = BUF_INIT;
    const struct decision *d = &f->d;

    for (size_t k = 0; k < d->n_rules; k++)
        show_rule(&out, &d->rules[k]);
    for (size_t k = 0; k < d->n_writes; k++)
        show_write(f, &out, &d->writes[k]);
    if (d->disposition != NULL)
        buf_printf(&out, "%s= %s", out.len > 0 ? " " : "", d->disposition);
    if (d->reopen)
        buf_text(&out, " reopened");
    if (d->ended_why != NULL)
        buf_printf(&out, " ended: %s", d->ended_why);
    return swap(f->a, buf_get(&out), '"', '\'');
}

const char *
fixture_decide(struct fixture *f)
{
    size_t nominator = f->in.nominator;
    const char *text = NULL;

    for (size_t k = 0; k < f->sync.n_between; k++) {
        const char *other;

        f->in.nominator = (nominator + k) % f->sync.n_between;
        if (k > 0 && (f->ends[f->in.nominator].state != END_LIVE || f->in.other_engine ||
                      f->ends[nominator].tombstone || f->ends[f->in.nominator].tombstone))
            continue;
        memset(&f->d, 0, sizeof f->d);
        decide(f->a, &f->in, &f->d);
        other = show(f);
        if (text != NULL && f->ends[nominator].state == END_LIVE)
            ck_assert_str_eq(other, text);
        if (text == NULL)
            text = other;
        if (f->ends[nominator].state != END_LIVE)
            break;
    }
    f->in.nominator = nominator;
    return text;
}

const char *
fixture_covers(struct fixture *f, size_t i)
{
    for (size_t k = 0; k < f->d.n_ends; k++)
        if (strcmp(f->d.ends[k].system, f->systems[i].name) == 0)
            return swap(f->a,
                        arena_printf(f->a, "%s %s", val_write_text(f->a, f->d.ends[k].covered),
                                     val_write_text(f->a, f->d.ends[k].diverged)),
                        '"', '\'');
    return "absent";
}
