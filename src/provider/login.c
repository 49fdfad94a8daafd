#include <config.h>

#include "provider/login.h"
#include "provider/internal.h"

#include "base/mem.h"
#include "crypto/digest.h"
#include "http/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_BYTES = 32 };

static void
random_text(char out[LOGIN_TEXT])
{
    unsigned char bytes[RANDOM_BYTES];
    CLEANUP_FREE char *text = NULL;

    digest_random(bytes, sizeof bytes);
    text = digest_base64url(bytes, sizeof bytes);
    memcpy(out, text, LOGIN_TEXT);
}

void
login_begin(struct login *l, const char *redirect_url)
{
    random_text(l->state);
    random_text(l->verifier);
    l->redirect_url = redirect_url;
}

static void
add(struct buf *url, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_char(url, strchr(buf_get(url), '?') != NULL ? '&' : '?');
    url_escape(url, name);
    buf_char(url, '=');
    url_escape(url, value);
}

const char *
login_url(struct arena *a, const struct conf_system *s, const struct login *l)
{
    const struct token_def *def = &s->definition->token;
    CLEANUP_BUF struct buf url = BUF_INIT;
    unsigned char digest[DIGEST_SHA256];
    CLEANUP_FREE char *challenge = NULL;

    if (def->authorize_url == NULL)
        return NULL;
    digest_sha256(l->verifier, strlen(l->verifier), digest);
    challenge = digest_base64url(digest, sizeof digest);
    buf_text(&url, grant_url(a, s, def->authorize_url));
    add(&url, "response_type", "code");
    add(&url, "client_id", s->auth.client_id);
    add(&url, "redirect_uri", l->redirect_url);
    add(&url, "scope", s->auth.scope);
    add(&url, "state", l->state);
    add(&url, "code_challenge", challenge);
    add(&url, "code_challenge_method", "S256");
    for (size_t i = 0; i < def->n_authorize_params; i++)
        add(&url, def->authorize_params[i].name, grant_fill(a, s, def->authorize_params[i].value));
    return arena_text(a, buf_get(&url));
}

struct exchange {
    struct provider *p;
    struct grant_code code;
    login_done *done;
    void *user;
};

static void
exchanged(void *user, const struct err *err)
{
    struct exchange *x = user;
    CLEANUP_ARENA struct arena *a = arena_new();
    struct err shown;

    if (err != NULL) {
        shown = *err;
        snprintf(shown.text, sizeof shown.text, "%s",
                 secrets_hide(&x->p->secrets, a, err->text, strlen(err->text)));
    }
    x->done(x->user, err != NULL ? &shown : NULL);
    free(x);
}

void
provider_log_in(struct provider *p, const struct login *l, const char *code, login_done *done,
                void *user)
{
    struct exchange *x = mem_alloc(sizeof *x);

    x->p = p;
    x->code = (struct grant_code){code, l->redirect_url, l->verifier};
    x->done = done;
    x->user = user;
    token_log_in(p->token, &x->code, exchanged, x);
}
