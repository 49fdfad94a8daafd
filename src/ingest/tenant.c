#include <config.h>

#include "ingest/tenant.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/run.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    LOADING_MS = 1000,
    FAILING_PATIENCE_MS = 50 /* who is locked out for long must not hold up the others each time */
};

static int
load(struct tenants *t, const char *path, struct err *err)
{
    struct faults *faults = faults_new();
    struct conf *conf = conf_load(path, false, faults);
    struct tenant *new;

    for (size_t i = 0; conf == NULL && i < faults_count(faults); i++)
        log_error("%s", faults_get(faults, i));
    faults_free(faults);
    if (conf == NULL) {
        err->status = EXIT_CONFIG;
        return -1;
    }
    t->list = mem_resize(t->list, t->n + 1, sizeof *t->list);
    new = &t->list[t->n++];
    memset(new, 0, sizeof *new);
    new->conf = conf;
    new->loading = mem_alloc((conf->n_syncs + 1) * sizeof *new->loading);
    return 0;
}

static int
is_yaml(const struct dirent *e)
{
    const char *dot = strrchr(e->d_name, '.');

    return e->d_name[0] != '.' && dot != NULL &&
           (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* Definitions and models may stand beside configs; all else is one, and has to be right. */
static bool
is_config(const char *path)
{
    FILE *f = fopen(path, "re");
    char line[256];
    bool is = true;

    while (f != NULL && is && fgets(line, sizeof line, f) != NULL)
        is = strncmp(line, "definition:", 11) != 0 && strncmp(line, "model:", 6) != 0;
    if (f != NULL)
        fclose(f);
    return is;
}

static int
load_folder(struct tenants *t, const char *path, struct err *err)
{
    struct dirent **names;
    int n = scandir(path, &names, is_yaml, alphasort), rc = 0;

    if (n < 0)
        return err_errno(err, "%s", path);
    for (int i = 0; i < n; i++) {
        CLEANUP_FREE char *file = mem_printf("%s/%s", path, names[i]->d_name);

        if (is_config(file) && load(t, file, err) < 0)
            rc = -1;
        free(names[i]);
    }
    free(names);
    if (rc == 0 && t->n == 0)
        return err_set(err, ERR_RUN, ERR_NEVER, "no-config", "%s: no config (*.yaml) is there",
                       path);
    return rc;
}

int
tenants_load(struct tenants *t, const char *path, struct err *err)
{
    struct stat st;

    if (path == NULL)
        path = getenv("LOOPLESS_CONFIG");
    if (path != NULL && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return load_folder(t, path, err);
    return load(t, path, err);
}

int
tenants_open(struct tenants *t, struct err *err)
{
    for (size_t i = 0; i < t->n; i++) {
        struct tenant *x = &t->list[i];

        x->unmapped = true;
        x->store = store_open(x->conf->state, STORE_WRITE, err);
        if (x->store == NULL && err->retry == ERR_NEVER)
            return err_wrap(err, "%s", x->conf->file);
        if (x->store == NULL)
            tenant_failed(x, err);
        else
            tenant_worked(x);
        *err = (struct err)ERR_INIT;
    }
    return 0;
}

void
tenants_release(struct tenants *t)
{
    for (size_t i = 0; i < t->n; i++) {
        store_close(t->list[i].store);
        conf_free(t->list[i].conf);
        free(t->list[i].loading);
    }
    free(t->list);
    *t = (struct tenants){0};
}

void
tenant_failed(struct tenant *t, const struct err *err)
{
    t->failing = true;
    t->retry_at = clock_boot() + TENANT_RETRY_MS;
    if (!t->said)
        log_error("%s: %s; its webhooks are answered 503 until it can be written", t->conf->file,
                  err->text);
    t->said = true;
    if (t->store != NULL)
        store_patience(t->store, FAILING_PATIENCE_MS);
}

void
tenant_worked(struct tenant *t)
{
    if (t->said) {
        log_info("%s: its state can be written again", t->conf->file);
        store_patience(t->store, -1);
    }
    t->said = false;
    t->retry_at = 0;
    t->written_at = clock_boot();
    t->failing = false;
}

bool
tenant_ready(struct tenant *t)
{
    struct err err = ERR_INIT;

    if (t->retry_at > clock_boot())
        return false;
    if (t->store != NULL && store_check_file(t->store, &err) < 0) {
        store_close(t->store); /* a restore put another file there */
        t->store = NULL;
    }
    if (t->store == NULL) {
        t->store = store_open(t->conf->state, STORE_WRITE, &err);
        t->unmapped = true;
    }
    if (t->store == NULL)
        tenant_failed(t, &err);
    return t->store != NULL;
}

/* A state that failed has to take a row, so that a full disk is noticed; else its lock is enough.
 */
void
tenant_probe(struct tenant *t)
{
    struct err err = ERR_INIT;

    if (clock_boot() - t->written_at < TENANT_PROBE_MS || !tenant_ready(t))
        return;
    if (store_begin(t->store, t->failing, &err) < 0 ||
        (t->failing && (store_count(t->store, "listen_probe", "", "", 1, clock_now(), &err) < 0 ||
                        store_commit(t->store, &err) < 0))) {
        store_abort(t->store);
        tenant_failed(t, &err);
        return;
    }
    store_abort(t->store);
    tenant_worked(t);
}

bool
tenant_is_well(const struct tenant *t)
{
    return !t->failing && clock_boot() - t->written_at < TENANT_DEAD_MS;
}

bool
tenant_is_loading(struct tenant *t, const struct conf_sync *sync)
{
    size_t i = (size_t)(sync - t->conf->syncs);

    if (t->loading_at == 0 || clock_boot() - t->loading_at > LOADING_MS) {
        for (size_t k = 0; k < t->conf->n_syncs; k++)
            t->loading[k] =
                store_is_loading(t->store, t->conf, t->conf->syncs[k].resource, NULL) == 1;
        t->loading_at = clock_boot();
    }
    return t->loading[i];
}
