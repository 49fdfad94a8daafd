#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A report: rows under headings, printed as aligned text for people or, with --json, as one JSON
 * object a line. Values from outside are escaped.
 */
struct table;

/* HEADINGS: "a,b,c"; a name that ends in # holds numbers (right aligned, JSON numbers). */
struct table *table_new(const char *headings);
void table_text(struct table *t, const char *text); /* next cell; NULL = "-" / null */
void table_number(struct table *t, int64_t n);
void table_time(struct table *t, int64_t ms); /* 0 = none */
/* SHOWN for people; with --json the JSON text JSON (valid, NULL = null) in its place. */
void table_value(struct table *t, const char *shown, const char *json);
/* Writes to stdout; 0, or -1 with err "io". */
int table_print(const struct table *t, bool json, struct err *err);
void table_free(struct table *t);

#define CLEANUP_TABLE __attribute__((cleanup(table_free_ptr)))
void table_free_ptr(struct table **t);

#endif
