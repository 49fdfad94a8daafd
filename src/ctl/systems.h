#ifndef CTL_SYSTEMS_H
#define CTL_SYSTEMS_H

#include "ctl/internal.h"
#include "http/client.h"
#include "provider/provider.h"

/* The systems of a sync entry, to be asked by a verb that has the secrets (NEEDS_CALLS). */
struct systems {
    const struct conf_sync *sync;
    struct http *http;
    struct provider **providers; /* [sync->n_between] */
    struct token_store *tokens;
};

void systems_open(struct ctl *c, const struct conf_sync *sync, struct systems *out);
void systems_close(struct systems *s);

#endif
