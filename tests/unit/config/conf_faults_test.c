#include <config.h>

#include "scratch.h"

#include "good.h"

struct row {
    const char *old, *new, *fault;
};

static void
check_rows(const struct row *rows, size_t n)
{
    struct scratch s = scratch_new();
    char *path = mem_printf("%s/loopless.yaml", s.dir);

    for (size_t i = 0; i < n; i++) {
        char *text = scratch_edit(good, rows[i].old, rows[i].new);
        struct faults *f = faults_new();

        ck_assert_msg(load(&s, text, f) == NULL, "accepted: %s", rows[i].new);
        scratch_expect(f, path, rows[i].fault, rows[i].new);
        ck_assert_msg(faults_count(f) == 1, "more than one fault for: %s\n%s", rows[i].new,
                      faults_get(f, 1));
        faults_free(f);
        free(text);
    }
    free(path);
    scratch_free(&s);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

START_TEST(names_faults_of_the_frame)
{
    static const struct row rows[] = {
        {"version: 1", "version: 2", "1:10: version must be from 1 to 1"},
        {"version: 1\n", "", "1:1: missing key 'version'"},
        {"version: 1", "version: one", "1:10: version must be a whole number, is text"},
        {"state: sqlite:acme.db\n", "", "1:1: missing key 'state'"},
        {"sqlite:acme.db", "acme.db", "2:8: state must be sqlite:PATH"},
        {"sqlite:acme.db", "\"sqlite:\"", "2:8: state must be sqlite:PATH"},
        {"sqlite:acme.db", "postgresql://h/d",
         "2:8: state: PostgreSQL is not supported yet (use sqlite:PATH)"},
        {"jobs:", "job:", "32:1: unknown key 'job' (did you mean jobs?)"},
        {"retention: 14d", "retention: 6d",
         "37:12: retention must be at least 7d (longer than any provider retries)"},
        {"retention: 14d", "retention: soon",
         "37:12: retention must be a duration (500ms, 30s, 5m, 4h, 2d)"},
        {"max_creates: 10", "max_creates: lots",
         "35:23: max_creates must be a number, a share such as 20%, or none"},
        {"max_updates: 20%", "max_updates: 120%",
         "35:40: max_updates must be a number, a share such as 20%, or none"},
        {"max_creates: 10", "max_create: 10",
         "35:10: unknown key 'max_create' (did you mean max_creates?)"},
        {"alternations: 4", "alternations: 1", "36:25: alternations must be from 2 to 1000"},
        {"window: 5m", "window: [5m]", "36:36: window must be a duration (500ms, 30s, 5m, 4h, 2d)"},
        {"max_creates: 10", "max_deletes: 10",
         "35:23: max_deletes is said for each resource (deletes: {max, max_percent})"},
        {"limits: {max_creates: 10, max_updates: 20%, max_changed: none}", "limits: none",
         "35:9: limits must be a map, is text"},
        {"retention: 14d", "version: 1", "37:1: duplicate key 'version' (first in line 1)"},
    };

    CHECK_ROWS(rows);
}
END_TEST

START_TEST(names_faults_of_systems)
{
    static const struct row rows[] = {
        {"provider: rest\n    account: \"1\"", "provider: none\n    account: \"1\"",
         "5:15: there is no definition none (an installed name, or a path such as ./app.yaml)"},
        {"    account: \"1\"\n", "", "5:5: missing key 'account'"},
        {"account: \"1\"", "account: \"\"", "6:14: account must be text, is empty"},
        {"account: \"1\"", "account: true",
         "6:14: account must be text, is true or false (quote it)"},
        {"account: \"1\"", "account: \"1\"\n    colour: red", "7:5: unknown key 'colour'"},
        {"account: \"1\"", "account: \"1\"\n    concurrency: 0",
         "7:18: concurrency must be from 1 to 64"},
        {"account: \"1\"", "account: \"1\"\n    echo: {trust_actor: true}",
         "7:25: trust_actor needs self: who we are there"},
        {"account: \"1\"", "account: \"1\"\n    echo: {trust_actor: yes}",
         "7:25: trust_actor must be true or false, is text"},
        {"account: \"1\"", "account: \"1\"\n    webhook: {path: /x, secrets: [abc]}",
         "7:35: secrets: secrets only by ${env:NAME} or ${file:PATH}"},
        {"    base_url: http://127.0.0.1:8081\n", "",
         "5:5: missing key 'base_url' (rest does not say one)"},
        {"http://127.0.0.1:8081", "http://api.example.com",
         "7:15: base_url: plain http sends the secret readable to all on the way (use https://, "
         "or say insecure: true)"},
        {"http://127.0.0.1:8081", "http://127.0.0.1.example.com",
         "7:15: base_url: plain http sends the secret readable to all on the way (use https://, "
         "or say insecure: true)"},
        {"http://127.0.0.1:8081", "ftp://x",
         "7:15: base_url must start with https:// (or http:// for this host)"},
        {"http://127.0.0.1:8081", "https://", "7:15: base_url has no host"},
        {"http://127.0.0.1:8081", "https://:80", "7:15: base_url has no host"},
        {"http://127.0.0.1:8081", "https://h:8x", "7:15: base_url has a port that is no number"},
        {"http://127.0.0.1:8081", "https://me:pw@h",
         "7:15: base_url must hold no user or password (credentials go under auth)"},
        {"http://127.0.0.1:8081", "https://h/x?y=1",
         "7:15: base_url must have no query and no fragment"},
        {"http://127.0.0.1:8081", "https://h x",
         "7:15: base_url holds a character that no URL has"},
        {"type: bearer", "type: two_step",
         "8:11: rest does not take auth two_step (it takes: none, bearer, basic, header, query, "
         "oauth2_refresh, client_credentials, jwt)"},
        {"type: bearer", "type: baerer", "8:18: unknown auth type 'baerer' (did you mean bearer?)"},
        {"type: bearer, ", "", "8:11: missing key 'type'"},
        {", token: \"${env:LOOPLESS_TEST_TOKEN}\"", "", "8:11: missing key 'token'"},
        {"token: \"${env:LOOPLESS_TEST_TOKEN}\"", "token: s3cret",
         "8:33: token: secrets only by ${env:NAME} or ${file:PATH}"},
        {"${env:LOOPLESS_TEST_TOKEN}", "${env:LOOPLESS_TEST_NONE}",
         "8:33: secret variable LOOPLESS_TEST_NONE is not set (export LOOPLESS_TEST_NONE=...)"},
        {"type: bearer, token:", "type: header, token:", "8:11: missing key 'header'"},
        {"user: me, ", "", "13:11: missing key 'user'"},
        {"user: me, ", "user: me, token: x, ", "13:35: unknown key 'token'"},
    };

    CHECK_ROWS(rows);
}
END_TEST

START_TEST(refuses_names_that_mean_something_else)
{
    static const char *const names[] = {"any", "report", "manual",   "a:b",
                                        "a/b", "-x",     "unmapped", "loopless"};
    struct scratch s = scratch_new();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *key = mem_printf("  %s:\n", names[i]);
        char *text = scratch_edit(good, "  left:\n", key);
        struct faults *f = faults_new();

        ck_assert_ptr_null(load(&s, text, f));
        ck_assert_msg(strstr(faults_get(f, 0), ":4:3: a system") != NULL, "%s", faults_get(f, 0));
        faults_free(f);
        free(text);
        free(key);
    }
    scratch_free(&s);
}
END_TEST

START_TEST(names_faults_of_syncs)
{
    static const struct row rows[] = {
        {"between: [left, right]", "between: [left, right, left]", "16:28: left stands here twice"},
        {"between: [left, right]", "between: [left, right, wrong]",
         "16:28: there is no system 'wrong'"},
        {"match: [email]", "match: [e_mail]",
         "17:13: crm/contacts has no field 'e_mail' (did you mean email?)"},
        {"match: [email]", "match: email", "17:12: match must be a list, is text"},
        {"match:", "macth:", "17:5: unknown key 'macth' (did you mean match?)"},
        {"first_contact: report", "first_contact: overwrite",
         "18:20: there is no system 'overwrite'"},
        {"create: {left: true", "create: {lft: true",
         "19:14: there is no system 'lft' (did you mean left?)"},
        {"create: {left: true", "create: {left: yes", "19:20: left must be true or false, is text"},
        {"policy: ignore", "policy: maybe", "20:23: policy must be one of: ignore, propagate"},
        {"max_percent: 10", "max_percent: 101", "20:66: max_percent must be from 0 to 100"},
        {"conflict: last-write-wins", "conflict: first", "21:15: there is no system 'first'"},
        {"conflict: last-write-wins", "skew: 5x",
         "21:11: skew must be a duration (500ms, 30s, 5m, 4h, 2d)"},
        {"first_name: any", "first_name: lefty",
         "23:19: there is no system 'lefty' (did you mean left?)"},
        {"first_name: any", "firstname: any",
         "23:7: crm/contacts has no field 'firstname' (did you mean first_name?)"},
        {"first_name: any", "first_name: {}", "23:19: missing key 'owner'"},
        {"email: {owner: left}", "email: {owner: left, conflict: manual}",
         "24:38: conflict is for owner: any (left wins as the owner)"},
        {"values: words", "values: word",
         "26:37: there is no table 'word' under values (did you mean words?)"},
    };

    CHECK_ROWS(rows);
}
END_TEST

START_TEST(names_faults_of_tables_and_jobs)
{
    static const struct row rows[] = {
        {"    left: {lead", "    lefd: {lead",
         "29:5: there is no system 'lefd' (did you mean left?)"},
        {"{NEW: new, WON: won}", "[NEW]",
         "30:12: must be a map (the system's word: the unified word), is a list"},
        {"{NEW: new, WON: won}", "{}",
         "30:12: no word is known here (a system that speaks the unified words is left out)"},
        {"{NEW: new, WON: won}", "{NEW: new, NEW: won}",
         "30:23: duplicate key 'NEW' (first in line 30)"},
        {"    left: {lead: new, customer: won, other: won}\n    right: {NEW: new, WON: won}\n", "",
         "29:5: no system's words stand here"},
        {"NEW: new", "NEW: [new]", "30:18: NEW must be text, is a list"},
        {"unmapped: skip", "unmapped: drop", "31:15: unmapped must be one of: reject, skip, pass"},
        {"{system: left, resource", "{system: lef, resource",
         "33:18: there is no system 'lef' (did you mean left?)"},
        {"system: left, resource: crm/contacts", "system: left, resource: crm/contact",
         "33:34: there is no entry for 'crm/contact' under sync (did you mean crm/contacts?)"},
        {"system: left, resource: crm/contacts", "system: left", "33:9: missing key 'resource'"},
        {"every: 4h", "every: often", "33:55: every must be a duration (500ms, 30s, 5m, 4h, 2d)"},
        {"every: 4h", "every: 0", "33:55: every must be more than nothing"},
        {"every: 4h", "query: {a: b}",
         "33:55: query is not supported in this version (leave it out)"},
        {"every: 4h", "depends_on: [right]",
         "33:60: depends_on is not supported in this version (leave it out)"},
        {"  left: {system", "  a/b: {system",
         "33:3: a job's name has no space, slash or colon and starts with no hyphen"},
    };

    CHECK_ROWS(rows);
}
END_TEST

START_TEST(collects_all_faults_of_all_files)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *definition = scratch_write(&s, "mine.yaml",
                                     "definition: 1\nname: mine\nauth: [bearer]\n"
                                     "resources:\n  crm/contacts: {id: id}\n",
                                     -1);
    char *one = scratch_edit(good, "provider: rest", "provider: ./mine.yaml");
    char *two = scratch_edit(one, "version: 1", "version: 7");
    char *three = scratch_edit(two, "every: 15m", "every: [1]");
    char *expected = mem_printf("%s:5:17: missing key 'fields'", definition);

    ck_assert_ptr_null(load(&s, three, f));
    ck_assert_uint_ge(faults_count(f), 4);
    ck_assert_ptr_nonnull(strstr(faults_get(f, 0), "loopless.yaml:1:10: "));
    ck_assert_str_eq(faults_get(f, faults_count(f) - 1), expected);
    ck_assert_ptr_nonnull(strstr(faults_get(f, faults_count(f) - 2), "loopless.yaml:34:"));
    free(definition);
    free(one);
    free(two);
    free(three);
    free(expected);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(a_resource_nobody_defines_is_named_in_each_place)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *text = scratch_edit(good, "crm/contacts:\n", "crm/deals:\n");

    ck_assert_ptr_null(load(&s, text, f));
    ck_assert_uint_eq(faults_count(f), 4);
    ck_assert_ptr_nonnull(strstr(faults_get(f, 0), ":16:15: rest has no crm/deals"));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 1), ":16:21: rest has no crm/deals"));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 2), ":33:34: there is no entry for"));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 3), ":34:36: there is no entry for"));
    free(text);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(never_tells_a_secret)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *literal = scratch_edit(good, "${env:LOOPLESS_TEST_TOKEN}", "s3cret-in-the-file");
    char *text = scratch_edit(literal, "version: 1", "version: 3");

    setenv("LOOPLESS_TEST_TOKEN", "s3cret\nX-Injected: 1", 1);
    ck_assert_ptr_null(load(&s, text, f));
    ck_assert_uint_eq(faults_count(f), 3);
    for (size_t i = 0; i < faults_count(f); i++)
        ck_assert_ptr_null(strstr(faults_get(f, i), "s3cret"));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 2), "line break or control character"));
    free(literal);
    free(text);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

UNIT_MAIN("config/conf_faults", names_faults_of_the_frame, names_faults_of_systems,
          refuses_names_that_mean_something_else, names_faults_of_syncs,
          names_faults_of_tables_and_jobs, collects_all_faults_of_all_files,
          a_resource_nobody_defines_is_named_in_each_place, never_tells_a_secret)
