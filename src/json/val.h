#ifndef JSON_VAL_H
#define JSON_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * JSON values of records: a tree in an arena. Numbers keep the text they came with, so a 64-bit id,
 * 0.1 and 1.10 leave as they came (jansson keeps int64_t and double only). Values are not changed
 * once they are shared; objects and arrays under construction grow by val_set and val_push.
 * Lifetime: the arena's. Where a NULL value is accepted it means "absent".
 */
enum val_kind { VAL_NULL, VAL_FALSE, VAL_TRUE, VAL_NUMBER, VAL_STRING, VAL_ARRAY, VAL_OBJECT };

struct val_member;

struct val {
    enum val_kind kind;
    uint32_t cap; /* private: room in items or members */
    size_t n;     /* bytes of text, items or members */
    union {
        const char *text;           /* NUMBER: as written; STRING: decoded UTF-8. NUL follows */
        struct val **items;         /* ARRAY */
        struct val_member *members; /* OBJECT: in the order they came */
    } u;
};

struct val_member {
    const char *name; /* decoded, NUL follows; a name with U+0000 in it is refused */
    struct val *value;
};

/* Limits of what comes from outside. */
enum { VAL_MAX_DEPTH = 512 };

/*
 * Parse one JSON text (white space around it is fine). Whole validation: RFC 8259, UTF-8 without
 * surrogates, no duplicate members, no lone surrogate escapes, depth <= VAL_MAX_DEPTH. NULL and
 * err "bad-json" (RECORD, with "at byte N", counted from 1) if it is not.
 */
struct val *val_parse(struct arena *a, const char *text, size_t len, struct err *err);

/* Constructors. Texts are copied into the arena. */
struct val *val_null(struct arena *a);
struct val *val_bool(struct arena *a, bool b);
struct val *val_int(struct arena *a, int64_t i);
struct val *val_real(struct arena *a, double d);           /* finite; shortest text */
struct val *val_number(struct arena *a, const char *text); /* TEXT is a JSON number */
struct val *val_string(struct arena *a, const char *text);
struct val *val_nstring(struct arena *a, const char *bytes, size_t len);
struct val *val_array(struct arena *a);
struct val *val_object(struct arena *a);
struct val *val_copy(struct arena *a, const struct val *v); /* deep; NULL gives NULL */

void val_push(struct arena *a, struct val *array, struct val *item);
/* Sets or replaces member NAME; VALUE NULL removes it. */
void val_set(struct arena *a, struct val *object, const char *name, struct val *value);

/* Member NAME of V, NULL if V is NULL, no object, or has none. */
struct val *val_get(const struct val *v, const char *name);
struct val *val_nget(const struct val *v, const char *name, size_t len);

/* What is at a dotted path ("properties.email", "items.0.id"); NULL if there is nothing. */
struct val *val_path(const struct val *v, const char *path);

/* The text of a string (NULL if V is not one). A string may hold U+0000: then it is longer (n). */
const char *val_text(const struct val *v);
/* Member NAME as text, NULL if absent or no string. */
const char *val_get_text(const struct val *v, const char *name);
/* An id as text: a string as it is, a number by its text, else (U+0000 in it too) NULL. */
const char *val_id(const struct val *v);
bool val_is_true(const struct val *v);
bool val_is_null(const struct val *v); /* absent or null */
/* A whole number that fits (1.0 and 1e2 are whole); 0 or -1. */
int val_get_int(const struct val *v, int64_t *out);

/* JSON equality: numbers by value (canonical text), objects without order. NULL equals NULL only.
 */
bool val_equal(const struct val *a, const struct val *b);

/* Compact JSON text, members in their order, numbers as they came. */
void val_write(struct buf *out, const struct val *v);
/* Canonical JSON text: members sorted by bytes, numbers shortest (number.h). For state and hashes.
 */
void val_canon(struct buf *out, const struct val *v);
/* The same into the arena. */
const char *val_write_text(struct arena *a, const struct val *v);
const char *val_canon_text(struct arena *a, const struct val *v);

/* Bytes from outside that are to be a text: where they are no UTF-8 (counted from 1); 0: nowhere.
 */
size_t val_bad_byte(const char *bytes, size_t len);

/* "text" with quotes and escapes, as JSON; control characters escaped, the rest as UTF-8. */
void val_write_string(struct buf *out, const char *bytes, size_t len);

#endif
