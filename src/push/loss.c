#include <config.h>

#include "push/loss.h"
#include "base/mem.h"

#include <stdlib.h>

enum { WAIT_MS = 30000, WAIT_MAX_MS = 15 * 60000, FORGET_MS = 60 * 60000, MAX_LOSSES = 4096 };

struct loss {
    int64_t link_id;
    const void *target;
    int n;
    int64_t at;
};

static struct loss *
find(const struct losses *l, int64_t link_id, const void *target)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->list[i].link_id == link_id && l->list[i].target == target)
            return &l->list[i];
    return NULL;
}

int
loss_count(struct losses *l, int64_t link_id, const void *target, int64_t now)
{
    struct loss *x = find(l, link_id, target);

    if (x == NULL) {
        if (l->n == MAX_LOSSES)
            l->n = 0;
        l->list = mem_resize(l->list, l->n + 1, sizeof *l->list);
        x = &l->list[l->n++];
        *x = (struct loss){.link_id = link_id, .target = target};
    } else if (now - x->at > FORGET_MS) {
        x->n = 0;
    }
    x->at = now;
    return ++x->n;
}

void
loss_forget(struct losses *l, int64_t link_id, const void *target)
{
    struct loss *x = find(l, link_id, target);

    if (x != NULL)
        *x = l->list[--l->n];
}

int64_t
loss_wait(int n)
{
    int64_t wait = WAIT_MS;

    for (int i = 2; i < n && wait < WAIT_MAX_MS; i++)
        wait *= 2;
    return wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}

void
losses_release(struct losses *l)
{
    free(l->list);
    *l = (struct losses){NULL, 0};
}
