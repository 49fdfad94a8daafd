#include <config.h>

#include "good.h"

#include "config/conf.h"
#include "crypto/digest.h"

/* verify, challenge, ack, event of a definition, and webhook of a config's system. */

static const char mine[] =
    "definition: 1\n"
    "name: mine\n"
    "auth: [bearer]\n"
    "verify:\n"
    "  - {kind: mac, alg: hmac-sha256, encoding: hex, header: X-Sig, parse: {kind: kv, signature: "
    "v1, timestamp: t},\n"
    "     signed: \"v0:{timestamp}:{id}{url}{body}{header:X-More}\", id: {header: X-Id},\n"
    "     timestamp: {unit: ms, max_age: 5m}, key: base64, key_prefix: whsec_}\n"
    "  - {kind: basic}\n"
    "challenge:\n"
    "  - {when: {method: GET, query: q, equals: a}, signed: skipped, respond: {status: 201, "
    "token: {query: q}}}\n"
    "ack: {status: 202, body: ok}\n"
    "on_bad_signature: {status: 403}\n"
    "event:\n"
    "  split: items\n"
    "  account: envelope.team\n"
    "  id: [headers.X-Id, n]\n"
    "  map:\n"
    "    resource: {path: kind, values: {p: crm/contacts, q: null}}\n"
    "    event_type: {path: verb, values: {new: created}, else: updated}\n"
    "    record_id: who\n"
    "    occurred_at: {path: when, unit: s}\n"
    "    record: data\n"
    "  actor: {id: by, class: {path: via, values: {ui: human}}, strength: actor}\n"
    "  delivery: {payload: partial, order: none, retries: 3}\n"
    "resources:\n"
    "  crm/contacts:\n"
    "    id: id\n"
    "    fields: {first_name: name, email: mail, notes: note, status: s}\n"
    "    get: {method: GET, path: \"/c/{id}\"}\n"
    "    create: {method: POST, path: /c}\n"
    "    update: {method: PATCH, path: \"/c/{id}\"}\n"
    "    list: {method: GET, path: /c, records: items}\n";

static struct definition *
load_mine(const struct scratch *s, const char *text, struct faults *f)
{
    free(scratch_write(s, "mine.yaml", text, -1));
    return definition_load("./mine.yaml", s->dir, f);
}

START_TEST(reads_all_of_it)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    struct definition *d = load_mine(&s, mine, f);
    const struct webhook_def *w;
    const struct verify_rule *v;

    ck_assert_msg(d != NULL, "%s", faults_get(f, 0));
    w = &d->webhook;
    v = w->verify;
    ck_assert_uint_eq(w->n_verify, 2);
    ck_assert_str_eq(v->header, "x-sig");
    ck_assert_int_eq(v->parse, PARSE_KV);
    ck_assert_str_eq(v->signature, "v1");
    ck_assert_str_eq(v->kv_timestamp, "t");
    ck_assert_uint_eq(v->n_parts, 7);
    ck_assert_str_eq(v->parts[0].text, "v0:");
    ck_assert_int_eq(v->parts[1].kind, SIGN_TIMESTAMP);
    ck_assert_str_eq(v->parts[6].text, "x-more");
    ck_assert(v->signs_url);
    ck_assert_str_eq(v->id_header, "x-id");
    ck_assert_int_eq(v->unit, TIME_MS);
    ck_assert_int_eq(v->max_age_ms, 300000);
    ck_assert_int_eq(v->max_ahead_ms, 300000); /* as max_age, unless it is said */
    ck_assert_int_eq(v->key, KEY_BASE64);
    ck_assert_int_eq(w->verify[1].kind, VERIFY_BASIC);
    ck_assert(!w->challenges[0].is_signed);
    ck_assert_str_eq(w->challenges[0].body, "{token}");
    ck_assert_str_eq(w->challenges[0].content_type, "text/plain");
    ck_assert_int_eq(w->ack.status, 202);
    ck_assert_int_eq(w->bad_signature_status, 403);
    ck_assert_int_eq(w->event.account.root, SPOT_ENVELOPE);
    ck_assert_int_eq(w->event.id[0].root, SPOT_HEADER);
    ck_assert_str_eq(w->event.id[0].path, "x-id");
    ck_assert(w->event.id_per_item);
    ck_assert_ptr_null(w->event.resource.rows[1].unified);
    ck_assert_str_eq(w->event.event_type.otherwise, "updated");
    ck_assert_int_eq(w->event.occurred_unit, TIME_S);
    ck_assert_int_eq(w->event.strength, STRENGTH_ACTOR);
    ck_assert_int_eq(w->event.payload, PAYLOAD_PARTIAL);
    definition_free(d);
    faults_free(f);
    scratch_free(&s);
}
END_TEST

struct row {
    const char *old, *new, *fault;
};

START_TEST(names_faults_of_definitions)
{
    static const struct row rows[] = {
        {"- {kind: basic}", "- basic", "8:5: a rule of verify must be a map, is text"},
        {"- {kind: basic}", "- {header: x}", "8:5: missing key 'kind'"},
        {"- {kind: basic}", "- {kind: none}",
         "8:5: kind none lets everything pass: it must stand alone"},
        {"- {kind: basic}", "- {kind: jwt}",
         "8:12: kind jwt is not supported in this version (none, equals, basic, bearer, mac)"},
        {"- {kind: basic}", "- {kind: equals}", "8:5: missing key 'header'"},
        {"- {kind: basic}", "- {kind: bearer, header: x}", "8:20: unknown key 'header'"},
        {"alg: hmac-sha256", "alg: md5", "5:22: alg must be one of: hmac-sha256"},
        {"encoding: hex, ", "", "5:5: missing key 'encoding'"},
        {"header: X-Sig", "header: \"X Sig\"", "5:58: header: a header's name has no ' ' in it"},
        {"signature: v1, ", "", "5:72: missing key 'signature'"},
        {"{kind: kv,", "{kind: raw,", "5:84: unknown key 'signature'"},
        {"{body}", "{bdoy}",
         "6:14: signed: there is no {bdoy} (there are {body} {timestamp} {id} {method} {url} "
         "{header:NAME})"},
        {"{body}", "", "6:14: signed: without {body} anybody could change the body"},
        {"{header:X-More}", "{header", "6:14: signed: a brace is not closed"},
        {"id: {header: X-Id},", "", "6:14: signed has {id}, but there is no id: {header: NAME}"},
        {"v0:{timestamp}:", "",
         "7:17: timestamp: it is not signed, so it proves nothing (leave it out)"},
        {"unit: ms", "unit: h", "7:24: unit must be one of: s, ms, iso8601"},
        {"{when: {method: GET, query: q, equals: a}", "{when: {method: GET}",
         "10:12: when needs one of query, header and body"},
        {"query: q, equals", "query: q, body: x, equals",
         "10:42: only one of query, header and body"},
        {"token: {query: q}", "token: {}", "10:95: token needs one of query, header and body"},
        {"status: 201", "content_type: text/html",
         "10:89: content_type: an echo as HTML or XML would run anybody's scripts (use "
         "text/plain)"},
        {"status: 201", "content_type: image/SVG+xml",
         "10:89: content_type: an echo as HTML or XML would run anybody's scripts (use "
         "text/plain)"},
        {"ack: {status: 202", "ack: {status: 201", "11:15: status must be 200, 202 or 204"},
        {"ack: {status: 202", "ack: {status: 204", "11:26: body: an answer 204 has none"},
        {"status: 403", "status: 200", "12:28: status must be from 400 to 499"},
        {"envelope.team", "{expr: \"$x\"}",
         "15:12: account: JSONata is not supported in this version; use a path"},
        {"headers.X-Id", "headers", "16:8: id: headers needs a name (headers.NAME)"},
        {"headers.X-Id", "method.x",
         "16:8: id: method has no parts (body.method.x is a member of the body)"},
        {"p: crm/contacts", "p: crm/contact",
         "18:40: resource: 'crm/contact' is none of the resources here (did you mean "
         "crm/contacts?)"},
        {"new: created", "new: create",
         "19:44: event_type: there is no 'create' (did you mean created?)"},
        {"    record_id: who\n", "", "18:5: missing key 'record_id'"},
        {"{path: when, unit: s}", "{unit: s}", "21:18: missing key 'path'"},
        {"    record: data\n", "", "23:23: payload: map does not say where the record is (record)"},
        {"ui: human", "ui: robot", "23:51: class: there is no 'robot'"},
        {"strength: actor", "strength: weak",
         "23:70: strength must be one of: none, class, actor, "
         "write"},
        {"  map:\n", "  mpa:\n", "14:3: missing key 'map'"},
    };
    struct scratch s = scratch_new();
    char *path = mem_printf("%s/mine.yaml", s.dir);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = scratch_edit(mine, rows[i].old, rows[i].new);
        struct faults *f = faults_new();

        ck_assert_msg(load_mine(&s, text, f) == NULL, "no fault for: %s", rows[i].new);
        scratch_expect(f, path, rows[i].fault, rows[i].new);
        faults_free(f);
        free(text);
    }
    free(path);
    scratch_free(&s);
}
END_TEST

/* `good` with LEFT as its first system's provider and webhook. */
static char *
with_webhook(const char *webhook)
{
    char *one = scratch_edit(good, "provider: rest\n    account: \"1\"",
                             "provider: ./mine.yaml\n    account: \"1\"");
    char *line = mem_printf("token: \"${env:LOOPLESS_TEST_TOKEN}\"}\n%s  right:", webhook);
    char *two = scratch_edit(one, "token: \"${env:LOOPLESS_TEST_TOKEN}\"}\n  right:", line);

    free(one);
    free(line);
    return two;
}

START_TEST(names_faults_of_configs)
{
    static const struct row rows[] = {
        /* what is left out of the definition, the webhook, the fault */
        {NULL, "path: /h, public_url: \"https://x.org/h\"",
         "9:14: missing key 'secrets' (the definition verifies by a secret)"},
        {NULL, "path: /h, public_url: \"https://x.org/h\", secrets: []",
         "9:65: secrets is empty, but the definition verifies by a secret"},
        {NULL, "path: h, public_url: \"https://x.org/h\", secrets: [\"${env:S}\"]",
         "9:21: path must begin with a slash"},
        {NULL, "path: /h?x, public_url: \"https://x.org/h\", secrets: [\"${env:S}\"]",
         "9:21: path: no query, no fragment, no space"},
        {NULL, "public_url: \"https://x.org/h\", secrets: [\"${env:S}\"]",
         "9:14: missing key 'path'"},
        {NULL, "path: /h, public_url: x.org, secrets: [\"${env:S}\"]",
         "9:37: public_url must start with https:// (or http:// for this host)"},
        {NULL, "path: /h, secrets: [\"${env:S}\"]",
         "9:14: missing key 'public_url' (mine signs the URL)"},
        {NULL, "path: /h, public_url: \"https://x.org/h\", secrets: [\"${env:PLAIN}\"]",
         "9:66: secrets: the secret is no base64"},
        {"  - {kind: mac, alg: hmac-sha256, encoding: hex, header: X-Sig, parse: {kind: kv, "
         "signature: v1, timestamp: t},\n"
         "     signed: \"v0:{timestamp}:{id}{url}{body}{header:X-More}\", id: {header: X-Id},\n"
         "     timestamp: {unit: ms, max_age: 5m}, key: base64, key_prefix: whsec_}\n",
         "path: /h, secrets: [\"${env:PLAIN}\"]",
         "9:35: secrets: the secret must be USER:PASSWORD"},
        {"  - {kind: basic}\n",
         "path: /h, public_url: \"https://x.org/h\", secrets: [\"${env:PLAIN}\"]",
         "9:66: secrets: the secret is no base64"},
        {"  - {kind: basic}\n",
         "path: /h, public_url: \"https://x.org/h\", secrets: [\"${env:ONLY_PREFIX}\"]",
         "9:66: secrets: the secret has nothing behind its prefix"},
        {NULL, "path: /h, public_url: \"https://x.org/h\", secrets: [plain]",
         "9:66: secrets: secrets only by ${env:NAME} or ${file:PATH}"},
        {NULL, "path: /h, public_url: \"https://x.org/h\", secrets: [\"${env:NOBODY}\"]",
         "9:66: secret variable NOBODY is not set (export NOBODY=...)"},
        {"  - {kind: basic}\n",
         "path: /h, public_url: \"https://x.org/h\", secrets: [\"${env:C}\"], url: x",
         "9:79: unknown key 'url'"},
    };
    struct scratch s = scratch_new();
    char *path = mem_printf("%s/loopless.yaml", s.dir);

    setenv("S", "whsec_YTpi", 1);
    setenv("C", "YTpi", 1);
    setenv("PLAIN", "no-base64!", 1);
    setenv("ONLY_PREFIX", "whsec_", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *webhook = mem_printf("    webhook: {%s}\n", rows[i].new);
        char *text = with_webhook(webhook);
        char *def = scratch_edit(mine, rows[i].old != NULL ? rows[i].old : "name: mine\n",
                                 rows[i].old != NULL ? "" : "name: mine\n");
        struct faults *f = faults_new();

        free(scratch_write(&s, "mine.yaml", def, -1));
        ck_assert_msg(load(&s, text, f) == NULL, "no fault for: %s", rows[i].new);
        scratch_expect(f, path, rows[i].fault, rows[i].new);
        faults_free(f);
        free(webhook);
        free(text);
        free(def);
    }
    free(path);
    scratch_free(&s);
}
END_TEST

START_TEST(a_definition_must_say_how_it_verifies)
{
    struct scratch s = scratch_new();
    char *text = with_webhook("    webhook: {path: /h}\n");
    const char *verify = strstr(mine, "verify:"), *resources = strstr(mine, "resources:");
    char *bare = mem_printf("%.*s%s", (int)(verify - mine), mine, resources);
    char *none = mem_printf("%.*sverify: [{kind: none}]\n%s", (int)(verify - mine), mine,
                            strstr(mine, "event:"));
    struct faults *f = faults_new();
    struct conf *c;

    free(scratch_write(&s, "mine.yaml", bare, -1));
    ck_assert_ptr_null(load(&s, text, f));
    ck_assert_uint_eq(faults_count(f), 2);
    ck_assert_ptr_nonnull(strstr(faults_get(f, 0), "9:14: webhook: mine does not say how requests "
                                                   "are verified (verify; kind none if not at "
                                                   "all)"));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 1), "does not say what requests mean (event)"));
    faults_free(f);
    f = faults_new();
    free(scratch_write(&s, "mine.yaml", none, -1));
    c = load(&s, text, f);
    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert(c->systems[0].webhook.present);
    ck_assert_str_eq(c->systems[0].webhook.path, "/h");
    ck_assert(!c->systems[1].webhook.present);
    conf_free(c);
    faults_free(f);
    free(bare);
    free(none);
    free(text);
    scratch_free(&s);
}
END_TEST

START_TEST(secrets_are_resolved_only_on_demand)
{
    struct scratch s = scratch_new();
    char *text = with_webhook("    webhook: {path: /h, public_url: \"https://x.org/h\", secrets: "
                              "[\"${env:S}\", \"${file:s}\"]}\n");
    struct faults *f = faults_new();
    char *path = scratch_write(&s, "loopless.yaml", text, -1);
    struct conf *c;

    free(scratch_write(&s, "mine.yaml", mine, -1));
    unsetenv("S");
    c = conf_load(path, true, f);
    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_uint_eq(c->systems[0].webhook.n_secrets, 0);
    conf_free(c);
    setenv("S", "YTpi:", 1);
    free(scratch_write(&s, "s", "whsec_YTpj\n", -1));
    c = conf_load(path, false, f); /* one for each rule */
    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_uint_eq(c->systems[0].webhook.n_secrets, 2);
    ck_assert_str_eq(c->systems[0].webhook.secrets[1], "whsec_YTpj");
    conf_free(c);
    faults_free(f);
    free(path);
    free(text);
    scratch_free(&s);
}
END_TEST

START_TEST(systems_on_one_path_are_told_apart_by_account)
{
    struct scratch s = scratch_new();
    char *one = scratch_edit(good, "    auth: {type: bearer",
                             "    webhook: {path: /h, secrets: [\"${env:S}\"]}\n    auth: {type: "
                             "bearer");
    char *two = scratch_edit(one, "    auth: {type: basic",
                             "    webhook: {path: /h, secrets: [\"${env:S}\"]}\n    auth: {type: "
                             "basic");
    char *other = scratch_edit(two, "provider: rest\n    account: main",
                               "provider: ./mine.yaml\n    account: main");
    struct faults *f = faults_new();
    struct conf *c;

    setenv("S", "whsec_YTpi", 1);
    free(scratch_write(&s, "mine.yaml", mine, -1));
    c = load(&s, two, f);
    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    conf_free(c);
    ck_assert_ptr_null(load(&s, other, f));
    ck_assert_ptr_nonnull(strstr(faults_get(f, 1), "path: left has it already, with another"));
    faults_free(f);
    free(one);
    free(two);
    free(other);
    scratch_free(&s);
}
END_TEST

UNIT_MAIN("config/webhook", reads_all_of_it, names_faults_of_definitions, names_faults_of_configs,
          a_definition_must_say_how_it_verifies, secrets_are_resolved_only_on_demand,
          systems_on_one_path_are_told_apart_by_account)
