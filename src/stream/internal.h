#ifndef STREAM_INTERNAL_H
#define STREAM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/val.h"

/* Longest text member of a line that is not record data. */
enum { MEMBER_MAX_TEXT = 2000 };

/*
 * Writes members of an object, with commas where they belong. Absent (NULL) values are left out.
 */
struct members {
    struct buf *out; /* borrowed */
    bool any;        /* something was written: a comma comes first */
};

void members_name(struct members *m, const char *name); /* then the value goes to m->out */
void members_text(struct members *m, const char *name, const char *text);
void members_int(struct members *m, const char *name, int64_t i);
void members_true(struct members *m, const char *name, bool b); /* left out if false */
void members_val(struct members *m, const char *name, const struct val *v);

/*
 * Readers of a member's value: 0, or -1 if it is of the wrong kind. Absent and null give NULL, 0 or
 * false. Texts are borrowed from the value.
 */
int member_text(const struct val *v, const char **out);
int member_int(const struct val *v, int64_t *out); /* >= 0 */
int member_bool(const struct val *v, bool *out);
/* Of KIND (an object or an array). */
int member_val(const struct val *v, enum val_kind kind, const struct val **out);
/* An array of texts. */
int member_names(const struct val *v, const struct val **out);

/* The same of member NAME of OBJECT. */
int member_get_text(const struct val *object, const char *name, const char **out);
int member_get_int(const struct val *object, const char *name, int64_t *out);
int member_get_bool(const struct val *object, const char *name, bool *out);
int member_get_val(const struct val *object, const char *name, enum val_kind kind,
                   const struct val **out);
int member_get_names(const struct val *object, const char *name, const struct val **out);

#endif
