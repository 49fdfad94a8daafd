#include <config.h>

#include "cmd/meter.h"
#include "cmd/setup.h"
#include "crypto/digest.h"
#include "ctl/ctl.h"

/* Opened by the verb that makes calls, once. */
struct desk {
    const struct opt_common *common;
    struct meter_store *meter;
};

static const struct meter *
open_meter(void *user, const struct conf *conf)
{
    struct desk *d = user;

    if (d->meter == NULL)
        d->meter = meter_open(d->common, conf, true);
    return meter_of(d->meter);
}

int
main(int argc, char **argv)
{
    struct opt_common common = {0};
    struct desk desk = {.common = &common};
    struct ctl_options o = {.common = &common, .meter = open_meter, .meter_user = &desk};
    const struct opt options[] = {
        {OPT_TEXT, 0, "reason", "TEXT", &o.reason, "pause: why, for the others"},
        {OPT_TEXT, 0, "until", "TIME", &o.until, "pause: until a time, or for a span (2h)"},
        {OPT_FLAG, 0, "accept-account", NULL, &o.accept_account,
         "resume: SYSTEM is now what the config says"},
        {OPT_FLAG, 0, "online", NULL, &o.online, "check: also ask each system whose account it is"},
        {OPT_COUNT, 0, "last", "N", &o.last, "lists, history, why: the newest N (see the page)"},
        {OPT_FLAG, 0, "all", NULL, &o.all, "list: also what is closed"},
        {OPT_TEXT, 0, "code", "CODE", &o.code, "rejects: of this kind"},
        {OPT_FLAG, 0, "create", NULL, &o.create,
         "rejects replay: create again what may be there already"},
        {OPT_FLAG, 0, "yes", NULL, &o.yes, "rejects replay: also more than 20 at once"},
        {OPT_TEXT, 0, "missing", "SYSTEM", &o.missing, "links list: without a record there"},
        {OPT_FLAG, 0, "ended", NULL, &o.ended, "links list: also links that have ended"},
        {OPT_FLAG, 0, "unseen", NULL, &o.unseen, "links link: records nobody can look at"},
        {OPT_FLAG, 0, "forget", NULL, &o.forget,
         "links unlink: the records may be matched anew; normalizers: the pairs; auth: the tokens"},
        {OPT_FLAG, 0, "login", NULL, &o.login, "auth: log in to SYSTEM by a browser"},
        {0}};
    const struct opt_program prog = {
        "sync-ctl", ctl_usage(), "Make, look at and steer the state of a sync.", options, &common};
    struct err err = ERR_INIT;
    int first = opt_parse(&prog, argc, argv);
    int status;

    crypto_start();
    setup_no_core();
    status = ctl_run(&o, argc - first, argv + first, &err);
    meter_close(desk.meter);
    if (err.text[0] != '\0')
        setup_fail(&err);
    return status;
}
