#include <config.h>

#include "http/url.h"

#include "base/err.h"

#include <string.h>
#include <strings.h>

#include <curl/curl.h>

const char *
url_resolve(struct arena *a, const char *base, const char *ref)
{
    CURLU *u = curl_url();
    const char *found = NULL;
    char *text = NULL;

    if (u == NULL)
        err_no_memory();
    if (curl_url_set(u, CURLUPART_URL, base, CURLU_PATH_AS_IS) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_URL, ref, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK)
        found = arena_text(a, text);
    curl_free(text);
    curl_url_cleanup(u);
    return found;
}

/* One part of both URLs, "" if absent; false if they differ. */
static bool
same_part(CURLU *x, CURLU *y, CURLUPart part)
{
    char *a = NULL, *b = NULL;
    bool same;

    curl_url_get(x, part, &a, CURLU_DEFAULT_PORT);
    curl_url_get(y, part, &b, CURLU_DEFAULT_PORT);
    same = strcasecmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
    curl_free(a);
    curl_free(b);
    return same;
}

static bool
has_part(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return has;
}

bool
url_same_origin(const char *base, const char *url)
{
    CURLU *x = curl_url(), *y = curl_url();
    bool same;

    if (x == NULL || y == NULL)
        err_no_memory();
    same = curl_url_set(x, CURLUPART_URL, base, 0) == CURLUE_OK &&
           curl_url_set(y, CURLUPART_URL, url, 0) == CURLUE_OK &&
           same_part(x, y, CURLUPART_SCHEME) && same_part(x, y, CURLUPART_HOST) &&
           same_part(x, y, CURLUPART_PORT) && !has_part(y, CURLUPART_USER) &&
           !has_part(y, CURLUPART_PASSWORD);
    curl_url_cleanup(x);
    curl_url_cleanup(y);
    return same;
}

static bool
is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void
url_escape(struct buf *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (is_unreserved(*p))
            buf_char(out, (char)*p);
        else
            buf_printf(out, "%%%02X", *p);
    }
}

const char *
url_last_part(struct arena *a, const char *url)
{
    size_t len = strcspn(url, "?#");
    size_t start;
    int decoded_len = 0;
    char *decoded;
    const char *found = NULL;

    while (len > 0 && url[len - 1] == '/')
        len--;
    for (start = len; start > 0 && url[start - 1] != '/'; start--)
        ;
    if (start == len)
        return NULL;
    decoded = curl_easy_unescape(NULL, url + start, (int)(len - start), &decoded_len);
    if (decoded == NULL)
        err_no_memory();
    if (decoded_len > 0 && strlen(decoded) == (size_t)decoded_len)
        found = arena_text(a, decoded);
    curl_free(decoded);
    return found;
}

const char *
url_query(struct arena *a, const char *query, const char *name)
{
    size_t len = strlen(name), n;

    for (; *query != '\0'; query += n + (query[n] == '&')) {
        char *text, *decoded;
        const char *found = NULL;
        int decoded_len = 0;

        n = strcspn(query, "&");
        if (n <= len || strncmp(query, name, len) != 0 || query[len] != '=')
            continue;
        text = arena_ntext(a, query + len + 1, n - len - 1);
        for (char *p = text; *p != '\0'; p++) {
            if (*p == '+')
                *p = ' ';
        }
        decoded = curl_easy_unescape(NULL, text, 0, &decoded_len);
        if (decoded == NULL)
            err_no_memory();
        if (strlen(decoded) == (size_t)decoded_len)
            found = arena_text(a, decoded);
        curl_free(decoded);
        return found;
    }
    return NULL;
}
