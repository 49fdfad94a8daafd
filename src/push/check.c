#include <config.h>

#include "push/check.h"

#include <string.h>

/* ACCOUNT of SYSTEM must be the config's, and is that if the line does not say. */
static int
check_account(const struct conf_sync *sync, const char *system, const char **account,
              struct err *err)
{
    int i = sync_index(sync, system);

    if (i < 0)
        return err_set(err, ERR_RECORD, ERR_NEVER, "not-synced",
                       "%s is not among the systems of %s", system, sync->resource);
    if (*account == NULL)
        *account = sync->between[i]->account;
    if (strcmp(*account, sync->between[i]->account) != 0)
        return err_set(err, ERR_RECORD, ERR_NEVER, "wrong-account",
                       "account %s of %s, but the config says %s", *account, system,
                       sync->between[i]->account);
    return 0;
}

/* A field that no request has a place for would be settled as stored there. */
static int
check_set(const struct conf_sync *sync, const struct decision_write *w, struct err *err)
{
    const struct resource_def *def = sync->defs[sync_index(sync, w->target)];

    if (w->set->n == 0)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision", "set: empty");
    for (size_t i = 0; i < w->set->n; i++) {
        const char *name = w->set->u.members[i].name;
        const struct field_map *map = resource_field(def, name);

        if (sync_field(sync, name) == NULL || map == NULL || map->read_only)
            return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision",
                           "set: %.64s is no field of %s that is synced with %s", name,
                           sync->resource, w->target);
    }
    return 0;
}

static int
check_ends(const struct conf_sync *sync, struct decision *d, struct err *err)
{
    for (size_t i = 0; i < d->n_ends; i++)
        if (check_account(sync, d->ends[i].system, &d->ends[i].account, err) < 0)
            return err_wrap(err, "ends");
    return 0;
}

static int
check_writes(const struct conf_sync *sync, struct decision *d, struct err *err)
{
    for (size_t i = 0; i < d->n_writes; i++)
        if (check_account(sync, d->writes[i].target, &d->writes[i].account, err) < 0 ||
            check_set(sync, &d->writes[i], err) < 0)
            return err_wrap(err, "writes");
    return 0;
}

int
check_decision(const struct conf *conf, struct event *e, struct decision *d,
               const struct conf_sync **sync, struct err *err)
{
    *sync = conf_sync(conf, e->resource);
    if (*sync == NULL)
        return err_set(err, ERR_RECORD, ERR_NEVER, "not-synced", "%s is not in the config's sync",
                       e->resource);
    if (check_account(*sync, e->system, &e->account, err) < 0 || check_ends(*sync, d, err) < 0 ||
        check_writes(*sync, d, err) < 0)
        return -1;
    if (e->event_type == NULL)
        e->event_type = "updated";
    if (e->path == NULL)
        e->path = "manual";
    return 0;
}
