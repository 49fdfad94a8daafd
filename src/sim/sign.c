#include <config.h>

#include "sim/sign.h"
#include "base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { MAC = crypto_auth_hmacsha256_BYTES };

static const char *const kinds[] = {[SIGN_NONE] = "none",
                                    [SIGN_STANDARD] = "standard",
                                    [SIGN_KV] = "kv",
                                    [SIGN_PREFIX] = "prefix",
                                    [SIGN_STATIC] = "static"};

static int
bad(struct err *err, const char *text)
{
    err_set(err, ERR_RUN, ERR_NEVER, "bad-sign", "%s", text);
    return err_exit(err, EXIT_USAGE);
}

static int
find_kind(const char *name, enum sign_kind *kind)
{
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i], name) == 0) {
            *kind = (enum sign_kind)i;
            return 0;
        }
    }
    return -1;
}

static int
make_key(struct sign *s)
{
    static const char prefix[] = "whsec_";
    const char *text = s->secret + sizeof prefix - 1;
    int variant = strchr(s->secret, '=') != NULL ? sodium_base64_VARIANT_ORIGINAL
                                                 : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

    s->key_len = strlen(s->secret);
    s->key = (unsigned char *)mem_text(s->secret);
    if (s->kind != SIGN_STANDARD || strncmp(s->secret, prefix, sizeof prefix - 1) != 0)
        return 0;
    return sodium_base642bin(s->key, s->key_len, text, strlen(text), NULL, &s->key_len, NULL,
                             variant) != 0 ||
                   s->key_len == 0
               ? -1
               : 0;
}

int
sign_init(struct sign *s, const char *kind, const char *secret, struct err *err)
{
    *s = (struct sign){.kind = secret != NULL ? SIGN_STANDARD : SIGN_NONE};
    if (kind != NULL && find_kind(kind, &s->kind) != 0)
        return bad(err, "--webhook-sign is standard, kv, prefix, static or none");
    if (s->kind != SIGN_NONE && (secret == NULL || *secret == '\0'))
        return bad(err, "--webhook-sign needs --webhook-secret");
    if (secret == NULL)
        return 0;
    if (strpbrk(secret, "\r\n") != NULL)
        return bad(err, "--webhook-secret must be one line");
    s->secret = mem_text(secret);
    if (make_key(s) != 0) {
        sign_release(s);
        return bad(err, "--webhook-secret: what follows whsec_ must be base64");
    }
    return 0;
}

static void
mac_of(const struct sign *s, const char *head, const char *body, size_t len, unsigned char mac[MAC])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, s->key, s->key_len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, strlen(head));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, len);
    crypto_auth_hmacsha256_final(&state, mac);
}

static void
standard(const struct sign *s, const char *id, int64_t t, const char *body, size_t len,
         int with_mac, struct buf *out)
{
    CLEANUP_FREE char *head = mem_printf("%s.%lld.", id, (long long)t);
    char text[sodium_base64_ENCODED_LEN(MAC, sodium_base64_VARIANT_ORIGINAL)];
    unsigned char mac[MAC];

    buf_printf(out, "webhook-timestamp: %lld\n", (long long)t);
    if (!with_mac)
        return;
    mac_of(s, head, body, len, mac);
    sodium_bin2base64(text, sizeof text, mac, MAC, sodium_base64_VARIANT_ORIGINAL);
    buf_printf(out, "webhook-signature: v1,%s\n", text);
}

/* HEAD + BODY as hex, after LEAD. */
static void
hex(const struct sign *s, const char *lead, const char *head, const char *body, size_t len,
    struct buf *out)
{
    unsigned char mac[MAC];
    char text[2 * MAC + 1];

    mac_of(s, head, body, len, mac);
    sodium_bin2hex(text, sizeof text, mac, MAC);
    buf_printf(out, "%s%s\n", lead, text);
}

void
sign_headers(const struct sign *s, const char *id, int64_t t, const char *body, size_t len,
             int with_mac, struct buf *out)
{
    CLEANUP_FREE char *head = mem_printf("%lld.", (long long)t);
    CLEANUP_FREE char *lead = mem_printf("X-Sim-Signature: t=%lld,v1=", (long long)t);

    if (s->kind == SIGN_STANDARD)
        standard(s, id, t, body, len, with_mac, out);
    else if (s->kind == SIGN_KV && with_mac)
        hex(s, lead, head, body, len, out);
    else if (s->kind == SIGN_PREFIX && with_mac)
        hex(s, "X-Hub-Signature-256: sha256=", "", body, len, out);
    else if (s->kind == SIGN_STATIC && with_mac)
        buf_printf(out, "X-Sim-Token: %s\n", s->secret);
}

void
sign_release(struct sign *s)
{
    free(s->secret);
    free(s->key);
    *s = (struct sign){.kind = SIGN_NONE};
}
