#include <config.h>

#include "stream/decision.h"
#include "stream/disposition.h"
#include "stream/internal.h"

#include <string.h>

/* Everything that is there as written, absent values left out (DESIGN.md section 4). */

static void
write_end(struct buf *out, const struct decision_end *e)
{
    struct members m = {.out = out};

    buf_char(out, '{');
    members_text(&m, "system", e->system);
    members_text(&m, "account", e->account);
    members_text(&m, "record_id", e->record_id);
    members_val(&m, "covered", e->covered);
    members_text(&m, "version", e->version);
    members_text(&m, "etag", e->etag);
    members_text(&m, "state", e->state);
    members_text(&m, "replaces", e->replaces);
    members_val(&m, "diverged", e->diverged);
    buf_char(out, '}');
}

static void
write_rule(struct buf *out, const struct decision_rule *r)
{
    struct members m = {.out = out};

    buf_char(out, '{');
    members_text(&m, "rule", r->rule);
    members_val(&m, "base", r->base);
    members_text(&m, "source", r->source);
    members_true(&m, "diverged", r->diverged);
    members_val(&m, "owed", r->owed);
    members_true(&m, "conflict", r->conflict);
    members_val(&m, "values", r->values);
    buf_char(out, '}');
}

static void
write_hold(struct members *m, const char *not_before, const char *reason, const char *pause)
{
    struct members hold = {.out = m->out};

    if (reason == NULL)
        return;
    members_name(m, "hold");
    buf_char(m->out, '{');
    members_text(&hold, "not_before", not_before);
    members_text(&hold, "reason", reason);
    members_text(&hold, "pause", pause);
    buf_char(m->out, '}');
}

static void
write_write(struct buf *out, const struct decision_write *w)
{
    struct members m = {.out = out};

    buf_char(out, '{');
    members_text(&m, "target", w->target);
    members_text(&m, "account", w->account);
    members_text(&m, "action", w->action);
    members_text(&m, "target_record_id", w->target_record_id);
    members_text(&m, "external_id", w->external_id);
    members_val(&m, "set", w->set);
    members_val(&m, "later", w->later);
    members_val(&m, "sources", w->sources);
    members_val(&m, "before", w->before);
    members_text(&m, "etag", w->etag);
    write_hold(&m, w->hold_not_before, w->hold_reason, NULL);
    buf_char(out, '}');
}

static void
write_lists(struct members *m, const struct decision *d)
{
    struct members rules = {.out = m->out};

    members_name(m, "ends");
    buf_char(m->out, '[');
    for (size_t i = 0; i < d->n_ends; i++) {
        buf_text(m->out, i == 0 ? "" : ",");
        write_end(m->out, &d->ends[i]);
    }
    buf_char(m->out, ']');
    members_name(m, "rules");
    buf_char(m->out, '{');
    for (size_t i = 0; i < d->n_rules; i++) {
        members_name(&rules, d->rules[i].field);
        write_rule(m->out, &d->rules[i]);
    }
    buf_char(m->out, '}');
    members_name(m, "writes");
    buf_char(m->out, '[');
    for (size_t i = 0; i < d->n_writes; i++) {
        buf_text(m->out, i == 0 ? "" : ",");
        write_write(m->out, &d->writes[i]);
    }
    buf_char(m->out, ']');
}

void
decision_write_members(struct buf *out, const struct decision *d)
{
    struct members m = {.out = out};

    members_name(&m, "link");
    if (d->link == 0)
        buf_text(out, "null");
    else
        buf_printf(out, "%lld", (long long)d->link);
    members_int(&m, "generation", d->generation);
    members_text(&m, "external_id", d->external_id);
    write_lists(&m, d);
    write_hold(&m, d->hold_not_before, d->hold_reason, d->hold_pause);
    members_true(&m, "reopen", d->reopen);
    members_text(&m, "link_ended", d->ended_why);
    members_text(&m, "disposition", d->disposition);
    members_text(&m, "text", d->text);
    members_text(&m, "reject", d->reject_code);
    members_val(&m, "claims", d->claims);
    members_text(&m, "map_hash", d->map_hash);
}

static int
wrong(struct err *err, const char *name)
{
    return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision",
                   "%s: missing, of the wrong type or over 2000 bytes", name);
}

static int
empty(struct err *err, const char *name)
{
    return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision", "%s: empty", name);
}

/* A text member that may (need 0) or must be there. */
static int
text(const struct val *v, const char *name, bool need, const char **out, struct err *err)
{
    if (member_get_text(v, name, out) < 0 || (need && *out == NULL))
        return wrong(err, name);
    return 0;
}

/* The same; what names something is not "". */
static int
name(const struct val *v, const char *member, bool need, const char **out, struct err *err)
{
    if (text(v, member, need, out, err) < 0)
        return -1;
    return *out != NULL && (*out)[0] == '\0' ? empty(err, member) : 0;
}

static int
parse_end(const struct val *v, struct decision_end *e, struct err *err)
{
    if (v->kind != VAL_OBJECT)
        return wrong(err, "ends");
    if (name(v, "system", true, &e->system, err) < 0 ||
        name(v, "account", false, &e->account, err) < 0 ||
        name(v, "record_id", false, &e->record_id, err) < 0 ||
        text(v, "version", false, &e->version, err) < 0 ||
        text(v, "etag", false, &e->etag, err) < 0 || text(v, "state", false, &e->state, err) < 0 ||
        name(v, "replaces", false, &e->replaces, err) < 0)
        return err_wrap(err, "ends");
    if (member_get_val(v, "covered", VAL_OBJECT, &e->covered) < 0)
        return wrong(err, "ends: covered");
    if (member_get_names(v, "diverged", &e->diverged) < 0)
        return wrong(err, "ends: diverged");
    return 0;
}

static int
parse_rule(const struct val_member *m, struct decision_rule *r, struct err *err)
{
    const struct val *v = m->value;

    if (v->kind != VAL_OBJECT)
        return wrong(err, "rules");
    r->field = m->name;
    r->base = val_get(v, "base"); /* null is a base, absent is none */
    if (name(v, "rule", true, &r->rule, err) < 0 || name(v, "source", false, &r->source, err) < 0)
        return err_wrap(err, "rules: %.64s", m->name);
    if (member_get_bool(v, "diverged", &r->diverged) < 0)
        return wrong(err, "rules: diverged");
    if (member_get_bool(v, "conflict", &r->conflict) < 0)
        return wrong(err, "rules: conflict");
    if (member_get_names(v, "owed", &r->owed) < 0)
        return wrong(err, "rules: owed");
    if (member_get_val(v, "values", VAL_OBJECT, &r->values) < 0)
        return wrong(err, "rules: values");
    return 0;
}

/* PAUSE NULL: nothing is paused by such a hold. */
static int
parse_hold(const struct val *v, const char **not_before, const char **reason, const char **pause,
           struct err *err)
{
    const struct val *hold;

    if (member_get_val(v, "hold", VAL_OBJECT, &hold) < 0)
        return wrong(err, "hold");
    if (hold == NULL)
        return 0;
    if (name(hold, "reason", true, reason, err) < 0 ||
        text(hold, "not_before", false, not_before, err) < 0 ||
        (pause != NULL && name(hold, "pause", false, pause, err) < 0))
        return err_wrap(err, "hold");
    return 0;
}

/* What each action needs, and a delete has nothing to say. */
static int
check_action(const struct decision_write *w, struct err *err)
{
    bool create = strcmp(w->action, "create") == 0, delete = strcmp(w->action, "delete") == 0;

    if (!create && !delete &&strcmp(w->action, "update") != 0)
        return wrong(err, "writes: action");
    if (!create && w->target_record_id == NULL)
        return wrong(err, "writes: target_record_id");
    if (delete &&(w->set->n > 0 || w->later != NULL))
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision",
                       "writes: %s: a delete sets nothing", w->later == NULL ? "set" : "later");
    return 0;
}

static int
parse_write(const struct val *v, struct decision_write *w, struct err *err)
{
    if (v->kind != VAL_OBJECT)
        return wrong(err, "writes");
    if (name(v, "target", true, &w->target, err) < 0 ||
        name(v, "account", false, &w->account, err) < 0 ||
        text(v, "action", true, &w->action, err) < 0 ||
        name(v, "target_record_id", false, &w->target_record_id, err) < 0 ||
        name(v, "external_id", false, &w->external_id, err) < 0 ||
        text(v, "etag", false, &w->etag, err) < 0 ||
        parse_hold(v, &w->hold_not_before, &w->hold_reason, NULL, err) < 0)
        return err_wrap(err, "writes");
    if (member_get_val(v, "set", VAL_OBJECT, &w->set) < 0 || w->set == NULL)
        return wrong(err, "writes: set");
    if (member_get_val(v, "later", VAL_OBJECT, &w->later) < 0)
        return wrong(err, "writes: later");
    if (member_get_val(v, "sources", VAL_OBJECT, &w->sources) < 0)
        return wrong(err, "writes: sources");
    if (member_get_val(v, "before", VAL_OBJECT, &w->before) < 0)
        return wrong(err, "writes: before");
    return check_action(w, err);
}

static int
parse_ends(struct arena *a, const struct val *line, struct decision *d, struct err *err)
{
    const struct val *v;

    if (member_get_val(line, "ends", VAL_ARRAY, &v) < 0)
        return wrong(err, "ends");
    d->n_ends = v == NULL ? 0 : v->n;
    d->ends = arena_alloc(a, d->n_ends * sizeof *d->ends);
    for (size_t i = 0; i < d->n_ends; i++)
        if (parse_end(v->u.items[i], &d->ends[i], err) < 0)
            return -1;
    return 0;
}

static int
parse_rules(struct arena *a, const struct val *line, struct decision *d, struct err *err)
{
    const struct val *v;

    if (member_get_val(line, "rules", VAL_OBJECT, &v) < 0)
        return wrong(err, "rules");
    d->n_rules = v == NULL ? 0 : v->n;
    d->rules = arena_alloc(a, d->n_rules * sizeof *d->rules);
    for (size_t i = 0; i < d->n_rules; i++)
        if (parse_rule(&v->u.members[i], &d->rules[i], err) < 0)
            return -1;
    return 0;
}

static int
parse_writes(struct arena *a, const struct val *line, struct decision *d, struct err *err)
{
    const struct val *v;

    if (member_get_val(line, "writes", VAL_ARRAY, &v) < 0 || (v == NULL && d->hold_reason == NULL))
        return wrong(err, "writes");
    d->n_writes = v == NULL ? 0 : v->n;
    d->writes = arena_alloc(a, d->n_writes * sizeof *d->writes);
    for (size_t i = 0; i < d->n_writes; i++)
        if (parse_write(v->u.items[i], &d->writes[i], err) < 0)
            return -1;
    return 0;
}

/* A rejected event is kept as a reject, which needs its code. */
static int
parse_disposition(const struct val *line, struct decision *d, struct err *err)
{
    if (text(line, "disposition", false, &d->disposition, err) < 0)
        return -1;
    if (d->disposition == NULL)
        return 0;
    if (!disposition_is_known(d->disposition))
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision",
                       "disposition: %.64s: no event ends so", d->disposition);
    if (strcmp(d->disposition, "rejected") == 0 && d->reject_code == NULL)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision",
                       "disposition: rejected, but no reject says why");
    return 0;
}

int
decision_parse(struct arena *a, const struct val *line, struct decision *d, struct err *err)
{
    memset(d, 0, sizeof *d);
    if (val_get(line, "link") == NULL || member_get_int(line, "link", &d->link) < 0)
        return wrong(err, "link");
    if (member_get_int(line, "generation", &d->generation) < 0)
        return wrong(err, "generation");
    if (name(line, "external_id", false, &d->external_id, err) < 0 ||
        text(line, "text", false, &d->text, err) < 0 ||
        name(line, "reject", false, &d->reject_code, err) < 0 ||
        parse_disposition(line, d, err) < 0 || text(line, "map_hash", false, &d->map_hash, err) < 0)
        return -1;
    if (member_get_names(line, "claims", &d->claims) < 0)
        return wrong(err, "claims");
    if (member_get_bool(line, "reopen", &d->reopen) < 0)
        return wrong(err, "reopen");
    if (name(line, "link_ended", false, &d->ended_why, err) < 0 ||
        parse_hold(line, &d->hold_not_before, &d->hold_reason, &d->hold_pause, err) < 0 ||
        parse_ends(a, line, d, err) < 0 || parse_rules(a, line, d, err) < 0)
        return -1;
    return parse_writes(a, line, d, err);
}
