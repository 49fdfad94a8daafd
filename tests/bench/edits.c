#include <config.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "json/val.h"
#include "store/store.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * Edits at a fixed pace, and how long each takes until it is written at another simulated system.
 *
 *   edits A-URL B-URL N RATE         people edit contacts in A; webhooks do the rest
 *   edits A-URL B-URL N RATE STATE   the same, but each edit is admitted to STATE here, durably, as
 *                                    a listener would
 *   edits --direct B-URL N RATE TOKEN   the same changes, each sent to B at once: what the
 * simulated system takes by itself, below which nobody can be
 *
 * Both systems have the N contacts p1@example.com .. pN@example.com. The time of an edit is taken
 * before it is sent, that of a write is the one in B's log (ms; one host, one clock). Prints
 * "ARRIVED RIGHT P50 P99": how many of the N values were written, how many contacts of B have their
 * value at the end, and percentiles in ms.
 */
enum { EDITS_MAX = 100000, PATIENCE_MS = 15000 };

struct edits {
    struct arena *arena;
    CURL *curl;
    const char *from, *to; /* URLs; from NULL: direct */
    const char *token;
    struct store *store;
    int n, rate;
    const char **ids; /* [n + 1] of contact I where it is edited */
    int64_t *begun, *written;
};

static _Noreturn void
die(const char *what)
{
    fprintf(stderr, "edits: %s\n", what);
    exit(1);
}

/* ---- HTTP ---- */

static size_t
keep(char *bytes, size_t size, size_t n, void *user)
{
    buf_add(user, bytes, size * n);
    return size * n;
}

static const struct val *
call(struct edits *x, const char *method, const char *url, const char *body)
{
    CLEANUP_BUF struct buf answer = BUF_INIT;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    long status = 0;

    if (x->token != NULL)
        headers = curl_slist_append(headers,
                                    arena_printf(x->arena, "Authorization: Bearer %s", x->token));
    curl_easy_setopt(x->curl, CURLOPT_URL, url);
    curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, headers);
    if (body != NULL)
        curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, body);
    else
        curl_easy_setopt(x->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, &answer);
    if (curl_easy_perform(x->curl) != CURLE_OK)
        die(url);
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (status >= 300)
        die(arena_printf(x->arena, "%s %s: %ld", method, url, status));
    if (body != NULL)
        return NULL;
    return val_parse(x->arena, arena_ntext(x->arena, buf_get(&answer), answer.len), answer.len,
                     NULL);
}

static const struct val *
contacts(struct edits *x, const char *url)
{
    return call(x, "GET", arena_printf(x->arena, "%s/_sim/dump/contacts", url), NULL);
}

/* ---- edits ---- */

/* The number in p7@example.com, 0 if there is none in reach. */
static int
number_of(const struct edits *x, const struct val *contact)
{
    const char *email = val_get_text(contact, "email");
    int i;

    return email != NULL && sscanf(email, "p%d@", &i) == 1 && i >= 1 && i <= x->n ? i : 0;
}

static const char *
phone_of(struct edits *x, int i)
{
    return arena_printf(x->arena, "+49 %d %d", x->from != NULL ? 30 : 40, i);
}

static void
find_ids(struct edits *x)
{
    const struct val *list = contacts(x, x->from != NULL ? x->from : x->to);

    if (list == NULL || list->kind != VAL_ARRAY)
        die("no list of contacts");
    for (size_t i = 0; i < list->n; i++)
        x->ids[number_of(x, list->u.items[i])] = val_id(val_get(list->u.items[i], "id"));
    for (int i = 1; i <= x->n; i++)
        if (x->ids[i] == NULL)
            die("a contact is missing");
}

static void
admit(struct edits *x, int i)
{
    struct event e = {.path = "webhook",
                      .system = "crm",
                      .account = "crm-1",
                      .resource = "crm/contacts",
                      .record_id = x->ids[i],
                      .event_type = "updated",
                      .event_id = arena_printf(x->arena, "edit-%d-%d", (int)getpid(), i),
                      .sync_source = "crm",
                      .sync_direction = "inbound"};
    struct store_admission a = {.event = &e};
    struct err err = ERR_INIT;
    int64_t seq;

    if (store_admit(x->store, &a, clock_now(), &seq, &err) != 1)
        die(err.text);
}

static void
edit(struct edits *x, int i)
{
    const char *folder = x->from != NULL ? "/_human/contacts/" : "/contacts/";
    const char *url =
        arena_printf(x->arena, "%s%s%s", x->from != NULL ? x->from : x->to, folder, x->ids[i]);

    x->begun[i] = clock_now();
    call(x, "PATCH", url, arena_printf(x->arena, "{\"phone\":\"%s\"}", phone_of(x, i)));
    if (x->store != NULL)
        admit(x, i);
}

/* Each at its own moment, however long the ones before took. */
static void
make_edits(struct edits *x)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    for (int i = 1; i <= x->n; i++) {
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        edit(x, i);
        at.tv_nsec += 1000000000L / x->rate;
        if (at.tv_nsec >= 1000000000L) {
            at.tv_sec++;
            at.tv_nsec -= 1000000000L;
        }
    }
}

/* ---- what came of them ---- */

static void
note(struct edits *x, const struct val *entry, int *arrived)
{
    const char *phone = val_get_text(val_get(entry, "body"), "phone");
    const char *actor = val_get_text(entry, "actor"), *time = val_get_text(entry, "time");
    int i, area;

    if (phone == NULL || actor == NULL || strcmp(actor, "api") != 0 ||
        sscanf(phone, "+49 %d %d", &area, &i) != 2 || area != (x->from != NULL ? 30 : 40) ||
        i < 1 || i > x->n || x->written[i] != 0 || clock_parse(time, &x->written[i], NULL) < 0)
        return;
    ++*arrived;
}

static int
wait_for_writes(struct edits *x)
{
    int64_t until = clock_boot() + PATIENCE_MS, seen = 0;
    struct timespec pause = {0, 20000000};
    int arrived = 0;

    while (arrived < x->n && clock_boot() < until) {
        const struct val *log =
            call(x, "GET", arena_printf(x->arena, "%s/_sim/log?since=%" PRId64, x->to, seen), NULL);

        for (size_t i = 0; log != NULL && i < log->n; i++) {
            note(x, log->u.items[i], &arrived);
            val_get_int(val_get(log->u.items[i], "n"), &seen);
        }
        if (arrived < x->n)
            nanosleep(&pause, NULL);
    }
    return arrived;
}

static int
count_right(struct edits *x)
{
    const struct val *list = contacts(x, x->to);
    int right = 0;

    for (size_t i = 0; i < list->n; i++) {
        const char *phone = val_get_text(list->u.items[i], "phone");
        int at = number_of(x, list->u.items[i]);

        right += at != 0 && phone != NULL && strcmp(phone, phone_of(x, at)) == 0;
    }
    return right;
}

static int
by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void
report(struct edits *x, int arrived)
{
    int64_t *took = arena_alloc(x->arena, ((size_t)x->n + 1) * sizeof *took);
    int n = 0;

    for (int i = 1; i <= x->n; i++)
        if (x->written[i] != 0)
            took[n++] = x->written[i] - x->begun[i];
    qsort(took, (size_t)n, sizeof *took, by_size);
    printf("%d %d %" PRId64 " %" PRId64 "\n", arrived, count_right(x),
           n > 0 ? took[n / 2] : PATIENCE_MS, n > 0 ? took[(n * 99 - 1) / 100] : PATIENCE_MS);
}

int
main(int argc, char **argv)
{
    struct edits x = {.arena = arena_new()};
    struct err err = ERR_INIT;
    bool direct = argc > 1 && strcmp(argv[1], "--direct") == 0;

    if (argc < 5 || argc > 6 || (direct && argc != 6))
        die("wants A-URL B-URL N RATE [STATE], or --direct B-URL N RATE TOKEN");
    x.from = direct ? NULL : argv[1];
    x.to = argv[2];
    x.n = atoi(argv[3]);
    x.rate = atoi(argv[4]);
    x.token = direct ? argv[5] : NULL;
    if (x.n < 1 || x.n > EDITS_MAX || x.rate < 1)
        die("N or RATE is out of range");
    if (!direct && argc == 6 && (x.store = store_open(argv[5], STORE_WRITE, &err)) == NULL)
        die(err.text);
    x.ids = arena_alloc(x.arena, ((size_t)x.n + 1) * sizeof *x.ids);
    x.begun = arena_alloc(x.arena, ((size_t)x.n + 1) * sizeof *x.begun);
    x.written = arena_alloc(x.arena, ((size_t)x.n + 1) * sizeof *x.written);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    x.curl = curl_easy_init();
    find_ids(&x);
    make_edits(&x);
    report(&x, wait_for_writes(&x));
    curl_easy_cleanup(x.curl);
    store_close(x.store);
    arena_free(x.arena);
    return 0;
}
