#include <config.h>

#include "sim/order.h"

#include "../unit.h"
#include "base/mem.h"
#include "sim/ids.h"

#include <stdlib.h>

enum { N = 500, TIMES = 20, ROUNDS = 4000 };

/* A record with a time; ids are numbers, every third one a text. */
static struct record *
make(int i, int64_t updated)
{
    char text[16];
    struct record *r;
    struct version *v = mem_alloc(sizeof *v);

    snprintf(text, sizeof text, "t%d", i);
    r = record_new(i % 3 == 0 ? json_string(text) : json_integer(i), 0);
    *v = (struct version){.fields = json_object(), .updated = updated, .written = INT64_MIN};
    record_push(r, v, INT64_MAX);
    return r;
}

static int
compare(const void *a, const void *b)
{
    const struct record *ra = *(struct record *const *)a;
    const struct record *rb = *(struct record *const *)b;
    struct place pa = record_place(ra, ra->now);
    struct place pb = record_place(rb, rb->now);

    return place_compare(&pa, &pb);
}

/* The order against a sorted array of the same records. */
static void
check_order(const struct order *o, struct record *const *in, size_t n)
{
    struct record *sorted[N];
    size_t i;

    memcpy(sorted, in, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare);
    ck_assert_uint_eq(order_size(o), n);
    for (i = 0; i < n; i++) {
        struct place p = record_place(sorted[i], sorted[i]->now);

        ck_assert_ptr_eq(order_at(o, i), sorted[i]);
        ck_assert_uint_eq(order_rank(o, &p, false), i);
        ck_assert_uint_eq(order_rank(o, &p, true), i + 1);
    }
    ck_assert_ptr_null(order_at(o, n));
}

START_TEST(agrees_with_a_sorted_array_after_any_changes)
{
    struct order o = {NULL, 0};
    struct record *in[N];
    size_t n = 0;
    size_t i;
    uint64_t draw = 1;
    int made = 0;

    for (i = 0; i < ROUNDS; i++) {
        draw = ids_mix(draw + i);
        if (n == 0 || (draw % 3 != 0 && n < N)) {
            in[n] = make(made++, (int64_t)(draw >> 8) % TIMES);
            order_insert(&o, in[n++]);
        } else {
            size_t k = (draw >> 8) % n;

            order_remove(&o, in[k]);
            record_free(in[k]);
            in[k] = in[--n];
        }
        if (i % 100 == 0)
            check_order(&o, in, n);
    }
    check_order(&o, in, n);
    for (i = 0; i < n; i++)
        record_free(in[i]);
}
END_TEST

START_TEST(numbers_stand_before_texts_and_by_value)
{
    struct record *two = record_new(json_integer(2), 0);
    struct record *ten = record_new(json_integer(10), 0);
    struct record *text = record_new(json_string("1"), 0);
    struct version v = {.updated = 5};
    struct place a = record_place(two, &v);
    struct place b = record_place(ten, &v);
    struct place c = record_place(text, &v);

    ck_assert_int_lt(place_compare(&a, &b), 0);
    ck_assert_int_lt(place_compare(&b, &c), 0);
    ck_assert_int_eq(place_compare(&c, &c), 0);
    v.updated = 4;
    c = record_place(text, &v);
    ck_assert_int_lt(place_compare(&c, &a), 0);
    record_free(two);
    record_free(ten);
    record_free(text);
}
END_TEST

UNIT_MAIN("sim/order", agrees_with_a_sorted_array_after_any_changes,
          numbers_stand_before_texts_and_by_value)
