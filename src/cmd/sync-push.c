#include <config.h>

#include "base/opt.h"
#include "cmd/meter.h"
#include "cmd/setup.h"
#include "crypto/digest.h"
#include "push/push.h"

#include <stddef.h>

struct opts {
    struct opt_common common;
    struct push_options push;
};

int
main(int argc, char **argv)
{
    struct opts o = {
        .push = {.canary = -1, .max_creates = -1, .max_updates = -1, .max_deletes = -1}};
    const struct opt table[] = {
        {OPT_TEXT, 0, "plan", "FILE", &o.push.plan, "apply FILE (of sync-diff --plan), not stdin"},
        {OPT_COUNT, 0, "canary", "N", &o.push.canary, "apply the first N lines with writes only"},
        {OPT_COUNT, 0, "max-creates", "N", &o.push.max_creates, "stop above N creates a run"},
        {OPT_COUNT, 0, "max-updates", "N", &o.push.max_updates, "stop above N updates a run"},
        {OPT_COUNT, 0, "max-deletes", "N", &o.push.max_deletes, "stop above N deletes a run"},
        {OPT_FLAG, 0, "yes", NULL, &o.push.yes, "lift the limits for this run"},
        {0}};
    const struct opt_program prog = {
        .name = "sync-push",
        .usage = "[--plan FILE] [--canary N] [--max-creates N] [--max-updates N] [--max-deletes N] "
                 "[--yes]",
        .summary = "write what sync-diff decided, once, and print the results",
        .options = table,
        .common = &o.common};
    struct err err = ERR_INIT;
    struct meter_store *meter;
    struct token_store *tokens;
    struct conf *conf;
    int status;

    if (opt_parse(&prog, argc, argv) < argc)
        opt_usage(&prog, "it takes no operands");
    crypto_start();
    setup_finish_on_broken_pipe();
    conf = setup_conf(&o.common, false);
    o.push.conf = conf;
    o.push.store = setup_store(&o.common, conf, STORE_WRITE);
    o.push.dry_run = o.common.dry_run;
    o.push.rejects = o.common.rejects;
    meter = meter_open(&o.common, conf, false);
    o.push.meter = meter_of(meter);
    tokens = store_tokens_new(conf->state, o.common.dry_run);
    o.push.tokens = tokens;
    status = push_run(&o.push, &err);
    if (err.code[0] != '\0')
        setup_fail(&err);
    meter_close(meter);
    store_tokens_free(tokens);
    store_close(o.push.store);
    conf_free(conf);
    return status;
}
