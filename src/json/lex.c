#include <config.h>

#include "json/internal.h"
#include "base/mem.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { WANT_VALUE, WANT_FIRST_ITEM, WANT_FIRST_NAME, WANT_SEPARATOR };

/* Objects with up to so many members are checked for duplicates name by name, others by sorting. */
enum { LINEAR_MAX = 64 };

void
lex_init(struct lex *l, const char *text, size_t len)
{
    /* Not the whole struct is set: the tables are large, and entries are set before they are read.
     */
    l->start = l->p = l->at = l->text = text;
    l->end = text + len;
    l->want = WANT_VALUE;
    l->len = 0;
    l->escaped = l->nul = false;
    l->bad = l->why = NULL;
    l->depth = 0;
    l->names = l->few;
    l->n_names = 0;
    l->cap = LEX_FEW;
}

void
lex_release(struct lex *l)
{
    if (l->names != l->few)
        free(l->names);
    l->names = l->few;
}

static enum lex_kind
fail(struct lex *l, const char *where, const char *why)
{
    l->bad = where;
    l->why = why;
    return LEX_BAD;
}

int
lex_error(const struct lex *l, struct err *err)
{
    return err_set(err, ERR_RECORD, ERR_NEVER, "bad-json", "%s at byte %zu", l->why,
                   (size_t)(l->bad - l->start) + 1);
}

static inline void
skip_space(struct lex *l)
{
    const uint64_t spaces = 1ull << ' ' | 1ull << '\n' | 1ull << '\r' | 1ull << '\t';

    while (l->p < l->end && (unsigned char)*l->p <= ' ' && (spaces >> *l->p & 1) != 0)
        l->p++;
}

/* Eight bytes, the first one lowest. */
static uint64_t
load(const char *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return le64toh(w);
}

/* Behind the bytes at P that mean nothing special in a string: many at a time, then one by one. */
static const char *
plain_run(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;

#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hits =
            _mm_or_si128(_mm_cmplt_epi8(w, _mm_set1_epi8(0x20)), /* signed: 0x80 up too */
                         _mm_or_si128(_mm_cmpeq_epi8(w, _mm_set1_epi8('"')),
                                      _mm_cmpeq_epi8(w, _mm_set1_epi8('\\'))));
        int mask = _mm_movemask_epi8(hits);

        if (mask != 0)
            return p + __builtin_ctz((unsigned)mask);
    }
#endif
    for (; end - p >= 8; p += 8) {
        uint64_t w = load(p), quote = w ^ ones * '"', slash = w ^ ones * '\\';
        uint64_t hits = ((w - ones * 0x20) | (quote - ones) | (slash - ones) | w) & highs;

        /* The lowest hit is a true one: only those above it can come from a borrow. */
        if (hits != 0)
            return p + __builtin_ctzll(hits) / 8;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\\')
        p++;
    return p;
}

/* The value of the \uXXXX at P, -1 if it is none. */
static int
unit(const char *p, const char *end)
{
    int u = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int c = (unsigned char)p[i], low = c | 0x20;

        if (c >= '0' && c <= '9')
            u = u << 4 | (c - '0');
        else if (low >= 'a' && low <= 'f')
            u = u << 4 | (low - 'a' + 10);
        else
            return -1;
    }
    return u;
}

/* Behind the escape at P, NULL if it is wrong. */
static const char *
escape(struct lex *l, const char *p)
{
    int u;

    l->escaped = true;
    if (l->end - p < 2) {
        fail(l, p, "string without end");
        return NULL;
    }
    if (p[1] != 'u') {
        if (p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL)
            return p + 2;
        fail(l, p, "unknown escape");
        return NULL;
    }
    u = unit(p, l->end);
    if (u < 0) {
        fail(l, p, "bad \\u escape");
        return NULL;
    }
    if (u < 0xd800 || u > 0xdfff) {
        l->nul |= u == 0;
        return p + 6;
    }
    if (u < 0xdc00) {
        int second = unit(p + 6, l->end);

        if (second >= 0xdc00 && second <= 0xdfff)
            return p + 12;
    }
    fail(l, p, "lone surrogate");
    return NULL;
}

/* The string whose opening quote is at p: its inside becomes the token's text. */
static bool
string(struct lex *l)
{
    const char *p = l->p + 1;

    l->text = p;
    l->escaped = l->nul = false;
    for (;;) {
        p = plain_run(p, l->end);
        if (p == l->end)
            return fail(l, l->p, "string without end") != LEX_BAD;
        if (*p == '"')
            break;
        if (*p == '\\') {
            p = escape(l, p);
            if (p == NULL)
                return false;
        } else if ((unsigned char)*p < 0x20) {
            return fail(l, p, "control character in a string") != LEX_BAD;
        } else {
            const char *next = lex_utf8(p, l->end);

            if (next == NULL)
                return fail(l, p, "bad UTF-8") != LEX_BAD;
            p = next;
        }
    }
    l->len = (size_t)(p - l->text);
    l->p = p + 1;
    return true;
}

/* Any order of names with one key, by what they mean. */
static int
order(const struct lex_name *a, const struct lex_name *b)
{
    int c;

    if (a->escaped || b->escaped)
        return lex_compare(a->text, a->len, b->text, b->len);
    c = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

/* For qsort: of equal names the one that came first is first. */
static int
compare_names(const void *x, const void *y)
{
    const struct lex_name *a = x, *b = y;
    int c = a->key != b->key ? (a->key < b->key ? -1 : 1) : order(a, b);

    return c != 0 ? c : (a->text > b->text) - (a->text < b->text);
}

static bool
duplicate(struct lex *l, const struct lex_name *name)
{
    return fail(l, name->text - 1, "duplicate member") != LEX_BAD;
}

enum lex_kind
lex_duplicate(struct lex *l)
{
    return fail(l, l->at, "duplicate member");
}

/* The first eight decoded bytes of the name just read. */
static uint64_t
name_key(const struct lex *l)
{
    char head[8] = "";
    uint64_t key;

    if (l->escaped) {
        lex_decode_some(l->text, l->len, head, sizeof head);
        return load(head);
    }
    if (l->end - l->text < 8) {
        memcpy(head, l->text, l->len);
        return load(head);
    }
    key = load(l->text);
    return l->len < 8 ? key & (((uint64_t)1 << 8 * l->len) - 1) : key;
}

/* Notes the name just read for the innermost object; false if it has it already. */
static bool
add_name(struct lex *l)
{
    struct lex_frame *frame = &l->frames[l->depth - 1];
    struct lex_name *name;
    uint64_t *seen, bit;
    unsigned hash;

    if (l->n_names == l->cap) {
        struct lex_name *more = l->names == l->few ? NULL : l->names;

        more = mem_resize(more, l->cap * 2, sizeof *more);
        if (l->names == l->few)
            memcpy(more, l->few, sizeof l->few);
        l->names = more;
        l->cap *= 2;
    }
    name = &l->names[l->n_names++];
    name->text = l->text;
    name->len = l->len;
    name->escaped = l->escaped;
    name->key = name_key(l);
    hash = (unsigned)(name->key * UINT64_C(0x9e3779b97f4a7c15) >> 56);
    seen = &frame->seen[hash / 64];
    bit = (uint64_t)1 << hash % 64;
    if ((*seen & bit) != 0 && l->n_names - frame->first <= LINEAR_MAX)
        for (size_t i = frame->first; i + 1 < l->n_names; i++)
            if (l->names[i].key == name->key && order(&l->names[i], name) == 0)
                return duplicate(l, name);
    *seen |= bit;
    return true;
}

/* The innermost object ends: the check that add_name left out for large ones. */
static bool
drop_names(struct lex *l, size_t first)
{
    struct lex_name *names = l->names + first;
    size_t n = l->n_names - first;

    l->n_names = first;
    if (n <= LINEAR_MAX)
        return true;
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n; i++)
        if (names[i - 1].key == names[i].key && order(&names[i - 1], &names[i]) == 0)
            return duplicate(l, &names[i]);
    return true;
}

static enum lex_kind
open_nested(struct lex *l, bool object)
{
    if (l->depth == VAL_MAX_DEPTH)
        return fail(l, l->p, "nested too deep");
    l->frames[l->depth] = (struct lex_frame){.first = l->n_names, .object = object};
    l->depth++;
    l->p++;
    l->want = object ? WANT_FIRST_NAME : WANT_FIRST_ITEM;
    return object ? LEX_OBJECT : LEX_ARRAY;
}

static enum lex_kind
close_nested(struct lex *l)
{
    const struct lex_frame *frame = &l->frames[l->depth - 1];

    if (frame->object && !drop_names(l, frame->first))
        return LEX_BAD;
    l->depth--;
    l->p++;
    l->want = WANT_SEPARATOR;
    return LEX_CLOSE;
}

static enum lex_kind
literal(struct lex *l, const char *word, size_t len, enum lex_kind kind)
{
    if ((size_t)(l->end - l->p) < len || memcmp(l->p, word, len) != 0)
        return fail(l, l->p, "no JSON value");
    l->p += len;
    return kind;
}

static enum lex_kind
number(struct lex *l)
{
    const char *next = lex_number(l->p, l->end);

    if (next == NULL)
        return fail(l, l->p, "bad number");
    l->text = l->p;
    l->len = (size_t)(next - l->p);
    l->p = next;
    return LEX_NUMBER;
}

static enum lex_kind
value(struct lex *l)
{
    if (l->p == l->end)
        return fail(l, l->p, l->depth == 0 ? "no JSON value" : "unfinished JSON");
    l->at = l->p;
    l->want = WANT_SEPARATOR;
    switch (*l->p) {
    case '"':
        return string(l) ? LEX_STRING : LEX_BAD;
    case '{':
        return open_nested(l, true);
    case '[':
        return open_nested(l, false);
    case 't':
        return literal(l, "true", 4, LEX_TRUE);
    case 'f':
        return literal(l, "false", 5, LEX_FALSE);
    case 'n':
        return literal(l, "null", 4, LEX_NULL);
    case '-':
    case '0' ... '9':
        return number(l);
    default:
        return fail(l, l->p, "no JSON value");
    }
}

static enum lex_kind
name(struct lex *l)
{
    if (l->p == l->end)
        return fail(l, l->p, "unfinished JSON");
    if (*l->p != '"')
        return fail(l, l->p, "no member name");
    l->at = l->p;
    if (!string(l))
        return LEX_BAD;
    if (l->nul)
        return fail(l, l->at, "U+0000 in a member name");
    if (!add_name(l))
        return LEX_BAD;
    skip_space(l);
    if (l->p == l->end || *l->p != ':')
        return fail(l, l->p, "no colon after a member name");
    l->p++;
    l->want = WANT_VALUE;
    return LEX_NAME;
}

/* Behind a value: the end, a closing bracket, or a comma (then it stands behind that). */
static enum lex_kind
separator(struct lex *l)
{
    bool object;

    if (l->depth == 0)
        return l->p == l->end ? LEX_END : fail(l, l->p, "text after the JSON value");
    if (l->p == l->end)
        return fail(l, l->p, "unfinished JSON");
    object = l->frames[l->depth - 1].object;
    if (*l->p == (object ? '}' : ']'))
        return close_nested(l);
    if (*l->p != ',')
        return fail(l, l->p,
                    object ? "no comma or } after a member" : "no comma or ] after an item");
    l->p++;
    skip_space(l);
    return object ? name(l) : value(l);
}

enum lex_kind
lex_next(struct lex *l)
{
    skip_space(l);
    switch (l->want) {
    case WANT_SEPARATOR:
        return separator(l);
    case WANT_FIRST_ITEM:
        return l->p < l->end && *l->p == ']' ? close_nested(l) : value(l);
    case WANT_FIRST_NAME:
        return l->p < l->end && *l->p == '}' ? close_nested(l) : name(l);
    default:
        return value(l);
    }
}

const char *
lex_peek_name(const struct lex *l)
{
    const char *p = l->p;

    if (l->want != WANT_FIRST_NAME) {
        if (l->want != WANT_SEPARATOR || l->depth == 0 || !l->frames[l->depth - 1].object ||
            p == l->end || *p != ',')
            return NULL;
        p++;
    }
    return l->end - p > 1 && *p == '"' ? p + 1 : NULL;
}

bool
lex_take_member(struct lex *l, const char *at, const char *name, size_t len)
{
    const char *p = at + len + 2;
    const char *end;

    if ((size_t)(l->end - at) < len + 3 || at[len] != '"' || at[len + 1] != ':' ||
        memcmp(at, name, len) != 0)
        return false;
    if (*p == '"') {
        end = plain_run(p + 1, l->end);
        if (end == l->end || *end != '"')
            return false;
        l->text = p + 1;
        l->len = (size_t)(end++ - l->text);
    } else {
        end = *p == '-' || (*p >= '0' && *p <= '9') ? lex_number(p, l->end) : NULL;
        if (end == NULL)
            return false;
        l->text = p;
        l->len = (size_t)(end - p);
    }
    l->escaped = l->nul = false;
    l->at = p;
    l->p = end;
    l->want = WANT_SEPARATOR;
    return true;
}
