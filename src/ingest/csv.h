#ifndef INGEST_CSV_H
#define INGEST_CSV_H

#include <sys/types.h>

#include "base/err.h"

/*
 * CSV as NDJSON records: Miller (mlr) as a child, no shell, texts left as they are (no number is
 * guessed: 00123 stays).
 */
struct csv {
    pid_t pid;
    int fd; /* NDJSON comes out of it */
};

/* Starts mlr with IN (borrowed) as its input. -1 with exit 69 and a hint if there is no mlr. */
int csv_open(struct csv *c, int in, struct err *err);

/* Closes, waits. -1 with exit 65 if mlr did not like what it read. */
int csv_close(struct csv *c, struct err *err);

#endif
