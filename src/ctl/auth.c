#include <config.h>

#include "ctl/internal.h"
#include "ctl/table.h"
#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

/* sync-ctl auth: how each system lets us in, and until when. Never a secret. */

static const char *
moment(struct ctl *c, int64_t ms)
{
    char text[CLOCK_TEXT];

    return ms == 0 ? "" : arena_text(c->arena, clock_format(ms, text));
}

/* What is to be said of a system whose access tokens come and go. False: a person must log in. */
static bool
describe(struct ctl *c, const struct conf_system *s, const struct token_kept *kept,
         const char **state, const char **text)
{
    bool login = s->auth.kind == AUTH_OAUTH2_REFRESH && s->auth.refresh_token == NULL &&
                 kept->refresh == NULL;

    *text = kept->instance_url != NULL ? arena_printf(c->arena, "at %s", kept->instance_url) : "";
    if (login) {
        *state = "no login";
        *text = arena_printf(c->arena, "run: sync-ctl auth %s --login", s->name);
    } else if (kept->access == NULL) {
        *state = "none yet";
        *text = "the first call asks for one";
    } else if (kept->expires_at != 0 && kept->expires_at <= c->now) {
        *state = "over";
        *text = "the next call asks for a new one";
    } else {
        *state = "valid";
    }
    return !login;
}

static int
show(struct ctl *c, const struct conf_system *s, struct table *t, bool *all_ok, struct err *err)
{
    struct token_kept kept = {0};
    const char *state = s->auth.kind == AUTH_NONE ? "open" : "fixed", *text = "";

    if (auth_is_dynamic(s->auth.kind)) {
        if (store_token(c->store, c->arena, s->name, s->account, &kept, err) < 0)
            return -1;
        if (kept.grant == NULL || strcmp(kept.grant, s->auth.grant) != 0)
            kept = (struct token_kept){0}; /* got with other credentials: not used */
        *all_ok &= describe(c, s, &kept, &state, &text);
    }
    table_text(t, s->name);
    table_text(t, auth_kind_name(s->auth.kind));
    table_text(t, state);
    table_text(t, moment(c, kept.expires_at));
    table_text(t, moment(c, kept.got_at));
    table_text(t, kept.scope != NULL ? kept.scope : "");
    table_text(t, text);
    return 0;
}

static int
show_all(struct ctl *c, const struct conf_system *only, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("system,auth,state,expires,refreshed,scope,text");
    bool ok = true;

    for (size_t i = 0; i < c->conf->n_systems; i++) {
        const struct conf_system *s = &c->conf->systems[i];

        if ((only == NULL || only == s) && show(c, s, t, &ok, err) != 0)
            return -1;
    }
    if (table_print(t, c->o->common->json, err) != 0)
        return -1;
    return ok ? EXIT_OK : EXIT_NO;
}

static int
forget(struct ctl *c, const struct conf_system *s, struct err *err)
{
    int n;

    if (c->o->common->dry_run)
        return ctl_say(err, "would forget the tokens of %s", s->name);
    n = store_token_forget(c->store, s->name, s->account, err);
    if (n < 0)
        return -1;
    if (n == 0)
        return ctl_say(err, "nothing is kept of %s", s->name);
    return ctl_say(err,
                   "forgotten: the tokens of %s (they are still good there, until they end or "
                   "are revoked there)",
                   s->name);
}

int
ctl_auth(struct ctl *c, int argc, char **argv, struct err *err)
{
    const struct conf_system *s = NULL;
    bool changes = c->o->login || c->o->forget;

    if (argc > 1)
        return ctl_bad_usage(err, "auth wants at most one SYSTEM");
    if (argc == 0 && changes)
        return ctl_bad_usage(err, "auth --login and --forget want a SYSTEM");
    if (c->o->login && c->o->forget)
        return ctl_bad_usage(err, "auth takes --login or --forget");
    if (argc == 1 && ctl_check_names(c, argv[0], NULL, err) != 0)
        return EXIT_USAGE;
    s = argc == 1 ? conf_system(c->conf, argv[0]) : NULL;
    if (changes && !auth_is_dynamic(s->auth.kind))
        return ctl_bad_usage(err, "%s has auth %s: there are no tokens to be got or forgotten",
                             s->name, auth_kind_name(s->auth.kind));
    c->store = store_open(c->conf->state,
                          changes && !c->o->common->dry_run ? STORE_WRITE : STORE_READ, err);
    if (c->store == NULL)
        return -1;
    if (c->o->login)
        return ctl_login(c, s, err);
    return c->o->forget ? forget(c, s, err) : show_all(c, s, err);
}
