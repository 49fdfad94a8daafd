#include <config.h>

#include "hook.h"

#include "crypto/digest.h"
#include "json/val.h"

#include <stdio.h>

/*
 * Signatures that others made and published (../shared/signature-vectors.ndjson), judged by small
 * definitions. One table: scheme, optionally with the vector's encoding, to a rule.
 */
struct scheme {
    const char *name;
    const char *encoding; /* of the vector; NULL: any */
    const char *rule;     /* %s: the signature's header */
};

#define MAC "kind: mac, alg: hmac-sha256, "
#define HEX MAC "encoding: hex, header: '%s', "
#define B64 MAC "encoding: base64, header: '%s', "
#define BODY "signed: '{body}'"

static const struct scheme schemes[] = {
    {"slack-v0", NULL,
     HEX "parse: {kind: prefix, prefix: 'v0='}, signed: 'v0:{timestamp}:{body}', timestamp: "
         "{header: X-Slack-Request-Timestamp, max_age: 300s}"},
    {"github-hmac-sha256", NULL, HEX "parse: {kind: prefix, prefix: 'sha256='}, " BODY},
    {"hub-hmac-sha256", NULL, HEX "parse: {kind: prefix, prefix: 'sha256='}, " BODY},
    {"notion-hmac-sha256", NULL, HEX "parse: {kind: prefix, prefix: 'sha256='}, " BODY},
    {"x-hmac-base64-prefixed", NULL, B64 "parse: {kind: prefix, prefix: 'sha256='}, " BODY},
    {"standard-webhooks-v1", NULL,
     B64 "parse: {kind: list, version: v1}, signed: '{id}.{timestamp}.{body}', id: {header: "
         "FAMILY-id}, timestamp: {header: FAMILY-timestamp, max_age: 300s}, key: base64, "
         "key_prefix: whsec_"},
    {"hubspot-v3", NULL,
     B64 "signed: '{method}{url}{body}{timestamp}', url_decode: \":/?@!'()*,;$\", timestamp: "
         "{header: X-HubSpot-Request-Timestamp, unit: ms, max_age: 300s}"},
    {"shopify-hmac-base64", NULL, B64 BODY},
    {"xero-hmac-base64", NULL, B64 BODY},
    {"linear-hmac-hex", NULL, HEX BODY},
    {"asana-hmac-hex", NULL, HEX BODY},
    {"dropbox-hmac-hex", NULL, HEX BODY},
    {"zendesk-hmac-base64", NULL,
     B64 "signed: '{timestamp}{body}', timestamp: {header: X-Zendesk-Webhook-Signature-Timestamp, "
         "unit: iso8601}"},
    {"convoy-simple", "hex", HEX BODY},
    {"convoy-simple", "base64", B64 BODY},
    {"convoy-advanced", "hex",
     HEX "parse: {kind: kv, signature: v1, timestamp: t}, signed: '{timestamp},{body}', timestamp: "
         "{unit: s, max_age: TOLERANCE}"},
    {"convoy-advanced", "base64",
     B64 "parse: {kind: kv, signature: v1, timestamp: t}, signed: '{timestamp},{body}', timestamp: "
         "{unit: s, max_age: TOLERANCE}"},
    {"stripe-v1", NULL,
     HEX "parse: {kind: kv, signature: v1, timestamp: t}, signed: '{timestamp}.{body}', timestamp: "
         "{unit: s, max_age: 300s}"},
    {"basic", NULL, "kind: basic"},
    {"bearer", NULL, "kind: bearer"},
};

static const struct scheme *
find_scheme(const struct val *v)
{
    const char *name = val_get_text(v, "scheme"), *encoding = val_get_text(v, "encoding");
    const char *alg = val_get_text(v, "alg");

    if (alg != NULL && strcmp(alg, "sha256") != 0)
        return NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strcmp(schemes[i].name, name) == 0 &&
            (schemes[i].encoding == NULL ||
             (encoding != NULL && strcmp(schemes[i].encoding, encoding) == 0)))
            return &schemes[i];
    }
    return NULL;
}

/* The header that carries the signature: the only one that is called so. */
static const char *
signature_header(const struct val *v)
{
    const struct val *headers = val_get(v, "headers");

    for (size_t i = 0; i < headers->n; i++) {
        const char *name = headers->u.members[i].name;
        size_t len = strlen(name);

        if ((strcasestr(name, "signature") != NULL || strcasestr(name, "hmac") != NULL) &&
            strcasestr(name + (len > 9 ? len - 9 : 0), "timestamp") == NULL)
            return name;
    }
    return "none";
}

static char *
replace(char *text, const char *old, const char *new)
{
    char *out;

    while (strstr(text, old) != NULL) {
        out = scratch_edit(text, old, new);
        free(text);
        text = out;
    }
    return text;
}

/* The rule for one vector. Heap. */
static char *
rule_text(const struct scheme *scheme, const struct val *v)
{
    const char *header = signature_header(v);
    int64_t tolerance = 0;
    char span[32], *text = replace(mem_text(scheme->rule), "%s", header);

    val_get_int(val_get(v, "tolerance_s"), &tolerance);
    /* A hundred years there; what is in time is in time by a day. */
    snprintf(span, sizeof span, "%llds", (long long)(tolerance < 86400 ? tolerance : 86400));
    text = replace(text, "TOLERANCE", span);
    return replace(text, "FAMILY", strncmp(header, "svix", 4) == 0 ? "svix" : "webhook");
}

static struct inbound
request(struct hook *h, const struct val *v)
{
    const char *url = val_get_text(v, "url"), *query = strchr(url, '?');
    struct val *line = val_object(h->arena);
    CLEANUP_BUF struct buf b = BUF_INIT;

    h->system.webhook.public_url =
        arena_ntext(h->arena, url, query != NULL ? (size_t)(query - url) : strlen(url));
    val_set(h->arena, line, "method", val_get(v, "method"));
    val_set(h->arena, line, "query", val_string(h->arena, query != NULL ? query : ""));
    val_set(h->arena, line, "headers", val_get(v, "headers"));
    val_set(h->arena, line, "body", val_get(v, "body"));
    val_write(&b, line);
    return hook_request(h, arena_text(h->arena, buf_get(&b)));
}

/* True: accepted. */
static bool
judge(struct hook *h, const struct inbound *r, int64_t now)
{
    struct inbound_answer answer;
    enum inbound_verdict verdict = inbound_judge(h->arena, &h->system, r, now, &answer);

    ck_assert_int_eq(answer.status, verdict == INBOUND_ACCEPT ? 200 : 401);
    ck_assert((verdict == INBOUND_REFUSE) == (answer.code != NULL));
    return verdict == INBOUND_ACCEPT;
}

/* What was right is wrong with one bit changed, in the body and in the signature. */
static void
check_tampered(struct hook *h, const struct val *v, const struct inbound *r, int64_t now)
{
    const char *id = val_get_text(v, "id");
    struct inbound bad = *r;
    struct inbound_header *headers =
        arena_copy(h->arena, r->headers, r->n_headers * sizeof *headers);
    bool by_mac = h->system.definition->webhook.verify[0].kind == VERIFY_MAC;

    if (by_mac && r->body_len > 0) {
        char *body = arena_copy(h->arena, r->body, r->body_len);

        body[r->body_len / 2] ^= 1;
        bad.body = body;
        ck_assert_msg(!judge(h, &bad, now), "%s passes with another body", id);
        bad.body = r->body;
    }
    bad.headers = headers;
    bad.n_headers = 0;
    ck_assert_msg(!judge(h, &bad, now), "%s passes without headers", id);
    bad.n_headers = r->n_headers;
    h->secrets[0] = (char *)"bm90IGl0OjEyMzQ1Njc4";
    ck_assert_msg(!judge(h, r, now), "%s passes with another secret", id);
    hook_secret(h, val_get_text(v, "secret"));
    ck_assert_msg(judge(h, r, now), "%s: the second secret is not tried", id);
}

static bool
run_vector(const struct val *v, const struct scheme *scheme)
{
    struct hook h;
    char *rule = rule_text(scheme, v);
    char *text = mem_printf("verify: [{%s}]\n" HOOK_ANY_EVENT, rule);
    int64_t now = 0;
    bool valid = val_is_true(val_get(v, "valid"));
    struct inbound r;

    hook_open(&h, text);
    hook_secret(&h, val_get_text(v, "secret"));
    r = request(&h, v);
    val_get_int(val_get(v, "now"), &now);
    now *= 1000;
    ck_assert_msg(judge(&h, &r, now) == valid, "%s: %s", val_get_text(v, "id"),
                  valid ? "is refused" : "passes");
    if (valid)
        check_tampered(&h, v, &r, now);
    hook_close(&h);
    free(text);
    free(rule);
    return valid;
}

static FILE *
open_vectors(void)
{
    const char *shared = getenv("SHARED");
    char *path = mem_printf("%s/signature-vectors.ndjson", shared != NULL ? shared : "none");
    FILE *f = fopen(path, "r");

    free(path);
    return f;
}

START_TEST(judges_what_others_signed)
{
    FILE *f = open_vectors();
    char *line = NULL;
    size_t cap = 0;
    int valid = 0, invalid = 0, skipped = 0;

    crypto_start();
    while (getline(&line, &cap, f) > 0) {
        struct arena *a = arena_new();
        const struct val *v = val_parse(a, line, strlen(line), NULL);
        const struct scheme *scheme;

        ck_assert_ptr_nonnull(v);
        if (strcmp(val_get_text(v, "kind"), "signature") == 0) {
            scheme = find_scheme(v);
            if (scheme == NULL) {
                printf("# skipped: %s (%s)\n", val_get_text(v, "id"), val_get_text(v, "scheme"));
                skipped++;
            } else if (run_vector(v, scheme)) {
                valid++;
            } else {
                invalid++;
            }
        }
        arena_free(a);
    }
    printf("# %d valid, %d invalid, %d of schemes that are not in this version\n", valid, invalid,
           skipped);
    ck_assert_int_ge(valid, 38);
    ck_assert_int_ge(invalid, 31);
    free(line);
    fclose(f);
}
END_TEST

/* UNIT_MAIN makes a main; ours comes before it. */
int run(void);
#define main run
UNIT_MAIN("provider/vectors", judges_what_others_signed)
#undef main

int
main(void)
{
    FILE *f = open_vectors();

    if (f == NULL) {
        printf("1..0 # SKIP $SHARED/signature-vectors.ndjson is absent\n");
        return 0;
    }
    fclose(f);
    return run();
}
