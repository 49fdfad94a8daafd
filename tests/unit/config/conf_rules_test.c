#include <config.h>

#include "good.h"

#include "base/buf.h"

/* Whose word counts, what becomes of deletes, what refers to what. */
static const char rules[] = "version: 1\n"
                            "state: sqlite:acme.db\n"
                            "systems:\n"
                            "  left:\n"
                            "    provider: rest\n"
                            "    account: \"1\"\n"
                            "    base_url: http://127.0.0.1:8081\n"
                            "    canary: {crm/contacts: 17, crm/companies: \"c-1\"}\n"
                            "  right:\n"
                            "    provider: rest\n"
                            "    account: main\n"
                            "    base_url: http://127.0.0.1:8082\n"
                            "  other:\n"
                            "    provider: rest\n"
                            "    account: third\n"
                            "    base_url: http://127.0.0.1:8083\n"
                            "sync:\n"
                            "  crm/contacts:\n"
                            "    between: [left, right]\n"
                            "    match: [email]\n"
                            "    create: {left: true, right: true}\n"
                            "    owner: creator\n"
                            "    enforce: true\n"
                            "    propagate: [sync_engine]\n"
                            "    recreate: true\n"
                            "    deletes: {policy: propagate, settle: 2m, max: 7, max_percent: 3}\n"
                            "    fields:\n"
                            "      first_name: {}\n"
                            "      last_name: left\n"
                            "      email: {owner: any, conflict: manual}\n"
                            "      phone: {enforce: false}\n"
                            "      notes: {owner: right, enforce: true}\n"
                            "      lead_source: {create_only: true}\n"
                            "      company_id: {owner: left, ref: crm/companies, required: true}\n"
                            "  crm/companies:\n"
                            "    between: [left, right]\n"
                            "    fields: {name: left, domain: any}\n";

START_TEST(loads_a_good_config)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct conf *c = load(&s, rules, f);
    const struct conf_sync *sync;

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    sync = conf_sync(c, "crm/contacts");
    ck_assert(sync->recreate && sync->propagate_engines && sync->deletes.propagate);
    ck_assert_int_eq(sync->deletes.settle_ms, 120000);
    ck_assert_int_eq(sync->deletes.max, 7);
    ck_assert_int_eq(sync->deletes.max_percent, 3);
    sync = conf_sync(c, "crm/companies");
    ck_assert(!sync->recreate && !sync->propagate_engines && !sync->deletes.propagate);
    ck_assert_uint_eq(c->systems[0].n_canaries, 2);
    ck_assert_str_eq(c->systems[0].canaries[0].resource, "crm/contacts");
    ck_assert_str_eq(c->systems[0].canaries[0].record_id, "17");
    ck_assert_str_eq(c->systems[0].canaries[1].record_id, "c-1");
    ck_assert_uint_eq(c->systems[1].n_canaries, 0);
    conf_free(c);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(a_field_is_as_the_resource_says_unless_it_says_otherwise)
{
    static const struct {
        const char *field;
        enum owner_kind kind;
        int system;
        bool enforce;
    } rows[] = {
        {"first_name", OWNER_CREATOR, -1, true}, {"last_name", OWNER_SYSTEM, 0, true},
        {"email", OWNER_ANY, -1, false},         {"phone", OWNER_CREATOR, -1, false},
        {"notes", OWNER_SYSTEM, 1, true},        {"lead_source", OWNER_CREATOR, -1, false},
        {"company_id", OWNER_SYSTEM, 0, true},
    };
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct conf *c = load(&s, rules, f);

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct sync_field *field = sync_field(&c->syncs[0], rows[i].field);
        const struct conf_system *system = rows[i].system < 0 ? NULL : &c->systems[rows[i].system];

        ck_assert_msg(field->owner.kind == rows[i].kind, "%s", rows[i].field);
        ck_assert_msg(field->owner.system == system, "%s", rows[i].field);
        ck_assert_msg(field->enforce == rows[i].enforce, "%s", rows[i].field);
    }
    ck_assert_int_eq(sync_field(&c->syncs[0], "email")->conflict.kind, POLICY_MANUAL);
    ck_assert_str_eq(sync_field(&c->syncs[0], "company_id")->ref, "crm/companies");
    ck_assert(sync_field(&c->syncs[0], "company_id")->required);
    ck_assert_ptr_null(sync_field(&c->syncs[0], "email")->ref);
    conf_free(c);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(a_system_may_own_all_of_a_record)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char *text = scratch_edit(rules, "owner: creator", "owner: right");
    struct conf *c = load(&s, text, f);

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_int_eq(sync_field(&c->syncs[0], "first_name")->owner.kind, OWNER_SYSTEM);
    ck_assert_ptr_eq(sync_field(&c->syncs[0], "first_name")->owner.system, &c->systems[1]);
    ck_assert_ptr_eq(sync_field(&c->syncs[0], "last_name")->owner.system, &c->systems[0]);
    conf_free(c);
    free(text);
    text = scratch_edit(rules, "owner: creator", "owner: any");
    c = load(&s, text, f);
    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_int_eq(sync_field(&c->syncs[0], "first_name")->owner.kind, OWNER_ANY);
    ck_assert(!sync_field(&c->syncs[0], "first_name")->enforce);
    ck_assert(sync_field(&c->syncs[0], "last_name")->enforce);
    conf_free(c);
    free(text);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

/* The only fault of TEXT is FAULT. */
static void
one_fault(const struct scratch *s, const char *text, const char *fault, const char *what)
{
    struct faults *f = faults_new();
    char *path = mem_printf("%s/loopless.yaml", s->dir);

    ck_assert_msg(load(s, text, f) == NULL, "accepted: %s", what);
    scratch_expect(f, path, fault, what);
    ck_assert_msg(faults_count(f) == 1, "more than one fault for: %s\n%s", what, faults_get(f, 1));
    faults_free(f);
    free(path);
}

START_TEST(names_each_fault)
{
    static const struct {
        const char *old, *new, *fault;
    } rows[] = {
        {"owner: creator", "owner: lefd", "22:12: there is no system 'lefd' (did you mean left?)"},
        {"owner: creator", "owner: other", "22:12: other is not one of the systems under between"},
        {"owner: creator", "owner: [left]",
         "22:12: owner must be a system, any or creator, is a list"},
        {"owner: creator", "owner: false", "22:12: there is no system 'false'"},
        {"enforce: true", "enforce: all", "23:14: enforce must be true or false, is text"},
        {"propagate: [sync_engine]", "propagate: true",
         "24:16: propagate must be a list, is true or false"},
        {"propagate: [sync_engine]", "propagate: [human]",
         "24:17: propagate: only sync_engine stands here (all else goes on anyway)"},
        {"recreate: true", "recreate: maybe", "25:15: recreate must be true or false, is text"},
        {"create: {left: true, right: true}", "create: {left: false}",
         "25:15: recreate makes records anew, but create allows that nowhere"},
        {"policy: propagate", "policy: propagete",
         "26:23: policy must be one of: ignore, propagate"},
        {"settle: 2m", "settle: soon", "26:42: settle must be a duration (500ms, 30s, 5m, 4h, 2d)"},
        {"max: 7", "max: -1", "26:51: max must be from 0 to 1000000000"},
        {"max_percent: 3", "max_percent: 101", "26:67: max_percent must be from 0 to 100"},
        {"max_percent: 3", "max_percnt: 3",
         "26:54: unknown key 'max_percnt' (did you mean max_percent?)"},
        {"email: {owner: any, conflict: manual}", "email: {conflict: manual}",
         "30:25: conflict is for owner: any (the creator wins as the owner)"},
        {"last_name: left", "last_name: {owner: left, conflict: manual}",
         "29:42: conflict is for owner: any (left wins as the owner)"},
        {"conflict: manual}", "enforce: true}",
         "30:36: enforce is for fields with an owner (any may write this one)"},
        {"create_only: true", "create_only: true, enforce: true",
         "33:49: enforce has no meaning for create_only (it is written once)"},
        {"ref: crm/companies, required: true", "create_only: true",
         "34:7: company_id is a reference: say whose ids it holds (ref: crm/companies)"},
        {"company_id: {owner: left, ref: crm/companies, required: true}", "company_id: left",
         "34:7: company_id is a reference: say whose ids it holds (ref: crm/companies)"},
        {"ref: crm/companies", "ref: crm/contacts",
         "34:38: company_id holds ids of crm/companies, by the model"},
        {"phone: {enforce: false}", "phone: {ref: crm/companies}",
         "31:20: ref is for fields of type ref (phone is of type phone in the model)"},
        {"phone: {enforce: false}", "phone: {required: true}",
         "31:25: required is for references (ref)"},
        {"required: true", "required: 1",
         "34:63: required must be true or false, is a whole number"},
        {"required: true", "values: words",
         "34:61: a reference has no value table (its words are ids)"},
        {"match: [email]", "match: [email, company_id]",
         "20:20: match: company_id is a reference, which is another id in each system"},
        {"    between: [left, right]\n    fields: {name",
         "    between: [left, other]\n"
         "    fields: {name",
         "34:38: right maps company_id, but crm/companies is not synced with it (between)"},
        {"crm/contacts: 17", "crm/contact: 17",
         "8:14: there is no entry for 'crm/contact' under sync (did you mean crm/contacts?)"},
        {"crm/contacts: 17", "crm/contacts: [17]", "8:28: crm/contacts must be text, is a list"},
        {"crm/contacts: 17", "crm/contacts: \"\"", "8:28: crm/contacts must be text, is empty"},
        {"{crm/contacts: 17, crm/companies: \"c-1\"}", "17",
         "8:13: canary must be a map, is a whole number"},
        {"account: third\n", "account: third\n    canary: {crm/contacts: 1}\n",
         "16:14: crm/contacts is not synced with other (it is not under between)"},
    };
    struct scratch s = scratch_new();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *values = mem_printf("%svalues: {words: {left: {a: b}}}\n", rules);
        char *text = scratch_edit(values, rows[i].old, rows[i].new);

        one_fault(&s, text, rows[i].fault, rows[i].new);
        free(text);
        free(values);
    }
    scratch_free(&s);
}
END_TEST

START_TEST(an_owner_is_needed_where_the_resource_has_none)
{
    struct scratch s = scratch_new();
    char *text = scratch_edit(rules, "name: left, domain", "name: {}, domain");

    one_fault(&s, text, "37:20: missing key 'owner'", "name: {}");
    free(text);
    text = scratch_edit(rules, "first_name: {}", "first_name:");
    one_fault(&s, text, "28:18: owner must be a system, any or creator, is empty", "first_name:");
    free(text);
    scratch_free(&s);
}
END_TEST

START_TEST(what_is_referred_to_must_be_synced)
{
    struct scratch s = scratch_new();
    char *one = scratch_edit(rules, ", crm/companies: \"c-1\"", "");
    char *text = scratch_edit(
        one,
        "  crm/companies:\n    between: [left, right]\n    fields: {name: left, domain: any}\n",
        "");

    one_fault(&s, text,
              "34:38: there is no entry for 'crm/companies' under sync (did you mean "
              "crm/contacts?)",
              "no crm/companies");
    free(text);
    free(one);
    scratch_free(&s);
}
END_TEST

/* rest.yaml's contacts without a delete. */
START_TEST(names_who_cannot_delete)
{
    struct scratch s = scratch_new();
    char *two = scratch_edit(rules, "provider: rest\n    account: main",
                             "provider: ./mine.yaml\n    account: main");
    char *text = scratch_edit(two, "company_id: {owner: left, ref: crm/companies, required: true}",
                              "status: left");

    free(scratch_write(
        &s, "mine.yaml",
        "definition: 1\nname: mine\nauth: [none]\nresources:\n"
        "  crm/companies: {id: id, fields: {name: n, domain: d}, get: {method: GET, path: "
        "\"/{id}\"},\n    update: {method: PUT, path: \"/{id}\"}}\n"
        "  crm/contacts:\n    id: id\n    get: {method: GET, path: \"/c/{id}\"}\n"
        "    create: {method: POST, path: /c}\n    update: {method: PUT, path: \"/c/{id}\"}\n"
        "    fields: {first_name: f, last_name: l, email: e, phone: p, notes: n, lead_source: s, "
        "status: t}\n",
        -1));
    one_fault(&s, text,
              "26:23: deletes: propagate, but right cannot delete crm/contacts (its definition has "
              "no delete)",
              "policy: propagate");
    free(text);
    free(two);
    scratch_free(&s);
}
END_TEST

/* ---- references between resources of one's own ---- */

/* x/a, x/b, x/c: each has references to all of them. */
static void
write_models(const struct scratch *s)
{
    static const char *const names[] = {"a", "b", "c"};
    CLEANUP_BUF struct buf d = BUF_INIT;

    buf_text(&d, "definition: 1\nname: mine\nauth: [none]\nresources:\n");
    for (int i = 0; i < 3; i++) {
        char *file = mem_printf("models/x/%s.yaml", names[i]);
        char *text = mem_printf("model: x/%s\nfields:\n  to_a: {type: ref, to: x/a}\n"
                                "  to_b: {type: ref}\n  to_c: {type: ref, to: x/c}\n",
                                names[i]);

        free(scratch_write(s, file, text, -1));
        buf_printf(&d,
                   "  x/%s: {id: id, fields: {to_a: a, to_b: b, to_c: c}, get: {method: GET, path: "
                   "\"/{id}\"}, update: {method: PUT, path: \"/{id}\"}}\n",
                   names[i]);
        free(file);
        free(text);
    }
    free(scratch_write(s, "mine.yaml", buf_get(&d), -1));
}

/* A config in which x/a, x/b and x/c have these fields. */
static char *
config_of(const char *a, const char *b, const char *c)
{
    return mem_printf("version: 1\nstate: sqlite:a.db\nsystems:\n"
                      "  l: {provider: ./mine.yaml, account: 1, base_url: \"http://localhost\"}\n"
                      "  r: {provider: ./mine.yaml, account: 2, base_url: \"http://localhost\"}\n"
                      "sync:\n"
                      "  x/a: {between: [l, r], owner: l, fields: {%s}}\n"
                      "  x/b: {between: [l, r], owner: l, fields: {%s}}\n"
                      "  x/c: {between: [l, r], owner: l, fields: {%s}}\n",
                      a, b, c);
}

#define TO(x) "to_" x ": {ref: x/" x "}"
#define NEEDS(x) "to_" x ": {ref: x/" x ", required: true}"

START_TEST(required_references_go_in_no_circle)
{
    static const struct {
        const char *a, *b, *c, *fault; /* NULL: fine */
    } rows[] = {
        {NEEDS("b"), NEEDS("c"), TO("a"), NULL},
        {NEEDS("b") ", " NEEDS("c"), NEEDS("c"), TO("a") ", " TO("b") ", " TO("c"), NULL},
        {NEEDS("a"), TO("a"), TO("a"),
         "7:57: required references go in a circle: x/a.to_a -> x/a (take required off one)"},
        {NEEDS("b"), NEEDS("a"), TO("a"),
         "8:57: required references go in a circle: x/a.to_b -> x/b.to_a -> x/a (take required "
         "off one)"},
        {NEEDS("b"), NEEDS("c"), NEEDS("a"),
         "9:57: required references go in a circle: x/a.to_b -> x/b.to_c -> x/c.to_a -> x/a (take "
         "required off one)"},
        {NEEDS("b"), NEEDS("c"), NEEDS("b"),
         "9:57: required references go in a circle: x/b.to_c -> x/c.to_b -> x/b (take required off "
         "one)"},
    };
    struct scratch s = scratch_new();

    write_models(&s);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = config_of(rows[i].a, rows[i].b, rows[i].c);
        struct faults *f = faults_new();

        if (rows[i].fault != NULL) {
            one_fault(&s, text, rows[i].fault, rows[i].a);
        } else {
            struct conf *c = load(&s, text, f);

            ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
            ck_assert_str_eq(sync_field(&c->syncs[0], "to_b")->ref, "x/b");
            conf_free(c);
        }
        faults_free(f);
        free(text);
    }
    scratch_free(&s);
}
END_TEST

/* to_b has no `to` in its model: the config alone says what it refers to. */
START_TEST(a_model_need_not_say_to_what)
{
    struct scratch s = scratch_new();
    char *text = config_of("to_b: {ref: x/c}", TO("b"), TO("b"));
    struct faults *f = faults_new();
    struct conf *c;

    write_models(&s);
    c = load(&s, text, f);
    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_str_eq(c->syncs[0].fields[0].ref, "x/c");
    conf_free(c);
    free(text);
    text = config_of("to_b: l", TO("b"), TO("b"));
    one_fault(&s, text, "7:45: to_b is a reference: say whose ids it holds (ref: RESOURCE)",
              "to_b: l");
    free(text);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

/* Known links must not meet anew because of a rule. */
START_TEST(map_hash_does_not_know_the_rules)
{
    static const char *const changes[][2] = {
        {"    owner: creator\n", "    owner: left\n"},
        {"    enforce: true\n", ""},
        {"    propagate: [sync_engine]\n", ""},
        {"    recreate: true\n", ""},
        {"policy: propagate", "policy: ignore"},
        {", required: true", ""},
        {"      company_id: {owner: left, ref: crm/companies, required: true}\n", ""},
        {"    canary: {crm/contacts: 17, crm/companies: \"c-1\"}\n", ""},
    };
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct conf *first = load(&s, rules, f);

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *text = scratch_edit(rules, changes[i][0], changes[i][1]);
        struct conf *c = load(&s, text, f);

        ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
        ck_assert_msg(strcmp(first->syncs[0].map_hash, c->syncs[0].map_hash) == 0, "%s",
                      changes[i][0]);
        conf_free(c);
        free(text);
    }
    conf_free(first);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

/* ---- value tables ---- */

START_TEST(a_table_keeps_its_rows_in_order)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    /* `right` speaks the unified words: it stands in no table */
    char *text = scratch_edit(good, "    right: {NEW: new, WON: won}\n", "");
    struct conf *c = load(&s, text, f);
    const struct value_table *t;

    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    t = c->syncs[0].fields[3].values;
    ck_assert_uint_eq(t->n_systems, 1);
    ck_assert_uint_eq(t->systems[0].n_rows, 3);
    ck_assert_str_eq(t->systems[0].rows[0].word, "lead");
    ck_assert_str_eq(t->systems[0].rows[1].word, "customer"); /* the way back from `won` */
    ck_assert_str_eq(t->systems[0].rows[2].word, "other");
    conf_free(c);
    free(text);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

UNIT_MAIN("config/conf_rules", loads_a_good_config,
          a_field_is_as_the_resource_says_unless_it_says_otherwise,
          a_system_may_own_all_of_a_record, names_each_fault,
          an_owner_is_needed_where_the_resource_has_none, names_who_cannot_delete,
          what_is_referred_to_must_be_synced, required_references_go_in_no_circle,
          a_model_need_not_say_to_what, map_hash_does_not_know_the_rules,
          a_table_keeps_its_rows_in_order)
