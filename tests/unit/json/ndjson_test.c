#include <config.h>

#include "../unit.h"
#include "base/mem.h"
#include "json/ndjson.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file that holds BYTES, at its start. */
static int
file_with(const void *bytes, size_t len)
{
    int fd = memfd_create("ndjson_test", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void
next_is(struct ndjson_reader *r, const char *want, long number)
{
    struct err err = ERR_INIT;
    const char *line;
    size_t len;

    ck_assert_int_eq(ndjson_next(r, &line, &len, &err), 1);
    ck_assert_uint_eq(len, strlen(want));
    ck_assert_str_eq(line, want);
    ck_assert_int_eq(ndjson_line(r), number);
}

static void
at_end(struct ndjson_reader *r, bool torn)
{
    const char *line;
    size_t len;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ndjson_next(r, &line, &len, NULL), 0);
        ck_assert_int_eq(ndjson_torn(r), torn);
    }
    ndjson_close(r);
}

static struct ndjson_reader *
open_text(const char *text)
{
    return ndjson_open(file_with(text, strlen(text)), "in");
}

START_TEST(reads_lines)
{
    struct ndjson_reader *r = open_text("{\"a\":1}\n[]\n");

    next_is(r, "{\"a\":1}", 1);
    next_is(r, "[]", 2);
    at_end(r, false);
}
END_TEST

START_TEST(drops_bom_and_cr_and_skips_empty_lines)
{
    struct ndjson_reader *r = open_text("\xef\xbb\xbf{}\r\n\n\r\n\xef\xbb\xbf\r\r\nx\r");

    next_is(r, "{}", 1);
    next_is(r, "\xef\xbb\xbf\r", 4);
    at_end(r, true);
}
END_TEST

START_TEST(a_bom_alone_is_an_empty_line)
{
    struct ndjson_reader *r = open_text("\xef\xbb\xbf\n1\n");

    next_is(r, "1", 2);
    at_end(r, false);
}
END_TEST

START_TEST(an_unterminated_last_line_is_torn)
{
    struct ndjson_reader *r = open_text("1\n{\"half\":");

    next_is(r, "1", 1);
    at_end(r, true);
}
END_TEST

START_TEST(empty_input_ends_at_once)
{
    at_end(open_text(""), false);
    at_end(open_text("\n\n\n"), false);
}
END_TEST

START_TEST(keeps_nul_bytes_in_a_line)
{
    struct ndjson_reader *r = ndjson_open(file_with("a\0b\n", 4), "in");
    const char *line;
    size_t len;

    ck_assert_int_eq(ndjson_next(r, &line, &len, NULL), 1);
    ck_assert_uint_eq(len, 3);
    ck_assert(memcmp(line, "a\0b", 4) == 0);
    at_end(r, false);
}
END_TEST

/* A line of LEN times 'x', with BEFORE and AFTER around it. */
static int
long_line(const char *before, size_t len, const char *after)
{
    CLEANUP_FREE char *text = mem_alloc(strlen(before) + len + strlen(after) + 1);
    char *x = stpcpy(text, before);

    memset(x, 'x', len);
    strcpy(x + len, after);
    return file_with(text, strlen(text));
}

static void
next_is_too_long(struct ndjson_reader *r, long number)
{
    struct err err = ERR_INIT;
    const char *line;
    size_t len;

    ck_assert_int_eq(ndjson_next(r, &line, &len, &err), -1);
    ck_assert_int_eq(err.scope, ERR_RECORD);
    ck_assert_str_eq(err.code, "line-too-long");
    ck_assert_int_eq(ndjson_line(r), number);
}

START_TEST(goes_on_behind_a_line_over_the_limit)
{
    struct ndjson_reader *r =
        ndjson_open(long_line("1\n", NDJSON_MAX_LINE + 1, "\n{\"good\":1}\n"), "in");

    next_is(r, "1", 1);
    next_is_too_long(r, 2);
    next_is(r, "{\"good\":1}", 3);
    at_end(r, false);
}
END_TEST

START_TEST(a_much_longer_line_is_one_error)
{
    struct ndjson_reader *r =
        ndjson_open(long_line("", (size_t)NDJSON_MAX_LINE * 3, "\nok\n"), "in");

    next_is_too_long(r, 1);
    next_is(r, "ok", 2);
    at_end(r, false);
}
END_TEST

START_TEST(a_line_at_the_limit_is_taken)
{
    struct ndjson_reader *r =
        ndjson_open(long_line("\xef\xbb\xbf", NDJSON_MAX_LINE, "\r\n2\n"), "in");
    const char *line;
    size_t len;

    ck_assert_int_eq(ndjson_next(r, &line, &len, NULL), 1);
    ck_assert_uint_eq(len, NDJSON_MAX_LINE);
    next_is(r, "2", 2);
    at_end(r, false);
}
END_TEST

START_TEST(an_endless_line_ends_as_torn)
{
    struct ndjson_reader *r = ndjson_open(long_line("", NDJSON_MAX_LINE * 2, ""), "in");

    next_is_too_long(r, 1);
    at_end(r, true);
}
END_TEST

START_TEST(puts_together_what_comes_in_pieces)
{
    static const char text[] = "{\"one\":1}\n\n{\"two\":2}\r\n";
    int fds[2];
    struct ndjson_reader *r;

    ck_assert_int_eq(pipe(fds), 0);
    if (fork() == 0) {
        for (size_t i = 0; i + 1 < sizeof text; i++)
            if (write(fds[1], text + i, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(fds[1]);
    r = ndjson_open(fds[0], "pipe");
    next_is(r, "{\"one\":1}", 1);
    next_is(r, "{\"two\":2}", 3);
    at_end(r, false);
    close(fds[0]);
    wait(NULL);
}
END_TEST

START_TEST(ready_tells_whether_reading_would_wait)
{
    int fds[2];
    struct ndjson_reader *r;

    ck_assert_int_eq(pipe(fds), 0);
    r = ndjson_open(fds[0], "pipe");
    ck_assert(!ndjson_ready(r) && !ndjson_buffered(r));
    ck_assert_int_eq(write(fds[1], "1\n2\n3", 5), 5);
    ck_assert(ndjson_ready(r) && !ndjson_buffered(r));
    next_is(r, "1", 1);
    ck_assert(ndjson_ready(r) && ndjson_buffered(r));
    next_is(r, "2", 2);
    ck_assert(!ndjson_ready(r) && !ndjson_buffered(r));
    close(fds[1]);
    ck_assert(ndjson_ready(r) && !ndjson_buffered(r));
    at_end(r, true);
    close(fds[0]);
}
END_TEST

static int answer_fd;
static volatile sig_atomic_t ticks;

/* The third interruption brings the line. */
static void
on_alarm(int sig)
{
    (void)sig;
    if (++ticks == 3 && write(answer_fd, "1\n", 2) != 2)
        _exit(1);
}

START_TEST(interrupted_reads_go_on)
{
    struct sigaction act = {.sa_handler = on_alarm}; /* no SA_RESTART: read gives EINTR */
    struct itimerval timer = {{0, 2000}, {0, 2000}}, off = {0};
    struct ndjson_reader *r;
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    answer_fd = fds[1];
    ck_assert_int_eq(sigaction(SIGALRM, &act, NULL), 0);
    r = ndjson_open(fds[0], "pipe");
    ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
    next_is(r, "1", 1);
    setitimer(ITIMER_REAL, &off, NULL);
    ck_assert_int_ge(ticks, 3);
    close(fds[1]);
    at_end(r, false);
    close(fds[0]);
}
END_TEST

START_TEST(a_failed_read_stops_the_run)
{
    struct ndjson_reader *r = ndjson_open(-1, "in");
    struct err err = ERR_INIT;
    const char *line;
    size_t len;

    ck_assert_int_eq(ndjson_next(r, &line, &len, &err), -1);
    ck_assert_int_eq(err.scope, ERR_RUN);
    ck_assert_int_eq(err.status, EXIT_IO);
    ck_assert_str_eq(err.text, "in: read: Bad file descriptor");
    ndjson_close(r);
}
END_TEST

START_TEST(waits_on_a_descriptor_that_does_not_block)
{
    int fds[2];
    struct ndjson_reader *r;
    struct ndjson_writer *w;
    CLEANUP_FREE char *line = mem_alloc(100001);

    /* far more than a pipe holds, both ends non-blocking */
    memset(line, 'y', 100000);
    ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
    if (fork() == 0) {
        w = ndjson_create(fds[1], "pipe");
        for (int i = 0; i < 10; i++)
            if (ndjson_put(w, line, 100000, NULL) < 0)
                _exit(1);
        _exit(ndjson_finish(w, NULL) < 0);
    }
    close(fds[1]);
    r = ndjson_open(fds[0], "pipe");
    for (int i = 1; i <= 10; i++)
        next_is(r, line, i);
    at_end(r, false);
    close(fds[0]);
    wait(NULL);
}
END_TEST

START_TEST(writes_lines_when_flushed)
{
    struct ndjson_writer *w;
    struct ndjson_reader *r;
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    w = ndjson_create(fds[1], "out");
    r = ndjson_open(fds[0], "in");
    ck_assert_int_eq(ndjson_put(w, "{}", 2, NULL), 0);
    ck_assert_int_eq(ndjson_put(w, "[1]zzz", 3, NULL), 0);
    ck_assert(!ndjson_ready(r));
    ck_assert_int_eq(ndjson_flush(w, NULL), 0);
    next_is(r, "{}", 1);
    next_is(r, "[1]", 2);
    ck_assert_int_eq(ndjson_count(w), 2);
    ck_assert_int_eq(ndjson_finish(w, NULL), 0);
    close(fds[1]);
    at_end(r, false);
    close(fds[0]);
}
END_TEST

START_TEST(finish_writes_the_rest)
{
    int fd = file_with("", 0);
    struct ndjson_writer *w = ndjson_create(fd, "out");

    for (int i = 0; i < 50000; i++)
        ck_assert_int_eq(ndjson_put(w, "123456789", 9, NULL), 0);
    ck_assert_int_eq(ndjson_finish(w, NULL), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), 500000);
    close(fd);
}
END_TEST

START_TEST(a_full_disk_shows_at_the_end)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct ndjson_writer *w = ndjson_create(fd, "out");
    struct err err = ERR_INIT;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ndjson_put(w, "{}", 2, &err), 0);
    ck_assert_int_eq(ndjson_flush(w, &err), -1);
    ck_assert_int_eq(err.status, EXIT_IO);
    ck_assert_str_eq(err.text, "out: write: No space left on device");
    ck_assert_int_eq(ndjson_finish(w, &err), -1);
    close(fd);
}
END_TEST

START_TEST(a_closed_reader_is_an_error)
{
    struct ndjson_writer *w;
    struct err err = ERR_INIT;
    int fds[2];

    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(fds), 0);
    close(fds[0]);
    w = ndjson_create(fds[1], "out");
    ck_assert_int_eq(ndjson_put(w, "{}", 2, &err), 0);
    ck_assert_int_eq(ndjson_finish(w, &err), -1);
    ck_assert_int_eq(err.status, EXIT_IO);
    close(fds[1]);
}
END_TEST

START_TEST(waiting_ends_when_the_reader_of_the_output_is_gone)
{
    struct err err = ERR_INIT;
    struct ndjson_reader *r;
    const char *line;
    int in[2], out[2];
    size_t len;

    ck_assert_int_eq(pipe(in), 0);
    ck_assert_int_eq(pipe(out), 0);
    r = ndjson_open(in[0], "in");
    ndjson_watch(r, out[1], "stdout");
    ck_assert_int_eq(write(in[1], "1\n", 2), 2);
    ck_assert_int_eq(ndjson_next(r, &line, &len, &err), 1);
    ck_assert(!ndjson_unread(out[1]));
    close(out[0]);
    ck_assert(ndjson_unread(out[1]));
    ck_assert_int_eq(ndjson_next(r, &line, &len, &err), -1);
    ck_assert_int_eq(err.scope, ERR_RUN);
    ck_assert_int_eq(err.status, EXIT_IO);
    ndjson_close(r);
}
END_TEST

START_TEST(trying_never_waits_inside_a_line)
{
    struct err err = ERR_INIT;
    struct ndjson_reader *r;
    const char *line;
    int fds[2];
    size_t len;

    ck_assert_int_eq(pipe(fds), 0);
    r = ndjson_open(fds[0], "in");
    ck_assert_int_eq(ndjson_try(r, &line, &len, &err), NDJSON_LATER);
    ck_assert_int_eq(write(fds[1], "1\n{\"a\":", 7), 7);
    ck_assert_int_eq(ndjson_try(r, &line, &len, &err), 1);
    ck_assert_str_eq(line, "1");
    ck_assert_int_eq(ndjson_try(r, &line, &len, &err), NDJSON_LATER);
    ck_assert(!ndjson_ready(r));
    ck_assert_int_eq(write(fds[1], "2}\n", 3), 3);
    ck_assert_int_eq(ndjson_try(r, &line, &len, &err), 1);
    ck_assert_str_eq(line, "{\"a\":2}");
    close(fds[1]);
    ck_assert_int_eq(ndjson_try(r, &line, &len, &err), 0);
    ndjson_close(r);
    close(fds[0]);
}
END_TEST

UNIT_MAIN("json/ndjson", trying_never_waits_inside_a_line, reads_lines,
          drops_bom_and_cr_and_skips_empty_lines, a_bom_alone_is_an_empty_line,
          an_unterminated_last_line_is_torn, empty_input_ends_at_once, keeps_nul_bytes_in_a_line,
          goes_on_behind_a_line_over_the_limit, a_much_longer_line_is_one_error,
          a_line_at_the_limit_is_taken, an_endless_line_ends_as_torn,
          puts_together_what_comes_in_pieces, ready_tells_whether_reading_would_wait,
          interrupted_reads_go_on, a_failed_read_stops_the_run,
          waits_on_a_descriptor_that_does_not_block, writes_lines_when_flushed,
          finish_writes_the_rest, a_full_disk_shows_at_the_end, a_closed_reader_is_an_error,
          waiting_ends_when_the_reader_of_the_output_is_gone)
