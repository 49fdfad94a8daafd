#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/internal.h"

#include "base/mem.h"
#include "config/secret.h"

enum { MAX_NAME = 64, DEFAULT_CONCURRENCY = 4, MAX_CONCURRENCY = 64 };

/* Words that stand where a system's name can stand. */
static const char *const reserved[] = {"any",      "report",          "owner",    "fill",
                                       "manual",   "last-write-wins", "unmapped", "creator",
                                       "loopless", "person",          NULL};

static void
check_name(struct reader *r, const struct yaml *key)
{
    size_t len = strlen(key->text);

    if (len == 0 || len > MAX_NAME || key->text[0] == '-' || key->text[0] == '.' ||
        strspn(key->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") !=
            len)
        FAULT(r, key, "a system's name is up to 64 letters, digits, _ - and .");
    for (int i = 0; reserved[i] != NULL; i++) {
        if (strcmp(reserved[i], key->text) == 0)
            FAULT(r, key, "a system cannot be called '%s', which has a meaning here", key->text);
    }
}

static bool
is_reference(const char *text)
{
    return strstr(text, "${env:") != NULL || strstr(text, "${file:") != NULL;
}

static bool
has_control(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    }
    return false;
}

/* For HTTP headers and keys that people paste: no control characters. */
char *
conf_secret(struct conf_reader *cr, const struct yaml *at, const char *key, const char *text)
{
    struct reader *r = &cr->r;
    struct err err = ERR_INIT;
    CLEANUP_FREE char *value = NULL;

    if (!is_reference(text)) {
        FAULT(r, at, "%s: secrets only by ${env:NAME} or ${file:PATH}", key);
        return NULL;
    }
    if (cr->no_secrets)
        return NULL;
    value = secret_resolve(text, cr->c->file, &err);
    if (value == NULL)
        FAULT(r, at, "%s%s%s%s", err.text, err.hint[0] != '\0' ? " (" : "", err.hint,
              err.hint[0] != '\0' ? ")" : "");
    else if (has_control(value))
        FAULT(r, at, "%s: the secret holds a line break or control character", key);
    return arena_text(r->arena, value);
}

static bool
leaves_base(const struct endpoint *e)
{
    return e->path != NULL && e->path[0] == 'h';
}

/* Absolute paths were written for the definition's own host. */
static bool
has_absolute_paths(const struct definition *d)
{
    for (size_t i = 0; d != NULL && i < d->n_resources; i++) {
        const struct resource_def *one = &d->resources[i];

        if (leaves_base(&one->get) || leaves_base(&one->find) || leaves_base(&one->create) ||
            leaves_base(&one->update) || leaves_base(&one->delete) || leaves_base(&one->list.call))
            return true;
    }
    return d != NULL && leaves_base(&d->identity.call);
}

static void
read_base_url(struct reader *r, const struct yaml *y, struct conf_system *s)
{
    const struct yaml *own = yaml_get(y, "base_url");
    const struct yaml *at = own != NULL ? own : y;
    bool insecure = read_bool(r, y, "insecure", false);
    struct base_url url;
    size_t len;

    s->base_url = read_text(r, y, "base_url");
    if (own == NULL && s->definition != NULL)
        s->base_url = arena_text(r->arena, s->definition->base_url);
    if (s->base_url == NULL) {
        if (own == NULL && s->definition != NULL)
            FAULT(r, y, "missing key 'base_url' (%s does not say one)", s->definition->name);
        return;
    }
    url = url_check(r, at, s->base_url);
    if (url.ok && !url.secure && !url.loopback && !insecure)
        FAULT(r, at,
              "base_url: plain http sends the secret readable to all on the way (use "
              "https://, or say insecure: true)");
    if (own != NULL && has_absolute_paths(s->definition))
        FAULT(r, at, "base_url: %s uses absolute URLs of its own host", s->definition->name);
    for (len = strlen(s->base_url); len > 0 && s->base_url[len - 1] == '/'; len--)
        s->base_url[len - 1] = '\0';
}

static void
read_ca_file(struct conf_reader *cr, const struct yaml *y, struct conf_system *s)
{
    char *path = read_text(&cr->r, y, "ca_file");
    CLEANUP_FREE char *full = path != NULL ? file_join(cr->c->dir, path) : NULL;

    if (path == NULL)
        return;
    if (access(full, R_OK) != 0)
        FAULT(&cr->r, yaml_get(y, "ca_file"), "ca_file: %s cannot be read", full);
    s->ca_file = arena_text(cr->r.arena, full);
}

/* Only where events say reliably who did it, and we know who we are. */
static void
read_echo(struct reader *r, const struct yaml *y, struct conf_system *s)
{
    static const char *const keys[] = {"trust_actor", NULL};
    const struct yaml *echo = read_map(r, y, "echo");
    const struct yaml *at = yaml_get(echo, "trust_actor");

    yaml_check_keys(echo, keys, r->file, r->f);
    s->trust_actor = read_bool(r, echo, "trust_actor", false);
    if (!s->trust_actor)
        return;
    if (s->definition != NULL && s->definition->webhook.event.strength < STRENGTH_ACTOR)
        FAULT(r, at,
              "trust_actor: %s does not say who did it for sure (actor: strength: write or actor)",
              s->definition->name);
    if (s->n_self == 0)
        FAULT(r, at, "trust_actor needs self: who we are there");
}

static void
read_system(struct conf_reader *cr, const struct yaml *key, const struct yaml *y,
            struct conf_system *s)
{
    static const char *const keys[] = {"provider", "account", "base_url",    "auth",     "webhook",
                                       "self",     "ca_file", "concurrency", "insecure", "echo",
                                       "canary",   "rate",    NULL};
    struct reader *r = &cr->r;
    char *provider;

    s->name = arena_text(r->arena, key->text);
    s->line = key->line;
    check_name(r, key);
    yaml_check_keys(y, keys, r->file, r->f);
    if (y->kind != YAML_MAP)
        return;
    provider = read_need_text(r, y, "provider");
    if (provider != NULL)
        s->definition = definition_load_at(provider, cr->c->dir, r, yaml_get(y, "provider"));
    s->account = read_need_text(r, y, "account");
    read_base_url(r, y, s);
    conf_read_auth(cr, y, s);
    read_ca_file(cr, y, s);
    s->self = read_texts(r, y, "self", &s->n_self);
    conf_read_webhook(cr, y, s);
    s->concurrency = (int)read_count(r, y, "concurrency", DEFAULT_CONCURRENCY, 1, MAX_CONCURRENCY);
    rate_read(r, y, &s->rate);
    read_echo(r, y, s);
}

void
conf_read_systems(struct conf_reader *cr, const struct yaml *systems)
{
    if (systems == NULL)
        return;
    if (systems->n == 0)
        FAULT(&cr->r, systems, "systems is empty");
    cr->c->systems = arena_alloc(cr->r.arena, (systems->n + 1) * sizeof *cr->c->systems);
    cr->c->n_systems = systems->n;
    for (size_t i = 0; i < systems->n; i++)
        read_system(cr, systems->keys[i], systems->items[i], &cr->c->systems[i]);
    conf_check_paths(cr, systems);
}

const struct conf_system *
conf_need_system(struct conf_reader *cr, const struct yaml *at)
{
    const struct conf *c = cr->c;
    const struct conf_system *s = conf_system(c, at->text);
    const char **names;

    if (s != NULL)
        return s;
    names = arena_alloc(cr->r.arena, (c->n_systems + 1) * sizeof *names);
    for (size_t i = 0; i < c->n_systems; i++)
        names[i] = c->systems[i].name;
    FAULT(&cr->r, at, "there is no system '%s'%s", at->text, read_hint(&cr->r, at->text, names));
    return NULL;
}
