#include <config.h>

#include "ctl/ctl.h"
#include "ctl/internal.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum needs {
    NEEDS_NOTHING,
    NEEDS_CONF,       /* the whole config, checked */
    NEEDS_SECRETS,    /* the same, with the secrets */
    NEEDS_STATE_ONLY, /* the state, also with a broken config */
    NEEDS_STATE,      /* both, the state read-only */
    NEEDS_STATE_WRITE,
    NEEDS_CALLS /* the same, with the secrets */
};

/* A verb with several nouns has a row for each. */
static const struct verb {
    const char *name, *noun; /* noun NULL: the operands follow at once */
    enum needs needs;
    ctl_verb *run;
    const char *options; /* those of ctl_options that mean something to it; NULL: none */
} verbs[] = {
    {"init", NULL, NEEDS_CONF, ctl_init, NULL},
    {"check", NULL, NEEDS_CONF, ctl_check, "online"},
    {"status", NULL, NEEDS_STATE, ctl_status, NULL},
    {"counters", NULL, NEEDS_STATE, ctl_counters, NULL},
    {"jobs", NULL, NEEDS_STATE, ctl_jobs, NULL},
    {"audit", NULL, NEEDS_STATE, ctl_audit, NULL},
    {"pause", NULL, NEEDS_STATE_ONLY, ctl_pause, "reason until"},
    {"resume", NULL, NEEDS_STATE_ONLY, ctl_resume, "accept-account"},
    {"history", NULL, NEEDS_STATE, ctl_history, "last"},
    {"why", NULL, NEEDS_STATE, ctl_why, "last"},
    {"conflicts", "list", NEEDS_STATE, ctl_conflicts_list, "all last"},
    {"conflicts", "show", NEEDS_STATE, ctl_conflicts_show, NULL},
    {"conflicts", "resolve", NEEDS_STATE_WRITE, ctl_conflicts_resolve, NULL},
    {"rejects", "list", NEEDS_STATE, ctl_rejects_list, "all code last"},
    {"rejects", "show", NEEDS_STATE, ctl_rejects_show, NULL},
    {"rejects", "replay", NEEDS_STATE_WRITE, ctl_rejects_replay, "code create yes"},
    {"rejects", "drop", NEEDS_STATE_WRITE, ctl_rejects_drop, NULL},
    {"links", "list", NEEDS_STATE, ctl_links_list, "missing ended"},
    {"links", "show", NEEDS_STATE, ctl_links_show, NULL},
    {"links", "link", NEEDS_CALLS, ctl_links_link, "unseen"},
    {"links", "unlink", NEEDS_STATE_WRITE, ctl_links_unlink, "forget"},
    {"links", "repair", NEEDS_CALLS, ctl_links_repair, NULL},
    {"own", NULL, NEEDS_STATE_WRITE, ctl_own, NULL},
    {"normalizers", NULL, NEEDS_CONF, ctl_normalizers, "forget"},
    {"prove", NULL, NEEDS_NOTHING, ctl_prove, NULL},
    {"auth", NULL, NEEDS_SECRETS, ctl_auth, "login forget"},
    {"gc", NULL, NEEDS_STATE_WRITE, ctl_gc, NULL},
};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

const char *
ctl_usage(void)
{
    return "init | check [--online] | status | jobs | audit | gc\n"
           "counters [SYSTEM]\n"
           "pause [SYSTEM | RESOURCE [SYSTEM:ID]] [--reason TEXT] [--until TIME]\n"
           "resume [NUMBER | SYSTEM | RESOURCE [SYSTEM:ID]] [--accept-account]\n"
           "why RESOURCE SYSTEM:ID [FIELD] [--last N]\n"
           "history [RESOURCE SYSTEM:ID [FIELD]] [--last N]\n"
           "conflicts list [RESOURCE] [--all] [--last N] | show N\n"
           "conflicts resolve N take SYSTEM | value JSON-OR-TEXT | edit | done\n"
           "rejects list [RESOURCE] [--code CODE] [--all] [--last N] | show N\n"
           "rejects replay N... | --code CODE [--yes] [--create]\n"
           "rejects drop N...\n"
           "links list [RESOURCE] [--missing SYSTEM] [--ended] | show RESOURCE SYSTEM:ID\n"
           "links link RESOURCE SYSTEM:ID SYSTEM:ID... [--unseen]\n"
           "links unlink RESOURCE SYSTEM:ID [--forget]\n"
           "links repair RESOURCE [SYSTEM]\n"
           "own RESOURCE SYSTEM:ID NEWOWNER\n"
           "normalizers [--forget RESOURCE SYSTEM [FIELD]]\n"
           "prove [CONFIG]\n"
           "auth [SYSTEM [--login | --forget]]";
}

int
ctl_bad_usage(struct err *err, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_set(err, ERR_RUN, ERR_NEVER, "usage", "%s", text);
    err_hint(err, "see sync-ctl --help");
    err_exit(err, EXIT_USAGE);
    return EXIT_USAGE;
}

int
ctl_no(struct err *err, const char *code, const char *fmt, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_set(err, ERR_RUN, ERR_NEVER, code, "%s", text);
    err_exit(err, EXIT_NO);
    return EXIT_NO;
}

static int
put_line(const struct buf *line, struct err *err)
{
    if (fwrite(buf_get(line), 1, line->len, stdout) != line->len || putchar('\n') == EOF ||
        fflush(stdout) != 0)
        return err_errno(err, "stdout");
    return 0;
}

int
ctl_say(struct err *err, const char *fmt, ...)
{
    CLEANUP_BUF struct buf text = BUF_INIT, line = BUF_INIT;
    bool gap;
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    gap = text.len > 0 && text.data[0] == '\n';
    if (gap)
        buf_char(&line, '\n');
    text_escape(&line, buf_get(&text) + gap, text.len - gap);
    return put_line(&line, err);
}

int
ctl_print(struct err *err, const struct val *v)
{
    CLEANUP_BUF struct buf line = BUF_INIT;

    val_write(&line, v);
    return put_line(&line, err);
}

int
ctl_load_conf(struct ctl *c, const char *path, bool no_secrets, struct err *err)
{
    struct faults *faults = faults_new();
    size_t i, n;

    c->conf = conf_load(path, no_secrets, faults);
    n = faults_count(faults);
    for (i = 0; c->conf == NULL && i + 1 < n; i++)
        log_error("%s", faults_get(faults, i));
    if (c->conf == NULL) {
        err_set(err, ERR_RUN, ERR_NEVER, "config", "%s", n > 0 ? faults_get(faults, n - 1) : "?");
        if (n > 1)
            err_hint(err, "%zu faults; nothing was done", n);
    }
    faults_free(faults);
    return c->conf == NULL ? -1 : 0;
}

const struct meter *
ctl_meter(const struct ctl *c)
{
    return c->o->meter == NULL ? NULL : c->o->meter(c->o->meter_user, c->conf);
}

static int
open_state(struct ctl *c, enum needs needs, struct err *err)
{
    bool write = needs != NEEDS_STATE;
    char *path = needs == NEEDS_STATE_ONLY ? conf_state_path(c->o->common->config, err) : NULL;

    if (needs == NEEDS_STATE_ONLY && path == NULL)
        return -1;
    c->store = store_open(path != NULL ? path : c->conf->state,
                          write && !c->o->common->dry_run ? STORE_WRITE : STORE_READ, err);
    free(path);
    return c->store == NULL ? -1 : 0;
}

static int
open_needed(struct ctl *c, enum needs needs, struct err *err)
{
    bool secrets =
        needs == NEEDS_CALLS || needs == NEEDS_SECRETS || (needs == NEEDS_CONF && c->o->online);

    if (needs != NEEDS_NOTHING && needs != NEEDS_STATE_ONLY &&
        ctl_load_conf(c, c->o->common->config, !secrets, err) != 0)
        return -1;
    return needs >= NEEDS_STATE_ONLY ? open_state(c, needs, err) : 0;
}

/* The verb's row, and how many words name it; NULL with ERR. */
static const struct verb *
find_verb(int argc, char **argv, int *words, struct err *err)
{
    CLEANUP_BUF struct buf nouns = BUF_INIT;

    for (size_t i = 0; i < N_VERBS; i++) {
        const struct verb *v = &verbs[i];

        if (strcmp(argv[0], v->name) != 0)
            continue;
        if (v->noun == NULL || (argc > 1 && strcmp(argv[1], v->noun) == 0)) {
            *words = v->noun == NULL ? 1 : 2;
            return v;
        }
        buf_printf(&nouns, "%s%s", nouns.len > 0 ? ", " : "", v->noun);
    }
    if (nouns.len == 0)
        ctl_bad_usage(err, "there is no verb \"%s\"", argv[0]);
    else if (argc == 1)
        ctl_bad_usage(err, "%s wants one of: %s", argv[0], buf_get(&nouns));
    else
        ctl_bad_usage(err, "%s has no \"%s\", but: %s", argv[0], argv[1], buf_get(&nouns));
    return NULL;
}

/* Is NAME a word of LIST (NULL: empty)? */
static bool
is_word(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = list; p != NULL && *p != '\0'; p += strspn(p, " ")) {
        size_t word = strcspn(p, " ");

        if (word == len && memcmp(p, name, len) == 0)
            return true;
        p += word;
    }
    return false;
}

/* An option that means nothing here was meant for something: nothing is done. 0 or 64. */
static int
check_options(const struct ctl_options *o, const struct verb *v, struct err *err)
{
    const struct {
        const char *name;
        bool given;
    } all[] = {{"reason", o->reason != NULL},
               {"until", o->until != NULL},
               {"accept-account", o->accept_account},
               {"online", o->online},
               {"last", o->last != 0},
               {"all", o->all},
               {"code", o->code != NULL},
               {"create", o->create},
               {"yes", o->yes},
               {"missing", o->missing != NULL},
               {"ended", o->ended},
               {"forget", o->forget},
               {"unseen", o->unseen},
               {"login", o->login}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].given && !is_word(v->options, all[i].name))
            return ctl_bad_usage(err, "%s%s%s takes no --%s", v->name, v->noun != NULL ? " " : "",
                                 v->noun != NULL ? v->noun : "", all[i].name);
    return 0;
}

int
ctl_check_text(const char *what, const char *text, struct err *err)
{
    size_t bad = text == NULL ? 0 : val_bad_byte(text, strlen(text));

    if (bad == 0)
        return 0;
    ctl_bad_usage(err, "%s: byte %zu (0x%02x) is no UTF-8: %s", what, bad,
                  (unsigned char)text[bad - 1], text);
    err_hint(err, "nothing was changed; does the terminal, or what wrote this, use UTF-8?");
    return EXIT_USAGE;
}

/* All of it may become a value, an id, a name or a line of history. */
static int
check_texts(const struct ctl_options *o, int argc, char **argv, struct err *err)
{
    char what[40];
    int i;

    if (ctl_check_text("--reason", o->reason, err) != 0 ||
        ctl_check_text("--until", o->until, err) != 0 ||
        ctl_check_text("--code", o->code, err) != 0 ||
        ctl_check_text("--missing", o->missing, err) != 0)
        return EXIT_USAGE;
    for (i = 0; i < argc; i++) {
        snprintf(what, sizeof what, "operand %d", i + 1);
        if (ctl_check_text(what, argv[i], err) != 0)
            return EXIT_USAGE;
    }
    return 0;
}

int
ctl_run(const struct ctl_options *o, int argc, char **argv, struct err *err)
{
    struct ctl c = {.o = o, .now = clock_now()};
    const struct verb *verb;
    int status, words;

    if (argc == 0)
        return ctl_bad_usage(err, "what shall be done? (init, check, status, jobs, audit, ...)");
    if (check_texts(o, argc, argv, err) != 0)
        return EXIT_USAGE;
    verb = find_verb(argc, argv, &words, err);
    if (verb == NULL || check_options(o, verb, err) != 0)
        return EXIT_USAGE;
    c.arena = arena_new();
    if (open_needed(&c, verb->needs, err) != 0)
        status = err->status;
    else
        status = verb->run(&c, argc - words, argv + words, err);
    if (status < 0)
        status = err->status;
    store_close(c.store);
    if (c.conf != NULL)
        conf_free(c.conf);
    arena_free(c.arena);
    return status;
}
