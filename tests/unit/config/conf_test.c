#include <config.h>

#include "scratch.h"

#include "config/conf.h"

/* A config without a fault; the tables below change one place of it. */
static const char good[] =
    "version: 1\n"
    "state: sqlite:acme.db\n"
    "systems:\n"
    "  left:\n"
    "    provider: rest\n"
    "    account: \"1\"\n"
    "    base_url: http://127.0.0.1:8081\n"
    "    auth: {type: bearer, token: \"${env:LOOPLESS_TEST_TOKEN}\"}\n"
    "  right:\n"
    "    provider: rest\n"
    "    account: main\n"
    "    base_url: https://api.example.com/v1/\n"
    "    auth: {type: basic, user: me, password: \"${env:LOOPLESS_TEST_TOKEN}\"}\n"
    "sync:\n"
    "  crm/contacts:\n"
    "    between: [left, right]\n"
    "    match: [email]\n"
    "    first_contact: report\n"
    "    create: {left: true, right: false}\n"
    "    deletes: {policy: ignore, settle: 60s, max: 50, max_percent: 10}\n"
    "    conflict: last-write-wins\n"
    "    fields:\n"
    "      first_name: any\n"
    "      email: {owner: left}\n"
    "      notes: {owner: any, conflict: manual}\n"
    "      status: {owner: left, values: words}\n"
    "values:\n"
    "  words:\n"
    "    left: {lead: new, customer: won, other: won}\n"
    "    right: {NEW: new, WON: won}\n"
    "    unmapped: skip\n"
    "jobs:\n"
    "  left: {system: left, resource: crm/contacts, every: 4h}\n"
    "  right: {system: right, resource: crm/contacts, every: 15m}\n"
    "limits: {max_creates: 10, max_updates: 20%, max_changed: none}\n"
    "breaker: {alternations: 4, window: 5m, account_calls_floor: 1000}\n"
    "retention: 14d\n";

struct row {
    const char *old, *new, *fault;
};

static struct conf *
load(const struct scratch *s, const char *text, struct faults *f)
{
    char *path = scratch_write(s, "loopless.yaml", text, -1);
    struct conf *c = conf_load(path, false, f);

    free(path);
    return c;
}

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

START_TEST(loads_a_good_config)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct conf *c = load(&s, good, f);
    char *state = mem_printf("%s/acme.db", s.dir);
    const struct conf_sync *sync;

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_str_eq(c->state, state);
    ck_assert_str_eq(c->dir, s.dir);
    ck_assert_uint_eq(c->n_systems, 2);
    ck_assert_str_eq(c->systems[0].name, "left");
    ck_assert_int_eq(c->systems[0].line, 4);
    ck_assert_str_eq(c->systems[0].auth.token, "hush");
    ck_assert_str_eq(c->systems[1].base_url, "https://api.example.com/v1");
    ck_assert_str_eq(c->systems[1].auth.user, "me");
    ck_assert_str_eq(c->systems[1].auth.password, "hush");
    ck_assert_int_eq(c->systems[1].concurrency, 4);
    sync = conf_sync(c, "crm/contacts");
    ck_assert_ptr_nonnull(sync);
    ck_assert_uint_eq(sync->n_between, 2);
    ck_assert(sync->create[0] && !sync->create[1]);
    ck_assert_int_eq(sync->skew_ms, 5000);
    ck_assert_int_eq(sync_index(sync, "right"), 1);
    ck_assert_int_eq(sync_index(sync, "nobody"), -1);
    ck_assert_ptr_eq(conf_job(c, "right")->sync, sync);
    ck_assert_int_eq(conf_job(c, "left")->every_ms, 4 * 3600 * 1000);
    ck_assert_ptr_null(conf_job(c, "none"));
    ck_assert_ptr_null(conf_system(c, "none"));
    ck_assert_int_eq(c->max_creates.count, 10);
    ck_assert_int_eq(c->max_creates.percent, -1);
    ck_assert_int_eq(c->max_updates.percent, 20);
    ck_assert(c->max_changed.count < 0 && c->max_changed.percent < 0);
    ck_assert_int_eq(c->breaker_alternations, 4);
    ck_assert_int_eq(c->breaker_window_ms, 300000);
    ck_assert_int_eq(c->retention_ms, 14LL * 24 * 3600 * 1000);
    conf_free(c);
    free(state);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(resolves_fields_policies_and_tables)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct conf *c = load(&s, good, f);
    const struct conf_sync *sync = &c->syncs[0];
    const struct sync_field *status = sync_field(sync, "status");

    ck_assert_uint_eq(sync->n_fields, 4);
    ck_assert_ptr_null(sync_field(sync, "first_name")->owner);
    ck_assert_int_eq(sync_field(sync, "first_name")->conflict.kind, POLICY_LAST_WRITE_WINS);
    ck_assert_ptr_eq(sync_field(sync, "email")->owner, &c->systems[0]);
    ck_assert_int_eq(sync_field(sync, "notes")->conflict.kind, POLICY_MANUAL);
    ck_assert_ptr_null(sync_field(sync, "phone"));
    ck_assert_int_eq(sync->first_contact.kind, POLICY_REPORT);
    ck_assert_ptr_nonnull(status->values);
    ck_assert_int_eq(status->values->unmapped, UNMAPPED_SKIP);
    ck_assert_uint_eq(status->values->n_systems, 2);
    ck_assert_uint_eq(status->values->systems[0].n_rows, 3);
    ck_assert_str_eq(status->values->systems[0].rows[1].word, "customer");
    ck_assert_str_eq(status->values->systems[0].rows[1].unified, "won");
    ck_assert_ptr_eq(status->values->systems[1].system, &c->systems[1]);
    ck_assert_str_eq(resource_field(sync->defs[0], "email")->path, "email");
    conf_free(c);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(fills_in_the_defaults)
{
    static const char text[] =
        "version: 1\nstate: sqlite:/x/y.db\nsystems:\n"
        "  a: {provider: rest, account: 1, base_url: \"http://localhost\"}\n"
        "  b: {provider: rest, account: 2, base_url: \"http://[::1]:80/x\", auth: {type: none}}\n"
        "sync:\n  crm/contacts: {between: [a, b], first_contact: a, conflict: b, "
        "fields: {email: any}}\n";
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct conf *c = load(&s, text, f);

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_str_eq(c->state, "/x/y.db");
    ck_assert_str_eq(c->systems[0].account, "1");
    ck_assert_int_eq(c->systems[0].auth.kind, AUTH_NONE);
    ck_assert_int_eq(c->syncs[0].first_contact.kind, POLICY_SYSTEM);
    ck_assert_ptr_eq(c->syncs[0].first_contact.system, &c->systems[0]);
    ck_assert_ptr_eq(c->syncs[0].conflict.system, &c->systems[1]);
    ck_assert_ptr_eq(c->syncs[0].fields[0].conflict.system, &c->systems[1]);
    ck_assert(!c->syncs[0].create[0] && !c->syncs[0].create[1]);
    ck_assert_int_eq(c->max_creates.count, 1000);
    ck_assert_int_eq(c->max_updates.percent, 20);
    ck_assert_int_eq(c->max_changed.percent, 50);
    ck_assert_int_eq(c->breaker_alternations, 3);
    ck_assert_int_eq(c->breaker_window_ms, 600000);
    ck_assert_int_eq(c->retention_ms, 30LL * 24 * 3600 * 1000);
    ck_assert_uint_eq(c->n_jobs, 0);
    conf_free(c);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

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
         "7:25: trust_actor is not supported in this version (leave it out)"},
        {"account: \"1\"", "account: \"1\"\n    webhook: {secrets: [abc]}",
         "7:24: secrets: secrets only by ${env:NAME} or ${file:PATH}"},
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
        {"type: bearer", "type: oauth2_refresh",
         "8:18: auth type oauth2_refresh is not supported in this version (bearer, basic, header, "
         "none)"},
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
    static const char *const names[] = {"any", "report", "manual", "a:b", "a/b", "-x", "unmapped"};
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
        {"policy: ignore", "policy: propagate",
         "20:23: deletes: propagate is not supported in this version (use ignore)"},
        {"policy: ignore", "policy: maybe", "20:23: policy must be one of: ignore, propagate"},
        {"max_percent: 10", "max_percent: 101", "20:66: max_percent must be from 0 to 100"},
        {"conflict: last-write-wins", "conflict: first", "21:15: there is no system 'first'"},
        {"conflict: last-write-wins", "enforce: true",
         "21:14: enforce is not supported in this version (leave it out)"},
        {"conflict: last-write-wins", "propagate: [sync_engine]",
         "21:16: propagate is not supported in this version (leave it out)"},
        {"conflict: last-write-wins", "recreate: true",
         "21:15: recreate is not supported in this version (leave it out)"},
        {"conflict: last-write-wins", "owner: creator",
         "21:12: owner is not supported in this version (leave it out)"},
        {"conflict: last-write-wins", "skew: 5x",
         "21:11: skew must be a duration (500ms, 30s, 5m, 4h, 2d)"},
        {"first_name: any", "first_name: lefty",
         "23:19: there is no system 'lefty' (did you mean left?)"},
        {"first_name: any", "firstname: any",
         "23:7: crm/contacts has no field 'firstname' (did you mean first_name?)"},
        {"first_name: any", "first_name: {}", "23:19: missing key 'owner'"},
        {"first_name: any", "first_name: creator",
         "23:19: owner: creator is not supported in this version"},
        {"first_name: any", "company_id: any",
         "23:7: company_id is a reference, which is not supported in this version (leave the "
         "field out)"},
        {"first_name: any", "company_id: {owner: any, ref: crm/companies}",
         "23:37: ref: references come later, they are not supported in this version (leave the "
         "field out)"},
        {"email: {owner: left}", "email: {owner: left, conflict: manual}",
         "24:38: conflict is for owner: any (left wins as the owner)"},
        {"email: {owner: left}", "email: {owner: left, enforce: true}",
         "24:37: enforce is not supported in this version (leave it out)"},
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

START_TEST(needs_no_secret_where_no_call_is_made)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *path = scratch_write(&s, "loopless.yaml", good, -1);
    struct conf *c;

    unsetenv("LOOPLESS_TEST_TOKEN");
    ck_assert_ptr_null(conf_load(path, false, f));
    ck_assert_uint_eq(faults_count(f), 2);
    faults_free(f);
    f = faults_new();
    c = conf_load(path, true, f);
    ck_assert_ptr_nonnull(c);
    ck_assert_ptr_null(c->systems[0].auth.token);
    conf_free(c);
    free(path);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(finds_the_config_by_default)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *path = scratch_write(&s, "other.yaml", good, -1);
    struct conf *c;

    ck_assert_int_eq(chdir(s.dir), 0);
    unsetenv("LOOPLESS_CONFIG");
    ck_assert_ptr_null(conf_load(NULL, false, f));
    ck_assert_str_eq(faults_get(f, 0),
                     "./loopless.yaml: there is no config (name one by -c or $LOOPLESS_CONFIG)");
    faults_free(f);
    f = faults_new();
    setenv("LOOPLESS_CONFIG", path, 1);
    c = conf_load(NULL, false, f);
    ck_assert_ptr_nonnull(c);
    conf_free(c);
    setenv("LOOPLESS_CONFIG", "other.yaml", 1);
    c = conf_load(NULL, false, f);
    ck_assert_ptr_nonnull(c);
    ck_assert_str_eq(c->state, "acme.db");
    conf_free(c);
    free(path);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(finds_the_state_of_a_broken_config)
{
    static const struct {
        const char *text, *state;
    } rows[] = {
        {"state: sqlite:a.db\nsystems: 3\n", "a.db"},
        {"version: [1\nstate: sqlite:b.db  # here\n", "b.db"},
        {"a: {\nstate: \"sqlite:c.db\"\r\n", "c.db"},
        {"\tstate: sqlite:no.db\n", NULL},
        {"x: {\n  state: sqlite:no.db\n", NULL},
        {"version: 1\n", NULL},
        {"state: [sqlite:no.db]\n", NULL},
        {"state: mysql:x\n", NULL},
    };
    struct scratch s = scratch_new();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = scratch_write(&s, "loopless.yaml", rows[i].text, -1);
        char *full = mem_printf("%s/%s", s.dir, rows[i].state != NULL ? rows[i].state : "");
        struct err err = ERR_INIT;
        char *state = conf_state_path(path, &err);

        if (rows[i].state != NULL) {
            ck_assert_msg(state != NULL, "%s", err.text);
            ck_assert_str_eq(state, full);
        } else {
            ck_assert_msg(state == NULL, "found in: %s", rows[i].text);
            ck_assert_int_eq(err.status, EXIT_CONFIG);
        }
        free(state);
        free(full);
        free(path);
    }
    ck_assert_ptr_null(conf_state_path("/nonexistent/loopless.yaml", NULL));
    scratch_free(&s);
}
END_TEST

static char *
hash_of(const struct scratch *s, const char *text)
{
    struct faults *f = faults_new();
    struct conf *c = load(s, text, f);
    char *hash;

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    hash = mem_text(c->syncs[0].map_hash);
    ck_assert_uint_eq(strlen(hash), 64);
    conf_free(c);
    faults_free(f);
    return hash;
}

START_TEST(map_hash_changes_with_the_mapping_only)
{
    static const struct {
        const char *old, *new;
        bool same;
    } rows[] = {
        {"customer: won", "customer: new", false},
        {"customer: won", "client: won", false},
        {"other: won}", "other: won, more: new}", false},
        {"unmapped: skip", "unmapped: pass", false},
        {", values: words", "", false},
        {"NEW: new, WON: won", "WON: won, NEW: new", false}, /* the first row is the inverse */
        {"between: [left, right]", "between: [right, left]", true},
        {"first_name: any\n", "first_name: any\n      phone: any\n", true},
        {"first_name: any", "first_name: left", true},
        {"every: 4h", "every: 5h", true},
        {"conflict: last-write-wins", "conflict: manual", true},
        {"account: main", "account: other", true},
        {"match: [email]", "match: [email, phone]", true},
    };
    struct scratch s = scratch_new();
    char *first = hash_of(&s, good);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = scratch_edit(good, rows[i].old, rows[i].new);
        char *hash = hash_of(&s, text);

        ck_assert_msg((strcmp(first, hash) == 0) == rows[i].same, "%s", rows[i].new);
        free(hash);
        free(text);
    }
    free(first);
    scratch_free(&s);
}
END_TEST

START_TEST(fingerprint_tells_accounts_apart)
{
    static const char *const changes[][2] = {
        {"account: main", "account: other"},
        {"https://api.example.com/v1/", "https://api.example.com/v2/"},
    };
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct conf *c = load(&s, good, f);
    char first[65], other[65];

    conf_fingerprint(&c->systems[1], first);
    conf_fingerprint(&c->systems[0], other);
    ck_assert_str_ne(first, other);
    conf_free(c);
    for (int i = 0; i < 2; i++) {
        char *text = scratch_edit(good, changes[i][0], changes[i][1]);

        c = load(&s, text, f);
        conf_fingerprint(&c->systems[1], other);
        ck_assert_str_ne(first, other);
        conf_free(c);
        free(text);
    }
    c = load(&s, good, f);
    conf_fingerprint(&c->systems[1], other);
    ck_assert_str_eq(first, other);
    conf_free(c);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

/* The contract's config, with definitions that map what it names: its only fault is what belongs
 * to a later version. */
START_TEST(loads_the_contract)
{
    const char *shared = getenv("SHARED");
    const char *top = getenv("top_srcdir") != NULL ? getenv("top_srcdir") : ".";
    char *from = mem_printf("%s/contract/config.yaml", shared != NULL ? shared : "none");
    char *rest = mem_printf("%s/src/providers/rest.yaml", top);
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *path = mem_printf("%s/loopless.yaml", s.dir);
    char *app = mem_printf("%s/app.yaml", s.dir);
    char *hubspot = mem_printf("%s/providers/hubspot.yaml", s.dir);

    if (access(from, R_OK) != 0) {
        printf("# %s is absent: nothing checked\n", from);
    } else {
        setenv("APP_TOKEN", "hush", 1);
        free(scratch_write(&s, "hubspot.token", "hush\n", -1));
        free(scratch_write(&s, "providers/none", "", -1));
        ck_assert_int_eq(symlink(from, path), 0);
        ck_assert_int_eq(symlink(rest, app), 0);
        ck_assert_int_eq(symlink(rest, hubspot), 0);
        ck_assert_ptr_null(conf_load(path, false, f));
        for (size_t i = 0; i < faults_count(f); i++)
            ck_assert_msg(strstr(faults_get(f, i), "references come later") != NULL ||
                              strstr(faults_get(f, i), "missing key 'base_url'") != NULL,
                          "%s", faults_get(f, i));
        ck_assert_uint_eq(faults_count(f), 2);
    }
    free(from);
    free(rest);
    free(path);
    free(app);
    free(hubspot);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

UNIT_MAIN("config/conf", loads_a_good_config, resolves_fields_policies_and_tables,
          fills_in_the_defaults, names_faults_of_the_frame, names_faults_of_systems,
          refuses_names_that_mean_something_else, names_faults_of_syncs,
          names_faults_of_tables_and_jobs, collects_all_faults_of_all_files,
          a_resource_nobody_defines_is_named_in_each_place, never_tells_a_secret,
          needs_no_secret_where_no_call_is_made, finds_the_config_by_default,
          finds_the_state_of_a_broken_config, map_hash_changes_with_the_mapping_only,
          fingerprint_tells_accounts_apart, loads_the_contract)
