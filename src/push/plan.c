#include <config.h>

#include "push/internal.h"
#include "base/log.h"
#include "sync/rules_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file ---- */

bool
plan_is_total(const char *text, size_t len)
{
    return memmem(text, len, "\"plan\"", 6) != NULL &&
           memmem(text, len, "\"record_id\"", 11) == NULL;
}

static int
copy(int from, FILE *to, const char *name, struct err *err)
{
    char text[65536];
    ssize_t n;

    while ((n = read(from, text, sizeof text)) != 0) {
        if (n < 0 && errno == EINTR && push_terminated())
            return err_set(err, ERR_RUN, ERR_LATER, "signal", "%s: stopped while reading", name);
        if (n < 0 && errno != EINTR)
            return err_errno(err, "%s", name);
        if (n > 0 && fwrite(text, 1, (size_t)n, to) != (size_t)n)
            return err_errno(err, "a copy of %s", name);
    }
    return fflush(to) != 0 ? err_errno(err, "a copy of %s", name) : 0;
}

/* A plan out of a pipe, as a file of ours without a name. */
static int
keep(struct push *p, const char *name, struct err *err)
{
    FILE *f = tmpfile();
    int rc, fd;

    if (f == NULL)
        return err_errno(err, "a copy of %s", name);
    rc = copy(p->fd, f, name, err);
    fd = rc < 0 ? -1 : fcntl(fileno(f), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (rc == 0 && fd < 0)
        rc = err_errno(err, "a copy of %s", name);
    fclose(f);
    if (rc < 0)
        return -1;
    if (p->fd > STDERR_FILENO)
        close(p->fd);
    p->fd = fd;
    return 0;
}

/* Which rules it was made under; "": it does not say (made by hand). */
static void
take_rules(const char *text, size_t len, char rules[RULES_HASH])
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const struct val *line = val_parse(a, text, len, NULL);
    const char *said = val_get_text(val_get(line, "plan"), "rules");

    snprintf(rules, RULES_HASH, "%s", said != NULL ? said : "");
}

/*
 * 1: its last line is that of the totals, with its RULES, 0, -1. Bad lines are told when it is
 * applied.
 */
static int
is_whole(int fd, const char *name, char rules[RULES_HASH], struct err *err)
{
    struct ndjson_reader *in = ndjson_open(fd, name);
    struct err why = ERR_INIT;
    const char *text;
    size_t len;
    bool whole = false;
    int rc;

    while ((rc = ndjson_next(in, &text, &len, &why)) != 0) {
        if (rc < 0 && why.scope != ERR_RECORD)
            break;
        if (rc < 0 || !event_is_control(text, len))
            whole = rc > 0 && plan_is_total(text, len);
        if (rc > 0 && whole && !event_is_control(text, len))
            take_rules(text, len, rules);
    }
    whole = whole && !ndjson_torn(in);
    ndjson_close(in);
    if (rc < 0)
        *err = why;
    return rc < 0 ? -1 : whole;
}

static int
check_rules(const struct push *p, const char *name, const char *rules, struct err *err)
{
    char now[RULES_HASH];

    rules_hash(&p->conf, now);
    if (rules[0] == '\0' || strcmp(rules, now) == 0)
        return 0;
    err_set(err, ERR_RUN, ERR_NEVER, "other-config",
            "%s: decided under another config (owners, tables, mappings, policies)", name);
    err_exit(err, EXIT_INPUT);
    return err_hint(err, "make it anew with sync-diff --plan; nothing of it was applied");
}

int
plan_start(struct push *p, const char *name, struct err *err)
{
    char rules[RULES_HASH] = "";
    struct stat st;
    int rc;

    if (fstat(p->fd, &st) != 0)
        return err_errno(err, "%s", name);
    if (!S_ISREG(st.st_mode) && keep(p, name, err) < 0)
        return -1;
    if (lseek(p->fd, 0, SEEK_SET) < 0)
        return err_errno(err, "%s", name);
    rc = is_whole(p->fd, name, rules, err);
    if (rc == 0) {
        err_set(err, ERR_RUN, ERR_NEVER, "torn-plan",
                "%s: not a whole plan: the totals, its last line, are missing", name);
        err_exit(err, EXIT_INPUT);
        return err_hint(err, "make it anew with sync-diff --plan; nothing of it was applied");
    }
    if (rc > 0 && lseek(p->fd, 0, SEEK_SET) < 0)
        return err_errno(err, "%s", name);
    return rc < 0 ? -1 : check_rules(p, name, rules, err);
}

/* ---- its lines ---- */

/* Is no end of the line a record of another link? 1, 0, -1. */
static int
ends_are_free(struct line *l, struct err *err)
{
    for (size_t i = 0; i < l->decision.n_ends; i++) {
        const struct decision_end *e = &l->decision.ends[i];
        struct store_link link;
        int rc;

        if (e->record_id == NULL)
            continue;
        rc = store_find_link(l->push->store, l->arena, l->event.resource, e->system, e->account,
                             e->record_id, &link, err);
        if (rc < 0)
            return -1;
        if (rc == 1 && link.link_id != l->decision.link)
            return 0;
    }
    return 1;
}

int
plan_is_current(struct line *l, struct err *err)
{
    const struct event *e = &l->event;
    const struct decision *d = &l->decision;
    struct store_link link;
    int rc;

    if (d->link != 0) {
        rc = store_load_link(l->push->store, l->arena, d->link, &link, err);
        if (rc <= 0)
            return rc;
        return link.generation == d->generation ? ends_are_free(l, err) : 0;
    }
    rc = store_find_link(l->push->store, l->arena, e->resource, e->system, e->account, e->record_id,
                         &link, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return ends_are_free(l, err);
}

void
plan_moved(struct line *l)
{
    const char *record =
        arena_printf(l->arena, "%s %s:%s", l->event.resource, l->event.system, l->event.record_id);

    l->push->plan_moved++;
    err_set(&l->err, ERR_RECORD, ERR_NEVER, "moved-on",
            "plan: %s has moved on since the plan was made%s%s", record,
            l->moved != NULL ? ": " : "", l->moved != NULL ? l->moved : "");
}

static void
plan_unseen(struct line *l)
{
    l->push->plan_unseen++;
    err_set(&l->err, ERR_RECORD, ERR_LATER, "unseen", "plan: %s %s:%s is not applied: %s",
            l->event.resource, l->event.system, l->event.record_id, l->unseen);
}

/* What was compared under other rules may be no difference under these. */
static bool
is_of_this_config(const struct line *l)
{
    return l->decision.map_hash == NULL || strcmp(l->decision.map_hash, l->sync->map_hash) == 0;
}

/* An earlier line was the decision of this link: it says the same, or what is no longer so. */
static bool
is_repeated(struct line *l)
{
    struct push *p = l->push;

    if (p->planned == NULL)
        p->planned = seen_new();
    if (!seen_add(p->planned, &l->event, &l->decision))
        return false;
    log_verbose("%s: an earlier line of the plan is of the same link", line_name(l));
    l->fate = LINE_REPEATED;
    return true;
}

int
plan_check(struct line *l, struct err *err)
{
    int rc;

    if (is_repeated(l))
        return 0;
    l->fate = LINE_REFUSED;
    if (!is_of_this_config(l)) {
        err_set(&l->err, ERR_RECORD, ERR_NEVER, "other-config",
                "plan: %s %s:%s was decided under another config; make the plan anew",
                l->event.resource, l->event.system, l->event.record_id);
        return 0;
    }
    rc = plan_is_current(l, err);
    if (rc < 0)
        return -1;
    if (rc == 0 || l->moved != NULL) {
        plan_moved(l);
        return 0;
    }
    if (l->unseen != NULL) {
        plan_unseen(l);
        return 0;
    }
    l->fate = LINE_DECIDED;
    return 1;
}

void
plan_say(const struct push *p)
{
    struct err err = ERR_INIT;

    if (p->plan_moved > 0) {
        err_set(&err, ERR_RECORD, ERR_NEVER, "moved-on",
                "plan: %ld have moved on since it was made and were left alone", p->plan_moved);
        err_hint(&err, "list and plan again: sync-reconcile fetch JOB | sync-diff --plan FILE");
        log_err(&err);
    }
    if (p->plan_unseen > 0) {
        err_set(&err, ERR_RECORD, ERR_LATER, "unseen",
                "plan: %ld could not be looked at and were left alone", p->plan_unseen);
        err_hint(&err, "apply the same plan again later: what is done is refused then");
        log_err(&err);
    }
}
