#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include <stdarg.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "config/conf.h"

/*
 * Private to src/config: typed reading of YAML maps. Each getter gives the default (or NULL) if the
 * key is absent, and the same plus a fault if its value is wrong, so that a check goes on to the
 * end of the file. All memory is the reader's arena.
 */
struct reader {
    const char *file;
    struct faults *f;
    struct arena *arena;
};

#define FAULT(r, at, ...) faults_add((r)->f, (r)->file, at, __VA_ARGS__)

/* Faults are told file by file, in the order of these calls. */
void faults_name(struct faults *f, const char *file);

/* " (did you mean WORD?)" in the arena, or "" if no word of the list is near. */
const char *read_hint(struct reader *r, const char *word, const char *const *words);
/* The entry of WORDS (NULL-terminated) that is nearest to WORD, NULL if none is near. */
const char *word_nearest(const char *word, const char *const *words);

/* What a plain scalar is by the core schema (YAML 1.2.2, 10.3.2). */
enum yaml_kind yaml_plain_kind(const char *s);
/* What a node is, for messages: "a map", "text". */
const char *yaml_kind_name(const struct yaml *y);

/* The value of KEY; a fault at MAP if it is not there. */
const struct yaml *read_need(struct reader *r, const struct yaml *map, const char *key);
/* A scalar as text (whole numbers too: ids), not empty; NULL. WHAT names it in the fault. */
char *read_scalar(struct reader *r, const struct yaml *y, const char *what);
char *read_text(struct reader *r, const struct yaml *map, const char *key);
char *read_need_text(struct reader *r, const struct yaml *map, const char *key);
bool read_bool(struct reader *r, const struct yaml *map, const char *key, bool otherwise);
long read_count(struct reader *r, const struct yaml *map, const char *key, long otherwise, long min,
                long max);
int64_t read_span(struct reader *r, const struct yaml *map, const char *key, int64_t otherwise);
/* Index in WORDS (NULL-terminated) of the text of KEY. */
int read_word(struct reader *r, const struct yaml *map, const char *key, const char *const *words,
              int otherwise);
/* A map or a list; anything else is a fault. */
const struct yaml *read_map(struct reader *r, const struct yaml *map, const char *key);
const struct yaml *read_list(struct reader *r, const struct yaml *map, const char *key);
char **read_texts(struct reader *r, const struct yaml *map, const char *key, size_t *n);
/* Up to 8 HTTP statuses. */
size_t read_statuses(struct reader *r, const struct yaml *map, const char *key, int out[8]);
/* A setting that is accepted only while it is false or absent. */
void read_not_yet(struct reader *r, const struct yaml *map, const char *key);
/* A dotted path into a record; "$" and "" are the whole, if WHOLE allows that. */
char *read_path(struct reader *r, const struct yaml *y, const char *what, bool whole);
char *read_path_key(struct reader *r, const struct yaml *map, const char *key, bool whole);

/* "resource" names: parts of a-z 0-9 _ - and one or more slashes between. */
bool is_resource_name(const char *s);

/* Whole content of a regular file of at most MAX bytes. PRIVATE: refused if others may read it. */
int file_read(const char *path, size_t max, bool private, struct buf *out, struct err *err);
/* PATH if absolute, else DIR/PATH. Heap. */
char *file_join(const char *dir, const char *path);
/* The folder of PATH, "." if it has none. Heap. */
char *file_dir(const char *path);

/* A part of a fingerprint: its length keeps ("ab", "c") and ("a", "bc") apart. */
void hash_add(struct buf *b, const char *text);

/* Placeholders of templates (definition.h). */
enum placeholder {
    PH_ID,
    PH_EXTERNAL_ID,
    PH_ACCOUNT,
    PH_BASE_URL,
    PH_SINCE,
    PH_UNTIL,
    PH_CURSOR,
    PH_SIZE,
    PH_IDEMPOTENCY_KEY,
    PH_ETAG,
    PH_KEY,
    PH_VALUE,
    PH_JOB,
    PH_COUNT
};
#define PH_BIT(p) (1u << (p))

enum call_kind {
    CALL_GET,
    CALL_FIND,
    CALL_CREATE,
    CALL_UPSERT,
    CALL_UPDATE,
    CALL_DELETE,
    CALL_LIST,
    CALL_BATCH,
    CALL_BATCH_ITEM,
    CALL_POLL,
    CALL_IDENTITY
};

/* precondition.c: `precondition` of an update or delete. */
void precondition_read(struct reader *r, const struct yaml *call, struct precondition *out);
/* What needs a version, against the version of the resource. */
void precondition_check(struct reader *r, const struct yaml *resource,
                        const struct resource_def *def);
/* pair.c: a value in a list of pairs, NULL if Y has no `list`; what is wrong is a fault. */
struct pair *pair_read(struct reader *r, const struct yaml *y);
/* The name by which it is known, as the path of a plain one is. */
char *pair_path(struct reader *r, const struct pair *p);

/* Reads the endpoint Y into OUT; returns the placeholders it uses. BASE_URL may be NULL. */
unsigned endpoint_read(struct reader *r, const struct yaml *y, enum call_kind kind,
                       const char *base_url, struct endpoint *out);
void endpoint_release(struct endpoint *e);
/* A template of its own, NULL if Y is; SAYS_ID: does it use {id}? */
json_t *endpoint_template(struct reader *r, const struct yaml *y, enum call_kind kind,
                          bool *says_id);
/* KEY of Y: what of a good answer is an error. */
void said_error_read(struct reader *r, const struct yaml *y, const char *key,
                     struct said_error *out);
/* `batch` of CALL, a write to DEF, whose ids are read already. */
void batch_read(struct reader *r, const struct yaml *call, const char *base_url,
                const struct resource_def *def, struct endpoint *out);
void batch_release(struct batch *b);
/* The endpoint of a list and what only a list has. */
void listing_read(struct reader *r, const struct yaml *y, const char *base_url,
                  struct listing *out);
/* One resource of a definition, against its model. */
void resource_read(struct reader *r, const struct yaml *y, const char *base_url,
                   struct resource_def *out);

/* `limits` of the definition ROOT, `rate` of the system MAP (limit.h). */
void limits_read(struct reader *r, const struct yaml *root, struct definition *d);
/* status, header and body of WHEN. */
void when_read(struct reader *r, const struct yaml *when, struct limit_when *out);
void rate_read(struct reader *r, const struct yaml *map, struct conf_rate *out);

/* verify, challenge, ack, on_bad_signature and event of the definition ROOT; its resources are read
 * already. */
void webhook_read(struct reader *r, const struct yaml *root, struct definition *d);
void verify_read(struct reader *r, const struct yaml *root, struct webhook_def *out);
void event_map_read(struct reader *r, const struct yaml *root, const struct definition *d,
                    struct event_map *out);
/* A place in a request; WHAT names it in faults. */
struct spot spot_read(struct reader *r, const struct yaml *y, const char *what);
struct spot spot_read_key(struct reader *r, const struct yaml *map, const char *key);
/* TEXT in lower case, in the arena. */
char *read_lower(struct reader *r, const char *text);

/* As the public ones, with the place that asks for it (AT may be NULL), for the fault if there is
 * none. */
struct model *model_load_at(const char *resource, const char *dir, struct reader *r,
                            const struct yaml *at);
struct definition *definition_load_at(const char *provider, const char *dir, struct reader *r,
                                      const struct yaml *at);

/* What auth kinds are called; NULL-terminated, by enum auth_kind. */
extern const char *const auth_names[];
/* `auth` and `token` of the definition ROOT. */
void auth_read_kinds(struct reader *r, const struct yaml *root, struct definition *d);
void token_def_read(struct reader *r, const struct yaml *root, struct token_def *out);
/* The map of texts at KEY; how many. */
size_t auth_read_values(struct reader *r, const struct yaml *map, const char *key,
                        struct auth_value **out);

/* Checks a base URL's form; a fault says what is wrong. HOST of loopback and scheme come back. */
struct base_url {
    bool ok, secure, loopback;
};
struct base_url url_check(struct reader *r, const struct yaml *at, const char *url);
/* The same of KEY, which is named in faults. */
struct base_url url_check_key(struct reader *r, const struct yaml *at, const char *key,
                              const char *url);

/* Parts of a config. C is half made: systems first, then values, sync, jobs. */
struct conf_reader {
    struct reader r;
    struct conf *c;
    bool no_secrets;
};
void conf_read_systems(struct conf_reader *cr, const struct yaml *systems);
/* `auth` of the system Y; its definition and base_url are read. */
void conf_read_auth(struct conf_reader *cr, const struct yaml *y, struct conf_system *s);
/* `webhook` of the system Y; its definition is loaded. */
void conf_read_webhook(struct conf_reader *cr, const struct yaml *y, struct conf_system *s);
/* Two systems on one path must be told apart by account. */
void conf_check_paths(struct conf_reader *cr, const struct yaml *systems);
/* The secret that TEXT refers to, NULL and a fault at AT. With no_secrets only the form is checked
 * and NULL comes back without one. */
char *conf_secret(struct conf_reader *cr, const struct yaml *at, const char *key, const char *text);
void conf_read_values(struct conf_reader *cr, const struct yaml *values);
void conf_read_syncs(struct conf_reader *cr, const struct yaml *syncs);
/* `ref` of all fields, against the syncs they name. */
void conf_check_refs(struct conf_reader *cr, const struct yaml *syncs);
/* `canary` of all systems; syncs are read already. */
void conf_read_canaries(struct conf_reader *cr, const struct yaml *systems);
/* A sync by name, or NULL and a fault with a hint at AT. */
const struct conf_sync *conf_need_sync(struct conf_reader *cr, const struct yaml *at);

/* A sync while it is read: its YAML, and whether its systems are known (else no follow-up faults
 * about them). */
struct sync_reader {
    struct conf_reader *cr;
    struct conf_sync *s;
    const struct yaml *y;
    bool sound;
    struct owner owner; /* of fields that say none */
    bool has_owner;     /* there is such a default */
    bool enforce;       /* fields with an owner that do not say */
};
void sync_read_fields(struct sync_reader *sr);
/* The system that a word of the sync names: known, and one of those it is between. */
const struct conf_system *sync_need_system(struct sync_reader *sr, const struct yaml *at);
const struct model_field *sync_need_field(struct sync_reader *sr, const struct yaml *at);
struct policy sync_read_conflict(struct sync_reader *sr, const struct yaml *map,
                                 struct policy otherwise);
/* conf_sync.map_hash. */
char *sync_map_hash(struct reader *r, const struct conf_sync *s);
/* conf_sync.mapping. */
char *sync_mapping(struct reader *r, const struct conf_sync *s);
void conf_read_jobs(struct conf_reader *cr, const struct yaml *jobs);
void conf_read_limits(struct conf_reader *cr, const struct yaml *root);
/* A system by name, or NULL and a fault with a hint at AT. */
const struct conf_system *conf_need_system(struct conf_reader *cr, const struct yaml *at);
const struct value_table *conf_table(const struct conf *c, const char *name);

#endif
