#include <config.h>

#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/exit.h"
#include "base/mem.h"

#include "record.h"

struct reading {
    struct scenario *s;
    const char *file;
    int line;
    struct buf wants[SYSTEMS];
};

static void __attribute__((noreturn)) bad(const struct reading *r, const char *why)
{
    fprintf(stderr, "%s:%d: %s\n", r->file, r->line, why);
    exit(EXIT_CONFIG);
}

/* The next word of *REST, which moves behind it; "" at the end. Owner: the caller. */
static char *
word(char **rest)
{
    size_t n = strcspn(*rest, " \t");
    char *w = mem_printf("%.*s", (int)n, *rest);

    *rest += n;
    *rest += strspn(*rest, " \t");
    return w;
}

static int
system_word(struct reading *r, char **rest)
{
    CLEANUP_FREE char *w = word(rest);

    if (strcmp(w, "a") != 0 && strcmp(w, "b") != 0)
        bad(r, "a system is a or b");
    return w[0] - 'a';
}

static long
number_word(struct reading *r, char **rest)
{
    CLEANUP_FREE char *w = word(rest);
    char *end;
    long n = strtol(w, &end, 10);

    if (*w == '\0' || *end != '\0')
        bad(r, "a number is missing");
    return n;
}

static void
add_step(struct reading *r, enum step_kind kind, char *rest)
{
    struct step *st = &r->s->steps[r->s->n_steps++];

    if (r->s->n_steps == MAX_STEPS)
        bad(r, "too many steps");
    if (r->s->n_runs > 0)
        bad(r, "a step after a run");
    st->kind = kind;
    st->line = r->line;
    if (kind != STEP_SET && kind != STEP_CLOCK && kind != STEP_DO)
        st->system = system_word(r, &rest);
    if (kind == STEP_DO)
        st->status = (int)number_word(r, &rest);
    if (kind != STEP_ADD && kind != STEP_CLOCK && kind != STEP_DO)
        st->name = word(&rest);
    st->value = mem_text(rest);
}

static void
add_want(struct reading *r, char *rest)
{
    int system = system_word(r, &rest);
    json_t *record = json_loads(rest, 0, NULL);

    if (!json_is_object(record))
        bad(r, "not a record");
    record_line(&r->wants[system], record);
    json_decref(record);
}

static void
read_line(struct reading *r, char *line)
{
    static const char *const steps[] = {"set",   "add",  "edit",  "delete", "restore",
                                        "merge", "hook", "quirk", "clock",  "do"};
    struct scenario *s = r->s;
    CLEANUP_FREE char *what = word(&line);
    int system;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (strcmp(what, steps[i]) == 0) {
            add_step(r, (enum step_kind)i, line);
            return;
        }
    }
    if (strcmp(what, "about") == 0 && s->about == NULL) {
        s->about = mem_text(line);
    } else if (strcmp(what, "run") == 0 && s->n_runs < MAX_RUNS) {
        s->runs[s->n_runs++] = mem_text(line);
    } else if (strcmp(what, "settle") == 0 && s->settle == NULL) {
        s->settle = mem_text(line);
    } else if (strcmp(what, "ends") == 0) {
        s->ends = (int)number_word(r, &line);
    } else if (strcmp(what, "open") == 0) {
        s->open = number_word(r, &line);
    } else if (strcmp(what, "every") == 0) {
        s->every = number_word(r, &line);
    } else if (strcmp(what, "wants") == 0) {
        add_want(r, line);
    } else if (strcmp(what, "writes") == 0) {
        system = system_word(r, &line);
        s->creates[system] = number_word(r, &line);
        s->updates[system] = number_word(r, &line);
        s->deletes[system] = *line != '\0' ? number_word(r, &line) : 0;
    } else if (strcmp(what, "saves") == 0) {
        system = system_word(r, &line);
        s->saves[system] = number_word(r, &line);
    } else {
        bad(r, "no such word, or once too often");
    }
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *
lines_sorted(const char *text)
{
    CLEANUP_FREE char *copy = mem_text(text);
    struct buf out = BUF_INIT;
    char **lines = NULL, *save = NULL;
    size_t n = 0;

    for (char *l = strtok_r(copy, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
        lines = mem_resize(lines, n + 1, sizeof *lines);
        lines[n++] = l;
    }
    if (n > 0)
        qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%s\n", lines[i]);
    free(lines);
    buf_text(&out, "");
    return out.data != NULL ? buf_take(&out) : mem_text("");
}

static void
finish(struct reading *r)
{
    struct scenario *s = r->s;

    if (s->about == NULL || s->n_runs == 0)
        bad(r, "about and run are needed");
    if (s->every < 0)
        bad(r, "every which point?");
    if (s->settle == NULL)
        s->settle = mem_text("sync-reconcile run");
    for (int i = 0; i < SYSTEMS; i++) {
        s->wants[i] = lines_sorted(buf_get(&r->wants[i]));
        buf_release(&r->wants[i]);
    }
}

static char *
base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *name = mem_text(slash != NULL ? slash + 1 : file);

    name[strcspn(name, ".")] = '\0';
    return name;
}

struct scenario *
scenario_load(const char *file)
{
    struct reading r = {.s = mem_alloc(sizeof(struct scenario)), .file = file};
    FILE *in = fopen(file, "re");
    CLEANUP_FREE char *line = NULL;
    size_t cap = 0;

    if (in == NULL)
        bad(&r, strerror(errno));
    r.s->name = base_name(file);
    while (getline(&line, &cap, in) != -1) {
        r.line++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            read_line(&r, line);
    }
    fclose(in);
    finish(&r);
    return r.s;
}

void
scenario_free(struct scenario *s)
{
    for (size_t i = 0; i < s->n_steps; i++) {
        free(s->steps[i].name);
        free(s->steps[i].value);
    }
    for (size_t i = 0; i < s->n_runs; i++)
        free(s->runs[i]);
    for (int i = 0; i < SYSTEMS; i++)
        free(s->wants[i]);
    free(s->settle);
    free(s->about);
    free(s->name);
    free(s);
}
