#ifndef TESTS_WORLD_PLAN_H
#define TESTS_WORLD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

/*
 * A world as its seed has it: the systems with their habits, the rules of the config, and what will
 * be done, step by step. Nothing here depends on what happens then.
 *
 * A human value is known by its token, a number that stands in its text and that no other edit has:
 * so each value that is found later tells who set it. Token 0 is a field that is empty or absent.
 */
enum {
    MAX_SYSTEMS = 3,
    MAX_PEOPLE = 64,
    MAX_FIRMS = 12,
    MAX_STEPS = 160,
    MAX_TOKENS = 2048,
    MAX_WIDTH = 64 /* of the text of a value */
};

/* COMPANY is a reference: its tokens are numbers of firms from 1 on. */
enum field { FIRST_NAME, LAST_NAME, PHONE, NOTES, SCORE, TEXTS, COMPANY = TEXTS, FIELDS };
enum { ANY = -1, CREATOR = -2 };

enum policy { POLICY_REPORT, POLICY_OWNER, POLICY_FILL, POLICY_SYSTEM };
enum payload { HOOK_FULL, HOOK_PARTIAL, HOOK_SKINNY };
enum signing { SIGN_STANDARD, SIGN_KV, SIGN_PREFIX, SIGN_STATIC, SIGN_NONE, SIGNINGS };

struct system_plan {
    int id_kind;       /* of sync-sim: see plan_id_kinds */
    int names;         /* which set of field names */
    unsigned lower;    /* bits of fields */
    bool trim, digits; /* digits: of PHONE */
    bool noop_touches, seconds, strings, empty_null;
    bool answer_none, put_only, wrap, null_first, gone_403;
    bool external_id, idempotency;
    int page, cap;        /* page size of the definition; cap of the system, 0 = none */
    int lag_ms, find_lag; /* 0 = none */
    int fuzz;
    bool create; /* may we create there? */

    bool webhook;
    enum payload payload;
    enum signing signing;
    char hook_quirks[8][40]; /* NAME=VALUE, switched on from the start; "" = none */
    int n_hook_quirks;
};

enum step_kind {
    STEP_EDIT,    /* a person edits one field */
    STEP_CREATE,  /* a person makes a record */
    STEP_TWIN,    /* two persons make the same at two systems */
    STEP_CLASH,   /* a field at two systems, close together */
    STEP_RAPID,   /* five edits of a record */
    STEP_DELETE,  /* a person deletes a record */
    STEP_RACE,    /* the same, and an edit at another system at about that time */
    STEP_RESTORE, /* a person takes a delete back, of this record or the next that is deleted */
    STEP_FIRM,    /* a person makes a company */
    STEP_REFER,   /* a person says whose company a record has */
    STEP_HIRE,    /* a person makes a company, and at once a record that names it */
    STEP_CRON,    /* sync-reconcile run in the background */
    STEP_KILL,    /* -9 */
    STEP_STOP,    /* as a service manager stops */
    STEP_START,   /* what is not there of listener and pipe */
    STEP_PAUSE,   /* sync-ctl pause SYSTEM */
    STEP_RESUME,  /* of all systems */
    STEP_QUIRK,   /* of failures: name=value */
    STEP_UNQUIRK, /* all of failures off */
    STEP_PASS,    /* time passes */
    STEP_SETTLE   /* all comes to rest, and is looked at */
};

enum target {
    TARGET_EMIT,
    TARGET_FILTER,
    TARGET_DIFF,
    TARGET_PUSH,
    TARGET_LISTENER,
    TARGET_CRON,
    TARGET_CHILD,
    TARGETS
}; /* CHILD: a program of the cron job's pipe */

enum { RAPID = 5 };

struct step {
    enum step_kind kind;
    int system, other; /* OTHER: of STEP_TWIN and STEP_CLASH */
    int person;
    enum field field;
    int tokens[FIELDS * 2]; /* EDIT: 1; CLASH: 2, RAPID: 5; CREATE: one a field; TWIN: twice that */
    enum field fields[RAPID];
    int n; /* CRON: 0 = all jobs, 1 = --due, 2 = that of the system; RACE: 1 = the edit is first */
    int firm;
    enum target target;
    bool at_once;   /* started again at once after STEP_KILL and STEP_STOP */
    int pause_ms;   /* of hastened time, after the step */
    char quirk[40]; /* NAME=VALUE */
    bool drop;      /* SETTLE: webhooks that are queued are dropped, and those to come */
    bool live;      /* SETTLE: pipe and listener go on */
};

struct person {
    bool at[MAX_SYSTEMS]; /* of the start; later by steps */
    int tokens[MAX_SYSTEMS][FIELDS];
};

struct plan {
    uint64_t seed;
    int n_systems;
    struct system_plan systems[MAX_SYSTEMS];
    bool used[FIELDS];
    int owner[FIELDS]; /* a system, ANY or CREATOR */
    int email_owner;
    enum policy policy;
    int contact;  /* POLICY_SYSTEM */
    int conflict; /* a system, or ANY = last write wins */
    bool pipe;    /* a service beside the cron jobs */
    bool webhooks;
    bool creators;                      /* own what they made */
    bool enforce;                       /* what others than the owner change is undone */
    bool deletes;                       /* people delete records */
    bool propagate;                     /* deletes go on; else they are left alone */
    bool recreate;                      /* what was edited meanwhile is made anew */
    int settle_ms;                      /* of deletes */
    bool refs;                          /* companies, and a reference to them */
    bool required;                      /* no record goes before its company */
    int n_firms;                        /* with those of later steps */
    bool firms[MAX_FIRMS][MAX_SYSTEMS]; /* of the start */

    struct person people[MAX_PEOPLE];
    int n_people; /* with those of later steps */
    int n_first;  /* of the start */
    struct step steps[MAX_STEPS];
    int n_steps;

    char raw[MAX_TOKENS][MAX_WIDTH]; /* the text of each token, as a person types it */
    int n_tokens;
};

void plan_make(struct plan *p, uint64_t seed);

extern const char *const plan_id_kinds[];
extern const char *const plan_field_names[]; /* unified */
#define PLAN_NAMES 3
/* What a system calls a field; FIELDS = e-mail. */
const char *plan_name(const struct system_plan *s, int field);

/* The token in a value that is stored; 0 = empty, -1 = nobody ever typed that. */
int plan_token(const struct plan *p, enum field field, const char *stored);

#endif
