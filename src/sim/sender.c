#include <config.h>

#include "sim/sender.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 5000 };

struct lane {
    CURL *easy; /* owned; keeps its connection */
    struct curl_slist *headers;
    struct delivery *delivery; /* borrowed; NULL = idle */
};

struct sender {
    struct hooks *hooks; /* borrowed */
    CURLM *multi;
    pthread_t thread;
    struct lane lanes[HOOKS_SUBSCRIBERS];
};

static void
wake(void *with)
{
    struct sender *s = with;

    curl_multi_wakeup(s->multi);
}

static size_t
ignore(char *bytes, size_t size, size_t n, void *with)
{
    (void)bytes;
    (void)with;
    return size * n;
}

static struct curl_slist *
add(struct curl_slist *list, const char *line)
{
    list = curl_slist_append(list, line);
    if (list == NULL)
        err_no_memory();
    return list;
}

static struct curl_slist *
make_headers(struct hooks *h, const struct message *m)
{
    const char *id = m->no_id ? "" : m->id;
    CLEANUP_BUF struct buf text = BUF_INIT;
    struct curl_slist *list = NULL;
    char *save = NULL;
    char *line;

    buf_text(&text, "Content-Type: application/json\nExpect:\n");
    if (!m->no_id)
        buf_printf(&text, "webhook-id: %s\n", id);
    sign_headers(&h->sign, id, hooks_sim_now(h) / 1000, m->body, m->len, !m->is_unsigned, &text);
    for (line = strtok_r(text.data, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        list = add(list, line);
    return list;
}

static CURL *
new_easy(void)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        err_no_memory();
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "-sim/" PACKAGE_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    return easy;
}

static void
begin(struct sender *s, struct delivery *d)
{
    struct lane *lane = &s->lanes[d->lane];

    if (lane->easy == NULL)
        lane->easy = new_easy();
    lane->delivery = d;
    lane->headers = make_headers(s->hooks, d->message);
    curl_easy_setopt(lane->easy, CURLOPT_PRIVATE, lane);
    curl_easy_setopt(lane->easy, CURLOPT_URL, d->url);
    curl_easy_setopt(lane->easy, CURLOPT_HTTPHEADER, lane->headers);
    curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)d->message->len);
    curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDS, d->message->body);
    curl_multi_add_handle(s->multi, lane->easy);
}

static void
end(struct sender *s, struct lane *lane)
{
    curl_multi_remove_handle(s->multi, lane->easy);
    curl_slist_free_all(lane->headers);
    lane->headers = NULL;
    lane->delivery = NULL;
}

static void
take_answers(struct sender *s)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(s->multi, &left)) != NULL) {
        struct lane *lane = NULL;
        struct delivery *d;
        long status = 0;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&lane);
        if (message->data.result == CURLE_OK)
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        d = lane->delivery;
        end(s, lane);
        hooks_done(s->hooks, d, (int)status, hooks_now());
    }
}

static void *
work(void *with)
{
    struct sender *s = with;
    struct delivery *d;
    int running;
    int wait = 0;

    while (!hooks_stopped(s->hooks, hooks_now())) {
        curl_multi_perform(s->multi, &running);
        take_answers(s);
        while ((d = hooks_next(s->hooks, hooks_now(), &wait)) != NULL) {
            begin(s, d);
            wait = 0;
        }
        curl_multi_poll(s->multi, NULL, 0, wait, NULL);
    }
    return NULL;
}

struct sender *
sender_start(struct hooks *h)
{
    struct sender *s = mem_alloc(sizeof *s);
    sigset_t all;
    sigset_t before;

    curl_global_init(CURL_GLOBAL_ALL);
    s->hooks = h;
    s->multi = curl_multi_init();
    if (s->multi == NULL)
        err_no_memory();
    h->with = s;
    h->wake = wake;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&s->thread, NULL, work, s) != 0)
        BUG("no thread for webhooks");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s;
}

long long
sender_stop(struct sender *s, int64_t ms)
{
    long long lost;
    size_t i;

    if (s == NULL)
        return 0;
    hooks_stop(s->hooks, hooks_now() + ms);
    pthread_join(s->thread, NULL);
    s->hooks->wake = NULL;
    for (i = 0; i < HOOKS_SUBSCRIBERS; i++) {
        struct delivery *d = s->lanes[i].delivery;

        if (d != NULL) {
            end(s, &s->lanes[i]);
            hooks_cancel(s->hooks, d);
        }
        curl_easy_cleanup(s->lanes[i].easy);
    }
    lost = hooks_give_up(s->hooks);
    curl_multi_cleanup(s->multi);
    free(s);
    return lost;
}
