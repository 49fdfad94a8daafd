#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

/* What a definition says of incoming requests, but for `verify` (verify.c) and `event`
 * (event_map.c). */

/* HTML, SVG, anything that a browser runs scripts in (types are in any case: RFC 9110 8.3.1). */
static bool
is_active(const char *content_type)
{
    return content_type != NULL &&
           (strcasestr(content_type, "html") != NULL || strcasestr(content_type, "xml") != NULL ||
            strcasestr(content_type, "script") != NULL);
}

/* {query: NAME}, {header: NAME} or {body: PATH} of the map Y; none of them: absent. */
static struct spot
read_source(struct reader *r, const struct yaml *y)
{
    static const char *const names[] = {"query", "header", "body"};
    static const enum spot_root roots[] = {SPOT_QUERY, SPOT_HEADER, SPOT_ENVELOPE};
    struct spot out = {0};

    for (int i = 0; i < 3; i++) {
        if (yaml_get(y, names[i]) == NULL)
            continue;
        if (out.present)
            FAULT(r, yaml_get(y, names[i]), "only one of query, header and body");
        out.present = true;
        out.root = roots[i];
        out.path = i == 2 ? read_path_key(r, y, names[i], false) : read_text(r, y, names[i]);
        if (i == 1)
            out.path = read_lower(r, out.path);
    }
    return out;
}

static void
read_when(struct reader *r, const struct yaml *map, struct challenge_rule *out)
{
    static const char *const keys[] = {"method", "query", "header", "body", "equals", NULL};
    const struct yaml *when = read_map(r, map, "when");

    read_need(r, map, "when");
    if (when == NULL)
        return;
    yaml_check_keys(when, keys, r->file, r->f);
    out->method = read_text(r, when, "method");
    out->when = read_source(r, when);
    out->equals = read_text(r, when, "equals");
    if (!out->when.present)
        FAULT(r, when, "when needs one of query, header and body");
}

static int
read_status(struct reader *r, const struct yaml *map, int otherwise, int min, int max)
{
    return (int)read_count(r, map, "status", otherwise, min, max);
}

static void
read_respond(struct reader *r, const struct yaml *map, struct challenge_rule *out)
{
    static const char *const keys[] = {"status", "content_type", "body", "token", NULL};
    static const char *const token_keys[] = {"query", "header", "body", NULL};
    const struct yaml *y = read_map(r, map, "respond");
    const struct yaml *token;

    read_need(r, map, "respond");
    if (y == NULL)
        return;
    yaml_check_keys(y, keys, r->file, r->f);
    out->status = read_status(r, y, 200, 200, 299);
    out->content_type = read_text(r, y, "content_type");
    if (out->content_type == NULL)
        out->content_type = arena_text(r->arena, "text/plain");
    if (is_active(out->content_type))
        FAULT(r, yaml_get(y, "content_type"),
              "content_type: an echo as HTML or XML would run anybody's scripts (use text/plain)");
    out->body = read_text(r, y, "body");
    if (out->body == NULL)
        out->body = arena_text(r->arena, "{token}");
    read_need(r, y, "token");
    token = read_map(r, y, "token");
    yaml_check_keys(token, token_keys, r->file, r->f);
    out->token = read_source(r, token);
    if (token != NULL && !out->token.present)
        FAULT(r, token, "token needs one of query, header and body");
}

static void
read_challenges(struct reader *r, const struct yaml *root, struct webhook_def *out)
{
    static const char *const keys[] = {"when", "signed", "respond", NULL};
    static const char *const words[] = {"skipped", "required", NULL};
    const struct yaml *y = read_list(r, root, "challenge");

    if (y == NULL)
        return;
    out->challenges = arena_alloc(r->arena, (y->n + 1) * sizeof *out->challenges);
    for (size_t i = 0; i < y->n; i++) {
        struct challenge_rule *one = &out->challenges[out->n_challenges++];

        yaml_check_keys(y->items[i], keys, r->file, r->f);
        if (y->items[i]->kind != YAML_MAP)
            continue;
        read_when(r, y->items[i], one);
        one->is_signed = read_word(r, y->items[i], "signed", words, 1) == 1;
        read_respond(r, y->items[i], one);
    }
}

static void
read_ack(struct reader *r, const struct yaml *root, struct webhook_def *out)
{
    static const char *const keys[] = {"status", "content_type", "body", NULL};
    static const char *const bad_keys[] = {"status", NULL};
    const struct yaml *ack = read_map(r, root, "ack");
    const struct yaml *bad = read_map(r, root, "on_bad_signature");

    yaml_check_keys(ack, keys, r->file, r->f);
    yaml_check_keys(bad, bad_keys, r->file, r->f);
    out->ack.status = read_status(r, ack, 200, 200, 204);
    if (out->ack.status == 201 || out->ack.status == 203)
        FAULT(r, yaml_get(ack, "status"), "status must be 200, 202 or 204");
    out->ack.body = read_text(r, ack, "body");
    out->ack.content_type = read_text(r, ack, "content_type");
    if (out->ack.body != NULL && out->ack.content_type == NULL)
        out->ack.content_type = arena_text(r->arena, "text/plain");
    if (out->ack.body != NULL && out->ack.status == 204)
        FAULT(r, yaml_get(ack, "body"), "body: an answer 204 has none");
    out->bad_signature_status = read_status(r, bad, 401, 400, 499);
}

void
webhook_read(struct reader *r, const struct yaml *root, struct definition *d)
{
    verify_read(r, root, &d->webhook);
    read_challenges(r, root, &d->webhook);
    read_ack(r, root, &d->webhook);
    event_map_read(r, root, d, &d->webhook.event);
}
