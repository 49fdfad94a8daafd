#include <config.h>

#include "fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static char *names[] = {(char *)"name", (char *)"email", (char *)"note", (char *)"score",
                        (char *)"city"};
static char *paths[] = {(char *)"name", (char *)"email", (char *)"note", (char *)"score",
                        (char *)"address.city"};
static char *by[] = {(char *)"email", (char *)"external_id"};

static struct endpoint
endpoint(const char *method, const char *path)
{
    struct endpoint e = {.present = true,
                         .method = (char *)method,
                         .path = (char *)path,
                         .record = (char *)"",
                         .records = (char *)""};

    return e;
}

void
fixture_init(struct fixture *f)
{
    static struct param query[] = {{(char *)"{key}", (char *)"{value}"}};
    static struct param list[] = {{(char *)"since", (char *)"{since}"},
                                  {(char *)"limit", (char *)"{size}"}};

    memset(f, 0, sizeof *f);
    f->arena = arena_new();
    for (int i = 0; i < 5; i++) {
        f->model_fields[i].name = names[i];
        f->maps[i].field = &f->model_fields[i];
        f->maps[i].path = paths[i];
    }
    f->maps[3].read_only = true;
    f->r.resource = (char *)"crm/contacts";
    f->r.id = (char *)"id";
    f->r.fields = f->maps;
    f->r.n_fields = 5;
    f->r.get = endpoint("GET", "/contacts/{id}");
    f->r.get.gone[0] = 404;
    f->r.get.n_gone = 1;
    f->r.find = endpoint("GET", "/contacts");
    f->r.find.query = query;
    f->r.find.n_query = 1;
    f->r.find.by = by;
    f->r.find.n_by = 1;
    f->r.create = endpoint("POST", "/contacts");
    f->r.update = endpoint("PATCH", "/contacts/{id}");
    f->r.delete = endpoint("DELETE", "/contacts/{id}");
    f->r.delete.gone[0] = 404;
    f->r.delete.n_gone = 1;
    f->r.list.call = endpoint("GET", "/contacts");
    f->r.list.call.records = (char *)"data";
    f->r.list.call.query = list;
    f->r.list.call.n_query = 2;
    f->r.list.size = 2;
    f->d.resources = &f->r;
    f->d.n_resources = 1;
    f->s.name = (char *)"app";
    f->s.account = (char *)"main";
    f->s.definition = &f->d;
    f->s.concurrency = 4;
    f->s.base_url = f->base_url;
    snprintf(f->base_url, sizeof f->base_url, "https://x.example/api");
}

static void
begin(struct fixture *f)
{
    f->http = http_new();
    f->p = provider_new(&f->s, f->http);
    provider_timing(f->p, 300, 1000);
}

void
fixture_start(struct fixture *f, const char *prefix, const struct peer_step *steps, size_t n)
{
    peer_start(&f->peer, steps, n);
    f->has_peer = true;
    snprintf(f->base_url, sizeof f->base_url, "%s%s", f->peer.url, prefix);
    begin(f);
}

void
fixture_start_dead(struct fixture *f)
{
    snprintf(f->base_url, sizeof f->base_url, "http://127.0.0.1:%d", peer_dead_port());
    begin(f);
}

void
fixture_release(struct fixture *f)
{
    http_free(f->http);
    provider_free(f->p);
    if (f->has_peer)
        peer_stop(&f->peer);
    arena_free(f->arena);
}

static void
copy_record(struct fixture *f, struct provider_record *to, const struct provider_record *from)
{
    to->id = arena_text(f->arena, from->id);
    to->external_id = arena_text(f->arena, from->external_id);
    to->version = arena_text(f->arena, from->version);
    to->etag = arena_text(f->arena, from->etag);
    to->changed_at = from->changed_at;
    to->fields = val_copy(f->arena, from->fields);
    to->raw = val_copy(f->arena, from->raw);
}

void
fixture_keep(void *user, const struct provider_answer *a)
{
    struct fixture *f = user;
    struct provider_record *records = arena_alloc(f->arena, (a->n_records + 1) * sizeof *records);

    f->answers++;
    f->got = *a;
    f->got.code = arena_text(f->arena, a->code);
    f->got.text = arena_text(f->arena, a->text);
    f->got.id = arena_text(f->arena, a->id);
    f->got.next_cursor = arena_text(f->arena, a->next_cursor);
    f->got.bad_text = arena_text(f->arena, a->bad_text);
    for (size_t i = 0; i < a->n_records; i++)
        copy_record(f, &records[i], &a->records[i]);
    f->got.records = records;
    /* A rule for every answer. */
    ck_assert((a->outcome == PROVIDER_OK) == (a->code == NULL));
    ck_assert(a->outcome == PROVIDER_OK || a->text != NULL);
    ck_assert((a->outcome == PROVIDER_LIMITED ||
               (a->code != NULL && (strcmp(a->code, "down") == 0 ||
                                    strcmp(a->code, "no-token") == 0))) == (a->not_before != 0));
    ck_assert(a->outcome == PROVIDER_OK || a->n_records == 0);
}

void
fixture_run(struct fixture *f)
{
    struct err err = ERR_INIT;

    f->answers = 0;
    ck_assert_msg(http_run(f->http, &err) == 0, "%s", err.text);
    ck_assert_int_eq(f->answers, 1);
}

struct val *
fixture_val(struct fixture *f, const char *json)
{
    struct err err = ERR_INIT;
    struct val *v = val_parse(f->arena, json, strlen(json), &err);

    ck_assert_msg(v != NULL, "%s: %s", json, err.text);
    return v;
}
