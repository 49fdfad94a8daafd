#include <config.h>

#include "http/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libcurl picks the proxy from these itself, and tells which only among its verbose lines. */
static bool
is_in_environment(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return true;
    }
    return false;
}

/* "Uses proxy env variable https_proxy == '...'"; what stands behind it may hold a password. */
static int
on_verbose(CURL *easy, curl_infotype type, char *text, size_t len, void *user)
{
    static const char begin[] = "Uses proxy env variable ";
    const size_t n = sizeof begin - 1;
    struct transfer *t = user;
    size_t end = n;

    (void)easy;
    if (type != CURLINFO_TEXT || len <= n || memcmp(text, begin, n) != 0)
        return 0;
    while (end < len && text[end] != ' ')
        end++;
    snprintf(t->proxy, sizeof t->proxy, "%.*s", (int)(end - n), text + n);
    return 0;
}

void
proxy_watch(struct transfer *t)
{
    if (!is_in_environment())
        return;
    curl_easy_setopt(t->easy, CURLOPT_DEBUGFUNCTION, on_verbose);
    curl_easy_setopt(t->easy, CURLOPT_DEBUGDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_VERBOSE, 1L);
}

bool
proxy_refused(const struct transfer *t, long status)
{
    long connect = 0;

    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &connect);
    return t->proxy[0] != '\0' && (status == 407 || connect == 407);
}

const char *
proxy_explain(const struct transfer *t, const char *text, char out[PROXY_TEXT])
{
    if (t->proxy[0] == '\0')
        return text;
    /* which would repeat all of it */
    if (strncmp(text, "Unsupported proxy", 17) == 0)
        text = "is not the URL of a proxy that could be used";
    snprintf(out, PROXY_TEXT, "by the proxy of %s: %.200s", t->proxy, text);
    return out;
}
