#include <config.h>

#include "ctl/ctl.h"
#include "ctl/internal.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum needs {
    NEEDS_NOTHING,
    NEEDS_CONF,       /* the whole config, checked */
    NEEDS_STATE_ONLY, /* the state, also with a broken config */
    NEEDS_STATE,      /* both, the state read-only */
    NEEDS_STATE_WRITE
};

static const struct verb {
    const char *name;
    enum needs needs;
    ctl_verb *run;
} verbs[] = {
    {"init", NEEDS_CONF, ctl_init},           {"check", NEEDS_CONF, ctl_check},
    {"status", NEEDS_STATE, ctl_status},      {"jobs", NEEDS_STATE, ctl_jobs},
    {"audit", NEEDS_STATE, ctl_audit},        {"pause", NEEDS_STATE_ONLY, ctl_pause},
    {"resume", NEEDS_STATE_ONLY, ctl_resume}, {"history", NEEDS_STATE, ctl_history},
    {"gc", NEEDS_STATE_WRITE, ctl_gc},
};

const char *
ctl_usage(void)
{
    return "init | check [--online] | status | jobs | audit | gc\n"
           "pause [SYSTEM | RESOURCE [SYSTEM:ID]] [--reason TEXT] [--until TIME]\n"
           "resume [NUMBER | SYSTEM | RESOURCE [SYSTEM:ID]] [--accept-account]\n"
           "history [RESOURCE SYSTEM:ID [FIELD]] [--last N]";
}

int
ctl_bad_usage(struct err *err, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_set(err, ERR_RUN, ERR_NEVER, "usage", "%s", text);
    err_hint(err, "see sync-ctl --help");
    err_exit(err, EXIT_USAGE);
    return EXIT_USAGE;
}

int
ctl_split_record(struct ctl *c, const char *text, const char **system, const char **id,
                 struct err *err)
{
    const char *colon = strchr(text, ':');

    if (colon == NULL || colon == text || colon[1] == '\0')
        return ctl_bad_usage(err, "a record is written SYSTEM:ID, not \"%s\"", text);
    *system = arena_ntext(c->arena, text, (size_t)(colon - text));
    *id = arena_text(c->arena, colon + 1);
    return 0;
}

/* The config for its names only; NULL with a warning. */
static const struct conf *
names_conf(struct ctl *c)
{
    struct faults *faults;

    if (c->conf != NULL)
        return c->conf;
    faults = faults_new();
    c->conf = conf_load(c->o->common->config, true, faults);
    if (c->conf == NULL)
        log_warn("names are not checked: %s",
                 faults_count(faults) > 0 ? faults_get(faults, 0) : "no config");
    faults_free(faults);
    return c->conf;
}

int
ctl_check_names(struct ctl *c, const char *system, const char *resource, struct err *err)
{
    const struct conf *conf = system != NULL || resource != NULL ? names_conf(c) : NULL;
    CLEANUP_BUF struct buf names = BUF_INIT;
    bool bad_system;
    size_t i;

    if (conf == NULL)
        return 0;
    bad_system = system != NULL && conf_system(conf, system) == NULL;
    if (!bad_system && (resource == NULL || conf_sync(conf, resource) != NULL))
        return 0;
    for (i = 0; bad_system && i < conf->n_systems; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", conf->systems[i].name);
    for (i = 0; !bad_system && i < conf->n_syncs; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", conf->syncs[i].resource);
    ctl_bad_usage(err, "there is no %s \"%s\" in %s", bad_system ? "system" : "resource",
                  bad_system ? system : resource, conf->file);
    err_hint(err, "%s: %s", bad_system ? "systems" : "resources", buf_get(&names));
    return EXIT_USAGE;
}

int
ctl_say(struct err *err, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vprintf(fmt, ap);
    va_end(ap);
    if (n < 0 || putchar('\n') == EOF || fflush(stdout) != 0)
        return err_errno(err, "stdout");
    return 0;
}

static int
load_conf(struct ctl *c, bool no_secrets, struct err *err)
{
    struct faults *faults = faults_new();
    size_t i, n;

    c->conf = conf_load(c->o->common->config, no_secrets, faults);
    n = faults_count(faults);
    for (i = 0; c->conf == NULL && i + 1 < n; i++)
        log_error("%s", faults_get(faults, i));
    if (c->conf == NULL) {
        err_set(err, ERR_RUN, ERR_NEVER, "config", "%s", n > 0 ? faults_get(faults, n - 1) : "?");
        if (n > 1)
            err_hint(err, "%zu faults; nothing was done", n);
    }
    faults_free(faults);
    return c->conf == NULL ? -1 : 0;
}

static int
open_state(struct ctl *c, enum needs needs, struct err *err)
{
    bool write = needs == NEEDS_STATE_WRITE || needs == NEEDS_STATE_ONLY;
    char *path = needs == NEEDS_STATE_ONLY ? conf_state_path(c->o->common->config, err) : NULL;

    if (needs == NEEDS_STATE_ONLY && path == NULL)
        return -1;
    c->store = store_open(path != NULL ? path : c->conf->state,
                          write && !c->o->common->dry_run ? STORE_WRITE : STORE_READ, err);
    free(path);
    return c->store == NULL ? -1 : 0;
}

static int
open_needed(struct ctl *c, enum needs needs, struct err *err)
{
    if (needs != NEEDS_NOTHING && needs != NEEDS_STATE_ONLY &&
        load_conf(c, needs != NEEDS_CONF || !c->o->online, err) != 0)
        return -1;
    return needs >= NEEDS_STATE_ONLY ? open_state(c, needs, err) : 0;
}

int
ctl_run(const struct ctl_options *o, int argc, char **argv, struct err *err)
{
    struct ctl c = {.o = o, .now = clock_now()};
    const struct verb *verb = NULL;
    size_t i;
    int status;

    if (argc == 0)
        return ctl_bad_usage(err, "what shall be done? (init, check, status, jobs, audit, ...)");
    for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[0], verbs[i].name) == 0)
            verb = &verbs[i];
    if (verb == NULL)
        return ctl_bad_usage(err, "there is no verb \"%s\"", argv[0]);
    c.arena = arena_new();
    if (open_needed(&c, verb->needs, err) != 0)
        status = err->status;
    else
        status = verb->run(&c, argc - 1, argv + 1, err);
    if (status < 0)
        status = err->status;
    store_close(c.store);
    if (c.conf != NULL)
        conf_free(c.conf);
    arena_free(c.arena);
    return status;
}
