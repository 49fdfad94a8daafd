#include <config.h>

#include "../unit.h"
#include "json/scan.h"
#include "stream/event.h"

#include <stdio.h>
#include <string.h>

#define WHO "\"system\":\"hubspot\",\"resource\":\"crm/contacts\",\"record_id\":\"101\""

static struct arena *a;

static struct event
parse(const char *line)
{
    struct err err = ERR_INIT;
    struct event e;

    if (a == NULL)
        a = arena_new();
    ck_assert_msg(event_parse(a, line, strlen(line), &e, &err) == 0, "%s: %s", line, err.text);
    return e;
}

static void
refused(const char *line, const char *code, const char *text)
{
    struct err err = ERR_INIT;
    struct event e;

    if (a == NULL)
        a = arena_new();
    ck_assert_msg(event_parse(a, line, strlen(line), &e, &err) == -1, "%s was taken", line);
    ck_assert_str_eq(err.code, code);
    ck_assert_int_eq(err.scope, ERR_RECORD);
    ck_assert_msg(strstr(err.text, text) == err.text, "%s: %s", line, err.text);
}

static const char full_payload[] =
    "{\"path\":\"webhook\",\"system\":\"hubspot\",\"account\":\"62515\",\"resource\":"
    "\"crm/contacts\",\"record_id\":\"101\",\"event_type\":\"updated\",\"raw_event_type\":"
    "\"contact.propertyChange\",\"event_id\":\"e1\",\"occurred_at\":\"2026-01-02T03:04:05.678Z\","
    "\"version\":\"7\",\"partial\":true,\"changed\":[\"phone\"],\"sync_source\":\"hubspot\","
    "\"sync_actor\":\"human\",\"sync_correlation_id\":\"c\",\"sync_timestamp\":"
    "\"2026-01-02T03:04:05.000Z\",\"sync_direction\":\"inbound\",\"fields\":{\"id\":"
    "18446744073709551615,\"n\":1.10,\"none\":null},\"received_at\":\"2026-01-02T03:04:06.000Z\","
    "\"x_unknown\":[0.1]}";

START_TEST(reads_every_member)
{
    struct event e = parse("{\"v\":1,\"seq\":500,\"lease\":\"p1:3\",\"run\":\"r\"," WHO
                           ",\"account\":\"62515\",\"path\":\"delta\",\"event_type\":\"updated\","
                           "\"partial\":true,\"changed\":[\"a\",\"b\"],\"fields\":{\"a\":1},"
                           "\"folded\":[{\"seq\":501,\"system\":\"app\",\"occurred_at\":\"t\"},"
                           "{\"seq\":502}],\"sync_actor\":\"human\",\"extra\":1}");

    ck_assert_int_eq(e.seq, 500);
    ck_assert_str_eq(e.lease, "p1:3");
    ck_assert_str_eq(e.run, "r");
    ck_assert_str_eq(e.system, "hubspot");
    ck_assert_str_eq(e.resource, "crm/contacts");
    ck_assert_str_eq(e.record_id, "101");
    ck_assert_str_eq(e.account, "62515");
    ck_assert_str_eq(e.sync_actor, "human");
    ck_assert(e.partial);
    ck_assert_uint_eq(e.changed->n, 2);
    ck_assert_str_eq(val_id(val_get(e.fields, "a")), "1");
    ck_assert_uint_eq(e.n_folded, 2);
    ck_assert_int_eq(e.folded[0].seq, 501);
    ck_assert_str_eq(e.folded[0].system, "app");
    ck_assert_ptr_null(e.folded[1].system);
    ck_assert_ptr_nonnull(strstr(e.line, "\"extra\""));
    ck_assert_ptr_null(e.version);
}
END_TEST

START_TEST(data_lines_need_little)
{
    struct event e = parse("{" WHO ",\"fields\":null,\"account\":null}");

    ck_assert_int_eq(e.seq, 0);
    ck_assert_ptr_null(e.fields);
    ck_assert_ptr_null(e.account);
    ck_assert_ptr_null(e.changed);
    ck_assert(!e.partial);
}
END_TEST

START_TEST(ids_become_text)
{
    struct event e = parse("{\"system\":\"s\",\"resource\":\"r\",\"record_id\":"
                           "18446744073709551615,\"account\":62515,\"version\":1.0}");

    ck_assert_str_eq(e.record_id, "18446744073709551615");
    ck_assert_str_eq(e.account, "62515");
    ck_assert_str_eq(e.version, "1.0");
}
END_TEST

START_TEST(names_the_bad_member)
{
    refused("{", "bad-json", "unfinished JSON at byte 2");
    refused("[]", "not-object", "not a JSON object");
    refused("{" WHO ",\"v\":2}", "bad-event", "v:");
    refused("{" WHO ",\"v\":\"1\"}", "bad-event", "v:");
    refused("{\"resource\":\"r\",\"record_id\":\"1\"}", "bad-event", "system: missing");
    refused("{\"system\":\"s\",\"record_id\":\"1\"}", "bad-event", "resource: missing");
    refused("{\"system\":\"s\",\"resource\":\"r\"}", "bad-event", "record_id: missing");
    refused("{\"system\":\"s\",\"resource\":\"r\",\"record_id\":\"\"}", "bad-event", "record_id:");
    refused("{\"system\":\"s\",\"resource\":\"r\",\"record_id\":{}}", "bad-event", "record_id:");
    refused("{\"system\":1,\"resource\":\"r\",\"record_id\":\"1\"}", "bad-event", "system:");
    refused("{" WHO ",\"seq\":5}", "bad-event", "lease: missing");
    refused("{" WHO ",\"seq\":-5,\"lease\":\"p:1\"}", "bad-event", "seq:");
    refused("{" WHO ",\"seq\":1.5,\"lease\":\"p:1\"}", "bad-event", "seq:");
    refused("{" WHO ",\"seq\":5,\"lease\":\"p1\"}", "bad-event", "lease:");
    refused("{" WHO ",\"partial\":1}", "bad-event", "partial:");
    refused("{" WHO ",\"changed\":\"a\"}", "bad-event", "changed:");
    refused("{" WHO ",\"changed\":[1]}", "bad-event", "changed:");
    refused("{" WHO ",\"fields\":[]}", "bad-event", "fields:");
    refused("{" WHO ",\"folded\":{}}", "bad-event", "folded:");
    refused("{" WHO ",\"folded\":[{\"system\":\"a\"}]}", "bad-event", "folded:");
    refused("{" WHO ",\"event_type\":\"delete\"}", "bad-event", "event_type:");
    refused("{" WHO ",\"path\":\"cron\"}", "bad-event", "path:");
    refused("{" WHO ",\"merged_into\":\"7\"}", "bad-event", "merged_into: event_type");
    refused("{" WHO ",\"event_type\":\"updated\",\"merged_into\":\"7\"}", "bad-event",
            "merged_into: event_type");
    refused("{" WHO ",\"event_type\":\"merged\",\"merged_into\":[7]}", "bad-event", "merged_into:");
    refused("{" WHO ",\"event_type\":\"merged\",\"merged_into\":\"\"}", "bad-event",
            "merged_into: empty");
    refused("{" WHO ",\"event_id\":\"a\\u0000b\"}", "bad-event", "event_id:");
}
END_TEST

START_TEST(ids_have_a_limit)
{
    char line[2200], id[2002];

    memset(id, 'x', sizeof id);
    snprintf(line, sizeof line, "{\"system\":\"s\",\"resource\":\"r\",\"record_id\":\"%.*s\"}",
             2000, id);
    ck_assert_uint_eq(strlen(parse(line).record_id), 2000);
    snprintf(line, sizeof line, "{\"system\":\"s\",\"resource\":\"r\",\"record_id\":\"%.*s\"}",
             2001, id);
    refused(line, "bad-event", "record_id:");
}
END_TEST

START_TEST(control_lines_are_no_events)
{
    static const struct {
        const char *line;
        bool control;
    } cases[] = {{"{\"v\":1,\"eos\":{\"run\":\"r\",\"count\":3,\"complete\":true}}", true},
                 {"{\"eos\":{}}", true},
                 {"{\"v\":1," WHO "}", false},
                 {"{" WHO ",\"eos\":{}}", false},
                 {"{\"eos\":1}", false},
                 {"{\"fields\":{\"eos\":{}}}", false},
                 {"{\"eos\":{}", false},
                 {"", false}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(event_is_control(cases[i].line, strlen(cases[i].line)) == cases[i].control,
                      "%s", cases[i].line);
}
END_TEST

START_TEST(a_payload_round_trips)
{
    CLEANUP_BUF struct buf once = BUF_INIT, twice = BUF_INIT;
    struct event e = parse(full_payload);

    event_write_payload(&once, &e);
    ck_assert_str_eq(buf_get(&once), full_payload);
    e = parse(buf_get(&once));
    event_write_payload(&twice, &e);
    ck_assert_str_eq(buf_get(&twice), full_payload);
}
END_TEST

START_TEST(a_payload_leaves_out_what_others_write)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct event e = parse("{\"v\":1,\"seq\":9,\"lease\":\"p:1\",\"run\":\"r\"," WHO
                           ",\"folded\":[{\"seq\":3}],\"link\":7,\"generation\":4,\"ends\":[],"
                           "\"reopen\":true,\"link_ended\":\"deleted\",\"rules\":{},\"writes\":[],"
                           "\"target\":\"app\",\"status\":\"ok\"}");

    event_write_payload(&b, &e);
    ck_assert_str_eq(buf_get(&b), "{" WHO ",\"fields\":null}");
}
END_TEST

START_TEST(a_merge_says_into_what)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct event e = parse("{" WHO ",\"event_type\":\"merged\",\"changed\":[\"phone\"],"
                           "\"merged_into\":7,\"sync_source\":\"hubspot\"}");

    ck_assert_str_eq(e.merged_into, "7");
    event_write_payload(&b, &e);
    ck_assert_str_eq(buf_get(&b), "{" WHO ",\"event_type\":\"merged\",\"changed\":[\"phone\"],"
                                  "\"merged_into\":\"7\",\"sync_source\":\"hubspot\","
                                  "\"fields\":null}");
    buf_clear(&b);
    event_write_folded_line(&b, &e, 500, "p1", 4, NULL, NULL, 0);
    ck_assert_ptr_null(parse(buf_get(&b)).merged_into);
    ck_assert_ptr_null(parse("{" WHO ",\"event_type\":\"merged\"}").merged_into);
}
END_TEST

START_TEST(emission_puts_the_admission_in_front)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct event e;

    event_write_line(&b, 500, "p1", 3, "run \"x\"", full_payload, strlen(full_payload));
    ck_assert_ptr_eq(strstr(b.data, "{\"v\":1,\"seq\":500,\"lease\":\"p1:3\",\"run\":\"run "
                                    "\\\"x\\\"\",\"path\":\"webhook\","),
                     b.data);
    e = parse(buf_get(&b));
    ck_assert_int_eq(e.seq, 500);
    ck_assert_str_eq(e.run, "run \"x\"");
    ck_assert_str_eq(e.event_id, "e1");
    buf_clear(&b);
    event_write_line(&b, 1, "p", 0, NULL, "{}", 2);
    ck_assert_str_eq(buf_get(&b), "{\"v\":1,\"seq\":1,\"lease\":\"p:0\"}");
}
END_TEST

START_TEST(data_lines_begin_with_v)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct event e = {.system = "s", .resource = "r", .record_id = "\"1\""};

    event_write_data(&b, &e);
    ck_assert_str_eq(buf_get(&b), "{\"v\":1,\"system\":\"s\",\"resource\":\"r\",\"record_id\":"
                                  "\"\\\"1\\\"\",\"fields\":null}");
}
END_TEST

START_TEST(a_folded_line_speaks_for_all)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct event head = parse(full_payload), e;
    const struct event_folded folded[] = {{501, "app", "2026-01-02T10:00:09.000Z"},
                                          {502, "hubspot", NULL}};

    event_write_folded_line(&b, &head, 500, "p1", 4, NULL, folded, 2);
    e = parse(buf_get(&b));
    ck_assert_int_eq(e.seq, 500);
    ck_assert_str_eq(e.lease, "p1:4");
    ck_assert_str_eq(e.record_id, "101");
    ck_assert_ptr_null(e.fields);
    ck_assert_ptr_null(e.changed);
    ck_assert_ptr_null(e.sync_actor);
    ck_assert_ptr_null(e.sync_correlation_id);
    ck_assert_ptr_null(e.version);
    ck_assert(!e.partial);
    ck_assert_uint_eq(e.n_folded, 2);
    ck_assert_str_eq(e.folded[0].occurred_at, "2026-01-02T10:00:09.000Z");
    ck_assert_int_eq(e.folded[1].seq, 502);
    ck_assert_ptr_nonnull(strstr(e.line, "\"x_unknown\""));
    ck_assert_ptr_nonnull(strstr(b.data, "\"fields\":null"));
}
END_TEST

static void
extended(const char *line, const char *members, const char *want)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    buf_text(&b, ">");
    event_extend(&b, line, strlen(line), members);
    ck_assert_str_eq(buf_get(&b) + 1, want);
    ck_assert_int_eq(scan_object(b.data + 1, b.len - 1, NULL, 0, NULL), 0);
}

START_TEST(extending_keeps_every_other_byte)
{
    extended("{\"n\":1.10, \"sync_direction\" : \"inbound\" ,\"s\":\"\\u00e9\"}", "\"link\":7",
             "{\"n\":1.10, \"sync_direction\" : \"outbound\" ,\"s\":\"\\u00e9\",\"link\":7}");
    extended("{\"a\":1}", "\"b\":2,\"c\":[3]",
             "{\"a\":1,\"sync_direction\":\"outbound\",\"b\":2,\"c\":[3]}");
    extended("{\"a\":1}", "", "{\"a\":1,\"sync_direction\":\"outbound\"}");
    extended("{}", "\"b\":2", "{\"sync_direction\":\"outbound\",\"b\":2}");
    extended(" {\"x\":{\"sync_direction\":\"deep\"},\"sync_direction\":null } ", "\"b\":2",
             " {\"x\":{\"sync_direction\":\"deep\"},\"sync_direction\":\"outbound\",\"b\":2}");
}
END_TEST

START_TEST(extending_drops_what_is_written_anew)
{
    extended("{\"b\":0,\"a\":1,\"sync_direction\":\"outbound\"}", "\"b\":2",
             "{\"a\":1,\"sync_direction\":\"outbound\",\"b\":2}");
    extended("{\"sync_direction\":\"outbound\",\"b\":0,\"c\":{\"b\":9}}", "\"c\":1,\"b\":2",
             "{\"sync_direction\":\"outbound\",\"c\":1,\"b\":2}");
    extended("{\"b\":0}", "\"b\":2", "{\"sync_direction\":\"outbound\",\"b\":2}");
    extended("{\"a\":1 , \"b\" : 0 , \"z\":\"},\"}", "\"b\":2",
             "{\"a\":1 ,  \"z\":\"},\",\"sync_direction\":\"outbound\",\"b\":2}");
}
END_TEST

START_TEST(appending_leaves_the_direction)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *line = "{\"n\":1.10, \"sync_direction\" : \"inbound\" ,\"b\":0} ";

    event_append(&b, line, strlen(line), "\"b\":2");
    ck_assert_str_eq(buf_get(&b), "{\"n\":1.10, \"sync_direction\" : \"inbound\",\"b\":2}");
    buf_clear(&b);
    event_append(&b, "{}", 2, "\"b\":2");
    ck_assert_str_eq(buf_get(&b), "{\"b\":2}");
}
END_TEST

START_TEST(splits_leases)
{
    char pipeline[64], lease[100];
    int64_t fence;

    ck_assert_int_eq(event_split_lease("p1:42", pipeline, &fence), 0);
    ck_assert_str_eq(pipeline, "p1");
    ck_assert_int_eq(fence, 42);
    snprintf(lease, sizeof lease, "%063d:1", 0);
    ck_assert_int_eq(event_split_lease(lease, pipeline, &fence), 0);
    ck_assert_uint_eq(strlen(pipeline), 63);
    snprintf(lease, sizeof lease, "%064d:1", 0);
    ck_assert_int_eq(event_split_lease(lease, pipeline, &fence), -1);
    ck_assert_int_eq(event_split_lease("p1", pipeline, &fence), -1);
    ck_assert_int_eq(event_split_lease(":1", pipeline, &fence), -1);
    ck_assert_int_eq(event_split_lease("p:", pipeline, &fence), -1);
    ck_assert_int_eq(event_split_lease("p:-1", pipeline, &fence), -1);
    ck_assert_int_eq(event_split_lease("p:1x", pipeline, &fence), -1);
    ck_assert_int_eq(event_split_lease("p:99999999999999999999", pipeline, &fence), -1);
}
END_TEST

START_TEST(eos_is_a_control_line)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    event_write_eos(&b, "r1", 12, true);
    ck_assert_str_eq(buf_get(&b),
                     "{\"v\":1,\"eos\":{\"run\":\"r1\",\"count\":12,\"complete\":true}}");
    ck_assert(event_is_control(b.data, b.len));
    buf_clear(&b);
    event_write_eos(&b, NULL, 0, false);
    ck_assert_str_eq(buf_get(&b), "{\"v\":1,\"eos\":{\"count\":0,\"complete\":false}}");
}
END_TEST

UNIT_MAIN("stream/event", reads_every_member, data_lines_need_little, ids_become_text,
          names_the_bad_member, ids_have_a_limit, control_lines_are_no_events,
          a_payload_round_trips, a_payload_leaves_out_what_others_write, a_merge_says_into_what,
          emission_puts_the_admission_in_front, data_lines_begin_with_v,
          a_folded_line_speaks_for_all, extending_keeps_every_other_byte,
          extending_drops_what_is_written_anew, appending_leaves_the_direction, splits_leases,
          eos_is_a_control_line)
