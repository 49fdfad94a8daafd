#ifndef SYNC_FIELD_H
#define SYNC_FIELD_H

#include "sync/decide.h"
#include "sync/internal.h"

/*
 * One field over all ends of a link, from what they show to what becomes of it. Private to
 * src/sync. The steps, in this order: field_open, field_candidates, field_settle, field_contact,
 * field_enforce, field_close; decide.c, delete.c and create.c put the outcomes of all fields
 * together.
 */

/* No system: nobody's; what a person decided. Never an index. */
enum { NO_END = 1000000, PERSON };

/* A value that wants to be everybody's. */
struct candidate {
    size_t system; /* where it was made, also if that end is no longer there; or PERSON */
    size_t words;  /* index of the system whose words VALUE is in */
    const struct val *value;
    int64_t at, seen; /* when it was made, by the system and by us; 0 = unknown */
    bool real;        /* read now as a change; else only owed from before */
    bool allowed;     /* may be written elsewhere: owner, any, or decided before */
};

/* A field's part in one end. */
struct field_end {
    const struct field_map *map; /* NULL: the end is not live or does not map it: no part */
    const struct val *now;       /* never NULL with a part */
    const struct val *base;      /* NULL: no base */
    bool changed;                /* differs from its base, and it is not a late write of ours */
    bool late;
    bool right;                   /* late, and it is what it should be */
    bool known;                   /* known to differ before */
    bool owed;                    /* something is owed to it, and counts (not if it only met) */
    bool foreign;                 /* what it shows anew is another engine's, and stays there */
    bool unread;                  /* no part, but it maps it and gets what the others settle */
    const struct candidate *gets; /* what is written to it; NULL = nothing */
    const struct val *send;       /* the same in its own words; NULL: no word for it yet */
    bool refused;                 /* would get it, but refuses this value */
    bool differs;                 /* left different: diverged */
};

struct field_case {
    struct arena *a;
    const struct decide_input *in;
    const struct sync_field *field;
    const char *name;
    bool any;               /* any system may write */
    size_t owner;           /* index; NO_END: any, or not in this sync */
    struct field_end *ends; /* [n_between] */
    size_t n_parts;
    struct candidate *candidates;
    size_t n_candidates;

    /* outcome */
    const char *rule; /* NULL: nothing happened */
    const struct candidate *winner;
    const struct candidate *contact; /* first contact's source */
    bool settled;                    /* by field_settle */
    bool met;                        /* there were new ends, be it that all agreed on nothing */
    bool open;                       /* shadows do not move: conflict, unmapped */
    bool conflict;
    bool unmapped;
    bool rejected;       /* unmapped by policy reject: so is the whole decision */
    size_t unmapped_end; /* at which end */
    const struct val *unmapped_value;
    const char *disposition; /* NULL: nothing to say */
};

/* Looks at all ends. Settles what needs no look at values: closed, create_only, unmapped words. */
void field_open(struct field_case *c, struct arena *a, const struct decide_input *in,
                const struct sync_field *field);
/* Is there something to settle? */
bool field_is_open(const struct field_case *c);

void field_candidates(struct field_case *c);
void field_settle(struct field_case *c);
void field_contact(struct field_case *c);
/* The owner's value goes back to those that changed what is not theirs. */
void field_enforce(struct field_case *c);

/* Puts written values into the targets' words, leaves out what a target cannot or will not take,
 * marks what stays different. */
void field_close(struct field_case *c);

/* Of field_close: marks what stays different. */
void field_mark_differing(struct field_case *c);

/* Helpers of the steps. */
/* Was the shadow of I taken under another mapping of the field? Then it is no base. */
bool field_is_remapped(const struct field_case *c, size_t i);
bool field_may_write(const struct field_case *c, size_t i);
/* Are X in the words of I and Y in those of J one? References to what is not linked never are, but
 * at the same system. */
bool field_equal(const struct field_case *c, size_t i, const struct val *x, size_t j,
                 const struct val *y);
/* Are its values ids of records, whose word elsewhere may come later? */
bool field_is_reference(const struct field_case *c);
/* Is what J changed and nobody gets, as far as is known, not what an end showed that is not there
 * or cannot be read now? Or what it shows anew, not what one showed that cannot be read? */
bool field_differs_unseen(const struct field_case *c, size_t j);
/* The system's name, or DECIDE_PERSON. */
const char *candidate_source(const struct field_case *c, const struct candidate *x);
/* Was X's end met before? A person's value counts as such. */
bool candidate_has_base(const struct field_case *c, const struct candidate *x);
bool candidate_at(const struct field_case *c, const struct candidate *x, size_t j);
struct candidate *candidate_of_end(const struct field_case *c, size_t i);
/* What end I will show after the decision. */
const struct candidate *field_final(const struct field_case *c, size_t i);
/* The same, or of one that cannot be read what it showed last; NULL: that is not known. */
const struct candidate *field_known(const struct field_case *c, size_t i);
/* Whose value counts where several are left standing: the winner's, the owner's, else that of the
 * first end that is as it was, else the first's. NULL if no end takes part. */
const struct candidate *field_reference(const struct field_case *c);
/* What J is to show so that it equals all that X equals: X, or the same as another end has it where
 * X would differ at J ("B" of one that trims, beside "B "). X if there is none. */
const struct candidate *field_leveled(const struct field_case *c, const struct candidate *x,
                                      size_t j);
/* Does Y at J equal all that X equals? While the field is being settled: at ends that neither
 * changed nor are owed something; then: that do not differ. */
bool field_is_level(const struct field_case *c, const struct candidate *x,
                    const struct candidate *y, size_t j);
/* Does J show X itself, or is there no word for it there? */
bool field_has(const struct field_case *c, const struct candidate *x, size_t j);
/* An owed row of this field to target T; NULL. */
const struct decide_owed *field_owed(const struct field_case *c, size_t t);
void field_unmapped(struct field_case *c, size_t i, const struct val *value);
/* X in the words of J. False: no word for it there, and the policy does not pass it. */
bool field_translate(const struct field_case *c, const struct candidate *x, size_t j,
                     const struct val **value);

/* Adds creates for missing ends; ANEW: for deleted ones. Returns the field whose word is unmapped
 * by policy reject, else NULL. */
struct field_case *create_ends(struct field_case *cases, struct arena *a,
                               const struct decide_input *in, bool anew, struct decision *d);
/* The rule line of FIELD in D, made if there is none. */
struct decision_rule *decision_rule_of(struct decision *d, const char *field, const char *rule);

#endif
