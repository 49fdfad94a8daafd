#include <config.h>

#include "provider/internal.h"

#include "crypto/digest.h"

#include <string.h>

/* What a request is about: its items and their accounts. */

enum { MAX_ACCOUNTS = 256 };

int
items_open(struct arena *a, const struct conf_system *system, const struct inbound *r,
           struct items *out, struct err *err)
{
    const char *split = system->definition->webhook.event.split;
    const struct val *list;

    memset(out, 0, sizeof *out);
    if (scene_open(a, r, &out->scene, err) != 0)
        return -1;
    if (split == NULL) {
        out->items = arena_alloc(a, sizeof *out->items);
        out->items[out->n++] = out->scene.envelope;
        return 0;
    }
    list = record_at(out->scene.envelope, split);
    if (list == NULL || list->kind != VAL_ARRAY)
        return err_set(err, ERR_RECORD, ERR_NEVER, "no-items", "body: there is no list at %s",
                       split[0] != '\0' ? split : "the top");
    out->items = (const struct val **)list->u.items;
    out->n = list->n;
    return 0;
}

const char *
item_account(const struct items *items, size_t i, const struct event_map *map)
{
    struct scene s = items->scene;
    const char *text;

    if (!map->account.present)
        return NULL;
    s.item = items->items[i];
    text = spot_text(&s, &map->account);
    return text != NULL ? text : "";
}

static bool
is_known(const char *const *accounts, size_t n, const char *account)
{
    while (n > 0)
        if (strcmp(accounts[--n], account) == 0)
            return true;
    return false;
}

int
items_accounts(const struct items *items, const struct event_map *map, const char ***accounts,
               size_t *n, struct err *err)
{
    *accounts = NULL;
    *n = 0;
    if (!map->account.present)
        return 0;
    *accounts = arena_alloc(items->scene.arena, MAX_ACCOUNTS * sizeof **accounts);
    for (size_t i = 0; i < items->n; i++) {
        const char *one = item_account(items, i, map);

        if (is_known(*accounts, *n, one))
            continue;
        if (*n == MAX_ACCOUNTS) {
            *n = 0;
            return err_set(err, ERR_RECORD, ERR_NEVER, "too-many", "body: more than %d accounts",
                           MAX_ACCOUNTS);
        }
        (*accounts)[(*n)++] = one;
    }
    return 0;
}

int
inbound_accounts(struct arena *a, const struct conf_system *system, const struct inbound *r,
                 const char ***accounts, size_t *n, struct err *err)
{
    struct items items;

    *accounts = NULL;
    *n = 0;
    if (items_open(a, system, r, &items, err) != 0)
        return -1;
    return items_accounts(&items, &system->definition->webhook.event, accounts, n, err);
}

/* V with what is at PATH replaced by LIST; only what lies on the way is new. */
static struct val *
with_list(struct arena *a, const struct val *v, const char *path, struct val *list)
{
    size_t len = strcspn(path, ".");
    struct val *out = val_object(a);

    if (path[0] == '\0')
        return list;
    if (v->kind != VAL_OBJECT) /* a place in an array: the rest is no business of these accounts */
        return with_list(a, val_path(v, arena_ntext(a, path, len)), path + len + (path[len] == '.'),
                         list);
    for (size_t i = 0; i < v->n; i++) {
        const struct val_member *m = &v->u.members[i];
        bool here = strlen(m->name) == len && memcmp(m->name, path, len) == 0;

        val_set(a, out, m->name,
                here ? with_list(a, m->value, path + len + (path[len] == '.'), list) : m->value);
    }
    return out;
}

int
inbound_only(struct arena *a, const struct conf_system *system, const struct inbound *r,
             const char *const *accounts, size_t n, const char **body, size_t *len, struct err *err)
{
    const struct event_map *map = &system->definition->webhook.event;
    struct items items;
    struct val *mine;

    if (items_open(a, system, r, &items, err) != 0)
        return -1;
    mine = val_array(a);
    for (size_t i = 0; i < items.n; i++) {
        const char *of = item_account(&items, i, map);

        if (of == NULL || is_known(accounts, n, of))
            val_push(a, mine, (struct val *)items.items[i]);
    }
    *body = r->body;
    *len = r->body_len;
    if (mine->n == items.n)
        return 0;
    *body = map->split == NULL
                ? "null"
                : val_write_text(a, with_list(a, items.scene.envelope, map->split, mine));
    *len = strlen(*body);
    return 0;
}

/* ---- ids ---- */

/* Does the signature vouch for what stands there, whichever rule was met? A rule that signs nothing
 * vouches for the sender. */
static bool
is_vouched(const struct webhook_def *def, enum spot_root root, const char *header)
{
    for (size_t i = 0; i < def->n_verify; i++) {
        const struct verify_rule *rule = &def->verify[i];
        bool found = root == SPOT_QUERY && rule->signs_url;

        for (size_t k = 0; k < rule->n_parts && root == SPOT_HEADER; k++) {
            const struct sign_part *p = &rule->parts[k];
            const char *name = p->kind == SIGN_ID ? rule->id_header : p->text;

            found |= (p->kind == SIGN_ID || p->kind == SIGN_HEADER) && strcmp(name, header) == 0;
        }
        if (rule->kind == VERIFY_MAC && !found)
            return false;
    }
    return true;
}

/* ID alone, or bound to the body: whoever can send an old body again, with the id that a later
 * delivery will have, must not make that one look known. */
static const char *
bind_id(struct arena *a, const struct inbound *r, const char *id, bool vouched)
{
    char hex[DIGEST_HEX];

    if (id == NULL || vouched)
        return id;
    digest_hex(r->body, r->body_len, hex);
    return arena_printf(a, "%s:%.16s", id, hex);
}

const char *
item_joined_id(const struct scene *s, const struct webhook_def *def, bool headers_only)
{
    const struct event_map *map = &def->event;
    const char *id = NULL;
    bool vouched = true;

    for (size_t i = 0; i < map->n_id; i++) {
        const struct spot *at = &map->id[i];
        const char *one = !headers_only || at->root == SPOT_HEADER ? spot_text(s, at) : NULL;

        if (one == NULL)
            return NULL;
        if (at->root == SPOT_HEADER || at->root == SPOT_QUERY)
            vouched = vouched && is_vouched(def, at->root, at->path);
        id = id != NULL ? arena_printf(s->arena, "%s:%s", id, one) : one;
    }
    return bind_id(s->arena, s->r, id, vouched);
}

const char *
inbound_delivery_id(struct arena *a, const struct conf_system *system, const struct inbound *r)
{
    const struct webhook_def *def = &system->definition->webhook;
    struct scene s = {.arena = a, .r = r};
    const char *id = item_joined_id(&s, def, true);

    for (size_t i = 0; id == NULL && i < def->n_verify; i++) {
        const char *header = def->verify[i].id_header;

        id = header != NULL ? inbound_header(r, header) : NULL;
        id = id != NULL && id[0] != '\0' ? inbound_utf8(a, id) : NULL;
        id = bind_id(a, r, id, id == NULL || is_vouched(def, SPOT_HEADER, header));
    }
    return id != NULL && strlen(id) <= RECORD_MAX_ID ? id : NULL;
}
