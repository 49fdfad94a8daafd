#include <config.h>

#include "ctl/internal.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
ctl_record(struct ctl *c, const char *resource, const char *text, struct ctl_record *out,
           struct err *err)
{
    const char *system, *id;
    int i;

    if (ctl_split_record(c, text, &system, &id, err) != 0 ||
        ctl_check_names(c, system, resource, err) != 0)
        return EXIT_USAGE;
    out->sync = conf_sync(c->conf, resource);
    i = sync_index(out->sync, system);
    if (i < 0)
        return ctl_bad_usage(err, "%s is not synced with %s", resource, system);
    out->index = (size_t)i;
    out->record = (struct store_record){system, out->sync->between[i]->account, id};
    out->text = text;
    return 0;
}

int
ctl_number(const char *what, const char *text, int64_t *out, struct err *err)
{
    char *end;

    *out = strtoll(text, &end, 10);
    if (*out <= 0 || end == text || *end != '\0')
        return ctl_bad_usage(err, "%s is a number, not \"%s\"", what, text);
    return 0;
}

void
ctl_say_rest(int64_t n, int64_t total)
{
    if (n < total)
        log_warn("these are the newest %" PRId64 " of %" PRId64 "; all of them: --last %" PRId64, n,
                 total, total);
}

const char *
ctl_operator(void)
{
    const char *user = getenv("SUDO_USER");

    if (user == NULL || user[0] == '\0')
        user = getenv("USER");
    return user != NULL && user[0] != '\0' && val_bad_byte(user, strlen(user)) == 0 ? user
                                                                                    : "operator";
}

/* What can be read of a link is shown, whatever else is in it. */
static int
warn_broken(struct ctl *c, int rc, struct err *err)
{
    const char *text;

    if (rc >= 0 || !store_is_broken(err))
        return rc;
    text = arena_printf(c->arena, "%s; %s", err->text, err->hint);
    if (c->warned == NULL || strcmp(c->warned, text) != 0)
        log_warn("%s", text);
    c->warned = text;
    *err = (struct err)ERR_INIT;
    return 1;
}

int
ctl_load_link(struct ctl *c, struct arena *a, int64_t link_id, struct store_link *link,
              struct err *err)
{
    return warn_broken(c, store_load_link(c->store, a, link_id, link, err), err);
}

int
ctl_link_of(struct ctl *c, const struct ctl_record *r, struct store_link *link, struct err *err)
{
    return warn_broken(c,
                       store_find_link(c->store, c->arena, r->sync->resource, r->record.system,
                                       r->record.account, r->record.record_id, link, err),
                       err);
}

const char *
ctl_link_text(struct ctl *c, const struct store_link *link)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    for (size_t i = 0; i < link->n_ends; i++)
        buf_printf(&text, "%s%s:%s", i > 0 ? " " : "", link->ends[i].system,
                   link->ends[i].record_id);
    return arena_text(c->arena, buf_get(&text));
}

const struct store_end *
ctl_end_of(const struct store_link *link, const char *system)
{
    for (size_t i = 0; i < link->n_ends; i++)
        if (strcmp(link->ends[i].system, system) == 0)
            return &link->ends[i];
    return NULL;
}
