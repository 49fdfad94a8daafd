#include <config.h>

#include "cmd/setup.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int
setup_fail(const struct err *err)
{
    log_err(err);
    return err->status;
}

void
setup_no_core(void)
{
    struct rlimit core;

    if (getrlimit(RLIMIT_CORE, &core) != 0)
        return;
    core.rlim_cur = core.rlim_max < 1 ? core.rlim_max : 1;
    core.rlim_max = core.rlim_cur;
    setrlimit(RLIMIT_CORE, &core);
}

struct conf *
setup_conf(const struct opt_common *common, bool no_secrets)
{
    struct faults *faults = faults_new();
    struct conf *conf;
    size_t i;

    if (!no_secrets)
        setup_no_core();
    conf = conf_load(common->config, no_secrets, faults);
    if (conf == NULL) {
        for (i = 0; i < faults_count(faults); i++)
            log_error("%s", faults_get(faults, i));
        faults_free(faults);
        exit(EXIT_CONFIG);
    }
    faults_free(faults);
    return conf;
}

struct conf *
setup_conf_maybe(const struct opt_common *common, bool no_secrets)
{
    if (common->config == NULL && getenv("LOOPLESS_CONFIG") == NULL &&
        access("loopless.yaml", F_OK) != 0)
        return NULL;
    return setup_conf(common, no_secrets);
}

struct store *
setup_store(const struct opt_common *common, const struct conf *conf, enum store_mode mode)
{
    struct err err = ERR_INIT;
    struct store *store = store_open(conf->state, common->dry_run ? STORE_READ : mode, &err);

    if (store == NULL)
        exit(setup_fail(&err));
    return store;
}

void
setup_finish_on_broken_pipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}
