#include <config.h>

#include "hook.h"

#include "crypto/digest.h"

/* Accepted requests to events. */

#define EVENTS                                                                                     \
    "verify: [{kind: none}]\nevent:\n  split: items\n  account: team\n  id: [id]\n  map:\n"        \
    "    resource: {path: type, values: {p: crm/contacts, c: crm/companies, x: null}}\n"           \
    "    event_type: {path: verb, values: {new: created, gone: deleted, join: merged}, else: "     \
    "updated}\n"                                                                                   \
    "    record_id: who\n    merged_into: into\n    occurred_at: when\n    changed: changed\n    " \
    "record: data\n"                                                                               \
    "    partial: part\n    version: rev\n    raw_event_type: verb\n"                              \
    "  actor: {id: by, class: {path: via, values: {ui: human, api: api_client}}, write_id: key}\n" \
    "  delivery: {payload: full}\n"

static struct inbound_events
map(struct hook *h, const char *body)
{
    struct inbound r = {.method = "POST",
                        .path = "/",
                        .query = "",
                        .body = body,
                        .body_len = strlen(body),
                        .received_at = 1700000000000};
    struct inbound_events out;
    struct err err = ERR_INIT;

    ck_assert_msg(inbound_map(h->arena, &h->conf, &h->system, &r, &out, &err) == 0, "%s", err.text);
    return out;
}

static const char *
line(struct hook *h, const struct event *e)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct event back;

    event_write_data(&b, e);
    ck_assert_int_eq(event_parse(h->arena, buf_get(&b), b.len, &back, NULL), 0);
    return arena_text(h->arena, buf_get(&b));
}

START_TEST(a_whole_item_becomes_a_whole_event)
{
    struct hook h;
    struct inbound_events out;

    hook_open(&h, EVENTS);
    out =
        map(&h, "{\"items\":[{\"id\":\"e1\",\"team\":7,\"type\":\"p\",\"verb\":\"edit\",\"who\":42,"
                "\"when\":\"2026-01-02T04:04:05+01:00\",\"rev\":3,\"by\":\"u1\",\"via\":\"api\","
                "\"key\":\"K\",\"changed\":[\"first\",\"mail\",\"mail\",\"none\"],"
                "\"data\":{\"name\":{\"first\":\"A\"},\"mail\":\"a@b\",\"phone\":1.10}}]}");
    ck_assert_uint_eq(out.n, 1);
    ck_assert(!out.events[0].hash_id);
    ck_assert_str_eq(
        line(&h, &out.events[0].event),
        "{\"v\":1,\"path\":\"webhook\",\"system\":\"left\",\"account\":\"7\","
        "\"resource\":\"crm/contacts\",\"record_id\":\"42\",\"event_type\":\"updated\","
        "\"raw_event_type\":\"edit\",\"event_id\":\"e1\","
        "\"occurred_at\":\"2026-01-02T03:04:05.000Z\",\"version\":\"3\","
        "\"changed\":[\"first_name\",\"email\"],\"sync_source\":\"left\","
        "\"sync_actor\":\"api_client\",\"sync_correlation_id\":\"K\","
        "\"sync_direction\":\"inbound\",\"fields\":{\"first_name\":\"A\",\"email\":\"a@b\","
        "\"phone\":1.10,\"notes\":null},\"received_at\":\"2023-11-14T22:13:20.000Z\"}");
    hook_close(&h);
}
END_TEST

START_TEST(a_bare_item_becomes_a_skinny_event)
{
    struct hook h;
    struct inbound_events a, b, c;

    crypto_start();
    hook_open(&h, EVENTS);
    a = map(&h, "{\"items\":[{\"team\":\"7\",\"type\":\"p\",\"who\":\"x\"}]}");
    b = map(&h, "{\"items\":[{\"who\":\"x\",\"team\":\"7\",\"type\":\"p\"}]}");
    c = map(&h, "{\"items\":[{\"who\":\"y\",\"team\":\"7\",\"type\":\"p\"}]}");
    ck_assert_uint_eq(a.n, 1);
    ck_assert_ptr_null(a.events[0].event.fields);
    ck_assert_ptr_null(a.events[0].event.changed);
    ck_assert_ptr_null(a.events[0].event.sync_actor);
    ck_assert(a.events[0].hash_id);
    ck_assert_uint_eq(strlen(a.events[0].event.event_id), 64);
    ck_assert_str_eq(a.events[0].event.event_id, b.events[0].event.event_id);
    ck_assert_str_ne(a.events[0].event.event_id, c.events[0].event.event_id);
    line(&h, &a.events[0].event);
    hook_close(&h);
}
END_TEST

START_TEST(items_are_counted_by_what_became_of_them)
{
    struct hook h;
    struct inbound_events out;

    hook_open(&h, EVENTS);
    out = map(&h, "{\"items\":[{\"team\":8,\"type\":\"p\",\"who\":1},"
                  "{\"team\":7,\"type\":\"x\",\"who\":1},{\"team\":7,\"who\":1},"
                  "{\"team\":7,\"type\":\"c\",\"who\":1},{\"team\":7,\"type\":\"p\"},"
                  "{\"type\":\"p\",\"who\":1},{\"team\":7,\"type\":\"p\",\"who\":\"\"},"
                  "{\"team\":7,\"type\":\"p\",\"who\":[1,{},\"3\"]},"
                  "{\"team\":7,\"type\":\"p\",\"who\":[]},null,4]}");
    ck_assert_uint_eq(out.foreign, 1);
    ck_assert_uint_eq(out.dropped, 2);
    ck_assert_uint_eq(out.unsynced, 1);
    ck_assert_uint_eq(out.n, 2);
    ck_assert_str_eq(out.events[1].event.record_id, "3");
    ck_assert_uint_eq(out.n_bad, 7);
    ck_assert_str_eq(out.bad[3].text, "1 of the item's 3 ids are none of a record");
    ck_assert_str_eq(out.bad[0].code, "no-id");
    ck_assert_str_eq(out.bad[0].record, "{\"team\":7,\"type\":\"p\"}");
    ck_assert_str_eq(out.bad[0].resource, "crm/contacts");
    ck_assert_str_eq(out.bad[1].code, "no-account");
    ck_assert_ptr_null(out.bad[1].account);
    hook_close(&h);
}
END_TEST

START_TEST(what_is_deleted_or_no_record_has_no_fields)
{
    struct hook h;
    struct inbound_events out;

    hook_open(&h, EVENTS);
    out = map(&h, "{\"items\":["
                  "{\"team\":7,\"type\":\"p\",\"who\":1,\"verb\":\"gone\",\"data\":{\"id\":1}},"
                  "{\"team\":7,\"type\":\"p\",\"who\":1,\"data\":\"text\"},"
                  "{\"team\":7,\"type\":\"p\",\"who\":1,\"data\":{\"mail\":null},\"part\":true}]}");
    ck_assert_uint_eq(out.n, 3);
    ck_assert_str_eq(out.events[0].event.event_type, "deleted");
    ck_assert_ptr_null(out.events[0].event.fields);
    ck_assert_ptr_null(out.events[1].event.fields);
    ck_assert(out.events[2].event.partial);
    ck_assert_str_eq(val_write_text(h.arena, out.events[2].event.fields), "{\"email\":null}");
    hook_close(&h);
}
END_TEST

/* Else an echo filter would find everything that is there as we wrote it, and drop an edit. */
START_TEST(what_does_not_show_its_change_is_skinny)
{
    static const struct {
        const char *item, *fields;
    } rows[] = {{"\"data\":{}", NULL},
                {"\"data\":{\"other\":1}", NULL},
                {"\"data\":{\"mail\":\"a\"},\"changed\":[\"phone\"]", NULL},
                {"\"data\":{\"mail\":\"a\"},\"changed\":[\"mail\"]", "{\"email\":\"a\"}"},
                {"\"data\":{\"mail\":\"a\"},\"changed\":[\"none\"]", "{\"email\":\"a\"}"}};
    struct hook h;

    hook_open(&h, EVENTS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *body = mem_printf("{\"items\":[{\"id\":1,\"team\":7,\"type\":\"p\",\"who\":1,"
                                "\"part\":true,%s}]}",
                                rows[i].item);
        struct inbound_events out = map(&h, body);
        const struct event *e = &out.events[0].event;

        ck_assert_msg((e->fields == NULL) == (rows[i].fields == NULL), "%s", rows[i].item);
        ck_assert(e->partial == (e->fields != NULL));
        if (e->fields != NULL)
            ck_assert_str_eq(val_write_text(h.arena, e->fields), rows[i].fields);
        free(body);
    }
    hook_close(&h);
}
END_TEST

START_TEST(changed_speaks_unified_names)
{
    static const struct {
        const char *changed, *unified;
    } rows[] = {{"\"phone\"", "[\"phone\"]"},
                {"[\"name.notes\"]", "[\"notes\"]"},
                {"{\"first\":{\"from\":1}}", "[\"first_name\"]"},
                {"[\"name\"]", "[\"first_name\",\"notes\"]"}, /* all that may have changed */
                {"[\"nam\"]", "[]"},
                {"[]", "[]"},
                {"[1,null]", "[]"},
                {"null", NULL},
                {"7", NULL}};
    struct hook h;

    hook_open(&h, EVENTS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *body = mem_printf("{\"items\":[{\"id\":1,\"team\":7,\"type\":\"p\",\"who\":1,"
                                "\"changed\":%s}]}",
                                rows[i].changed);
        struct inbound_events out = map(&h, body);
        const struct val *got = out.events[0].event.changed;

        ck_assert_msg((got == NULL) == (rows[i].unified == NULL), "%s", rows[i].changed);
        if (got != NULL)
            ck_assert_str_eq(val_write_text(h.arena, got), rows[i].unified);
        free(body);
    }
    hook_close(&h);
}
END_TEST

START_TEST(actors_are_us_then_their_class_then_people)
{
    static const struct {
        const char *actor, *is, *source;
    } rows[] = {{"\"by\":\"app:1\",\"via\":\"ui\"", "sync_engine", "loopless"},
                {"\"by\":\"u\",\"via\":\"ui\"", "human", "left"},
                {"\"by\":\"u\",\"via\":\"api\"", "api_client", "left"},
                {"\"by\":\"u\",\"via\":\"odd\"", "human", "left"},
                {"\"by\":5", "human", "left"},
                {"\"via\":\"api\"", "api_client", "left"},
                {"\"by\":null", NULL, "left"}};
    struct hook h;

    hook_open(&h, EVENTS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *body = mem_printf("{\"items\":[{\"id\":1,\"team\":7,\"type\":\"p\",\"who\":1,%s}]}",
                                rows[i].actor);
        struct inbound_events out = map(&h, body);
        const struct event *e = &out.events[0].event;

        ck_assert_msg((e->sync_actor == NULL) == (rows[i].is == NULL), "%s", rows[i].actor);
        if (rows[i].is != NULL)
            ck_assert_str_eq(e->sync_actor, rows[i].is);
        ck_assert_str_eq(e->sync_source, rows[i].source);
        free(body);
    }
    hook_close(&h);
}
END_TEST

START_TEST(times_are_read_by_their_unit)
{
    static const struct {
        const char *unit, *when, *is;
    } rows[] = {{"any", "1700000000", "2023-11-14T22:13:20.000Z"},
                {"any", "1700000000123", "2023-11-14T22:13:20.123Z"},
                {"any", "\"1700000000.5\"", "2023-11-14T22:13:20.500Z"},
                {"any", "\"2026-01-02\"", "2026-01-02T00:00:00.000Z"},
                {"s", "100000000000", "5138-11-16T09:46:40.000Z"},
                {"ms", "1700000000", "1970-01-20T16:13:20.000Z"},
                {"s", "\"x\"", NULL},
                {"s", "1e300", NULL},
                {"iso8601", "1700000000", NULL},
                {"any", "true", NULL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = mem_printf("verify: [{kind: none}]\nevent: {id: [id], map: {resource: "
                                "crm/contacts, event_type: updated, record_id: id, occurred_at: "
                                "{path: when, unit: %s}}}\n",
                                rows[i].unit);
        char *body = mem_printf("{\"id\":1,\"when\":%s}", rows[i].when);
        struct hook h;
        struct inbound_events out;

        hook_open(&h, text);
        out = map(&h, body);
        ck_assert_uint_eq(out.n, 1);
        ck_assert_msg((out.events[0].event.occurred_at == NULL) == (rows[i].is == NULL), "%s",
                      rows[i].when);
        if (rows[i].is != NULL)
            ck_assert_str_eq(out.events[0].event.occurred_at, rows[i].is);
        hook_close(&h);
        free(text);
        free(body);
    }
}
END_TEST

#define HEADER_ID                                                                                  \
    "verify: [{kind: none}]\nevent: {split: $, account: team, id: [headers.X-Delivery], map: "     \
    "{resource: crm/contacts, event_type: updated, record_id: body}}\n"

START_TEST(a_merge_says_into_what)
{
    static const struct {
        const char *rest, *into;
    } rows[] = {{"\"verb\":\"join\",\"who\":42,\"into\":43", "43"},
                {"\"verb\":\"join\",\"who\":42,\"into\":\"42\"", NULL}, /* itself */
                {"\"verb\":\"join\",\"who\":42,\"into\":\"\"", NULL},
                {"\"verb\":\"join\",\"who\":42", NULL},
                {"\"verb\":\"edit\",\"who\":42,\"into\":43", NULL}};
    struct hook h;

    hook_open(&h, EVENTS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct inbound_events out =
            map(&h, arena_printf(h.arena,
                                 "{\"items\":[{\"team\":7,\"type\":\"p\",%s,"
                                 "\"data\":{\"phone\":\"1\"}}]}",
                                 rows[i].rest));
        const struct event *e = &out.events[0].event;

        ck_assert_uint_eq(out.n, 1);
        ck_assert_str_eq(e->record_id, "42");
        ck_assert_pstr_eq(e->merged_into, rows[i].into);
        /* whose fields they are is not known */
        ck_assert_int_eq(e->fields == NULL, strcmp(e->event_type, "merged") == 0);
        line(&h, e); /* one that is read again */
    }
    hook_close(&h);
}
END_TEST

START_TEST(all_that_were_merged_say_into_what)
{
    struct hook h;
    struct inbound_events out;

    hook_open(&h, EVENTS);
    out = map(&h, "{\"items\":[{\"team\":7,\"type\":\"p\",\"verb\":\"join\",\"who\":[1,2,3],"
                  "\"into\":2}]}");
    ck_assert_uint_eq(out.n, 3);
    ck_assert_str_eq(out.events[0].event.merged_into, "2");
    ck_assert_ptr_null(out.events[1].event.merged_into);
    ck_assert_str_eq(out.events[2].event.merged_into, "2");
    hook_close(&h);
}
END_TEST

START_TEST(one_delivery_id_serves_many_items)
{
    struct hook h;
    struct inbound r;
    struct inbound_events out;

    hook_open(&h, "verify: [{kind: none}]\nevent: {split: $, id: [headers.X-D, query.q], map: "
                  "{resource: crm/contacts, event_type: updated, record_id: body}}\n");
    r = hook_request(&h, "{\"headers\":{\"x-d\":\"d1\"},\"query\":\"q=%41\",\"body\":[1,\"b\"]}");
    ck_assert_int_eq(inbound_map(h.arena, &h.conf, &h.system, &r, &out, NULL), 0);
    ck_assert_uint_eq(out.n, 2);
    ck_assert_str_eq(out.events[0].event.event_id, "d1:A#1");
    ck_assert_str_eq(out.events[1].event.event_id, "d1:A#2");
    ck_assert_str_eq(out.events[1].event.record_id, "b");
    ck_assert_ptr_null(inbound_delivery_id(h.arena, &h.system, &r)); /* not of headers only */
    r = hook_request(&h, "{\"headers\":{\"x-d\":\"d1\"},\"query\":\"q=1\",\"body\":[1]}");
    ck_assert_int_eq(inbound_map(h.arena, &h.conf, &h.system, &r, &out, NULL), 0);
    ck_assert_str_eq(out.events[0].event.event_id, "d1:1");
    hook_close(&h);
}
END_TEST

START_TEST(delivery_ids_stand_in_headers)
{
    struct hook h;
    struct inbound r;

    hook_open(&h, HEADER_ID);
    r = hook_request(&h, "{\"headers\":{\"x-delivery\":\"d1\"},\"body\":[]}");
    ck_assert_str_eq(inbound_delivery_id(h.arena, &h.system, &r), "d1");
    r = hook_request(&h, "{\"headers\":{},\"body\":[]}");
    ck_assert_ptr_null(inbound_delivery_id(h.arena, &h.system, &r));
    hook_close(&h);
}
END_TEST

START_TEST(accounts_are_named_once_and_kept_apart)
{
    static const char body[] =
        "{ \"x\":[0,1.10], \"items\":[{\"team\":7,\"a\":1},{\"team\":\"8\"},{\"team\":7},{}] }";
    struct hook h;
    struct inbound r = {.query = "", .body = body, .body_len = sizeof body - 1};
    const char **accounts, *only, *const ours = "7", *const theirs = "9";
    size_t n, len;

    hook_open(&h, EVENTS);
    ck_assert_int_eq(inbound_accounts(h.arena, &h.system, &r, &accounts, &n, NULL), 0);
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(accounts[0], "7");
    ck_assert_str_eq(accounts[1], "8");
    ck_assert_str_eq(accounts[2], "");
    ck_assert_int_eq(inbound_only(h.arena, &h.system, &r, &ours, 1, &only, &len, NULL), 0);
    ck_assert_str_eq(only, "{\"x\":[0,1.10],\"items\":[{\"team\":7,\"a\":1},{\"team\":7}]}");
    ck_assert_uint_eq(len, strlen(only));
    ck_assert_int_eq(inbound_only(h.arena, &h.system, &r, &theirs, 1, &only, &len, NULL), 0);
    ck_assert_str_eq(only, "{\"x\":[0,1.10],\"items\":[]}");
    r.body = "{ \"items\":[ {\"team\":7} ] }";
    r.body_len = strlen(r.body);
    ck_assert_int_eq(inbound_only(h.arena, &h.system, &r, &ours, 1, &only, &len, NULL), 0);
    ck_assert_str_eq(only, r.body); /* nothing to take out: byte for byte */
    hook_close(&h);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
    static const struct {
        const char *body, *code;
    } rows[] = {{"", "bad-json"},
                {"a=b", "bad-json"},
                {"{}", "no-items"},
                {"{\"items\":{}}", "no-items"},
                {"[]", "no-items"}};
    struct hook h;

    hook_open(&h, EVENTS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct inbound r = {.query = "", .body = rows[i].body, .body_len = strlen(rows[i].body)};
        struct inbound_events out;
        struct err err = ERR_INIT;

        ck_assert_int_eq(inbound_map(h.arena, &h.conf, &h.system, &r, &out, &err), -1);
        ck_assert_str_eq(err.code, rows[i].code);
        ck_assert_int_eq(err.scope, ERR_RECORD);
    }
    hook_close(&h);
}
END_TEST

/* Header bytes are no UTF-8 always; what becomes of them is a line of the stream. */
START_TEST(odd_bytes_make_no_broken_lines)
{
    static const struct inbound_header headers[] = {{"x-delivery", "d\xe9\x01"}};
    struct inbound r = {.query = "t=%ff%00%zz",
                        .headers = headers,
                        .n_headers = 1,
                        .body = "[\"1\"]",
                        .body_len = 5};
    struct hook h;
    struct inbound_events out;

    hook_open(&h, "verify: [{kind: none}]\nevent: {split: $, id: [headers.X-Delivery], map: "
                  "{resource: crm/contacts, event_type: updated, record_id: body, "
                  "raw_event_type: query.t}}\n");
    ck_assert_int_eq(inbound_map(h.arena, &h.conf, &h.system, &r, &out, NULL), 0);
    ck_assert_uint_eq(out.n, 1);
    ck_assert_ptr_nonnull(strstr(line(&h, &out.events[0].event), "d\xc3\xa9\\u0001"));
    ck_assert_str_eq(out.events[0].event.raw_event_type, "\xc3\xbf%00%zz");
    hook_close(&h);
}
END_TEST

/* N copies of WORD, in brackets, in the place of a record's id. */
static const char *
item_of(struct hook *h, const char *word, int n, const char *rest)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    buf_text(&b, "{\"items\":[{\"team\":7,\"type\":\"p\",\"who\":[");
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i > 0 ? "," : "", word);
    buf_printf(&b, "]%s}]}", rest);
    return arena_ntext(h->arena, buf_get(&b), b.len);
}

/* A reject for each, with the whole item in it, was 30 GB for a body of 300 KB. */
START_TEST(ids_that_are_none_make_one_reject)
{
    struct hook h;
    struct inbound_events out;

    hook_open(&h, EVENTS);
    out = map(&h, item_of(&h, "\"\"", 50000, ""));
    ck_assert_uint_eq(out.n, 0);
    ck_assert_uint_eq(out.n_bad, 1);
    ck_assert_str_eq(out.bad[0].text, "50000 of the item's 50000 ids are none of a record");
    hook_close(&h);
}
END_TEST

START_TEST(a_record_is_not_copied_without_end)
{
    struct hook h;
    struct inbound_events out;
    char *large = mem_printf(",\"data\":{\"phone\":\"%0100000d\"}", 1);

    hook_open(&h, EVENTS);
    out = map(&h, item_of(&h, "1", 100, large));
    ck_assert_uint_eq(out.n, 100);
    ck_assert_ptr_nonnull(out.events[0].event.fields);
    out = map(&h, item_of(&h, "1", 200, large));
    ck_assert_uint_eq(out.n, 200);
    ck_assert_ptr_null(out.events[0].event.fields);
    ck_assert(!out.events[0].event.partial);
    free(large);
    hook_close(&h);
}
END_TEST

START_TEST(more_accounts_than_anybody_has_are_refused)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct hook h;
    struct inbound r = {.query = ""};
    struct inbound_events out;
    struct err err = ERR_INIT;
    const char **accounts;
    size_t n;

    hook_open(&h, EVENTS);
    buf_text(&b, "{\"items\":[{}");
    for (int i = 0; i < 256; i++)
        buf_printf(&b, ",{\"team\":%d}", i);
    buf_text(&b, "]}");
    r.body = buf_get(&b);
    r.body_len = b.len;
    ck_assert_int_eq(inbound_accounts(h.arena, &h.system, &r, &accounts, &n, NULL), -1);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(inbound_map(h.arena, &h.conf, &h.system, &r, &out, &err), -1);
    ck_assert_str_eq(err.code, "too-many");
    hook_close(&h);
}
END_TEST

#define MAC_ID(SIGNED)                                                                             \
    "verify: [{kind: mac, alg: hmac-sha256, encoding: hex, header: x-sig, signed: \"" SIGNED       \
    "\"}]\nevent: {id: [headers.X-Delivery], map: {resource: crm/contacts, event_type: updated, "  \
    "record_id: id}}\n"

/* The id that the event of this body gets, and the delivery. */
static const char *
id_of(struct hook *h, const char *body)
{
    static const struct inbound_header headers[] = {{"x-delivery", "d1"}};
    struct inbound r = {
        .query = "", .headers = headers, .n_headers = 1, .body = body, .body_len = strlen(body)};
    struct inbound_events out;

    ck_assert_int_eq(inbound_map(h->arena, &h->conf, &h->system, &r, &out, NULL), 0);
    ck_assert_uint_eq(out.n, 1);
    ck_assert_str_eq(out.events[0].event.event_id, inbound_delivery_id(h->arena, &h->system, &r));
    return out.events[0].event.event_id;
}

/* An old body sent again with the id that is next would make the real delivery look known. */
START_TEST(an_id_that_is_not_signed_is_bound_to_the_body)
{
    struct hook h;
    const char *id;

    hook_open(&h, MAC_ID("{body}"));
    id = id_of(&h, "{\"id\":1}");
    ck_assert_int_eq(strncmp(id, "d1:", 3), 0);
    ck_assert_str_eq(id, id_of(&h, "{\"id\":1}"));
    ck_assert_str_ne(id, id_of(&h, "{\"id\":2}"));
    hook_close(&h);
    hook_open(&h, MAC_ID("{header:X-Delivery}{body}"));
    ck_assert_str_eq(id_of(&h, "{\"id\":1}"), "d1");
    hook_close(&h);
}
END_TEST

UNIT_MAIN("provider/webhook_map", a_whole_item_becomes_a_whole_event,
          a_bare_item_becomes_a_skinny_event, items_are_counted_by_what_became_of_them,
          what_is_deleted_or_no_record_has_no_fields, what_does_not_show_its_change_is_skinny,
          changed_speaks_unified_names, actors_are_us_then_their_class_then_people,
          times_are_read_by_their_unit, a_merge_says_into_what, all_that_were_merged_say_into_what,
          one_delivery_id_serves_many_items, delivery_ids_stand_in_headers,
          accounts_are_named_once_and_kept_apart, what_cannot_be_read_is_an_error,
          odd_bytes_make_no_broken_lines, ids_that_are_none_make_one_reject,
          a_record_is_not_copied_without_end, more_accounts_than_anybody_has_are_refused,
          an_id_that_is_not_signed_is_bound_to_the_body)
