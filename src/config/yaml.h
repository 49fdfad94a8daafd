#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"

/*
 * YAML 1.2 core schema documents as a tree with positions, and the list of faults that a whole-file
 * check collects. Only true and false are booleans; yes, on and 012 are text or what the core
 * schema says. Anchors and aliases are fine up to a limit of nodes; merge keys, tags, several
 * documents and duplicate keys are faults. Limits: 1 MiB a file, depth 64, 100,000 nodes.
 */
enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    int line, column; /* from 1, of the value */
    const char *text; /* scalars: as written (BOOL too); "" for null */
    size_t n;         /* LIST, MAP */
    struct yaml **items;
    struct yaml **keys; /* MAP: keys[i] (a TEXT scalar with its own position) -> items[i] */
};

/*
 * Faults of files: each one line "FILE:LINE:COLUMN: what is wrong (hint)", control characters
 * escaped. The same fault is kept once. After 200 one more says that there are more.
 */
struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *f);
void faults_add(struct faults *f, const char *file, const struct yaml *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
size_t faults_count(const struct faults *f);
const char *faults_get(const struct faults *f, size_t i); /* borrowed; in order of file and line */

struct yaml_file;

/* Reads and parses PATH. NULL and a fault (unreadable file, broken YAML with position) if not. */
struct yaml_file *yaml_load(const char *path, struct faults *f);
/* The same from memory, NAME for messages. */
struct yaml_file *yaml_parse(const char *name, const char *text, size_t len, struct faults *f);
const struct yaml *yaml_root(const struct yaml_file *file);
/* Not yaml_free: libyaml exports (and calls) a function of that name. */
void yaml_file_free(struct yaml_file *file);

/* Value of KEY in a map, NULL if absent (or MAP is NULL or no map). */
const struct yaml *yaml_get(const struct yaml *map, const char *key);

/*
 * A fault for every key of MAP that is not in KNOWN (NULL-terminated), with the nearest known name
 * as the hint; a fault if MAP is no map.
 */
void yaml_check_keys(const struct yaml *map, const char *const *known, const char *file,
                     struct faults *f);

/* A sub-tree as jansson (body templates): ints, floats, bools, null by the core schema. New ref. */
json_t *yaml_to_json(const struct yaml *y);

#endif
