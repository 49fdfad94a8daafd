#ifndef JSON_INTERNAL_H
#define JSON_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/val.h"

/*
 * The one rule for what valid JSON is: a tokenizer that checks everything (RFC 8259 grammar, UTF-8
 * as Unicode table 3-7 has it, no lone surrogate escapes, depth, no duplicate members, no U+0000 in
 * names). val.c builds a tree of its tokens, scan.c only looks where they are; so both accept the
 * same texts. No memory is allocated before an object path holds more than LEX_FEW names.
 */
enum lex_kind {
    LEX_BAD, /* lex_error tells */
    LEX_END,
    LEX_NULL,
    LEX_FALSE,
    LEX_TRUE,
    LEX_NUMBER,
    LEX_STRING,
    LEX_ARRAY,  /* [ */
    LEX_OBJECT, /* { */
    LEX_NAME,   /* a member's name and its colon */
    LEX_CLOSE   /* ] or } */
};

enum { LEX_FEW = 128 };

/* A name of an object that is still open. */
struct lex_name {
    uint64_t key;     /* its first eight decoded bytes */
    const char *text; /* borrowed from the input */
    size_t len;
    bool escaped;
};

struct lex_frame {
    size_t first;     /* index of its first name */
    uint64_t seen[4]; /* a bit for each name: where it is not set, the name is new */
    bool object;
};

struct lex {
    const char *start, *p, *end;
    int want; /* private: what may come next */

    /* The last token: raw bytes from `at` to `p`; `text` is the inside of a string or a number. */
    const char *at;
    const char *text;
    size_t len;
    bool escaped; /* text has backslashes */
    bool nul;     /* text has \u0000 */

    const char *bad; /* where and why it is not JSON */
    const char *why;

    size_t depth;
    struct lex_frame frames[VAL_MAX_DEPTH];
    struct lex_name *names; /* few, or owned */
    size_t n_names;
    size_t cap;
    struct lex_name few[LEX_FEW];
};

/* TEXT is borrowed until lex_release. */
void lex_init(struct lex *l, const char *text, size_t len);
enum lex_kind lex_next(struct lex *l);
/* Makes the name token just read the reason of LEX_BAD: a duplicate. */
enum lex_kind lex_duplicate(struct lex *l);
/*
 * The short way for lines as programs write them: the first character of the next name, where
 * nothing but a comma stands before it; NULL: only lex_next can tell what comes.
 */
const char *lex_peek_name(const struct lex *l);
/*
 * Takes the member at AT, lex_peek_name's, if its name is NAME (LEN bytes, plain) and its value a
 * number or a string without escapes or bytes above 0x7f: the token is its value. False: nothing
 * was taken, and lex_next is to be asked. The name is not noted: that it comes once is up to the
 * caller.
 */
bool lex_take_member(struct lex *l, const char *at, const char *name, size_t len);
/* After LEX_BAD: fills ERR, returns -1. */
int lex_error(const struct lex *l, struct err *err);
void lex_release(struct lex *l);

/* Is the string token TEXT, decoded, equal to the plain bytes WANT? */
bool lex_text_is(const char *text, size_t len, bool escaped, const char *want, size_t want_len);

/* Order of two insides of valid strings by their decoded bytes. */
int lex_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/*
 * Decode the inside of a valid string. OUT has room for LEN bytes (escapes are never shorter than
 * what they stand for). Returns the decoded length; no NUL is added.
 */
size_t lex_decode(const char *text, size_t len, char *out);

/* The same, but stops after SIZE bytes; no NUL is added. Returns how many there are. */
size_t lex_decode_some(const char *text, size_t len, char *out, size_t size);

/* The end of the JSON number at P, or NULL if there is none. */
const char *lex_number(const char *p, const char *end);

/* The end of the UTF-8 sequence (2-4 bytes) at P, or NULL if it is not well-formed. */
const char *lex_utf8(const char *p, const char *end);

#endif
