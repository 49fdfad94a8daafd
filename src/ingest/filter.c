#include <config.h>

#include "ingest/filter.h"

#include "base/clock.h"
#include "base/log.h"
#include "json/ndjson.h"
#include "provider/inbound.h"
#include "stream/rejects.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct filter {
    const struct filter_options *o;
    struct arena *arena;
    struct ndjson_reader *in;
    struct ndjson_writer *out;
    struct rejects *rejects;
    struct buf line;
    const char *name; /* of the input, where there are several */
    long count;
    bool refused; /* the request at hand goes to the rejects */
};

/* One line about the request at hand; the others go on. */
static void
complain(struct filter *f, const char *code, const char *text)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_RECORD, ERR_NEVER, code, "%s%sline %ld: %s", f->name != NULL ? f->name : "",
            f->name != NULL ? ", " : "", ndjson_line(f->in), text);
    log_err(&err);
    f->refused = true;
}

static int
put_events(struct filter *f, const struct conf_system *system, const struct inbound *r,
           struct err *err)
{
    struct inbound_events events;
    struct err why = ERR_INIT;

    if (inbound_map(f->arena, f->o->conf, system, r, &events, &why) != 0) {
        complain(f, why.code, arena_printf(f->arena, "%s: %s", system->name, why.text));
        return 0;
    }
    for (size_t i = 0; i < events.n_bad; i++)
        complain(f, events.bad[i].code,
                 arena_printf(f->arena, "%s: %s", system->name, events.bad[i].text));
    if (events.dropped + events.unsynced > 0)
        log_verbose("line %ld: %s: %zu mean nothing here, %zu are not synced", ndjson_line(f->in),
                    system->name, events.dropped, events.unsynced);
    for (size_t i = 0; i < events.n; i++) {
        buf_clear(&f->line);
        event_write_data(&f->line, &events.events[i].event);
        if (ndjson_put(f->out, f->line.data, f->line.len, err) < 0)
            return -1;
        f->count++;
    }
    return 0;
}

/* Does R go to SYSTEM? By name, else by path; several may share a path. */
static bool
is_for(const struct inbound *r, const struct conf_system *system)
{
    if (!system->webhook.present)
        return false;
    return strcmp(r->system != NULL ? r->system : r->path,
                  r->system != NULL ? system->name : system->webhook.path) == 0;
}

/* Items of accounts that no system of this request has. */
static void
name_foreign(struct filter *f, const struct conf_system *system, const struct inbound *r)
{
    const struct conf *c = f->o->conf;
    const char **accounts;
    size_t n;

    if (inbound_accounts(f->arena, system, r, &accounts, &n, NULL) != 0)
        return;
    for (size_t i = 0; i < n; i++) {
        bool known = accounts[i][0] == '\0'; /* inbound_map has said that */

        for (size_t j = 0; j < c->n_systems; j++)
            known |= is_for(r, &c->systems[j]) && strcmp(c->systems[j].account, accounts[i]) == 0;
        if (!known)
            complain(f, "foreign-account",
                     arena_printf(f->arena, "%s: account %s is none of ours", system->name,
                                  accounts[i]));
    }
}

/* Judged by SYSTEM; true: accepted. */
static bool
judge(struct filter *f, const struct conf_system *system, const struct inbound *r,
      struct inbound_answer *answer, bool *challenge)
{
    int64_t now = r->received_at != 0 ? r->received_at : clock_now();
    enum inbound_verdict verdict = inbound_judge(f->arena, system, r, now, answer);

    if (verdict == INBOUND_CHALLENGE) {
        log_verbose("line %ld: %s: a challenge, answered %d", ndjson_line(f->in), system->name,
                    answer->status);
        *challenge = true;
    }
    return verdict == INBOUND_ACCEPT;
}

static const char *
no_system(struct filter *f, const struct inbound *r)
{
    if (r->system != NULL && conf_system(f->o->conf, r->system) == NULL)
        return arena_printf(f->arena, "there is no system %s", r->system);
    if (r->system != NULL)
        return arena_printf(f->arena, "%s has no webhook in the config", r->system);
    return arena_printf(f->arena, "no webhook of the config has the path %s", r->path);
}

/* One request. -1 only if the output is broken. */
static int
take(struct filter *f, const struct inbound *r, struct err *err)
{
    const struct conf *c = f->o->conf;
    const struct conf_system *accepted = NULL, *last = NULL;
    struct inbound_answer answer;
    bool challenge = false;

    for (size_t i = 0; i < c->n_systems; i++) {
        const struct conf_system *s = &c->systems[i];

        if (challenge || !is_for(r, s))
            continue;
        last = s;
        if (!judge(f, s, r, &answer, &challenge))
            continue;
        accepted = s;
        if (put_events(f, s, r, err) < 0)
            return -1;
    }
    if (accepted != NULL)
        name_foreign(f, accepted, r);
    else if (last == NULL)
        complain(f, "no-system", no_system(f, r));
    else if (!challenge)
        complain(f, answer.code,
                 arena_printf(f->arena, "%s: refused: %s", last->name, answer.text));
    return 0;
}

static int
read_all(struct filter *f, struct err *err)
{
    const char *line;
    size_t len;
    int n;

    for (;;) {
        struct err why = ERR_INIT;
        struct inbound r;

        n = ndjson_next(f->in, &line, &len, &why);
        if (n == 0)
            break;
        if (n < 0 && why.scope == ERR_RUN) {
            *err = why;
            return -1;
        }
        arena_reset(f->arena);
        f->refused = false;
        if (n < 0 || inbound_parse(f->arena, line, len, &r, &why) != 0)
            complain(f, why.code, arena_text(f->arena, why.text));
        else if (take(f, &r, err) < 0)
            return -1;
        if (f->refused && rejects_add(f->rejects, n < 0 ? "" : line, n < 0 ? 0 : len, err) < 0)
            return -1;
        if (!ndjson_ready(f->in) && ndjson_flush(f->out, err) < 0)
            return -1;
    }
    if (ndjson_torn(f->in))
        log_warn("the last line has no newline and was dropped");
    return 0;
}

static int
read_file(struct filter *f, const char *path, struct err *err)
{
    bool std = path == NULL || strcmp(path, "-") == 0;
    int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return err_errno(err, "%s", path);
    f->in = ndjson_open(fd, std ? "stdin" : path);
    rc = read_all(f, err);
    ndjson_close(f->in);
    if (!std)
        close(fd);
    return rc;
}

static int
read_files(struct filter *f, struct err *err)
{
    const struct filter_options *o = f->o;
    int rc = o->n_files == 0 ? read_file(f, NULL, err) : 0;

    for (int i = 0; i < o->n_files && rc == 0; i++) {
        f->name = o->n_files > 1 ? o->files[i] : NULL;
        rc = read_file(f, o->files[i], err);
    }
    return rc;
}

static int
run(struct filter *f, struct err *err)
{
    struct err late = ERR_INIT;
    int rc;

    f->out = ndjson_create(STDOUT_FILENO, "stdout");
    rc = read_files(f, err);
    buf_clear(&f->line);
    event_write_eos(&f->line, NULL, f->count, rc == 0);
    if (err->status != EXIT_IO && ndjson_put(f->out, f->line.data, f->line.len, &late) < 0 &&
        rc == 0) {
        *err = late;
        rc = -1;
    }
    if (ndjson_finish(f->out, &late) < 0 && rc == 0) {
        *err = late;
        rc = -1;
    }
    return rc;
}

int
filter_run(const struct filter_options *o, struct err *err)
{
    struct filter f = {.o = o, .line = BUF_INIT};
    int status;

    f.rejects = rejects_open(o->rejects, err);
    if (f.rejects == NULL)
        return err->status;
    f.arena = arena_new();
    if (run(&f, err) < 0)
        status = err->status;
    else
        status = rejects_count(f.rejects) > 0 ? EXIT_PARTIAL : EXIT_OK;
    arena_free(f.arena);
    buf_release(&f.line);
    rejects_close(f.rejects);
    return status;
}
