#include <config.h>

#include "base/opt.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_OPTIONS = 64, ASK_HELP = 1, ASK_VERSION = 2 };

/* All options of one program: its own, then the common ones. */
struct table {
    struct opt all[MAX_OPTIONS];
    int n;
};

static bool
has(const struct table *t, const char *name)
{
    int i;

    for (i = 0; i < t->n; i++)
        if (strcmp(t->all[i].name, name) == 0)
            return true;
    return false;
}

/* All but those that are there: a program may put a common option in its own words. */
static void
add_all(struct table *t, const struct opt *o)
{
    for (; o->kind != OPT_END; o++) {
        if (has(t, o->name))
            continue;
        if (t->n == MAX_OPTIONS)
            BUG("too many options");
        t->all[t->n++] = *o;
    }
}

static void
build_table(struct table *t, const struct opt_program *prog)
{
    struct opt_common *c = prog->common;

    if (prog->options != NULL)
        add_all(t, prog->options);
    if (c != NULL) {
        const struct opt common[] = {
            {OPT_TEXT, 'c', "config", "FILE", &c->config,
             "config (default $LOOPLESS_CONFIG, else ./loopless.yaml)"},
            {OPT_FLAG, 'n', "dry-run", NULL, &c->dry_run, "state read-only, no HTTP writes"},
            {OPT_FLAG, 'v', "verbose", NULL, &c->verbose, "say more on stderr"},
            {OPT_FLAG, 'q', "quiet", NULL, &c->quiet, "say only warnings and errors"},
            {OPT_FLAG, 0, "json", NULL, &c->json, "reports as JSON"},
            {OPT_TEXT, 0, "log-format", "text|json", &c->log_format, "how stderr is written"},
            {OPT_TEXT, 0, "rejects", "FILE", &c->rejects, "add refused lines to FILE"},
            {0}};

        add_all(t, common);
    }
}

void
opt_usage(const struct opt_program *prog, const char *fmt, ...)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    log_error("%s", buf_get(&b));
    fprintf(stderr, "%s: hint: see %s --help\n", prog->name, prog->name);
    exit(EXIT_USAGE);
}

static void
print_option(const struct opt *o)
{
    char left[80];
    int n = 0;

    if (o->letter != 0)
        n = snprintf(left, sizeof left, "  -%c, --%s", o->letter, o->name);
    else
        n = snprintf(left, sizeof left, "      --%s", o->name);
    if (o->value != NULL)
        snprintf(left + n, sizeof left - (size_t)n, "=%s", o->value);
    printf("%-30s %s\n", left, o->help);
}

static _Noreturn void
finish_stdout(const struct opt_program *prog)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "%s: error: stdout: %s\n", prog->name, strerror(errno));
        exit(EXIT_IO);
    }
    exit(EXIT_OK);
}

static _Noreturn void
print_help(const struct opt_program *prog, const struct table *t)
{
    const char *line = prog->usage;
    const char *lead = "usage:";
    int i;

    for (;;) {
        int len = (int)strcspn(line, "\n");

        printf("%-6s %s %.*s\n", lead, prog->name, len, line);
        lead = "";
        if (line[len] == '\0')
            break;
        line += len + 1;
    }
    printf("\n%s\n\n", prog->summary);
    for (i = 0; i < t->n; i++)
        print_option(&t->all[i]);
    print_option(&(struct opt){OPT_FLAG, 0, "help", NULL, NULL, "print this and exit"});
    print_option(&(struct opt){OPT_FLAG, 0, "version", NULL, NULL, "print the version and exit"});
    printf("\nThe page %s(1) says more.\n", prog->name);
    finish_stdout(prog);
}

static void
store(const struct opt_program *prog, const struct opt *o, const char *value)
{
    struct opt_list *list;
    char *end;
    long n;

    switch (o->kind) {
    case OPT_FLAG:
        *(bool *)o->into = true;
        break;
    case OPT_TEXT:
        *(const char **)o->into = value;
        break;
    case OPT_LIST:
        list = o->into;
        list->items = mem_resize(list->items, list->n + 1, sizeof *list->items);
        list->items[list->n++] = value;
        break;
    case OPT_COUNT:
        errno = 0;
        n = strtol(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0' || n < 0)
            opt_usage(prog, "--%s wants a whole number, not \"%s\"", o->name, value);
        *(long *)o->into = n;
        break;
    case OPT_END:
        break;
    }
}

/* The getopt tables: long option i has val 256 + i; letters map back by search. */
static void
build_getopt(const struct table *t, struct option *longs, struct buf *letters)
{
    int i;

    buf_char(letters, ':');
    for (i = 0; i < t->n; i++) {
        const struct opt *o = &t->all[i];
        int arg = o->kind == OPT_FLAG ? no_argument : required_argument;

        longs[i] = (struct option){o->name, arg, NULL, 256 + i};
        if (o->letter != 0)
            buf_printf(letters, "%c%s", o->letter, arg == required_argument ? ":" : "");
    }
    longs[i++] = (struct option){"help", no_argument, NULL, ASK_HELP};
    longs[i++] = (struct option){"version", no_argument, NULL, ASK_VERSION};
    longs[i] = (struct option){0};
}

static const struct opt *
find(const struct table *t, int c)
{
    int i;

    if (c >= 256)
        return &t->all[c - 256];
    for (i = 0; i < t->n; i++)
        if (t->all[i].letter == c)
            return &t->all[i];
    BUG("unknown option %d", c);
}

static void
setup_log(const struct opt_program *prog)
{
    const struct opt_common *c = prog->common;
    bool json = false;

    if (c == NULL)
        return;
    if (c->log_format != NULL) {
        json = strcmp(c->log_format, "json") == 0;
        if (!json && strcmp(c->log_format, "text") != 0)
            opt_usage(prog, "--log-format is text or json, not \"%s\"", c->log_format);
    }
    log_setup(c->quiet ? LOG_QUIET : c->verbose ? LOG_VERBOSE : LOG_NORMAL, json);
}

/*
 * A standard descriptor that is closed must not become some file of ours: using it has to fail.
 */
static void
hold_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(EXIT_IO);
}

int
opt_parse(const struct opt_program *prog, int argc, char **argv)
{
    CLEANUP_BUF struct buf letters = BUF_INIT;
    struct option longs[MAX_OPTIONS + 3];
    struct table t = {.n = 0};
    int c;

    hold_standard_files();
    build_table(&t, prog);
    build_getopt(&t, longs, &letters);
    opterr = 0;
    while ((c = getopt_long(argc, argv, letters.data, longs, NULL)) != -1) {
        switch (c) {
        case ASK_HELP:
            print_help(prog, &t);
        case ASK_VERSION:
            printf("%s (loopless) %s\n", prog->name, PACKAGE_VERSION);
            finish_stdout(prog);
        case ':':
            opt_usage(prog, "%s wants a value", argv[optind - 1]);
        case '?':
            opt_usage(prog, "unknown option %s", argv[optind - 1]);
        default:
            store(prog, find(&t, c), optarg);
        }
    }
    setup_log(prog);
    return optind;
}
