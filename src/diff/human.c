#include <config.h>

#include "diff/internal.h"
#include "base/text.h"

#include <string.h>

static void
add_value(struct buf *out, const struct val *v)
{
    CLEANUP_BUF struct buf json = BUF_INIT;

    if (v == NULL) {
        buf_text(out, "-");
        return;
    }
    val_write(&json, v);
    if (json.len > 60) {
        json.len = 57;
        while (json.len > 0 && ((unsigned char)json.data[json.len] & 0xc0) == 0x80)
            json.len--;
        json.data[json.len] = '\0';
        buf_text(&json, "...");
    }
    text_escape(out, buf_get(&json), json.len);
}

static void
add_name(struct buf *out, const char *text)
{
    text_escape(out, text, strlen(text));
}

static void
add_record(struct buf *out, const char *system, const char *record_id)
{
    add_name(out, system);
    buf_char(out, ':');
    add_name(out, record_id);
}

/* A field's name, in a column. */
static void
add_field(struct buf *out, const char *field)
{
    size_t start = out->len;

    add_name(out, field);
    while (out->len < start + 16)
        buf_char(out, ' ');
}

static const struct decision_rule *
rule_of(const struct decision *dec, const char *field)
{
    size_t i;

    for (i = 0; i < dec->n_rules; i++)
        if (strcmp(dec->rules[i].field, field) == 0)
            return &dec->rules[i];
    return NULL;
}

static const char *
action_color(const char *action)
{
    if (strcmp(action, "create") == 0)
        return "\033[32m";
    return strcmp(action, "delete") == 0 ? "\033[31m" : "\033[33m";
}

/* What the record there was, before it is deleted. */
static void
add_lost(struct buf *out, const struct val *before)
{
    for (size_t i = 0; before != NULL && i < before->n; i++) {
        if (val_is_null(before->u.members[i].value))
            continue;
        buf_text(out, "    ");
        add_field(out, before->u.members[i].name);
        buf_char(out, ' ');
        add_value(out, before->u.members[i].value);
        buf_text(out, " -> (deleted)\n");
    }
}

static void
add_later(struct buf *out, const struct val *later)
{
    for (size_t i = 0; later != NULL && i < later->n; i++) {
        buf_text(out, "    ");
        add_field(out, later->u.members[i].name);
        buf_char(out, ' ');
        add_value(out, later->u.members[i].value);
        buf_text(out, "  (later: what it names is not linked there yet)\n");
    }
}

static void
add_write(struct buf *out, const struct decision *dec, const struct decision_write *w, bool color)
{
    bool create = strcmp(w->action, "create") == 0;
    size_t i;

    buf_printf(out, "  %s%s ", color ? action_color(w->action) : "", w->action);
    add_name(out, w->target);
    if (w->target_record_id != NULL) {
        buf_char(out, ':');
        add_name(out, w->target_record_id);
    }
    buf_text(out, color ? "\033[0m" : "");
    if (w->hold_reason != NULL) {
        buf_text(out, " later: ");
        add_name(out, w->hold_reason);
    }
    buf_char(out, '\n');
    for (i = 0; i < w->set->n; i++) {
        const char *field = w->set->u.members[i].name;
        const struct decision_rule *rule = rule_of(dec, field);

        buf_text(out, "    ");
        add_field(out, field);
        buf_char(out, ' ');
        if (!create) {
            add_value(out, val_get(w->before, field));
            buf_text(out, " -> ");
        }
        add_value(out, w->set->u.members[i].value);
        if (rule != NULL) {
            buf_printf(out, "  (%s%s", rule->rule, rule->source != NULL ? ", " : "");
            add_name(out, rule->source != NULL ? rule->source : "");
            buf_char(out, ')');
        }
        buf_char(out, '\n');
    }
    if (strcmp(w->action, "delete") == 0)
        add_lost(out, w->before);
    add_later(out, w->later);
}

static void
add_left(struct buf *out, const struct item *it, const struct decision_rule *rule, bool color)
{
    const struct decision *dec = &it->decision;
    size_t i;

    buf_printf(out, "    %s", color ? "\033[36m" : "");
    add_field(out, rule->field);
    buf_printf(out, "%s ", color ? "\033[0m" : "");
    for (i = 0; i < dec->n_ends; i++) {
        buf_text(out, i > 0 ? ", " : "");
        add_name(out, dec->ends[i].system);
        buf_char(out, ' ');
        add_value(out, rule->conflict && rule->values != NULL
                           ? val_get(rule->values, dec->ends[i].system)
                           : val_get(dec->ends[i].covered, rule->field));
    }
    buf_printf(out, "  (%s, %s)\n", rule->rule, rule->conflict ? "for a person" : "left as it is");
}

/* The records of the link, the nominated one first. */
static void
add_heading(struct buf *out, const struct item *it, bool color)
{
    const struct decision *dec = &it->decision;

    buf_text(out, color ? "\033[1m" : "");
    add_name(out, it->event.resource);
    buf_char(out, ' ');
    add_record(out, it->event.system, it->event.record_id);
    for (size_t i = 0; i < dec->n_ends; i++)
        if (strcmp(dec->ends[i].system, it->event.system) != 0 && dec->ends[i].record_id != NULL) {
            buf_text(out, " = ");
            add_record(out, dec->ends[i].system, dec->ends[i].record_id);
        }
    buf_printf(out, "%s\n", color ? "\033[0m" : "");
}

/* Why nothing is decided. */
static void
add_undecided(struct buf *out, const struct decision *dec)
{
    if (dec->hold_reason != NULL) {
        buf_text(out, "  held: ");
        add_name(out, dec->hold_reason);
        buf_char(out, '\n');
    }
    if (dec->reject_code != NULL) {
        buf_printf(out, "  %s: ", dec->reject_code);
        add_name(out, dec->text != NULL ? dec->text : "");
        buf_char(out, '\n');
    }
}

/* Records of the link that are not there, or that nobody can look at now. */
static void
add_missing(struct buf *out, const struct item *it)
{
    for (size_t i = 0; it->sync != NULL && it->ends != NULL && i < it->sync->n_between; i++) {
        const struct item_end *end = &it->ends[i];

        if (!end->wanted || (end->state != END_GONE && end->state != END_UNREAD))
            continue;
        buf_text(out, "  ");
        if (end->state == END_GONE) {
            add_record(out, it->sync->between[i]->name, end->record_id);
            buf_text(out,
                     " is not there, and nobody said that it was deleted; look: sync-ctl why ");
            add_name(out, it->event.resource);
            buf_char(out, ' ');
            add_record(out, it->sync->between[i]->name, end->record_id);
        } else {
            add_name(out, end->unread_why);
        }
        buf_char(out, '\n');
    }
}

void
human_write(struct buf *out, const struct item *it, bool color)
{
    const struct decision *dec = &it->decision;
    bool undecided = dec->hold_reason != NULL || dec->reject_code != NULL;

    if (!item_differs(it))
        return;
    add_heading(out, it, color);
    add_undecided(out, dec);
    if (!undecided)
        add_missing(out, it);
    if (dec->ended_why != NULL) {
        buf_text(out, "  the link ends: ");
        add_name(out, dec->ended_why);
        buf_char(out, '\n');
    }
    for (size_t i = 0; i < dec->n_writes; i++)
        add_write(out, dec, &dec->writes[i], color);
    for (size_t i = 0; i < dec->n_rules; i++)
        if (dec->rules[i].diverged || dec->rules[i].conflict)
            add_left(out, it, &dec->rules[i], color);
}
