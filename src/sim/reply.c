#include <config.h>

#include "sim/reply.h"
#include "sim/jtext.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int
reply_error(struct reply *r, int status, const char *code, const char *fmt, ...)
{
    va_list ap;

    reply_release(r);
    r->is_error = true;
    r->status = status;
    r->code = code;
    va_start(ap, fmt);
    vsnprintf(r->message, sizeof r->message, fmt, ap);
    va_end(ap);
    return -1;
}

void
reply_header(struct reply *r, const char *name, const char *fmt, ...)
{
    va_list ap;

    if (r->n_headers == sizeof r->headers / sizeof r->headers[0])
        return;
    r->headers[r->n_headers].name = name;
    va_start(ap, fmt);
    vsnprintf(r->headers[r->n_headers++].value, sizeof r->headers[0].value, fmt, ap);
    va_end(ap);
}

static void
html_page(struct reply *r, const char *title, const char *text)
{
    buf_clear(&r->body);
    buf_printf(&r->body,
               "<!DOCTYPE html>\n<html><head><title>%s</title></head>\n"
               "<body><h1>%s</h1><p>%s</p></body></html>\n",
               title, title, text);
    r->type = "text/html; charset=utf-8";
}

void
reply_html(struct reply *r)
{
    reply_release(r);
    r->status = 200;
    html_page(r, "Please wait", "We are checking your browser.");
}

static json_t *
error_value(const struct reply *r, bool nested)
{
    json_t *error = json_object();
    json_t *outer;

    json_object_set_new(error, nested ? "code" : "error", json_string(r->code));
    json_object_set_new(error, "message", json_string(r->message));
    if (nested)
        json_object_set_new(error, "status", json_integer(r->status));
    if (r->more != NULL)
        json_object_update(error, r->more);
    if (!nested)
        return error;
    outer = json_object();
    json_object_set_new(outer, "error", error);
    return outer;
}

static void
finish_error(struct reply *r, const struct quirks *q)
{
    bool hide = q != NULL && quirk_on(q, QUIRK_ERROR_200) && !r->is_injected;

    if (q != NULL && quirk_on(q, QUIRK_HTML_ERRORS)) {
        char title[32];

        snprintf(title, sizeof title, "Error %d", r->status);
        html_page(r, title, "Something went wrong.");
        return;
    }
    r->value = error_value(r, hide);
    if (hide)
        r->status = 200;
}

void
reply_finish(struct reply *r, const struct quirks *q)
{
    if (r->is_error && r->type == NULL)
        finish_error(r, q);
    if (r->value == NULL)
        return;
    jtext_add(&r->body, r->value);
    buf_char(&r->body, '\n');
    r->type = "application/json";
    json_decref(r->value);
    r->value = NULL;
}

void
reply_release(struct reply *r)
{
    json_decref(r->value);
    json_decref(r->more);
    free(r->etag);
    free(r->location);
    free(r->link);
    buf_release(&r->body);
    *r = (struct reply){.status = 0};
}
