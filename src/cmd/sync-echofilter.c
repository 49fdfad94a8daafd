#include <config.h>

#include "cmd/setup.h"
#include "crypto/digest.h"
#include "echofilter/echofilter.h"

struct opts {
    struct opt_common common;
    const char *dropped;
    bool explain;
};

int
main(int argc, char **argv)
{
    struct opts o = {0};
    const struct opt options[] = {
        {OPT_TEXT, 0, "dropped", "FILE", &o.dropped, "add dropped lines to FILE"},
        {OPT_FLAG, 0, "explain", NULL, &o.explain, "say on stderr why each line is dropped"},
        {0}};
    const struct opt_program prog = {"sync-echofilter", "[--dropped FILE] [--explain]",
                                     "Drop events that are certainly no news; pass the rest "
                                     "byte for byte.",
                                     options, &o.common};
    struct echofilter_options f = {0};
    struct err err = ERR_INIT;
    struct conf *conf;
    int first = opt_parse(&prog, argc, argv);
    int status;

    if (first < argc)
        opt_usage(&prog, "no operand is taken: %s", argv[first]);
    crypto_start();
    setup_finish_on_broken_pipe();
    conf = setup_conf(&o.common, true);
    f.conf = conf;
    f.store = setup_store(&o.common, conf, STORE_WRITE);
    f.dry_run = o.common.dry_run;
    f.dropped = o.dropped;
    f.explain = o.explain;
    f.rejects = o.common.rejects;
    status = echofilter_run(&f, &err);
    if (err.text[0] != '\0')
        setup_fail(&err);
    store_close(f.store);
    conf_free(conf);
    return status;
}
