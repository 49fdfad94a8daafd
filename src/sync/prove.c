#include <config.h>

#include "sync/prove_internal.h"

#include <string.h>

enum { MAX_FINDINGS = 1000 };

struct prove_finding *
prove_add(struct arena *a, struct prove *out, enum prove_kind kind, const char *field)
{
    bool fails = kind == PROVE_CYCLE || kind == PROVE_APART;
    size_t place = fails ? out->n_failed : out->n;

    if (out->findings == NULL)
        out->findings = arena_alloc(a, (MAX_FINDINGS + 1) * sizeof *out->findings);
    if (out->n == MAX_FINDINGS) { /* the last one goes, a warning if there is any */
        out->n--;
        if (out->n_failed > out->n)
            out->n_failed--;
        place = fails ? out->n_failed : out->n;
    }
    memmove(&out->findings[place + 1], &out->findings[place],
            (out->n - place) * sizeof *out->findings);
    out->n++;
    out->n_failed += fails;
    out->findings[place] = (struct prove_finding){.kind = kind, .field = field};
    return &out->findings[place];
}

/* "a -> b -> c -> a", from START on; without BACK "a -> c" up to the one AT. */
static const char *
path_text(struct arena *a, const struct conf_sync *sync, const size_t *systems, size_t n,
          size_t start, size_t at, bool back)
{
    const char *first = sync->between[systems[start]]->name, *text = first;

    if (!back)
        return arena_printf(a, "%s -> %s", first, sync->between[systems[at]]->name);
    for (size_t k = 1; k < n; k++)
        text = arena_printf(a, "%s -> %s", text, sync->between[systems[(start + k) % n]]->name);
    return arena_printf(a, "%s -> %s", text, first);
}

/* A value as JSON, at most 80 bytes of it. */
static const char *
shown(struct arena *a, const struct val *v)
{
    const char *text = val_write_text(a, v);
    size_t n = strlen(text);

    if (n <= 80)
        return text;
    for (n = 80; ((unsigned char)text[n] & 0xc0) == 0x80; n--)
        ;
    return arena_printf(a, "%.*s... (%zu bytes)", (int)n, text, strlen(text));
}

/* One way around: from SYSTEMS[START] over all SYSTEMS. True if it settles for all values. */
static bool
prove_way(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
          const size_t *systems, size_t n, size_t start, const struct prove_values *values,
          struct prove *out)
{
    struct prove_round *r = prove_round_new(a, sync, field, systems, n);
    bool settles = true, tried = false;

    for (size_t k = 0; k < values->n && settles; k++) {
        const struct val *becomes;
        struct prove_finding *f;
        size_t at;
        bool back;
        enum prove_outcome outcome = prove_round(r, start, values->list[k], &at, &becomes, &back);

        tried |= outcome != PROVE_NO_EDIT;
        out->n_values += outcome != PROVE_NO_EDIT;
        if (outcome != PROVE_UNSETTLED)
            continue;
        settles = false;
        f = prove_add(a, out, PROVE_CYCLE, field->field->name);
        f->value = values->list[k];
        f->becomes = val_copy(a, becomes);
        f->path = path_text(a, sync, systems, n, start, at, back || at == start);
        f->text = arena_printf(a, "%s does not settle: %s becomes %s", f->path, shown(a, f->value),
                               shown(a, f->becomes));
    }
    out->n_cycles += tried;
    prove_round_free(r);
    return settles;
}

/* From system START to each other and back, then around all. */
static void
prove_from(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
           const size_t *mapping, size_t n, size_t start, const struct prove_values *values,
           struct prove *out)
{
    bool settles = true;

    for (size_t k = 1; k < n; k++) {
        size_t other = (start + k) % n;
        size_t first = start < other ? start : other;
        const size_t pair[] = {mapping[first], mapping[first == start ? other : start]};

        settles &= prove_way(a, sync, field, pair, 2, first == start ? 0 : 1, values, out);
    }
    if (settles && n > 2)
        prove_way(a, sync, field, mapping, n, start, values, out);
}

static void
prove_field(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
            const struct prove_link *links, size_t n_links, struct prove *out)
{
    size_t *mapping = arena_alloc(a, sync->n_between * sizeof *mapping), n = 0;

    for (size_t i = 0; i < sync->n_between; i++)
        if (resource_field(sync->defs[i], field->field->name) != NULL)
            mapping[n++] = i;
    if (n < 2)
        return;
    if (field->ref != NULL || field->field->type == FIELD_REF) {
        out->n_refs++;
        return;
    }
    out->n_fields++;
    for (size_t k = 0; k < n; k++) {
        struct prove_values values;

        if (!prove_may_write(sync, field, mapping[k]))
            continue;
        prove_values(a, sync, field, mapping[k], links, n_links, &values);
        prove_from(a, sync, field, mapping, n, k, &values, out);
    }
    prove_apart(a, sync, field, links, n_links, out);
    prove_lossy(a, sync, field, links, n_links, out);
    prove_warnings(a, sync, field, out);
}

void
prove_sync(struct arena *a, const struct conf_sync *sync, const struct prove_link *links, size_t n,
           struct prove *out)
{
    memset(out, 0, sizeof *out);
    for (size_t k = 0; k < sync->n_fields; k++)
        prove_field(a, sync, &sync->fields[k], links, n, out);
}
