#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/secret.h"

#include "base/buf.h"
#include "base/mem.h"
#include "config/internal.h"

enum { MAX_SECRET = 64 * 1024 };

static int
missing(struct err *err, const char *what, const char *name, const char *why)
{
    return err_set(err, ERR_RUN, ERR_NEVER, "missing-secret", "secret %s %s %s", what, name, why);
}

static int
add_env(struct buf *out, const char *name, struct err *err)
{
    const char *value = getenv(name);

    if (value == NULL || value[0] == '\0') {
        missing(err, "variable", name, value == NULL ? "is not set" : "is empty");
        return err_hint(err, "export %s=...", name);
    }
    if (strlen(value) > MAX_SECRET)
        return missing(err, "variable", name, "is larger than 64 KiB");
    buf_text(out, value);
    return 0;
}

static int
add_file(struct buf *out, const char *name, const char *config_path, struct err *err)
{
    CLEANUP_FREE char *dir = file_dir(config_path);
    CLEANUP_FREE char *path = file_join(dir, name);
    CLEANUP_BUF struct buf text = BUF_INIT;

    if (file_read(path, MAX_SECRET, true, &text, err) != 0) {
        struct err cause = err != NULL ? *err : (struct err)ERR_INIT;

        err_set(err, ERR_RUN, ERR_NEVER, "missing-secret", "secret file %s", cause.text);
        return cause.hint[0] != '\0' ? err_hint(err, "%s", cause.hint) : -1;
    }
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    if (text.len > 0 && text.data[text.len - 1] == '\r')
        text.len--;
    if (text.len == 0)
        return missing(err, "file", path, "is empty");
    if (memchr(text.data, '\0', text.len) != NULL)
        return missing(err, "file", path, "holds a NUL byte");
    buf_add(out, text.data, text.len);
    return 0;
}

/* One ${...}: NAME is what stands between the braces. */
static int
add_reference(struct buf *out, const char *name, const char *config_path, struct err *err)
{
    if (strncmp(name, "env:", 4) == 0 && name[4] != '\0')
        return add_env(out, name + 4, err);
    if (strncmp(name, "file:", 5) == 0 && name[5] != '\0')
        return add_file(out, name + 5, config_path, err);
    return missing(err, "reference", "${...}", "must be ${env:NAME} or ${file:PATH}");
}

char *
secret_resolve(const char *reference, const char *config_path, struct err *err)
{
    CLEANUP_BUF struct buf out = BUF_INIT;
    const char *at = reference;

    while (*at != '\0') {
        const char *open = strstr(at, "${");
        const char *close = open != NULL ? strchr(open, '}') : NULL;
        CLEANUP_FREE char *name = NULL;

        if (open == NULL) {
            buf_text(&out, at);
            break;
        }
        if (close == NULL) {
            missing(err, "reference", "${...}", "has no closing brace");
            return NULL;
        }
        buf_add(&out, at, (size_t)(open - at));
        name = mem_printf("%.*s", (int)(close - open - 2), open + 2);
        if (add_reference(&out, name, config_path, err) != 0)
            return NULL;
        at = close + 1;
    }
    buf_add(&out, "", 0);
    return out.data != NULL ? buf_take(&out) : mem_text("");
}
