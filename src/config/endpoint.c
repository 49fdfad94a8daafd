#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

static const char *const placeholder_names[PH_COUNT + 1] = {
    "id",   "external_id",     "account", "base_url", "since", "until", "cursor",
    "size", "idempotency_key", "etag",    "key",      "value", "job"};

enum {
    PH_EVERYWHERE = PH_BIT(PH_ACCOUNT) | PH_BIT(PH_BASE_URL),
    PH_LISTING = PH_BIT(PH_SINCE) | PH_BIT(PH_UNTIL) | PH_BIT(PH_CURSOR) | PH_BIT(PH_SIZE),
    PH_SOUGHT = PH_BIT(PH_KEY) | PH_BIT(PH_VALUE) | PH_BIT(PH_EXTERNAL_ID) | PH_BIT(PH_SIZE),
    PH_WRITING = PH_BIT(PH_EXTERNAL_ID) | PH_BIT(PH_IDEMPOTENCY_KEY)
};

#define CALL_KEYS "method", "path", "query", "headers", "body", "body_type", "record", "error"

/* What an endpoint of each kind may say. NEEDS: a placeholder that it must use, or PH_COUNT. */
static const struct form {
    const char *name;
    const char *keys[24];
    unsigned allowed;
    enum placeholder needs;
} forms[] = {
    [CALL_GET] = {"get", {CALL_KEYS, "gone", "lag"}, PH_BIT(PH_ID), PH_ID},
    [CALL_FIND] = {"find", {CALL_KEYS, "records", "by", "strong", "lag"}, PH_SOUGHT, PH_VALUE},
    [CALL_CREATE] = {"create",
                     {CALL_KEYS, "answer", "idempotency", "client_id", "conflict", "batch"},
                     PH_WRITING | PH_BIT(PH_ID),
                     PH_COUNT},
    [CALL_UPSERT] = {"upsert",
                     {CALL_KEYS, "answer", "idempotency", "by", "key", "conflict", "batch"},
                     PH_WRITING,
                     PH_COUNT},
    [CALL_UPDATE] = {"update",
                     {CALL_KEYS, "answer", "conflict", "precondition", "batch"},
                     PH_WRITING | PH_BIT(PH_ID) | PH_BIT(PH_ETAG),
                     PH_ID},
    [CALL_DELETE] = {"delete",
                     {"method", "path", "query", "headers", "body", "body_type", "gone", "error",
                      "conflict", "precondition", "batch"},
                     PH_BIT(PH_ID) | PH_BIT(PH_ETAG),
                     PH_ID},
    [CALL_LIST] = {"list",
                   {CALL_KEYS, "records", "watermark", "page", "total", "partial"},
                   PH_LISTING,
                   PH_COUNT},
    [CALL_BATCH] = {"batch",
                    {CALL_KEYS, "max", "items", "item", "item_record", "results", "by", "at",
                     "answer", "status", "item_error", "errors", "poll"},
                    0,
                    PH_COUNT},
    [CALL_BATCH_ITEM] = {"item", {NULL}, PH_WRITING | PH_BIT(PH_ID) | PH_BIT(PH_ETAG), PH_COUNT},
    [CALL_POLL] = {"poll",
                   {"job", "url", "path", "query", "headers", "every", "deadline", "done",
                    "failed"},
                   PH_BIT(PH_JOB),
                   PH_JOB},
    [CALL_IDENTITY] = {"identity", {CALL_KEYS, "id"}, 0, PH_COUNT},
};

static unsigned
check_placeholder(struct reader *r, const struct yaml *at, const char *name,
                  const struct form *form)
{
    for (int i = 0; i < PH_COUNT; i++) {
        if (strcmp(placeholder_names[i], name) != 0)
            continue;
        if (((form->allowed | PH_EVERYWHERE) & PH_BIT(i)) == 0)
            FAULT(r, at, "placeholder {%s} has no meaning in %s", name, form->name);
        return PH_BIT(i);
    }
    FAULT(r, at, "unknown placeholder {%s}%s", name, read_hint(r, name, placeholder_names));
    return PH_BIT(PH_COUNT);
}

/* The placeholders of TEXT: {name}, lower case. Any other brace is itself. */
static unsigned
check_text(struct reader *r, const struct yaml *at, const char *text, const struct form *form)
{
    unsigned used = 0;

    for (const char *open = strchr(text, '{'); open != NULL; open = strchr(open + 1, '{')) {
        size_t len = strspn(open + 1, "abcdefghijklmnopqrstuvwxyz_");

        if (len > 0 && open[len + 1] == '}')
            used |= check_placeholder(r, at, arena_ntext(r->arena, open + 1, len), form);
    }
    return used;
}

static unsigned
check_body(struct reader *r, const struct yaml *y, const struct form *form)
{
    unsigned used = 0;

    for (size_t i = 0; i < y->n; i++) {
        if (y->kind == YAML_MAP)
            used |= check_text(r, y->keys[i], y->keys[i]->text, form);
        used |= check_body(r, y->items[i], form);
    }
    if (y->kind == YAML_TEXT)
        used |= check_text(r, y, y->text, form);
    return used;
}

static bool
is_header_name(const char *s)
{
    return s[0] != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789!#$%&'*+-.^_`|~")] == '\0';
}

/* Query parameters or headers: name -> text, number or truth value. */
static struct param *
read_params(struct reader *r, const struct yaml *map, const char *key, const struct form *form,
            size_t *n, unsigned *used)
{
    const struct yaml *y = read_map(r, map, key);
    bool headers = strcmp(key, "headers") == 0;
    struct param *params;

    *n = 0;
    if (y == NULL || y->n == 0)
        return NULL;
    params = arena_alloc(r->arena, y->n * sizeof *params);
    for (size_t i = 0; i < y->n; i++) {
        const struct yaml *v = y->items[i];
        struct param *p = &params[(*n)++];

        p->name = arena_text(r->arena, y->keys[i]->text);
        p->value = arena_text(r->arena, v->text);
        if (v->kind == YAML_LIST || v->kind == YAML_MAP)
            FAULT(r, v, "%s: a value must be text, is %s", key, yaml_kind_name(v));
        if (headers && !is_header_name(p->name))
            FAULT(r, y->keys[i], "'%s' is no name of a header", p->name);
        if (headers && strpbrk(p->value, "\r\n") != NULL)
            FAULT(r, v, "a header has one line");
        *used |= check_text(r, y->keys[i], p->name, form) | check_text(r, v, p->value, form);
    }
    return params;
}

static void
read_method(struct reader *r, const struct yaml *y, enum call_kind kind, struct endpoint *out)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
    int i;

    if (kind == CALL_POLL) {
        out->method = arena_text(r->arena, "GET");
        return;
    }
    if (read_need(r, y, "method") == NULL)
        return;
    i = read_word(r, y, "method", methods, -1);
    if (i < 0)
        return;
    out->method = arena_text(r->arena, methods[i]);
    if (i == 0 && yaml_get(y, "body") != NULL)
        FAULT(r, yaml_get(y, "body"), "a GET has no body");
}

/* An absolute URL must stay on the host that the credentials are for. */
static bool
is_below(const char *url, const char *base)
{
    size_t len = base != NULL ? strlen(base) : 0;

    while (len > 0 && base[len - 1] == '/')
        len--;
    return len > 0 && strncmp(url, base, len) == 0 && strchr("/?", url[len]) != NULL;
}

static unsigned
read_url(struct reader *r, const struct yaml *y, const struct form *form, const char *base,
         struct endpoint *out)
{
    const struct yaml *at = read_need(r, y, "path");

    out->path = read_scalar(r, at, "path");
    if (out->path == NULL)
        return 0;
    if (strncmp(out->path, "http://", 7) == 0 || strncmp(out->path, "https://", 8) == 0) {
        if (!is_below(out->path, base))
            FAULT(r, at, "an absolute path must lie under base_url (credentials go there)");
    } else if (out->path[0] != '/') {
        FAULT(r, at, "path must start with a slash (/%s)", out->path);
    }
    if (strpbrk(out->path, " \t\r\n#") != NULL)
        FAULT(r, at, "path must not hold white space or #");
    return check_text(r, at, out->path, form);
}

static void
read_answer(struct reader *r, const struct yaml *y, enum call_kind kind, struct endpoint *out)
{
    static const char *const answers[] = {"full", "none", NULL};
    static const char *const idempotency_keys[] = {"header", "window", NULL};
    const struct yaml *idempotency = read_map(r, y, "idempotency");

    out->answer = (enum answer_kind)read_word(r, y, "answer", answers, ANSWER_FULL);
    if (kind == CALL_UPDATE || kind == CALL_BATCH || idempotency == NULL)
        return;
    yaml_check_keys(idempotency, idempotency_keys, r->file, r->f);
    out->idempotency_header = read_need_text(r, idempotency, "header");
    out->idempotency_window_ms = read_span(r, idempotency, "window", 24 * 3600 * 1000L);
    if (out->idempotency_header != NULL && !is_header_name(out->idempotency_header))
        FAULT(r, yaml_get(idempotency, "header"), "'%s' is no name of a header",
              out->idempotency_header);
}

static void
read_gone(struct reader *r, const struct yaml *y, struct endpoint *out)
{
    static const char *const keys[] = {"status", NULL};
    const struct yaml *gone = read_map(r, y, "gone");

    if (gone != NULL) {
        yaml_check_keys(gone, keys, r->file, r->f);
        read_need(r, gone, "status");
        out->n_gone = read_statuses(r, gone, "status", out->gone);
    }
    if (out->n_gone == 0) {
        out->gone[0] = 404;
        out->n_gone = 1;
    }
}

/* What of an answer of 2xx says that it is none. */
void
said_error_read(struct reader *r, const struct yaml *y, const char *key, struct said_error *out)
{
    static const char *const keys[] = {"status", "header", "body", "as", NULL};
    const struct yaml *error = read_map(r, y, key);
    const struct yaml *as = yaml_get(error, "as");

    if (error == NULL)
        return;
    yaml_check_keys(error, keys, r->file, r->f);
    out->present = true;
    when_read(r, error, &out->when);
    if (out->when.n_headers + out->when.n_body == 0)
        FAULT(r, error, "%s: an answer of status 2xx needs a header or a body to be one", key);
    if (as != NULL && as->kind == YAML_INT)
        out->status = (int)read_count(r, error, "as", 0, 400, 599);
    else
        out->status_path = read_path(r, as, "as", false);
}

static void
read_conflict(struct reader *r, const struct yaml *y, struct limit_when *out)
{
    static const char *const keys[] = {"status", "header", "body", NULL};
    const struct yaml *conflict = read_map(r, y, "conflict");

    if (conflict == NULL)
        return;
    yaml_check_keys(conflict, keys, r->file, r->f);
    when_read(r, conflict, out);
    if (out->n_status + out->n_headers + out->n_body == 0)
        FAULT(r, conflict, "conflict needs a status, a header or a body");
}

static void
read_records(struct reader *r, const struct yaml *y, struct endpoint *out)
{
    read_need(r, y, "records");
    out->records = read_path_key(r, y, "records", true);
    if (out->records == NULL)
        out->records = arena_text(r->arena, "");
}

static void
read_by(struct reader *r, const struct yaml *y, struct endpoint *out)
{
    read_need(r, y, "by");
    out->by = read_texts(r, y, "by", &out->n_by);
    out->strong = read_bool(r, y, "strong", false);
}

/* Whose id a created record has. USED: the placeholders of the call. */
static void
read_client_id(struct reader *r, const struct yaml *y, unsigned used, struct endpoint *out)
{
    static const char *const words[] = {"none", "text", "uuid", NULL};

    out->client_id = (enum client_id)read_word(r, y, "client_id", words, CLIENT_ID_NO);
    out->id_in_record = out->client_id != CLIENT_ID_NO && (used & PH_BIT(PH_ID)) == 0;
    if (out->client_id == CLIENT_ID_NO && (used & PH_BIT(PH_ID)) != 0)
        FAULT(r, y, "create says {id}, but has no client_id: the id is the system's to give");
}

/* Where the external id of an upsert stands. USED: the placeholders of the call. */
static void
read_upsert(struct reader *r, const struct yaml *y, unsigned used, struct endpoint *out)
{
    static const char *const words[] = {"url", "body", NULL};
    bool said = (used & PH_BIT(PH_EXTERNAL_ID)) != 0;

    read_need(r, y, "by");
    out->upsert = read_word(r, y, "by", words, 1) == 0 ? UPSERT_URL : UPSERT_BODY;
    out->key = read_path_key(r, y, "key", false);
    if (out->upsert == UPSERT_URL && !said)
        FAULT(r, y, "upsert by url never says {external_id}");
    if (out->upsert == UPSERT_URL && out->key != NULL)
        FAULT(r, yaml_get(y, "key"), "upsert by url has no key: the URL is it");
}

static void
read_body_type(struct reader *r, const struct yaml *y, struct endpoint *out)
{
    static const char *const words[] = {"json", "form", NULL};

    const struct yaml *body = yaml_get(y, "body");

    out->body_type = (enum body_type)read_word(r, y, "body_type", words, BODY_JSON);
    if (out->body_type == BODY_FORM && body != NULL && body->kind != YAML_MAP)
        FAULT(r, body, "the body of a form must be a map, is %s", yaml_kind_name(body));
}

json_t *
endpoint_template(struct reader *r, const struct yaml *y, enum call_kind kind, bool *says_id)
{
    unsigned used = y != NULL ? check_body(r, y, &forms[kind]) : 0;

    *says_id = (used & PH_BIT(PH_ID)) != 0;
    return y != NULL ? yaml_to_json(y) : NULL;
}

unsigned
endpoint_read(struct reader *r, const struct yaml *y, enum call_kind kind, const char *base_url,
              struct endpoint *out)
{
    const struct form *form = &forms[kind];
    const struct yaml *body = yaml_get(y, "body");
    unsigned used = 0;

    yaml_check_keys(y, form->keys, r->file, r->f);
    if (y == NULL || y->kind != YAML_MAP)
        return 0;
    out->present = true;
    read_method(r, y, kind, out);
    used |= read_url(r, y, form, base_url, out);
    out->query = read_params(r, y, "query", form, &out->n_query, &used);
    out->headers = read_params(r, y, "headers", form, &out->n_headers, &used);
    read_body_type(r, y, out);
    if (body != NULL) {
        used |= check_body(r, body, form);
        out->body = yaml_to_json(body);
    }
    out->record = read_path_key(r, y, "record", true);
    if (out->record == NULL)
        out->record = arena_text(r->arena, "");
    if (kind == CALL_FIND || kind == CALL_LIST)
        read_records(r, y, out);
    if (kind == CALL_FIND)
        read_by(r, y, out);
    if (kind == CALL_GET || kind == CALL_DELETE)
        read_gone(r, y, out);
    if (kind == CALL_CREATE || kind == CALL_UPSERT || kind == CALL_UPDATE || kind == CALL_BATCH)
        read_answer(r, y, kind, out);
    if (kind == CALL_CREATE)
        read_client_id(r, y, used, out);
    if (kind == CALL_UPSERT)
        read_upsert(r, y, used, out);
    said_error_read(r, y, "error", &out->error);
    read_conflict(r, y, &out->conflict);
    if (kind == CALL_UPDATE || kind == CALL_DELETE)
        precondition_read(r, y, &out->precondition);
    out->lag_ms = read_span(r, y, "lag", 0);
    /* With an unknown one (PH_COUNT) the missing one may be misspelt: said already. */
    if (form->needs != PH_COUNT && (used & (PH_BIT(form->needs) | PH_BIT(PH_COUNT))) == 0)
        FAULT(r, y, "%s never says {%s}", form->name, placeholder_names[form->needs]);
    return used;
}

void
endpoint_release(struct endpoint *e)
{
    json_decref(e->body);
    e->body = NULL;
    batch_release(e->batch);
}
