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
check_fields(const struct conf_sync *sync, const struct decision_write *w, const char *member,
             const struct val *fields, struct err *err)
{
    const struct resource_def *def = sync->defs[sync_index(sync, w->target)];

    for (size_t i = 0; fields != NULL && i < fields->n; i++) {
        const char *name = fields->u.members[i].name;
        const struct field_map *map = resource_field(def, name);

        if (sync_field(sync, name) == NULL || map == NULL || map->read_only)
            return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision",
                           "%s: %.64s is no field of %s that is synced with %s", member, name,
                           sync->resource, w->target);
    }
    return 0;
}

/* What cannot be undone is done only where the config says so, whoever made the line. */
static int
check_delete(const struct conf_sync *sync, const struct decision_write *w, struct err *err)
{
    if (w->set->n > 0 || w->later != NULL)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision", "a delete sets nothing");
    if (w->target_record_id == NULL)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision", "a delete of no record");
    if (!sync->deletes.propagate)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision",
                       "the config does not propagate deletes of %s", sync->resource);
    return 0;
}

static int
check_set(const struct conf_sync *sync, const struct decision_write *w, struct err *err)
{
    if (strcmp(w->action, "delete") == 0)
        return check_delete(sync, w, err);
    if (w->set->n == 0 && (w->later == NULL || w->later->n == 0))
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-decision", "set: empty");
    if (check_fields(sync, w, "set", w->set, err) < 0)
        return -1;
    return check_fields(sync, w, "later", w->later, err);
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

/* Who is to be paused while the line is held. */
static int
check_hold(const struct conf_sync *sync, const struct decision *d, struct err *err)
{
    if (d->hold_reason == NULL || d->hold_pause == NULL || sync_index(sync, d->hold_pause) >= 0)
        return 0;
    return err_set(err, ERR_RECORD, ERR_NEVER, "not-synced",
                   "hold: pause: %s is not among the systems of %s", d->hold_pause, sync->resource);
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
        check_writes(*sync, d, err) < 0 || check_hold(*sync, d, err) < 0)
        return -1;
    if (e->event_type == NULL)
        e->event_type = "updated";
    if (e->path == NULL)
        e->path = "manual";
    return 0;
}
