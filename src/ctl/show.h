#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "base/arena.h"
#include "json/val.h"

/*
 * How values are shown to people: as JSON on one line, cut where it gets long. Reports with --json
 * carry them whole.
 */
enum { SHOW_WIDTH = 60 };

/* TEXT (NULL: "-") cut to SHOW_WIDTH code points, "..." marks the cut. */
const char *show_cut(struct arena *a, const char *text);

/* The same to WIDTH. */
const char *show_cut_at(struct arena *a, const char *text, size_t width);

/* V as JSON text, cut; "-" if there is none. */
const char *show_value(struct arena *a, const struct val *v);

/* JSON, as the state keeps it, for a report with --json: itself if it is JSON, else as a JSON text;
 * NULL: null. */
struct val *show_json(struct arena *a, const char *text);

/* A moment as text, NULL for 0. */
const char *show_time(struct arena *a, int64_t ms);

/* Member NAME of an object under construction; TEXT NULL = null. */
void show_set(struct arena *a, struct val *object, const char *name, const char *text);

#endif
