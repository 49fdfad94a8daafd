#include <config.h>

#include "store/pause.h"
#include "store/store.h"

#include <string.h>

static bool
same(const char *x, const char *y)
{
    return x != NULL && y != NULL && strcmp(x, y) == 0;
}

/* A member that the pause leaves open fits everything. */
static bool
fits(const char *wanted, const char *is)
{
    return wanted == NULL || same(wanted, is);
}

bool
store_pause_matches(const struct store_pause *p, const char *system, const char *account,
                    const char *resource, const char *record_id, const char *run_id)
{
    if (same(p->scope, "all"))
        return true;
    if (same(p->scope, "run"))
        return same(p->run_id, run_id);
    if (!fits(p->system, system) || !fits(p->account, account))
        return false;
    if (same(p->scope, "account"))
        return p->system != NULL;
    if (same(p->scope, "direction")) /* writes to a system; reading from it is no write */
        return p->system != NULL && !same(p->direction, "inbound");
    if (same(p->scope, "resource"))
        return same(p->resource, resource);
    if (same(p->scope, "record"))
        return fits(p->resource, resource) && same(p->record_id, record_id);
    return false;
}
