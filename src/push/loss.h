#ifndef PUSH_LOSS_H
#define PUSH_LOSS_H

#include <stddef.h>
#include <stdint.h>

/*
 * How often in a row an end lost our writes, so that a broken one does not loop hot: it waits
 * longer and longer. An end is a link and a target (by address). An hour without a loss starts
 * anew. All zero is empty. Times are on the boot clock.
 */
struct losses {
    struct loss *list; /* owned */
    size_t n;
};

/* Counts one more. Returns how many there are now, with the one just seen. */
int loss_count(struct losses *l, int64_t link_id, const void *target, int64_t now);
/* It stored one. */
void loss_forget(struct losses *l, int64_t link_id, const void *target);
/* How long to wait after N losses in a row, ms: 30 s, doubled up to 15 min. */
int64_t loss_wait(int n);
void losses_release(struct losses *l);

#endif
