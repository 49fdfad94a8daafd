#ifndef TESTS_UNIT_SYNC_FIXTURE_H
#define TESTS_UNIT_SYNC_FIXTURE_H

#include "config/conf.h"
#include "json/val.h"
#include "sync/decide.h"

/*
 * A sync made by hand: systems a, b, c, d; fields that all of them map. JSON in tests is written
 * with ' for ". By default: first contact report, last-write-wins, skew 5 s, no creates.
 */
enum { FIXTURE_SYSTEMS = 4, FIXTURE_FIELDS = 16, FIXTURE_ROWS = 16 };

struct fixture {
    struct arena *a;
    struct conf_sync sync;
    struct conf_system systems[FIXTURE_SYSTEMS];
    struct resource_def defs[FIXTURE_SYSTEMS];
    struct model model;
    struct model_field model_fields[FIXTURE_FIELDS];
    struct sync_field fields[FIXTURE_FIELDS];
    const struct conf_system *between[FIXTURE_SYSTEMS];
    const struct resource_def *def_list[FIXTURE_SYSTEMS];
    bool create[FIXTURE_SYSTEMS];
    char *match[FIXTURE_FIELDS];

    /* what decide looks at */
    struct decide_input in;
    struct decide_end ends[FIXTURE_SYSTEMS];
    struct decide_owed owed[FIXTURE_ROWS];
    struct decide_late late[FIXTURE_ROWS];
    const char *closed[FIXTURE_ROWS];
    struct decision d;
};

struct fixture *fixture_new(size_t n_systems);
void fixture_free(struct fixture *f);
void fixture_free_ptr(struct fixture **f);
#define CLEANUP_FIXTURE __attribute__((cleanup(fixture_free_ptr)))

/* OWNER: index of a system, -1 any. Conflicts: last-write-wins. */
struct sync_field *fixture_field(struct fixture *f, const char *name, enum field_type type,
                                 int owner);
struct field_map *fixture_map(struct fixture *f, size_t system, const char *field);
void fixture_unmap(struct fixture *f, size_t system, const char *field);
void fixture_stores(struct fixture *f, size_t system, const char *field, enum stores_rule rule,
                    long n);
void fixture_match(struct fixture *f, const char *field);
/* A table on FIELD; ROWS: "a lead=new a won=won b NEW=new". */
void fixture_table(struct fixture *f, const char *field, enum unmapped unmapped, const char *rows);
void fixture_conflict(struct fixture *f, const char *field, enum policy_kind kind, int system);
void fixture_first_contact(struct fixture *f, enum policy_kind kind, int system);

const struct val *fixture_json(struct fixture *f, const char *text);

/* Two to four systems with one text field, `phone`. */
struct fixture *fixture_two(int owner);
struct fixture *fixture_three(int owner);
struct fixture *fixture_four(int owner);
/*
 * Ends of these, each with the value it shows and what there is to say of it: "a '2' was '1', b '1'
 * differs owed '2' of a, c null unread". Without `was` or `new` (no shadow) the shadow is the same.
 *   unread, gone, missing  not live           was V         the shadow
 *   deleted                by this event      owed V of S   since 1000; `refuses`: it was refused
 *   tombstone              before it          late V        a late write of ours sent V
 *   back                   live, a tombstone  differs       known to
 */
void fixture_scene(struct fixture *f, const char *text);
/* A live end where it is NOW, and BASE in the shadow (JSON; NULL: no shadow). */
void fixture_show(struct fixture *f, size_t i, const char *now, const char *base);

/* A live end that shows FIELDS; SHADOW NULL: it has none. Ends not set are missing. */
void fixture_end(struct fixture *f, size_t i, const char *fields, const char *shadow);
void fixture_state(struct fixture *f, size_t i, enum end_state state);
void fixture_time(struct fixture *f, size_t i, int64_t changed_at, int64_t seen_at);
void fixture_owed(struct fixture *f, const char *field, size_t target, size_t source,
                  const char *value, int64_t since, bool refused);
void fixture_late(struct fixture *f, size_t end, const char *fields);
void fixture_closed(struct fixture *f, const char *field);
void fixture_diverged(struct fixture *f, size_t i, const char *names);
/* The record there was deleted; a delete event is the nominator's only. */
void fixture_deleted(struct fixture *f, size_t i, bool tombstone);

/*
 * Decides, once for each live nominator, and fails the test if they differ. The decision as text, '
 * for ": rules "phone changed-same<a", with "!" if diverged, "?" if a conflict and "+b" per owed
 * end; writes "> b update {...}", "later {...}" behind what has no word yet; "= disposition",
 * "reopened", "ended: WHY".
 */
const char *fixture_decide(struct fixture *f);
/* What end I of the decision covers, and what it lists as diverged: "{...} [...]". */
const char *fixture_covers(struct fixture *f, size_t i);

#define ck_decides(f, want) ck_assert_str_eq(fixture_decide(f), want)
#define ck_covers(f, i, want) ck_assert_str_eq(fixture_covers(f, i), want)

#endif
