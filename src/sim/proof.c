#include <config.h>

#include "sim/proof.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

/* Base64 of both alphabets, padded or not. Heap, NUL-terminated; NULL if it is none. */
static unsigned char *
decode(const char *text, size_t len, size_t *n)
{
    size_t padded = (len + 3) / 4 * 4;
    char *copy = mem_alloc(padded + 1);
    unsigned char *out = mem_alloc(padded + 1);
    int got;

    for (size_t i = 0; i < padded; i++) {
        char c = i < len ? text[i] : '=';

        copy[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    got = EVP_DecodeBlock(out, (unsigned char *)copy, (int)padded);
    while (got > 0 && padded > 0 && copy[--padded] == '=')
        got--;
    free(copy);
    if (got < 0) {
        free(out);
        return NULL;
    }
    out[got] = '\0';
    *n = (size_t)got;
    return out;
}

bool
proof_basic(const char *authorization, char **user, char **password)
{
    unsigned char *pair;
    char *colon;
    size_t n;

    if (authorization == NULL || strncasecmp(authorization, "Basic ", 6) != 0)
        return false;
    pair = decode(authorization + 6, strlen(authorization + 6), &n);
    colon = pair != NULL ? strchr((char *)pair, ':') : NULL;
    if (colon != NULL) {
        *colon = '\0';
        *user = mem_text((char *)pair);
        *password = mem_text(colon + 1);
    }
    free(pair);
    return colon != NULL;
}

bool
proof_pkce(const char *verifier, const char *challenge)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    size_t n;
    unsigned char *want = decode(challenge, strlen(challenge), &n);
    bool same;

    EVP_Digest(verifier, strlen(verifier), digest, &len, EVP_sha256(), NULL);
    same = want != NULL && n == len && memcmp(want, digest, n) == 0 &&
           strpbrk(challenge, "+/=") == NULL;
    free(want);
    return same;
}

static bool
verify(const char *text, size_t len, const unsigned char *signature, size_t n, const char *pem)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = key != NULL && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(md, signature, n, (const unsigned char *)text, len) == 1;

    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    BIO_free(in);
    return ok;
}

json_t *
proof_claims(const char *text, const char *pem)
{
    const char *first = strchr(text, '.');
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
    unsigned char *head, *claims, *signature;
    size_t n_head = 0, n_claims = 0, n = 0;
    json_t *header = NULL, *value = NULL;

    if (second == NULL)
        return NULL;
    head = decode(text, (size_t)(first - text), &n_head);
    claims = decode(first + 1, (size_t)(second - first - 1), &n_claims);
    signature = decode(second + 1, strlen(second + 1), &n);
    if (head != NULL)
        header = json_loadb((char *)head, n_head, 0, NULL);
    if (claims != NULL && signature != NULL && header != NULL &&
        json_string_value(json_object_get(header, "alg")) != NULL &&
        strcmp(json_string_value(json_object_get(header, "alg")), "RS256") == 0 &&
        verify(text, (size_t)(second - text), signature, n, pem))
        value = json_loadb((char *)claims, n_claims, 0, NULL);
    json_decref(header);
    free(head);
    free(claims);
    free(signature);
    return value;
}
