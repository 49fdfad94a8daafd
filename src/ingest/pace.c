#include <config.h>

#include "ingest/emitter.h"

static long
least(long a, long b)
{
    return a < b ? a : b;
}

static void
count_from(struct pace *p, long ended, int64_t now)
{
    p->ended = ended;
    p->since = now;
}

void
pace_init(struct pace *p, long window, int64_t now)
{
    *p = (struct pace){.allowed = least(EMITTER_FIRST, window), .since = now, .looked = now};
}

void
pace_look(struct pace *p, long window, long out, long ended, int64_t now)
{
    long done = ended - p->ended;
    int64_t took = now - p->since;
    int64_t rate;
    bool idle = now - p->looked >= EMITTER_PACE_MS; /* how much it can do was not asked */

    p->looked = now;
    if (idle) {
        count_from(p, ended, now);
        return;
    }
    if (took < EMITTER_PACE_MS) {
        if (done < p->allowed)
            return;
        p->allowed = least(2 * p->allowed, window);
    } else if (out >= p->allowed) {
        if (done == 0)
            return;
        /* At most twice as many: what was taken back seems to have ended, too. */
        rate = done * (int64_t)EMITTER_QUEUE_MS / took;
        p->allowed = rate < 2 * p->allowed ? (long)rate : 2 * p->allowed;
        if (p->allowed < EMITTER_LEAST)
            p->allowed = EMITTER_LEAST;
        p->allowed = least(p->allowed, window);
    }
    count_from(p, ended, now);
}
