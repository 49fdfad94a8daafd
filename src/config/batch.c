#include <config.h>

#include "config/batch.h"

#include "config/internal.h"

enum { MAX_ITEMS = 250 };

static char *
read_where(struct reader *r, const struct yaml *y, const struct batch *b,
           const struct resource_def *def)
{
    char *at = read_path_key(r, y, "at", false);

    if (at == NULL && b->by == BATCH_INDEX)
        read_need(r, y, "at");
    if (at == NULL && b->by == BATCH_ID)
        at = def->id;
    if (at == NULL && b->by == BATCH_EXTERNAL_ID) {
        at = def->external_id;
        if (at == NULL || def->external_id_pair != NULL)
            FAULT(r, y, "by: external_id needs to know where it stands in a result: at");
    }
    return at;
}

static void
read_errors(struct reader *r, const struct yaml *y, struct batch *out)
{
    static const char *const keys[] = {"list", "at", NULL};
    const struct yaml *errors = read_map(r, y, "errors");

    if (errors == NULL)
        return;
    yaml_check_keys(errors, keys, r->file, r->f);
    read_need(r, errors, "list");
    read_need(r, errors, "at");
    out->errors = read_path_key(r, errors, "list", false);
    out->errors_at = read_path_key(r, errors, "at", false);
    if (out->by == BATCH_POSITION)
        FAULT(r, errors, "errors in a list of their own have no position: by must be another");
}

static void
read_poll_when(struct reader *r, const struct yaml *y, const char *key, struct limit_when *out)
{
    static const char *const keys[] = {"status", "body", NULL};
    const struct yaml *when = read_map(r, y, key);

    if (when == NULL)
        return;
    yaml_check_keys(when, keys, r->file, r->f);
    when_read(r, when, out);
    if (out->n_status + out->n_body == 0)
        FAULT(r, when, "%s needs a status or a body", key);
}

static void
read_poll(struct reader *r, const struct yaml *y, const char *base_url, struct batch *out)
{
    static const char *const keys[] = {"job",   "url",      "path", "query",  "headers",
                                       "every", "deadline", "done", "failed", NULL};
    const struct yaml *poll = read_map(r, y, "poll");

    if (poll == NULL)
        return;
    out->polls = true;
    yaml_check_keys(poll, keys, r->file, r->f);
    out->poll.job = read_path_key(r, poll, "job", false);
    out->poll.url = read_path_key(r, poll, "url", false);
    if ((out->poll.job == NULL) == (out->poll.url == NULL))
        FAULT(r, poll, "poll needs the path of the job's id (job) or of its URL (url)");
    if (out->poll.job != NULL)
        endpoint_read(r, poll, CALL_POLL, base_url, &out->poll.call);
    out->poll.every_ms = read_span(r, poll, "every", 2000);
    out->poll.deadline_ms = read_span(r, poll, "deadline", 5 * 60000);
    read_need(r, poll, "done");
    read_poll_when(r, poll, "done", &out->poll.done);
    read_poll_when(r, poll, "failed", &out->poll.failed);
}

void
batch_read(struct reader *r, const struct yaml *call, const char *base_url,
           const struct resource_def *def, struct endpoint *out)
{
    static const char *const words[] = {"position", "index", "id", "external_id", NULL};
    const struct yaml *y = read_map(r, call, "batch");
    struct batch *b;
    bool says_id = false;

    if (y == NULL)
        return;
    b = arena_alloc(r->arena, sizeof *b);
    endpoint_read(r, y, CALL_BATCH, base_url, &b->call);
    read_need(r, y, "max");
    b->max = read_count(r, y, "max", 2, 2, MAX_ITEMS);
    b->items = read_path(r, read_need(r, y, "items"), "items", true);
    b->item = endpoint_template(r, yaml_get(y, "item"), CALL_BATCH_ITEM, &says_id);
    b->id_in_item = !says_id;
    b->item_record = read_path_key(r, y, "item_record", true);
    if (b->item_record == NULL)
        b->item_record = arena_text(r->arena, "");
    read_need(r, y, "results");
    b->results = read_path_key(r, y, "results", true);
    b->by = (enum batch_by)read_word(r, y, "by", words, BATCH_POSITION);
    b->at = read_where(r, y, b, def);
    b->status = read_path_key(r, y, "status", false);
    said_error_read(r, y, "item_error", &b->item_error);
    read_errors(r, y, b);
    read_poll(r, y, base_url, b);
    out->batch = b;
}

void
batch_release(struct batch *b)
{
    if (b == NULL)
        return;
    endpoint_release(&b->call);
    endpoint_release(&b->poll.call);
    json_decref(b->item);
    b->item = NULL;
}
