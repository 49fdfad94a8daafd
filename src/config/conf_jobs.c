#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#include "base/clock.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static const struct conf_sync *
need_sync(struct conf_reader *cr, const struct yaml *job)
{
    const struct yaml *at = read_need(&cr->r, job, "resource");

    return read_scalar(&cr->r, at, "resource") != NULL ? conf_need_sync(cr, at) : NULL;
}

static void
check_job(struct conf_reader *cr, const struct yaml *y, struct conf_job *job)
{
    struct reader *r = &cr->r;

    if (job->system == NULL || job->sync == NULL || job->system->definition == NULL)
        return;
    if (sync_index(job->sync, job->system->name) < 0)
        FAULT(r, yaml_get(y, "system"), "%s is not under between of %s", job->system->name,
              job->sync->resource);
    job->def = definition_resource(job->system->definition, job->sync->resource);
    if (job->def != NULL && !job->def->list.call.present)
        FAULT(r, yaml_get(y, "system"), "%s cannot list %s (its definition has no list)",
              job->system->definition->name, job->sync->resource);
}

static void
read_job(struct conf_reader *cr, const struct yaml *key, const struct yaml *y, struct conf_job *job)
{
    static const char *const keys[] = {"system", "resource", "every", "query", "depends_on", NULL};
    struct reader *r = &cr->r;
    const struct yaml *system;

    job->name = arena_text(r->arena, key->text);
    if (key->text[0] == '-' || key->text[0] == '\0' || strpbrk(key->text, " \t\r\n/:") != NULL)
        FAULT(r, key, "a job's name has no space, slash or colon and starts with no hyphen");
    yaml_check_keys(y, keys, r->file, r->f);
    if (y->kind != YAML_MAP)
        return;
    system = read_need(r, y, "system");
    if (read_scalar(r, system, "system") != NULL)
        job->system = conf_need_system(cr, system);
    job->sync = need_sync(cr, y);
    job->every_ms = read_span(r, y, "every", -1);
    if (job->every_ms == 0)
        FAULT(r, yaml_get(y, "every"), "every must be more than nothing");
    if (job->every_ms < 0)
        job->every_ms = 0; /* only by name */
    read_not_yet(r, y, "query");
    read_not_yet(r, y, "depends_on");
    check_job(cr, y, job);
}

void
conf_read_jobs(struct conf_reader *cr, const struct yaml *jobs)
{
    if (jobs == NULL)
        return;
    cr->c->jobs = arena_alloc(cr->r.arena, (jobs->n + 1) * sizeof *cr->c->jobs);
    cr->c->n_jobs = jobs->n;
    for (size_t i = 0; i < jobs->n; i++)
        read_job(cr, jobs->keys[i], jobs->items[i], &cr->c->jobs[i]);
}

/* "1000", "20%" or "none". */
static struct limit
read_limit(struct reader *r, const struct yaml *map, const char *key, struct limit otherwise)
{
    const struct yaml *y = yaml_get(map, key);
    char *end;
    long n;

    if (y == NULL)
        return otherwise;
    if (strcmp(y->text, "none") == 0)
        return (struct limit){-1, -1};
    n = y->text[0] >= '0' && y->text[0] <= '9' ? strtol(y->text, &end, 10) : -1;
    if (n >= 0 && n <= 1000000000 && *end == '\0')
        return (struct limit){n, -1};
    if (n >= 0 && n <= 100 && strcmp(end, "%") == 0)
        return (struct limit){-1, (int)n};
    FAULT(r, y, "%s must be a number, a share such as 20%%, or none", key);
    return otherwise;
}

void
conf_read_limits(struct conf_reader *cr, const struct yaml *root)
{
    static const char *const limit_keys[] = {"max_creates", "max_updates", "max_changed",
                                             "max_deletes", "hour_floor",  NULL};
    static const char *const breaker_keys[] = {"alternations", "window", "account_calls_floor",
                                               NULL};
    struct reader *r = &cr->r;
    struct conf *c = cr->c;
    const struct yaml *limits = read_map(r, root, "limits");
    const struct yaml *breaker = read_map(r, root, "breaker");

    yaml_check_keys(limits, limit_keys, r->file, r->f);
    c->max_creates = read_limit(r, limits, "max_creates", (struct limit){1000, -1});
    c->max_updates = read_limit(r, limits, "max_updates", (struct limit){-1, 20});
    c->max_changed = read_limit(r, limits, "max_changed", (struct limit){-1, 50});
    c->hour_floor = read_count(r, limits, "hour_floor", 200, 0, 1000000000);
    if (yaml_get(limits, "max_deletes") != NULL)
        FAULT(r, yaml_get(limits, "max_deletes"),
              "max_deletes is said for each resource (deletes: {max, max_percent})");
    yaml_check_keys(breaker, breaker_keys, r->file, r->f);
    c->breaker_alternations = (int)read_count(r, breaker, "alternations", 3, 2, 1000);
    c->breaker_window_ms = read_span(r, breaker, "window", 10 * 60 * 1000);
    c->breaker_calls = read_count(r, breaker, "account_calls_floor", 1000, 0, 1000000000);
    c->retention_ms = read_span(r, root, "retention", 30LL * DAY_MS);
    if (c->retention_ms < 7LL * DAY_MS)
        FAULT(r, yaml_get(root, "retention"),
              "retention must be at least 7d (longer than any provider retries)");
}
