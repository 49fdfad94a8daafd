#ifndef SYNC_PROVE_INTERNAL_H
#define SYNC_PROVE_INTERNAL_H

#include "sync/prove.h"

/* What prove.c and its helpers share. */

struct prove_values {
    const struct val **list; /* shortest first */
    size_t n, room;
};

/* What to try as an edit of FIELD at SYSTEM. */
void prove_values(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                  size_t system, const struct prove_link *links, size_t n,
                  struct prove_values *out);

/* How many characters system I keeps of FIELD; 0: all. */
long prove_cut(const struct conf_sync *sync, const char *field, size_t i);

/* A field sent around some of the systems, again and again. */
struct prove_round;

/* Of the systems SYSTEMS (indices, ascending) only. In A. */
struct prove_round *prove_round_new(struct arena *a, const struct conf_sync *sync,
                                    const struct sync_field *field, const size_t *systems,
                                    size_t n);

enum prove_outcome {
    PROVE_SETTLES,
    PROVE_UNSETTLED, /* AT: where it was found; BECOMES: what START has in the end, or AT keeps */
    PROVE_NO_EDIT    /* a word without mapping, or nobody may write it */
};

/* V is edited at START (both indices in SYSTEMS). BACK: it came back otherwise, else it is not kept
 * at AT. The results live until the next call. */
enum prove_outcome prove_round(struct prove_round *r, size_t start, const struct val *v, size_t *at,
                               const struct val **becomes, bool *back);
void prove_round_free(struct prove_round *r);

/* May an edit of FIELD at system I be written elsewhere? */
bool prove_may_write(const struct conf_sync *sync, const struct sync_field *field, size_t i);

/* The findings that need no rounds, by field. */
void prove_warnings(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                    struct prove *out);
void prove_apart(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                 const struct prove_link *links, size_t n, struct prove *out);
void prove_lossy(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                 const struct prove_link *links, size_t n, struct prove *out);
struct prove_finding *prove_add(struct arena *a, struct prove *out, enum prove_kind kind,
                                const char *field);

#endif
