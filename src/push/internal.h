#ifndef PUSH_INTERNAL_H
#define PUSH_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/conf.h"
#include "http/client.h"
#include "json/ndjson.h"
#include "provider/provider.h"
#include "push/loss.h"
#include "push/push.h"
#include "store/pause.h"
#include "store/store.h"
#include "stream/decision.h"
#include "stream/event.h"
#include "stream/locked.h"
#include "stream/rejects.h"
#include "stream/seen.h"

/*
 * Private to src/push. A line is one decision on its way through; it has one write for each intent.
 * A write goes READY (in its target's queue) -> with the provider -> perhaps looked up (creates
 * without an answer) -> ANSWERED (in the run's queue) -> settled, printed, gone. A line lives in
 * its own arena, until its last write is gone. Intervals are on the boot clock, moments that are
 * stored on clock_now.
 */
enum {
    PUSH_MAX_LINES = 1000,   /* decisions in a batch ... */
    PUSH_BATCH_MS = 10,      /* ... or for so long */
    PUSH_MAX_WRITES = 256,   /* no more is read while so many are under way */
    PUSH_FRESH_MS = 15000,   /* a lease renewed longer ago proves nothing */
    PUSH_LOOK_MS = 1000,     /* between two looks at what dead writers left */
    PUSH_DEADLINE_MS = 20000 /* of one request, see http_request */
};

struct push;
struct line;

struct write {
    struct write *next;    /* in the queue it is in */
    struct write *sibling; /* of the same line */
    struct line *line;
    struct store_intent intent;
    struct target *target;
    const struct resource_def *def;
    size_t index;           /* of the target in line->sync */
    bool marked;            /* the state says `sent` */
    bool conflict;          /* the create was answered 409 or 412 */
    bool by_match;          /* no record has our external id: it is sought by a match field */
    const char *created_id; /* the create was answered with this id, but the record is not read */
    struct group *group;    /* send.c: those it went out with in one call; NULL: alone */
    bool alone;             /* a call of several was refused: it goes out by itself */
    bool gone;
    bool parked; /* nobody can say what became of it for now; ending does not wait for it */
    /* refuse.c: one field at a time, of an update whose refusal names none */
    const struct val *only;              /* what goes out now; NULL: all of the intent's fields */
    size_t n_stored;                     /* the intent's first fields are stored */
    const struct provider_record *shown; /* as the last answer showed it; NULL */
    int shown_status;                    /* of that answer */
    const char *part_code, *part_text;   /* why some of its fields were refused; NULL: none was */
    int attempts;                        /* requests that may have gone out */
    int failed_looks;                    /* look-ups in a row that failed */
    int64_t sent_boot;                   /* boot clock when it last went out */
    int64_t look_boot; /* boot clock when the look-up went out: what it shows is of then or later */
    struct store_settlement settlement;
    const char *status; /* of the result line */
    struct {
        const char *scope, *retry, *code, *text; /* code NULL: no error */
    } error;
};

struct write_queue {
    struct write *first, **last;
};

void queue_init(struct write_queue *q);
void queue_add(struct write_queue *q, struct write *w);
struct write *queue_take(struct write_queue *q); /* NULL if empty */

/* A write of a decision that gets no intent now. */
struct withheld {
    const char *target;
    const char *code, *text;
    int64_t until;
};

struct line {
    struct push *push;
    struct line *next, *prev; /* all lines of the run */
    struct arena *arena;      /* owned; the line itself is in it */
    const char *text;
    size_t len;
    long number; /* in the input; 0: taken over from another writer */
    struct event event;
    struct decision decision;
    const struct conf_sync *sync;
    char pipeline[64];
    int64_t fence;

    struct withheld *withheld;
    size_t n_withheld;
    size_t looks;       /* of a plan: at what it writes, under way */
    const char *moved;  /* of a plan: what is not as it was when it was made; NULL: nothing */
    const char *unseen; /* of a plan: what could not be looked at, and why; NULL: nothing */
    enum { LINE_DECIDED, LINE_HELD, LINE_RETURNED, LINE_BAD, LINE_REFUSED, LINE_REPEATED } fate;
    const char *held;                /* HELD: why */
    const struct decision_end *gone; /* not there, and that is news; NULL: none */
    enum store_outcome outcome;      /* DECIDED */
    const char *disposition;
    struct store_intent *intents;
    size_t n_intents;
    struct err err; /* BAD, STOPPED, REFUSED */
    struct write *writes;
    size_t open; /* writes that are not gone yet */
};

/* A system at work. */
struct target {
    const struct conf_system *system;
    struct provider *provider; /* owned */
    struct write_queue ready;
    int under_way;
    struct write *shown[PUSH_MAX_WRITES]; /* -n: one call, so far */
    size_t n_shown;
    int64_t closed_until; /* clock_now; gets no new intents until then */
    char closed_why[128];
    bool auth_said; /* it refuses us */
    bool away_said; /* it cannot be reached */
};

struct pipeline {
    char name[64];
    size_t held; /* lines of it in memory */
};

struct batch;

struct push {
    const struct push_options *o;
    struct conf conf;            /* a copy with the limits of the command line; borrows the rest */
    struct limit max_deletes;    /* of the command line */
    struct store_tally *tallies; /* [conf.n_syncs] of lines made by hand */
    struct store *store;
    struct locked locked;
    struct http *http;
    struct target *targets; /* [conf.n_systems] */
    struct ndjson_reader *in;
    struct ndjson_writer *out;
    struct rejects *rejects;
    int fd;
    bool ended;      /* no more is read: end of input, a signal, an error */
    char owner[64];  /* our lease */
    int64_t renewed; /* boot clock */
    int64_t looked;  /* boot clock: at what dead writers left */
    struct pipeline *pipelines;
    size_t n_pipelines;

    struct arena *pause_arena;
    struct store_pause *pauses;
    size_t n_pauses;
    bool pauses_read;    /* in this batch */
    int64_t pauses_boot; /* when */

    struct batch *waiting;        /* owned: lines of a plan that are looked at again; NULL: none */
    struct seen *planned;         /* owned: the links of the plan's lines so far; NULL: no plan */
    long plan_moved, plan_unseen; /* its lines that were refused */

    struct line *lines;
    struct write_queue answered;
    size_t open;    /* writes that are not gone */
    size_t parked;  /* of these */
    size_t looking; /* look-ups and jobs of dead writers under way */
    struct losses losses;
    struct buf controls; /* control lines that wait until everything before them is printed */

    bool stopped;         /* a limit */
    char stopped_run[64]; /* its run; "" = lines without one */
    bool stopped_batch;   /* it was in this batch */
    bool bounded;         /* the input has an end of its own: eos, a run, lines made by hand */
    bool incident;        /* an account was paused: a canary record is missing */
    long canary_done;     /* lines with writes that were applied ... */
    bool canary_over;     /* ... as many as --canary says */
    long canary_left;     /* lines with writes that came after */
    bool auth;            /* at the end: a system refuses us */
    bool refused;         /* lines or writes */
    struct err out_err;   /* code "": stdout is fine */
    struct err fatal;     /* code "": none */
    long done;
};

struct target *push_target(struct push *p, const char *system); /* NULL: not in the config */
/* Ends reading with the first such error. */
void push_fail(struct push *p, const struct err *err);
bool push_terminated(void);

/* ---- line.c ---- */

/* A line of input; -1: RECORD error, nothing is left. LINE is copied. */
struct line *line_parse(struct push *p, const char *text, size_t len, struct err *err);
/* What stands for an intent that was taken over, with one write. NULL: not in the config. */
struct line *line_of_intent(struct push *p, const struct store_intent *intent, struct err *err);
void line_free(struct line *l);
/* "crm/contacts app:42 (line 17)" in the line's arena. */
const char *line_name(const struct line *l);
/* A write of the line for INTENT; -1: its target is not in the config. */
struct write *line_add_write(struct line *l, const struct store_intent *intent, struct err *err);
/* The write is over; frees its line with the last one. */
void write_free(struct write *w);

/* ---- guard.c: what may not be written now ---- */

/* Fills l->withheld. May pause a record (loop.c). */
int guard_line(struct line *l, struct err *err);
/* TARGET gets nothing of L until UNTIL. */
void guard_withhold(struct line *l, const char *target, const char *code, const char *text,
                    int64_t until);
/* Why TARGET gets nothing of this line, NULL if nothing is known against it. */
const struct withheld *guard_find(const struct line *l, const char *target);
/* How long the longest of what is withheld waits; 0: nothing is. */
int64_t guard_until(const struct line *l);
/* Pauses SYSTEM's account, once, with an incident line. */
int guard_pause(struct line *l, const char *system, const char *reason, struct err *err);
/*
 * After a limit nothing more of that run is decided. Lines without a run that are admitted come
 * from webhooks: from the next batch on they go on, and the pause withholds what it must.
 */
bool guard_is_stopped(const struct line *l);
/* Read the pauses anew before the next decision. */
void guard_forget(struct push *p);
/*
 * The pause that forbids W, whose turn has come since it was decided; as of half a second ago. Not
 * that of a limit, which W was counted for and is within. 1, 0 none, -1.
 */
int guard_turn(struct write *w, const struct store_pause **out, struct err *err);
/* TARGET gets no new intents before UNTIL. */
void guard_close(struct target *t, int64_t until, const char *why);

/* ---- loop.c: the loop breaker ---- */

/* The breaker's pause of an end of the link of L: it holds for all of its ends. NULL: none. */
int loop_pause(const struct line *l, const struct store_pause **out, struct err *err);
/* When what such a pause withholds is looked at again, if nobody resumes it. */
int64_t loop_until(int64_t now);
/*
 * Would what is not withheld of L be one more step of a loop? Then its record is paused from now
 * on, with an incident line, and all of it is withheld.
 */
int loop_check(struct line *l, struct err *err);

/* ---- batch.c: decisions ---- */

/* Takes what input there is and decides it. -1: err RUN. */
int batch_run(struct push *p, struct err *err);
/* Nothing of the line happened, the state is further than it. */
void batch_moved(struct line *l);
/* Says and keeps a line that is refused, with its err. */
void batch_refused(struct line *l);

/* ---- hold.c: what goes back to the inbox ---- */

/* Gives the event of L back; nothing for lines made by hand. */
int hold_back(struct line *l, int64_t not_before, const char *reason, struct err *err);
/* If the decision says hold: gives it back, with the pause that it asks for. Before the guard. */
int hold_decision(struct line *l, struct err *err);
/* After the guard: why a delete of L must not go out now, UNTIL when; NULL: none is withheld. */
const char *hold_delete(struct line *l, int64_t *until);
/*
 * The same, and gives the line back then, whole: a delete is never owed, and without it the rest of
 * its decision would be another one.
 */
int hold_deletes(struct line *l, struct err *err);
/* --canary: is L behind the last line that is applied? Counts it. */
bool hold_canary(struct line *l);
void hold_say(struct line *l);

/* ---- plan.c ---- */

/*
 * P->fd is the plan's: -1, exit 65, if it is not whole or was made under other rules. A pipe is
 * read to its end and kept.
 */
int plan_start(struct push *p, const char *name, struct err *err);
/* The totals of a plan decide nothing. */
bool plan_is_total(const char *text, size_t len);
/* Is the state where it was when the line was decided? 1, 0, -1. */
int plan_is_current(struct line *l, struct err *err);
/* l->err says that the state is further. */
void plan_moved(struct line *l);
/* 1: L may be applied. 0: l->err says why not, or an earlier line was of the same link
 * (LINE_REPEATED). -1. */
int plan_check(struct line *l, struct err *err);
/* At the end: how many lines were refused, and what to do. */
void plan_say(const struct push *p);

/* ---- fresh.c: is what a plan's line writes as it was when the plan was made? ---- */

/*
 * Asks the targets: what is written is read, for what is made a match is sought, by external id, by
 * the match fields and among the records that the state knows. Then l->moved and l->unseen say what
 * came of it, once l->looks is 0. -1: the state.
 */
int fresh_look(struct line *l, struct err *err);
/* Does R, which W is to write, show what the line says of it? Else which field it does not. Pure.
 */
const char *fresh_differs(const struct line *l, const struct decision_write *w,
                          const struct provider_record *r);
/* Is R what W is to make? Pure. */
bool fresh_is_it(const struct line *l, const struct decision_write *w,
                 const struct provider_record *r);

/* ---- odd.c ---- */

/*
 * What R shows of the fields sent that the definition's `stores:` does not explain, as
 * settlement.odd; NULL: all is as sent. References are left out: an id is stored as it is, or
 * refused. Pure.
 */
const struct val *odd_fields(const struct write *w, const struct provider_record *r);

/* ---- group.c: which writes go out in one call. Pure ---- */

enum provider_action group_action(const struct write *w);
/* With how many, itself among them, W may go out in one call. What is sent again goes alone, under
 * its own key. */
size_t group_most(const struct write *w);
/* Can W go with N that stand before it? Two of one link never do: their order would be lost. */
bool group_joins(struct write *const *first, size_t n, const struct write *w);
/* How many of N writes, from the first on, are one call. */
size_t group_size(struct write *const *writes, size_t n);

/* ---- send.c: intents to providers ---- */

void send_add(struct write *w); /* to its target's queue */
/* Marks and hands over what the targets have room for. */
int send_ready(struct push *p, struct err *err);
/* W is over without an answer: those it went out with need not wait for it. */
void send_leave(struct write *w);
/* Gives up what was not sent: its events are free again. */
int send_drop(struct push *p, struct err *err);

/* ---- job.c: work that goes on elsewhere ---- */

/* For provider_jobs: keeps them with their intents. USER: the run. */
void job_keep(void *user, const struct provider_job *jobs, size_t n);
/* Asks on for the job of a write that was taken over. False: it has none that can be asked for. */
bool job_resume(struct write *w);

/* ---- outcome.c: answers to settlements ---- */

/* The answer of a write: settles, or starts a look-up. */
void outcome_take(struct write *w, const struct provider_answer *a);
/* Queues the settlement of W. NULL A = nothing was asked. NOT_BEFORE for RETRY. */
void outcome_done(struct write *w, const struct provider_answer *a,
                  const struct provider_record *record);
void outcome_refused(struct write *w, const struct provider_answer *a);
void outcome_retry(struct write *w, const struct provider_answer *a, int64_t not_before);
/* It did not go out: PAUSE came before its turn. */
void outcome_paused(struct write *w, const struct store_pause *pause);
void outcome_lost(struct write *w, const struct provider_answer *a);
/* The fields in NAMES are refused, the others not. KEY: of the write that is left. */
void outcome_part(struct write *w, const struct provider_answer *a, const struct val *names,
                  const char *key);
void outcome_unknown(struct write *w, const struct provider_answer *a, const char *text);
/* The system refuses us: said once, closed for a while. */
void outcome_auth(struct target *t, const struct provider_answer *a);
/* It does not, any more. */
void outcome_accepted(struct target *t);

/* ---- refuse.c: one field of several that is refused ---- */

/*
 * A write that is refused for the sake of some of its fields goes out again without them: those
 * that the answer names. Does it name none (or all), the fields of an update are sent one by one; a
 * create is refused whole, also where a field is named that records are matched by. Each settlement
 * of a part leaves fewer fields: N fields are at most 2 N calls. True: it goes on; false: all of it
 * is refused.
 */
bool refuse_part(struct write *w, const struct provider_answer *a);
/* One by one: the field that went out is stored. True: there are others. */
bool refuse_next(struct write *w, const struct provider_answer *a);
/* The state has the refusal of a part: what is left goes out. */
void refuse_go_on(struct write *w);

/* ---- lookup.c: creates without an answer ---- */

void lookup_start(struct write *w);

/* ---- seek.c: what to seek, and what counts as found. Pure ---- */

/* The id by which it can be read: the answer's, or one that was ours to give. NULL: unknown. */
const char *seek_id(const struct write *w);
/* Else by what to seek it; VALUE is what it must be. NULL: it cannot be found. */
const char *seek_field(const struct write *w, const char **value);
/* How many of the answer's records are what was sent; FOUND is the first. */
size_t seek_pick(const struct write *w, const struct provider_answer *a,
                 const struct provider_record **found);
/* Sought by external id, but there are records that do not show theirs: may one be it? */
bool seek_is_unclear(const struct write *w, const struct provider_answer *a);
/* The fields sent that it shows otherwise: it was there before, or somebody has edited it since. */
const struct val *seek_differing(const struct write *w, const struct provider_record *r);
/* Does not found mean that there is none? NOW: boot clock. */
bool seek_is_over(const struct write *w, int64_t now);
/* Does its system make one of two: by an idempotency key, an upsert, an id of ours? */
bool seek_is_idempotent(const struct write *w, int64_t now);
/* It does, and it was not tried too often yet. */
bool seek_may_send_again(const struct write *w, int64_t now);

/* ---- settle.c ---- */

int settle_answered(struct push *p, struct err *err);

/* ---- result.c: lines on stdout ---- */

void result_write(struct write *w, const char *disposition);
/* Of a decision without intents: a line for each withheld write, or one with its disposition. */
void result_decision(struct line *l);
/* A write that stays open at the end of the run. */
void result_parked(struct write *w);
void result_control(struct push *p, const char *line, size_t len);
/* A line of text (-n). */
void result_text(struct push *p, const char *text, size_t len);
void result_flush(struct push *p);

/* ---- lease.c ---- */

int lease_start(struct push *p, struct err *err);
/* Every STORE_RENEW_MS: renews, takes over what dead writers left. */
int lease_tick(struct push *p, struct err *err);
/* Was ours renewed within PUSH_FRESH_MS? */
bool lease_is_fresh(const struct push *p);
/* Makes it so. -1: it is not ours any more. */
int lease_renew(struct push *p, struct err *err);
/* "this process stood still": nothing more may be sent. Returns -1. */
int lease_stale(struct err *err);
void lease_hold(struct push *p, const char *pipeline);
void lease_unhold(struct push *p, const char *pipeline);
void lease_end(struct push *p);

/* ---- preview.c ---- */

/*
 * -n: the requests of L as text on stdout. A write that others may join waits for them, with its
 * line (`open`), until preview_flush at the latest.
 */
int preview_line(struct line *l, struct err *err);
/* No more lines come for now. */
void preview_flush(struct push *p);

#endif
