#ifndef TESTS_CRASH_NAMES_H
#define TESTS_CRASH_NAMES_H

#include <stddef.h>

#include <jansson.h>

/*
 * What records are called: a contact by its e-mail in lower case, a company by its domain. Ids
 * differ from system to system, so scenarios and comparisons have names only; a member company_id
 * or boss_id of a record names another one.
 */
enum { COLLECTIONS = 2 };
extern const char *const collections[COLLECTIONS]; /* contacts, companies */

struct name {
    int system;
    const char *collection; /* of `collections` */
    json_t *id;             /* owned, as the system has it */
    char *id_text, *text;   /* owned */
};

struct names {
    struct name *rows; /* owned */
    size_t n;
};

/* Adds RECORD of a system; what has no name is called "". */
void names_add(struct names *names, int system, const char *collection, json_t *record);

void names_copy(struct names *names, const struct name *name);

/* The latest of that name, NULL if there is none. */
const struct name *names_find(const struct names *names, int system, const char *text);

/* What ID of a system is called, NULL if there is none. */
const char *names_text(const struct names *names, int system, const char *collection,
                       const char *id);

/* Names for the ids in RECORD, and back. What is not known stays as it is. */
void names_show(const struct names *names, int system, json_t *record);
void names_resolve(const struct names *names, int system, json_t *record);

void names_release(struct names *names);

#endif
