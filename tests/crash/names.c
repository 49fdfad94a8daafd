#include <config.h>

#include "names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const collections[COLLECTIONS] = {"contacts", "companies"};

/* Members that refer, and to what. */
static const struct {
    const char *member, *collection;
} references[] = {{"company_id", "companies"}, {"boss_id", "contacts"}};

static char *
id_text(json_t *id)
{
    return json_is_string(id) ? mem_text(json_string_value(id))
                              : mem_printf("%lld", json_integer_value(id));
}

void
names_add(struct names *names, int system, const char *collection, json_t *record)
{
    bool contact = strcmp(collection, collections[0]) == 0;
    const char *text = json_string_value(json_object_get(record, contact ? "email" : "domain"));
    struct name *name;

    names->rows = mem_resize(names->rows, names->n + 1, sizeof *names->rows);
    name = &names->rows[names->n++];
    *name = (struct name){system, collection, json_incref(json_object_get(record, "id")), NULL,
                          mem_text(text != NULL ? text : "")};
    name->id_text = id_text(name->id);
    for (char *p = name->text; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
}

void
names_copy(struct names *names, const struct name *name)
{
    names->rows = mem_resize(names->rows, names->n + 1, sizeof *names->rows);
    names->rows[names->n++] = (struct name){name->system, name->collection, json_incref(name->id),
                                            mem_text(name->id_text), mem_text(name->text)};
}

const struct name *
names_find(const struct names *names, int system, const char *text)
{
    for (size_t i = names->n; i-- > 0;)
        if (names->rows[i].system == system && strcmp(names->rows[i].text, text) == 0)
            return &names->rows[i];
    return NULL;
}

const char *
names_text(const struct names *names, int system, const char *collection, const char *id)
{
    for (size_t i = names->n; i-- > 0;)
        if (names->rows[i].system == system && strcmp(names->rows[i].id_text, id) == 0 &&
            strcmp(names->rows[i].collection, collection) == 0)
            return names->rows[i].text;
    return NULL;
}

void
names_show(const struct names *names, int system, json_t *record)
{
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        json_t *id = json_object_get(record, references[i].member);
        CLEANUP_FREE char *text = json_is_string(id) || json_is_integer(id) ? id_text(id) : NULL;
        const char *name =
            text != NULL ? names_text(names, system, references[i].collection, text) : NULL;

        if (name != NULL)
            json_object_set_new(record, references[i].member, json_string(name));
    }
}

void
names_resolve(const struct names *names, int system, json_t *record)
{
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        const char *text = json_string_value(json_object_get(record, references[i].member));
        const struct name *name = text != NULL ? names_find(names, system, text) : NULL;

        if (name != NULL)
            json_object_set(record, references[i].member, name->id);
    }
}

void
names_release(struct names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        json_decref(names->rows[i].id);
        free(names->rows[i].id_text);
        free(names->rows[i].text);
    }
    free(names->rows);
    *names = (struct names){.n = 0};
}
