#ifndef CONFIG_DEFINITION_H
#define CONFIG_DEFINITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "config/auth.h"
#include "config/endpoint.h"
#include "config/limit.h"
#include "config/model.h"
#include "config/webhook.h"
#include "config/yaml.h"

/*
 * A provider definition (contract/provider.yaml) as checked structs: the data file that describes a
 * kind of API. No provider name stands in C. Texts may hold placeholders: {id} {external_id}
 * {account} {base_url} {since} {until} {cursor} {size} {idempotency_key} {etag}, and in find {key}
 * (last part of the field's path there) and {value}. Process lifetime.
 */

/* How a system stores what it is sent; for comparing only (DESIGN.md section 6). */
enum stores_rule {
    STORES_TRIM,       /* white space at both ends goes */
    STORES_LOWER,      /* lower case */
    STORES_DIGITS,     /* digits only */
    STORES_EMPTY_NULL, /* "" and null are one */
    STORES_TEXT,       /* every value becomes text: 1 and "1", true and "true" */
    STORES_BOOL_INT,   /* true 1, false 0 */
    STORES_SECONDS,    /* times cut to whole seconds */
    STORES_MINUTES,    /* times cut to whole minutes */
    STORES_COLLAPSE,   /* white space at both ends goes, in between it becomes one space */
    STORES_HTML,       /* text as HTML shows it: tags go, entities are what they stand for */
    STORES_TRUNCATE    /* cut to n characters: truncate(n) */
};

struct stores {
    enum stores_rule rule;
    long n; /* TRUNCATE */
};

/* A value in a list of {"id": KEY, "value": VALUE}. */
struct pair {
    char *list;  /* path of the list */
    char *name;  /* the member of an item that names it ... */
    char *value; /* ... and the one with the value */
    char *key;
    bool key_is_number; /* as it is sent */
};

/* One field of the unified schema and where it stands in the provider's record (a dotted path,
 * used both ways). */
struct field_map {
    const struct model_field *field; /* borrowed from the model */
    char *path;                      /* of a pair: LIST.KEY, for people */
    struct pair *pair;               /* NULL: it stands at PATH */
    struct stores *stores;
    size_t n_stores;
    bool read_only; /* never sent */
};

enum watermark_kind {
    WATERMARK_ISO8601,
    WATERMARK_UNIX_S,
    WATERMARK_UNIX_MS,
    WATERMARK_HTTP_DATE, /* IMF-fixdate, RFC 9110 5.6.7 */
    WATERMARK_FORMAT     /* local time of `zone` by `format` */
};
enum page_kind {
    PAGE_NONE,
    PAGE_CURSOR,
    PAGE_OFFSET,
    PAGE_NUMBER,
    PAGE_NEXT_URL,
    PAGE_LINK,   /* the URL stands in the Link header (RFC 8288), rel=next */
    PAGE_LAST_ID /* the id of the last row is the cursor */
};

struct listing {
    struct endpoint call;
    bool has_watermark; /* without one each run lists everything */
    enum watermark_kind watermark;
    char *format; /* of strftime, and of strptime; NULL */
    char *zone;   /* its zone, "UTC" */
    char *at;     /* path of a row's time of change; NULL: its version, where that is a timestamp */
    int64_t granularity_ms; /* times are told apart by so much */
    bool exclusive;         /* the listing begins behind {since}, not at it */
    int64_t overlap_ms;
    int64_t settle_ms;
    long max_rows;     /* 0 = no limit of the provider */
    char *tie_breaker; /* path, or NULL */
    enum page_kind page;
    char *page_from;  /* CURSOR, NEXT_URL: path of the next one in the answer */
    char *more;       /* path of a truth value: is there another page? NULL: nothing says so */
    bool more_is_end; /* it says that this was the last one */
    char *page_to;    /* "query.NAME" or "body.PATH"; NULL if {cursor} stands in the call */
    long size;        /* records a page */
    char *total;      /* path of the number of rows of the whole listing; NULL: not said */
    bool partial;     /* rows lack fields that get shows */
};

enum version_kind { VERSION_NONE, VERSION_ETAG, VERSION_SEQUENCE, VERSION_TIMESTAMP };

struct resource_def {
    char *resource;                /* "crm/contacts" */
    const struct model *model;     /* owned by the definition's set of models */
    char *id;                      /* path */
    char *external_id;             /* path, or NULL */
    struct pair *external_id_pair; /* NULL: it stands there */
    char *version;                 /* path, or NULL */
    enum version_kind version_kind;
    int64_t version_granularity_ms;
    struct field_map *fields;
    size_t n_fields;
    struct endpoint get, find, update, delete;
    struct endpoint create; /* or `upsert`, then create.upsert says so */
    struct listing list;
    char *map_hash; /* hex digest of id, external_id, version, fields with paths and stores */
};

struct identity {
    struct endpoint call; /* present: asks whose account the credentials open */
    char *id;             /* path of the account id in the answer */
};

struct definition {
    char *name;
    char *file;
    char *base_url;      /* NULL: the config must give it */
    unsigned auth_kinds; /* bit (1 << enum auth_kind) */
    struct token_def token;
    struct limit_rule *limits;
    size_t n_limits;
    struct limit_budget *budgets;
    size_t n_budgets;
    struct identity identity;
    struct webhook_def webhook;
    struct resource_def *resources;
    size_t n_resources;
    struct model **models; /* owned; models[i] is that of resources[i] */
    struct arena *arena;   /* owned: all of it */
};

/*
 * Loads PROVIDER: a path (has a slash or ends in .yaml; relative to DIR) or a name, sought in
 * DIR/providers, $LOOPLESS_PROVIDERS, PROVIDERDIR. Models are loaded as model_load says. NULL and
 * faults if anything is wrong.
 */
struct definition *definition_load(const char *provider, const char *dir, struct faults *f);
const struct resource_def *definition_resource(const struct definition *d, const char *resource);
const struct field_map *resource_field(const struct resource_def *r, const char *field);
void definition_free(struct definition *d);

#endif
