#include <config.h>

#include "base/log.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one global of the library: how this process speaks to people. */
static struct {
    enum log_level level;
    bool json;
    bool progress_shown;
    int64_t progress_start;
    int64_t progress_last;
} state;

void
log_setup(enum log_level level, bool json)
{
    state.level = level;
    state.json = json;
}

static void
add_json_text(struct buf *b, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t rest = strlen(text);

    while (rest > 0) {
        size_t n = text_utf8_len(p, rest);
        unsigned disguise = text_disguise(p, n);

        if (disguise != 0) {
            buf_printf(b, "\\u%04x", disguise);
        } else if (n == 0 || *p < 0x20 || *p == 0x7f) {
            buf_printf(b, "\\u%04x", *p);
            n = 1;
        } else if (*p == '"' || *p == '\\') {
            buf_printf(b, "\\%c", *p);
        } else {
            buf_add(b, p, n);
        }
        p += n;
        rest -= n;
    }
}

static void
add_member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, "%s\"%s\":\"", b->len > 1 ? "," : "", name);
    add_json_text(b, value);
    buf_char(b, '"');
}

static void
say(const char *level, const char *code, const char *text, const char *hint)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *name = program_invocation_short_name;
    char now[CLOCK_TEXT];

    log_progress_end();
    if (state.json) {
        buf_char(&b, '{');
        add_member(&b, "time", clock_format(clock_now(), now));
        add_member(&b, "level", level);
        add_member(&b, "program", name);
        if (code[0] != '\0')
            add_member(&b, "code", code);
        add_member(&b, "text", text);
        if (hint[0] != '\0')
            add_member(&b, "hint", hint);
        buf_text(&b, "}\n");
    } else {
        buf_printf(&b, "%s: %s%s", name, level, level[0] != '\0' ? ": " : "");
        text_escape(&b, text, strlen(text));
        buf_char(&b, '\n');
        if (hint[0] != '\0') {
            buf_printf(&b, "%s: hint: ", name);
            text_escape(&b, hint, strlen(hint));
            buf_char(&b, '\n');
        }
    }
    fwrite(b.data, 1, b.len, stderr);
    fflush(stderr);
}

void
log_err(const struct err *err)
{
    say("error", err->code, err->text, err->hint);
}

#define SAY(level_text)                                                                            \
    do {                                                                                           \
        CLEANUP_BUF struct buf text = BUF_INIT;                                                    \
        va_list ap;                                                                                \
        va_start(ap, fmt);                                                                         \
        buf_vprintf(&text, fmt, ap);                                                               \
        va_end(ap);                                                                                \
        say(level_text, "", buf_get(&text), "");                                                   \
    } while (0)

void
log_error(const char *fmt, ...)
{
    SAY("error");
}

void
log_warn(const char *fmt, ...)
{
    SAY("warning");
}

void
log_info(const char *fmt, ...)
{
    if (state.level >= LOG_NORMAL)
        SAY("");
}

void
log_verbose(const char *fmt, ...)
{
    if (state.level >= LOG_VERBOSE)
        SAY("");
}

void
log_progress(const char *what, long long done, long long total)
{
    int64_t now = clock_boot();
    double rate, seconds;

    if (state.level < LOG_NORMAL || state.json || !isatty(STDERR_FILENO))
        return;
    if (!state.progress_shown)
        state.progress_start = now;
    else if (now - state.progress_last < 200)
        return;
    state.progress_shown = true;
    state.progress_last = now;
    seconds = (double)(now - state.progress_start) / 1000.0;
    rate = seconds > 0 ? (double)done / seconds : 0;
    fprintf(stderr, "\r\033[K%s: %lld", what, done);
    if (total > 0)
        fprintf(stderr, " of %lld", total);
    if (rate > 0)
        fprintf(stderr, ", %.0f/s", rate);
    if (total > done && rate > 0)
        fprintf(stderr, ", %.0f s left", (double)(total - done) / rate);
    fflush(stderr);
}

void
log_progress_end(void)
{
    if (!state.progress_shown)
        return;
    state.progress_shown = false;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
