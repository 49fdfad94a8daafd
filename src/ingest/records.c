#include <config.h>

#include "ingest/ingest.h"
#include "ingest/csv.h"

#include "base/clock.h"
#include "base/log.h"
#include "json/ndjson.h"
#include "provider/provider.h"
#include "stream/event.h"
#include "stream/rejects.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ID = 2000 }; /* longest text member of a line */

struct records {
    const struct records_options *o;
    const struct conf_system *system;
    const struct conf_sync *sync;
    const struct resource_def *def;
    struct arena *arena;
    struct ndjson_reader *in;
    struct ndjson_writer *out;
    struct rejects *rejects;
    struct buf line;
    bool csv;
    long count;
};

static int
find_names(struct records *r, struct err *err)
{
    const struct records_options *o = r->o;
    int i;

    r->system = conf_system(o->conf, o->system);
    r->sync = conf_sync(o->conf, o->resource);
    if (r->system == NULL)
        err_set(err, ERR_RUN, ERR_NEVER, "no-system", "there is no system %s in %s", o->system,
                o->conf->file);
    else if (r->sync == NULL)
        err_set(err, ERR_RUN, ERR_NEVER, "no-resource", "there is no entry for %s under sync in %s",
                o->resource, o->conf->file);
    else if ((i = sync_index(r->sync, o->system)) < 0)
        err_set(err, ERR_RUN, ERR_NEVER, "no-system", "%s is not under between of %s", o->system,
                o->resource);
    else {
        r->def = r->sync->defs[i];
        return 0;
    }
    return err_exit(err, EXIT_USAGE);
}

/* CSV knows texts only: what the model calls a number or a bool becomes one if it reads as one. */
static struct val *
typed(struct arena *a, const struct model_field *field, const struct val *v)
{
    const char *text = val_text(v);
    struct val *n;

    if (text == NULL)
        return NULL;
    if (field->type == FIELD_BOOL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return val_bool(a, text[0] == 't');
    if (field->type != FIELD_NUMBER)
        return NULL;
    n = val_parse(a, text, strlen(text), NULL);
    return n != NULL && n->kind == VAL_NUMBER ? n : NULL;
}

static void
add_field(struct records *r, struct val *fields, const struct model_field *field,
          const struct val *v)
{
    struct val *better = r->csv ? typed(r->arena, field, v) : NULL;

    val_set(r->arena, fields, field->name, better != NULL ? better : val_copy(r->arena, v));
}

/* The provider's shape: what the record does not have is left out, not emptied. */
static int
map_record(struct records *r, const struct val *raw, struct event *e, struct err *err)
{
    struct val *fields = val_object(r->arena);
    struct provider_record rec = {0};
    char when[CLOCK_TEXT];

    if (provider_map(r->arena, r->def, raw, &rec, err) < 0)
        return -1;
    for (size_t i = 0; i < r->def->n_fields; i++) {
        const struct field_map *f = &r->def->fields[i];

        if (val_path(raw, f->path) == NULL)
            e->partial = true;
        else
            add_field(r, fields, f->field, val_get(rec.fields, f->field->name));
    }
    e->record_id = rec.id;
    e->version = rec.version;
    e->occurred_at =
        rec.changed_at != 0 ? arena_text(r->arena, clock_format(rec.changed_at, when)) : NULL;
    e->fields = fields;
    return 0;
}

/* Unified names: {"id": .., "email": ..}. A name that is none of the resource's is a mistake. */
static int
take_unified(struct records *r, const struct val *raw, struct event *e, struct err *err)
{
    struct val *fields = val_object(r->arena);

    for (size_t i = 0; i < raw->n; i++) {
        const struct val_member *m = &raw->u.members[i];
        const struct field_map *f = resource_field(r->def, m->name);

        if (strcmp(m->name, "id") == 0)
            continue;
        if (f == NULL)
            return err_set(err, ERR_RECORD, ERR_NEVER, "no-field", "%s has no field %s of %s",
                           r->system->name, m->name, r->sync->resource);
        add_field(r, fields, f->field, m->value);
    }
    for (size_t i = 0; i < r->def->n_fields; i++)
        if (val_get(fields, r->def->fields[i].field->name) == NULL)
            e->partial = true;
    e->record_id = val_id(val_get(raw, "id"));
    e->fields = fields;
    return 0;
}

static int
check_id(const struct event *e, struct err *err)
{
    if (e->record_id == NULL || e->record_id[0] == '\0')
        return err_set(err, ERR_RECORD, ERR_NEVER, "no-id", "the record has no id");
    if (strlen(e->record_id) > MAX_ID)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-id", "the id is over %d bytes", MAX_ID);
    return 0;
}

/* One record: 0, or -1 with why it is refused. */
static int
convert(struct records *r, const char *line, size_t len, struct err *err)
{
    struct event e = {.path = "manual",
                      .system = r->system->name,
                      .account = r->system->account,
                      .resource = r->sync->resource,
                      .event_type = "updated",
                      .sync_source = r->system->name,
                      .sync_direction = "inbound"};
    const struct val *raw;

    arena_reset(r->arena);
    raw = val_parse(r->arena, line, len, err);
    if (raw == NULL)
        return -1;
    if (raw->kind != VAL_OBJECT)
        return err_set(err, ERR_RECORD, ERR_NEVER, "not-object", "the record is no object");
    if ((r->o->unified ? take_unified(r, raw, &e, err) : map_record(r, raw, &e, err)) < 0)
        return -1;
    if (check_id(&e, err) < 0)
        return -1;
    buf_clear(&r->line);
    event_write_data(&r->line, &e);
    return 0;
}

static int
refuse(struct records *r, const char *line, size_t len, struct err *why, struct err *err)
{
    err_wrap(why, "%s %ld", r->csv ? "row" : "line", ndjson_line(r->in));
    log_err(why);
    return rejects_add(r->rejects, line, len, err);
}

static int
put_line(struct records *r, struct err *err)
{
    if (ndjson_put(r->out, r->line.data, r->line.len, err) < 0)
        return -1;
    return ndjson_ready(r->in) ? 0 : ndjson_flush(r->out, err);
}

static int
read_all(struct records *r, struct err *err)
{
    const char *line;
    size_t len;

    for (;;) {
        struct err why = ERR_INIT;
        int n = ndjson_next(r->in, &line, &len, &why);

        if (n == 0)
            break;
        if (n < 0 && why.scope == ERR_RUN) {
            *err = why;
            return -1;
        }
        if (n < 0 || convert(r, line, len, &why) < 0) {
            if (refuse(r, n < 0 ? "" : line, n < 0 ? 0 : len, &why, err) < 0)
                return -1;
            continue;
        }
        if (put_line(r, err) < 0)
            return -1;
        r->count++;
    }
    if (ndjson_torn(r->in))
        log_warn("the last line has no newline and was dropped");
    return 0;
}

static int
write_eos(struct records *r, bool complete, struct err *err)
{
    buf_clear(&r->line);
    event_write_eos(&r->line, NULL, r->count, complete);
    return ndjson_put(r->out, r->line.data, r->line.len, err);
}

/* Reads FD (NDJSON) to its end; -1 with err, else the exit status. */
static int
run_stream(struct records *r, int fd, const char *name, struct csv *csv, struct err *err)
{
    struct err late = ERR_INIT;
    int rc;

    r->in = ndjson_open(fd, name);
    r->out = ndjson_create(STDOUT_FILENO, "stdout");
    rc = read_all(r, err);
    if (csv != NULL && csv_close(csv, &late) < 0 && rc == 0) {
        *err = late;
        rc = -1;
    }
    if (err->status != EXIT_IO && write_eos(r, rc == 0, &late) < 0 && rc == 0) {
        *err = late;
        rc = -1;
    }
    if (ndjson_finish(r->out, &late) < 0 && rc == 0) {
        *err = late;
        rc = -1;
    }
    ndjson_close(r->in);
    if (rc < 0)
        return -1;
    return rejects_count(r->rejects) > 0 ? EXIT_PARTIAL : EXIT_OK;
}

static bool
is_csv(const struct records_options *o)
{
    size_t n = o->file != NULL ? strlen(o->file) : 0;

    return o->csv || (n > 4 && strcmp(o->file + n - 4, ".csv") == 0);
}

static int
run_file(struct records *r, int fd, const char *name, struct err *err)
{
    struct csv csv;

    if (!r->csv)
        return run_stream(r, fd, name, NULL, err);
    if (csv_open(&csv, fd, err) < 0)
        return -1;
    return run_stream(r, csv.fd, name, &csv, err);
}

int
records_run(const struct records_options *o, struct err *err)
{
    struct records r = {.o = o, .csv = is_csv(o), .line = BUF_INIT};
    bool std = o->file == NULL || strcmp(o->file, "-") == 0;
    int fd = STDIN_FILENO, status;

    if (find_names(&r, err) < 0)
        return err->status;
    if (!std && (fd = open(o->file, O_RDONLY | O_CLOEXEC)) < 0) {
        err_errno(err, "%s", o->file);
        return err->status;
    }
    r.rejects = rejects_open(o->rejects, err);
    if (r.rejects == NULL) {
        if (!std)
            close(fd);
        return err->status;
    }
    r.arena = arena_new();
    status = run_file(&r, fd, std ? "stdin" : o->file, err);
    arena_free(r.arena);
    buf_release(&r.line);
    rejects_close(r.rejects);
    if (!std)
        close(fd);
    return status < 0 ? (int)err->status : status;
}
