#include <config.h>

#include "http/serving.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICK_MS = 250, LINGER_TICK_MS = 20, LINGER_MS = 1000, LINGER_READS = 16, DRAIN_MS = 200 };

void
hall_init(struct hall *h, unsigned max, int64_t read_ms)
{
    pthread_mutex_init(&h->lock, NULL);
    TAILQ_INIT(&h->idle);
    TAILQ_INIT(&h->busy);
    h->max = max;
    h->read_ms = read_ms;
}

static struct guests *
queue_of(struct hall *h, enum guest_state state)
{
    if (state == GUEST_SERVED)
        return NULL;
    return state == GUEST_IDLE ? &h->idle : &h->busy;
}

static void
put(struct hall *h, struct guest *g, enum guest_state state)
{
    struct guests *queue = queue_of(h, state);

    g->state = state;
    g->due = clock_boot() + h->read_ms;
    if (queue != NULL)
        TAILQ_INSERT_TAIL(queue, g, at);
}

static void
take_out(struct hall *h, struct guest *g)
{
    struct guests *queue = queue_of(h, g->state);

    if (queue != NULL && !g->cut)
        TAILQ_REMOVE(queue, g, at);
}

static void
cut(struct hall *h, struct guest *g)
{
    take_out(h, g);
    g->cut = true;
    shutdown(g->fd, SHUT_RDWR);
}

/* The oldest idle one goes, else the slowest sender; false: there is none. */
static bool
cut_oldest(struct hall *h)
{
    struct guest *g = TAILQ_FIRST(&h->idle);

    if (g == NULL)
        g = TAILQ_FIRST(&h->busy);
    if (g != NULL)
        cut(h, g);
    return g != NULL;
}

void
hall_shed(struct hall *h)
{
    pthread_mutex_lock(&h->lock);
    cut_oldest(h);
    pthread_mutex_unlock(&h->lock);
}

void
hall_close_idle(struct hall *h)
{
    pthread_mutex_lock(&h->lock);
    h->draining = true;
    pthread_mutex_unlock(&h->lock);
}

unsigned
hall_count(struct hall *h)
{
    unsigned n;

    pthread_mutex_lock(&h->lock);
    n = h->n;
    pthread_mutex_unlock(&h->lock);
    return n;
}

static void
grow(struct hall *h, size_t n)
{
    if (n <= h->n_by_fd)
        return;
    n += n / 2;
    h->by_fd = mem_resize(h->by_fd, n, sizeof(struct guest *));
    memset(h->by_fd + h->n_by_fd, 0, (n - h->n_by_fd) * sizeof(struct guest *));
    h->n_by_fd = n;
}

struct guest *
hall_enter(struct hall *h, int fd)
{
    struct guest *g = NULL;

    pthread_mutex_lock(&h->lock);
    if (h->n < h->max || cut_oldest(h)) {
        g = mem_alloc(sizeof *g);
        g->fd = fd;
        grow(h, (size_t)fd + 1);
        h->by_fd[fd] = g;
        put(h, g, GUEST_IDLE);
        h->n++;
    }
    pthread_mutex_unlock(&h->lock);
    return g;
}

struct guest *
hall_find(struct hall *h, int fd)
{
    struct guest *g;

    pthread_mutex_lock(&h->lock);
    g = h->by_fd[fd];
    pthread_mutex_unlock(&h->lock);
    return g;
}

/* Closing with bytes unread would make the kernel throw away the answer that is under way. */
static void
keep_lingering(struct hall *h, const struct guest *g)
{
    int unread = 0, fd;

    if (g->cut || h->n_lingering == HALL_LINGERS)
        return;
    if (!g->lingers && (ioctl(g->fd, FIONREAD, &unread) != 0 || unread == 0))
        return;
    fd = fcntl(g->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return;
    shutdown(fd, SHUT_WR);
    h->lingering[h->n_lingering].fd = fd;
    h->lingering[h->n_lingering++].due = clock_boot() + LINGER_MS;
}

void
hall_leave(struct hall *h, struct guest *g)
{
    pthread_mutex_lock(&h->lock);
    take_out(h, g);
    h->by_fd[g->fd] = NULL;
    keep_lingering(h, g);
    h->n--;
    pthread_mutex_unlock(&h->lock);
    free(g);
}

bool
hall_move(struct hall *h, struct guest *g, enum guest_state to)
{
    bool is_cut;

    pthread_mutex_lock(&h->lock);
    is_cut = g->cut;
    if (!is_cut) {
        take_out(h, g);
        put(h, g, to);
    }
    pthread_mutex_unlock(&h->lock);
    return !is_cut;
}

void
hall_linger(struct hall *h, struct guest *g)
{
    pthread_mutex_lock(&h->lock);
    g->lingers = true;
    pthread_mutex_unlock(&h->lock);
}

/* Draining, an idle one has a moment: its request may be under way. */
static bool
is_over(const struct hall *h, const struct guest *g, int64_t now)
{
    return g->due <= now || (h->draining && g->due - h->read_ms + DRAIN_MS <= now);
}

static void
cut_slow(struct hall *h, int64_t now)
{
    static const char late[] =
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    struct guest *g;

    while ((g = TAILQ_FIRST(&h->idle)) != NULL && is_over(h, g, now))
        cut(h, g);
    while ((g = TAILQ_FIRST(&h->busy)) != NULL && g->due <= now) {
        if (g->state == GUEST_READING)
            send(g->fd, late, sizeof late - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        cut(h, g);
    }
}

/* Read and dropped: true at its end. */
static bool
is_spent(int fd)
{
    char waste[16384];

    for (int i = 0; i < LINGER_READS; i++) {
        ssize_t n = recv(fd, waste, sizeof waste, MSG_DONTWAIT);

        if (n <= 0)
            return n == 0 || (errno != EAGAIN && errno != EINTR);
    }
    return false;
}

static void
drain_lingering(struct hall *h, int64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < h->n_lingering; i++) {
        if (h->lingering[i].due <= now || is_spent(h->lingering[i].fd))
            close(h->lingering[i].fd);
        else
            h->lingering[kept++] = h->lingering[i];
    }
    h->n_lingering = kept;
}

int
hall_sweep(struct hall *h)
{
    int64_t now = clock_boot();
    int next;

    pthread_mutex_lock(&h->lock);
    cut_slow(h, now);
    drain_lingering(h, now);
    next = h->n_lingering > 0 ? LINGER_TICK_MS
           : h->draining      ? LINGER_TICK_MS
           : h->n > 0         ? TICK_MS
                              : -1;
    pthread_mutex_unlock(&h->lock);
    return next;
}

void
hall_release(struct hall *h)
{
    for (size_t i = 0; i < h->n_lingering; i++)
        close(h->lingering[i].fd);
    for (size_t i = 0; i < h->n_by_fd; i++)
        free(h->by_fd[i]); /* those that libmicrohttpd had not looked at */
    free(h->by_fd);
    pthread_mutex_destroy(&h->lock);
}
