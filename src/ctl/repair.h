#ifndef CTL_REPAIR_H
#define CTL_REPAIR_H

#include "ctl/systems.h"
#include "ctl/table.h"

/* links repair at work: links that lack records (repair.c), records that lack links (strays.c). */
struct repair {
    struct ctl *c;
    const struct conf_sync *sync;
    int only; /* index of the one system asked, -1: all */
    struct systems systems;
    struct table *table;
    struct arena *arena; /* of the batch */
    long done, total, records, linked, left, unasked;
    long missing; /* no record there, and none was found */
    struct err *err;
    bool failed; /* the state: ERR */
};

/* A row of the table; I: index of the system. LINK 0, RECORD_ID and TEXT NULL: nothing. */
void repair_say(struct repair *r, int64_t link, const char *what, size_t i, const char *record_id,
                const char *text);
/* The same, of something that a person has to put right. */
void repair_left(struct repair *r, int64_t link, const char *what, size_t i, const char *record_id,
                 const char *text);
/* The same, of a question that was not answered. */
void repair_unasked(struct repair *r, int64_t link, size_t i, const char *record_id,
                    const struct provider_answer *answer);
const struct store_end *repair_live_end(const struct store_link *link);
/* Links RECORDS under EXTERNAL_ID (not with -n), and says it of record NEW, of system I. */
void repair_link(struct repair *r, int64_t link, const char *external_id,
                 const struct store_record *records, size_t n, size_t i, const char *text);

/*
 * Lists the systems for records that have no link though one of them carries an external id of
 * ours: what belongs together is linked, the rest named. 0, -1.
 */
int strays_find(struct repair *r);

#endif
