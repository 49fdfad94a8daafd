#include <config.h>

#include "cmd/meter.h"
#include "cmd/setup.h"
#include "crypto/digest.h"
#include "diff/diff.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct opts {
    struct opt_common common;
    const char *current;
    const char *plan;
    const char *format;
    bool exit_code;
};

/* With --current and no config to be found, the lines say what there is. */
static void
open_all(const struct opts *o, struct diff_options *d)
{
    struct conf *conf;

    conf = o->current != NULL ? setup_conf_maybe(&o->common, true) : setup_conf(&o->common, false);
    d->conf = conf;
    if (conf != NULL && (o->current == NULL || access(conf->state, F_OK) == 0))
        d->store = setup_store(&o->common, conf, STORE_READ);
}

int
main(int argc, char **argv)
{
    struct opts o = {.format = "ndjson"};
    const struct opt options[] = {
        {OPT_TEXT, 0, "current", "FILE", &o.current,
         "present records of the other systems instead of asking them"},
        {OPT_TEXT, 0, "plan", "FILE", &o.plan, "write the decisions to FILE, for sync-push --plan"},
        {OPT_TEXT, 0, "format", "ndjson|human", &o.format, "decisions as lines, or for people"},
        {OPT_FLAG, 0, "exit-code", NULL, &o.exit_code, "exit 1 if anything differs"},
        {0}};
    const struct opt_program prog = {
        "sync-diff", "[--current FILE] [--plan FILE] [--format=ndjson|human] [--exit-code]",
        "Compare all ends of each nominated record and decide, field by field, the least writes.",
        options, &o.common};
    struct diff_options d = {0};
    struct meter_store *meter;
    struct token_store *tokens;
    struct err err = ERR_INIT;
    int first = opt_parse(&prog, argc, argv);
    int status;

    if (first < argc)
        opt_usage(&prog, "no operand is taken: %s", argv[first]);
    d.human = strcmp(o.format, "human") == 0;
    if (!d.human && strcmp(o.format, "ndjson") != 0)
        opt_usage(&prog, "--format is ndjson or human, not \"%s\"", o.format);
    crypto_start();
    open_all(&o, &d);
    d.current = o.current;
    d.plan = o.plan;
    d.exit_code = o.exit_code;
    d.rejects = o.common.rejects;
    d.color = d.human && isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    meter = meter_open(&o.common, d.store != NULL ? d.conf : NULL, false);
    d.meter = meter_of(meter);
    tokens = d.conf != NULL ? store_tokens_new(d.conf->state, o.common.dry_run) : NULL;
    d.tokens = tokens;
    status = diff_run(&d, &err);
    if (err.text[0] != '\0')
        setup_fail(&err);
    meter_close(meter);
    store_tokens_free(tokens);
    store_close(d.store);
    conf_free((struct conf *)d.conf);
    return status;
}
