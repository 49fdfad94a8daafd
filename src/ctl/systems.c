#include <config.h>

#include "ctl/systems.h"

void
systems_open(struct ctl *c, const struct conf_sync *sync, struct systems *out)
{
    const struct meter *meter = ctl_meter(c);

    out->sync = sync;
    out->http = http_new();
    out->tokens = store_tokens_new(c->conf->state, c->o->common->dry_run);
    out->providers = arena_alloc(c->arena, (sync->n_between + 1) * sizeof *out->providers);
    for (size_t i = 0; i < sync->n_between; i++) {
        out->providers[i] = provider_new(sync->between[i], out->http);
        provider_meter(out->providers[i], meter);
        provider_tokens(out->providers[i], out->tokens);
    }
}

void
systems_close(struct systems *s)
{
    http_free(s->http);
    for (size_t i = 0; i < s->sync->n_between; i++)
        provider_free(s->providers[i]);
    store_tokens_free(s->tokens);
}
