#include <config.h>

#include "sim/wire.h"
#include "base/clock.h"
#include "sim/jtext.h"

#include <string.h>
#include <strings.h>

static bool
on(const struct quirks *q, enum quirk_id id)
{
    return q != NULL && quirk_on(q, id);
}

json_t *
wire_stamp(const struct quirks *q, int64_t ms)
{
    char text[CLOCK_TEXT];

    clock_format(ms, text);
    if (on(q, QUIRK_SECOND_STAMPS))
        strcpy(text + 19, "Z");
    return json_string(text);
}

json_t *
wire_own(const struct quirks *q, json_t *value)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    if (!on(q, QUIRK_STRING_VALUES) || json_is_string(value))
        return json_incref(value);
    jtext_plain(&b, value);
    return json_string(buf_get(&b));
}

static json_t *
make_pairs(json_t *fields)
{
    json_t *list = json_array();
    const char *name;
    json_t *value;

    json_object_foreach(fields, name, value)
    {
        json_t *pair = json_object();

        json_object_set_new(pair, "id", json_string(name));
        json_object_set(pair, "value", value);
        json_array_append_new(list, pair);
    }
    return list;
}

static json_t *
wrap(const struct quirks *q, json_t *value)
{
    const char *name = q != NULL ? quirk_text(q, QUIRK_WRAP) : NULL;
    json_t *outer;

    if (name == NULL)
        return value;
    outer = json_object();
    json_object_set_new(outer, name, value);
    return outer;
}

json_t *
wire_part(const struct quirks *q, json_t *fields)
{
    json_t *pairs;

    if (!on(q, QUIRK_PAIRS))
        return fields;
    pairs = json_object();
    json_object_set_new(pairs, "fields", make_pairs(fields));
    json_decref(fields);
    return pairs;
}

json_t *
wire_whole(const struct quirks *q, const struct record *r, const struct version *v)
{
    json_t *out = json_object();
    json_t *rev = json_integer(v->rev);

    json_object_set_new(out, "id", wire_own(q, r->id));
    if (on(q, QUIRK_PAIRS))
        json_object_set_new(out, "fields", make_pairs(v->fields));
    else
        json_object_update(out, v->fields);
    json_object_set_new(out, "created_at", wire_stamp(q, r->created));
    json_object_set_new(out, "updated_at",
                        v->first && on(q, QUIRK_NULL_FIRST_UPDATE) ? json_null()
                                                                   : wire_stamp(q, v->updated));
    json_object_set_new(out, "rev", wire_own(q, rev));
    json_decref(rev);
    return out;
}

json_t *
wire_record(const struct quirks *q, const struct record *r, const struct version *v)
{
    return wrap(q, wire_whole(q, r, v));
}

static json_t *
parse(const struct call *call, struct reply *reply)
{
    char why[160];
    json_t *body;

    if (call->too_big) {
        reply_error(reply, 413, "too_large", "a body may have %d bytes", CALL_BODY_MAX);
        return NULL;
    }
    body = jtext_parse(buf_get(&call->body), call->body.len, why);
    if (body == NULL)
        reply_error(reply, 400, "bad_json", "%s", why);
    return body;
}

json_t *
wire_object(const struct call *call, struct reply *reply)
{
    json_t *body = parse(call, reply);

    if (body != NULL && !json_is_object(body)) {
        json_decref(body);
        reply_error(reply, 400, "bad_body", "the body must be a JSON object");
        return NULL;
    }
    return body;
}

/* Set "a[b][c]" = VALUE: nested objects, as forms do it. -1 if it is not UTF-8. */
static int
set_form(json_t *object, char *name, const char *value)
{
    char *open = strchr(name, '[');

    while (open != NULL && open[1] != ']') {
        char *close = strchr(open, ']');
        json_t *inner;

        if (close == NULL)
            break;
        *open = *close = '\0';
        inner = json_object_get(object, name);
        if (!json_is_object(inner)) {
            json_object_set_new(object, name, json_object());
            inner = json_object_get(object, name);
        }
        object = inner;
        name = open + 1;
        open = close[1] == '[' ? close + 1 : NULL;
    }
    return json_object_set_new(object, name, json_string(value));
}

static json_t *
parse_form(const struct call *call, struct reply *reply)
{
    static const char want[] = "application/x-www-form-urlencoded";
    struct params form = {NULL, 0};
    json_t *body = NULL;
    size_t i;

    if (call->content_type == NULL || strncasecmp(call->content_type, want, sizeof want - 1) != 0) {
        reply_error(reply, 415, "unsupported_media_type", "bodies must be %s", want);
    } else if (call->too_big) {
        reply_error(reply, 413, "too_large", "a body may have %d bytes", CALL_BODY_MAX);
    } else if (params_parse(&form, buf_get(&call->body), call->body.len) != 0) {
        reply_error(reply, 400, "bad_form", "broken escape in the form");
    } else {
        body = json_object();
        for (i = 0; i < form.n && !reply->is_error; i++)
            if (set_form(body, form.items[i].name, form.items[i].value) != 0)
                reply_error(reply, 400, "bad_form", "the form is not UTF-8");
    }
    if (reply->is_error) {
        json_decref(body);
        body = NULL;
    }
    params_release(&form);
    return body;
}

/* BODY (taken) without its wrapping. */
static json_t *
unwrap(const struct quirks *q, json_t *body, struct reply *reply)
{
    const char *name = q != NULL ? quirk_text(q, QUIRK_WRAP) : NULL;
    json_t *inner;

    if (name == NULL)
        return body;
    inner = json_object_get(body, name);
    if (!json_is_object(inner)) {
        json_decref(body);
        reply_error(reply, 400, "not_wrapped", "the body must be {\"%s\":{...}}", name);
        return NULL;
    }
    json_incref(inner);
    json_decref(body);
    return inner;
}

/* BODY (taken) {"fields":[{"id","value"},...]} as an object. */
static json_t *
unpair(json_t *body, struct reply *reply)
{
    json_t *list = json_object_get(body, "fields");
    json_t *out = json_object();
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        json_t *pair = json_array_get(list, i);
        json_t *value = json_object_get(pair, "value");
        const char *name = json_string_value(json_object_get(pair, "id"));

        if (name == NULL || value == NULL)
            break;
        json_object_set(out, name, value);
    }
    if (!json_is_array(list) || i < json_array_size(list)) {
        reply_error(reply, 400, "bad_fields", "fields must be a list of {\"id\",\"value\"}");
        json_decref(out);
        out = NULL;
    }
    json_decref(body);
    return out;
}

static json_t *
without_own(json_t *body)
{
    static const char *const names[] = {"id", "created_at", "updated_at", "rev"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_del(body, names[i]);
    return body;
}

json_t *
wire_fields(const struct quirks *q, const struct call *call, struct reply *reply)
{
    bool form = on(q, QUIRK_FORM_BODIES);
    json_t *body = form ? parse_form(call, reply) : wire_object(call, reply);

    if (body != NULL)
        body = unwrap(q, body, reply);
    if (body != NULL && !form && on(q, QUIRK_PAIRS))
        body = unpair(body, reply);
    return body != NULL ? without_own(body) : NULL;
}
