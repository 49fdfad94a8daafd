#include <config.h>

#include "oracle.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum { READ_BACK_MS = 20000 }; /* an answer may take so long */

/* A call in a system's log: of a field of a record, by us or by a person, or of something else. */
static bool
concerns(json_t *call, const char *id, const char *email, const char *field)
{
    json_t *body = json_object_get(call, "body");
    CLEANUP_FREE char *text = body != NULL ? json_dumps(body, JSON_ENCODE_ANY) : NULL;
    const char *path = json_string_value(json_object_get(call, "path"));
    const char *last = path != NULL ? strrchr(path, '/') : NULL;
    const char *method = json_string_value(json_object_get(call, "method"));

    if (text == NULL || last == NULL || method == NULL || strcmp(method, "GET") == 0)
        return false;
    return strstr(text, field) != NULL &&
           (strcmp(last + 1, id) == 0 || strstr(text, email) != NULL);
}

static bool
is_human(json_t *call)
{
    const char *actor = json_string_value(json_object_get(call, "actor"));

    return actor != NULL && strcmp(actor, "human") == 0;
}

static int64_t
time_of(json_t *call)
{
    const char *text = json_string_value(json_object_get(call, "time"));
    int64_t ms = 0;

    if (text != NULL)
        clock_parse(text, &ms, NULL);
    return ms;
}

static bool
missed_at(struct world *w, int system, long long since, const char *id, const char *email,
          const char *field)
{
    CLEANUP_FREE char *path = mem_printf("/_sim/log?since=%lld", since);
    json_t *log = world_call(w, system, "GET", path, NULL), *call;
    int64_t written = 0;
    bool missed = false;
    size_t i;

    json_array_foreach(log, i, call)
    {
        if (!concerns(call, id, email, field))
            continue;
        if (!is_human(call))
            written = time_of(call);
        else
            missed = missed || (written > 0 && time_of(call) - written < READ_BACK_MS);
    }
    json_decref(log);
    return missed;
}

bool
oracle_missed(const struct oracle *o, struct world *w, int person, enum field field,
              const struct found *now)
{
    const struct plan *p = o->plan;

    for (int s = 0; s < p->n_systems; s++)
        if (p->systems[s].answer_none && now[s].count > 0 &&
            missed_at(w, s, o->logged[s], now[s].id, oracle_email(person),
                      plan_name(&p->systems[s], (int)field)))
            return true;
    return false;
}
