#include <config.h>

#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#include "deploy.h"

#define EPOCH "2026-01-01T00:00:00.000Z"
/* Two kinds of keys: in base64, and as it stands. */
#define STANDARD_SECRET "whsec_YSBzZWNyZXQgYmV0d2VlbiB0d28gcHJvZ3JhbXM="
#define SECRET "a secret between two programs"

void
world_fail(const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "Bail out! ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    _exit(99);
}

char *
world_path(const struct world *w, const char *name)
{
    return mem_printf("%s/%s", w->folder, name);
}

void
world_say(struct world *w, const char *fmt, ...)
{
    CLEANUP_BUF struct buf line = BUF_INIT;
    char now[CLOCK_TEXT];
    va_list ap;

    buf_printf(&line, "%3d %s  ", w->step, clock_format(clock_now(), now) + strlen("2026-01-01T"));
    va_start(ap, fmt);
    buf_vprintf(&line, fmt, ap);
    va_end(ap);
    fprintf(w->trace, "%s\n", buf_get(&line));
    fflush(w->trace);
    if (w->verbose)
        fprintf(stderr, "# %s\n", buf_get(&line));
}

void
world_blame(struct world *w, const char *fmt, ...)
{
    CLEANUP_BUF struct buf line = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(&line, fmt, ap);
    va_end(ap);
    world_say(w, "VIOLATED: %s", buf_get(&line));
    buf_printf(&w->why, "%s\n", buf_get(&line));
}

/* ---- the systems ---- */

static size_t
take_body(char *bytes, size_t size, size_t n, void *user)
{
    buf_add(user, bytes, size * n);
    return n;
}

json_t *
world_call(struct world *w, int system, const char *method, const char *path, json_t *body)
{
    CLEANUP_FREE char *url = mem_printf("%s%s", w->urls[system], path);
    CLEANUP_FREE char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    CLEANUP_BUF struct buf answer = BUF_INIT;
    CURLcode rc;
    long status;

    json_decref(body);
    if (w->curl == NULL)
        w->curl = curl_easy_init();
    curl_easy_reset(w->curl);
    curl_easy_setopt(w->curl, CURLOPT_URL, url);
    curl_easy_setopt(w->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(w->curl, CURLOPT_CUSTOMREQUEST, method);
    if (strcmp(method, "GET") != 0)
        curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, text != NULL ? text : "");
    curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, &answer);
    rc = curl_easy_perform(w->curl);
    if (rc != CURLE_OK)
        world_fail("%s: %s %s: %s", w->folder, method, url, curl_easy_strerror(rc));
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2)
        return NULL;
    return json_loadb(buf_get(&answer), answer.len, 0, NULL);
}

json_t *
world_dump(struct world *w, int system, const char *collection)
{
    CLEANUP_FREE char *path = mem_printf("/_sim/dump/%s", collection);
    json_t *dump = world_call(w, system, "GET", path, NULL);

    if (!json_is_array(dump))
        world_fail("%s: system %c shows no records", w->folder, 'a' + system);
    return dump;
}

static json_t *
quirk_value(const char *value)
{
    json_t *v = json_loads(value, JSON_DECODE_ANY, NULL);

    return v != NULL ? v : json_string(value);
}

void
world_quirk_text(struct world *w, int system, const char *text, bool on)
{
    const char *value = strchr(text, '=');
    size_t len = strcspn(text, "=");
    json_t *v = !on ? json_null() : value == NULL ? json_true() : quirk_value(value + 1);
    json_t *body = json_pack("{s:s#, s:o}", "name", text, (int)len, "value", v);
    json_t *answer = world_call(w, system, "POST", "/_sim/quirk", body);

    if (answer == NULL)
        world_fail("%s: system %c does not take quirk %s", w->folder, 'a' + system, text);
    json_decref(answer);
}

static void
add_names(const struct system_plan *s, unsigned fields, struct buf *out)
{
    for (int f = 0, n = 0; f < FIELDS; f++)
        if ((fields >> f & 1) != 0)
            buf_printf(out, "%s%s", n++ > 0 ? "," : "", plan_name(s, f));
}

static void
set_habits(struct world *w, int system)
{
    const struct system_plan *s = &w->plan->systems[system];
    const struct {
        bool on;
        const char *text;
    } switches[] = {{s->trim, "trim"},
                    {s->noop_touches, "noop-touches"},
                    {s->seconds, "second-stamps"},
                    {s->strings, "string-values"},
                    {s->empty_null, "empty-null"},
                    {s->answer_none, "answer-none"},
                    {s->put_only, "put-only"},
                    {s->wrap, "wrap=data"},
                    {s->null_first, "null-first-update"},
                    {s->gone_403, "gone-403"},
                    {s->fuzz > 0, "since-fuzz=1000"}};
    const struct {
        int n;
        const char *name;
    } numbers[] = {{s->cap, "limit-cap"}, {s->lag_ms, "lag-ms"}, {s->find_lag, "find-lag-ms"}};

    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (switches[i].on)
            world_quirk_text(w, system, switches[i].text, true);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CLEANUP_FREE char *text = mem_printf("%s=%d", numbers[i].name, numbers[i].n);

        if (numbers[i].n > 0)
            world_quirk_text(w, system, text, true);
    }
    for (int i = 0; i < s->n_hook_quirks && s->webhook; i++)
        world_quirk_text(w, system, s->hook_quirks[i], true);
}

static void
set_fields(struct world *w, int system)
{
    const struct system_plan *s = &w->plan->systems[system];
    CLEANUP_BUF struct buf text = BUF_INIT;

    if (s->lower != 0) {
        buf_text(&text, "lower=");
        add_names(s, s->lower, &text);
        world_quirk_text(w, system, buf_get(&text), true);
    }
    buf_clear(&text);
    if (s->digits) {
        buf_text(&text, "digits=");
        add_names(s, 1U << PHONE, &text);
        world_quirk_text(w, system, buf_get(&text), true);
    }
}

/* URL in FILE, which the process writes when it is ready. Owner: the caller. */
static char *
await_url(struct world *w, struct proc *p, const char *file)
{
    CLEANUP_FREE char *path = world_path(w, file);
    json_t *line;
    char *url;

    while ((line = json_load_file(path, 0, NULL)) == NULL) {
        world_nap(w, (int)w->haste);
        if (p->status != STATUS_RUNNING)
            return NULL;
    }
    url = mem_text(json_string_value(json_object_get(line, "url")));
    json_decref(line);
    return url;
}

static const char *
secret_of(const struct system_plan *s)
{
    return s->signing == SIGN_STANDARD ? STANDARD_SECRET : SECRET;
}

static void
start_system(struct world *w, int i)
{
    static const char *const payloads[] = {"full", "partial", "skinny"};
    static const char *const signings[] = {"standard", "kv", "prefix", "static", "none"};
    static const char *const both[] = {"--collection", "contacts", "--collection", "companies"};
    int n = 15;
    const struct system_plan *s = &w->plan->systems[i];
    CLEANUP_FREE char *account = mem_printf("sim-%d", i + 1);
    CLEANUP_FREE char *seed = mem_printf("%d", (int)(w->plan->seed % 1000) + i + 1);
    CLEANUP_FREE char *ready = mem_printf("system-%c.ready", 'a' + i);
    const char *argv[] = {"sync-sim",
                          "--account",
                          account,
                          "--seed",
                          seed,
                          "--id",
                          plan_id_kinds[s->id_kind],
                          "--ready-file",
                          ready,
                          "--webhook-payload",
                          payloads[s->payload],
                          "--webhook-sign",
                          signings[s->signing],
                          "--webhook-secret",
                          secret_of(s),
                          NULL,
                          NULL,
                          NULL,
                          NULL,
                          NULL};

    if (s->signing == SIGN_NONE)
        argv[n = 13] = NULL;
    for (size_t k = 0; w->plan->refs && k < sizeof both / sizeof both[0]; k++)
        argv[n++] = both[k];
    w->urls[i] = await_url(w, world_start(w, ROLE_SIM, argv, NULL), ready);
    if (w->urls[i] == NULL)
        world_fail("%s: sync-sim does not start, see log", w->folder);
    set_habits(w, i);
    set_fields(w, i);
}

/* ---- the folder ---- */

static void
write_file(const struct world *w, const char *name, const char *text)
{
    CLEANUP_FREE char *path = world_path(w, name);
    FILE *out = fopen(path, "we");

    if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0 || chmod(path, 0600) < 0)
        world_fail("%s: %s", path, strerror(errno));
}

static void
write_files(struct world *w)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    deploy_config(w->plan, (const char *const *)w->urls, &text);
    write_file(w, "loopless.yaml", buf_get(&text));
    for (int i = 0; i < w->plan->n_systems; i++) {
        CLEANUP_FREE char *name = mem_printf("system-%c.yaml", 'a' + i);

        buf_clear(&text);
        deploy_definition(w->plan, i, &text);
        write_file(w, name, buf_get(&text));
        buf_clear(&text);
        buf_printf(&text, "secret-%c", 'a' + i);
        write_file(w, buf_get(&text), secret_of(&w->plan->systems[i]));
    }
}

struct world *
world_new(struct plan *p, const char *folder, long haste, bool verbose)
{
    struct world *w = mem_alloc(sizeof *w);
    CLEANUP_FREE char *now = mem_printf("%s@%lld*%ld", EPOCH, (long long)clock_boot(), haste);
    CLEANUP_FREE char *trace = NULL;

    w->plan = p;
    w->folder = folder;
    w->haste = haste;
    w->verbose = verbose;
    trace = world_path(w, "trace");
    w->trace = fopen(trace, "we");
    if (w->trace == NULL)
        world_fail("%s: %s", trace, strerror(errno));
    setenv("LOOPLESS_NOW", now, 1);
    for (int i = 0; i < p->n_systems; i++)
        start_system(w, i);
    write_files(w);
    return w;
}

void
world_free(struct world *w)
{
    for (int i = 0; i < w->n_procs; i++)
        if (w->procs[i].status == STATUS_RUNNING)
            world_kill(w, &w->procs[i], SIGKILL);
    for (int i = 0; i < MAX_SYSTEMS; i++)
        free(w->urls[i]);
    if (w->curl != NULL)
        curl_easy_cleanup(w->curl);
    free(w->listener_url);
    buf_release(&w->why);
    fclose(w->trace);
    free(w);
}

/* ---- webhooks ---- */

void
world_hooks(struct world *w, bool on)
{
    for (int i = 0; i < w->plan->n_systems; i++) {
        CLEANUP_FREE char *url = NULL;

        if (!w->plan->systems[i].webhook)
            continue;
        if (on && w->listener_url != NULL)
            url = mem_printf("%s/hooks/%c", w->listener_url, 'a' + i);
        json_decref(world_call(w, i, "POST", "/_sim/webhook", json_pack("{s:s?}", "url", url)));
    }
}

void
world_start_listener(struct world *w)
{
    static const char ready[] = "listener.ready";
    const char *argv[] = {"sync-ingest",
                          "listen",
                          "--ready-file",
                          ready,
                          "--threads",
                          "1",
                          w->listener_url != NULL ? strstr(w->listener_url, "://") + 3
                                                  : "127.0.0.1:0",
                          NULL};
    CLEANUP_FREE char *path = world_path(w, ready);

    if (!w->plan->webhooks || (w->listener != NULL && w->listener->status == STATUS_RUNNING))
        return;
    unlink(path);
    w->listener = world_start(w, ROLE_LISTENER, argv, "listener.out");
    free(w->listener_url);
    w->listener_url = await_url(w, w->listener, ready);
    if (w->listener_url == NULL)
        world_blame(w, "the listener does not start");
}
