#ifndef TESTS_WORLD_ORACLE_H
#define TESTS_WORLD_ORACLE_H

#include <stdbool.h>

#include <jansson.h>

#include "plan.h"
#include "world.h"

/*
 * What people did, and what may be there once all is at rest. It knows no order of what our
 * programs did meanwhile, only that of the people, so where that leaves several outcomes it takes
 * each:
 *
 * - A field with an owner: at the owner its last human value, elsewhere the same, but for an edit
 *   made there since, which stays (or was too early to be seen).
 * - A field that any may change: one system's people changed it since all was at rest: their last
 *   value, everywhere. More than one: the last value of one of them, the same everywhere.
 * - More than one, but not of the system that wins conflicts: a person must settle it. The field is
 *   closed then, and everybody keeps what they have.
 * - Nobody changed it: what was there at the last rest.
 * - Records made at several systems meet by first_contact.
 * - What people deleted: see records.h.
 */
struct found { /* a person's record at a system */
    int count;
    int tokens[FIELDS];
    char id[80]; /* as text */
};

struct change {
    int person, system, token, order;
    enum field field;
    bool created; /* came with the record */
};

/* Of a person's record at a system. */
struct fate {
    bool deleted, restored; /* by a person, since the last rest */
    bool down;              /* the last such was a delete */
    bool dead;              /* was there once, and was not at the last rest */
    char grave[80];         /* id of what is gone; "" = none ever was */
};

struct oracle {
    struct plan *plan;                          /* borrowed */
    struct found base[MAX_PEOPLE][MAX_SYSTEMS]; /* at the last rest */
    bool made[MAX_PEOPLE][MAX_SYSTEMS];         /* by a person, since then */
    bool closed[MAX_PEOPLE][FIELDS];            /* by a conflict that waits for a person */
    bool given_up[MAX_PEOPLE][FIELDS];          /* by a caveat: see oracle_missed */
    bool muddled[MAX_PEOPLE]; /* two people made what we made, too: not one thing any more */
    struct change changes[MAX_TOKENS]; /* since the last rest */
    int n_changes, order, rests;
    long long logged[MAX_SYSTEMS]; /* number of the last entry of a system's log at the last rest */
    int deeds;                     /* creates and edits since the last rest */
    int spare;                     /* writes that troubles since then may have doubled */
    bool troubled; /* an owner may have been out of reach since then: nothing is enforced then */
    bool from[MAX_TOKENS][MAX_SYSTEMS]; /* where people typed it */

    struct fate fates[MAX_PEOPLE][MAX_SYSTEMS];
    bool touched[MAX_PEOPLE];               /* people deleted or restored it since the last rest */
    bool marked[MAX_PEOPLE];                /* or ever */
    bool maker[MAX_PEOPLE][MAX_SYSTEMS];    /* a person made it there, ever */
    int creator[MAX_PEOPLE];                /* system that owns it, ANY = not known yet */
    long seq;                               /* of the last event before the last rest */
    char firms[MAX_FIRMS][MAX_SYSTEMS][80]; /* ids; "" = not there */
};

void oracle_init(struct oracle *o, struct plan *p);

/* E-mail of a person, in a buffer that the next call takes. */
const char *oracle_email(int person);

/* Notes what a person did; TOKENS by field. */
void oracle_create(struct oracle *o, int person, int system, const int *tokens);
void oracle_edit(struct oracle *o, int person, int system, enum field field, int token);
void oracle_delete(struct oracle *o, int person, int system, const char *id);
void oracle_restore(struct oracle *o, int person, int system);
/* Did a person edit it there since the last rest, also if in vain? SYSTEM ANY: anywhere. */
bool oracle_was_edited(const struct oracle *o, int person, int system);

/* The ids of companies, as they are now. What there should not be is blamed if AT_REST. */
void oracle_firms(struct oracle *o, struct world *w, bool at_rest);

/* Compares all systems with what may be there, and takes it as the next base. */
void oracle_check(struct oracle *o, struct world *w);

/*
 * A caveat of sync-push: where an update is answered without the record, an edit between the write
 * and the read-back is taken for how the system stores what it was sent. Was there one, of this
 * field of this record (as it is NOW)?
 */
bool oracle_missed(const struct oracle *o, struct world *w, int person, enum field field,
                   const struct found *now);

/* Most writes that there may have been since the last rest. */
int oracle_most_writes(const struct oracle *o);
/* Now they are counted anew. */
void oracle_rest(struct oracle *o, struct world *w);

/* The id of the person's record in DUMP as a path segment; false if there is none. */
bool oracle_find(const struct oracle *o, json_t *dump, int system, int person, struct found *out);

#endif
