#ifndef TESTS_UNIT_PROVIDER_FIXTURE_H
#define TESTS_UNIT_PROVIDER_FIXTURE_H

#include "http/client.h"
#include "provider/provider.h"

#include "../http/peer.h"

/*
 * A system with one resource, made by hand: contacts at /contacts with name, email, note, score
 * (read-only) and city (nested), ids at "id". Tests change what they look at.
 */
struct fixture {
    struct model_field model_fields[5];
    struct field_map maps[5];
    struct resource_def r;
    struct definition d;
    struct conf_system s;
    struct peer peer;
    bool has_peer;
    char base_url[80];
    struct http *http;
    struct provider *p;
    struct arena *arena;

    /* The last answer, copied. */
    int answers;
    struct provider_answer got;
};

/* No peer and no provider yet: for tests of pure functions. */
void fixture_init(struct fixture *f);
/* Starts the peer, and a provider whose base_url is the peer's plus PREFIX. */
void fixture_start(struct fixture *f, const char *prefix, const struct peer_step *steps, size_t n);
/* A provider of a system where nobody listens. */
void fixture_start_dead(struct fixture *f);
void fixture_release(struct fixture *f);

provider_done fixture_keep; /* user: the fixture */
/* Until nothing is under way; fails unless exactly one answer came. */
void fixture_run(struct fixture *f);

struct val *fixture_val(struct fixture *f, const char *json);

#define START(f, prefix, ...)                                                                      \
    fixture_start(f, prefix, (struct peer_step[]){__VA_ARGS__},                                    \
                  sizeof((struct peer_step[]){__VA_ARGS__}) / sizeof(struct peer_step))

#endif
