#ifndef CTL_INTERNAL_H
#define CTL_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/conf.h"
#include "ctl/ctl.h"
#include "json/val.h"
#include "store/operate.h"
#include "store/store.h"

/* What a verb works with: opened as its row of the table says, closed by ctl_run. */
struct ctl {
    const struct ctl_options *o;
    struct arena *arena;
    struct conf *conf;   /* NULL if the verb needs none */
    struct store *store; /* NULL if the verb needs none */
    int64_t now;
    const char *warned; /* ctl_load_link: what it said last */
};

/* A verb: operands in, exit status out (ERR filled on errors). */
typedef int ctl_verb(struct ctl *c, int argc, char **argv, struct err *err);

ctl_verb ctl_counters, ctl_init, ctl_check, ctl_status, ctl_jobs, ctl_audit, ctl_pause, ctl_resume,
    ctl_history, ctl_gc, ctl_why, ctl_own, ctl_conflicts_list, ctl_conflicts_show,
    ctl_conflicts_resolve, ctl_rejects_list, ctl_rejects_show, ctl_rejects_replay, ctl_rejects_drop,
    ctl_links_list, ctl_auth, ctl_links_show, ctl_links_link, ctl_links_unlink, ctl_links_repair,
    ctl_normalizers, ctl_prove;

/* auth SYSTEM --login (login.c); S is one of the config's, the state is open. */
int ctl_login(struct ctl *c, const struct conf_system *s, struct err *err);

/* Loads PATH (NULL: the default) into C; 0, or -1 with all but the last fault logged. */
int ctl_load_conf(struct ctl *c, const char *path, bool no_secrets, struct err *err);

/* What a provider counts its calls with; NULL: nothing. */
const struct meter *ctl_meter(const struct ctl *c);

/* The accounts that limits have closed, for status; nothing if there is none. 0, -1. */
int ctl_print_closed(struct ctl *c, struct err *err);

/* err "usage", exit 64. Returns 64. */
int ctl_bad_usage(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* TEXT (NULL: none) is from outside; WHAT it is. 0, or 64 where it is no UTF-8. */
int ctl_check_text(const char *what, const char *text, struct err *err);

/* The answer is no: err CODE, exit 1. Returns 1. */
int ctl_no(struct err *err, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints a line on stdout; -1 with err "io". What could drive a terminal is escaped; a newline at
 * the very start is an empty line before. */
int ctl_say(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints V as a line of JSON; 0, or -1 with err "io". */
int ctl_print(struct err *err, const struct val *v);

/* What comes of what an operator changed, for the end of a message. */
#define CTL_NEXT "the next sync-reconcile run does it, a service at once"

/* ---- Operands (operand.c) ---- */

/* A record of the config's: RESOURCE SYSTEM:ID. */
struct ctl_record {
    const struct conf_sync *sync;
    size_t index; /* of its system in sync->between */
    struct store_record record;
    const char *text; /* SYSTEM:ID */
};

/* Splits "SYSTEM:ID" (the id may hold colons) into the arena; 0 or 64. */
int ctl_split_record(struct ctl *c, const char *text, const char **system, const char **id,
                     struct err *err);
/* The same, checked against the config; 0 or 64. */
int ctl_record(struct ctl *c, const char *resource, const char *text, struct ctl_record *out,
               struct err *err);

/*
 * Are these names (NULL: none) of the config? 0, or 64 with those there are as the hint. Without a
 * config that can be read: a warning, and 0.
 */
int ctl_check_names(struct ctl *c, const char *system, const char *resource, struct err *err);

/* A number of the state's, from 1 on; WHAT it is of. 0 or 64. */
int ctl_number(const char *what, const char *text, int64_t *out, struct err *err);

/* So many rows a list has without --last. */
enum { CTL_LISTED = 10000 };
/* N of TOTAL are listed: says on stderr if some are not, and how to see them. */
void ctl_say_rest(int64_t n, int64_t total);

/* Who is at the keyboard, for history; a name that is no UTF-8 is none. */
const char *ctl_operator(void);

/* Its link: 1, 0 it has none, -1. */
int ctl_link_of(struct ctl *c, const struct ctl_record *r, struct store_link *link,
                struct err *err);

/*
 * For showing it: a value that cannot be read is a warning, once, and NULL in LINK. 1, 0 there is
 * none, -1.
 */
int ctl_load_link(struct ctl *c, struct arena *a, int64_t link_id, struct store_link *link,
                  struct err *err);

/* "a:1 b:2": the records of a link. */
const char *ctl_link_text(struct ctl *c, const struct store_link *link);
const struct store_end *ctl_end_of(const struct store_link *link, const char *system);

/* ---- Values given by a person (value.c) ---- */

/*
 * TEXT as a value of FIELD in the unified words: JSON, or the plain text of a text. 0, or 64 with
 * what is wanted instead.
 */
int ctl_value(struct ctl *c, const struct sync_field *field, const char *text,
              const struct val **out, struct err *err);

/*
 * VALUE in the words of each of SYSTEMS' members: an object. A reference is given as SYSTEM:ID of
 * what it names. 0, 64, or -1.
 */
int ctl_words(struct ctl *c, const struct conf_sync *sync, const struct sync_field *field,
              const struct val *value, const struct val *systems, struct val **out,
              struct err *err);

/* What SYSTEM shows, in the unified words where they are known, else as it is. */
const struct val *ctl_unified(struct ctl *c, const struct sync_field *field, const char *system,
                              const struct val *value);

/*
 * Lets a person edit TEXT: $VISUAL (on a terminal), else $EDITOR. The first line that is no comment
 * (#) and not empty into OUT, NULL if there is none. 0, 1 there is no editor, or it failed; 64 what
 * it wrote is no UTF-8; -1.
 */
int ctl_edit(struct arena *a, const char *text, const char **out, struct err *err);

#endif
