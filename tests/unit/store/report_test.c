#include <config.h>

#include <string.h>

#include "base/clock.h"
#include "fixture.h"

enum { WEEK_MS = 7 * 86400 * 1000 };

static long
count_of(const struct store_count *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].n;
    return -1;
}

static long
gc(struct fixture *f, bool dry, const char *what)
{
    struct store_count *list;
    int n = store_gc(f->s, f->a, WEEK_MS, dry, f->now, &list, &f->err);

    ck_assert_msg(n > 0, "%s", f->err.text);
    return count_of(list, n, what);
}

/* N events ended now, as DISPOSITION. */
static void
end_events(struct fixture *f, int n, const char *disposition)
{
    ck_assert_int_eq(store_begin(f->s, true, &f->err), 0);
    for (int i = 0; i < n; i++) {
        const char *id = arena_printf(f->a, "%s-%d", disposition, i);
        struct store_emission *rows;

        admit(f, "app", id, id, NULL);
        ck_assert_int_eq(store_emit(f->s, f->a, "p1", NULL, 0, 1, f->now, &rows, &f->err), 1);
        ck_assert_int_eq(store_dispose(f->s, rows[0].seq, "p1", rows[0].fence, disposition, NULL,
                                       f->now, &f->err),
                         1);
    }
    ck_assert_int_eq(store_commit(f->s, &f->err), 0);
}

START_TEST(gc_removes_a_run_that_was_killed_once_another_was_complete)
{
    struct fixture f;

    fixture_open(&f);
    sql(&f, "INSERT INTO sync_runs (run_id, sync_job_id, kind, started_at, status) VALUES"
            " ('r1', 'j', 'delta', '2020-01-01T00:00:00.000Z', 'running')");
    ck_assert_int_eq(gc(&f, false, "runs"), 0);
    sql(&f, "INSERT INTO sync_runs (run_id, sync_job_id, kind, started_at, ended_at, complete,"
            " status) VALUES ('r2', 'j', 'delta', '2020-01-02T00:00:00.000Z',"
            " '2020-01-02T00:00:01.000Z', 1, 'completed')");
    ck_assert_int_eq(gc(&f, false, "runs"), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT run_id FROM sync_runs"), "r2");
    fixture_close(&f);
}
END_TEST

START_TEST(gc_keeps_the_newest_history_of_each_field)
{
    struct fixture f;

    fixture_open(&f);
    for (int i = 1; i <= 3; i++)
        sql(&f,
            "INSERT INTO sync_history (at, link_id, field, rule, outcome) VALUES"
            " ('2020-01-01T00:00:0%d.000Z', 1, 'phone', 'changed', 'write'),"
            " ('2020-01-01T00:00:0%d.000Z', 1, NULL, 'update', 'done')",
            i, i);
    ck_assert_int_eq(gc(&f, true, "history"), 5);
    ck_assert_int_eq(gc(&f, false, "history"), 5);
    ck_assert_int_eq(sql_int(&f, "SELECT id FROM sync_history"), 5);
    fixture_close(&f);
}
END_TEST

START_TEST(gc_keeps_the_balance)
{
    struct fixture f;
    struct store_count *rows;
    long admitted;
    int n;

    fixture_open(&f);
    end_events(&f, 1500, "echo");
    end_events(&f, 3, "pushed");
    f.now += WEEK_MS;
    admit(&f, "app", "c-1", "young", NULL);
    ck_assert_int_eq(gc(&f, false, "events"), 0);
    f.now++;
    ck_assert_int_eq(gc(&f, true, "events"), 1503);
    ck_assert_int_eq(gc(&f, false, "events"), 1503);
    ck_assert_int_eq(gc(&f, false, "events"), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox"), 1);
    check_balance(&f);
    n = store_balance(f.s, f.a, &rows, &admitted, &f.err);
    ck_assert_int_eq(admitted, 1504);
    ck_assert_int_eq(count_of(rows, n, "echo"), 1500);
    ck_assert_int_eq(count_of(rows, n, "pushed"), 3);
    ck_assert_int_eq(count_of(rows, n, "pending"), 1);
    end_events(&f, 2, "gone");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(gc_spares_what_is_open)
{
    struct fixture f;
    struct store_emission e;
    struct outcome o;
    struct store_settlement unknown = {
        .owner = "w1", .kind = SETTLE_UNKNOWN, .code = "timeout", .text = "no answer"};

    fixture_open(&f);
    hold(&f, "w1");
    admit(&f, "hubspot", "101", "new", NULL);
    e = emit_one(&f, "p1");
    o = decide_members(&f, "hubspot", "101", 1, "p1", e.fence,
                       "\"link\":null,\"external_id\":\"x1\",\"ends\":[{\"system\":\"hubspot\","
                       "\"account\":\"62515\",\"record_id\":\"101\",\"covered\":{}}],\"writes\":["
                       "{\"target\":\"app\",\"account\":\"main\",\"action\":\"create\",\"set\":"
                       "{\"phone\":\"1\"}}]",
                       NULL);
    unknown.token = o.intents[0].token;
    ck_assert_int_eq(store_sent(f.s, &unknown.token, 1, "w1", f.now, &f.err), 0);
    ck_assert_int_eq(store_settle(f.s, &unknown, f.now, NULL, &f.err), 1);
    f.now += 2 * (int64_t)WEEK_MS;
    ck_assert_int_eq(gc(&f, false, "events"), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_rejects"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 1);
    sql(&f, "UPDATE sync_intents SET state = 'done'");
    sql(&f, "UPDATE sync_rejects SET state = 'dropped'");
    gc(&f, false, "events");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_rejects"), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(write_counts_survive_gc)
{
    struct fixture f;
    struct store_emission e;
    struct store_count *rows;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    admit(&f, "hubspot", "101", "edit", NULL);
    e = emit_one(&f, "p1");
    o = decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                       phone_to_app(&f, link, 1, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(store_sent(f.s, &o.intents[0].token, 1, "w1", f.now, &f.err), 0);
    ck_assert_int_eq(done(&f, &o.intents[0], NULL, NULL, NULL), 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(store_write_counts(f.s, f.a, 0, &rows, &f.err), 1);
        ck_assert_str_eq(rows[0].name, "app update");
        ck_assert_int_eq(rows[0].n, 1);
        f.now += WEEK_MS + 60001;
        ck_assert_int_eq(gc(&f, false, "writes"), i == 0);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(counts_tell_what_is_there)
{
    struct fixture f;
    struct store_count *rows;
    int n;

    fixture_open(&f);
    make_pair(&f, "101", "c-9");
    admit(&f, "app", "c-1", "e1", NULL);
    n = store_counts(f.s, f.a, f.now, &rows, &f.err);
    ck_assert_int_eq(count_of(rows, n, "links"), 1);
    ck_assert_int_eq(count_of(rows, n, "pending"), 1);
    ck_assert_int_eq(count_of(rows, n, "open intents"), 0);
    ck_assert_int_eq(count_of(rows, n, "conflicts"), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(history_is_told_oldest_first)
{
    struct fixture f;
    struct store_history *h;
    struct store_emission e;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    admit(&f, "hubspot", "101", "edit", NULL);
    e = emit_one(&f, "p1");
    decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                   phone_to_app(&f, link, 1, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(store_history(f.s, f.a, "crm/contacts", "app", "c-9", NULL, 10, &h, &f.err),
                     2);
    ck_assert_str_eq(h[0].rule, "update");
    ck_assert_str_eq(h[1].rule, "changed-same");
    ck_assert_str_eq(h[1].outcome, "write");
    ck_assert_str_eq(h[1].base, "\"1\"");
    ck_assert_int_eq(store_history(f.s, f.a, "crm/contacts", "app", "c-9", "phone", 10, &h, &f.err),
                     1);
    ck_assert_int_eq(store_history(f.s, f.a, NULL, NULL, NULL, NULL, 1, &h, &f.err), 1);
    ck_assert_str_eq(h[0].rule, "changed-same");
    fixture_close(&f);
}
END_TEST

START_TEST(watermark_keeps_what_is_not_given)
{
    struct fixture f;
    struct store_watermark w = {.status = "running", .record_count = -1, .fingerprint = "f1"};

    fixture_open(&f);
#define SAVE()                                                                                     \
    ck_assert_int_eq(store_watermark_save(f.s, "j", "main", "crm/contacts", &w, &f.err), 0)
#define LOAD() store_watermark(f.s, f.a, "j", "main", "crm/contacts", &w, &f.err)
    ck_assert_int_eq(LOAD(), 0);
    ck_assert(!w.known);
    w = (struct store_watermark){.status = "running", .record_count = -1, .fingerprint = "f1"};
    SAVE();
    w = (struct store_watermark){
        .last_successful = "2026-01-01", .status = "completed", .record_count = 7};
    SAVE();
    w = (struct store_watermark){.status = "failed", .record_count = -1};
    SAVE();
    ck_assert_int_eq(LOAD(), 1);
    ck_assert(w.known);
    ck_assert_str_eq(w.last_successful, "2026-01-01");
    ck_assert_str_eq(w.status, "failed");
    ck_assert_str_eq(w.fingerprint, "f1");
    ck_assert_int_eq(w.record_count, 7);
    ck_assert_int_eq(store_watermark_reset(f.s, "j", &f.err), 1);
    ck_assert_int_eq(LOAD(), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(run_counts_its_pages)
{
    struct fixture f;
    struct store_run r;
    struct store_count *rows;

    fixture_open(&f);
    ck_assert_int_eq(store_run_last(f.s, f.a, "j", &r, &f.err), 0);
    ck_assert_int_eq(store_run_begin(f.s, "r1", "j", "first_load", f.now, &f.err), 0);
    ck_assert_int_eq(store_run_page(f.s, "r1", "c1", 100, 90, &f.err), 0);
    ck_assert_int_eq(store_run_page(f.s, "r1", NULL, 10, 10, &f.err), 0);
    ck_assert_int_eq(store_run_end(f.s, "r1", true, "completed", f.now + 5, &f.err), 0);
    ck_assert_int_eq(store_run_last(f.s, f.a, "j", &r, &f.err), 1);
    ck_assert_str_eq(r.kind, "first_load");
    ck_assert_int_eq(r.listed, 110);
    ck_assert_int_eq(r.admitted, 100);
    ck_assert_ptr_null(r.page_cursor);
    ck_assert(r.complete);
    ck_assert_int_eq(r.ended_at, f.now + 5);
    ck_assert_int_eq(store_run_dispositions(f.s, f.a, "r1", &rows, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(the_run_of_the_dead_fails_unless_it_has_ended)
{
    struct fixture f;
    const struct store_pause spent = {.scope = "run", .run_id = "r2", .reason = "a limit"};
    struct store_run r;
    const char **ids;

    fixture_open(&f);
    for (int i = 0; i < 3; i++) {
        const char *id = arena_printf(f.a, "r%d", i);

        ck_assert_int_eq(store_run_begin(f.s, id, "j", "manual", f.now + i, &f.err), 0);
    }
    ck_assert_int_eq(store_run_begin(f.s, "other", "k", "manual", f.now, &f.err), 0);
    ck_assert_int_eq(store_run_end(f.s, "r1", true, "completed", f.now + 5, &f.err), 0);
    ck_assert_int_eq(store_runs_open(f.s, f.a, "j", &ids, &f.err), 2);
    ck_assert_str_eq(ids[0], "r0");
    ck_assert_str_eq(ids[1], "r2");
    ck_assert_int_eq(store_pause_add(f.s, &spent, f.now, &f.err), 0);
    ck_assert_int_eq(store_run_abandon(f.s, "r1", f.now + 9, &f.err), 0);
    ck_assert_int_eq(store_run_abandon(f.s, "r2", f.now + 9, &f.err), 0);
    ck_assert_str_eq(sql_text(&f, "SELECT count(*) FROM sync_pauses"), "0");
    ck_assert_str_eq(sql_text(&f, "SELECT group_concat(status, ' ') FROM (SELECT status FROM"
                                  " sync_runs WHERE sync_job_id = 'j' ORDER BY run_id)"),
                     "running completed failed");
    ck_assert_int_eq(store_run_last(f.s, f.a, "j", &r, &f.err), 1);
    ck_assert_int_eq(r.ended_at, f.now + 9);
    ck_assert(!r.complete);
    fixture_close(&f);
}
END_TEST

START_TEST(pauses_match_their_scope)
{
    static const struct {
        struct store_pause p;
        bool app, other_account, other_record;
    } rows[] = {
        {{.scope = "all"}, true, true, true},
        {{.scope = "account", .system = "app"}, true, true, true},
        {{.scope = "account", .system = "app", .account = "main"}, true, false, true},
        {{.scope = "account", .system = "hubspot"}, false, false, false},
        {{.scope = "resource", .resource = "crm/contacts"}, true, true, true},
        {{.scope = "resource", .resource = "crm/companies"}, false, false, false},
        {{.scope = "resource", .resource = "crm/contacts", .system = "erp"}, false, false, false},
        {{.scope = "record", .system = "app", .resource = "crm/contacts", .record_id = "c-9"},
         true,
         true,
         false},
        {{.scope = "run", .run_id = "r1"}, true, true, true},
        {{.scope = "run", .run_id = "r2"}, false, false, false},
        {{.scope = "direction", .system = "app", .direction = "outbound"}, true, true, true},
        {{.scope = "direction", .system = "app", .direction = "inbound"}, false, false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct store_pause *p = &rows[i].p;

        ck_assert_int_eq(store_pause_matches(p, "app", "main", "crm/contacts", "c-9", "r1"),
                         rows[i].app);
        ck_assert_int_eq(store_pause_matches(p, "app", "test", "crm/contacts", "c-9", "r1"),
                         rows[i].other_account);
        ck_assert_int_eq(store_pause_matches(p, "app", "main", "crm/contacts", NULL, "r1"),
                         rows[i].other_record);
    }
}
END_TEST

UNIT_MAIN("store/report", gc_keeps_the_balance,
          gc_removes_a_run_that_was_killed_once_another_was_complete,
          gc_keeps_the_newest_history_of_each_field, gc_spares_what_is_open,
          write_counts_survive_gc, counts_tell_what_is_there, history_is_told_oldest_first,
          watermark_keeps_what_is_not_given, run_counts_its_pages,
          the_run_of_the_dead_fails_unless_it_has_ended, pauses_match_their_scope)
