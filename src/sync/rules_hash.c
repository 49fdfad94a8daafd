#include <config.h>

#include "sync/rules_hash.h"

#include "base/buf.h"
#include "crypto/digest.h"

#include <string.h>

/* With its length before it, so that no two lists of texts are one. */
static void
add(struct buf *b, const char *text)
{
    buf_printf(b, "%zu:%s", text != NULL ? strlen(text) + 1 : 0, text != NULL ? text : "");
}

static void
add_system(struct buf *b, const struct conf_system *s)
{
    add(b, s != NULL ? s->name : NULL);
}

static void
add_policy(struct buf *b, const struct policy *p)
{
    buf_printf(b, "%d;", (int)p->kind);
    add_system(b, p->system);
}

static void
add_ends(struct buf *b, const struct conf_sync *s)
{
    for (size_t i = 0; i < s->n_between; i++) {
        add_system(b, s->between[i]);
        add(b, s->between[i]->account);
        add(b, s->between[i]->base_url);
        buf_printf(b, "%d;", s->create[i]);
    }
}

static void
add_field(struct buf *b, const struct sync_field *f)
{
    add(b, f->field->name);
    buf_printf(b, "%d,%d;", (int)f->field->type, (int)f->owner.kind);
    add_system(b, f->owner.system);
    add_policy(b, &f->conflict);
    buf_printf(b, "%d%d%d;", f->create_only, f->enforce, f->required);
    add(b, f->ref);
}

static void
add_sync(struct buf *b, const struct conf_sync *s)
{
    add(b, s->resource);
    add(b, s->map_hash); /* the definitions' mappings and the value tables */
    add_ends(b, s);
    for (size_t i = 0; i < s->n_match; i++)
        add(b, s->match[i]);
    buf_char(b, ';');
    add_policy(b, &s->first_contact);
    add_policy(b, &s->conflict);
    buf_printf(b, "%lld;%d%d%d;", (long long)s->skew_ms, s->deletes.propagate, s->recreate,
               s->propagate_engines);
    for (size_t i = 0; i < s->n_fields; i++)
        add_field(b, &s->fields[i]);
    buf_char(b, '\n');
}

void
rules_hash(const struct conf *conf, char out[RULES_HASH])
{
    CLEANUP_BUF struct buf all = BUF_INIT;

    for (size_t i = 0; i < conf->n_syncs; i++)
        add_sync(&all, &conf->syncs[i]);
    digest_hex(buf_get(&all), all.len, out);
}
