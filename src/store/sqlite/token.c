#include <config.h>

#include "store/sqlite/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/digest.h"

/* sync_tokens: a row for each part of what is kept, all changed together. */

struct token_keeper {
    struct token_store seam;
    char *path;          /* owned */
    struct store *store; /* owned; NULL: not opened yet */
    char owner[32];      /* of the leases */
};

/* Its own connection: a token may be wanted while the program's is in the middle of something. */
static int
open_state(struct token_keeper *k, struct err *err)
{
    if (k->store == NULL)
        k->store = store_open(k->path, k->seam.keeps ? STORE_WRITE : STORE_READ, err);
    return k->store == NULL ? -1 : 0;
}

static void
set_part(struct token_kept *t, const char *kind, const char *value, int64_t expires_at)
{
    if (strcmp(kind, "access") == 0) {
        t->access = value;
        t->expires_at = expires_at;
    } else if (strcmp(kind, "refresh") == 0) {
        t->refresh = value;
    } else if (strcmp(kind, "instance_url") == 0) {
        t->instance_url = value;
    } else if (strcmp(kind, "scope") == 0) {
        t->scope = value;
    } else if (strcmp(kind, "grant") == 0) {
        t->grant = value;
    } else if (strcmp(kind, "got_at") == 0) {
        t->got_at = strtoll(value, NULL, 10);
    } else if (strcmp(kind, "generation") == 0) {
        t->generation = strtoll(value, NULL, 10);
    }
}

int
store_token(struct store *s, struct arena *a, const char *system, const char *account,
            struct token_kept *out, struct err *err)
{
    struct rows r;
    int rc;

    memset(out, 0, sizeof *out);
    if (db_rows(s, &r, err,
                "SELECT kind, value, expires_at FROM sync_tokens WHERE system = ? AND account = ?",
                "tt", system, account) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1)
        set_part(out, row_peek(&r, 0), row_text(&r, a, 1), row_time(&r, 2));
    if (rc < 0)
        return -1;
    return out->generation > 0;
}

int
store_token_forget(struct store *s, const char *system, const char *account, struct err *err)
{
    struct tx tx;
    int n;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    n = db_run(s, err, "DELETE FROM sync_tokens WHERE system = ? AND account = ?", "tt", system,
               account);
    return tx_leave(s, &tx, n, err);
}

static int
put(struct store *s, const char *system, const char *account, const char *kind, const char *value,
    int64_t expires_at, struct err *err)
{
    if (value == NULL)
        return 0;
    return db_run(s, err, "INSERT INTO sync_tokens VALUES (?, ?, ?, ?, ?)", "ttttM", system,
                  account, kind, value, expires_at);
}

static int
put_all(struct store *s, const char *system, const char *account, const struct token_kept *t,
        int64_t generation, struct err *err)
{
    char got_at[24], number[24];

    snprintf(got_at, sizeof got_at, "%lld", (long long)t->got_at);
    snprintf(number, sizeof number, "%lld", (long long)generation);
    if (store_token_forget(s, system, account, err) < 0 ||
        put(s, system, account, "access", t->access, t->expires_at, err) < 0 ||
        put(s, system, account, "refresh", t->refresh, 0, err) < 0 ||
        put(s, system, account, "instance_url", t->instance_url, 0, err) < 0 ||
        put(s, system, account, "scope", t->scope, 0, err) < 0 ||
        put(s, system, account, "grant", t->grant, 0, err) < 0 ||
        put(s, system, account, "got_at", got_at, 0, err) < 0 ||
        put(s, system, account, "generation", number, 0, err) < 0)
        return -1;
    return 1;
}

static int
replace(struct store *s, const char *system, const char *account, const struct token_kept *t,
        int64_t generation, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct token_kept there;

    if (store_token(s, a, system, account, &there, err) < 0)
        return -1;
    if (there.generation != generation)
        return 0;
    return put_all(s, system, account, t, generation + 1, err);
}

/* ---- The seam ---- */

static int
keeper_read(void *user, struct arena *a, const char *system, const char *account,
            struct token_kept *out, struct err *err)
{
    struct token_keeper *k = user;

    memset(out, 0, sizeof *out);
    if (!k->seam.keeps && access(k->path, F_OK) != 0)
        return 0;
    return open_state(k, err) < 0 ? -1 : store_token(k->store, a, system, account, out, err);
}

static int
keeper_write(void *user, const char *system, const char *account, const struct token_kept *t,
             int64_t generation, struct err *err)
{
    struct token_keeper *k = user;
    struct tx tx;

    if (!k->seam.keeps)
        return 1;
    if (open_state(k, err) < 0 || tx_enter(k->store, &tx, true, err) < 0)
        return -1;
    return tx_leave(k->store, &tx, replace(k->store, system, account, t, generation, err), err);
}

static int
keeper_lock(void *user, const char *system, const char *account, struct err *err)
{
    struct token_keeper *k = user;
    CLEANUP_FREE char *name = mem_printf("token:%s:%s", system, account);

    if (!k->seam.keeps)
        return 1;
    if (open_state(k, err) < 0)
        return -1;
    return store_lease_take(k->store, name, k->owner, NULL, err);
}

/* One that cannot be dropped is over by itself. */
static void
keeper_unlock(void *user, const char *system, const char *account)
{
    struct token_keeper *k = user;
    CLEANUP_FREE char *name = mem_printf("token:%s:%s", system, account);

    if (k->store != NULL && k->seam.keeps)
        store_lease_drop(k->store, name, k->owner, NULL);
}

struct token_store *
store_tokens_new(const char *path, bool read_only)
{
    struct token_keeper *k = mem_alloc(sizeof *k);

    k->path = mem_text(path);
    k->seam = (struct token_store){.user = k,
                                   .keeps = !read_only && access(path, F_OK) == 0,
                                   .read = keeper_read,
                                   .write = keeper_write,
                                   .lock = keeper_lock,
                                   .unlock = keeper_unlock};
    snprintf(k->owner, sizeof k->owner, "token-");
    digest_random_hex(8, k->owner + strlen(k->owner));
    return &k->seam;
}

void
store_tokens_free(struct token_store *t)
{
    struct token_keeper *k = t != NULL ? t->user : NULL;

    if (k == NULL)
        return;
    store_close(k->store);
    free(k->path);
    free(k);
}
