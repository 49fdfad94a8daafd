#ifndef TESTS_UNIT_PUSH_FIXTURE_H
#define TESTS_UNIT_PUSH_FIXTURE_H

#include "../sync/fixture.h"
#include "../unit.h"
#include "push/internal.h"

/*
 * A sync-push without its loop and without HTTP: systems a and b with the text fields phone and
 * name (match: phone), a state of its own, lines in by a pipe, results in a file. What it would
 * send stays in the targets' queues. The clock stands at BENCH_NOW. JSON is written with ' for ".
 */
#define BENCH_NOW INT64_C(1767261600000) /* 2026-01-01T10:00:00.000Z */

struct bench {
    struct fixture *f;
    struct conf conf;
    struct push_options o;
    struct push p;
    struct err err;
    char dir[64];
    int in; /* the pipe's other end */
};

struct bench *bench_new(void);
void bench_free_ptr(struct bench **b);
#define CLEANUP_BENCH __attribute__((cleanup(bench_free_ptr)))

/* A decision of a:ID, whole but for the members given: bench_line(b, "1", "'link':null,..."). */
const char *bench_line(struct bench *b, const char *id, const char *members);
/* a:ID, with this phone, is to be created in b under external id x-ID. */
const char *bench_create(struct bench *b, const char *id, const char *phone);

/* The delete of b:9 from LINK (of bench_linked). */
const char *bench_delete(struct bench *b, int64_t link);

void bench_feed(struct bench *b, const char *line); /* into the pipe, with its newline */
void bench_run(struct bench *b);                    /* one batch */
/* Feeds and runs a create, and takes its write out of b's queue, marked sent. */
struct write *bench_sent(struct bench *b, const char *id, const char *phone);
struct write *bench_queued(struct bench *b); /* the next of b's queue, NULL */
/* Takes a write out of b's queue, marked sent. */
struct write *bench_send(struct bench *b);

/* W is answered with this record. */
void bench_answer(struct bench *b, struct write *w, const char *id, const char *fields);
/* Makes the link of a:ID and b:9 (phone 55) by a settled create. Its id. */
int64_t bench_linked(struct bench *b, const char *id);
struct store_link bench_load(struct bench *b, int64_t link);

/* Settles what was answered. */
void bench_settle(struct bench *b);
/* The last result line; its member NAME as text ("" if there is none). */
const char *bench_result(struct bench *b, const char *name);
size_t bench_results(struct bench *b);
/* The refused lines. */
size_t bench_rejects(struct bench *b);

#endif
