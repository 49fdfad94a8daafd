#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Command lines: one table per program makes getopt_long and --help. A table ends with {0}.
 * Long options may be abbreviated as GNU programs do; options and operands may be mixed, "--" ends
 * options.
 */
enum opt_kind {
    OPT_END = 0,
    OPT_FLAG, /* bool * : set true */
    OPT_TEXT, /* const char ** : borrowed from argv */
    OPT_LIST, /* struct opt_list * : may be given more than once */
    OPT_COUNT /* long * : a whole number >= 0 */
};

struct opt_list {
    const char **items; /* owned array of borrowed texts; process lifetime */
    size_t n;
};

struct opt {
    enum opt_kind kind;
    char letter;       /* 0 = long only */
    const char *name;  /* without -- */
    const char *value; /* what --help calls the value, NULL for flags */
    void *into;
    const char *help; /* one line */
};

/* Options that every program has (contract/cli.txt). */
struct opt_common {
    const char *config; /* -c, NULL = default */
    bool dry_run;       /* -n */
    bool verbose;       /* -v */
    bool quiet;         /* -q */
    bool json;          /* --json */
    const char *log_format;
    const char *rejects; /* --rejects FILE */
};

struct opt_program {
    const char *name;    /* "sync-diff" */
    const char *usage;   /* operands and own options, after the name; may hold several lines */
    const char *summary; /* one line: what it does */
    const struct opt *options; /* one with the name of a common option stands for it */
    struct opt_common *common; /* NULL: none of the common options but --help and --version */
};

/*
 * Read the command line, set up log.h, answer --help and --version (exit 0 after a checked write,
 * 74 if that fails) and refuse what is wrong (one line, exit 64). Returns the index in argv of the
 * first operand; argv is reordered so that operands come last.
 */
int opt_parse(const struct opt_program *prog, int argc, char **argv);

/* A usage error found later: one line with a hint to --help; exit 64. */
_Noreturn void opt_usage(const struct opt_program *prog, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
