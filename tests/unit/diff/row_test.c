#include <config.h>

#include "diff/row.h"

#include <string.h>

#include "../unit.h"

#define WHO "\"v\":1,\"system\":\"a\",\"resource\":\"crm/contacts\",\"record_id\":\"1\""
#define OUT "\"seq\":7,\"lease\":\"p:1\"," WHO
#define NEW ",\"received_at\":\"2026-01-01T10:00:01.000Z\""
#define OLD ",\"received_at\":\"2026-01-01T10:00:00.000Z\""
#define WHOLE ",\"fields\":{\"phone\":\"1\"}"

enum { DECIDED_S = 1767261600 }; /* 2026-01-01T10:00:00.000Z */

static const struct {
    const char *what, *line;
    bool unlinked, no_calls, stands;
} rows[] = {
    {"a listing row after the decision", OUT ",\"path\":\"delta\"" NEW WHOLE, false, false, true},
    {"of an unlinked record", OUT ",\"path\":\"delta\"" NEW WHOLE, true, false, true},
    {"a listing row as old as the decision", OUT ",\"path\":\"delta\"" OLD WHOLE, false, false,
     false},
    {"a listing row of an unknown time", OUT ",\"path\":\"delta\"" WHOLE, false, false, false},
    {"a listing row that may be an echo", OUT ",\"path\":\"delta\",\"maybe_echo\":true" NEW WHOLE,
     false, false, false},
    {"a partial listing row", OUT ",\"path\":\"delta\",\"partial\":true" NEW WHOLE, false, false,
     false},
    {"a skinny one", OUT ",\"path\":\"delta\",\"fields\":null" NEW, false, false, false},
    {"a folded one", OUT ",\"path\":\"delta\",\"folded\":[{\"seq\":8}]" NEW WHOLE, false, false,
     false},
    {"a webhook's whole payload", OUT ",\"path\":\"webhook\"" NEW WHOLE, false, false, false},
    {"with a time for a version",
     OUT ",\"path\":\"webhook\",\"version\":\"2026-01-01T10:00:09.000Z\"" NEW WHOLE, false, false,
     false},
    {"with a version that counts up", OUT ",\"path\":\"webhook\",\"version\":\"99\"" NEW WHOLE,
     false, false, false},
    {"of an unlinked record", OUT ",\"path\":\"webhook\"" NEW WHOLE, true, false, false},
    {"a webhook's partial payload", OUT ",\"path\":\"webhook\",\"partial\":true" NEW WHOLE, true,
     false, false},
    {"what a stream shows", OUT ",\"path\":\"stream\"" NEW WHOLE, false, false, false},
    {"a nomination of ours", OUT ",\"path\":\"manual\"" NEW WHOLE, false, false, false},
    {"data of an unlinked record", WHO WHOLE, true, false, true},
    {"data of a linked one", WHO WHOLE, false, false, false},
    {"partial data", WHO ",\"partial\":true" WHOLE, true, false, false},
    {"data that may be an echo", WHO ",\"maybe_echo\":true" WHOLE, true, false, false},
    {"a line beside a file", WHO WHOLE, false, true, true},
    {"a webhook's line beside a file", OUT ",\"path\":\"webhook\"" WHOLE, false, true, true},
    {"a partial line beside a file", WHO ",\"partial\":true" WHOLE, false, true, false},
};

START_TEST(a_listing_that_lags_may_show_what_was_before_the_decision)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct row_context c = {.linked = true, .decided_at = INT64_C(1000) * DECIDED_S};
    static const char line[] = "{" OUT ",\"path\":\"delta\"" NEW WHOLE "}"; /* 1 s later */
    struct event e;

    ck_assert_int_eq(event_parse(a, line, strlen(line), &e, NULL), 0);
    c.lag_ms = 999;
    ck_assert(row_stands(&e, &c));
    c.lag_ms = 1000;
    ck_assert(!row_stands(&e, &c));
    c.linked = false;
    ck_assert(row_stands(&e, &c));
}
END_TEST

START_TEST(only_what_is_surely_present_stands_for_the_record)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row_context c = {.no_calls = rows[i].no_calls,
                                      .linked = !rows[i].unlinked,
                                      .decided_at = INT64_C(1000) * DECIDED_S};
        const char *line = arena_printf(a, "{%s}", rows[i].line);
        struct err err = ERR_INIT;
        struct event e;

        ck_assert_msg(event_parse(a, line, strlen(line), &e, &err) == 0, "%s: %s", line, err.text);
        ck_assert_msg(row_stands(&e, &c) == rows[i].stands, "%s: %s", rows[i].what, line);
    }
}
END_TEST

UNIT_MAIN("diff/row", only_what_is_surely_present_stands_for_the_record,
          a_listing_that_lags_may_show_what_was_before_the_decision)
