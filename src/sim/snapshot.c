#include <config.h>

#include "sim/snapshot.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sim/jtext.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
bad_file(const char *file, struct err *err)
{
    return err_set(err, ERR_RUN, ERR_NEVER, "bad-state", "%s is no state of sync-sim", file);
}

static int64_t
integer(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *
string(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static int
load_records(struct sim *s, struct collection *c, const json_t *list)
{
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        json_t *id = json_object_get(item, "id");
        json_t *fields = json_object_get(item, "fields");

        if (!json_is_object(fields) || !(json_is_string(id) || json_is_integer(id)))
            return -1;
        store_load(&s->store, c, json_incref(id), fields, integer(item, "created"),
                   integer(item, "updated"), integer(item, "rev"));
    }
    return 0;
}

static int
load_collections(struct sim *s, json_t *all)
{
    const char *name;
    json_t *list;

    if (!json_is_object(all))
        return -1;
    json_object_foreach(all, name, list)
    {
        struct collection *c = store_add_collection(&s->store, name);

        if (c == NULL || load_records(s, c, list) != 0)
            return -1;
    }
    return 0;
}

static int
load_answers(struct sim *s, const json_t *list)
{
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        struct answer *a;

        if (string(item, "key") == NULL || string(item, "body") == NULL)
            return -1;
        a = mem_alloc(sizeof *a);
        a->key = mem_text(string(item, "key"));
        a->status = (int)integer(item, "status");
        a->body = mem_text(string(item, "body"));
        a->etag = mem_text(string(item, "etag"));
        a->location = mem_text(string(item, "location"));
        sim_keep_answer(s, a);
    }
    return 0;
}

static int
load_all(struct sim *s, json_t *state, bool account_asked)
{
    const char *account = string(state, "account");
    const char *random = string(state, "random");
    int64_t now = integer(state, "now");

    if (account == NULL || random == NULL ||
        load_collections(s, json_object_get(state, "collections")) != 0 ||
        load_answers(s, json_object_get(state, "answers")) != 0)
        return -1;
    s->store.ids.next = integer(state, "next_id");
    s->store.ids.state = strtoull(random, NULL, 10);
    s->store.time.last = integer(state, "last");
    s->events = integer(state, "events");
    if (s->store.time.is_virtual && now > s->store.time.now)
        s->store.time.now = now;
    if (!account_asked) {
        free(s->account);
        s->account = mem_text(account);
    }
    return 0;
}

int
snapshot_put(struct sim *s, json_t *state)
{
    return load_all(s, state, true);
}

int
snapshot_load(struct sim *s, bool account_asked, struct err *err)
{
    json_error_t e;
    json_t *state;
    int failed;

    if (access(s->file, R_OK) != 0)
        return errno == ENOENT ? 0 : err_errno(err, "%s", s->file);
    state = json_load_file(s->file, JSON_ALLOW_NUL, &e);
    if (state == NULL)
        return bad_file(s->file, err);
    failed = load_all(s, state, account_asked);
    json_decref(state);
    return failed != 0 ? bad_file(s->file, err) : 0;
}

static json_t *
saved_records(const struct collection *c)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < c->n; i++) {
        const struct record *r = c->records[i];

        if (!r->now->deleted)
            json_array_append_new(list, json_pack("{s:O,s:O,s:I,s:I,s:I}", "id", r->id, "fields",
                                                  r->now->fields, "created", (json_int_t)r->created,
                                                  "updated", (json_int_t)r->now->updated, "rev",
                                                  (json_int_t)r->now->rev));
    }
    return list;
}

static void
save_answer(void *value, void *with)
{
    const struct answer *a = value;

    json_array_append_new(with,
                          json_pack("{s:s,s:i,s:s,s:s?,s:s?}", "key", a->key, "status", a->status,
                                    "body", a->body, "etag", a->etag, "location", a->location));
}

json_t *
snapshot_take(const struct sim *s)
{
    CLEANUP_FREE char *random = mem_printf("%llu", (unsigned long long)s->store.ids.state);
    json_t *collections = json_object();
    json_t *answers = json_array();
    size_t i;

    for (i = 0; i < s->store.n; i++)
        json_object_set_new(collections, s->store.collections[i]->name,
                            saved_records(s->store.collections[i]));
    map_each(&s->answers, save_answer, answers);
    return json_pack("{s:s,s:I,s:s,s:I,s:I,s:I,s:o,s:o}", "account", s->account, "next_id",
                     (json_int_t)s->store.ids.next, "random", random, "now",
                     (json_int_t)timeline_now(&s->store.time), "last",
                     (json_int_t)s->store.time.last, "events", (json_int_t)s->events, "answers",
                     answers, "collections", collections);
}

static int
write_file(const char *file, const struct buf *text, struct err *err)
{
    FILE *out = fopen(file, "we");
    int failed;

    if (out == NULL)
        return err_errno(err, "%s", file);
    failed = fwrite(text->data, 1, text->len, out) != text->len || fflush(out) != 0 ||
             fsync(fileno(out)) != 0;
    if (failed)
        err_errno(err, "%s", file);
    if (fclose(out) != 0 && !failed)
        failed = err_errno(err, "%s", file);
    return failed ? -1 : 0;
}

int
snapshot_save(const struct sim *s, struct err *err)
{
    CLEANUP_FREE char *temp = mem_printf("%s.new", s->file);
    CLEANUP_BUF struct buf text = BUF_INIT;
    json_t *state = snapshot_take(s);

    jtext_add(&text, state);
    buf_char(&text, '\n');
    json_decref(state);
    if (write_file(temp, &text, err) != 0)
        return -1;
    return rename(temp, s->file) != 0 ? err_errno(err, "%s", s->file) : 0;
}

/* The time of a member, DEFAULT_MS if it is absent or null. -1 if it is no time. */
static int
read_time(const json_t *line, const char *name, int64_t default_ms, int64_t *ms, struct err *err)
{
    const char *text = string(line, name);

    *ms = default_ms;
    return text != NULL ? clock_parse(text, ms, err) : 0;
}

static int
import_line(struct sim *s, struct collection *c, json_t *line, struct err *err)
{
    static const char *const own[] = {"id", "created_at", "updated_at", "rev"};
    json_t *id = json_object_get(line, "id");
    int64_t rev = integer(line, "rev");
    CLEANUP_BUF struct buf key = BUF_INIT;
    int64_t created;
    int64_t updated;
    size_t i;

    if (!json_is_object(line))
        return err_set(err, ERR_RUN, ERR_NEVER, "bad-record", "not an object");
    if (id != NULL && !json_is_string(id) && !json_is_integer(id))
        return err_set(err, ERR_RUN, ERR_NEVER, "bad-record", "id is no number and no string");
    if (id != NULL)
        jtext_plain(&key, id);
    if (id != NULL && map_find(&c->by_key, buf_get(&key)) != NULL)
        return err_set(err, ERR_RUN, ERR_NEVER, "bad-record", "id %.64s is there twice",
                       buf_get(&key));
    created = timeline_stamp(&s->store.time);
    if (read_time(line, "created_at", created, &created, err) != 0 ||
        read_time(line, "updated_at", created, &updated, err) != 0)
        return -1;
    id = json_incref(id);
    for (i = 0; i < sizeof own / sizeof own[0]; i++)
        json_object_del(line, own[i]);
    store_load(&s->store, c, id, line, created, updated, rev > 0 ? rev : 1);
    return 0;
}

static int
import_text(struct sim *s, struct collection *c, const char *text, size_t len, struct err *err)
{
    char why[160];
    json_t *line;
    int failed;

    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len == 0)
        return 0;
    line = jtext_parse(text, len, why);
    if (line == NULL)
        return err_set(err, ERR_RUN, ERR_NEVER, "bad-json", "%s", why);
    failed = import_line(s, c, line, err);
    json_decref(line);
    return failed;
}

int
snapshot_import(struct sim *s, struct collection *c, const char *file, struct err *err)
{
    FILE *in = fopen(file, "re");
    CLEANUP_FREE char *line = NULL;
    size_t cap = 0;
    size_t n = 0;
    ssize_t len;
    int failed = 0;

    if (in == NULL)
        return err_errno(err, "%s", file);
    while (failed == 0 && (len = getline(&line, &cap, in)) != -1) {
        n++;
        failed = import_text(s, c, line, (size_t)len, err);
    }
    if (failed != 0)
        err_wrap(err, "%s:%zu", file, n);
    else if (ferror(in))
        failed = err_errno(err, "%s", file);
    fclose(in);
    return failed;
}
