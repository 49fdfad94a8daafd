#include <config.h>

#include "store/sqlite/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* Is the row (boot_id, expires_ms) of somebody living? */
static bool
living(const char *boot_id, int64_t expires_ms)
{
    char ours[64];

    clock_boot_id(ours);
    return strcmp(boot_id, ours) == 0 && expires_ms > clock_boot();
}

/*
 * Where our process ids mean something: the host, and the pid namespace unless it is the host's own
 * (a container that shares its name and this state has others). False: it cannot be told.
 */
static bool
pid_place(char out[128])
{
    static const ino_t hosts_own = 0xEFFFFFFCU; /* Linux: PROC_PID_INIT_INO */
    char host[64] = "";
    struct stat ns;
    bool known = stat("/proc/self/ns/pid", &ns) == 0;

    gethostname(host, sizeof host - 1);
    if (known && ns.st_ino == hosts_own)
        snprintf(out, 128, "%s", host);
    else
        snprintf(out, 128, "%s/%llu", host, known ? (unsigned long long)ns.st_ino : 0);
    return known;
}

/*
 * Is the process that took a lease gone for certain? Where its number is used again it seems to
 * live, and time tells.
 */
static bool
is_gone(const char *host, int64_t pid)
{
    char ours[128];

    return pid_place(ours) && strcmp(ours, host) == 0 && pid > 0 && kill((pid_t)pid, 0) < 0 &&
           errno == ESRCH;
}

int
lease_alive(struct store *s, const char *name, struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err, "SELECT boot_id, expires_ms FROM sync_leases WHERE name = ?", "t",
                name) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    rc = living(row_peek(&r, 0), row_int(&r, 1));
    rows_end(&r);
    return rc;
}

int
lease_bury(struct store *s, const char *name, struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err, "SELECT host, pid FROM sync_leases WHERE name = ?", "t", name) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    rc = is_gone(row_peek(&r, 0), row_int(&r, 1));
    rows_end(&r);
    return rc == 0 ? 0 : db_run(s, err, "DELETE FROM sync_leases WHERE name = ?", "t", name);
}

/* 1 somebody else living has it (HOLDER), 0 it may be taken, -1. */
static int
find_holder(struct store *s, const char *name, const char *owner, struct store_holder *holder,
            struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT boot_id, expires_ms, owner, host, pid FROM sync_leases WHERE name = ?", "t",
                name) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    rc = strcmp(row_peek(&r, 2), owner) != 0 && living(row_peek(&r, 0), row_int(&r, 1)) &&
         !is_gone(row_peek(&r, 3), row_int(&r, 4));
    if (rc == 1 && holder != NULL) {
        snprintf(holder->owner, sizeof holder->owner, "%s", row_peek(&r, 2));
        snprintf(holder->host, sizeof holder->host, "%s", row_peek(&r, 3));
        holder->pid = (long)row_int(&r, 4);
    }
    rows_end(&r);
    return rc;
}

static int
take(struct store *s, const char *name, const char *owner, struct store_holder *holder,
     struct err *err)
{
    char boot[64], host[128];
    int rc = find_holder(s, name, owner, holder, err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    clock_boot_id(boot);
    pid_place(host);
    rc = db_run(s, err, "INSERT OR REPLACE INTO sync_leases VALUES (?, ?, ?, ?, ?, ?)", "ttttii",
                name, owner, host, boot, (int64_t)getpid(), clock_boot() + STORE_LEASE_MS);
    return rc < 0 ? -1 : 1;
}

int
store_lease_take(struct store *s, const char *name, const char *owner, struct store_holder *holder,
                 struct err *err)
{
    struct tx tx;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    return tx_leave(s, &tx, take(s, name, owner, holder, err), err);
}

int
store_lease_renew(struct store *s, const char *name, const char *owner, struct err *err)
{
    char boot[64];
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    clock_boot_id(boot);
    rc = db_run(s, err,
                "UPDATE sync_leases SET expires_ms = ?, boot_id = ? WHERE name = ? AND owner = ?",
                "ittt", clock_boot() + STORE_LEASE_MS, boot, name, owner);
    return tx_leave(s, &tx, rc, err);
}

int
store_lease_drop(struct store *s, const char *name, const char *owner, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    rc = db_run(s, err, "DELETE FROM sync_leases WHERE name = ? AND owner = ?", "tt", name, owner);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}
