#include <config.h>

#include "../unit.h"
#include "stream/decision.h"

#include <string.h>

static struct arena *a;

static const struct val *
value(const char *text)
{
    struct err err = ERR_INIT;
    const struct val *v;

    if (a == NULL)
        a = arena_new();
    v = val_parse(a, text, strlen(text), &err);
    ck_assert_msg(v != NULL, "%s: %s", text, err.text);
    return v;
}

static const char *
members(const struct decision *d)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    decision_write_members(&b, d);
    return arena_text(a, buf_get(&b));
}

/* Trace A, step 4, and everything else a decision can hold. */
static const char whole[] =
    "\"link\":7,\"generation\":4,\"external_id\":\"x-7\",\"ends\":[{\"system\":\"hubspot\","
    "\"account\":\"62515\",\"record_id\":\"101\",\"covered\":{\"phone\":\"2\",\"n\":1.10},"
    "\"version\":\"9\",\"etag\":\"W/"
    "\\\"1\\\"\",\"state\":\"live\",\"replaces\":\"100\",\"diverged\":[\"fax\"]},"
    "{\"system\":\"app\",\"account\":\"main\",\"state\":\"gone\"}],\"rules\":{\"phone\":{\"rule\":"
    "\"changed-same\",\"base\":\"1\",\"source\":\"hubspot\",\"owed\":[\"app\"]},\"fax\":{\"rule\":"
    "\"manual\",\"base\":null,\"diverged\":true,\"conflict\":true,\"values\":{\"hubspot\":1,"
    "\"app\":null}}},\"writes\":[{\"target\":"
    "\"app\","
    "\"account\":\"main\",\"action\":\"update\",\"target_record_id\":\"c-9\",\"external_id\":"
    "\"x-7\",\"set\":{\"phone\":\"2\"},\"later\":{\"company_id\":\"9\"},\"sources\":{\"phone\":"
    "\"hubspot\"},\"before\":{\"phone\":"
    "\"1\"},\"etag\":\"e\",\"hold\":{\"not_before\":\"2026-01-02T00:00:00.000Z\",\"reason\":"
    "\"down\"}},{\"target\":\"erp\",\"action\":\"create\",\"set\":{}},"
    "{\"target\":\"shop\",\"action\":\"delete\",\"target_record_id\":\"s\",\"set\":{}},"
    "{\"target\":\"erp\",\"action\":\"update\",\"target_record_id\":\"e\",\"set\":{},\"later\":"
    "{\"company_id\":\"9\"}}],\"hold\":{\"not_before\":\"2026-01-02T03:04:05.678Z\",\"reason\":"
    "\"paused\",\"pause\":\"shop\"},\"reopen\":true,\"link_ended\":\"deleted\",\"disposition\":"
    "\"unchanged\",\"text\":\"why\",\"reject\":\"unmapped\",\"claims\":[\"h1\",\"h2\"],"
    "\"map_hash\":\"m\"";

START_TEST(what_is_written_is_parsed_back)
{
    struct decision d;
    struct err err = ERR_INIT;
    const struct val *line = value(arena_printf(a = arena_new(), "{\"v\":1,%s}", whole));

    ck_assert_msg(decision_parse(a, line, &d, &err) == 0, "%s", err.text);
    ck_assert_str_eq(members(&d), whole);
}
END_TEST

START_TEST(every_member_lands_where_it_belongs)
{
    struct decision d;
    const struct val *line = value(arena_printf(a = arena_new(), "{%s}", whole));

    ck_assert_int_eq(decision_parse(a, line, &d, NULL), 0);
    ck_assert_int_eq(d.link, 7);
    ck_assert_int_eq(d.generation, 4);
    ck_assert_str_eq(d.external_id, "x-7");
    ck_assert_uint_eq(d.n_ends, 2);
    ck_assert_str_eq(d.ends[0].etag, "W/\"1\"");
    ck_assert_ptr_null(d.ends[1].record_id);
    ck_assert_ptr_null(d.ends[1].covered);
    ck_assert_uint_eq(d.n_rules, 2);
    ck_assert_str_eq(d.rules[0].field, "phone");
    ck_assert(!d.rules[0].diverged && d.rules[1].diverged && d.rules[1].conflict);
    ck_assert_ptr_null(d.rules[1].source);
    ck_assert_str_eq(d.ends[0].replaces, "100");
    ck_assert_ptr_null(d.ends[1].replaces);
    ck_assert_ptr_null(d.rules[0].values);
    ck_assert_str_eq(val_id(val_get(d.rules[1].values, "hubspot")), "1");
    ck_assert_uint_eq(d.n_writes, 4);
    ck_assert_str_eq(val_get_text(d.writes[0].later, "company_id"), "9");
    ck_assert_str_eq(d.writes[2].action, "delete");
    ck_assert_uint_eq(d.writes[2].set->n, 0);
    ck_assert_ptr_null(d.writes[2].later);
    ck_assert_str_eq(d.hold_pause, "shop");
    ck_assert(d.reopen);
    ck_assert_str_eq(d.ended_why, "deleted");
    ck_assert_str_eq(d.writes[0].target_record_id, "c-9");
    ck_assert_str_eq(val_get_text(d.writes[0].sources, "phone"), "hubspot");
    ck_assert_ptr_null(d.writes[1].before);
    ck_assert_str_eq(d.hold_reason, "paused");
    ck_assert_str_eq(d.disposition, "unchanged");
    ck_assert_str_eq(d.text, "why");
    ck_assert_str_eq(d.reject_code, "unmapped");
    ck_assert_uint_eq(d.claims->n, 2);
    ck_assert_str_eq(d.map_hash, "m");
}
END_TEST

START_TEST(a_base_of_null_is_not_no_base)
{
    struct decision d;
    const struct val *line = value("{\"link\":1,\"writes\":[],\"rules\":{\"a\":{\"rule\":\"r\","
                                   "\"base\":null},\"b\":{\"rule\":\"r\"}}}");

    ck_assert_int_eq(decision_parse(a, line, &d, NULL), 0);
    ck_assert_ptr_nonnull(d.rules[0].base);
    ck_assert(val_is_null(d.rules[0].base));
    ck_assert_ptr_null(d.rules[1].base);
}
END_TEST

START_TEST(an_empty_decision_is_short)
{
    struct decision d = {.disposition = "unchanged"}, back;
    const char *text;

    a = arena_new();
    text = members(&d);
    ck_assert_str_eq(text, "\"link\":null,\"generation\":0,\"ends\":[],\"rules\":{},\"writes\":[],"
                           "\"disposition\":\"unchanged\"");
    ck_assert_int_eq(decision_parse(a, value(arena_printf(a, "{%s}", text)), &back, NULL), 0);
    ck_assert_int_eq(back.link, 0);
    ck_assert_uint_eq(back.n_writes, 0);
}
END_TEST

START_TEST(extends_an_event_line)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct decision d = {.link = 7, .disposition = "unchanged"}, back;
    const char *text;

    a = arena_new();
    text = members(&d);
    event_extend(&b, "{\"v\":1,\"sync_direction\":\"inbound\"}", 34, text);
    ck_assert_int_eq(decision_parse(a, value(buf_get(&b)), &back, NULL), 0);
    ck_assert_int_eq(back.link, 7);
}
END_TEST

START_TEST(names_the_bad_member)
{
    static const char *const cases[][2] = {
        {"{}", "link:"},
        {"{\"link\":\"7\",\"writes\":[]}", "link:"},
        {"{\"link\":-7,\"writes\":[]}", "link:"},
        {"{\"link\":7}", "writes:"},
        {"{\"link\":7,\"writes\":{}}", "writes:"},
        {"{\"link\":7,\"writes\":[1]}", "writes:"},
        {"{\"link\":7,\"generation\":1.5,\"writes\":[]}", "generation:"},
        {"{\"link\":7,\"writes\":[],\"ends\":{}}", "ends:"},
        {"{\"link\":7,\"writes\":[],\"ends\":[{}]}", "ends: system:"},
        {"{\"link\":7,\"writes\":[],\"ends\":[{\"system\":\"a\",\"covered\":[]}]}",
         "ends: covered:"},
        {"{\"link\":7,\"writes\":[],\"ends\":[{\"system\":\"a\",\"diverged\":[1]}]}",
         "ends: diverged:"},
        {"{\"link\":7,\"writes\":[],\"rules\":[]}", "rules:"},
        {"{\"link\":7,\"writes\":[],\"rules\":{\"f\":{}}}", "rules: f: rule:"},
        {"{\"link\":7,\"writes\":[],\"rules\":{\"f\":{\"rule\":\"r\",\"owed\":\"x\"}}}",
         "rules: owed:"},
        {"{\"link\":7,\"writes\":[{\"action\":\"create\",\"set\":{}}]}", "writes: target:"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"create\"}]}", "writes: set:"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"drop\",\"set\":{}}]}",
         "writes: action:"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"update\",\"set\":{}}]}",
         "writes: target_record_id:"},
        {"{\"link\":7,\"hold\":{}}", "hold: reason:"},
        {"{\"link\":7,\"writes\":[],\"claims\":[{}]}", "claims:"},
        {"{\"link\":7,\"writes\":[],\"disposition\":1}", "disposition:"},
        {"{\"link\":7,\"writes\":[],\"disposition\":\"nonsense\"}", "disposition: nonsense:"},
        {"{\"link\":7,\"writes\":[],\"disposition\":\"lost\"}", "disposition: lost:"},
        {"{\"link\":7,\"writes\":[],\"disposition\":\"\"}", "disposition:"},
        {"{\"link\":7,\"writes\":[],\"disposition\":\"rejected\"}", "disposition: rejected"},
        {"{\"link\":7,\"writes\":[],\"reject\":\"\"}", "reject: empty"},
        {"{\"link\":null,\"external_id\":\"\",\"writes\":[]}", "external_id: empty"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"create\",\"set\":{},"
         "\"external_id\":\"\"}]}",
         "writes: external_id: empty"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"update\",\"set\":{},"
         "\"target_record_id\":\"\"}]}",
         "writes: target_record_id: empty"},
        {"{\"link\":7,\"writes\":[],\"ends\":[{\"system\":\"a\",\"record_id\":\"\"}]}",
         "ends: record_id: empty"},
        {"{\"link\":7,\"writes\":[],\"ends\":[{\"system\":\"a\",\"replaces\":7}]}",
         "ends: replaces:"},
        {"{\"link\":7,\"writes\":[],\"ends\":[{\"system\":\"a\",\"replaces\":\"\"}]}",
         "ends: replaces: empty"},
        {"{\"link\":7,\"writes\":[],\"rules\":{\"f\":{\"rule\":\"r\",\"values\":[]}}}",
         "rules: values:"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"create\",\"set\":{},"
         "\"later\":[\"f\"]}]}",
         "writes: later:"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"delete\",\"set\":{}}]}",
         "writes: target_record_id:"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"delete\","
         "\"target_record_id\":\"1\",\"set\":{\"f\":1}}]}",
         "writes: set: a delete"},
        {"{\"link\":7,\"writes\":[{\"target\":\"a\",\"action\":\"delete\","
         "\"target_record_id\":\"1\",\"set\":{},\"later\":{\"f\":1}}]}",
         "writes: later: a delete"},
        {"{\"link\":7,\"hold\":{\"reason\":\"r\",\"pause\":1}}", "hold: pause:"},
        {"{\"link\":7,\"hold\":{\"reason\":\"r\",\"pause\":\"\"}}", "hold: pause: empty"},
        {"{\"link\":7,\"writes\":[],\"reopen\":1}", "reopen:"},
        {"{\"link\":7,\"writes\":[],\"link_ended\":\"\"}", "link_ended: empty"},
        {"{\"link\":7,\"writes\":[],\"link_ended\":true}", "link_ended:"}};

    a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = ERR_INIT;
        struct decision d;

        ck_assert_msg(decision_parse(a, value(cases[i][0]), &d, &err) == -1, "%s", cases[i][0]);
        ck_assert_str_eq(err.code, "bad-decision");
        ck_assert_msg(strstr(err.text, cases[i][1]) == err.text, "%s: %s", cases[i][0], err.text);
    }
}
END_TEST

UNIT_MAIN("stream/decision", what_is_written_is_parsed_back, every_member_lands_where_it_belongs,
          a_base_of_null_is_not_no_base, an_empty_decision_is_short, extends_an_event_line,
          names_the_bad_member)
