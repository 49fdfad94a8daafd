#include <config.h>

#include "fixture.h"

#include "config/batch.h"

/*
 * Writes to two systems, of two resources, which take up to three creates, or updates, in a call;
 * deletes go alone. Each is of a link of its own.
 */
struct trial {
    struct target targets[2];
    struct resource_def defs[2];
    struct batch batch;
    struct write writes[8];
    struct write *list[8];
    size_t n;
};

static void
init(struct trial *t)
{
    memset(t, 0, sizeof *t);
    t->batch.max = 3;
    for (int i = 0; i < 2; i++) {
        struct resource_def *d = &t->defs[i];

        d->create.present = d->update.present = d->delete.present = true;
        d->create.batch = d->update.batch = &t->batch;
    }
}

static struct write *
add(struct trial *t, const char *action)
{
    struct write *w = &t->writes[t->n];

    w->target = &t->targets[0];
    w->def = &t->defs[0];
    w->intent.action = action;
    w->intent.link_id = (int64_t)t->n + 1;
    t->list[t->n++] = w;
    return w;
}

/* The sizes of the calls in which they go out: "3 1". */
static const char *
sizes(struct trial *t)
{
    static char text[64];
    size_t len = 0;

    for (size_t i = 0, n; i < t->n; i += n) {
        n = group_size(t->list + i, t->n - i);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%zu", i == 0 ? "" : " ", n);
    }
    return text;
}

START_TEST(a_call_takes_as_many_as_the_definition_says)
{
    struct trial t;

    init(&t);
    for (int i = 0; i < 7; i++)
        add(&t, "create");
    ck_assert_str_eq(sizes(&t), "3 3 1");
    t.batch.max = 2;
    ck_assert_str_eq(sizes(&t), "2 2 2 1");
    t.defs[0].create.batch = NULL;
    ck_assert_str_eq(sizes(&t), "1 1 1 1 1 1 1");
}
END_TEST

START_TEST(what_goes_together_is_for_one_system)
{
    struct trial t;

    init(&t);
    add(&t, "update");
    add(&t, "update")->target = &t.targets[1];
    add(&t, "update")->target = &t.targets[1];
    add(&t, "update");
    ck_assert_str_eq(sizes(&t), "1 2 1");
}
END_TEST

START_TEST(and_of_one_resource)
{
    struct trial t;

    init(&t);
    add(&t, "update");
    add(&t, "update");
    add(&t, "update")->def = &t.defs[1];
    ck_assert_str_eq(sizes(&t), "2 1");
}
END_TEST

START_TEST(and_of_one_action)
{
    struct trial t;

    init(&t);
    add(&t, "create");
    add(&t, "create");
    add(&t, "update");
    add(&t, "update");
    add(&t, "delete");
    add(&t, "delete");
    ck_assert_str_eq(sizes(&t), "2 2 1 1");
}
END_TEST

/* In one call nobody says which of them is done first. */
START_TEST(two_of_one_link_never_go_together)
{
    struct trial t;

    init(&t);
    t.batch.max = 10;
    add(&t, "update");
    add(&t, "update");
    add(&t, "update")->intent.link_id = 1;
    add(&t, "update")->intent.link_id = 2;
    add(&t, "update")->intent.link_id = 1;
    ck_assert_str_eq(sizes(&t), "2 2 1");
}
END_TEST

/* None is taken past another that cannot go with it. */
START_TEST(they_stay_in_their_order)
{
    struct trial t;

    init(&t);
    add(&t, "update");
    add(&t, "create");
    add(&t, "update");
    add(&t, "update");
    ck_assert_str_eq(sizes(&t), "1 1 2");
}
END_TEST

START_TEST(what_is_sent_again_goes_alone)
{
    struct trial t;

    init(&t);
    add(&t, "create");
    add(&t, "create")->attempts = 1;
    add(&t, "create");
    add(&t, "create")->alone = true;
    ck_assert_str_eq(sizes(&t), "1 1 1 1");
    t.list[1]->attempts = 0;
    ck_assert_str_eq(sizes(&t), "3 1");
    ck_assert_uint_eq(group_most(t.list[0]), 3);
    ck_assert_uint_eq(group_most(t.list[3]), 1);
}
END_TEST

START_TEST(what_a_header_guards_goes_alone)
{
    struct trial t;

    init(&t);
    t.defs[0].version_kind = VERSION_ETAG;
    add(&t, "update");
    add(&t, "update")->intent.etag = "7";
    add(&t, "update");
    ck_assert_str_eq(sizes(&t), "1 1 1");
    t.defs[0].update.precondition.kind = PRECONDITION_BODY;
    ck_assert_str_eq(sizes(&t), "3");
}
END_TEST

UNIT_MAIN("push/group", a_call_takes_as_many_as_the_definition_says,
          what_goes_together_is_for_one_system, and_of_one_resource, and_of_one_action,
          two_of_one_link_never_go_together, they_stay_in_their_order,
          what_is_sent_again_goes_alone, what_a_header_guards_goes_alone)
