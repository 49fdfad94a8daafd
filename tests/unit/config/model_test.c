#include <config.h>

#include "scratch.h"

#include "config/model.h"

START_TEST(loads_the_installed_model)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct model *m = model_load("crm/contacts", s.dir, f);

    ck_assert_uint_eq(faults_count(f), 0);
    ck_assert_str_eq(m->name, "crm/contacts");
    ck_assert_int_eq(model_find(m, "email")->type, FIELD_EMAIL);
    ck_assert_int_eq(model_find(m, "last_contacted")->precision_ms, 1000);
    ck_assert_str_eq(model_find(m, "company_id")->ref_to, "crm/companies");
    ck_assert_ptr_null(model_find(m, "nothing"));
    ck_assert_str_eq(field_type_name(FIELD_DATETIME), "datetime");
    model_free(m);
    m = model_load("crm/companies", s.dir, f);
    ck_assert_ptr_nonnull(m);
    model_free(m);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(prefers_the_model_beside_the_config)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct model *m;

    free(scratch_write(&s, "models/crm/contacts.yaml",
                       "model: crm/contacts\n"
                       "fields:\n"
                       "  a: {type: datetime, precision: m}\n"
                       "  b: {type: set}\n",
                       -1));
    m = model_load("crm/contacts", s.dir, f);
    ck_assert_ptr_nonnull(m);
    ck_assert_uint_eq(m->n_fields, 2);
    ck_assert_int_eq(m->fields[0].precision_ms, 60000);
    model_free(m);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

START_TEST(names_each_fault)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"fields: {a: {type: text}}", "1:1: missing key 'model'"},
        {"model: crm/contacts", "1:1: missing key 'fields'"},
        {"model: crm/deals\nfields: {a: {type: text}}",
         "1:8: the model of crm/contacts must be called so"},
        {"model: crm/contacts\nfields: {}", "2:9: fields is empty"},
        {"model: crm/contacts\nfields: [a]", "2:9: fields must be a map, is a list"},
        {"model: crm/contacts\nfields:\n  a: text", "3:6: must be a map, is text"},
        {"model: crm/contacts\nfields:\n  a: {typ: text}", "3:6: missing key 'type'"},
        {"model: crm/contacts\nfields:\n  a: {type: txt}",
         "3:13: type must be one of: text, email, phone, enum, number, bool, date, datetime, set, "
         "ref"},
        {"model: crm/contacts\nfields:\n  a: {type: text, precision: s}",
         "3:30: precision is for type datetime only"},
        {"model: crm/contacts\nfields:\n  a: {type: text, to: crm/x}",
         "3:23: to is for type ref only"},
        {"model: crm/contacts\nfields:\n  a b: {type: text}",
         "3:3: a field name is up to 64 letters, digits and _"},
        {"model: crm/contacts\nfields:\n  a: {type: ref, to: x}",
         "3:22: to must be a resource such as crm/companies"},
    };
    struct scratch s = scratch_new();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = scratch_write(&s, "models/crm/contacts.yaml", rows[i].text, -1);
        struct faults *f = faults_new();

        ck_assert_ptr_null(model_load("crm/contacts", s.dir, f));
        scratch_expect(f, path, rows[i].fault, rows[i].text);
        faults_free(f);
        free(path);
    }
    scratch_free(&s);
}
END_TEST

START_TEST(never_leaves_the_models_folder)
{
    static const char *const names[] = {
        "../../etc/passwd", "contacts", "/etc/x", "crm//x", "crm/", "Crm/x", "crm/none"};
    struct scratch s = scratch_new();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct faults *f = faults_new();

        ck_assert_ptr_null(model_load(names[i], s.dir, f));
        ck_assert_uint_eq(faults_count(f), 1);
        ck_assert_ptr_nonnull(strstr(faults_get(f, 0), "there is no model of"));
        faults_free(f);
    }
    scratch_free(&s);
}
END_TEST

START_TEST(loads_the_contract)
{
    const char *shared = getenv("SHARED");
    char *path = mem_printf("%s/contract/model.yaml", shared != NULL ? shared : "none");
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct model *m;

    if (access(path, R_OK) != 0) {
        printf("# %s is absent: nothing checked\n", path);
    } else {
        char *to = mem_printf("%s/models/crm/contacts.yaml", s.dir);

        free(scratch_write(&s, "models/crm/contacts.yaml", "", -1));
        unlink(to);
        ck_assert_int_eq(symlink(path, to), 0);
        m = model_load("crm/contacts", s.dir, f);
        ck_assert_msg(m != NULL, "%s", faults_get(f, 0));
        ck_assert_int_eq(model_find(m, "tags")->type, FIELD_SET);
        model_free(m);
        free(to);
    }
    free(path);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

UNIT_MAIN("config/model", loads_the_installed_model, prefers_the_model_beside_the_config,
          names_each_fault, never_leaves_the_models_folder, loads_the_contract)
