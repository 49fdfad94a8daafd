#ifndef CONFIG_WEBHOOK_H
#define CONFIG_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a definition says of the requests a provider sends us: verify, challenge, ack,
 * on_bad_signature and event (loopless-definition(5)), as checked structs. Process lifetime.
 */

/*
 * Where something stands in a captured request: headers.NAME (lower case here), query.NAME, method,
 * path, envelope.PATH (the whole body) or body.PATH (the item after `split`); a path that begins
 * with none of these words stands in the body.
 */
enum spot_root { SPOT_BODY, SPOT_ENVELOPE, SPOT_HEADER, SPOT_QUERY, SPOT_METHOD, SPOT_PATH };

struct spot {
    bool present;
    enum spot_root root;
    char *path; /* BODY, ENVELOPE: dotted path, "" = whole; HEADER, QUERY: a name; else NULL */
};

enum time_unit {
    TIME_ANY, /* text is RFC 3339, a number seconds or ms, whichever makes sense */
    TIME_S,
    TIME_MS,
    TIME_ISO8601
};

/* A template of what is signed. */
enum sign_part_kind {
    SIGN_LITERAL,
    SIGN_BODY,
    SIGN_TIMESTAMP,
    SIGN_ID,
    SIGN_METHOD,
    SIGN_URL,
    SIGN_HEADER
};
struct sign_part {
    enum sign_part_kind kind;
    char *text; /* LITERAL; HEADER: its name, lower case */
};

enum verify_kind { VERIFY_NONE, VERIFY_EQUALS, VERIFY_BASIC, VERIFY_BEARER, VERIFY_MAC };
enum parse_kind {
    PARSE_RAW,    /* the header is the signature */
    PARSE_PREFIX, /* "sha256=SIG" */
    PARSE_KV,     /* "t=TIME,v1=SIG,v1=SIG": any v1, other keys ignored */
    PARSE_LIST    /* "v1,SIG v1,SIG v2,SIG": any v1, other versions ignored */
};
enum sign_encoding { ENCODING_HEX, ENCODING_BASE64 };
enum key_kind { KEY_TEXT, KEY_BASE64, KEY_HEX };

struct verify_rule {
    enum verify_kind kind;
    char *header; /* lower case; EQUALS, MAC */

    /* MAC only (hmac-sha256) */
    enum sign_encoding encoding;
    enum parse_kind parse;
    char *prefix;       /* PREFIX */
    char *signature;    /* KV: its key; LIST: the version */
    char *kv_timestamp; /* KV: key of the timestamp, or NULL */
    struct sign_part *parts;
    size_t n_parts;
    bool signs_url;
    char *url_decode;       /* characters whose escapes are decoded in {url}, or NULL */
    char *id_header;        /* of {id}, or NULL */
    char *timestamp_header; /* of {timestamp}; NULL: kv, or none */
    bool timed;             /* there is a timestamp */
    enum time_unit unit;
    int64_t max_age_ms;   /* -1: no limit; exactly so old passes */
    int64_t max_ahead_ms; /* -1: no limit */
    enum key_kind key;
    char *key_prefix; /* taken off a secret that has it, or NULL */
};

struct challenge_rule {
    char *method;     /* NULL: any */
    struct spot when; /* must be there; HEADER, QUERY or ENVELOPE */
    char *equals;     /* and be this; NULL: anything */
    bool is_signed;   /* the request must pass verify first */
    int status;
    char *content_type;
    char *body;        /* {token} stands for the token */
    struct spot token; /* HEADER, QUERY or ENVELOPE */
};

struct webhook_answer {
    int status;
    char *content_type; /* NULL: no body */
    char *body;
};

struct word_row {
    char *word;
    char *unified; /* NULL: such an item maps to nothing */
};

/* A word: literal, or looked up by what stands at a place. */
struct word_rule {
    bool present;
    char *literal;
    struct spot at;
    struct word_row *rows;
    size_t n_rows;
    bool has_table;  /* false: what stands there is the word */
    char *otherwise; /* NULL: maps to nothing */
};

enum payload_kind { PAYLOAD_SKINNY, PAYLOAD_FULL, PAYLOAD_PARTIAL };
enum actor_strength { STRENGTH_NONE, STRENGTH_CLASS, STRENGTH_ACTOR, STRENGTH_WRITE };

struct event_map {
    bool present;
    char *split; /* NULL: the body is one item; "": the body is the array; else its path */
    struct spot account;
    struct spot *id;
    size_t n_id;
    bool id_per_item; /* one of them stands in the item */

    struct word_rule resource, event_type;
    struct spot raw_event_type, record_id, version, changed, record;
    struct spot merged_into; /* of merges: the record that record_id is part of now */
    struct spot occurred_at;
    enum time_unit occurred_unit;
    struct spot partial; /* true there: only some fields */
    bool partial_always;

    struct spot actor_id, write_id;
    struct word_rule actor_class; /* human, sync_engine, api_client */
    enum actor_strength strength;
    enum payload_kind payload;
};

struct webhook_def {
    struct verify_rule *verify;
    size_t n_verify; /* 0: no webhooks; `none` stands alone */
    struct challenge_rule *challenges;
    size_t n_challenges;
    struct webhook_answer ack; /* status 200 by default */
    int bad_signature_status;  /* 401 by default */
    struct event_map event;
};

#endif
