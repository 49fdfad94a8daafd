#ifndef RECONCILE_INTERNAL_H
#define RECONCILE_INTERNAL_H

#include "reconcile/reconcile.h"

#include "base/arena.h"
#include "http/client.h"
#include "provider/provider.h"
#include "stream/event.h"
#include "store/run.h"

/* Private to src/reconcile. */

/* ---- One invocation: its jobs and what they share (session.c) ---- */

/* One job of this invocation. */
struct job {
    const struct conf_job *conf;
    struct provider *provider; /* borrowed */
    char run_id[48];           /* of its listing, "" = none begun */
    bool held;                 /* we have its lease */
    bool listed;               /* the listing came to its end, or to --limit */
    bool complete;             /* to its end */
    int status;                /* exit status of this job so far */
    int64_t started;           /* boot clock */
};

struct session {
    const struct reconcile_options *o;
    struct store *store; /* may be NULL for fetch */
    struct http *http;
    struct provider **providers; /* [i]: of conf->systems[i], NULL until asked for */
    struct job *jobs;
    size_t n_jobs;
    char owner[48];     /* of our leases */
    char pipe_run[48];  /* the pipe's run while it runs, "" = none */
    int64_t renewed_at; /* boot clock */
    struct arena *arena;
};

/* Picks the jobs (err: 64 with the names there are) and makes the rest. -1 and err. */
int session_open(struct session *s, const struct reconcile_options *o, struct err *err);
void session_close(struct session *s); /* drops leases */
struct provider *session_provider(struct session *s, const struct conf_system *system);
/* Polls until nothing is under way, renewing leases. -1: err RUN. */
int session_wait(struct session *s, struct err *err);
/* Renews the leases of jobs that are held, when it is time. */
int session_renew(struct session *s, struct err *err);
/* 1 taken, 0 held by somebody living (said), -1. */
int session_lease(struct session *s, struct job *j, struct err *err);
/* The lease of a run, "run:RUN": as long as it is held the run has an owner. 1, 0, -1. */
int session_lease_run(struct session *s, const char *run, struct err *err);
int session_drop_run(struct session *s, const char *run, struct err *err);
/* SIGTERM or SIGINT came. */
bool session_stopped(void);
void session_catch_signals(void);

/* The worse of two exit statuses: what the program ends with. */
int status_worse(int a, int b);

/* ---- Whose account is it? (account.c) ---- */

/*
 * Compares fingerprint and identity of every system that takes part in the jobs' syncs with the
 * config. 0; EXIT_STOP and err if one is somebody else's. A system that does not answer makes its
 * jobs fail (said), nothing else. -1: err RUN.
 */
int account_check(struct session *s, struct err *err);

/*
 * Looks at the canaries of the systems that take part (canary.c). 0; EXIT_STOP and err if one is
 * not there: its account is paused. One that cannot be read now stops nothing here. -1: err RUN.
 */
int canary_check(struct session *s, struct err *err);

/* What an answer that is not OK means: ERR_SYSTEM. Returns -1. */
int answer_err(const struct provider_answer *a, const struct conf_system *system, struct err *err);

/* ---- A listing (walk.c) ---- */

/* Where a listing stands; goes through sync_runs.page_cursor as text. */
struct position {
    int64_t since;      /* asked from, ms; 0 = everything */
    int64_t max;        /* highest changed_at listed, 0 = none */
    int64_t server_now; /* of the first page: the watermark stays behind it; 0: not said */
    long count;         /* records listed; numbers the event ids */
    const char *cursor; /* NULL = first page (or the last is done) */
    int pass;           /* how often the listing was walked before: its order is not stable */
    int64_t different;  /* what these passes found */
    int quiet;          /* how many of the last of them found nothing new */
    int64_t refused;    /* rows of this pass that cannot be events */
    int64_t total;      /* rows there are, as the newest page says; -1: it does not */
};

const char *position_text(struct arena *a, const struct position *p);
/* -1: not ours. */
int position_parse(struct arena *a, const char *text, struct position *p);

struct walk;
/*
 * One page: RECORDS of it, after --limit, before pos moves. LAST: none follows. NEXT is where the
 * listing stands after it; with a greater `pass` it is walked once more, from its first page.
 */
typedef int walk_page(struct walk *l, const struct provider_answer *page, size_t n,
                      struct position *next, bool last, struct err *err);

struct walk {
    struct session *session;
    struct job *job;
    struct position pos;
    walk_page *page;
    void *user;
    int64_t asked_at; /* when the page was asked for: what it shows is not older */
    /* private */
    bool limited; /* --limit was reached */
    bool done;
    int failed; /* 0, or -1 with err */
    struct err err;
    char *mark; /* owned: a cursor seen before (Brent's cycle finding) */
    long pages, power;
};

/* All pages. 1 to the end, 0 to --limit or a signal, -1. */
int walk_run(struct walk *l, struct err *err);

/* From when a job lists: options, else watermark - overlap, else 0. -1: bad --since. */
int walk_since(const struct session *s, const struct conf_job *job, const struct store_watermark *w,
               int64_t *since, struct err *err);

/* A record of a listing as an event, texts in the arena. -1 RECORD: it cannot be one. */
int walk_event(struct arena *a, const struct conf_job *job, const struct provider_record *r,
               struct event *e, struct err *err);

/* ---- One job into the inbox (job.c), its pages (admit.c) ---- */

/* Lists it. Failures of the job are said and kept in its status; -1: err RUN. */
int job_list(struct session *s, struct job *j, struct err *err);
/* After the pipe: dispositions, status, summary. */
int job_finish(struct session *s, struct job *j, struct err *err);

struct admission {
    struct session *session;
    struct job *job;
    struct arena *arena;         /* of a page */
    struct store_watermark mark; /* before this run */
    size_t system_index;         /* in the sync's between */
    int64_t read_at;             /* when the page was asked for */
    bool loading;                /* unlinked rows wait for store_loaded */
    long refused;                /* rows of the page that cannot be events */
};

walk_page admit_page;

/* The watermark after a listing that ended at P: text in the arena. */
const char *admit_watermark(struct session *s, const struct conf_job *job,
                            const struct store_watermark *before, const struct position *p);

/* ---- The pipe (pipe.c) ---- */

/* Is there anything for it to do? Frees what dead pipelines held, nominates what is owed. */
int pipe_needed(struct session *s, struct err *err);
/* Runs emit | echofilter | diff | push under RUN up to UNTIL; the exit status, or -1. */
int pipe_run(struct session *s, const char *run, int64_t until, struct err *err);

/* "r20261121T185959-1a2b3c4d" */
void run_name(char out[48]);

#endif
