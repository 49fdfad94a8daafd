#ifndef TESTS_UNIT_SYNC_WORLD_H
#define TESTS_UNIT_SYNC_WORLD_H

#include "fixture.h"

/*
 * One thing that is known to 2, 3 or 4 systems, and all that happens to it: people edit, delete and
 * restore, writes are refused, get lost or arrive late, ends cannot be read. The pipe around
 * decide() is played as the store keeps it: shadows, owed rows, tombstones, late values, an ended
 * link. All of it follows from a seed, so that a history that fails can be played again.
 *
 * Fields: `any` (any may write; by last write or by a system), `owned` (a system or the creator,
 * some with enforce), `word` (a table that is lossy from a), `ref` (what it names is linked sooner
 * or later). b trims `any` and says so; d lowers it and does not.
 */
enum { WORLD_FIELDS = 4, WORLD_FLIGHTS = 16 };

/* What may happen besides edits. */
enum {
    WORLD_LOSES = 1,   /* writes fail, or land without an answer, or land later */
    WORLD_REFUSES = 2, /* a system refuses a value for good */
    WORLD_HIDES = 4,   /* ends cannot be read for a while */
    WORLD_DELETES = 8,
    WORLD_CLASHES = 16 /* conflicts of `any` are for a person, or a system */
};

struct flight { /* a write nobody has an answer to, which lands later */
    size_t target;
    const struct val *set;
};

struct world {
    struct fixture *f;
    uint64_t seed, state;
    unsigned what;
    size_t n;
    struct val *now[FIXTURE_SYSTEMS];    /* NULL: no record */
    struct val *trash[FIXTURE_SYSTEMS];  /* deleted by a person, may be restored */
    struct val *shadow[FIXTURE_SYSTEMS]; /* NULL: no end */
    const struct val *diverged[FIXTURE_SYSTEMS];
    bool tombstone[FIXTURE_SYSTEMS];
    bool vanished[FIXTURE_SYSTEMS]; /* its delete event is not decided yet */
    int64_t changed_at[FIXTURE_SYSTEMS];
    struct flight flights[WORLD_FLIGHTS];
    size_t n_flights;
    const struct val *values; /* what the open conflict of `any` shows */
    bool ended;
    size_t refusing; /* the system that takes no "B" in `any` */
    size_t linked;   /* how much of what `ref` may name is linked */
    int64_t clock;
    long writes, deletes;
};

extern const char *const world_fields[WORLD_FIELDS];

/* All systems show a record of their own and meet for the first time; a's values win. */
struct world world_begin(size_t n, uint64_t seed, unsigned what);
void world_end(struct world *w);

uint64_t world_draw(struct world *w, uint64_t n);
/* A person at system I sets field K to some value. */
void world_edit(struct world *w, size_t i, size_t k);
/* Something of WHAT happens, or an edit. */
void world_step(struct world *w);

/* Decides for nominator I, commits, and carries out; with LOSS some writes go wrong. Returns how
 * many writes were decided. */
size_t world_turn(struct world *w, size_t i, bool loss);
/* Everything lands, is linked, read, told, and what a person has to decide is decided; then every
 * end is nominated until nothing is written any more. Fails the test if that takes long. */
void world_settle(struct world *w);
/* Ends that are live agree on all that is not known to differ and not owed. */
void world_check(struct world *w);
/* The index of the owner of `owned`. */
size_t world_owner(const struct world *w);

#endif
