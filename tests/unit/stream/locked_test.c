#include <config.h>

#include "stream/locked.h"

#include <fcntl.h>
#include <unistd.h>

#include "../unit.h"

static const struct event live = {.seq = 7, .lease = "p1:1"};
static const struct event of_a_run = {.seq = 7, .lease = "p1:1", .run = "r1"};
static const struct event by_hand = {0};

static bool
always(void)
{
    return true;
}

START_TEST(a_pipe_that_somebody_writes_is_waited_in)
{
    struct locked l = {0};
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    l.fd = fds[0];
    ck_assert(locked_go_on(&l, 5000));
    locked_see(&l, &live);
    ck_assert(locked_go_on(&l, 6000));
    ck_assert(!locked_go_on(&l, 600000));
    locked_see(&l, &of_a_run);
    ck_assert(!locked_go_on(&l, 5000));
    locked_see(&l, &by_hand);
    ck_assert(!locked_go_on(&l, 5000));
    locked_see(&l, &live);
    l.stopped = always;
    ck_assert(!locked_go_on(&l, 5000));
    l.stopped = NULL;
    close(fds[1]);
    ck_assert(!locked_go_on(&l, 5000));
    close(fds[0]);
}
END_TEST

START_TEST(a_file_is_not_nor_is_nothing)
{
    static const char *const names[] = {"/proc/self/exe", "/dev/null"};

    for (int i = 0; i < 2; i++) {
        struct locked l = {.fd = open(names[i], O_RDONLY | O_CLOEXEC)};

        ck_assert(!locked_go_on(&l, 5000));
        locked_see(&l, &live);
        ck_assert(!locked_go_on(&l, 5000));
        close(l.fd);
    }
}
END_TEST

UNIT_MAIN("locked", a_pipe_that_somebody_writes_is_waited_in, a_file_is_not_nor_is_nothing)
