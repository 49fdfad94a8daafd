#include <config.h>

#include "scratch.h"

#include "base/buf.h"

static struct yaml_file *
parse(const char *text, struct faults *f)
{
    return yaml_parse("f", text, strlen(text), f);
}

START_TEST(knows_the_core_schema)
{
    static const struct {
        const char *text;
        enum yaml_kind kind;
    } rows[] = {
        {"~", YAML_NULL},      {"null", YAML_NULL},       {"true", YAML_BOOL}, {"False", YAML_BOOL},
        {"yes", YAML_TEXT},    {"on", YAML_TEXT},         {"y", YAML_TEXT},    {"12", YAML_INT},
        {"-3", YAML_INT},      {"012", YAML_INT},         {"0x1F", YAML_INT},  {"0o17", YAML_INT},
        {"1.5", YAML_FLOAT},   {"1e3", YAML_FLOAT},       {".5", YAML_FLOAT},  {".inf", YAML_FLOAT},
        {".nan", YAML_FLOAT},  {"1_000", YAML_TEXT},      {"1:30", YAML_TEXT}, {"\"1\"", YAML_TEXT},
        {"'true'", YAML_TEXT}, {"2026-01-02", YAML_TEXT}, {"1.", YAML_FLOAT},  {".", YAML_TEXT},
        {"0x", YAML_TEXT},     {"-", YAML_LIST},          {"+", YAML_TEXT},    {"1e", YAML_TEXT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct faults *f = faults_new();
        struct yaml_file *file = parse(rows[i].text, f);

        ck_assert_msg(file != NULL, "%s", rows[i].text);
        ck_assert_msg(yaml_root(file)->kind == rows[i].kind, "%s is kind %d", rows[i].text,
                      (int)yaml_root(file)->kind);
        yaml_file_free(file);
        faults_free(f);
    }
}
END_TEST

START_TEST(keeps_positions_and_text)
{
    struct faults *f = faults_new();
    struct yaml_file *file = parse("a: 1\nb:\n  - x\n  - {c: \"d e\"}\n", f);
    const struct yaml *b = yaml_get(yaml_root(file), "b");
    const struct yaml *c = yaml_get(b->items[1], "c");

    ck_assert_uint_eq(b->n, 2);
    ck_assert_int_eq(b->items[0]->line, 3);
    ck_assert_int_eq(b->items[0]->column, 5);
    ck_assert_str_eq(c->text, "d e");
    ck_assert_int_eq(c->line, 4);
    ck_assert_int_eq(c->column, 9);
    ck_assert_ptr_null(yaml_get(yaml_root(file), "z"));
    ck_assert_ptr_null(yaml_get(c, "z"));
    ck_assert_ptr_null(yaml_get(NULL, "z"));
    yaml_file_free(file);
    faults_free(f);
}
END_TEST

START_TEST(refuses_what_is_no_plain_yaml)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"", "f: the file is empty"},
        {"# only a comment\n", "f: the file is empty"},
        {"a: [1, 2", "f:2:1: broken YAML: did not find expected ',' or ']' (while parsing a flow "
                     "sequence from line 1)"},
        {"a: 1\nb: : 2\n", "f:2:4: broken YAML: mapping values are not allowed in this context"},
        {"a:\n\t- 1\n", "f:2:1: broken YAML: found character that cannot start any token"},
        {"a: 1\n---\nb: 2\n", "f:2:1: more than one document in the file"},
        {"a: !!str 1\n", "f:1:4: tags are not supported (quote the value to make it text)"},
        {"a: !x [1]\n", "f:1:4: tags are not supported"},
        {"a: &x {b: 1}\nc:\n  <<: *x\n",
         "f:3:3: merge keys are not supported (write the keys out)"},
        {"? [a]\n: 1\n", "f:1:3: a key must be text, not a map or a list"},
        {"a: *x\n", "f:1:4: alias of an anchor that is not defined before it"},
        {"a: &x [*x]\n", "f:1:8: alias of an anchor that is not defined before it"},
        {"a: \"x\\0y\"\n", "f:1:4: text with a NUL in it"},
        {"a: \xff\xfe\n", "f: not UTF-8 text: invalid leading UTF-8 octet at byte 3"},
        {"a: 1\n\x01: 2\n", "f: not UTF-8 text: control characters are not allowed at byte 5"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct faults *f = faults_new();
        struct yaml_file *file = parse(rows[i].text, f);

        ck_assert_msg(file == NULL, "accepted: %s", rows[i].text);
        ck_assert_uint_eq(faults_count(f), 1);
        ck_assert_str_eq(faults_get(f, 0), rows[i].fault);
        faults_free(f);
    }
}
END_TEST

START_TEST(names_duplicate_keys_and_goes_on)
{
    struct faults *f = faults_new();
    struct yaml_file *file = parse("a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n", f);

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(faults_count(f), 2);
    ck_assert_str_eq(faults_get(f, 0), "f:2:17: duplicate key 'c' (first in line 2)");
    ck_assert_str_eq(faults_get(f, 1), "f:3:1: duplicate key 'a' (first in line 1)");
    yaml_file_free(file);
    faults_free(f);
}
END_TEST

START_TEST(follows_aliases)
{
    struct faults *f = faults_new();
    struct yaml_file *file = parse("a: &x {b: [1, 2]}\nc: *x\n", f);
    const struct yaml *c = yaml_get(yaml_root(file), "c");

    ck_assert_uint_eq(yaml_get(c, "b")->n, 2);
    ck_assert_int_eq(c->line, 1);
    yaml_file_free(file);
    faults_free(f);
}
END_TEST

START_TEST(refuses_a_billion_laughs)
{
    struct buf text = BUF_INIT;
    struct faults *f = faults_new();

    buf_text(&text, "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&text, "l%d: &l%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_printf(&text, "%s*l%d", j > 0 ? ", " : "", i - 1);
        buf_text(&text, "]\n");
    }
    ck_assert_ptr_null(parse(buf_get(&text), f));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 0), "more than 100000 values"));
    faults_free(f);
    buf_release(&text);
}
END_TEST

START_TEST(limits_depth_also_through_aliases)
{
    struct buf text = BUF_INIT;
    struct faults *f = faults_new();
    struct yaml_file *file;

    for (int i = 0; i < 64; i++)
        buf_char(&text, '[');
    for (int i = 0; i < 64; i++)
        buf_char(&text, ']');
    file = parse(buf_get(&text), f);
    ck_assert_ptr_nonnull(file);
    yaml_file_free(file);
    buf_clear(&text);
    for (int i = 0; i < 900; i++)
        buf_char(&text, '[');
    ck_assert_ptr_null(parse(buf_get(&text), f));
    ck_assert_str_eq(faults_get(f, 0), "f:1:65: nested deeper than 64");
    faults_free(f);

    f = faults_new();
    buf_clear(&text);
    buf_text(&text, "a: &a [[[[[[[[[[1]]]]]]]]]]\n");
    for (char c = 'b'; c < 'i'; c++)
        buf_printf(&text, "%c: &%c [[[[[[[[[[*%c]]]]]]]]]]\n", c, c, c - 1);
    ck_assert_ptr_null(parse(buf_get(&text), f));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 0), "nested deeper than 64"));
    faults_free(f);
    buf_release(&text);
}
END_TEST

START_TEST(refuses_large_files_and_many_values)
{
    struct scratch s = scratch_new();
    size_t size = 10 * 1024 * 1024;
    char *big = mem_alloc(size), *path, *expected;
    struct faults *f = faults_new();

    memset(big, 'a', size);
    path = scratch_write(&s, "big.yaml", big, (long)size);
    ck_assert_ptr_null(yaml_load(path, f));
    expected = mem_printf("%s: larger than 1024 KiB", path);
    ck_assert_str_eq(faults_get(f, 0), expected);
    ck_assert_ptr_null(yaml_parse("g", big, size, f));
    ck_assert_str_eq(faults_get(f, 1), "g: larger than 1024 KiB");

    memset(big, ',', 300000);
    for (size_t i = 1; i < 300000; i += 2)
        big[i] = '1';
    big[0] = '[';
    ck_assert_ptr_null(yaml_parse("h", big, 300000, f));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 2), "more than 100000 values"));
    free(big);
    free(path);
    free(expected);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(survives_binary_garbage)
{
    char garbage[512];
    unsigned state = 1;

    for (int round = 0; round < 500; round++) {
        struct faults *f = faults_new();
        struct yaml_file *file;

        for (size_t i = 0; i < sizeof garbage; i++) {
            state = state * 1664525u + 1013904223u;
            garbage[i] = (char)(state >> 24);
        }
        file = yaml_parse("f", garbage, sizeof garbage, f);
        ck_assert((file == NULL) == (faults_count(f) > 0));
        yaml_file_free(file);
        faults_free(f);
    }
}
END_TEST

START_TEST(hints_at_the_nearest_key)
{
    static const char *const known[] = {"between", "match", "create", NULL};
    struct faults *f = faults_new();
    struct yaml_file *file = parse("betwen: 1\nmatch: 2\nzzzzzzz: 3\n", f);

    yaml_check_keys(yaml_root(file), known, "f", f);
    yaml_check_keys(yaml_get(yaml_root(file), "match"), known, "f", f);
    yaml_check_keys(NULL, known, "f", f);
    ck_assert_uint_eq(faults_count(f), 3);
    ck_assert_str_eq(faults_get(f, 0), "f:1:1: unknown key 'betwen' (did you mean between?)");
    ck_assert_str_eq(faults_get(f, 1), "f:2:8: must be a map, is a whole number");
    ck_assert_str_eq(faults_get(f, 2), "f:3:1: unknown key 'zzzzzzz'");
    yaml_file_free(file);
    faults_free(f);
}
END_TEST

START_TEST(tells_each_fault_once_in_order_on_one_line)
{
    struct faults *f = faults_new();
    struct yaml late = {.line = 9, .column = 1}, early = {.line = 2, .column = 7};

    faults_add(f, "a", &late, "late");
    faults_add(f, "b", &early, "other file");
    faults_add(f, "a", &early, "with a\nline break and \x1b[31m");
    faults_add(f, "a", &late, "late");
    ck_assert_uint_eq(faults_count(f), 3);
    ck_assert_str_eq(faults_get(f, 0), "a:2:7: with a\\x0aline break and \\x1b[31m");
    ck_assert_str_eq(faults_get(f, 1), "a:9:1: late");
    ck_assert_str_eq(faults_get(f, 2), "b:2:7: other file");
    ck_assert_ptr_null(faults_get(f, 3));
    faults_free(f);
}
END_TEST

START_TEST(stops_telling_after_200_faults)
{
    struct faults *f = faults_new();

    for (int i = 1; i <= 1000; i++)
        faults_add(f, "a", &(struct yaml){.line = i, .column = 1}, "wrong");
    ck_assert_uint_eq(faults_count(f), 201);
    ck_assert_str_eq(faults_get(f, 200), "a: more than 200 faults, the rest are not shown");
    faults_free(f);
}
END_TEST

START_TEST(makes_json_templates)
{
    struct faults *f = faults_new();
    struct yaml_file *file = parse("a: [1, 1.5, true, ~, x, '2', 0x10, 99999999999999999999]\n"
                                   "b: {c: {}, d: .inf}\n",
                                   f);
    json_t *json = yaml_to_json(yaml_root(file));
    char *text = json_dumps(json, JSON_COMPACT);

    ck_assert_str_eq(text, "{\"a\":[1,1.5,true,null,\"x\",\"2\",16,\"99999999999999999999\"],"
                           "\"b\":{\"c\":{},\"d\":\".inf\"}}");
    free(text);
    json_decref(json);
    yaml_file_free(file);
    faults_free(f);
}
END_TEST

START_TEST(says_why_a_file_cannot_be_read)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *none = mem_printf("%s/none.yaml", s.dir);
    char *expected = mem_printf("%s: No such file or directory", none);

    ck_assert_ptr_null(yaml_load(none, f));
    ck_assert_str_eq(faults_get(f, 0), expected);
    ck_assert_ptr_null(yaml_load(s.dir, f));
    ck_assert_uint_eq(faults_count(f), 2);
    ck_assert_ptr_nonnull(strstr(faults_get(f, 1), "not a regular file"));
    free(none);
    free(expected);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

UNIT_MAIN("config/yaml", knows_the_core_schema, keeps_positions_and_text,
          refuses_what_is_no_plain_yaml, names_duplicate_keys_and_goes_on, follows_aliases,
          refuses_a_billion_laughs, limits_depth_also_through_aliases,
          refuses_large_files_and_many_values, survives_binary_garbage, hints_at_the_nearest_key,
          tells_each_fault_once_in_order_on_one_line, stops_telling_after_200_faults,
          makes_json_templates, says_why_a_file_cannot_be_read)
