#include <config.h>

#include "sync/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Text as HTML shows it, in one pass: what is read is pushed on the output, and as soon as the
 * output ends in a whole entity or tag, that is taken back. So what is left holds neither, whatever
 * is nested in what ("&amp;lt;", "<<b>b>"): showing it again changes nothing.
 */
struct shown {
    char *text;
    size_t len;
    size_t *open; /* where in TEXT each '<' stands that has not ended */
    size_t n_open;
};

enum { LONGEST_ENTITY = 10 }; /* "&#x10FFFF;" */

/* What stands alone on its lines parts words, the other tags do not. */
static bool
parts_words(const char *name, size_t len)
{
    static const char *const names[] = {"br", "p",  "div",   "li",         "ul", "ol", "tr",
                                        "td", "th", "h1",    "h2",         "h3", "h4", "h5",
                                        "h6", "hr", "table", "blockquote", "pre"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
            return true;
    return false;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The output ends in '>': goes back to the '<' if that makes a tag or a comment. True if a space is
 * to take its place. */
static bool
end_tag(struct shown *s)
{
    const char *tag = s->text + s->open[s->n_open - 1] + 1;
    size_t len = (size_t)(s->text + s->len - 1 - tag), name = 0;

    if (len >= 3 && strncmp(tag, "!--", 3) == 0) {
        if (len < 5 || strncmp(tag + len - 2, "--", 2) != 0)
            return false;
    } else if (len == 0 || (!is_letter(*tag) && memchr("/!?", *tag, 3) == NULL)) {
        return false;
    }
    if (*tag == '/') {
        tag++;
        len--;
    }
    while (name < len && (is_letter(tag[name]) || (tag[name] >= '0' && tag[name] <= '9')))
        name++;
    s->len = s->open[--s->n_open];
    return parts_words(tag, name);
}

static void
add(struct shown *s, unsigned long byte)
{
    s->text[s->len++] = (char)byte;
}

/* One that is not ASCII, as UTF-8. */
static void
add_code_point(struct shown *s, unsigned long c)
{
    if (c < 0x800) {
        add(s, 0xc0 | c >> 6);
    } else if (c < 0x10000) {
        add(s, 0xe0 | c >> 12);
        add(s, 0x80 | (c >> 6 & 0x3f));
    } else {
        add(s, 0xf0 | c >> 18);
        add(s, 0x80 | (c >> 12 & 0x3f));
        add(s, 0x80 | (c >> 6 & 0x3f));
    }
    add(s, 0x80 | (c & 0x3f));
}

/* "#123" or "#x1F"; 0 if it is none that a text may hold. */
static unsigned long
numbered(const char *name, size_t len)
{
    int base = len > 1 && (name[1] == 'x' || name[1] == 'X') ? 16 : 10;
    const char *digits = name + (base == 16 ? 2 : 1);
    size_t n = len - (size_t)(digits - name);
    unsigned long c;

    if (n == 0 || strspn(digits, base == 16 ? "0123456789abcdefABCDEF" : "0123456789") < n)
        return 0;
    c = strtoul(digits, NULL, base);
    return c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : c;
}

static unsigned long
entity(const char *name, size_t len)
{
    static const struct {
        const char *name;
        unsigned long c;
    } named[] = {{"amp", '&'},     {"lt", '<'},       {"gt", '>'},       {"quot", '"'},
                 {"apos", '\''},   {"nbsp", 0xa0},    {"copy", 0xa9},    {"reg", 0xae},
                 {"euro", 0x20ac}, {"ndash", 0x2013}, {"mdash", 0x2014}, {"hellip", 0x2026}};

    if (len > 1 && *name == '#')
        return numbered(name, len);
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strlen(named[i].name) == len && strncmp(named[i].name, name, len) == 0)
            return named[i].c;
    return 0;
}

/* The output ends in ';': if that ends an entity, goes back to its '&' and returns what it stands
 * for; else 0. */
static unsigned long
end_entity(struct shown *s)
{
    size_t from = s->len - 1;
    unsigned long c;

    while (from > 0 && s->len - from < LONGEST_ENTITY && s->text[from - 1] != '&')
        from--;
    if (from == 0 || s->text[from - 1] != '&')
        return 0;
    c = entity(s->text + from, s->len - 1 - from);
    if (c != 0)
        s->len = from - 1;
    return c == 0xa0 ? ' ' : c;
}

/* U+00A0 as it stands is white space, too. */
static bool
ends_in_nbsp(const struct shown *s)
{
    return s->len > 1 && s->text[s->len - 1] == '\xa0' && s->text[s->len - 2] == '\xc2';
}

static void
push(struct shown *s, char byte)
{
    unsigned long c = (unsigned char)byte;

    do {
        if (c == '<')
            s->open[s->n_open++] = s->len;
        add(s, c);
        if (ends_in_nbsp(s))
            s->text[--s->len - 1] = ' ';
        if (c == ';')
            c = end_entity(s);
        else
            c = c == '>' && s->n_open > 0 && end_tag(s) ? ' ' : 0;
    } while (c != 0 && c < 0x80);
    if (c != 0)
        add_code_point(s, c);
}

const struct val *
html_shown(struct arena *a, const struct val *v)
{
    struct shown s = {0};

    if (memchr(v->u.text, '<', v->n) == NULL && memchr(v->u.text, '&', v->n) == NULL &&
        memchr(v->u.text, '\xa0', v->n) == NULL)
        return v;
    s.text = arena_alloc(a, v->n + 1);
    s.open = arena_alloc(a, (v->n + 1) * sizeof *s.open);
    for (size_t i = 0; i < v->n; i++)
        push(&s, v->u.text[i]);
    return val_nstring(a, s.text, s.len);
}
