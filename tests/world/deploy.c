#include <config.h>

#include "deploy.h"

#include <stdio.h>

static void
add_stores(const struct system_plan *s, int field, struct buf *out)
{
    const char *rules[5];
    int n = 0;

    if (s->trim && field != SCORE)
        rules[n++] = "trim";
    if (field < FIELDS && (s->lower >> field & 1) != 0)
        rules[n++] = "lower";
    if (s->digits && field == PHONE)
        rules[n++] = "digits";
    if (s->strings && field == SCORE)
        rules[n++] = "text";
    if (s->empty_null)
        rules[n++] = "empty_null";
    if (n == 0 || field == COMPANY) {
        buf_text(out, plan_name(s, field));
        return;
    }
    buf_printf(out, "{path: %s, stores: [", plan_name(s, field));
    for (int i = 0; i < n; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", rules[i]);
    buf_text(out, "]}");
}

static void
add_fields(const struct plan *p, const struct system_plan *s, struct buf *out)
{
    buf_text(out, "    fields:\n      email: ");
    add_stores(s, FIELDS, out);
    for (int f = 0; f < FIELDS; f++) {
        if (!p->used[f])
            continue;
        buf_printf(out, "\n      %s: ", plan_field_names[f]);
        add_stores(s, f, out);
    }
    buf_char(out, '\n');
}

static void
add_verify(const struct system_plan *s, struct buf *out)
{
    static const char *const rules[SIGNINGS] = {
        [SIGN_STANDARD] =
            "kind: mac, alg: hmac-sha256, encoding: base64, header: webhook-signature, "
            "parse: {kind: list, version: v1}, signed: \"{id}.{timestamp}.{body}\", "
            "id: {header: webhook-id}, timestamp: {header: webhook-timestamp, unit: "
            "s, max_age: 300s, max_ahead: 300s}, key: base64, key_prefix: whsec_",
        [SIGN_KV] = ("kind: mac, alg: hmac-sha256, encoding: hex, header: X-Sim-Signature, "
                     "parse: {kind: kv, signature: v1, timestamp: t}, signed: "
                     "\"{timestamp}.{body}\", timestamp: {unit: s, max_age: 300s}"),
        [SIGN_PREFIX] = ("kind: mac, alg: hmac-sha256, encoding: hex, header: X-Hub-Signature-256, "
                         "parse: {kind: prefix, prefix: \"sha256=\"}, signed: \"{body}\""),
        [SIGN_STATIC] = ("kind: equals, header: X-Sim-Token"),
        [SIGN_NONE] = ("kind: none")};

    buf_printf(out, "verify:\n  - {%s}\n", rules[s->signing]);
}

static void
add_event(const struct plan *p, const struct system_plan *s, struct buf *out)
{
    add_verify(s, out);
    buf_text(out, "event:\n"
                  "  split: events\n"
                  "  account: envelope.account\n"
                  "  id: [id]\n"
                  "  map:\n");
    buf_printf(out, "    resource: {path: collection, values: {contacts: crm/contacts%s}}\n",
               p->refs ? ", companies: crm/companies" : "");
    buf_text(out, "    event_type: {path: action, values: {created: created, updated: updated, "
                  "deleted: deleted}}\n"
                  "    raw_event_type: action\n"
                  "    record_id: record_id\n"
                  "    occurred_at: occurred_at\n"
                  "    changed: changed\n"
                  "    record: record\n"
                  "    partial: partial\n"
                  "  actor:\n"
                  "    id: actor.id\n"
                  "    class: {path: actor.kind, values: {human: human, api: api_client}}\n"
                  "    write_id: write_id\n"
                  "    strength: write\n");
    buf_printf(out, "  delivery: {payload: %s}\n", s->payload == HOOK_SKINNY ? "skinny" : "full");
}

static const char *
lag(const struct system_plan *s, char *out, size_t size)
{
    out[0] = '\0';
    if (s->lag_ms > 0)
        snprintf(out, size, ", lag: %dms", s->lag_ms);
    return out;
}

static void
add_calls(const struct system_plan *s, const char *at, const char *key, struct buf *out)
{
    const char *record = s->wrap ? ", record: data" : "";
    const char *answer = s->answer_none ? "none" : "full";
    int find_lag = s->lag_ms > 0 ? s->lag_ms : s->find_lag;
    char text[40];

    buf_printf(out, "    get: {method: GET, path: \"/%s/{id}\"%s, gone: {status: [%s]}%s}\n", at,
               record, s->gone_403 ? "403, 404" : "404", lag(s, text, sizeof text));
    buf_printf(out,
               "    find: {method: GET, path: /%s, query: {\"{key}\": \"{value}\"}, records: "
               "items%s, by: [%s%s], ",
               at, record, s->external_id ? "external_id, " : "", key);
    if (find_lag > 0)
        buf_printf(out, "strong: false, lag: %dms}\n", find_lag);
    else
        buf_text(out, "strong: true}\n");
    buf_printf(out, "    create: {method: POST, path: /%s%s, answer: %s%s}\n", at, record, answer,
               s->idempotency ? ", idempotency: {header: Idempotency-Key, window: 24h}" : "");
    buf_printf(out, "    update: {method: %s, path: \"/%s/{id}\"%s, answer: %s}\n",
               s->put_only ? "PUT" : "PATCH", at, record, answer);
    buf_printf(out, "    delete: {method: DELETE, path: \"/%s/{id}\", gone: {status: [%s]}}\n", at,
               s->gone_403 ? "403, 404" : "404");
    buf_printf(
        out,
        "    list:\n"
        "      method: GET\n"
        "      path: /%s\n"
        "      query: {updated_since: \"{since}\", limit: \"{size}\", cursor: \"{cursor}\"}\n"
        "      records: items\n%s"
        "      watermark: {kind: iso8601, overlap: 5s, settle: %dms, tie_breaker: id}\n"
        "      page: {kind: cursor, from: next_cursor, size: %d}\n",
        at, s->wrap ? "      record: data\n" : "", find_lag, s->page);
}

static void
add_head(const struct system_plan *s, const char *at, struct buf *out)
{
    buf_printf(out, "  crm/%s:\n    id: id\n", at);
    if (s->external_id)
        buf_text(out, "    external_id: sync_id\n");
    buf_printf(out, "    version: {path: updated_at, kind: timestamp, granularity: %s}\n",
               s->seconds ? "1s" : "1ms");
}

void
deploy_definition(const struct plan *p, int system, struct buf *out)
{
    const struct system_plan *s = &p->systems[system];

    buf_printf(out,
               "definition: 1\nname: system-%c\nauth: [none]\n"
               "limits:\n"
               "  - {when: {status: [429, 503]}, wait: {header: Retry-After, unit: s, else: "
               "backoff}}\n"
               "identity: {method: GET, path: /account, id: id}\n",
               'a' + system);
    if (s->webhook)
        add_event(p, s, out);
    buf_text(out, "resources:\n");
    add_head(s, "contacts", out);
    add_fields(p, s, out);
    add_calls(s, "contacts", "email", out);
    if (!p->refs)
        return;
    add_head(s, "companies", out);
    buf_text(out, "    fields: {name: name, domain: domain}\n");
    add_calls(s, "companies", "domain", out);
}

static void
add_owner(int owner, const char *more, struct buf *out)
{
    if (owner == ANY || owner == CREATOR)
        buf_printf(out, "{owner: %s%s}\n", owner == ANY ? "any" : "creator", more);
    else
        buf_printf(out, "{owner: %c%s}\n", 'a' + owner, more);
}

static void
add_deletes(const struct plan *p, struct buf *out)
{
    if (p->deletes)
        buf_printf(out, "    deletes: {policy: %s, settle: %dms, max: 1000, max_percent: 100}\n",
                   p->propagate ? "propagate" : "ignore", p->settle_ms);
    if (p->deletes && p->recreate)
        buf_text(out, "    recreate: true\n");
    if (p->enforce)
        buf_text(out, "    enforce: true\n");
}

/* The systems as a list in yaml, each with MORE. */
static void
add_systems(const struct plan *p, const char *more, struct buf *out)
{
    for (int i = 0; i < p->n_systems; i++)
        buf_printf(out, "%s%c%s", i > 0 ? ", " : "", 'a' + i, more);
}

static void
add_companies(const struct plan *p, struct buf *out)
{
    buf_text(out, "  crm/companies:\n    between: [");
    add_systems(p, "", out);
    buf_text(out, "]\n    match: [domain]\n    first_contact: a\n    create: {");
    add_systems(p, ": true", out);
    buf_text(out, "}\n    conflict: last-write-wins\n    fields:\n      name: {owner: any}\n"
                  "      domain: {owner: any}\n");
}

static void
add_sync(const struct plan *p, struct buf *out)
{
    static const char *const policies[] = {"report", "owner", "fill"};
    const char *reference =
        p->required ? ", ref: crm/companies, required: true" : ", ref: crm/companies";

    buf_text(out, "sync:\n  crm/contacts:\n    between: [");
    add_systems(p, "", out);
    buf_text(out, "]\n    match: [email]\n    first_contact: ");
    if (p->policy == POLICY_SYSTEM)
        buf_char(out, (char)('a' + p->contact));
    else
        buf_text(out, policies[p->policy]);
    buf_text(out, "\n    create: {");
    for (int i = 0; i < p->n_systems; i++)
        buf_printf(out, "%s%c: %s", i > 0 ? ", " : "", 'a' + i,
                   p->systems[i].create ? "true" : "false");
    buf_text(out, "}\n");
    add_deletes(p, out);
    buf_text(out, "    conflict: ");
    if (p->conflict == ANY)
        buf_text(out, "last-write-wins\n    fields:\n");
    else
        buf_printf(out, "%c\n    fields:\n", 'a' + p->conflict);
    buf_text(out, "      email: ");
    add_owner(p->email_owner, "", out);
    for (int f = 0; f < FIELDS; f++)
        if (p->used[f]) {
            buf_printf(out, "      %s: ", plan_field_names[f]);
            add_owner(p->owner[f], f < COMPANY ? "" : reference, out);
        }
    if (p->refs)
        add_companies(p, out);
}

void
deploy_config(const struct plan *p, const char *const *urls, struct buf *out)
{
    buf_text(out, "version: 1\nstate: sqlite:state.db\nsystems:\n");
    for (int i = 0; i < p->n_systems; i++) {
        buf_printf(out,
                   "  %c:\n    provider: ./system-%c.yaml\n    account: sim-%d\n    base_url: %s\n"
                   "    auth: {type: none}\n",
                   'a' + i, 'a' + i, i + 1, urls[i]);
        if (!p->systems[i].webhook)
            continue;
        buf_printf(out, "    webhook: {path: /hooks/%c", 'a' + i);
        if (p->systems[i].signing != SIGN_NONE)
            buf_printf(out, ", secrets: [\"${file:secret-%c}\"]", 'a' + i);
        buf_text(out, "}\n");
    }
    add_sync(p, out);
    buf_text(out, "jobs:\n");
    for (int i = 0; i < p->n_systems; i++) {
        buf_printf(out, "  contacts-%c: {system: %c, resource: crm/contacts, every: %ds}\n",
                   'a' + i, 'a' + i, 5 + 5 * i);
        if (p->refs)
            buf_printf(out, "  companies-%c: {system: %c, resource: crm/companies, every: %ds}\n",
                       'a' + i, 'a' + i, 10 + 5 * i);
    }
    buf_text(out, "limits: {max_creates: none, max_updates: none, max_changed: none}\n");
}
