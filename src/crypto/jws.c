#include <config.h>

#include "crypto/jws.h"
#include "base/buf.h"
#include "base/mem.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static int
bad_key(struct err *err, const char *why)
{
    ERR_clear_error();
    return err_set(err, ERR_RUN, ERR_NEVER, "bad-key", "%s", why);
}

/* Nobody is there to be asked for one. */
static int
no_passphrase(char *buf, int size, int writes, void *user)
{
    (void)buf;
    (void)size;
    (void)writes;
    (void)user;
    return -1;
}

/* NULL and err if it cannot sign. */
static EVP_PKEY *
read_key(const char *pem, struct err *err)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key;
    const char *why = NULL;

    if (in == NULL)
        err_no_memory();
    key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
    BIO_free(in);
    if (key == NULL)
        why = strstr(pem, "ENCRYPTED") != NULL ? "the key has a passphrase"
                                               : "not a private key in PEM (BEGIN PRIVATE KEY)";
    else if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        why = "not an RSA key";
    else if (EVP_PKEY_get_bits(key) < JWS_MIN_BITS)
        why = "an RSA key of less than 2048 bits";
    if (why == NULL)
        return key;
    EVP_PKEY_free(key);
    bad_key(err, why);
    return NULL;
}

int
jws_check_key(const char *pem, struct err *err)
{
    EVP_PKEY *key = read_key(pem, err);

    EVP_PKEY_free(key);
    return key == NULL ? -1 : 0;
}

static void
add_base64url(struct buf *out, const void *bytes, size_t len)
{
    CLEANUP_FREE char *text = digest_base64url(bytes, len);

    buf_text(out, text);
}

/* The signature of TEXT, as a further part of it. */
static int
add_signature(struct buf *text, EVP_PKEY *key, struct err *err)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t len = (size_t)EVP_PKEY_get_size(key);
    CLEANUP_FREE unsigned char *signature = mem_alloc(len);
    bool ok;

    if (md == NULL)
        err_no_memory();
    ok = EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestSign(md, signature, &len, (const unsigned char *)text->data, text->len) == 1;
    EVP_MD_CTX_free(md);
    if (!ok)
        return bad_key(err, "the key does not sign");
    buf_char(text, '.');
    add_base64url(text, signature, len);
    return 0;
}

char *
jws_sign_rs256(const char *pem, const char *kid, const char *claims, struct err *err)
{
    CLEANUP_BUF struct buf header = BUF_INIT, text = BUF_INIT;
    EVP_PKEY *key = read_key(pem, err);
    int rc;

    if (key == NULL)
        return NULL;
    buf_text(&header, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
    if (kid != NULL)
        buf_printf(&header, ",\"kid\":\"%s\"", kid);
    buf_char(&header, '}');
    add_base64url(&text, buf_get(&header), header.len);
    buf_char(&text, '.');
    add_base64url(&text, claims, strlen(claims));
    rc = add_signature(&text, key, err);
    EVP_PKEY_free(key);
    return rc == 0 ? buf_take(&text) : NULL;
}
