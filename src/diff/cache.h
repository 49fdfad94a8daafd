#ifndef DIFF_CACHE_H
#define DIFF_CACHE_H

#include <stdbool.h>

#include "base/arena.h"
#include "config/conf.h"
#include "diff/current.h"
#include "provider/provider.h"

/*
 * What a batch of decisions has read: each record once, each search once, whoever asks. Asking
 * starts the call and answers NULL; cache_wait lets all calls come in; asking again has the answer.
 * So the code that decides is written as if everything were known and is run again until it is.
 * Lifetime of what is handed out: until cache_reset.
 */
struct cache;

struct cache_answer {
    enum provider_outcome outcome;
    const char *code, *text;
    int64_t not_before;
    const struct provider_record *records;
    size_t n_records;
};

/* METER may be NULL. */
struct cache *cache_new(const struct conf *conf, const struct meter *meter);
/* Where access tokens are kept (NULL: nowhere); before the first call. */
void cache_tokens(struct cache *c, const struct token_store *tokens);

/* With FILE (diff/current.h) every read is answered from it; a record that is not in it is gone. */
int cache_load(struct cache *c, const char *file, struct err *err);
struct current *cache_current(struct cache *c); /* NULL without cache_load */

const struct cache_answer *cache_get(struct cache *c, const struct conf_system *system,
                                     const struct resource_def *def, const char *id);
/* What a cache_get of this batch has answered; NULL if nobody asked, or there is no answer yet. */
const struct cache_answer *cache_known(struct cache *c, const struct conf_system *system,
                                       const struct resource_def *def, const char *id);
const struct cache_answer *cache_find(struct cache *c, const struct conf_system *system,
                                      const struct resource_def *def, const char *field,
                                      const char *value);

/*
 * Until every call of this batch has answered. Once it is late (CACHE_PATIENCE_MS, DESIGN.md
 * section 2.6) only a moment longer, so that the caller can see whether others wait.
 */
enum { CACHE_PATIENCE_MS = 5000 };
int cache_wait(struct cache *c, struct err *err);
bool cache_is_late(const struct cache *c);
/* What has not answered by now has failed for this batch (code slow); the call itself goes on. */
void cache_give_up(struct cache *c);
long cache_calls(const struct cache *c);
void cache_flush(struct cache *c); /* what calls cost is handed over: before waiting for long */
void cache_reset(struct cache *c); /* what was read is forgotten, the file's records stay */
void cache_free(struct cache *c);

#endif
