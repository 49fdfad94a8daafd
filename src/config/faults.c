#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#include "base/mem.h"

/* More than that helps nobody; the rest is said in one line. */
enum { MAX_FAULTS = 200, MAX_TEXT = 600 };

struct fault {
    size_t file; /* index in files */
    int line, column;
    char *text; /* owned */
};

struct faults {
    struct fault items[MAX_FAULTS + 1];
    size_t n;
    char **files; /* owned; in the order in which they were first at fault */
    size_t n_files;
};

struct faults *
faults_new(void)
{
    return mem_alloc(sizeof(struct faults));
}

void
faults_free(struct faults *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        free(f->items[i].text);
    for (size_t i = 0; i < f->n_files; i++)
        free(f->files[i]);
    free(f->files);
    free(f);
}

static size_t
file_index(struct faults *f, const char *file)
{
    for (size_t i = 0; i < f->n_files; i++) {
        if (strcmp(f->files[i], file) == 0)
            return i;
    }
    f->files = mem_resize(f->files, f->n_files + 1, sizeof *f->files);
    f->files[f->n_files] = mem_text(file);
    return f->n_files++;
}

void
faults_name(struct faults *f, const char *file)
{
    file_index(f, file);
}

static int
compare(const struct fault *a, const struct fault *b)
{
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return 0;
}

/* One fault is one line, whatever stands in the file. */
static void
add_escaped(struct buf *b, const char *text)
{
    for (; *text != '\0' && b->len < MAX_TEXT; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f)
            buf_printf(b, "\\x%02x", c);
        else
            buf_char(b, *text);
    }
    if (*text != '\0')
        buf_text(b, "...");
}

/* A file that two systems use is checked twice, its faults are told once. */
static bool
is_known(const struct faults *f, const struct fault *one)
{
    for (size_t i = 0; i < f->n; i++) {
        if (compare(&f->items[i], one) == 0 && strcmp(f->items[i].text, one->text) == 0)
            return true;
    }
    return false;
}

static void
insert(struct faults *f, struct fault one)
{
    size_t i = f->n;

    while (i > 0 && compare(&f->items[i - 1], &one) > 0)
        i--;
    memmove(&f->items[i + 1], &f->items[i], (f->n - i) * sizeof one);
    f->items[i] = one;
    f->n++;
}

void
faults_add(struct faults *f, const char *file, const struct yaml *at, const char *fmt, ...)
{
    struct fault one = {0};
    CLEANUP_BUF struct buf text = BUF_INIT;
    CLEANUP_BUF struct buf line = BUF_INIT;
    va_list ap;

    if (f->n > MAX_FAULTS)
        return;
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    if (at != NULL) {
        one.line = at->line;
        one.column = at->column;
    }
    if (f->n == MAX_FAULTS) {
        one.file = (size_t)-1;
        buf_printf(&line, "%s: more than %d faults, the rest are not shown", file, MAX_FAULTS);
    } else {
        one.file = file_index(f, file);
        add_escaped(&line, file);
        if (at != NULL)
            buf_printf(&line, ":%d:%d", at->line, at->column);
        buf_text(&line, ": ");
        add_escaped(&line, buf_get(&text));
    }
    one.text = buf_take(&line);
    if (is_known(f, &one))
        free(one.text);
    else
        insert(f, one);
}

size_t
faults_count(const struct faults *f)
{
    return f->n;
}

const char *
faults_get(const struct faults *f, size_t i)
{
    return i < f->n ? f->items[i].text : NULL;
}
