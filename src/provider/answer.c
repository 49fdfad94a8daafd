#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "http/link.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { EXCERPT = 200, EXCERPT_LOOK = 8 * 1024 };

/* Length of the UTF-8 sequence at P that may be shown as it is, 0 if there is none. */
static size_t
shown_as_is(const unsigned char *p, size_t len)
{
    size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

    if (n == 0 || n > len || *p < ' ' || *p == 127)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* C1, overlong, surrogates, past U+10FFFF */
    if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) ||
        (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] >= 0x90))
        return 0;
    return n;
}

const char *
answer_excerpt(const struct call *c, const struct http_answer *h)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *text = secrets_hide(&c->p->secrets, c->arena, h->body,
                                    h->len < EXCERPT_LOOK ? h->len : EXCERPT_LOOK);
    size_t len = strlen(text), n, add;
    char hex[8];

    for (size_t i = 0; i < len; i += n) {
        const char *piece = text + i;

        n = add = shown_as_is((const unsigned char *)piece, len - i);
        if (n == 0) {
            bool space = strchr("\n\r\t", *piece) != NULL;

            snprintf(hex, sizeof hex, space ? " " : "\\x%02x", (unsigned char)*piece);
            piece = hex;
            n = 1;
            add = strlen(hex);
        }
        if (b.len + add > EXCERPT - 3) {
            buf_text(&b, "...");
            break;
        }
        buf_add(&b, piece, add);
    }
    return arena_ntext(c->arena, buf_get(&b), b.len);
}

static bool
broken(struct call *c, const struct err *err)
{
    call_say(c, PROVIDER_BROKEN, err->code, "HTTP %d: %s", c->answer.status, err->text);
    return true;
}

/* application/json and whatever ends in +json (RFC 6839). */
static bool
is_json_type(const char *type, size_t len)
{
    return (len == 16 && strncasecmp(type, "application/json", 16) == 0) ||
           (len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0);
}

static struct val *
parse(struct call *c, const struct http_answer *h)
{
    const char *type = http_header(h, "content-type");
    size_t type_len = type != NULL ? strcspn(type, "; ") : 0;
    size_t bom = h->len >= 3 && memcmp(h->body, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct err err = ERR_INIT;
    struct val *v = val_parse(c->arena, h->body + bom, h->len - bom, &err);

    if (v != NULL)
        return v;
    if (type == NULL || is_json_type(type, type_len))
        call_say(c, PROVIDER_BROKEN, "not-json", "HTTP %d: %s: \"%s\"", h->status, err.text,
                 answer_excerpt(c, h));
    else
        call_say(c, PROVIDER_BROKEN, "not-json", "HTTP %d answered %.*s where JSON was due: \"%s\"",
                 h->status, (int)(type_len < 60 ? type_len : 60), type, answer_excerpt(c, h));
    return NULL;
}

static struct provider_record *
take_record(struct call *c, const struct val *raw, struct err *err)
{
    struct provider_record *rec = arena_alloc(c->arena, sizeof *rec);

    return provider_map(c->arena, c->r, raw, rec, err) == 0 ? rec : NULL;
}

static void
take_etag(struct call *c, const struct http_answer *h, struct provider_record *rec)
{
    const char *etag = http_header(h, "etag");

    if (etag == NULL || etag[0] == '\0')
        return;
    if (rec->etag == NULL && !precondition_is_version(c->r))
        rec->etag = arena_text(c->arena, etag);
    if (c->r->version_kind == VERSION_ETAG && rec->version == NULL)
        rec->version = rec->etag;
}

static void
finish_record(struct call *c, struct provider_record *rec)
{
    c->answer.outcome = PROVIDER_OK;
    c->answer.code = c->answer.text = NULL;
    c->answer.records = rec;
    c->answer.n_records = 1;
    c->answer.read_back = c->read_back;
    if (c->kind == CALL_CREATE || c->kind == CALL_UPDATE)
        c->answer.id = rec->id;
}

static bool
read_record(struct call *c, const struct http_answer *h, const struct val *v)
{
    struct err err = ERR_INIT;
    struct provider_record *rec = take_record(c, record_at(v, c->e->record), &err);

    if (rec == NULL) {
        call_say(c, PROVIDER_BROKEN, err.code, "HTTP %d: %s: %s", h->status, err.text,
                 answer_excerpt(c, h));
        return true;
    }
    if (c->t.id != NULL && strcasecmp(rec->id, c->t.id) != 0) {
        call_say(c, PROVIDER_BROKEN, "other-record",
                 "HTTP %d: the answer is another record: %.100s", h->status, rec->id);
        return true;
    }
    take_etag(c, h, rec);
    finish_record(c, rec);
    return true;
}

static void
keep_bad(struct call *c, size_t row, const struct err *err)
{
    if (c->answer.n_bad++ == 0)
        c->answer.bad_text =
            arena_printf(c->arena, "%s: row %zu: %s", c->q.shown, row + 1, err->text);
}

/* The array of rows, NULL and BROKEN said. */
static const struct val *
read_rows(struct call *c, const struct http_answer *h, const struct val *v)
{
    const struct val *rows = record_at(v, c->e->records);
    struct err err = ERR_INIT;

    if (rows == NULL || rows->kind != VAL_ARRAY) {
        call_say(c, PROVIDER_BROKEN, "no-records", "HTTP %d: no list of records at \"%s\": %s",
                 h->status, c->e->records, answer_excerpt(c, h));
        return NULL;
    }
    c->answer.n_bad = 0;
    c->answer.n_records = 0;
    c->answer.records = arena_alloc(c->arena, (rows->n + 1) * sizeof *c->answer.records);
    for (size_t i = 0; i < rows->n; i++) {
        const struct val *raw = record_at(rows->u.items[i], c->e->record);

        struct provider_record *record = &c->answer.records[c->answer.n_records];

        if (provider_map(c->arena, c->r, raw, record, &err) != 0) {
            keep_bad(c, i, &err);
            continue;
        }
        if (c->e == &c->r->list.call && c->r->list.at != NULL)
            record->changed_at = moment_read(&c->r->list, val_path(raw, c->r->list.at));
        c->answer.n_records++;
    }
    c->answer.outcome = PROVIDER_OK;
    c->answer.code = c->answer.text = NULL;
    return rows;
}

/* The URL of the next page from any of the answer's Link headers. */
static const char *
next_link(struct arena *a, const struct http_answer *h)
{
    const char *url = NULL;

    for (size_t i = 0; url == NULL && i < h->n_headers; i++)
        if (strcmp(h->headers[i].name, "link") == 0)
            url = link_target(a, h->headers[i].value, "next");
    return url;
}

static bool
read_list(struct call *c, const struct http_answer *h, const struct val *v)
{
    const struct val *rows = read_rows(c, h, v);
    struct page_answer page = {.url = c->q.url, .body = v, .rows = rows};
    struct err err = ERR_INIT;

    if (rows == NULL)
        return true;
    if (c->r->list.page == PAGE_LINK)
        page.link = next_link(c->arena, h);
    if (page_next(c->arena, c->r, &c->page, provider_at(c->p)->base_url, &page,
                  &c->answer.next_cursor, &err) != 0)
        return broken(c, &err);
    if (c->r->list.total == NULL ||
        val_get_int(val_path(v, c->r->list.total), &c->answer.total) < 0)
        c->answer.total = -1;
    if (c->answer.next_cursor != NULL) /* it is kept */
        c->answer.next_cursor = auth_url_without(c->arena, c->p->system, c->answer.next_cursor);
    return true;
}

/* A row that cannot be read may be the one that is sought: that is no "not found". */
static bool
read_found(struct call *c, const struct http_answer *h, const struct val *v)
{
    if (read_rows(c, h, v) == NULL)
        return true;
    if (c->answer.n_bad > 0) {
        call_say(c, PROVIDER_BROKEN, "no-record", "HTTP %d: %s", h->status, c->answer.bad_text);
    } else if (c->read_back && c->answer.n_records != 1) {
        call_say(c, PROVIDER_BROKEN, c->answer.n_records == 0 ? "no-id" : "not-one",
                 "%zu records have the external id of the one created", c->answer.n_records);
    } else if (c->read_back) {
        finish_record(c, c->answer.records);
    }
    return true;
}

static bool
read_identity(struct call *c, const struct http_answer *h, const struct val *v)
{
    const char *path = c->p->system->definition->identity.id;
    struct provider_record *rec = arena_alloc(c->arena, sizeof *rec);

    rec->raw = v;
    rec->id = val_id(record_at(v, path));
    if (rec->id == NULL)
        call_say(c, PROVIDER_BROKEN, "no-id", "HTTP %d: no account id at \"%s\": %s", h->status,
                 path, answer_excerpt(c, h));
    else
        finish_record(c, rec);
    return true;
}

/* Whatever the answer says of the record: it is gone. */
static bool
read_deleted(struct call *c)
{
    c->answer.outcome = PROVIDER_OK;
    c->answer.code = c->answer.text = NULL;
    c->answer.id = c->t.id;
    return true;
}

/* A page of a proxy or a login: whatever its status says, the system has not spoken. */
static bool
is_html(const struct http_answer *h)
{
    const char *type = http_header(h, "content-type");

    return (type != NULL && strncasecmp(type, "text/html", 9) == 0) ||
           (type == NULL && h->body[0] == '<');
}

/* A write of which the answer's body is not looked at. */
static bool
is_shown_nothing(const struct call *c)
{
    return c->writing && (c->kind == CALL_DELETE || c->e->answer == ANSWER_NONE);
}

static enum provider_outcome classify(struct call *c, const struct http_answer *h, int status);

/* What a refused write says of its fields. */
static void
take_blame(struct call *c, const struct http_answer *h)
{
    bool refused = c->answer.outcome == PROVIDER_REFUSED || c->answer.outcome == PROVIDER_CONFLICT;

    if (c->writing && refused)
        c->answer.blamed = blame_find(c->arena, c->r, val_parse(c->arena, h->body, h->len, NULL));
}

/* An answer of 2xx whose body says that it is an error; as what status, if it says so. */
static bool
is_said_error(struct call *c, const struct http_answer *h)
{
    const struct said_error *e = &c->e->error;
    struct limit_scene s;
    int64_t status = e->status;
    char code[32] = "said-error";

    limit_begin(&s, c->arena, h, clock_now());
    if (!limit_is_meant(&s, &e->when))
        return false;
    if (e->status_path != NULL)
        val_get_int(val_path(val_parse(c->arena, h->body, h->len, NULL), e->status_path), &status);
    if (status >= 400 && status <= 599)
        snprintf(code, sizeof code, "http-%d", (int)status);
    else
        status = 400;
    call_say(c, classify(c, h, (int)status), code, "HTTP %d with an error: %s", h->status,
             answer_excerpt(c, h));
    take_blame(c, h);
    if (c->kind == CALL_DELETE && c->answer.outcome == PROVIDER_GONE)
        read_deleted(c);
    return true;
}

/* Others find out what it means. */
static bool
read_shown(struct call *c, const struct val *v)
{
    c->shown = v;
    c->answer.outcome = PROVIDER_OK;
    c->answer.code = c->answer.text = NULL;
    return true;
}

bool
answer_read(struct call *c, const struct http_answer *h)
{
    bool empty = h->len == 0 || h->status == 204 || h->status == 205;
    const struct val *v;

    if (c->e->error.present && !empty && is_said_error(c, h))
        return true;
    if (is_shown_nothing(c) && !empty && is_html(h) && parse(c, h) == NULL)
        return true;
    if (c->kind == CALL_DELETE)
        return read_deleted(c);
    if (c->kind == CALL_BULK && empty)
        return read_shown(c, NULL);
    if (c->kind != CALL_BULK && c->writing && (empty || c->e->answer == ANSWER_NONE)) {
        v = empty ? NULL : val_parse(c->arena, h->body, h->len, NULL);
        return readback_start(c, record_at(v, c->e->record), h);
    }
    v = parse(c, h);
    if (v == NULL)
        return true;
    if (c->kind == CALL_BULK || c->kind == CALL_POLL)
        return read_shown(c, v);
    if (c->kind == CALL_IDENTITY)
        return read_identity(c, h, v);
    if (c->kind == CALL_LIST)
        return read_list(c, h, v);
    if (c->e == &c->r->find)
        return read_found(c, h, v);
    return read_record(c, h, v);
}

static bool
is_gone(const struct call *c, int status)
{
    const struct endpoint *e = c->e;

    if (c->r == NULL)
        return false;
    if (e == &c->r->update) /* which says it as a read would */
        e = &c->r->get;
    if (e != &c->r->get && e != &c->r->delete)
        return false;
    for (size_t i = 0; i < e->n_gone; i++) {
        if (e->gone[i] == status)
            return true;
    }
    return false;
}

/* Was somebody faster? Then STATUS, or what the definition names, says so. */
static bool
is_conflict(struct call *c, const struct http_answer *h, int status)
{
    const struct limit_when *w = &c->e->conflict;
    struct http_answer as = *h;
    struct limit_scene s;

    if (!c->writing)
        return false;
    if (w->n_status + w->n_headers + w->n_body == 0)
        return status == 409 || status == 412;
    as.status = status; /* which the body may say */
    limit_begin(&s, c->arena, &as, clock_now());
    return limit_is_meant(&s, w);
}

static enum provider_outcome
classify(struct call *c, const struct http_answer *h, int status)
{
    if (is_conflict(c, h, status))
        return PROVIDER_CONFLICT;
    if (is_gone(c, status))
        return PROVIDER_GONE;
    if (status < 400)
        return PROVIDER_BROKEN;
    if (status == 401 || status == 403 || status == 407)
        return PROVIDER_AUTH;
    if (status >= 500 || status == 408)
        return PROVIDER_LOST;
    return PROVIDER_REFUSED;
}

void
answer_refused(struct call *c, const struct http_answer *h)
{
    const char *excerpt = answer_excerpt(c, h);
    char code[32];

    snprintf(code, sizeof code, "http-%d", h->status);
    if (c->kind == CALL_DELETE && is_gone(c, h->status)) {
        call_say(c, PROVIDER_OK, NULL, "HTTP %d: it was not there", h->status);
        c->answer.id = c->t.id;
    } else if (h->status < 400) {
        call_say(c, classify(c, h, h->status), code,
                 "HTTP %d where a record was due (redirects are "
                 "not followed: is base_url right?)",
                 h->status);
    } else {
        call_say(c, classify(c, h, h->status), code, "HTTP %d%s%s", h->status,
                 excerpt[0] != '\0' ? ": " : "", excerpt);
        take_blame(c, h);
    }
}
