#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Is a request from whom it says? Each rule of the definition is tried with each secret; what is
 * compared is compared over all its bytes, and no secret ends the search early. Of several refusals
 * the one that came furthest is told.
 */
enum { MAX_SIGNATURES = 16 };

/* How far a request came, by rank. */
enum how_far { NO_SIGNATURE, BAD_CREDENTIALS, BAD_SIGNATURE, BAD_TIMESTAMP, STALE, AHEAD, PASSED };

struct check {
    struct arena *arena;
    const struct conf_system *system;
    const struct inbound *r;
    int64_t now;
    const char *text; /* why not */
};

/* A piece of text. */
struct piece {
    const char *at;
    size_t len;
};

static struct piece
trim(struct piece p)
{
    while (p.len > 0 && (*p.at == ' ' || *p.at == '\t'))
        p.at++, p.len--;
    while (p.len > 0 && (p.at[p.len - 1] == ' ' || p.at[p.len - 1] == '\t'))
        p.len--;
    return p;
}

static bool
piece_is(struct piece p, const char *text)
{
    return p.len == strlen(text) && memcmp(p.at, text, p.len) == 0;
}

/* ---- equals, basic, bearer ---- */

/* Equal texts, in time that tells nothing of the secret, not even its length. */
static bool
secret_equal(const char *secret, const void *given, size_t len)
{
    unsigned char a[DIGEST_SHA256], b[DIGEST_SHA256];

    digest_sha256(secret, strlen(secret), a);
    digest_sha256(given, len, b);
    return digest_equal(a, b, sizeof a);
}

static bool
is_any_secret(const struct check *c, const void *given, size_t len)
{
    bool found = false;

    for (size_t i = 0; i < c->system->webhook.n_secrets; i++)
        found |= secret_equal(c->system->webhook.secrets[i], given, len);
    return found;
}

/* What follows SCHEME (RFC 9110 11.4: any case) in the header authorization. */
static bool
after_scheme(const struct check *c, const char *scheme, struct piece *out)
{
    const char *value = inbound_header(c->r, "authorization");
    size_t len = strlen(scheme);

    if (value == NULL || strncasecmp(value, scheme, len) != 0 || value[len] != ' ')
        return false;
    *out = trim((struct piece){value + len, strlen(value + len)});
    return true;
}

static enum how_far
check_credentials(struct check *c, const struct verify_rule *rule)
{
    struct piece given = {NULL, 0};
    const char *value = NULL;
    unsigned char *plain;
    long n;

    if (rule->kind == VERIFY_EQUALS) {
        value = inbound_header(c->r, rule->header);
        c->text = arena_printf(c->arena, "%s %s", value == NULL ? "no header" : "wrong value in",
                               rule->header);
        if (value == NULL)
            return NO_SIGNATURE;
        return is_any_secret(c, value, strlen(value)) ? PASSED : BAD_CREDENTIALS;
    }
    c->text = rule->kind == VERIFY_BASIC ? "no basic credentials" : "no bearer token";
    if (!after_scheme(c, rule->kind == VERIFY_BASIC ? "basic" : "bearer", &given))
        return NO_SIGNATURE;
    c->text = rule->kind == VERIFY_BASIC ? "wrong user or password" : "wrong bearer token";
    if (rule->kind == VERIFY_BEARER)
        return is_any_secret(c, given.at, given.len) ? PASSED : BAD_CREDENTIALS;
    plain = arena_alloc(c->arena, given.len + 1);
    n = digest_from_base64(given.at, given.len, plain, given.len + 1);
    return n >= 0 && is_any_secret(c, plain, (size_t)n) ? PASSED : BAD_CREDENTIALS;
}

/* ---- mac ---- */

struct signatures {
    unsigned char given[MAX_SIGNATURES][DIGEST_SHA256];
    size_t n;
    struct piece kv_timestamp; /* NULL: none */
};

static void
add_signature(const struct verify_rule *rule, struct piece text, struct signatures *out)
{
    unsigned char bytes[DIGEST_SHA256 + 4];
    long n;

    if (out->n == MAX_SIGNATURES)
        return;
    n = rule->encoding == ENCODING_HEX ? digest_from_hex(text.at, text.len, bytes, sizeof bytes)
                                       : digest_from_base64(text.at, text.len, bytes, sizeof bytes);
    if (n == DIGEST_SHA256)
        memcpy(out->given[out->n++], bytes, DIGEST_SHA256);
}

/* NAME SEPARATOR VALUE of one part of a header. */
static void
add_named(const struct verify_rule *rule, struct piece part, char separator, struct signatures *out)
{
    const char *sep = memchr(part.at, separator, part.len);
    struct piece name, value;

    if (sep == NULL)
        return;
    name = trim((struct piece){part.at, (size_t)(sep - part.at)});
    value = trim((struct piece){sep + 1, part.len - (size_t)(sep - part.at) - 1});
    if (piece_is(name, rule->signature))
        add_signature(rule, value, out);
    else if (rule->kv_timestamp != NULL && piece_is(name, rule->kv_timestamp) &&
             out->kv_timestamp.at == NULL)
        out->kv_timestamp = value;
}

static void
read_signatures(const struct verify_rule *rule, const char *value, struct signatures *out)
{
    struct piece whole = trim((struct piece){value, strlen(value)});
    const char *stops = rule->parse == PARSE_KV ? "," : " ";

    if (rule->parse == PARSE_RAW) {
        add_signature(rule, whole, out);
        return;
    }
    if (rule->parse == PARSE_PREFIX) {
        size_t len = strlen(rule->prefix);

        if (whole.len > len && memcmp(whole.at, rule->prefix, len) == 0)
            add_signature(rule, (struct piece){whole.at + len, whole.len - len}, out);
        return;
    }
    for (const char *at = value; *at != '\0'; at += strspn(at, stops)) {
        size_t len = strcspn(at, stops);

        add_named(rule, (struct piece){at, len}, rule->parse == PARSE_KV ? '=' : ',', out);
        at += len;
    }
}

/* {url}: as the provider knows it. Some sign it with some escapes decoded. */
static void
add_url(const struct check *c, const struct verify_rule *rule, struct buf *out)
{
    const char *query = c->r->query;

    buf_text(out, c->system->webhook.public_url != NULL ? c->system->webhook.public_url : "");
    if (query[0] == '\0')
        return;
    buf_char(out, '?');
    for (size_t i = 0; query[i] != '\0'; i++) {
        unsigned char byte = 0;

        if (rule->url_decode != NULL && query[i] == '%' && query[i + 1] != '\0' &&
            query[i + 2] != '\0' && digest_from_hex(query + i + 1, 2, &byte, 1) == 1 && byte != 0 &&
            strchr(rule->url_decode, byte) != NULL) {
            buf_char(out, (char)byte);
            i += 2;
        } else {
            buf_char(out, query[i]);
        }
    }
}

/* What was signed; false if the request lacks a part of it. */
static bool
build_signed(struct check *c, const struct verify_rule *rule, struct piece timestamp,
             struct buf *out)
{
    const struct inbound *r = c->r;

    for (size_t i = 0; i < rule->n_parts; i++) {
        const struct sign_part *p = &rule->parts[i];
        const char *header = p->kind == SIGN_ID       ? rule->id_header
                             : p->kind == SIGN_HEADER ? p->text
                                                      : NULL;
        const char *value = header != NULL ? inbound_header(r, header) : NULL;

        if (header != NULL && value == NULL) {
            c->text = arena_printf(c->arena, "no header %s", header);
            return false;
        }
        if (header != NULL || p->kind == SIGN_LITERAL)
            buf_text(out, header != NULL ? value : p->text);
        else if (p->kind == SIGN_BODY)
            buf_add(out, r->body, r->body_len);
        else if (p->kind == SIGN_METHOD)
            buf_text(out, r->method);
        else if (p->kind == SIGN_TIMESTAMP)
            buf_add(out, timestamp.at, timestamp.len);
        else
            add_url(c, rule, out);
    }
    return true;
}

/* A secret's bytes as the rule reads them; -1 if it cannot (checked at load). */
static long
read_key(const struct check *c, const struct verify_rule *rule, const char *secret,
         const unsigned char **key)
{
    size_t prefix = rule->key_prefix != NULL ? strlen(rule->key_prefix) : 0;
    unsigned char *bytes;
    size_t len;
    long n;

    if (prefix > 0 && strncmp(secret, rule->key_prefix, prefix) == 0)
        secret += prefix;
    len = strlen(secret);
    *key = (const unsigned char *)secret;
    if (rule->key == KEY_TEXT)
        return (long)len;
    *key = bytes = arena_alloc(c->arena, len + 1);
    n = rule->key == KEY_HEX ? digest_from_hex(secret, len, bytes, len + 1)
                             : digest_from_base64(secret, len, bytes, len + 1);
    return n > 0 ? n : -1;
}

static bool
is_signed(const struct check *c, const struct verify_rule *rule, const struct buf *text,
          const struct signatures *s)
{
    bool found = false;

    for (size_t i = 0; i < c->system->webhook.n_secrets; i++) {
        const unsigned char *key;
        long len = read_key(c, rule, c->system->webhook.secrets[i], &key);
        unsigned char want[DIGEST_SHA256];

        if (len < 0)
            continue;
        digest_hmac_sha256(key, (size_t)len, buf_get(text), text->len, want);
        for (size_t j = 0; j < s->n; j++)
            found |= digest_equal(want, s->given[j], sizeof want);
    }
    return found;
}

/* A whole number of seconds or ms, digits only; or RFC 3339. */
static bool
read_time(const struct check *c, enum time_unit unit, struct piece text, int64_t *ms)
{
    const char *s = arena_ntext(c->arena, text.at, text.len);
    int64_t scale = unit == TIME_S ? 1000 : 1;

    if (unit == TIME_ISO8601)
        return clock_parse(s, ms, NULL) == 0;
    if (text.len == 0 || text.len > 15 || strspn(s, "0123456789") != text.len)
        return false;
    *ms = strtoll(s, NULL, 10) * scale;
    return true;
}

static enum how_far
check_time(struct check *c, const struct verify_rule *rule, struct piece timestamp)
{
    int64_t at, age;

    if (!rule->timed || (rule->max_age_ms < 0 && rule->max_ahead_ms < 0))
        return PASSED;
    if (!read_time(c, rule->unit, timestamp, &at)) {
        c->text = "the timestamp is none";
        return BAD_TIMESTAMP;
    }
    age = c->now - at;
    c->text = arena_printf(c->arena, "signed %lld.%03lld s %s", (long long)llabs(age) / 1000,
                           (long long)llabs(age) % 1000, age < 0 ? "ahead of our clock" : "ago");
    if (rule->max_age_ms >= 0 && age > rule->max_age_ms)
        return STALE;
    return rule->max_ahead_ms >= 0 && -age > rule->max_ahead_ms ? AHEAD : PASSED;
}

static enum how_far
check_mac(struct check *c, const struct verify_rule *rule)
{
    const char *value = inbound_header(c->r, rule->header);
    struct signatures s = {.n = 0};
    struct piece timestamp;
    CLEANUP_BUF struct buf text = BUF_INIT;

    c->text = arena_printf(c->arena, "no header %s", rule->header);
    if (value == NULL)
        return NO_SIGNATURE;
    read_signatures(rule, value, &s);
    timestamp = s.kv_timestamp;
    if (rule->timestamp_header != NULL) {
        timestamp.at = inbound_header(c->r, rule->timestamp_header);
        timestamp.len = timestamp.at != NULL ? strlen(timestamp.at) : 0;
    }
    c->text = "there is no timestamp";
    if (rule->timed && timestamp.at == NULL)
        return BAD_TIMESTAMP;
    if (!build_signed(c, rule, timestamp, &text))
        return NO_SIGNATURE;
    c->text = arena_printf(c->arena, "%s is not that of the request", rule->header);
    if (!is_signed(c, rule, &text, &s))
        return BAD_SIGNATURE;
    return check_time(c, rule, timestamp);
}

bool
verify_request(struct arena *a, const struct conf_system *system, const struct inbound *r,
               int64_t now, struct inbound_answer *answer)
{
    static const char *const codes[] = {"no-signature",  "bad-credentials", "bad-signature",
                                        "bad-timestamp", "stale",           "from-the-future"};
    const struct webhook_def *def = &system->definition->webhook;
    struct check c = {.arena = a, .system = system, .r = r, .now = now};
    enum how_far best = NO_SIGNATURE;

    answer->text = "nothing says how to verify it";
    for (size_t i = 0; i < def->n_verify; i++) {
        const struct verify_rule *rule = &def->verify[i];
        enum how_far far = rule->kind == VERIFY_NONE  ? PASSED
                           : rule->kind == VERIFY_MAC ? check_mac(&c, rule)
                                                      : check_credentials(&c, rule);

        if (far == PASSED)
            return true;
        if (i == 0 || far > best) {
            best = far;
            answer->text = c.text;
        }
    }
    answer->code = codes[best];
    return false;
}
