#ifndef TESTS_UNIT_PROVIDER_HOOK_H
#define TESTS_UNIT_PROVIDER_HOOK_H

#include "../config/scratch.h"

#include "config/conf.h"
#include "provider/inbound.h"

/*
 * A system with a webhook: its definition is read from text, as programs do, the rest made by hand.
 * crm/contacts is synced, crm/companies is not.
 */
struct hook {
    struct scratch s;
    struct arena *arena;
    struct conf conf;
    struct conf_system system;
    struct conf_sync sync;
    const struct conf_system *between[1];
    char *secrets[4];
    char *self[1];
};

#define HOOK_ANY_EVENT                                                                             \
    "event: {map: {resource: crm/contacts, event_type: updated, record_id: id}}\n"

/* TEXT: verify, challenge, ack, event as they stand in a definition. */
static inline void
hook_open(struct hook *h, const char *text)
{
    struct faults *f = faults_new();
    char *all = mem_printf(
        "definition: 1\nname: mine\nauth: [none]\n%sresources:\n"
        "  crm/contacts:\n    id: id\n    version: {path: at, kind: timestamp}\n"
        "    fields: {first_name: name.first, email: mail, phone: phone, notes: name.notes}\n"
        "  crm/companies: {id: id, fields: {name: name}}\n",
        text);

    memset(h, 0, sizeof *h);
    h->s = scratch_new();
    h->arena = arena_new();
    free(scratch_write(&h->s, "mine.yaml", all, -1));
    h->system.definition = definition_load("./mine.yaml", h->s.dir, f);
    ck_assert_msg(h->system.definition != NULL, "%s", faults_get(f, 0));
    h->system.name = (char *)"left";
    h->system.account = (char *)"7";
    h->self[0] = (char *)"app:1";
    h->system.self = h->self;
    h->system.n_self = 1;
    h->system.webhook.present = true;
    h->system.webhook.secrets = h->secrets;
    h->between[0] = &h->system;
    h->sync.resource = (char *)"crm/contacts";
    h->sync.between = h->between;
    h->sync.n_between = 1;
    h->conf.syncs = &h->sync;
    h->conf.n_syncs = 1;
    h->conf.systems = &h->system;
    h->conf.n_systems = 1;
    free(all);
    faults_free(f);
}

static inline void
hook_secret(struct hook *h, const char *secret)
{
    ck_assert_uint_lt(h->system.webhook.n_secrets, 4);
    h->secrets[h->system.webhook.n_secrets++] = (char *)secret;
}

/* The request in a captured line. */
static inline struct inbound
hook_request(struct hook *h, const char *line)
{
    struct inbound r;
    struct err err = ERR_INIT;

    ck_assert_msg(inbound_parse(h->arena, line, strlen(line), &r, &err) == 0, "%s", err.text);
    return r;
}

static inline void
hook_close(struct hook *h)
{
    definition_free(h->system.definition);
    arena_free(h->arena);
    scratch_free(&h->s);
}

#endif
