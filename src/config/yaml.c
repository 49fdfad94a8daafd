#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#include "base/mem.h"

#include <yaml.h>

enum { MAX_FILE = 1 << 20, MAX_DEPTH = 64, MAX_NODES = 100000, MAX_ANCHORS = 1000 };

struct yaml_file {
    struct arena *arena;
    struct yaml *root;
};

/* How large a sub-tree is once its aliases are followed. */
struct extent {
    size_t nodes;
    int height;
};

struct anchor {
    const char *name;
    struct yaml *node;
    struct extent extent;
    struct anchor *next;
};

struct loader {
    yaml_parser_t parser;
    const char *name;
    struct faults *f;
    struct arena *arena;
    struct anchor *anchors;
    size_t n_anchors;
    size_t nodes;
};

/* A fault at a mark of libyaml. Always NULL, for `return`. */
static struct yaml *
fail(struct loader *l, const yaml_mark_t *mark, const char *text)
{
    struct yaml at = {.line = (int)mark->line + 1, .column = (int)mark->column + 1};

    faults_add(l->f, l->name, &at, "%s", text);
    return NULL;
}

static int
next_event(struct loader *l, yaml_event_t *event)
{
    const yaml_parser_t *p = &l->parser;
    CLEANUP_FREE char *text = NULL;

    if (yaml_parser_parse(&l->parser, event))
        return 0;
    if (p->error == YAML_READER_ERROR) {
        faults_add(l->f, l->name, NULL, "not UTF-8 text: %s at byte %zu",
                   p->problem != NULL ? p->problem : "unreadable", p->problem_offset);
        return -1;
    }
    if (p->context != NULL && strncmp(p->context, "while parsing", 13) == 0)
        text = mem_printf("broken YAML: %s (%s from line %zu)", p->problem, p->context,
                          p->context_mark.line + 1);
    else
        text = mem_printf("broken YAML: %s", p->problem != NULL ? p->problem : "cannot be read");
    fail(l, &p->problem_mark, text);
    return -1;
}

static struct yaml *
new_node(struct loader *l, const yaml_mark_t *mark, enum yaml_kind kind)
{
    struct yaml *y;

    if (++l->nodes > MAX_NODES)
        return fail(l, mark, "more than 100000 values (aliases count at each use)");
    y = arena_alloc(l->arena, sizeof *y);
    y->kind = kind;
    y->line = (int)mark->line + 1;
    y->column = (int)mark->column + 1;
    y->text = "";
    return y;
}

static struct yaml *
load_scalar(struct loader *l, const yaml_event_t *ev)
{
    const char *text = (const char *)ev->data.scalar.value;
    size_t len = ev->data.scalar.length;
    bool plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct yaml *y;

    if (ev->data.scalar.tag != NULL)
        return fail(l, &ev->start_mark, "tags are not supported (quote the value to make it text)");
    if (memchr(text, '\0', len) != NULL)
        return fail(l, &ev->start_mark, "text with a NUL in it");
    y = new_node(l, &ev->start_mark, plain ? yaml_plain_kind(text) : YAML_TEXT);
    if (y != NULL && y->kind != YAML_NULL)
        y->text = arena_ntext(l->arena, text, len);
    return y;
}

static struct yaml *
load_alias(struct loader *l, const yaml_event_t *ev, int depth, struct extent *extent)
{
    const char *name = (const char *)ev->data.alias.anchor;

    for (const struct anchor *a = l->anchors; a != NULL; a = a->next) {
        if (strcmp(a->name, name) != 0)
            continue;
        *extent = a->extent;
        l->nodes += a->extent.nodes;
        if (l->nodes > MAX_NODES)
            return fail(l, &ev->start_mark, "more than 100000 values (aliases count at each use)");
        if (depth + a->extent.height > MAX_DEPTH)
            return fail(l, &ev->start_mark, "nested deeper than 64");
        return a->node;
    }
    return fail(l, &ev->start_mark, "alias of an anchor that is not defined before it");
}

static int
remember(struct loader *l, const yaml_event_t *ev, const yaml_char_t *name, struct yaml *node,
         struct extent extent)
{
    struct anchor *a;

    if (name == NULL)
        return 0;
    if (++l->n_anchors > MAX_ANCHORS) {
        fail(l, &ev->start_mark, "more than 1000 anchors");
        return -1;
    }
    a = arena_alloc(l->arena, sizeof *a);
    a->name = arena_text(l->arena, (const char *)name);
    a->node = node;
    a->extent = extent;
    a->next = l->anchors;
    l->anchors = a;
    return 0;
}

static void
push(struct loader *l, struct yaml ***items, size_t n, struct yaml *one)
{
    if ((n & (n - 1)) == 0) { /* full at each power of two */
        struct yaml **more = arena_alloc(l->arena, (n == 0 ? 1 : 2 * n) * sizeof **items);

        if (n > 0)
            memcpy(more, *items, n * sizeof *more);
        *items = more;
    }
    (*items)[n] = one;
}

static struct yaml *load_node(struct loader *l, yaml_event_t *ev, int depth, struct extent *extent);

static int
load_key(struct loader *l, const struct yaml *key)
{
    const char *wrong = NULL;

    if (key->kind == YAML_MAP || key->kind == YAML_LIST)
        wrong = "a key must be text, not a map or a list";
    else if (key->kind == YAML_NULL)
        wrong = "an empty key";
    else if (strcmp(key->text, "<<") == 0)
        wrong = "merge keys are not supported (write the keys out)";
    if (wrong != NULL)
        faults_add(l->f, l->name, key, "%s", wrong);
    return wrong != NULL ? -1 : 0;
}

/* Items of a list, or keys and values of a map, up to the end event. */
static int
load_children(struct loader *l, struct yaml *y, yaml_event_type_t end, int depth,
              struct extent *extent)
{
    bool is_key = y->kind == YAML_MAP;

    for (;;) {
        yaml_event_t ev;
        struct extent child = {1, 1};
        struct yaml *one;

        if (next_event(l, &ev) != 0)
            return -1;
        if (ev.type == end) {
            yaml_event_delete(&ev);
            return 0;
        }
        one = load_node(l, &ev, depth, &child);
        yaml_event_delete(&ev);
        if (one == NULL || (is_key && load_key(l, one) != 0))
            return -1;
        extent->nodes += child.nodes;
        extent->height = child.height >= extent->height ? child.height + 1 : extent->height;
        if (is_key)
            push(l, &y->keys, y->n, one);
        else
            push(l, &y->items, y->n++, one);
        if (y->kind == YAML_MAP)
            is_key = !is_key;
    }
}

static int
by_text(const void *a, const void *b)
{
    const struct yaml *x = *(struct yaml *const *)a, *y = *(struct yaml *const *)b;
    int order = strcmp(x->text, y->text);

    if (order == 0)
        order = x->line != y->line ? x->line - y->line : x->column - y->column;
    return order;
}

static void
check_duplicates(struct loader *l, const struct yaml *map)
{
    struct yaml **sorted;

    if (map->n < 2)
        return;
    sorted = mem_resize(NULL, map->n, sizeof *sorted);
    memcpy(sorted, map->keys, map->n * sizeof *sorted);
    qsort(sorted, map->n, sizeof *sorted, by_text);
    for (size_t i = 1; i < map->n; i++) {
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
            faults_add(l->f, l->name, sorted[i], "duplicate key '%s' (first in line %d)",
                       sorted[i]->text, sorted[i - 1]->line);
    }
    free(sorted);
}

static struct yaml *
load_collection(struct loader *l, const yaml_event_t *ev, int depth, struct extent *extent)
{
    bool map = ev->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = map ? ev->data.mapping_start.tag : ev->data.sequence_start.tag;
    struct yaml *y;

    if (tag != NULL)
        return fail(l, &ev->start_mark, "tags are not supported");
    if (depth >= MAX_DEPTH)
        return fail(l, &ev->start_mark, "nested deeper than 64");
    y = new_node(l, &ev->start_mark, map ? YAML_MAP : YAML_LIST);
    if (y == NULL || load_children(l, y, map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT,
                                   depth + 1, extent) != 0)
        return NULL;
    if (map)
        check_duplicates(l, y);
    return y;
}

static struct yaml *
load_node(struct loader *l, yaml_event_t *ev, int depth, struct extent *extent)
{
    const yaml_char_t *anchor = NULL;
    struct yaml *y;

    switch (ev->type) {
    case YAML_ALIAS_EVENT:
        return load_alias(l, ev, depth, extent);
    case YAML_SCALAR_EVENT:
        anchor = ev->data.scalar.anchor;
        y = load_scalar(l, ev);
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = ev->data.sequence_start.anchor;
        y = load_collection(l, ev, depth, extent);
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = ev->data.mapping_start.anchor;
        y = load_collection(l, ev, depth, extent);
        break;
    default:
        BUG("libyaml event %d where a value is due", (int)ev->type);
    }
    /* Known only once it is whole: no value can hold itself. */
    if (y != NULL && remember(l, ev, anchor, y, *extent) != 0)
        return NULL;
    return y;
}

/* The stream: one document with one value. */
static struct yaml *
load_stream(struct loader *l)
{
    struct yaml *root = NULL;
    struct extent extent = {1, 1};
    bool end = false;

    while (!end) {
        yaml_event_t ev;

        if (next_event(l, &ev) != 0)
            return NULL;
        if (ev.type == YAML_STREAM_END_EVENT) {
            end = true;
        } else if (ev.type == YAML_DOCUMENT_START_EVENT && root != NULL) {
            root = fail(l, &ev.start_mark, "more than one document in the file");
            end = true;
        } else if (ev.type != YAML_STREAM_START_EVENT && ev.type != YAML_DOCUMENT_START_EVENT &&
                   ev.type != YAML_DOCUMENT_END_EVENT) {
            root = load_node(l, &ev, 0, &extent);
            end = root == NULL;
        }
        if (ev.type == YAML_STREAM_END_EVENT && root == NULL)
            faults_add(l->f, l->name, NULL, "the file is empty");
        yaml_event_delete(&ev);
    }
    return root;
}

struct yaml_file *
yaml_parse(const char *name, const char *text, size_t len, struct faults *f)
{
    struct loader l = {.name = name, .f = f, .arena = arena_new()};
    struct yaml_file *file = mem_alloc(sizeof *file);

    file->arena = l.arena;
    faults_name(f, name);
    if (len > MAX_FILE) {
        faults_add(f, name, NULL, "larger than %d KiB", MAX_FILE / 1024);
    } else if (!yaml_parser_initialize(&l.parser)) {
        err_no_memory();
    } else {
        yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, len);
        file->root = load_stream(&l);
        yaml_parser_delete(&l.parser);
    }
    if (file->root == NULL) {
        yaml_file_free(file);
        return NULL;
    }
    return file;
}

struct yaml_file *
yaml_load(const char *path, struct faults *f)
{
    CLEANUP_BUF struct buf text = BUF_INIT;
    struct err err = ERR_INIT;

    if (file_read(path, MAX_FILE, false, &text, &err) != 0) {
        /* The file's name opens the text of the error and of the fault alike: say it once. */
        size_t skip = strncmp(err.text, path, strlen(path)) == 0 ? strlen(path) : 0;

        skip += strncmp(err.text + skip, ": ", 2) == 0 ? 2 : 0;
        faults_add(f, path, NULL, "%s", err.text + skip);
        return NULL;
    }
    return yaml_parse(path, buf_get(&text), text.len, f);
}

const struct yaml *
yaml_root(const struct yaml_file *file)
{
    return file->root;
}

void
yaml_file_free(struct yaml_file *file)
{
    if (file == NULL)
        return;
    arena_free(file->arena);
    free(file);
}

const struct yaml *
yaml_get(const struct yaml *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->n; i++) {
        if (strcmp(map->keys[i]->text, key) == 0)
            return map->items[i];
    }
    return NULL;
}
