#include <config.h>

#include "setup.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#include "hook.h"

enum { EDIT_MS = 10000 };

/* The record of a step that is called TEXT, also if it is gone. */
static const struct name *
find(const struct setup *u, const struct step *st, const struct names *names, const char *text)
{
    const struct name *found = names_find(names, st->system, text);

    if (found == NULL)
        found = names_find(&u->world->known, st->system, text);
    if (found == NULL)
        world_fail("%s:%d: no %s", u->scenario->name, st->line, text);
    return found;
}

/* JSON of a step with ids for names, as text; COLLECTION (may be NULL) is where such a record is
 * made. Owner: the caller. */
static char *
resolve(const struct setup *u, const struct step *st, const struct names *names,
        const char **collection)
{
    json_t *record = json_loads(st->value, 0, NULL);
    char *text;

    if (!json_is_object(record))
        world_fail("%s:%d: not a record", u->scenario->name, st->line);
    if (collection != NULL)
        *collection = collections[json_object_get(record, "domain") != NULL];
    names_resolve(names, st->system, record);
    text = json_dumps(record, JSON_COMPACT);
    json_decref(record);
    return text;
}

static void
call(struct setup *u, const struct step *st, const char *method, const char *path, const char *body)
{
    world_pass(u->world, EDIT_MS);
    json_decref(world_call(u->world, st->system, method, path, body));
}

static void
add(struct setup *u, const struct step *st, const struct names *names)
{
    const char *collection;
    CLEANUP_FREE char *body = resolve(u, st, names, &collection);
    CLEANUP_FREE char *path = mem_printf("/_human/%s", collection);

    call(u, st, "POST", path, body);
}

static void
edit(struct setup *u, const struct step *st, const struct names *names)
{
    const struct name *name = find(u, st, names, st->name);
    CLEANUP_FREE char *path = mem_printf("/_human/%s/%s", name->collection, name->id_text);
    CLEANUP_FREE char *body = resolve(u, st, names, NULL);

    call(u, st, "PATCH", path, body);
}

static void delete (struct setup *u, const struct step *st, const struct names *names)
{
    const struct name *name = find(u, st, names, st->name);
    CLEANUP_FREE char *path = mem_printf("/_human/%s/%s", name->collection, name->id_text);

    names_copy(&u->world->known, name);
    call(u, st, "DELETE", path, NULL);
}

static void
restore(struct setup *u, const struct step *st, const struct names *names)
{
    const struct name *name = find(u, st, names, st->name);
    CLEANUP_FREE char *path = mem_printf("/_human/%s/%s/restore", name->collection, name->id_text);

    call(u, st, "POST", path, NULL);
}

static void
merge(struct setup *u, const struct step *st, const struct names *names)
{
    const struct name *name = find(u, st, names, st->name);
    CLEANUP_FREE char *path = mem_printf("/_human/%s/%s/merge", name->collection, name->id_text);
    CLEANUP_FREE char *body =
        mem_printf("{\"into\":\"%s\"}", find(u, st, names, st->value)->id_text);

    names_copy(&u->world->known, name);
    call(u, st, "POST", path, body);
}

static void
hook(struct setup *u, const struct step *st, const struct names *names)
{
    const struct name *name = find(u, st, names, st->name);
    size_t n = strcspn(st->value, " ");
    CLEANUP_FREE char *type = mem_printf("%.*s", (int)n, st->value);
    const char *into = NULL;

    if (st->value[n] == ' ')
        into = find(u, st, names, st->value + n + 1)->id_text;
    world_pass(u->world, EDIT_MS);
    hook_admit(u->world, st->system, name->collection, type, name->id_text, into);
}

static void
quirk(struct setup *u, const struct step *st)
{
    CLEANUP_FREE char *body =
        *st->value == '\0' ? mem_printf("{\"name\":\"%s\",\"value\":true}", st->name)
                           : mem_printf("{\"name\":\"%s\",\"value\":\"%s\"}", st->name, st->value);

    json_decref(world_call(u->world, st->system, "POST", "/_sim/quirk", body));
}

static void
pass(struct setup *u, const struct step *st)
{
    int64_t span;

    if (clock_parse_span(st->value, &span, NULL) < 0)
        world_fail("%s:%d: no span", u->scenario->name, st->line);
    world_pass(u->world, span);
}

/* What a person or a webhook does to a record. */
static void
act(struct setup *u, const struct step *st)
{
    static void (*const acts[])(struct setup *, const struct step *, const struct names *) = {
        [STEP_ADD] = add,         [STEP_EDIT] = edit,   [STEP_DELETE] = delete,
        [STEP_RESTORE] = restore, [STEP_MERGE] = merge, [STEP_HOOK] = hook};
    struct names names = {.n = 0};

    world_names(u->world, &names);
    acts[st->kind](u, st, &names);
    names_release(&names);
}

int
setup_step(struct setup *u, size_t i)
{
    const struct step *st = &u->scenario->steps[i];
    int status;

    switch (st->kind) {
    case STEP_SET:
        world_configure(u->world, u->scenario, i + 1);
        return 0;
    case STEP_QUIRK:
        quirk(u, st);
        return 0;
    case STEP_CLOCK:
        pass(u, st);
        return 0;
    case STEP_DO:
        status = world_run(u->world, st->value, NULL, NULL);
        return status == st->status ? 0 : status == 0 ? -1 : status;
    default:
        act(u, st);
        return 0;
    }
}
