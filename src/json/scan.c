#include <config.h>

#include "json/scan.h"
#include "json/internal.h"

#include <string.h>

static bool
is_name(const struct lex *l, const char *name)
{
    if (l->escaped)
        return lex_text_is(l->text, l->len, true, name, strlen(name));
    /* Most differ in the first character: no call for those. */
    return name[0] == l->text[0] && strncmp(name, l->text, l->len) == 0 && name[l->len] == '\0';
}

/*
 * The wanted member that the name token is, NULL if it is none. They are sought from *AT on, which
 * is behind it then: where they are wanted in the order they come, it is the next.
 */
static struct scan_member *
wanted(const struct lex *l, struct scan_member *want, size_t n, size_t *at)
{
    for (size_t i = 0; i < n; i++) {
        struct scan_member *m = &want[*at];

        *at = *at + 1 < n ? *at + 1 : 0;
        if (is_name(l, m->name))
            return m;
    }
    return NULL;
}

/* Behind the value whose first token KIND is. */
static bool
skip(struct lex *l, enum lex_kind kind)
{
    size_t depth = l->depth;

    if (kind != LEX_ARRAY && kind != LEX_OBJECT)
        return kind != LEX_BAD;
    while (kind != LEX_BAD && l->depth >= depth)
        kind = lex_next(l);
    return kind != LEX_BAD;
}

static void
found(struct scan_member *m, const struct lex *l, const char *text)
{
    m->text = text;
    m->len = (size_t)(l->p - text);
}

/* Takes the next member if it is a wanted one, plainly written; false: it is to be read by tokens.
 */
static bool
take_plain(struct lex *l, struct scan_member *want, size_t n, size_t *at)
{
    const char *name = lex_peek_name(l);
    size_t next = *at;

    for (size_t i = 0; name != NULL && i < n; i++) {
        struct scan_member *m = &want[next];

        next = next + 1 < n ? next + 1 : 0;
        if (m->name[0] == name[0] && m->text == NULL &&
            lex_take_member(l, name, m->name, strlen(m->name))) {
            found(m, l, l->at);
            *at = next;
            return true;
        }
    }
    return false;
}

static int
scan(struct lex *l, struct scan_member *want, size_t n)
{
    enum lex_kind kind;
    size_t at = 0;

    for (;;) {
        struct scan_member *m;
        const char *text;

        while (take_plain(l, want, n, &at))
            ;
        kind = lex_next(l);
        if (kind != LEX_NAME)
            break;
        m = wanted(l, want, n, &at);
        if (m != NULL && m->text != NULL) {
            lex_duplicate(l);
            return -1;
        }
        kind = lex_next(l);
        text = l->at;
        if (!skip(l, kind))
            return -1;
        if (m != NULL)
            found(m, l, text);
    }
    return kind == LEX_CLOSE && lex_next(l) == LEX_END ? 0 : -1;
}

/* LINE, whose first token is KIND, is no object: is it JSON at all? */
static int
no_object(struct lex *l, enum lex_kind kind, struct err *err)
{
    if (skip(l, kind) && lex_next(l) == LEX_END)
        return err_set(err, ERR_RECORD, ERR_NEVER, "not-object", "not a JSON object");
    return lex_error(l, err);
}

static void
forget(struct scan_member *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        want[i].text = NULL;
        want[i].len = 0;
    }
}

int
scan_object(const char *line, size_t len, struct scan_member *want, size_t n, struct err *err)
{
    struct lex l;
    enum lex_kind kind;
    int rc;

    forget(want, n);
    lex_init(&l, line, len);
    kind = lex_next(&l);
    if (kind != LEX_OBJECT) {
        rc = no_object(&l, kind, err);
    } else if ((rc = scan(&l, want, n)) != 0) {
        forget(want, n);
        lex_error(&l, err);
    }
    lex_release(&l);
    return rc;
}

bool
scan_is_null(const struct scan_member *m)
{
    return m->text == NULL || m->text[0] == 'n';
}

bool
scan_equals(const struct scan_member *m, const char *text)
{
    size_t len = strlen(text);

    return m->text != NULL && m->len == len + 2 && m->text[0] == '"' &&
           memcmp(m->text + 1, text, len) == 0 && memchr(text, '\\', len) == NULL;
}

long long
scan_int(const struct scan_member *m)
{
    long long i = 0;

    if (m->text == NULL)
        return -1;
    for (size_t k = 0; k < m->len; k++) {
        char c = m->text[k];

        if (c < '0' || c > '9' || __builtin_mul_overflow(i, 10, &i) ||
            __builtin_add_overflow(i, c - '0', &i))
            return -1;
    }
    return i;
}

const char *
scan_id(const struct scan_member *m, char *copy)
{
    size_t len = m->len;

    if (scan_is_number(m)) {
        copy[len] = '\0';
        return copy;
    }
    if (m->text == NULL || m->text[0] != '"')
        return NULL;
    if (memchr(m->text, '\\', len) == NULL) {
        copy[len - 1] = '\0';
        return copy + 1;
    }
    len = lex_decode(m->text + 1, len - 2, copy);
    copy[len] = '\0';
    return strlen(copy) == len ? copy : NULL;
}

bool
scan_is_number(const struct scan_member *m)
{
    return m->text != NULL && (m->text[0] == '-' || (m->text[0] >= '0' && m->text[0] <= '9'));
}

int
scan_text(const struct scan_member *m, char *out, size_t size)
{
    size_t len;

    if (m->text == NULL || m->text[0] != '"')
        return -1;
    len = lex_decode_some(m->text + 1, m->len - 2, out, size);
    if (len == size)
        return -1;
    out[len] = '\0';
    return memchr(out, '\0', len) == NULL ? 0 : -1;
}
