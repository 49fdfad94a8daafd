#include <config.h>

#include "../unit.h"
#include "provider/internal.h"

#include <string.h>

/* A system that calls phone `Phone`, and keeps the rest in places of their own. */
static const struct {
    const char *name, *path;
} places[] = {{"phone", "Phone"},           {"email", "properties.email"}, {"status", "status"},
              {"city", "address.city"},     {"billing", "billing.city"},   {"title", "title"},
              {"mobile", "phones.0.value"}, {"vat", "custom_fields.4711"}, {"name", "name"}};
enum { N_PLACES = sizeof places / sizeof places[0] };

/* The names in BODY (' for "), with spaces between. */
static const char *
blamed(struct arena *a, const char *body)
{
    struct model_field fields[N_PLACES] = {{.name = NULL}};
    struct field_map maps[N_PLACES] = {{.path = NULL}};
    struct resource_def r = {.fields = maps, .n_fields = N_PLACES};
    char *text = arena_text(a, body);
    const struct val *names;
    const char *out = "";

    for (size_t i = 0; i < N_PLACES; i++) {
        fields[i].name = arena_text(a, places[i].name);
        maps[i].path = arena_text(a, places[i].path);
        maps[i].field = &fields[i];
    }
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    names = blame_find(a, &r, val_parse(a, text, strlen(text), NULL));
    ck_assert(names == NULL || names->n > 0);
    for (size_t i = 0; names != NULL && i < names->n; i++)
        out = arena_printf(a, "%s%s%s", out, i > 0 ? " " : "", val_text(names->u.items[i]));
    return out;
}

static void
check(const char *(*rows)[2], size_t n)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    for (size_t i = 0; i < n; i++)
        ck_assert_msg(strcmp(blamed(a, rows[i][0]), rows[i][1]) == 0, "%s: %s, not %s", rows[i][0],
                      blamed(a, rows[i][0]), rows[i][1]);
}

START_TEST(finds_who_is_named_by_a_member_that_says_where)
{
    const char *rows[][2] = {
        {"{'error':'rejected','message':'no','field':'Phone'}", "phone"},
        {"{'message':'Validation Failed','errors':[{'resource':'R','field':'title','code':"
         "'missing_field'}]}",
         "title"},
        {"[{'message':'bad','errorCode':'INVALID','fields':['Phone','status']}]", "phone status"},
        {"{'errors':[{'status':'422','title':'Invalid','source':{'pointer':"
         "'/data/attributes/email'}}]}",
         "email"},
        {"{'error':{'param':'address[city]','type':'invalid_request_error'}}", "city"},
        {"{'detail':[{'loc':['body','email'],'msg':'bad'}]}", "email"},
        {"{'errors':[{'message':'m','context':{'propertyName':['email']}}]}", "email"},
        {"{'validationResults':[{'isValid':false,'name':'email'}]}", "email"},
        {"{'path':'#/phones[0].value'}", "mobile"},
        {"{'field':'4711'}", "vat"},
    };

    check(rows, sizeof rows / sizeof rows[0]);
}
END_TEST

START_TEST(finds_who_is_named_by_a_member_with_faults)
{
    const char *rows[][2] = {
        {"{'Phone':['Enter a number.']}", "phone"},
        {"{'details':{'email':[{'description':'bad','error':'InvalidValue'}]}}", "email"},
        {"{'errors':{'status':'is unknown','Phone':'is bad'}}", "status phone"},
        {"{'errors':{'address.city':['is bad']}}", "city"},
        {"{'address':{'country':['is bad']},'billing':{'city':['is bad']}}", "city billing"},
    };

    check(rows, sizeof rows / sizeof rows[0]);
}
END_TEST

/* Words that errors have of their own are no fields. */
START_TEST(takes_no_word_of_the_error_for_a_field)
{
    const char *rows[][2] = {
        {"{'type':'about:blank','title':'Bad request','status':400,'detail':'the title is bad'}",
         ""},
        {"{'status':'error','message':'Phone is bad','category':'VALIDATION_ERROR'}", ""},
        {"{'error':{'code':400,'status':'INVALID_ARGUMENT','message':'email'}}", ""},
        {"{'errors':[{'status':'422','title':'Invalid','name':'ValidationError'}]}", ""},
        {"{'field':null}", ""},
        {"{'field':''}", ""},
        {"{'Phone':[],'errors':{'Phone':null}}", ""},
        {"{'field':'unknown'}", ""},
        {"'Phone'", ""},
        {"17", ""},
        {"", ""},
    };

    check(rows, sizeof rows / sizeof rows[0]);
}
END_TEST

START_TEST(ends_in_what_is_nested_deep)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    CLEANUP_BUF struct buf b = BUF_INIT;

    for (int i = 0; i < 400; i++)
        buf_text(&b, "{'errors':");
    buf_text(&b, "{'Phone':['x']}");
    for (int i = 0; i < 400; i++)
        buf_text(&b, "}");
    ck_assert_str_eq(blamed(a, buf_get(&b)), "");
}
END_TEST

UNIT_MAIN("provider/blame", finds_who_is_named_by_a_member_that_says_where,
          finds_who_is_named_by_a_member_with_faults, takes_no_word_of_the_error_for_a_field,
          ends_in_what_is_nested_deep)
