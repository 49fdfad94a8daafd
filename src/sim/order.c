#include <config.h>

#include "sim/order.h"
#include "base/err.h"
#include "sim/ids.h"

static size_t
size_of(const struct record *r)
{
    return r != NULL ? r->node.size : 0;
}

static void
resize(struct record *r)
{
    r->node.size = 1 + size_of(r->node.left) + size_of(r->node.right);
}

static bool
before(const struct record *r, const struct place *p, bool or_at)
{
    struct place own = record_place(r, r->now);
    int c = place_compare(&own, p);

    return c < 0 || (or_at && c == 0);
}

/* Cut T into what stands before P and the rest. */
static void
split(struct record *t, const struct place *p, struct record **left, struct record **right)
{
    if (t == NULL) {
        *left = *right = NULL;
    } else if (before(t, p, false)) {
        split(t->node.right, p, &t->node.right, right);
        *left = t;
        resize(t);
    } else {
        split(t->node.left, p, left, &t->node.left);
        *right = t;
        resize(t);
    }
}

static struct record *
merge(struct record *a, struct record *b)
{
    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    if (a->node.prio >= b->node.prio) {
        a->node.right = merge(a->node.right, b);
        resize(a);
        return a;
    }
    b->node.left = merge(a, b->node.left);
    resize(b);
    return b;
}

size_t
order_size(const struct order *o)
{
    return size_of(o->root);
}

void
order_insert(struct order *o, struct record *r)
{
    struct place p = record_place(r, r->now);
    struct record *left;
    struct record *right;

    r->node.left = r->node.right = NULL;
    r->node.prio = ids_mix(++o->drawn);
    r->node.size = 1;
    split(o->root, &p, &left, &right);
    o->root = merge(merge(left, r), right);
}

void
order_remove(struct order *o, struct record *r)
{
    struct place p = record_place(r, r->now);
    struct record **at = &o->root;

    while (*at != r) {
        if (*at == NULL)
            BUG("record %s is not in its order", r->key);
        (*at)->node.size--;
        at = before(*at, &p, false) ? &(*at)->node.right : &(*at)->node.left;
    }
    *at = merge(r->node.left, r->node.right);
}

size_t
order_rank(const struct order *o, const struct place *place, bool or_at)
{
    const struct record *t = o->root;
    size_t rank = 0;

    while (t != NULL) {
        if (before(t, place, or_at)) {
            rank += size_of(t->node.left) + 1;
            t = t->node.right;
        } else {
            t = t->node.left;
        }
    }
    return rank;
}

struct record *
order_at(const struct order *o, size_t i)
{
    struct record *t = o->root;

    while (t != NULL) {
        size_t left = size_of(t->node.left);

        if (i == left)
            return t;
        if (i < left) {
            t = t->node.left;
        } else {
            i -= left + 1;
            t = t->node.right;
        }
    }
    return NULL;
}
