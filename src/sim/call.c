#include <config.h>

#include "sim/call.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void
split_path(struct call *c)
{
    const char *at = c->path;

    while (*at == '/') {
        size_t len = strcspn(++at, "/");

        if (len == 0 && at[len] == '\0')
            break;
        if (c->nsegments == CALL_SEGMENTS) {
            c->nsegments++;
            return;
        }
        c->segments[c->nsegments] = params_decode(at, len, false);
        if (c->segments[c->nsegments] == NULL) {
            c->malformed = true;
            return;
        }
        c->nsegments++;
        at += len;
    }
}

struct call *
call_new(const char *uri)
{
    struct call *c = mem_alloc(sizeof *c);
    size_t len = strcspn(uri, "?");

    c->path = mem_text(uri);
    c->path[len] = '\0';
    c->query = mem_text(uri[len] == '?' ? uri + len + 1 : "");
    split_path(c);
    if (params_parse(&c->params, c->query, strlen(c->query)) != 0)
        c->malformed = true;
    return c;
}

void
call_free(struct call *c)
{
    size_t i;

    if (c == NULL)
        return;
    for (i = 0; i < c->nsegments && i < CALL_SEGMENTS; i++)
        free(c->segments[i]);
    params_release(&c->params);
    buf_release(&c->body);
    free(c->method);
    free(c->path);
    free(c->query);
    free(c->authorization);
    free(c->content_type);
    free(c->if_match);
    free(c->if_unmodified_since);
    free(c->idempotency_key);
    events_release(&c->events);
    free(c);
}
