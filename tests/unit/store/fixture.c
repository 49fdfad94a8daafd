#include <config.h>

#include "fixture.h"

#include <ftw.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

void
fixture_open(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    strcpy(f->dir, "/tmp/loopless-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/state.db", f->dir);
    f->a = arena_new();
    f->now = T0;
    ck_assert_msg(store_create(f->path, &f->err) == 0, "%s", f->err.text);
    f->s = fixture_again(f);
}

struct store *
fixture_again(struct fixture *f)
{
    struct store *s = store_open(f->path, STORE_WRITE, &f->err);

    ck_assert_msg(s != NULL, "%s", f->err.text);
    return s;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void
fixture_close(struct fixture *f)
{
    store_close(f->s);
    arena_free(f->a);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- SQL ---- */

static const char *
first_column(struct fixture *f, const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    const char *out = NULL;
    int rc;

    ck_assert_int_eq(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    rc = sqlite3_prepare_v2(db, text, -1, &st, NULL);
    ck_assert_msg(rc == SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
    rc = sqlite3_step(st);
    ck_assert_msg(rc == SQLITE_ROW || rc == SQLITE_DONE, "%s: %s", text, sqlite3_errmsg(db));
    if (rc == SQLITE_ROW)
        out = arena_text(f->a, (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    sqlite3_close(db);
    return out;
}

#define FORMAT(text, fmt)                                                                          \
    do {                                                                                           \
        va_list ap;                                                                                \
                                                                                                   \
        va_start(ap, fmt);                                                                         \
        vsnprintf(text, sizeof text, fmt, ap);                                                     \
        va_end(ap);                                                                                \
    } while (0)

void
sql(struct fixture *f, const char *fmt, ...)
{
    char text[2000];

    FORMAT(text, fmt);
    first_column(f, text);
}

long long
sql_int(struct fixture *f, const char *fmt, ...)
{
    char text[2000];
    const char *out;

    FORMAT(text, fmt);
    out = first_column(f, text);
    ck_assert_msg(out != NULL, "no row: %s", text);
    return strtoll(out, NULL, 10);
}

const char *
sql_text(struct fixture *f, const char *fmt, ...)
{
    char text[2000];

    FORMAT(text, fmt);
    return first_column(f, text);
}

/* ---- Events ---- */

static const char *
account_of(const char *system)
{
    return strcmp(system, "hubspot") == 0 ? "62515" : "main";
}

static struct event
make_event(const char *system, const char *id, const char *event_id)
{
    return (struct event){.path = "webhook",
                          .system = system,
                          .account = account_of(system),
                          .resource = "crm/contacts",
                          .record_id = id,
                          .event_type = "updated",
                          .event_id = event_id,
                          .sync_source = system,
                          .sync_actor = "human",
                          .sync_direction = "inbound"};
}

int64_t
admit_event(struct fixture *f, const struct event *e, const char *run, bool wait)
{
    struct store_admission x = {
        .event = e, .map_hash = "m1", .run_id = run, .wait_if_unlinked = wait};
    int64_t seq;
    int rc = store_admit(f->s, &x, f->now, &seq, &f->err);

    ck_assert_msg(rc >= 0, "%s", f->err.text);
    ck_assert_int_eq(rc, seq != 0);
    return seq;
}

int64_t
admit(struct fixture *f, const char *system, const char *id, const char *event_id,
      const char *fields)
{
    struct event e = make_event(system, id, event_id);

    if (fields != NULL)
        e.fields = val_parse(f->a, fields, strlen(fields), NULL);
    return admit_event(f, &e, NULL, false);
}

int
lane_idle(struct fixture *f, const char *system, const char *id, int64_t seq)
{
    struct event e = make_event(system, id, "asked");
    struct facts facts;

    ck_assert_int_eq(store_facts(f->s, f->a, &e, &facts, &f->err), 0);
    ck_assert(facts.linked);
    ck_assert_int_eq(store_facts_lane(f->s, seq, &facts, &f->err), 0);
    return facts.lane_idle;
}

int
emit(struct fixture *f, const char *pipeline, struct store_emission **rows)
{
    int n = store_emit(f->s, f->a, pipeline, NULL, 0, 1024, f->now, rows, &f->err);

    ck_assert_msg(n >= 0, "%s", f->err.text);
    return n;
}

struct store_emission
emit_one(struct fixture *f, const char *pipeline)
{
    struct store_emission *rows;

    ck_assert_int_eq(emit(f, pipeline, &rows), 1);
    return rows[0];
}

/* ---- Decisions ---- */

struct outcome
decide_members(struct fixture *f, const char *system, const char *id, int64_t seq,
               const char *pipeline, int64_t fence, const char *members,
               const struct store_commit *extra)
{
    struct store_commit c = extra != NULL ? *extra : (struct store_commit){.owner = "w1"};
    const char *line = arena_printf(f->a, "{%s}", members);
    struct event e = make_event(system, id, NULL);
    struct outcome out = {0};
    struct decision d;
    int rc;

    if (extra != NULL && extra->event != NULL)
        e = *extra->event;
    e.seq = seq;
    rc = decision_parse(f->a, val_parse(f->a, line, strlen(line), &f->err), &d, &f->err);
    ck_assert_msg(rc == 0, "%s: %s", f->err.text, line);
    c.event = &e;
    c.decision = &d;
    c.pipeline = pipeline;
    c.fence = fence;
    if (c.owner == NULL)
        c.owner = "w1";
    out.rc = store_decide(f->s, f->a, &c, f->now, out.intents, &out.n, &out.disposition, &f->err);
    return out;
}

int64_t
make_pair(struct fixture *f, const char *hub, const char *app)
{
    const char *event_id = arena_printf(f->a, "first-%s", hub);
    int64_t seq = admit(f, "hubspot", hub, event_id, NULL);
    struct store_emission e = emit_one(f, "p0");
    struct outcome o;

    ck_assert_int_eq(e.seq, seq);
    o = decide_members(
        f, "hubspot", hub, seq, "p0", e.fence,
        arena_printf(f->a,
                     "\"link\":null,\"generation\":0,\"external_id\":\"x-%s\",\"ends\":["
                     "{\"system\":\"hubspot\",\"account\":\"62515\",\"record_id\":\"%s\","
                     "\"covered\":{\"phone\":\"1\"}},{\"system\":\"app\",\"account\":\"main\","
                     "\"record_id\":\"%s\",\"covered\":{\"phone\":\"1\"}}],\"rules\":{},"
                     "\"writes\":[],\"disposition\":\"unchanged\",\"map_hash\":\"m1\"",
                     hub, hub, app),
        NULL);
    ck_assert_msg(o.rc == STORE_COMMITTED, "%d %s", o.rc, f->err.text);
    return sql_int(f, "SELECT link_id FROM sync_metadata WHERE record_id = '%s'", hub);
}

const char *
phone_to_app(struct fixture *f, int64_t link, int64_t generation, const char *hub, const char *app,
             const char *value)
{
    return arena_printf(
        f->a,
        "\"link\":%" PRId64 ",\"generation\":%" PRId64 ",\"ends\":["
        "{\"system\":\"hubspot\",\"account\":\"62515\",\"record_id\":\"%s\","
        "\"covered\":{\"phone\":\"%s\"}},{\"system\":\"app\",\"account\":\"main\","
        "\"record_id\":\"%s\",\"covered\":{\"phone\":\"1\"}}],"
        "\"rules\":{\"phone\":{\"rule\":\"changed-same\",\"base\":\"1\",\"source\":\"hubspot\"}},"
        "\"writes\":[{\"target\":\"app\",\"account\":\"main\",\"action\":\"update\","
        "\"target_record_id\":\"%s\",\"set\":{\"phone\":\"%s\"},\"sources\":{\"phone\":"
        "\"hubspot\"},\"before\":{\"phone\":\"1\"}}],\"map_hash\":\"m1\"",
        link, generation, hub, value, app, app, value);
}

int
done(struct fixture *f, const struct store_intent *n, const char *record_id, const char *stored,
     const char **disposition)
{
    struct store_settlement x = {.token = n->token,
                                 .owner = "w1",
                                 .kind = SETTLE_DONE,
                                 .http_status = 200,
                                 .record_id = record_id};
    int rc;

    if (stored != NULL)
        x.stored = val_parse(f->a, stored, strlen(stored), NULL);
    x.stored_whole = stored != NULL && strcmp(n->action, "create") == 0;
    rc = store_settle(f->s, &x, f->now, disposition, &f->err);
    ck_assert_msg(rc >= 0, "%s", f->err.text);
    return rc;
}

void
hold(struct fixture *f, const char *name)
{
    ck_assert_int_eq(store_lease_take(f->s, name, name, NULL, &f->err), 1);
}

void
check_balance(struct fixture *f)
{
    struct store_count *rows;
    long admitted, sum = 0;
    int n = store_balance(f->s, f->a, &rows, &admitted, &f->err);

    ck_assert_int_ge(n, 0);
    for (int i = 0; i < n; i++)
        sum += rows[i].n;
    ck_assert_int_eq(sum, admitted);
}
