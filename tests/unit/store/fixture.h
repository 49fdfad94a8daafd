#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include "../unit.h"
#include "base/arena.h"
#include "store/facts.h"
#include "store/pause.h"
#include "store/run.h"
#include "store/store.h"

/*
 * A state of a test's own, and short words for what programs ask of it. Records are crm/contacts of
 * hubspot (account 62515) and app (account main), as in the contract's traces. NOW moves by hand.
 */
#define T0 INT64_C(1767261600000) /* 2026-01-01T10:00:00.000Z */

struct fixture {
    char dir[64], path[96];
    struct store *s;
    struct arena *a;
    struct err err;
    int64_t now;
};

void fixture_open(struct fixture *f); /* makes the folder, the state, and opens it */
void fixture_close(struct fixture *f);
struct store *fixture_again(struct fixture *f); /* another connection; the caller closes it */

/* SQL beside the store's back; the first column of the first row as a number, or as arena text. */
void sql(struct fixture *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
long long sql_int(struct fixture *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *sql_text(struct fixture *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Admits; returns seq (0: duplicate). FIELDS is JSON or NULL (skinny). */
int64_t admit(struct fixture *f, const char *system, const char *id, const char *event_id,
              const char *fields);
int64_t admit_event(struct fixture *f, const struct event *e, const char *run, bool wait);

/* Is the lane of a linked record idle but for SEQ (store_facts)? */
int lane_idle(struct fixture *f, const char *system, const char *id, int64_t seq);

/* Emits all that is free; rows in f->a. */
int emit(struct fixture *f, const char *pipeline, struct store_emission **rows);
/* Emits exactly one and returns it. */
struct store_emission emit_one(struct fixture *f, const char *pipeline);

/* What a decision came to. */
struct outcome {
    int rc;
    struct store_intent intents[8];
    size_t n;
    const char *disposition;
};

/*
 * Decides event SEQ (0: a line of its own) out under PIPELINE:FENCE. MEMBERS is what sync-diff
 * appends, without the braces. COMMIT may be NULL (defaults).
 */
struct outcome decide_members(struct fixture *f, const char *system, const char *id, int64_t seq,
                              const char *pipeline, int64_t fence, const char *members,
                              const struct store_commit *extra);

/* Link of hubspot:HUB and app:APP, both showing phone "1", made by a decision. Returns its id. */
int64_t make_pair(struct fixture *f, const char *hub, const char *app);

/* Members of an update of hubspot's phone to VALUE, to be written to app. */
const char *phone_to_app(struct fixture *f, int64_t link, int64_t generation, const char *hub,
                         const char *app, const char *value);

/* Settles DONE with STORED (JSON, NULL none); returns store_settle's result. */
int done(struct fixture *f, const struct store_intent *n, const char *record_id, const char *stored,
         const char **disposition);

/* A lease taken by OWNER under NAME. */
void hold(struct fixture *f, const char *name);

/* admitted = dispositions + pending. */
void check_balance(struct fixture *f);

#endif
