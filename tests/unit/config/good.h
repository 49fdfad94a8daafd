#ifndef TESTS_UNIT_CONFIG_GOOD_H
#define TESTS_UNIT_CONFIG_GOOD_H

#include "scratch.h"

#include "config/conf.h"

/* A config without a fault; the tables below change one place of it. */
static const char good[] =
    "version: 1\n"
    "state: sqlite:acme.db\n"
    "systems:\n"
    "  left:\n"
    "    provider: rest\n"
    "    account: \"1\"\n"
    "    base_url: http://127.0.0.1:8081\n"
    "    auth: {type: bearer, token: \"${env:LOOPLESS_TEST_TOKEN}\"}\n"
    "  right:\n"
    "    provider: rest\n"
    "    account: main\n"
    "    base_url: https://api.example.com/v1/\n"
    "    auth: {type: basic, user: me, password: \"${env:LOOPLESS_TEST_TOKEN}\"}\n"
    "sync:\n"
    "  crm/contacts:\n"
    "    between: [left, right]\n"
    "    match: [email]\n"
    "    first_contact: report\n"
    "    create: {left: true, right: false}\n"
    "    deletes: {policy: ignore, settle: 60s, max: 50, max_percent: 10}\n"
    "    conflict: last-write-wins\n"
    "    fields:\n"
    "      first_name: any\n"
    "      email: {owner: left}\n"
    "      notes: {owner: any, conflict: manual}\n"
    "      status: {owner: left, values: words}\n"
    "values:\n"
    "  words:\n"
    "    left: {lead: new, customer: won, other: won}\n"
    "    right: {NEW: new, WON: won}\n"
    "    unmapped: skip\n"
    "jobs:\n"
    "  left: {system: left, resource: crm/contacts, every: 4h}\n"
    "  right: {system: right, resource: crm/contacts, every: 15m}\n"
    "limits: {max_creates: 10, max_updates: 20%, max_changed: none}\n"
    "breaker: {alternations: 4, window: 5m, account_calls_floor: 1000}\n"
    "retention: 14d\n";

static inline struct conf *
load(const struct scratch *s, const char *text, struct faults *f)
{
    char *path = scratch_write(s, "loopless.yaml", text, -1);
    struct conf *c = conf_load(path, false, f);

    free(path);
    return c;
}

#endif
