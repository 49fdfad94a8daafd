#include <config.h>

#include <string.h>

#include "config/internal.h"

static bool
is_loopback(const char *host, size_t len)
{
    if (len == 9 && strncmp(host, "localhost", 9) == 0)
        return true;
    if (len == 5 && strncmp(host, "[::1]", 5) == 0)
        return true;
    /* 127.0.0.0/8, and no name that only starts so */
    return len > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") >= len;
}

static bool
is_port(const char *s, size_t len)
{
    return len >= 1 && len <= 5 && strspn(s, "0123456789") >= len;
}

/* HOST[:PORT] of LEN bytes. */
static const char *
check_host(const char *host, size_t len, struct base_url *out)
{
    size_t name = len;

    if (len > 0 && host[0] == '[') {
        const char *close = memchr(host, ']', len);

        if (close == NULL)
            return "has a bracket that is not closed";
        name = (size_t)(close - host) + 1;
    } else if (memchr(host, ':', len) != NULL) {
        name = (size_t)((const char *)memchr(host, ':', len) - host);
    }
    if (name == 0)
        return "has no host";
    if (name < len && (host[name] != ':' || !is_port(host + name + 1, len - name - 1)))
        return "has a port that is no number";
    out->loopback = is_loopback(host, name);
    return NULL;
}

static const char *
check(const char *url, struct base_url *out)
{
    const char *host;

    if (strncmp(url, "https://", 8) == 0) {
        out->secure = true;
        host = url + 8;
    } else if (strncmp(url, "http://", 7) == 0) {
        host = url + 7;
    } else {
        return "must start with https:// (or http:// for this host)";
    }
    for (const char *s = host; *s != '\0'; s++) {
        if ((unsigned char)*s <= 0x20 || *s == 0x7f || strchr("\\<>\"{}|^`", *s) != NULL)
            return "holds a character that no URL has";
    }
    if (strpbrk(host, "?#") != NULL)
        return "must have no query and no fragment";
    if (memchr(host, '@', strcspn(host, "/")) != NULL)
        return "must hold no user or password (credentials go under auth)";
    return check_host(host, strcspn(host, "/"), out);
}

struct base_url
url_check_key(struct reader *r, const struct yaml *at, const char *key, const char *url)
{
    struct base_url out = {false, false, false};
    const char *wrong = check(url, &out);

    out.ok = wrong == NULL;
    if (wrong != NULL)
        FAULT(r, at, "%s %s", key, wrong);
    return out;
}

struct base_url
url_check(struct reader *r, const struct yaml *at, const char *url)
{
    return url_check_key(r, at, "base_url", url);
}
