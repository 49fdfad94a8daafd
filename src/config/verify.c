#include <config.h>

#include <string.h>

#include "config/internal.h"

#include "base/mem.h"

/* `verify` of a definition. */

static const char *const kinds[] = {"none", "equals", "basic", "bearer", "mac", NULL};
static const char *const later_kinds[] = {"digest", "asym", "jwt", NULL};

static bool
is_one_of(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

static char *
read_header(struct reader *r, const struct yaml *map, bool need)
{
    const char *name = need ? read_need_text(r, map, "header") : read_text(r, map, "header");

    if (name != NULL && strpbrk(name, " \t:,\r\n") != NULL)
        FAULT(r, yaml_get(map, "header"), "header: a header's name has no '%c' in it",
              *strpbrk(name, " \t:,\r\n"));
    return read_lower(r, name);
}

static void
read_parse(struct reader *r, const struct yaml *y, struct verify_rule *out)
{
    static const char *const words[] = {"raw", "prefix", "kv", "list", NULL};
    static const char *const raw[] = {"kind", NULL};
    static const char *const prefix[] = {"kind", "prefix", NULL};
    static const char *const kv[] = {"kind", "signature", "timestamp", NULL};
    static const char *const list[] = {"kind", "version", NULL};
    static const char *const *const keys[] = {raw, prefix, kv, list};
    const struct yaml *parse = read_map(r, y, "parse");

    if (parse == NULL)
        return;
    read_need(r, parse, "kind");
    out->parse = (enum parse_kind)read_word(r, parse, "kind", words, PARSE_RAW);
    yaml_check_keys(parse, keys[out->parse], r->file, r->f);
    if (out->parse == PARSE_PREFIX)
        out->prefix = read_need_text(r, parse, "prefix");
    if (out->parse == PARSE_KV)
        out->signature = read_need_text(r, parse, "signature");
    if (out->parse == PARSE_KV)
        out->kv_timestamp = read_text(r, parse, "timestamp");
    if (out->parse == PARSE_LIST)
        out->signature = read_need_text(r, parse, "version");
}

static void
add_part(struct reader *r, struct verify_rule *out, enum sign_part_kind kind, const char *text,
         size_t len)
{
    struct sign_part *part = &out->parts[out->n_parts];

    if (kind == SIGN_LITERAL && len == 0)
        return;
    part->kind = kind;
    if (kind == SIGN_LITERAL || kind == SIGN_HEADER)
        part->text = arena_ntext(r->arena, text, len);
    if (kind == SIGN_HEADER)
        part->text = read_lower(r, part->text);
    out->n_parts++;
}

/* NAME is what stands between braces. */
static void
read_placeholder(struct reader *r, const struct yaml *y, const char *name, size_t len,
                 struct verify_rule *out)
{
    static const char *const words[] = {"",       "body", "timestamp", "id",
                                        "method", "url",  "header",    NULL};
    const char *text = arena_ntext(r->arena, name, len);

    if (strncmp(text, "header:", 7) == 0 && text[7] != '\0') {
        add_part(r, out, SIGN_HEADER, text + 7, len - 7);
        return;
    }
    for (int i = SIGN_BODY; i < SIGN_HEADER; i++) {
        if (strcmp(words[i], text) == 0) {
            out->signs_url = out->signs_url || i == SIGN_URL;
            add_part(r, out, (enum sign_part_kind)i, NULL, 0);
            return;
        }
    }
    FAULT(r, y,
          "signed: there is no {%s} (there are {body} {timestamp} {id} {method} {url} "
          "{header:NAME})",
          text);
}

static void
read_signed(struct reader *r, const struct yaml *map, struct verify_rule *out)
{
    const struct yaml *y = read_need(r, map, "signed");
    const char *text = read_scalar(r, y, "signed");
    const char *at = text;

    if (text == NULL)
        return;
    out->parts = arena_alloc(r->arena, (strlen(text) + 1) * sizeof *out->parts);
    while (*at != '\0') {
        size_t len = strcspn(at, "{");
        const char *close = at[len] != '\0' ? strchr(at + len, '}') : NULL;

        if (at[len] != '\0' && close == NULL) {
            FAULT(r, y, "signed: a brace is not closed");
            return;
        }
        add_part(r, out, SIGN_LITERAL, at, len);
        at += len;
        if (close != NULL) {
            read_placeholder(r, y, at + 1, (size_t)(close - at) - 1, out);
            at = close + 1;
        }
    }
}

static bool
signs(const struct verify_rule *rule, enum sign_part_kind kind, const char *header)
{
    for (size_t i = 0; i < rule->n_parts; i++) {
        const struct sign_part *p = &rule->parts[i];

        if (p->kind == kind && (header == NULL || strcmp(p->text, header) == 0))
            return true;
    }
    return false;
}

static void
read_id(struct reader *r, const struct yaml *map, struct verify_rule *out)
{
    static const char *const keys[] = {"header", NULL};
    const struct yaml *y = read_map(r, map, "id");

    yaml_check_keys(y, keys, r->file, r->f);
    if (y != NULL)
        out->id_header = read_header(r, y, true);
    if (y == NULL && yaml_get(map, "id") == NULL && signs(out, SIGN_ID, NULL))
        FAULT(r, yaml_get(map, "signed"), "signed has {id}, but there is no id: {header: NAME}");
}

static void
read_timestamp(struct reader *r, const struct yaml *map, struct verify_rule *out)
{
    static const char *const keys[] = {"header", "unit", "max_age", "max_ahead", NULL};
    static const char *const units[] = {"s", "ms", "iso8601", NULL};
    const struct yaml *y = read_map(r, map, "timestamp");

    out->max_age_ms = out->max_ahead_ms = -1;
    yaml_check_keys(y, keys, r->file, r->f);
    out->timed = y != NULL || out->kv_timestamp != NULL;
    out->unit = TIME_S;
    if (y != NULL) {
        out->timestamp_header = read_header(r, y, out->kv_timestamp == NULL);
        out->unit = (enum time_unit)(TIME_S + read_word(r, y, "unit", units, 0));
        out->max_age_ms = read_span(r, y, "max_age", -1);
        out->max_ahead_ms = read_span(r, y, "max_ahead", out->max_age_ms);
    }
    if (!out->timed && signs(out, SIGN_TIMESTAMP, NULL))
        FAULT(r, yaml_get(map, "signed"),
              "signed has {timestamp}, but there is no timestamp: {header: NAME}");
    if (y != NULL && out->n_parts > 0 && !signs(out, SIGN_TIMESTAMP, NULL) &&
        (out->timestamp_header == NULL || !signs(out, SIGN_HEADER, out->timestamp_header)))
        FAULT(r, y, "timestamp: it is not signed, so it proves nothing (leave it out)");
}

static void
read_mac(struct reader *r, const struct yaml *y, struct verify_rule *out)
{
    static const char *const algs[] = {"hmac-sha256", NULL};
    static const char *const encodings[] = {"hex", "base64", NULL};
    static const char *const key_kinds[] = {"text", "base64", "hex", NULL};

    read_need(r, y, "alg");
    read_word(r, y, "alg", algs, 0);
    read_need(r, y, "encoding");
    out->encoding = (enum sign_encoding)read_word(r, y, "encoding", encodings, ENCODING_HEX);
    out->header = read_header(r, y, true);
    read_parse(r, y, out);
    read_signed(r, y, out);
    read_id(r, y, out);
    read_timestamp(r, y, out);
    out->key = (enum key_kind)read_word(r, y, "key", key_kinds, KEY_TEXT);
    out->key_prefix = read_text(r, y, "key_prefix");
    out->url_decode = read_text(r, y, "url_decode");
    if (out->parts != NULL && !signs(out, SIGN_BODY, NULL))
        FAULT(r, yaml_get(y, "signed"), "signed: without {body} anybody could change the body");
}

static void
read_rule(struct reader *r, const struct yaml *y, struct verify_rule *out)
{
    static const char *const plain[] = {"kind", NULL};
    static const char *const equals[] = {"kind", "header", NULL};
    static const char *const mac[] = {"kind",  "alg",        "encoding",   "header",
                                      "parse", "signed",     "id",         "timestamp",
                                      "key",   "key_prefix", "url_decode", NULL};
    static const char *const *const keys[] = {plain, equals, plain, plain, mac};
    const struct yaml *kind = y->kind == YAML_MAP ? read_need(r, y, "kind") : NULL;

    if (y->kind != YAML_MAP) {
        FAULT(r, y, "a rule of verify must be a map, is %s", yaml_kind_name(y));
        return;
    }
    if (kind == NULL)
        return;
    if (is_one_of(kind->text, later_kinds)) {
        FAULT(r, kind,
              "kind %s is not supported in this version (none, equals, basic, bearer, mac)",
              kind->text);
        return;
    }
    out->kind = (enum verify_kind)read_word(r, y, "kind", kinds, VERIFY_NONE);
    yaml_check_keys(y, keys[out->kind], r->file, r->f);
    if (out->kind == VERIFY_EQUALS)
        out->header = read_header(r, y, true);
    if (out->kind == VERIFY_MAC)
        read_mac(r, y, out);
}

void
verify_read(struct reader *r, const struct yaml *root, struct webhook_def *out)
{
    const struct yaml *y = read_list(r, root, "verify");

    if (y == NULL)
        return;
    out->verify = arena_alloc(r->arena, (y->n + 1) * sizeof *out->verify);
    out->n_verify = y->n;
    for (size_t i = 0; i < y->n; i++)
        read_rule(r, y->items[i], &out->verify[i]);
    for (size_t i = 0; i < y->n && y->n > 1; i++) {
        const struct yaml *kind = yaml_get(y->items[i], "kind");

        if (kind != NULL && strcmp(kind->text, "none") == 0)
            FAULT(r, y->items[i], "kind none lets everything pass: it must stand alone");
    }
}
