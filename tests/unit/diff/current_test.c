#include <config.h>

#include "diff/current.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sync/fixture.h"
#include "../unit.h"

static char path[] = "/tmp/current-XXXXXX";

static struct current *
load(const char *text, struct err *err)
{
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    struct current *c;

    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    c = current_load(path, err);
    unlink(path);
    strcpy(path + strlen(path) - 6, "XXXXXX");
    return c;
}

#define LINE(system, id, fields)                                                                   \
    "{\"v\":1,\"system\":\"" system "\",\"resource\":\"crm/contacts\",\"record_id\":" id           \
    ",\"fields\":" fields "}\n"

START_TEST(finds_a_record_by_system_and_id)
{
    struct err err = ERR_INIT;
    struct current *c = load(LINE("b", "\"1\"", "{\"phone\":\"x\"}") LINE("b", "2", "{}"), &err);

    ck_assert_ptr_nonnull(current_get(c, "b", "crm/contacts", "1"));
    ck_assert_ptr_nonnull(current_get(c, "b", "crm/contacts", "2"));
    ck_assert_ptr_null(current_get(c, "b", "crm/contacts", "3"));
    ck_assert_ptr_null(current_get(c, "a", "crm/contacts", "1"));
    ck_assert_ptr_null(current_get(c, "b", "crm/companies", "1"));
    current_free(c);
}
END_TEST

START_TEST(the_last_line_of_a_record_counts)
{
    struct err err = ERR_INIT;
    struct current *c = load(
        LINE("b", "\"1\"", "{\"phone\":\"old\"}") LINE("b", "\"1\"", "{\"phone\":\"new\"}"), &err);
    const struct provider_record *r = current_get(c, "b", "crm/contacts", "1");

    ck_assert_str_eq(val_text(val_get(r->fields, "phone")), "new");
    current_free(c);
}
END_TEST

START_TEST(many_records_are_all_found)
{
    enum { N = 5000 };
    struct err err = ERR_INIT;
    char *text = calloc(N, 100), *p = text, id[16];
    struct current *c;

    for (int i = 0; i < N; i++)
        p += sprintf(p, LINE("b", "\"r%d\"", "{}"), i);
    c = load(text, &err);
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "r%d", i);
        ck_assert_str_eq(current_get(c, "b", "crm/contacts", id)->id, id);
    }
    current_free(c);
    free(text);
}
END_TEST

START_TEST(names_the_bad_line)
{
    struct err err = ERR_INIT;

    ck_assert_ptr_null(load(LINE("b", "\"1\"", "{}") "{\"system\":\"b\"}\n", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "line 2"));
    ck_assert_int_eq(err.status, EXIT_INPUT);
    err = (struct err)ERR_INIT;
    ck_assert_ptr_null(load(LINE("b", "\"1\"", "null"), &err));
    ck_assert_ptr_nonnull(strstr(err.text, "without fields"));
}
END_TEST

START_TEST(says_that_there_is_no_file)
{
    struct err err = ERR_INIT;

    ck_assert_ptr_null(current_load("/nonexistent/file", &err));
    ck_assert_int_eq(err.status, EXIT_IO);
}
END_TEST

START_TEST(matches_by_key_and_only_what_is_present_now)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);
    struct err err = ERR_INIT;
    const char *b = f->systems[1].name;
    const struct provider_record *found[4];
    struct current *c;
    char text[1000];

    fixture_match(f, "phone");
    snprintf(text, sizeof text,
             LINE("%s", "\"1\"", "{\"phone\":\"5\"}") LINE("%s", "\"2\"", "{\"phone\":\"6\"}")
                 LINE("%s", "\"1\"", "{\"phone\":\"7\"}") LINE("%s", "\"3\"", "{\"phone\":\"\"}"),
             b, b, b, b);
    c = load(text, &err);
    ck_assert_int_eq(current_match(c, &f->sync, 0, fixture_json(f, "{'phone':'6'}"), 1, found, 4),
                     1);
    ck_assert_str_eq(found[0]->id, "2");
    ck_assert_int_eq(current_match(c, &f->sync, 0, fixture_json(f, "{'phone':'5'}"), 1, found, 4),
                     0);
    ck_assert_int_eq(current_match(c, &f->sync, 0, fixture_json(f, "{'phone':'7'}"), 1, found, 4),
                     1);
    ck_assert_int_eq(current_match(c, &f->sync, 0, fixture_json(f, "{'phone':''}"), 1, found, 4),
                     0);
    current_free(c);
}
END_TEST

UNIT_MAIN("diff/current", finds_a_record_by_system_and_id, the_last_line_of_a_record_counts,
          many_records_are_all_found, names_the_bad_line, says_that_there_is_no_file,
          matches_by_key_and_only_what_is_present_now)
