#include <config.h>

#include "json/ndjson.h"
#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 64 * 1024,
    EXTRA = 4 /* a BOM and a CR do not count for the limit */
};

struct ndjson_reader {
    int fd;     /* borrowed */
    char *name; /* owned */
    char *data; /* owned; bytes from start to end are unread */
    size_t cap, start, end;
    size_t seen; /* bytes behind start that are known to have no newline */
    long line;
    bool eof, torn;
    bool skipping;  /* inside a line that was refused */
    int out;        /* watched, -1: none; borrowed */
    char *out_name; /* owned */
};

struct ndjson_reader *
ndjson_open(int fd, const char *name)
{
    struct ndjson_reader *r = mem_alloc(sizeof *r);

    r->fd = fd;
    r->name = mem_text(name);
    r->out = -1;
    return r;
}

void
ndjson_watch(struct ndjson_reader *r, int out, const char *name)
{
    r->out = out;
    r->out_name = mem_text(name);
}

void
ndjson_close(struct ndjson_reader *r)
{
    if (r == NULL)
        return;
    free(r->name);
    free(r->out_name);
    free(r->data);
    free(r);
}

static int
wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    return poll(&p, 1, -1) < 0 && errno != EINTR ? -1 : 0;
}

bool
ndjson_unread(int out)
{
    struct pollfd p = {.fd = out};

    return poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
}

/* Until there is input; -1 if the reader of what we write is gone before. */
static int
wait_watching(struct ndjson_reader *r, struct err *err)
{
    struct pollfd p[2] = {{.fd = r->fd, .events = POLLIN}, {.fd = r->out}};

    while (r->out >= 0) {
        int n = poll(p, 2, -1);

        if (n < 0 && errno != EINTR)
            return err_errno(err, "%s: poll", r->name);
        if (n > 0 && (p[1].revents & POLLERR) != 0) {
            errno = EPIPE;
            return err_errno(err, "%s", r->out_name);
        }
        if (n > 0 && p[0].revents != 0)
            break;
    }
    return 0;
}

static void
make_room(struct ndjson_reader *r)
{
    if (r->start > 0) {
        memmove(r->data, r->data + r->start, r->end - r->start);
        r->end -= r->start;
        r->start = 0;
    }
    if (r->cap - r->end < CHUNK) {
        r->cap = r->cap == 0 ? 2 * CHUNK : r->cap * 2;
        r->data = mem_resize(r->data, r->cap, 1);
    }
}

/* Read once, whatever is there. 1 some, 0 end, -1 error. */
static int
fill(struct ndjson_reader *r, struct err *err)
{
    ssize_t n;

    make_room(r);
    if (wait_watching(r, err) != 0)
        return -1;
    for (;;) {
        n = read(r->fd, r->data + r->end, r->cap - r->end);
        if (n >= 0)
            break;
        if (errno == EINTR ||
            ((errno == EAGAIN || errno == EWOULDBLOCK) && wait_for(r->fd, POLLIN) == 0))
            continue;
        return err_errno(err, "%s: read", r->name);
    }
    r->end += (size_t)n;
    r->eof = n == 0;
    return n > 0;
}

/* The newline of the line at start, NULL if it is not here yet. A refused line is dropped. */
static char *
find_newline(struct ndjson_reader *r)
{
    char *from, *newline;

    for (;;) {
        if (r->start + r->seen == r->end)
            return NULL;
        from = r->data + r->start;
        newline = memchr(from + r->seen, '\n', r->end - r->start - r->seen);
        r->seen = newline == NULL ? r->end - r->start : (size_t)(newline - from);
        if (!r->skipping)
            return newline;
        r->start += r->seen + (newline != NULL);
        r->seen = 0;
        if (newline == NULL)
            return NULL;
        r->skipping = false;
    }
}

static int
too_long(struct ndjson_reader *r, struct err *err)
{
    err_set(err, ERR_RECORD, ERR_NEVER, "line-too-long", "%s: line %ld is over %d bytes", r->name,
            r->line, NDJSON_MAX_LINE);
    return -1;
}

/* The line that ends at NEWLINE, which becomes its NUL. 1, 0 if it is empty, -1 if too long. */
static int
cut(struct ndjson_reader *r, char *newline, const char **line, size_t *len, struct err *err)
{
    char *p = r->data + r->start;
    char *end = newline;

    r->start = (size_t)(newline + 1 - r->data);
    r->seen = 0;
    r->line++;
    if (r->line == 1 && end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3;
    if (end > p && end[-1] == '\r')
        end--;
    if (end - p > NDJSON_MAX_LINE)
        return too_long(r, err);
    *end = '\0';
    *line = p;
    *len = (size_t)(end - p);
    return *len > 0;
}

static bool
readable(const struct ndjson_reader *r)
{
    struct pollfd p = {.fd = r->fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

static int
next(struct ndjson_reader *r, bool wait, const char **line, size_t *len, struct err *err)
{
    for (;;) {
        char *newline = find_newline(r);
        int rc;

        if (newline != NULL) {
            rc = cut(r, newline, line, len, err);
            if (rc != 0)
                return rc;
            continue;
        }
        if (r->end - r->start > NDJSON_MAX_LINE + EXTRA) {
            r->line++;
            r->skipping = true;
            r->start = r->end;
            r->seen = 0;
            return too_long(r, err);
        }
        if (r->eof)
            break;
        if (!wait && !readable(r))
            return NDJSON_LATER;
        if (fill(r, err) < 0)
            return -1;
    }
    r->torn = r->skipping || r->end > r->start;
    return 0;
}

int
ndjson_next(struct ndjson_reader *r, const char **line, size_t *len, struct err *err)
{
    return next(r, true, line, len, err);
}

int
ndjson_try(struct ndjson_reader *r, const char **line, size_t *len, struct err *err)
{
    return next(r, false, line, len, err);
}

long
ndjson_line(const struct ndjson_reader *r)
{
    return r->line;
}

bool
ndjson_buffered(const struct ndjson_reader *r)
{
    const char *p, *end, *newline;

    if (r->start == r->end)
        return false;
    p = r->data + r->start;
    end = r->data + r->end;
    newline = memchr(p, '\n', (size_t)(end - p));
    if (newline == NULL || !r->skipping)
        return newline != NULL;
    p = newline + 1;
    return p < end && memchr(p, '\n', (size_t)(end - p)) != NULL;
}

bool
ndjson_ready(const struct ndjson_reader *r)
{
    return r->eof || ndjson_buffered(r) || readable(r);
}

bool
ndjson_torn(const struct ndjson_reader *r)
{
    return r->torn;
}

struct ndjson_writer {
    int fd;     /* borrowed */
    char *name; /* owned */
    struct buf out;
    long count;
    int failed; /* errno of the first failure */
};

struct ndjson_writer *
ndjson_create(int fd, const char *name)
{
    struct ndjson_writer *w = mem_alloc(sizeof *w);

    w->fd = fd;
    w->name = mem_text(name);
    return w;
}

int
ndjson_put(struct ndjson_writer *w, const char *line, size_t len, struct err *err)
{
    buf_add(&w->out, line, len);
    buf_char(&w->out, '\n');
    w->count++;
    return w->out.len < CHUNK ? 0 : ndjson_flush(w, err);
}

int
ndjson_flush(struct ndjson_writer *w, struct err *err)
{
    size_t done = 0;

    while (w->failed == 0 && done < w->out.len) {
        ssize_t n = write(w->fd, w->out.data + done, w->out.len - done);

        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR &&
                 ((errno != EAGAIN && errno != EWOULDBLOCK) || wait_for(w->fd, POLLOUT) < 0))
            w->failed = errno;
    }
    buf_clear(&w->out);
    if (w->failed == 0)
        return 0;
    errno = w->failed;
    return err_errno(err, "%s: write", w->name);
}

long
ndjson_count(const struct ndjson_writer *w)
{
    return w->count;
}

int
ndjson_finish(struct ndjson_writer *w, struct err *err)
{
    int rc = ndjson_flush(w, err);

    buf_release(&w->out);
    free(w->name);
    free(w);
    return rc;
}
