#include <config.h>

#include <string.h>

#include "config/internal.h"

#include "crypto/digest.h"

/* `webhook` of a config's system. */

enum { MAX_SECRETS = 16 };

static bool
is_decodable(enum key_kind key, const char *text)
{
    size_t len = strlen(text);

    return key == KEY_TEXT || (key == KEY_HEX ? digest_from_hex(text, len, NULL, 0)
                                              : digest_from_base64(text, len, NULL, 0)) > 0;
}

/* Why the rule cannot use this secret; NULL: it can. */
static const char *
unfit(const struct verify_rule *rule, const char *secret)
{
    size_t prefix = rule->key_prefix != NULL ? strlen(rule->key_prefix) : 0;

    if (rule->kind == VERIFY_BASIC && strchr(secret, ':') == NULL)
        return "must be USER:PASSWORD";
    if (rule->kind != VERIFY_MAC)
        return NULL;
    if (prefix > 0 && strncmp(secret, rule->key_prefix, prefix) == 0)
        secret += prefix;
    if (secret[0] == '\0')
        return "has nothing behind its prefix";
    if (is_decodable(rule->key, secret))
        return NULL;
    return rule->key == KEY_HEX ? "is no hex" : "is no base64";
}

/* Some rule must be able to use it. */
static void
check_secret(struct reader *r, const struct yaml *at, const struct webhook_def *def,
             const char *secret)
{
    const char *why = NULL;

    for (size_t i = 0; i < def->n_verify; i++) {
        const char *one = unfit(&def->verify[i], secret);

        if (one == NULL)
            return;
        why = why != NULL ? why : one;
    }
    if (why != NULL)
        FAULT(r, at, "secrets: the secret %s", why);
}

static void
read_secrets(struct conf_reader *cr, const struct yaml *webhook, const struct webhook_def *def,
             struct conf_webhook *out)
{
    struct reader *r = &cr->r;
    const struct yaml *y = read_list(r, webhook, "secrets");
    bool needed = def != NULL && def->n_verify > 0 && def->verify[0].kind != VERIFY_NONE;

    if (needed && yaml_get(webhook, "secrets") == NULL)
        FAULT(r, webhook, "missing key 'secrets' (the definition verifies by a secret)");
    if (y == NULL)
        return;
    if (needed && y->n == 0)
        FAULT(r, y, "secrets is empty, but the definition verifies by a secret");
    if (y->n > MAX_SECRETS)
        FAULT(r, y, "secrets: at most %d", MAX_SECRETS);
    out->secrets = arena_alloc(r->arena, (y->n + 1) * sizeof *out->secrets);
    for (size_t i = 0; i < y->n; i++) {
        const struct yaml *one = y->items[i];
        const char *text = read_scalar(r, one, "secrets");
        char *secret = text != NULL ? conf_secret(cr, one, "secrets", text) : NULL;

        if (secret == NULL)
            continue;
        if (def != NULL)
            check_secret(r, one, def, secret);
        out->secrets[out->n_secrets++] = secret;
    }
}

static void
read_path_and_url(struct reader *r, const struct yaml *y, struct conf_webhook *out)
{
    out->path = read_need_text(r, y, "path");
    if (out->path != NULL && out->path[0] != '/')
        FAULT(r, yaml_get(y, "path"), "path must begin with a slash");
    else if (out->path != NULL && strpbrk(out->path, "?# \t\r\n") != NULL)
        FAULT(r, yaml_get(y, "path"), "path: no query, no fragment, no space");
    out->public_url = read_text(r, y, "public_url");
    if (out->public_url != NULL)
        url_check_key(r, yaml_get(y, "public_url"), "public_url", out->public_url);
}

static void
check_definition(struct reader *r, const struct yaml *y, const struct conf_system *s)
{
    const struct webhook_def *def = &s->definition->webhook;

    if (def->n_verify == 0)
        FAULT(r, y,
              "webhook: %s does not say how requests are verified (verify; kind none if "
              "not at all)",
              s->definition->name);
    if (!def->event.present)
        FAULT(r, y, "webhook: %s does not say what requests mean (event)", s->definition->name);
    for (size_t i = 0; i < def->n_verify; i++) {
        if (def->verify[i].signs_url && yaml_get(y, "public_url") == NULL)
            FAULT(r, y, "missing key 'public_url' (%s signs the URL)", s->definition->name);
    }
}

void
conf_read_webhook(struct conf_reader *cr, const struct yaml *system, struct conf_system *s)
{
    static const char *const keys[] = {"path", "public_url", "secrets", NULL};
    struct reader *r = &cr->r;
    const struct yaml *y = read_map(r, system, "webhook");

    if (y == NULL)
        return;
    s->webhook.present = true;
    yaml_check_keys(y, keys, r->file, r->f);
    read_path_and_url(r, y, &s->webhook);
    read_secrets(cr, y, s->definition != NULL ? &s->definition->webhook : NULL, &s->webhook);
    if (s->definition != NULL)
        check_definition(r, y, s);
}

static bool
share_path(const struct conf_system *a, const struct conf_system *b)
{
    return a->webhook.path != NULL && b->webhook.path != NULL &&
           strcmp(a->webhook.path, b->webhook.path) == 0;
}

void
conf_check_paths(struct conf_reader *cr, const struct yaml *systems)
{
    const struct conf *c = cr->c;

    for (size_t i = 0; i < c->n_systems; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct conf_system *a = &c->systems[j], *b = &c->systems[i];
            const struct yaml *at = yaml_get(yaml_get(systems->items[i], "webhook"), "path");

            if (!share_path(a, b) || a->definition == NULL || b->definition == NULL)
                continue;
            if (strcmp(a->definition->file, b->definition->file) != 0)
                FAULT(&cr->r, at, "path: %s has it already, with another definition", a->name);
            else if (!b->definition->webhook.event.account.present)
                FAULT(&cr->r, at,
                      "path: %s has it already, and %s does not say whose account a request is of",
                      a->name, b->definition->name);
        }
    }
}
