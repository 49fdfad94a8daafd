#include <config.h>

#include "http/client.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* A call out of http_poll that is no request. */
struct timer {
    struct timer *next;
    int64_t due; /* boot clock */
    http_timer *fn;
    void *user;
};

struct http {
    CURLM *multi;
    struct transfer *transfers; /* delayed and under way */
    struct timer *timers;       /* by due, then as they came */
};

struct http *
http_new(void)
{
    static bool started;
    struct http *h = mem_alloc(sizeof *h);

    if (!started && curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        BUG("libcurl does not start");
    started = true;
    h->multi = curl_multi_init();
    if (h->multi == NULL)
        err_no_memory();
    return h;
}

int
http_send(struct http *h, const struct http_request *r, http_done *done, void *user,
          struct err *err)
{
    struct transfer *t = transfer_new(r, err);

    if (t == NULL)
        return -1;
    t->done = done;
    t->user = user;
    t->due = clock_boot() + (r->delay_ms > 0 ? r->delay_ms : 0);
    t->next = h->transfers;
    h->transfers = t;
    return 0;
}

void
http_after(struct http *h, int64_t delay_ms, http_timer *fn, void *user)
{
    struct timer *t = mem_alloc(sizeof *t);
    struct timer **at = &h->timers;

    t->due = clock_boot() + (delay_ms > 0 ? delay_ms : 0);
    t->fn = fn;
    t->user = user;
    while (*at != NULL && (*at)->due <= t->due)
        at = &(*at)->next;
    t->next = *at;
    *at = t;
}

static int
multi_failed(CURLMcode code, struct err *err)
{
    return err_set(err, ERR_RUN, ERR_LATER, "http", "libcurl: %s", curl_multi_strerror(code));
}

/* Hands over the requests whose time has come. */
static int
start_due(struct http *h, struct err *err)
{
    int64_t now = clock_boot();
    CURLMcode code;

    for (struct transfer *t = h->transfers; t != NULL; t = t->next) {
        if (t->started || t->due > now)
            continue;
        code = curl_multi_add_handle(h->multi, t->easy);
        if (code != CURLM_OK)
            return multi_failed(code, err);
        t->started = true;
    }
    return 0;
}

/* Runs the timers that are due now, not those they make. */
static int
run_timers(struct http *h)
{
    int64_t now = clock_boot();
    struct timer *due = h->timers, **at = &h->timers;
    int n = 0;

    while (*at != NULL && (*at)->due <= now)
        at = &(*at)->next;
    if (at == &h->timers)
        return 0;
    h->timers = *at;
    *at = NULL;
    for (struct timer *next; due != NULL; due = next, n++) {
        next = due->next;
        due->fn(due->user);
        free(due);
    }
    return n;
}

static void
unlink_transfer(struct http *h, struct transfer *t)
{
    struct transfer **at = &h->transfers;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
}

static int
reap(struct http *h)
{
    struct CURLMsg *msg;
    struct transfer *t;
    CURLcode result;
    int left, n = 0;

    while ((msg = curl_multi_info_read(h->multi, &left)) != NULL) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        result = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(h->multi, t->easy);
        unlink_transfer(h, t);
        transfer_finish(t, result);
        transfer_free(t);
        n++;
    }
    return n;
}

static int
under_way(const struct http *h)
{
    int n = 0;

    for (const struct transfer *t = h->transfers; t != NULL; t = t->next)
        n++;
    for (const struct timer *t = h->timers; t != NULL; t = t->next)
        n++;
    return n;
}

/* Milliseconds that may be slept before something of ours is due. */
static int
sleep_ms(const struct http *h, int64_t until)
{
    int64_t now = clock_boot();

    for (const struct transfer *t = h->transfers; t != NULL; t = t->next) {
        if (!t->started && t->due < until)
            until = t->due;
    }
    if (h->timers != NULL && h->timers->due < until)
        until = h->timers->due;
    if (until <= now)
        return 0;
    return (int)clock_sleep(until - now > 60000 ? 60000 : until - now);
}

/* By poll, not by curl_multi_poll's answer: that one says nothing of a hang-up. */
static bool
readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN, .revents = 0};

    return fd >= 0 && poll(&p, 1, 0) > 0;
}

static int
work(struct http *h, struct err *err)
{
    CURLMcode code;
    int running, n;

    if (start_due(h, err) != 0)
        return -1;
    n = run_timers(h);
    code = curl_multi_perform(h->multi, &running);
    if (code != CURLM_OK)
        return multi_failed(code, err);
    return n + reap(h);
}

int
http_poll(struct http *h, int fd, int timeout_ms, bool *fd_ready, struct err *err)
{
    struct curl_waitfd extra = {.fd = fd, .events = CURL_WAIT_POLLIN, .revents = 0};
    int64_t until = timeout_ms < 0 ? INT64_MAX : clock_boot() + timeout_ms;
    bool ready;
    CURLMcode code;
    int n;

    for (;;) {
        n = work(h, err);
        if (n < 0)
            return -1;
        ready = readable(fd);
        if (n > 0 || ready || clock_boot() >= until || (fd < 0 && under_way(h) == 0))
            break;
        code = curl_multi_poll(h->multi, &extra, fd >= 0 ? 1 : 0, sleep_ms(h, until), NULL);
        if (code != CURLM_OK)
            return multi_failed(code, err);
    }
    if (fd_ready != NULL)
        *fd_ready = ready;
    return under_way(h);
}

int
http_run(struct http *h, struct err *err)
{
    int n;

    do {
        n = http_poll(h, -1, -1, NULL, err);
    } while (n > 0);
    return n;
}

void
http_free(struct http *h)
{
    if (h == NULL)
        return;
    for (struct transfer *t = h->transfers, *next; t != NULL; t = next) {
        next = t->next;
        if (t->started)
            curl_multi_remove_handle(h->multi, t->easy);
        transfer_free(t);
    }
    for (struct timer *t = h->timers, *next; t != NULL; t = next) {
        next = t->next;
        free(t);
    }
    curl_multi_cleanup(h->multi);
    free(h);
}
