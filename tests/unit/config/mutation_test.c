#include <config.h>

#include "scratch.h"

#include "config/conf.h"

/*
 * A config and a definition, changed at random places: whatever comes of it, there is either a
 * config or a fault, and no memory is lost (sanitizer builds see that).
 */
static const char config[] =
    "version: 1\nstate: sqlite:acme.db\nsystems:\n"
    "  left: {provider: ./mine.yaml, account: \"1\", base_url: \"http://127.0.0.1:8081\",\n"
    "         auth: {type: header, header: X-Key, token: \"${env:LOOPLESS_TEST_TOKEN}\"}, self: "
    "[a], canary: {crm/contacts: 1},\n"
    "         webhook: {path: /h, public_url: https://x.y/h, secrets: "
    "[\"${env:LOOPLESS_TEST_TOKEN}\"]}}\n"
    "  right:\n    provider: ./mine.yaml\n    account: main\n    base_url: "
    "https://api.example.com/v1/\n"
    "    auth: {type: basic, user: me, password: \"${env:LOOPLESS_TEST_TOKEN}\"}\n"
    "sync:\n  crm/contacts:\n    between: [left, right]\n    match: [email]\n"
    "    create: {left: true}\n    deletes: {policy: propagate, settle: 60s}\n    conflict: "
    "manual\n"
    "    owner: creator\n    enforce: true\n    recreate: true\n    propagate: [sync_engine]\n"
    "    fields:\n      first_name: {}\n      company_id: {ref: crm/companies, required: true}\n   "
    "   email: {owner: left}\n"
    "      status: {owner: left, values: words}\n"
    "  crm/companies: {between: [left, right], fields: {name: any}}\n"
    "values:\n  words: {left: {lead: new, other: won}, right: {NEW: new}, unmapped: skip}\n"
    "jobs: {left: {system: left, resource: crm/contacts, every: 4h}}\n"
    "limits: {max_creates: 10, max_updates: 20%}\nbreaker: {window: 5m}\nretention: 14d\n";

static const char definition[] =
    "definition: 1\nname: mine\nauth: [header, basic]\n"
    "limits: [{when: {status: [429]}, wait: {header: Retry-After, unit: s}}]\n"
    "verify: [{kind: mac, alg: hmac-sha256, encoding: hex, header: S, parse: {kind: kv, signature: "
    "v1,\n"
    "          timestamp: t}, signed: \"{url}{timestamp}{id}{body}{header:X}\", id: {header: I},\n"
    "          timestamp: {unit: ms, max_age: 5m}, key_prefix: k_}, {kind: basic}]\n"
    "challenge: [{when: {query: q, equals: a}, signed: skipped, respond: {token: {body: t}}}]\n"
    "ack: {status: 202, body: ok}\non_bad_signature: {status: 403}\n"
    "event: {split: a.b, account: envelope.c, id: [headers.I, d], map: {resource: {path: e,\n"
    "        values: {f: crm/contacts, g: null}, else: null}, event_type: updated, record_id: h,\n"
    "        merged_into: w,\n"
    "        occurred_at: {path: i, unit: s}, changed: j, record: k, partial: true},\n"
    "        actor: {id: l, class: {path: m, values: {n: human}}, strength: class},\n"
    "        delivery: {payload: partial, order: none, retries: 3}}\n"
    "identity: {method: GET, path: /me, id: data.id}\nresources:\n  crm/contacts:\n    id: id\n"
    "    version: {path: at, kind: timestamp, granularity: 1s}\n"
    "    fields: {first_name: f, company_id: c, email: {path: e, stores: [lower, truncate(9)]}, "
    "status: s}\n"
    "    get: &get {method: GET, path: \"/c/{id}\", gone: {status: [404]}}\n"
    "    find: {method: POST, path: /s, body: {k: [\"{value}\"]}, by: [email], records: r}\n"
    "    create: {method: POST, path: /c, idempotency: {header: Key}}\n"
    "    update: {method: PATCH, path: \"/c/{id}\"}\n"
    "    delete: {method: DELETE, path: \"/c/{id}\", gone: {status: [404]}}\n"
    "    list: {method: POST, path: /s, body: {since: \"{since}\"}, records: r,\n"
    "           watermark: {kind: unix_s}, page: {kind: offset, to: query.o}}\n"
    "  crm/companies: {id: id, fields: {name: n}, get: {method: GET, path: \"/d/{id}\"},\n"
    "                  update: {method: PUT, path: \"/d/{id}\"}}\n";

static unsigned state = 20261121;

static unsigned
random_below(unsigned n)
{
    state = state * 1664525u + 1013904223u;
    return (unsigned)(((unsigned long long)(state >> 4) * n) >> 28);
}

/* A byte changed, some lost, some doubled, or a meaningful piece put in. */
static size_t
mutate(char *text, size_t len, size_t cap)
{
    static const char *const pieces[] = {
        "[",    "}",  ": ",  "*get", "&get ", "\n", "- ", "~", "{id}", "${", "99999999999999999999",
        "\xff", "\t", "<<: "};
    size_t at = random_below((unsigned)len);
    size_t n = 1 + random_below(20);
    const char *piece = pieces[random_below(sizeof pieces / sizeof pieces[0])];

    if (n > len - at)
        n = len - at;
    switch (random_below(4)) {
    case 0:
        text[at] = (char)random_below(256);
        return len;
    case 1:
        memmove(text + at, text + at + n, len - at - n);
        return len - n;
    case 2:
        if (len + n > cap)
            return len;
        memmove(text + at + n, text + at, len - at);
        return len + n;
    default:
        if (len + strlen(piece) > cap)
            return len;
        memmove(text + at + strlen(piece), text + at, len - at);
        memcpy(text + at, piece, strlen(piece));
        return len + strlen(piece);
    }
}

static void
write_mutated(const struct scratch *s, const char *name, const char *good, unsigned times)
{
    char text[4096];
    size_t len = strlen(good);

    memcpy(text, good, len);
    for (unsigned i = 0; i < times && len > 1; i++)
        len = mutate(text, len, sizeof text);
    free(scratch_write(s, name, text, (long)len));
}

enum { ROUNDS = 400 };

/* In the first round nothing is changed. */
static void
break_often(bool the_config)
{
    struct scratch s = scratch_new();
    char *path = scratch_write(&s, "loopless.yaml", config, -1);
    size_t good = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned times = i == 0 ? 0 : 1 + random_below(3);
        struct faults *f = faults_new();
        struct conf *c;

        write_mutated(&s, "loopless.yaml", config, the_config ? times : 0);
        write_mutated(&s, "mine.yaml", definition, the_config ? 0 : times);
        c = conf_load(path, i % 3 == 0, f);
        ck_assert_msg((c != NULL) == (faults_count(f) == 0), "round %u", i);
        ck_assert_msg(i > 0 || c != NULL, "%s", faults_get(f, 0));
        good += c != NULL;
        free(conf_state_path(path, NULL));
        conf_free(c);
        faults_free(f);
    }
    /* Else the mutations would hit nothing, or everything. */
    ck_assert_uint_ge(good, ROUNDS / 100);
    ck_assert_uint_le(good, ROUNDS * 3 / 4);
    free(path);
    scratch_free(&s);
}

START_TEST(broken_configs_give_faults)
{
    break_often(true);
}
END_TEST

START_TEST(broken_definitions_give_faults)
{
    break_often(false);
}
END_TEST

UNIT_MAIN("config/mutation", broken_configs_give_faults, broken_definitions_give_faults)
