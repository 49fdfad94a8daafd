#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/definition.h"
#include "config/model.h"

/*
 * One deployment (contract/config.yaml) as checked structs. Everything is resolved at load: systems
 * point at definitions, fields at model fields and owners, secrets at their values. Process
 * lifetime. Order of systems and fields is the file's.
 *
 * Each system has its own copy of its definition, each definition its own models: compare fields
 * by name, never by pointer. What belongs to later versions and would change what is done
 * (jobs with query or depends_on) is a fault, never silently left
 * out.
 */
/* Where a system's webhooks come in. */
struct conf_webhook {
    bool present;
    char *path;       /* as requests carry it, begins with a slash */
    char *public_url; /* as the provider knows it, or NULL */
    char **secrets;   /* all may be right (rotation); none with no_secrets */
    size_t n_secrets;
};

/* A record that is always there: while it cannot be seen, nothing is believed to be deleted. */
struct conf_canary {
    char *resource;
    char *record_id;
};

struct conf_system {
    char *name;
    struct definition *definition; /* owned */
    char *account;
    char *base_url; /* of the config, else of the definition; no slash at the end */
    struct auth auth;
    char *ca_file;
    char **self; /* our own identities there */
    size_t n_self;
    bool trust_actor; /* echo: what one of these did is ours, whatever it shows (sync/echo.h) */
    struct conf_webhook webhook;
    struct conf_canary *canaries;
    size_t n_canaries;
    int concurrency; /* requests at once, default 4 */
    struct conf_rate rate;
    int line; /* in the config, for messages */
};

enum policy_kind {
    POLICY_REPORT, /* first contact: link, write nothing */
    POLICY_OWNER,
    POLICY_FILL,
    POLICY_LAST_WRITE_WINS, /* conflicts of fields that any may write */
    POLICY_MANUAL,
    POLICY_SYSTEM
};

struct policy {
    enum policy_kind kind;
    const struct conf_system *system; /* POLICY_SYSTEM */
};

/* A value table: a system's word -> unified word, in the order written. */
struct value_row {
    char *word;
    char *unified;
};
struct value_system {
    const struct conf_system *system;
    struct value_row *rows;
    size_t n_rows;
};
enum unmapped {
    UNMAPPED_REJECT,
    UNMAPPED_SKIP,
    UNMAPPED_PASS,
    UNMAPPED_OWE /* never in a config: references, whose record may still be linked */
};
struct value_table {
    char *name;
    struct value_system *systems;
    size_t n_systems;
    enum unmapped unmapped;
};

/* Whose word counts for a field. */
enum owner_kind {
    OWNER_ANY,
    OWNER_SYSTEM,
    OWNER_CREATOR /* whoever made the record, until `sync-ctl own` says otherwise */
};
struct owner {
    enum owner_kind kind;
    const struct conf_system *system; /* OWNER_SYSTEM */
};

struct sync_field {
    const struct model_field *field; /* borrowed */
    struct owner owner;              /* the field's own, else the resource's, else any */
    struct policy conflict;          /* the field's own, else the resource's */
    bool create_only;
    bool enforce;                     /* what somebody else writes is undone (owner not any) */
    const char *ref;                  /* resource whose record ids the values are; NULL: none */
    bool required;                    /* ref: a record waits until what it names is linked */
    const struct value_table *values; /* NULL: none */
};

/* What becomes of the other ends when a record is deleted. */
struct conf_deletes {
    bool propagate;    /* else it is noted (tombstone), and nothing else */
    int64_t settle_ms; /* how long a delete is waited with; default 60 s */
    long max;          /* per run and per hour, default 50 ... */
    int max_percent;   /* ... and per cent of the known records, default 10: both hold */
};

struct conf_sync {
    char *resource;
    const struct model *model;
    const struct conf_system **between; /* at least two */
    size_t n_between;
    const struct resource_def **defs; /* defs[i]: the resource in between[i]'s definition */
    bool *create;                     /* create[i]: may we create records in between[i]? */
    char **match;                     /* field names */
    size_t n_match;
    struct policy first_contact;
    struct policy conflict;
    int64_t skew_ms; /* default 5 s */
    struct conf_deletes deletes;
    bool recreate;          /* an edit after a delete makes the record anew */
    bool propagate_engines; /* changes by other sync engines go on to others */
    struct sync_field *fields;
    size_t n_fields;
    /* Hex digest over the defs' map_hash, the fields' value tables and first_contact: where it
     * changed, some of the shadows' fields are no base; mapping (config/mapping.h) says which. */
    char *map_hash;
    char *mapping;
};

struct conf_job {
    char *name;
    const struct conf_system *system;
    const struct conf_sync *sync;
    const struct resource_def *def;
    int64_t every_ms; /* 0: only by name */
};

/* A limit: a count, or per cent of the known records; both -1 = none ("none" in the file). */
struct limit {
    long count;  /* -1: percent holds */
    int percent; /* -1: count holds */
};

struct conf {
    char *file;  /* path of the config */
    char *dir;   /* its folder */
    char *state; /* path of the SQLite file, resolved */
    struct conf_system *systems;
    size_t n_systems;
    struct conf_sync *syncs;
    size_t n_syncs;
    struct conf_job *jobs;
    size_t n_jobs;
    struct value_table *tables;
    size_t n_tables;
    struct limit max_creates, max_updates, max_changed; /* per run; default 1000, 20%, 50% */
    long hour_floor; /* without a run: so many an hour pass a share; default 200 */
    int breaker_alternations;                           /* default 3 */
    int64_t breaker_window_ms;                          /* default 10 min */
    long breaker_calls;   /* an hour's calls to an account that are never too many; default 1000 */
    int64_t retention_ms; /* disposed events and settled intents; default 30 d, >= 7 d */
    struct arena *arena;  /* owned: all of it but the definitions */
};

/*
 * Percentages protect big sets; below this many records they do not stop a run (a single edit of
 * one of three contacts is no mass change). An hour of events has more: hour_floor.
 */
enum { LIMIT_PERCENT_FLOOR = 20 };

/*
 * Loads and checks PATH (NULL: $LOOPLESS_CONFIG, else ./loopless.yaml). NULL and either faults or,
 * if there is no config at all, one fault with a hint. With NO_SECRETS references are not resolved
 * (for commands that make no call).
 */
struct conf *conf_load(const char *path, bool no_secrets, struct faults *f);
/* Only the state's path, also of a config with faults (sync-ctl pause works with a broken one).
 * Heap text or NULL. */
char *conf_state_path(const char *path, struct err *err);

const struct conf_system *conf_system(const struct conf *c, const char *name);
const struct conf_sync *conf_sync(const struct conf *c, const char *resource);
const struct conf_job *conf_job(const struct conf *c, const char *name);
const struct sync_field *sync_field(const struct conf_sync *s, const char *field);
/* Index of SYSTEM in s->between, -1 if it is not there. */
int sync_index(const struct conf_sync *s, const char *system);
/* Fingerprint of a system's account as configured: hex digest of provider, account, base_url. */
void conf_fingerprint(const struct conf_system *s, char out[65]);

void conf_free(struct conf *c);

#endif
