#ifndef TESTS_UNIT_SYNC_WORLD_H
#define TESTS_UNIT_SYNC_WORLD_H

#include "fixture.h"

/*
 * One thing that is known to 2, 3 or 4 systems, and all that happens to it: people edit, delete and
 * restore, writes are refused, get lost or arrive late, ends cannot be read. The pipe around
 * decide() is played as the store keeps it: shadows, owed rows, tombstones, late values, an ended
 * link. All of it follows from a seed, so that a history that fails can be played again; with
 * LOOPLESS_LAW_TRACE=1 it is told on standard error.
 *
 * Fields: `any` (any may write; by last write or by a system), `owned` (a system or the creator,
 * some with enforce), `word` (a table that is lossy from a), `ref` (what it names is linked sooner
 * or later). One trims `any` and says so; of four, one lowers it and does not.
 */
enum { WORLD_FIELDS = 4, WORLD_FLIGHTS = 16, WORLD_ANY = 0, WORLD_OWNED, WORLD_WORD };

/* What may happen besides edits. */
enum {
    WORLD_LOSES = 1,   /* writes fail, or land without an answer, or land later */
    WORLD_REFUSES = 2, /* a system refuses a value for good */
    WORLD_HIDES = 4,   /* ends cannot be read for a while */
    WORLD_DELETES = 8,
    WORLD_CLASHES = 16, /* conflicts of `any` are for a person, or a system */
    WORLD_RACES = 32,   /* people do something between a decision and its writes */
    WORLD_MISSES = 64   /* some systems have no record at first: it is made, by us or by people */
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
    bool vanished[FIXTURE_SYSTEMS];    /* its delete event is not decided yet */
    bool unknown[FIXTURE_SYSTEMS];     /* nobody knows what became of a create */
    struct val *made[FIXTURE_SYSTEMS]; /* what it made; NULL: nothing */
    int64_t changed_at[FIXTURE_SYSTEMS];
    long edited[FIXTURE_SYSTEMS][WORLD_FIELDS];     /* when a person last did, counted in edits */
    long decided[FIXTURE_SYSTEMS][WORLD_FIELDS];    /* the last of them that a decision covered */
    long decided_in[FIXTURE_SYSTEMS][WORLD_FIELDS]; /* in which turn */
    long edits, turns;
    struct flight flights[WORLD_FLIGHTS];
    size_t n_flights;
    const struct val *values; /* what the open conflict of `any` shows */
    bool ended;
    size_t refusing; /* the system that takes no "B" in `any` */
    size_t trims;    /* the system that trims `any` */
    size_t lowers;   /* the one that lowers it and does not say so; n: none */
    size_t linked;   /* how much of what `ref` may name is linked */
    int64_t clock;
    long writes, deletes, creates;
    bool told; /* LOOPLESS_LAW_TRACE */
};

extern const char *const world_fields[WORLD_FIELDS];

/* ---- world.c: what people do, and time ---- */

/* All systems (of WORLD_MISSES: one at least) show a record of their own and meet for the first
 * time. */
struct world world_begin(size_t n, uint64_t seed, unsigned what);
void world_end(struct world *w);

uint64_t world_draw(struct world *w, uint64_t n);
/* A person at system I sets field K, to VALUE or to some value. */
void world_set(struct world *w, size_t i, size_t k, struct val *value);
void world_edit(struct world *w, size_t i, size_t k);
struct val *world_some_value(struct world *w, size_t i, size_t k);
/* A person deletes the record at I; if it is deleted: gets it back. */
void world_remove_or_restore(struct world *w, size_t i);
/* Something of WHAT happens, or an edit. */
void world_step(struct world *w);
/* Everything lands, is linked, read, told, and what a person has to decide is decided; then every
 * end is nominated until nothing is written any more. Fails the test if that takes long. */
void world_settle(struct world *w);
/* The index of the owner of `owned`. */
size_t world_owner(const struct world *w);
/* May what people at I say in field K be written elsewhere? */
bool world_may_write(const struct world *w, size_t i, size_t k);
/* What system I makes of V when it stores it. */
struct val *world_stored(struct world *w, size_t i, const char *field, const struct val *v);
struct val *world_stored_set(struct world *w, size_t i, const struct val *set);
const struct val *world_now(const struct world *w, size_t i, size_t k);
/* A line of the trace. */
void world_tell(const struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- world_turn.c: the pipe around decide ---- */

/* Decides for nominator I, commits, and carries out; with LOSS some writes go wrong. Returns how
 * many writes were decided. */
size_t world_turn(struct world *w, size_t i, bool loss);
/* A person finds out what became of a create. */
void world_recover(struct world *w, size_t i);
struct decide_owed *world_owed(const struct world *w, size_t k, size_t target);
void world_drop_owed(struct world *w, const char *field, const char *target);
/* FIELDS over OBJECT, which may be NULL. */
void world_lay_over(struct world *w, struct val **object, const struct val *fields);
/* Does I show in field K what a write sent that nobody answered? */
bool world_is_late(const struct world *w, size_t i, size_t k);

/* ---- world_check.c: what holds ---- */

/* Of each decision: it writes what differs, in nobody's field but its own, from what somebody
 * showed; deletes and creates only as configured. */
void world_check_decision(struct world *w);
/* No delete of what nobody has seen. */
void world_check_delete(struct world *w, size_t i);
/* Ends that are live agree on all that is not known to differ and not owed; what is known to differ
 * does. */
void world_check(struct world *w);
/* Do I and J, both live, show the same in field K? */
bool world_same(struct world *w, size_t k, size_t i, size_t j);
bool world_is_known(const struct world *w, size_t k, size_t i);

#endif
