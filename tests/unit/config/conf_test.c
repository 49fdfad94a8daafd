#include <config.h>

#include "scratch.h"

#include "good.h"

#include "config/mapping.h"

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
    ck_assert(!sync->deletes.propagate && !sync->recreate && !sync->propagate_engines);
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
    ck_assert_ptr_null(sync_field(sync, "first_name")->owner.system);
    ck_assert_int_eq(sync_field(sync, "first_name")->conflict.kind, POLICY_LAST_WRITE_WINS);
    ck_assert_ptr_eq(sync_field(sync, "email")->owner.system, &c->systems[0]);
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
    ck_assert(!c->syncs[0].deletes.propagate);
    ck_assert_int_eq(c->syncs[0].deletes.settle_ms, 60000);
    ck_assert_int_eq(c->syncs[0].deletes.max, 50);
    ck_assert_int_eq(c->syncs[0].deletes.max_percent, 10);
    ck_assert(!c->syncs[0].fields[0].enforce && !c->syncs[0].fields[0].required);
    ck_assert_ptr_null(c->syncs[0].fields[0].ref);
    ck_assert_uint_eq(c->systems[0].n_canaries, 0);
    ck_assert_int_eq(c->max_creates.count, 1000);
    ck_assert_int_eq(c->max_updates.percent, 20);
    ck_assert_int_eq(c->max_changed.percent, 50);
    ck_assert_int_eq(c->hour_floor, 200);
    ck_assert_int_eq(c->breaker_alternations, 3);
    ck_assert_int_eq(c->breaker_calls, 1000);
    ck_assert_int_eq(c->breaker_window_ms, 600000);
    ck_assert_int_eq(c->retention_ms, 30LL * 24 * 3600 * 1000);
    ck_assert_uint_eq(c->n_jobs, 0);
    conf_free(c);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(reads_header_auth_ca_files_and_plain_http_on_demand)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *ca = scratch_write(&s, "ca.pem", "x", -1);
    char *one = scratch_edit(good, "http://127.0.0.1:8081",
                             "http://api.example.com\n    insecure: true\n    ca_file: ./ca.pem");
    char *two =
        scratch_edit(one, "type: bearer, token: \"", "type: header, header: X-Key, token: \"k ");
    struct conf *c = load(&s, two, f);
    char *none;

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_str_eq(c->systems[0].ca_file, ca);
    ck_assert_int_eq(c->systems[0].auth.kind, AUTH_HEADER);
    ck_assert_str_eq(c->systems[0].auth.header, "X-Key");
    ck_assert_str_eq(c->systems[0].auth.token, "k hush");
    conf_free(c);
    none = scratch_edit(two, "./ca.pem", "none.pem");
    ck_assert_ptr_null(load(&s, none, f));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 0), ":9:14: ca_file: "));
    free(ca);
    free(one);
    free(two);
    free(none);
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
        {"conflict: last-write-wins", "owner: creator", true},
        {"conflict: last-write-wins", "enforce: true", true},
        {"conflict: last-write-wins", "recreate: true", true},
        {"policy: ignore", "policy: propagate", true},
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

static struct val *
mapping_of(struct arena *a, const struct scratch *s, const char *text)
{
    struct faults *f = faults_new();
    struct conf *c = load(s, text, f);
    struct val *v;

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    v = val_parse(a, c->syncs[0].mapping, strlen(c->syncs[0].mapping), NULL);
    ck_assert_ptr_nonnull(v);
    conf_free(c);
    faults_free(f);
    return v;
}

START_TEST(mapping_says_which_fields_are_mapped_otherwise)
{
    static const struct {
        const char *old, *new;
        bool status; /* keeps its base */
    } rows[] = {
        {"customer: won", "customer: new", false},
        {"right: {NEW: new", "right: {FRESH: new", false}, /* the table's other side */
        {"unmapped: skip", "unmapped: pass", false},
        {", values: words", "", false},
        {"conflict: last-write-wins", "owner: creator", true},
        {"first_contact: report", "first_contact: left", true},
    };
    struct scratch s = scratch_new();
    CLEANUP_ARENA struct arena *a = arena_new();
    struct val *first = mapping_of(a, &s, good);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP_FREE char *text = scratch_edit(good, rows[i].old, rows[i].new);
        struct val *now = mapping_of(a, &s, text);

        ck_assert_msg(mapping_keeps(first, now, "left", "phone"), "%s", rows[i].new);
        ck_assert_msg(mapping_keeps(first, now, "right", "status") == rows[i].status, "%s",
                      rows[i].new);
        ck_assert_msg(mapping_meets_anew(first, now) == (i == 5), "%s", rows[i].new);
    }
    ck_assert(!mapping_keeps(NULL, first, "left", "phone"));
    ck_assert(!mapping_keeps(first, first, "left", "nothing"));
    ck_assert(!mapping_keeps(first, first, "third", "phone"));
    scratch_free(&s);
}
END_TEST

START_TEST(mapping_of_one_system_is_nothing_to_one_that_joins)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const char *two = "{\"systems\":{\"a\":{\"x\":\"1\"},\"b\":{\"x\":\"1\"}}}";
    const char *three = "{\"systems\":{\"a\":{\"x\":\"1\"},\"b\":{\"x\":\"1\"},"
                        "\"c\":{\"x\":\"2\"}}}";
    const char *moved = "{\"systems\":{\"a\":{\"x\":\"1\"},\"b\":{\"x\":\"9\"}}}";
    struct val *was = val_parse(a, two, strlen(two), NULL);
    struct val *is = val_parse(a, three, strlen(three), NULL);
    struct val *other = val_parse(a, moved, strlen(moved), NULL);

    ck_assert(mapping_keeps(was, is, "a", "x"));
    ck_assert(!mapping_keeps(was, is, "c", "x"));
    ck_assert(mapping_keeps(is, was, "b", "x"));
    ck_assert(!mapping_keeps(was, other, "a", "x")); /* its other end means something else */
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

/* The contract's config, with definitions that map what it names: it syncs no companies, which its
 * contacts refer to. */
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
        free(scratch_write(&s, "hubspot.secret", "aHVzaA==\n", -1));
        free(scratch_write(&s, "providers/none", "", -1));
        ck_assert_int_eq(symlink(from, path), 0);
        ck_assert_int_eq(symlink(rest, app), 0);
        ck_assert_int_eq(symlink(rest, hubspot), 0);
        ck_assert_ptr_null(conf_load(path, false, f));
        for (size_t i = 0; i < faults_count(f); i++)
            ck_assert_msg(strstr(faults_get(f, i),
                                 "there is no entry for 'crm/companies' under sync") != NULL ||
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
          fills_in_the_defaults, reads_header_auth_ca_files_and_plain_http_on_demand,
          needs_no_secret_where_no_call_is_made, finds_the_config_by_default,
          finds_the_state_of_a_broken_config, map_hash_changes_with_the_mapping_only,
          mapping_says_which_fields_are_mapped_otherwise,
          mapping_of_one_system_is_nothing_to_one_that_joins, fingerprint_tells_accounts_apart,
          loads_the_contract)
