#ifndef SIM_MAP_H
#define SIM_MAP_H

#include <stddef.h>

/*
 * From a text to a pointer: ids to records, values to the records that hold them. Keys are copied,
 * values are borrowed. All zeroes is an empty map.
 */
struct map_entry;

struct map {
    struct map_entry **slots; /* owned */
    size_t nslots;            /* 0 or a power of two */
    size_t n;
};

void *map_find(const struct map *m, const char *key); /* NULL if absent */
void map_put(struct map *m, const char *key, void *value);
void *map_take(struct map *m, const char *key); /* removes; NULL if absent */

/* Call EACH on every value, in no order. */
void map_each(const struct map *m, void (*each)(void *value, void *with), void *with);

void map_release(struct map *m);

#endif
