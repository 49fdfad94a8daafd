#include <config.h>

#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum exit_status
default_status(enum err_scope scope, enum err_retry retry)
{
    if (retry != ERR_NEVER)
        return EXIT_LATER;
    switch (scope) {
    case ERR_RECORD:
        return EXIT_PARTIAL;
    case ERR_SYSTEM:
        return EXIT_REFUSED;
    default:
        return EXIT_CONFIG;
    }
}

int
err_set(struct err *err, enum err_scope scope, enum err_retry retry, const char *code,
        const char *fmt, ...)
{
    va_list ap;

    if (err == NULL)
        return -1;
    err->scope = scope;
    err->retry = retry;
    err->status = default_status(scope, retry);
    snprintf(err->code, sizeof err->code, "%s", code);
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    err->hint[0] = '\0';
    return -1;
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
    char old[sizeof err->text];
    va_list ap;
    int n;

    if (err == NULL)
        return -1;
    memcpy(old, err->text, sizeof old);
    va_start(ap, fmt);
    n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", old);
    return -1;
}

int
err_hint(struct err *err, const char *fmt, ...)
{
    va_list ap;

    if (err == NULL)
        return -1;
    va_start(ap, fmt);
    vsnprintf(err->hint, sizeof err->hint, fmt, ap);
    va_end(ap);
    return -1;
}

int
err_exit(struct err *err, enum exit_status status)
{
    if (err != NULL)
        err->status = status;
    return -1;
}

int
err_errno(struct err *err, const char *fmt, ...)
{
    int saved = errno;
    char what[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    err_set(err, ERR_RUN, ERR_NEVER, "io", "%s: %s", what, strerror(saved));
    return err_exit(err, EXIT_IO);
}

void
err_bug(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "%s: bug: ", program_invocation_short_name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " (%s:%d)\n", file, line);
    _exit(EXIT_BUG);
}

void
err_no_memory(void)
{
    static const char text[] = ": error: out of memory\n";
    ssize_t n;

    n = write(STDERR_FILENO, program_invocation_short_name, strlen(program_invocation_short_name));
    if (n >= 0)
        n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    _exit(EXIT_BUG);
}
