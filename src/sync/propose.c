#include <config.h>

#include "sync/propose.h"

#include <string.h>

#include "sync/compare.h"
#include "sync/internal.h"

/* The rules in the order that they are tried in: first what says least about a value. */
static const struct {
    enum stores_rule rule;
    const char *name;
} known[] = {
    {STORES_EMPTY_NULL, "empty_null"}, {STORES_TRIM, "trim"},         {STORES_SECONDS, "seconds"},
    {STORES_MINUTES, "minutes"},       {STORES_LOWER, "lower"},       {STORES_TEXT, "text"},
    {STORES_BOOL_INT, "bool_int"},     {STORES_COLLAPSE, "collapse"}, {STORES_HTML, "html"},
    {STORES_TRUNCATE, "truncate"},     {STORES_DIGITS, "digits"},
};
enum { KNOWN = sizeof known / sizeof known[0] };

struct search {
    struct arena *a;
    const struct model_field *field;
    const struct propose_pair *pairs;
    size_t n;
    struct stores *list; /* that of the caller: what there is, then what is tried */
    size_t n_list;
    long longest; /* stored text, in code points */
};

static long
length(const struct val *v)
{
    long n = 0;

    for (size_t i = 0; v != NULL && v->kind == VAL_STRING && i < v->n; i++)
        n += ((unsigned char)v->u.text[i] & 0xc0) != 0x80;
    return n;
}

static bool
has(const struct search *s, enum stores_rule rule)
{
    for (size_t k = 0; k < s->n_list; k++)
        if (s->list[k].rule == rule)
            return true;
    return false;
}

/* Was a value dropped, not stored in another way? Under `digits` all words are one with nothing. */
static bool
is_dropped(const struct search *s, const struct val *sent, const struct val *stored)
{
    return has(s, STORES_DIGITS) && compare_empty(stored) && !compare_empty(sent);
}

/* Is STORED what the rules leave behind of SENT? HTML and the kinds may show in many ways. */
static bool
is_left_behind(const struct search *s, const struct val *sent, const struct val *stored)
{
    if (has(s, STORES_HTML) && stored->kind == VAL_STRING && stored->n > 0) {
        stored = stores_apply(s->a, &(struct stores){STORES_HTML, 0}, s->field->type, stored);
        if (stored->n == 0 && !compare_empty(sent)) /* two tags show the same nothing */
            return false;
    }
    for (size_t k = 0; k < s->n_list; k++) {
        const struct stores *r = &s->list[k];

        if (r->rule == STORES_TEXT || r->rule == STORES_BOOL_INT || r->rule == STORES_EMPTY_NULL)
            continue;
        if (!val_equal(stores_apply(s->a, r, s->field->type, stored), stored))
            return false;
    }
    return true;
}

static bool
explains(const struct search *s)
{
    const struct rules rules = {s->list, s->n_list};

    for (size_t k = 0; k < s->n; k++) {
        const struct val *sent = s->pairs[k].sent, *stored = s->pairs[k].stored;

        if (!val_equal(compare_normal(s->a, s->field, &rules, 1, sent),
                       compare_normal(s->a, s->field, &rules, 1, stored)))
            return false;
        if (is_dropped(s, sent, stored) || (stored != NULL && !is_left_behind(s, sent, stored)))
            return false;
    }
    return true;
}

/* Tries all lists of MORE further rules, from the one at FROM on. */
static bool
extend(struct search *s, size_t from, int more)
{
    if (more == 0)
        return explains(s);
    for (size_t k = from; k < KNOWN; k++) {
        if (has(s, known[k].rule) || (known[k].rule == STORES_TRUNCATE && s->longest == 0))
            continue;
        s->list[s->n_list] = (struct stores){known[k].rule, 0};
        if (known[k].rule == STORES_TRUNCATE)
            s->list[s->n_list].n = s->longest;
        s->n_list++;
        if (extend(s, k + 1, more - 1))
            return true;
        s->n_list--;
    }
    return false;
}

int
propose_rules(struct arena *a, const struct model_field *field, const struct stores *have,
              size_t n_have, const struct propose_pair *pairs, size_t n, struct stores *out)
{
    struct search s = {a, field, pairs, n, out, n_have, 0};

    for (size_t k = 0; k < n_have; k++)
        out[k] = have[k];
    for (size_t k = 0; k < n; k++)
        if (length(pairs[k].stored) > s.longest)
            s.longest = length(pairs[k].stored);
    for (int more = 0; more <= PROPOSE_MORE; more++)
        if (extend(&s, 0, more))
            return (int)s.n_list;
    return -1;
}

void
propose_write(struct buf *out, const struct stores *rules, size_t n)
{
    buf_char(out, '[');
    for (size_t k = 0; k < n; k++) {
        if (k > 0)
            buf_text(out, ", ");
        for (size_t r = 0; r < KNOWN; r++)
            if (known[r].rule == rules[k].rule)
                buf_text(out, known[r].name);
        if (rules[k].rule == STORES_TRUNCATE)
            buf_printf(out, "(%ld)", rules[k].n);
    }
    buf_char(out, ']');
}
