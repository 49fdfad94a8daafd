#include <config.h>

#include "ctl/internal.h"
#include "ctl/table.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/client.h"
#include "provider/provider.h"
#include "store/run.h"

#include <string.h>
#include <unistd.h>

int
ctl_init(struct ctl *c, int argc, char **argv, struct err *err)
{
    if (argc > 0)
        return ctl_bad_usage(err, "init takes no operand: %s", argv[0]);
    if (c->o->common->dry_run)
        return ctl_say(err, "would make %s", c->conf->state);
    if (store_create(c->conf->state, err) != 0)
        return -1;
    c->store = store_open(c->conf->state, STORE_READ, err);
    if (c->store == NULL)
        return -1;
    return ctl_say(err, "made %s (deployment %s)", c->conf->state, store_deployment(c->store));
}

/* What the identity call of one system said. */
struct whoami {
    const struct conf_system *system;
    bool ok;
    char text[300];
};

static void
identified(void *user, const struct provider_answer *answer)
{
    struct whoami *id = user;
    const char *want = id->system->account;

    if (answer->outcome != PROVIDER_OK)
        snprintf(id->text, sizeof id->text, "%s",
                 answer->text != NULL ? answer->text : "no answer");
    else if (answer->n_records == 0)
        snprintf(id->text, sizeof id->text, "answers (its definition has no identity call)");
    else if (strcmp(answer->records[0].id, want) != 0)
        snprintf(id->text, sizeof id->text, "opens account %s, the config says %s",
                 answer->records[0].id, want);
    else
        snprintf(id->text, sizeof id->text, "account %s", want);
    id->ok = answer->outcome == PROVIDER_OK &&
             (answer->n_records == 0 || strcmp(answer->records[0].id, want) == 0);
}

static int
check_online(struct ctl *c, struct table *t, bool *all_ok, struct err *err)
{
    const struct meter *meter = ctl_meter(c);
    struct token_store *tokens = store_tokens_new(c->conf->state, c->o->common->dry_run);
    int r = 0;
    size_t i;

    for (i = 0; i < c->conf->n_systems && r >= 0; i++) {
        struct whoami id = {.system = &c->conf->systems[i]};
        struct http *http = http_new();
        struct provider *p = provider_new(id.system, http);

        provider_meter(p, meter);
        provider_tokens(p, tokens);
        provider_identity(p, identified, &id);
        r = http_run(http, err);
        http_free(http);
        provider_free(p);
        table_text(t, id.system->name);
        table_text(t, id.ok ? "ok" : "fails");
        table_text(t, id.text);
        *all_ok &= id.ok;
    }
    store_tokens_free(tokens);
    return r < 0 ? -1 : 0;
}

static void
warn_intervals(const struct conf *conf)
{
    size_t i;

    for (i = 0; i < conf->n_jobs; i++)
        if (conf->jobs[i].every_ms > 0 && conf->jobs[i].every_ms < 15 * 60000)
            log_warn("job %s runs more often than every 15 minutes: each run costs API calls",
                     conf->jobs[i].name);
}

/* The config was read without its secrets; are they there? */
static void
check_secrets(struct ctl *c, struct table *t)
{
    struct faults *faults = faults_new();
    struct conf *conf = conf_load(c->o->common->config, false, faults);

    table_text(t, "secrets");
    table_text(t, conf != NULL ? "ok" : "missing");
    table_text(t, conf != NULL               ? "can be read"
                  : faults_count(faults) > 0 ? faults_get(faults, 0)
                                             : "?");
    if (conf != NULL)
        conf_free(conf);
    faults_free(faults);
}

int
ctl_check(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("what,state,text");
    bool ok = true;

    if (argc > 0)
        return ctl_bad_usage(err, "check takes no operand: %s", argv[0]);
    table_text(t, "config");
    table_text(t, "ok");
    table_text(t, arena_printf(c->arena, "%s: %zu systems, %zu resources, %zu jobs", c->conf->file,
                               c->conf->n_systems, c->conf->n_syncs, c->conf->n_jobs));
    check_secrets(c, t);
    table_text(t, "state");
    if (access(c->conf->state, F_OK) != 0) {
        table_text(t, "missing");
        table_text(t, "sync-ctl init makes it");
    } else {
        c->store = store_open(c->conf->state, STORE_READ, err);
        ok = c->store != NULL;
        table_text(t, ok ? "ok" : "fails");
        table_text(t, ok ? c->conf->state : err->text);
        err->text[0] = '\0';
    }
    if (c->o->online && check_online(c, t, &ok, err) != 0)
        return -1;
    warn_intervals(c->conf);
    if (table_print(t, c->o->common->json, err) != 0)
        return -1;
    return ok ? EXIT_OK : EXIT_NO;
}

int
ctl_gc(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("table,rows#");
    struct store_count *counts;
    int i, n;

    if (argc > 0)
        return ctl_bad_usage(err, "gc takes no operand: %s", argv[0]);
    n = store_gc(c->store, c->arena, c->conf->retention_ms, c->o->common->dry_run, c->now, &counts,
                 err);
    if (n < 0)
        return -1;
    for (i = 0; i < n; i++) {
        table_text(t, counts[i].name);
        table_number(t, counts[i].n);
    }
    return table_print(t, c->o->common->json, err);
}
