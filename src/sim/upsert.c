#include <config.h>

#include "sim/upsert.h"
#include "sim/jtext.h"
#include "sim/wire.h"
#include "sim/write.h"

#include <string.h>

bool
upsert_is_url(const struct call *call)
{
    return call->nsegments == 4 && strcmp(call->segments[1], "by") == 0;
}

bool
upsert_is_create(const struct call *call)
{
    const char *create = params_get(&call->params, "create");

    return create != NULL && strcmp(create, "true") == 0;
}

enum journal_kind
upsert_by(struct sim *s, struct call *call, struct collection *c, const char *field,
          const char *value, json_t *fields, struct reply *reply)
{
    const struct quirks *q = &s->store.quirks;
    const struct hits *h = store_lookup(c, field, value);

    if (json_object_get(fields, field) == NULL)
        json_object_set_new(fields, field, json_string(value));
    if (h != NULL && h->n > 1) {
        reply_error(reply, 300, "several", "%zu records have this %.64s", h->n, field);
        json_decref(fields);
        return JOURNAL_UPDATE;
    }
    if (h != NULL && h->n == 1) {
        write_over(s, q, call, c, h->items[0], true, fields, reply);
        return JOURNAL_UPDATE;
    }
    write_new(s, q, call, c, NULL, fields, reply);
    return JOURNAL_CREATE;
}

enum journal_kind
upsert_url(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    json_t *fields = wire_fields(&s->store.quirks, call, reply);

    if (fields == NULL)
        return JOURNAL_UPDATE;
    if (json_object_get(fields, call->segments[2]) != NULL) {
        json_decref(fields);
        reply_error(reply, 400, "key_twice", "%.64s is in the URL already", call->segments[2]);
        return JOURNAL_UPDATE;
    }
    return upsert_by(s, call, c, call->segments[2], call->segments[3], fields, reply);
}

enum journal_kind
upsert_body(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    const char *by = params_get(&call->params, "by");
    json_t *fields = wire_fields(&s->store.quirks, call, reply);
    const json_t *key = json_object_get(fields, by != NULL ? by : "external_id");
    CLEANUP_BUF struct buf value = BUF_INIT;

    if (fields == NULL)
        return JOURNAL_UPDATE;
    if (key == NULL || json_is_null(key)) {
        json_decref(fields);
        reply_error(reply, 400, "no_key", "the body has no %.64s", by != NULL ? by : "external_id");
        return JOURNAL_UPDATE;
    }
    jtext_plain(&value, key);
    return upsert_by(s, call, c, by != NULL ? by : "external_id", buf_get(&value), fields, reply);
}

enum journal_kind
upsert_create(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    const char *id = call->segments[1];
    json_t *fields;

    if (map_find(&c->by_key, id) != NULL) {
        reply_error(reply, 409, "exists", "there is such an id");
        return JOURNAL_CREATE;
    }
    fields = wire_fields(&s->store.quirks, call, reply);
    if (fields != NULL)
        write_new(s, &s->store.quirks, call, c, id, fields, reply);
    return JOURNAL_CREATE;
}
