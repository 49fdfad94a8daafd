#ifndef STORE_SQLITE_HAND_H
#define STORE_SQLITE_HAND_H

#include "store/operate.h"
#include "store/sqlite/internal.h"

/*
 * What changes by a person's hand have in common (operate.h). All of it runs inside a transaction.
 * A decision that was computed before such a change must not be committed on top of it: hand_touch
 * raises the link's generation and frees what is out in its lane.
 */
struct hand {
    struct store *s;
    struct arena *a;
    const char *by;
    int64_t now;
    struct err *err;
};

/* The link has changed. What is out and decided already (its intents are open) stays out. 0, -1. */
int hand_touch(struct hand *h, int64_t link_id);

/* store_load_link, also of one with a value that cannot be read (it is NULL): a person's hand mends
 * it. 1, 0, -1. */
int hand_load_link(struct hand *h, int64_t link_id, struct store_link *out);

/* A line of history: FIELD may be NULL. TEXT gets "by BY: " in front. 0, -1. */
struct hand_line {
    int64_t seq, link_id;
    const char *resource, *system, *record_id, *field, *rule, *outcome, *source, *target;
    const struct val *base;
    const char *text;
};
int hand_tell(struct hand *h, const struct hand_line *l);

/* Nominates a record under WHAT:LINK:GENERATION. 0, -1. */
int hand_nominate(struct hand *h, const char *what, int64_t link_id, const char *resource,
                  const struct store_record *r);
/* The same of a live end of the link: that of PREFER (may be NULL), else the first. Nothing if the
 * link has ended or has no live end. 0, -1. */
int hand_nominate_end(struct hand *h, const char *what, int64_t link_id, const char *prefer);

/* The pending rows of a record go from one link's lane to another's, or (0) to its own. Nothing of
 * them may be out. 0, -1. */
int hand_rehome(struct hand *h, const char *resource, const struct store_record *r,
                int64_t from_link, int64_t to_link);

/* A create of unknown outcome at TARGET of the link, if there is one, is over; its claims go. WHY
 * is kept with it. 1, 0 none, -1. */
int hand_close_unknown(struct hand *h, int64_t link_id, const char *target, const char *why);

/* Open intents of the link are code "busy", LATER; with UNKNOWN creates of unknown outcome too. */
int hand_check_idle(struct hand *h, int64_t link_id, bool unknown);

/* ---- Links ---- */

bool hand_is_end(const struct store_end *e, const struct store_record *r);
int hand_delete_end(struct hand *h, const char *resource, const struct store_record *r);
/* An ended link without ends lets go of its external id, so that one of its records may have it
 * again. 0, -1. */
int hand_free_external_id(struct hand *h, int64_t link_id);
/* A new link, with ENDED_WHY an ended one. 0, -1. */
int hand_insert_link(struct hand *h, const char *resource, const char *external_id,
                     const char *owner, const char *ended_why, int64_t *link_id);
/* hand_tell of a link; R and TEXT may be NULL. */
int hand_tell_link(struct hand *h, const char *rule, const char *outcome, int64_t link_id,
                   const char *resource, const struct store_record *r, const char *text);

#endif
