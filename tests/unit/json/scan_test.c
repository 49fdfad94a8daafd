#include <config.h>

#include "../unit.h"
#include "base/mem.h"
#include "json/scan.h"
#include "json/val.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The raw text of member NAME of LINE, "-" if absent. */
static const char *
raw(const char *line, const char *name)
{
    static char out[1000];
    struct scan_member m = {.name = name};
    struct err err = ERR_INIT;

    ck_assert_msg(scan_object(line, strlen(line), &m, 1, &err) == 0, "%s: %s", line, err.text);
    if (m.text == NULL)
        return "-";
    ck_assert_uint_lt(m.len, sizeof out);
    memcpy(out, m.text, m.len);
    out[m.len] = '\0';
    return out;
}

START_TEST(gives_raw_values)
{
    static const char line[] =
        " { \"a\" : 1.10 ,\"b\":[ 1, {\"a\":2} ] , \"s\":\"x\\\"}\",\"e\":{},"
        "\"n\":null,\"big\":18446744073709551615 } ";

    ck_assert_str_eq(raw(line, "a"), "1.10");
    ck_assert_str_eq(raw(line, "b"), "[ 1, {\"a\":2} ]");
    ck_assert_str_eq(raw(line, "s"), "\"x\\\"}\"");
    ck_assert_str_eq(raw(line, "e"), "{}");
    ck_assert_str_eq(raw(line, "n"), "null");
    ck_assert_str_eq(raw(line, "big"), "18446744073709551615");
    ck_assert_str_eq(raw(line, "c"), "-");
    ck_assert_str_eq(raw("{}", "a"), "-");
}
END_TEST

START_TEST(finds_top_level_members_only)
{
    ck_assert_str_eq(raw("{\"x\":{\"seq\":1},\"y\":[{\"seq\":2}]}", "seq"), "-");
    ck_assert_str_eq(raw("{\"x\":{\"seq\":1},\"seq\":3}", "seq"), "3");
}
END_TEST

START_TEST(finds_names_written_with_escapes)
{
    ck_assert_str_eq(raw("{\"\\u0073eq\":5}", "seq"), "5");
    ck_assert_str_eq(raw("{\"se\":1,\"seqq\":2,\"\":3}", "seq"), "-");
    ck_assert_str_eq(raw("{\"se\\u0071x\":1}", "seq"), "-");
}
END_TEST

START_TEST(finds_several_at_once)
{
    struct scan_member want[] = {{.name = "c"}, {.name = "missing"}, {.name = "a"}};
    static const char line[] = "{\"a\":1,\"b\":2,\"c\":3}";

    ck_assert_int_eq(scan_object(line, strlen(line), want, 3, NULL), 0);
    ck_assert_int_eq(scan_int(&want[0]), 3);
    ck_assert_ptr_null(want[1].text);
    ck_assert_int_eq(scan_int(&want[2]), 1);
}
END_TEST

/* Wanted names are told from each other by another way than the others. */
START_TEST(no_name_comes_twice)
{
    static const struct {
        const char *line;
        const char *text;
    } cases[] = {
        {"{\"seq\":1,\"seq\":1}", "duplicate member at byte 10"},
        {"{\"seq\":1,\"v\":[],\"seq\":{}}", "duplicate member at byte 17"},
        {"{\"v\":{},\"v\":1}", "duplicate member at byte 9"},
        {"{\"seq\":1, \"seq\":1}", "duplicate member at byte 11"},
        {"{\"seq\":1,\"s\\u0065q\":1}", "duplicate member at byte 10"},
        {"{\"s\\u0065q\":1,\"seq\":1}", "duplicate member at byte 15"},
        {"{\"x\":1,\"seq\":1,\"x\":1}", "duplicate member at byte 16"},
        {"{\"seq\":{\"a\":1,\"a\":1}}", "duplicate member at byte 15"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scan_member m[] = {{.name = "seq"}, {.name = "v"}};
        struct err err = ERR_INIT;

        ck_assert_int_eq(scan_object(cases[i].line, strlen(cases[i].line), m, 2, &err), -1);
        ck_assert_str_eq(err.text, cases[i].text);
        ck_assert_ptr_null(m[0].text);
    }
}
END_TEST

START_TEST(what_is_no_object_is_refused)
{
    static const char *const texts[] = {"[]", "1", "\"{}\"", "null", "[{\"a\":1}]"};
    struct scan_member m = {.name = "a"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = ERR_INIT;

        ck_assert_int_eq(scan_object(texts[i], strlen(texts[i]), &m, 1, &err), -1);
        ck_assert_str_eq(err.code, "not-object");
    }
}
END_TEST

START_TEST(a_broken_line_gives_no_member)
{
    struct scan_member m = {.name = "a"};
    struct err err = ERR_INIT;

    ck_assert_int_eq(scan_object("{\"a\":1,\"b\":}", 12, &m, 1, &err), -1);
    ck_assert_str_eq(err.code, "bad-json");
    ck_assert_str_eq(err.text, "no JSON value at byte 12");
    ck_assert_ptr_null(m.text);
}
END_TEST

static struct scan_member
member(const char *text)
{
    struct scan_member m = {.name = "m", .text = text, .len = text == NULL ? 0 : strlen(text)};

    return m;
}

START_TEST(reads_raw_values)
{
    struct scan_member absent = member(NULL), null = member("null"), text = member("\"abc\""),
                       five = member("5"), big = member("9223372036854775808"),
                       real = member("1.0"), less = member("-1"), zero = member("0");

    ck_assert(scan_is_null(&absent) && scan_is_null(&null) && !scan_is_null(&text));
    ck_assert(scan_equals(&text, "abc") && !scan_equals(&text, "ab") && !scan_equals(&five, "5"));
    ck_assert(!scan_equals(&absent, "") && !scan_equals(&null, "ul"));
    ck_assert_int_eq(scan_int(&five), 5);
    ck_assert_int_eq(scan_int(&zero), 0);
    ck_assert_int_eq(scan_int(&big), -1);
    ck_assert_int_eq(scan_int(&real), -1);
    ck_assert_int_eq(scan_int(&less), -1);
    ck_assert_int_eq(scan_int(&text), -1);
    ck_assert_int_eq(scan_int(&absent), -1);
}
END_TEST

START_TEST(decodes_into_the_room_there_is)
{
    struct scan_member m = member("\"a\\u20acb\""), five = member("5"), absent = member(NULL),
                       nul = member("\"a\\u0000b\""), empty = member("\"\"");
    char out[6];

    ck_assert_int_eq(scan_text(&m, out, 6), 0);
    ck_assert_str_eq(out, "a\xe2\x82\xac"
                          "b");
    ck_assert_int_eq(scan_text(&m, out, 5), -1);
    ck_assert_int_eq(scan_text(&empty, out, 1), 0);
    ck_assert_str_eq(out, "");
    ck_assert_int_eq(scan_text(&empty, out, 0), -1);
    ck_assert_int_eq(scan_text(&five, out, 6), -1);
    ck_assert_int_eq(scan_text(&absent, out, 6), -1);
    ck_assert_int_eq(scan_text(&nul, out, 6), -1);
}
END_TEST

/* A fixed sequence, the same on every machine. */
static uint32_t
draw(uint32_t below)
{
    static uint64_t state = 20260102;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static void
draw_value(struct buf *out, int depth)
{
    static const char *const atoms[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-0",
                                        "1.10",
                                        "0.1",
                                        "1e400",
                                        "18446744073709551615",
                                        "\"\"",
                                        "\"text that is longer than eight\"",
                                        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
                                        "\"\\u0041\\ud83d\\ude00\\n\"",
                                        "\"\\\"\\\\\"",
                                        "\"a\\u0000b\"",
                                        "-1.5E-7"};
    static const char *const names[] = {
        "a", "b", "seq", "system", "\\u0063", "name of some length", "\xc3\xa9", "\\n"};
    uint32_t kind = draw(depth > 4 ? 1 : 4), n = draw(5), first = draw(8);

    if (kind < 2) {
        buf_text(out, atoms[draw(sizeof atoms / sizeof atoms[0])]);
        return;
    }
    buf_text(out, kind == 2 ? "[" : "{");
    for (uint32_t i = 0; i < n; i++) {
        buf_text(out, i == 0 ? "" : draw(2) ? "," : " ,\t");
        if (kind == 3)
            buf_printf(out, "\"%s\":%s", names[(first + i) % 8], draw(2) ? "" : " ");
        draw_value(out, depth + 1);
    }
    buf_text(out, kind == 2 ? "]" : "}");
}

static void
mutate(struct buf *b)
{
    static const char bytes[] = "\"\\{}[],:0-.eEu\x80\xc3\xed\xa0\xf0\xff\x01 \nnat";
    size_t at = draw((uint32_t)b->len);

    switch (draw(4)) {
    case 0:
        b->data[at] = (char)draw(256);
        break;
    case 1:
        b->data[at] = bytes[draw(sizeof bytes)];
        break;
    case 2:
        memmove(b->data + at, b->data + at + 1, b->len - at);
        b->len--;
        break;
    default:
        buf_char(b, 'x');
        memmove(b->data + at + 1, b->data + at, b->len - 1 - at);
        b->data[at] = bytes[draw(sizeof bytes)];
    }
}

/* Both readers say the same of TEXT; what is taken round-trips. Was it taken? */
static bool
agree(struct arena *a, const struct buf *text)
{
    /* exactly as long as it is, so that ASan sees a read behind it */
    CLEANUP_FREE char *exact = mem_resize(NULL, text->len, 1);
    struct scan_member m[] = {{.name = "seq"}, {.name = "b"}, {.name = "v"}};
    struct err e1 = ERR_INIT, e2 = ERR_INIT;
    const struct val *v, *w;
    const char *out;
    bool object;

    memcpy(exact, text->data, text->len);
    v = val_parse(a, exact, text->len, &e1);
    object = scan_object(exact, text->len, m, 3, &e2) == 0;
    ck_assert_msg(object == (v != NULL && v->kind == VAL_OBJECT), "%s", text->data);
    if (v == NULL) {
        ck_assert_str_eq(e1.text, e2.text);
        return false;
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(object && m[i].text != NULL, val_get(v, m[i].name) != NULL);
        if (m[i].text != NULL)
            ck_assert(val_equal(val_parse(a, m[i].text, m[i].len, NULL), val_get(v, m[i].name)));
    }
    out = val_write_text(a, v);
    w = val_parse(a, out, strlen(out), NULL);
    ck_assert_msg(val_equal(v, w), "%s became %s", text->data, out);
    ck_assert_str_eq(val_write_text(a, w), out);
    ck_assert_str_eq(val_canon_text(a, w), val_canon_text(a, v));
    return true;
}

START_TEST(scan_and_parse_take_the_same_texts)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    int taken = 0, refused = 0;

    for (int i = 0; i < 2000; i++) {
        CLEANUP_BUF struct buf good = BUF_INIT;

        buf_text(&good, "{\"seq\":");
        draw_value(&good, 0);
        buf_text(&good, ",\"v\":");
        draw_value(&good, 0);
        buf_char(&good, '}');
        ck_assert_msg(agree(a, &good), "%s was refused", good.data);
        for (int k = 0; k < 10; k++) {
            CLEANUP_BUF struct buf bad = BUF_INIT;

            buf_add(&bad, good.data, good.len);
            for (uint32_t n = 1 + draw(3); n > 0; n--)
                mutate(&bad);
            if (agree(a, &bad))
                taken++;
            else
                refused++;
        }
        arena_reset(a);
    }
    ck_assert_int_gt(taken, 1000);
    ck_assert_int_gt(refused, 1000);
}
END_TEST

UNIT_MAIN("json/scan", gives_raw_values, finds_top_level_members_only,
          finds_names_written_with_escapes, finds_several_at_once, no_name_comes_twice,
          what_is_no_object_is_refused, a_broken_line_gives_no_member, reads_raw_values,
          decodes_into_the_room_there_is, scan_and_parse_take_the_same_texts)
