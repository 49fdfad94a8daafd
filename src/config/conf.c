#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/conf.h"

#include "base/mem.h"
#include "config/internal.h"
#include "crypto/digest.h"

static const char *
config_path(const char *path)
{
    const char *env = getenv("LOOPLESS_CONFIG");

    if (path != NULL)
        return path;
    return env != NULL && env[0] != '\0' ? env : "./loopless.yaml";
}

static const char *const root_keys[] = {"version", "state",  "systems", "sync",      "values",
                                        "jobs",    "limits", "breaker", "retention", NULL};

/* Heap path of a state, or NULL and WRONG. */
static char *
state_path(const char *state, const char *dir, const char **wrong)
{
    *wrong = NULL;
    if (strncmp(state, "sqlite:", 7) == 0 && state[7] != '\0')
        return file_join(dir, state + 7);
    if (strncmp(state, "postgres", 8) == 0)
        *wrong = "state: PostgreSQL is not supported yet (use sqlite:PATH)";
    else
        *wrong = "state must be sqlite:PATH";
    return NULL;
}

static void
read_state(struct conf_reader *cr, const struct yaml *root)
{
    char *text = read_need_text(&cr->r, root, "state");
    const char *wrong;
    CLEANUP_FREE char *path = NULL;

    if (text == NULL)
        return;
    path = state_path(text, cr->c->dir, &wrong);
    if (path == NULL)
        FAULT(&cr->r, yaml_get(root, "state"), "%s", wrong);
    cr->c->state = arena_text(cr->r.arena, path);
}

static void
read_root(struct conf_reader *cr, const struct yaml *root)
{
    struct reader *r = &cr->r;

    yaml_check_keys(root, root_keys, r->file, r->f);
    read_need(r, root, "version");
    read_count(r, root, "version", 1, 1, 1);
    read_state(cr, root);
    read_need(r, root, "systems");
    read_need(r, root, "sync");
    conf_read_systems(cr, read_map(r, root, "systems"));
    conf_read_values(cr, read_map(r, root, "values"));
    conf_read_syncs(cr, read_map(r, root, "sync"));
    conf_read_canaries(cr, yaml_get(root, "systems"));
    conf_read_jobs(cr, read_map(r, root, "jobs"));
    conf_read_limits(cr, root);
}

struct conf *
conf_load(const char *path, bool no_secrets, struct faults *f)
{
    struct conf_reader cr = {.no_secrets = no_secrets};
    size_t before = faults_count(f);
    CLEANUP_FREE char *dir = NULL;
    struct yaml_file *file;

    path = config_path(path);
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        faults_add(f, path, NULL, "there is no config (name one by -c or $LOOPLESS_CONFIG)");
        return NULL;
    }
    file = yaml_load(path, f);
    if (file == NULL)
        return NULL;
    cr.c = mem_alloc(sizeof *cr.c);
    cr.c->arena = arena_new();
    cr.c->file = arena_text(cr.c->arena, path);
    dir = file_dir(path);
    cr.c->dir = arena_text(cr.c->arena, dir);
    cr.r = (struct reader){cr.c->file, f, cr.c->arena};
    read_root(&cr, yaml_root(file));
    yaml_file_free(file);
    if (faults_count(f) == before)
        return cr.c;
    conf_free(cr.c);
    return NULL;
}

/* The value of a line `state: VALUE`, also if YAML cannot read the rest. Heap or NULL. */
static char *
find_state_line(const char *text)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        size_t len;

        line += *line == '\n';
        if (strncmp(line, "state:", 6) != 0)
            continue;
        line += 6;
        line += strspn(line, " \t\"'");
        len = strcspn(line, " \t\r\n\"'#");
        return mem_printf("%.*s", (int)(len < 4096 ? len : 4096), line);
    }
    return NULL;
}

static char *
state_text(const char *path, struct err *err)
{
    CLEANUP_BUF struct buf text = BUF_INIT;
    struct faults *f;
    struct yaml_file *file;
    const struct yaml *state;
    char *found = NULL;

    if (file_read(path, 1 << 20, false, &text, err) != 0) {
        err_exit(err, EXIT_CONFIG);
        return NULL;
    }
    f = faults_new();
    file = yaml_parse(path, buf_get(&text), text.len, f);
    state = file != NULL ? yaml_get(yaml_root(file), "state") : NULL;
    if (state != NULL && state->kind == YAML_TEXT)
        found = mem_text(state->text);
    else if (file == NULL)
        found = find_state_line(buf_get(&text));
    yaml_file_free(file);
    faults_free(f);
    if (found == NULL)
        err_set(err, ERR_RUN, ERR_NEVER, "bad-config", "%s: no state is named in it", path);
    return found;
}

char *
conf_state_path(const char *path, struct err *err)
{
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FREE char *dir = NULL;
    const char *wrong;
    char *state;

    path = config_path(path);
    text = state_text(path, err);
    if (text == NULL)
        return NULL;
    dir = file_dir(path);
    state = state_path(text, dir, &wrong);
    if (state == NULL)
        err_set(err, ERR_RUN, ERR_NEVER, "bad-config", "%s: %s", path, wrong);
    return state;
}

const struct conf_system *
conf_system(const struct conf *c, const char *name)
{
    for (size_t i = 0; i < c->n_systems; i++) {
        if (strcmp(c->systems[i].name, name) == 0)
            return &c->systems[i];
    }
    return NULL;
}

const struct conf_sync *
conf_sync(const struct conf *c, const char *resource)
{
    for (size_t i = 0; i < c->n_syncs; i++) {
        if (strcmp(c->syncs[i].resource, resource) == 0)
            return &c->syncs[i];
    }
    return NULL;
}

const struct conf_job *
conf_job(const struct conf *c, const char *name)
{
    for (size_t i = 0; i < c->n_jobs; i++) {
        if (strcmp(c->jobs[i].name, name) == 0)
            return &c->jobs[i];
    }
    return NULL;
}

const struct value_table *
conf_table(const struct conf *c, const char *name)
{
    for (size_t i = 0; i < c->n_tables; i++) {
        if (strcmp(c->tables[i].name, name) == 0)
            return &c->tables[i];
    }
    return NULL;
}

const struct sync_field *
sync_field(const struct conf_sync *s, const char *field)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        if (strcmp(s->fields[i].field->name, field) == 0)
            return &s->fields[i];
    }
    return NULL;
}

int
sync_index(const struct conf_sync *s, const char *system)
{
    for (size_t i = 0; i < s->n_between; i++) {
        if (strcmp(s->between[i]->name, system) == 0)
            return (int)i;
    }
    return -1;
}

void
conf_fingerprint(const struct conf_system *s, char out[65])
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    hash_add(&b, s->definition->name);
    hash_add(&b, s->account);
    hash_add(&b, s->base_url);
    digest_hex(buf_get(&b), b.len, out);
}

void
conf_free(struct conf *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n_systems; i++)
        definition_free(c->systems[i].definition);
    arena_free(c->arena);
    free(c);
}
