#include <config.h>

#include "provider/internal.h"

#include <string.h>
#include <strings.h>

enum { MAX_TOKEN = 4096 };

static bool
is_json(const char *content_type)
{
    return strstr(content_type, "json") != NULL;
}

/* TOKEN as it stands inside a JSON text, or as it is. */
static void
add_token(struct buf *out, const char *token, bool json)
{
    CLEANUP_BUF struct buf quoted = BUF_INIT;

    if (!json) {
        buf_text(out, token);
        return;
    }
    val_write_string(&quoted, token, strlen(token));
    buf_add(out, quoted.data + 1, quoted.len - 2);
}

static void
respond(struct arena *a, const struct challenge_rule *rule, const char *token,
        struct inbound_answer *answer)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *at = rule->body, *hole;

    for (; (hole = strstr(at, "{token}")) != NULL; at = hole + strlen("{token}")) {
        buf_add(&b, at, (size_t)(hole - at));
        add_token(&b, token, is_json(rule->content_type));
    }
    buf_text(&b, at);
    answer->status = rule->status;
    answer->content_type = rule->content_type;
    answer->body = arena_copy(a, buf_get(&b), b.len + 1);
    answer->body_len = b.len;
}

static bool
matches(const struct scene *s, const struct challenge_rule *rule)
{
    const char *value;

    if (rule->method != NULL && strcasecmp(rule->method, s->r->method) != 0)
        return false;
    value = val_id(spot_get(s, &rule->when));
    return value != NULL && (rule->equals == NULL || strcmp(value, rule->equals) == 0);
}

bool
challenge_answer(struct arena *a, const struct webhook_def *def, const struct inbound *r,
                 bool is_signed, struct inbound_answer *answer)
{
    struct scene s = {.arena = a, .r = r};
    bool parsed = false;

    for (size_t i = 0; i < def->n_challenges; i++) {
        const struct challenge_rule *rule = &def->challenges[i];
        const char *token;

        if (rule->is_signed != is_signed)
            continue;
        if (!parsed && (rule->when.root == SPOT_ENVELOPE || rule->token.root == SPOT_ENVELOPE)) {
            scene_open(a, r, &s, NULL);
            parsed = true;
        }
        token = matches(&s, rule) ? spot_text(&s, &rule->token) : NULL;
        if (token == NULL || strlen(token) > MAX_TOKEN)
            continue;
        respond(a, rule, token, answer);
        return true;
    }
    return false;
}
