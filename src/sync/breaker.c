#include <config.h>

#include "sync/breaker.h"

#include <string.h>

#include "sync/compare.h"

/* What one decision wrote of a field. Sets of systems are bits. */
struct step {
    int64_t decision;
    const char *text;
    int source; /* -1: no system */
    uint64_t targets, done;
    const char **over; /* [n_between] what stood at each target; NULL: not known */
};

static uint64_t
bit(size_t system)
{
    return system < BREAKER_SYSTEMS ? UINT64_C(1) << system : 0;
}

static int
source_of(const struct conf_sync *sync, const struct breaker_write *w, const char *field)
{
    const char *name = w->sources == NULL ? NULL : val_get_text(w->sources, field);

    return name == NULL ? -1 : sync_index(sync, name);
}

/* The steps of FIELD; STEPS has room for N. */
static size_t
find_steps(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
           const struct breaker_write *writes, size_t n, struct step *steps)
{
    const char *name = field->field->name;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const struct breaker_write *w = &writes[i];
        const struct val *v = val_get(w->fields, name), *over;

        if (v == NULL)
            continue;
        if (count == 0 || steps[count - 1].decision != w->decision)
            steps[count++] =
                (struct step){.decision = w->decision,
                              .text = compare_text(a, sync, field, w->system, v),
                              .source = source_of(sync, w, name),
                              .over = arena_alloc(a, sync->n_between * sizeof(char *))};
        over = w->before == NULL ? NULL : val_get(w->before, name);
        if (over != NULL)
            steps[count - 1].over[w->system] = compare_text(a, sync, field, w->system, over);
        steps[count - 1].targets |= bit(w->system);
        steps[count - 1].done |= w->done ? bit(w->system) : 0;
    }
    return count;
}

static bool
is_same(const struct step *x, const struct step *y)
{
    return strcmp(x->text, y->text) == 0;
}

/* Did we write to the source of step K since it was last one? */
static bool
answers(const struct step *steps, size_t k)
{
    int source = steps[k].source;

    if (source < 0)
        return false;
    while (k-- > 0) {
        if ((steps[k].targets & bit((size_t)source)) != 0)
            return true;
        if (steps[k].source == source)
            return false;
    }
    return false;
}

/* Was the value of step K written before the last one? */
static bool
comes_back(const struct step *steps, size_t k)
{
    for (size_t j = 0; j + 1 < k; j++)
        if (is_same(&steps[j], &steps[k]))
            return true;
    return false;
}

/* Has an end that took it gone back to what it had? What is not answered for is only sent again. */
static bool
is_undone(const struct conf_sync *sync, const struct step *before, const struct step *s)
{
    if (s->source < 0 || before->source != s->source)
        return false;
    for (size_t i = 0; i < sync->n_between; i++)
        if ((before->done & s->targets & bit(i)) != 0 && before->over[i] != NULL &&
            s->over[i] != NULL && strcmp(before->over[i], s->over[i]) == 0)
            return true;
    return false;
}

static bool
steps_back(const struct conf_sync *sync, const struct step *steps, size_t k)
{
    if (k == 0)
        return false;
    if (is_same(&steps[k - 1], &steps[k]))
        return is_undone(sync, &steps[k - 1], &steps[k]);
    return answers(steps, k) && comes_back(steps, k);
}

static bool
field_trips(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
            const struct breaker_write *writes, size_t n, int alternations)
{
    struct step *steps = arena_alloc(a, n * sizeof *steps);
    size_t n_steps = find_steps(a, sync, field, writes, n, steps);
    int count = 0;

    if (n_steps == 0 || steps[n_steps - 1].decision != writes[n - 1].decision ||
        !steps_back(sync, steps, n_steps - 1))
        return false;
    for (size_t k = 1; k < n_steps; k++)
        count += steps_back(sync, steps, k);
    return count >= alternations;
}

const char *
breaker_trips(struct arena *a, const struct conf_sync *sync, const struct breaker_write *writes,
              size_t n, int alternations)
{
    if (alternations <= 0 || n < 2)
        return NULL;
    for (size_t k = 0; k < sync->n_fields; k++)
        if (field_trips(a, sync, &sync->fields[k], writes, n, alternations))
            return sync->fields[k].field->name;
    return NULL;
}
