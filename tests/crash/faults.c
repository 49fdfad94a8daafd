/*
 * faults --to PORT --fault FILE [--ready-file FILE]
 *
 * A relay to PORT of 127.0.0.1 for tests, on a free port. Is there FILE of --fault when a write
 * (POST, PATCH, PUT, DELETE) comes, it is renamed to FILE.hit, and what stands in it is done to
 * this write:
 *
 *   reset-before   the connection is reset, not a byte of the request is read
 *   reset-in       ... 20 bytes of it are read
 *   reset-after    it is answered, and not a byte of that comes through
 *   cut            the first half of the answer comes through
 *   type TYPE      the answer is said to be of TYPE
 *   instead STATUS TYPE BODY   this is answered, though it is done
 *   undone STATUS TYPE BODY    this is answered, and nothing is done
 *
 * FILE of --ready-file gets {"url","pid"} as soon as it listens. It ends with SIGTERM.
 */
#include <config.h>

#include "../tools/loopback.h"

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_MAX = 256 * 1024 };

struct message {
    char text[MESSAGE_MAX + 1];
    size_t head, len; /* with the empty line; of all */
};

static const char *fault_file;
static int to_port;
static struct message request, answer;

static void __attribute__((noreturn)) reset(int client)
{
    const struct linger now = {1, 0};

    setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(client);
    exit(0);
}

/* What stands behind NAME in the head; NULL. */
static char *
header(struct message *m, const char *name)
{
    size_t n = strlen(name);

    for (char *at = strstr(m->text, "\r\n"); at != NULL && at < m->text + m->head;
         at = strstr(at + 2, "\r\n"))
        if (strncasecmp(at + 2, name, n) == 0 && at[2 + n] == ':')
            return at + 3 + n + strspn(at + 3 + n, " ");
    return NULL;
}

/* All of one; false: it ends before that. */
static bool
receive(int fd, struct message *m, bool has_body)
{
    size_t want = 0;

    m->len = m->head = 0;
    while (m->head == 0 || m->len < want) {
        ssize_t n = read(fd, m->text + m->len, MESSAGE_MAX - m->len);
        char *end, *length;

        if (n <= 0)
            return false;
        m->len += (size_t)n;
        m->text[m->len] = '\0';
        end = m->head == 0 ? strstr(m->text, "\r\n\r\n") : NULL;
        if (end == NULL)
            continue;
        m->head = (size_t)(end - m->text) + 4;
        length = has_body ? header(m, "Content-Length") : NULL;
        want = m->head + (length != NULL ? strtoul(length, NULL, 10) : 0);
    }
    return true;
}

/* What is to be done to this one; "" for nothing. */
static const char *
take_fault(void)
{
    static char text[4096], hit[4096];
    FILE *in;
    size_t n;

    snprintf(hit, sizeof hit, "%s.hit", fault_file);
    text[0] = '\0';
    if (rename(fault_file, hit) != 0 || (in = fopen(hit, "re")) == NULL)
        return text;
    n = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static const char *
after(const char *fault, const char *word)
{
    size_t n = strlen(word);

    return strncmp(fault, word, n) == 0 && fault[n] == ' ' ? fault + n + 1 : NULL;
}

/* "STATUS TYPE BODY" as an answer. */
static void
say(int client, const char *what)
{
    char type[64] = "", text[4096];
    int status = 0, at = 0;

    if (sscanf(what, "%d %63s %n", &status, type, &at) < 2)
        loopback_die(what);
    snprintf(text, sizeof text,
             "HTTP/1.1 %d Said\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", status, type,
             at > 0 ? strlen(what + at) : 0, at > 0 ? what + at : "");
    loopback_send(client, text, strlen(text));
}

/* The answer with another type: its old one is made a header that nobody knows. */
static void
send_typed(int client, const char *type)
{
    char *old = header(&answer, "Content-Type"), *line = strstr(answer.text, "\r\n") + 2;

    if (old != NULL)
        memcpy(old - 2 - strlen("Content-Type") + (old[-1] == ' ' ? 0 : 1), "X-Was-", 6);
    loopback_send(client, answer.text, (size_t)(line - answer.text));
    loopback_send(client, "Content-Type: ", 14);
    loopback_send(client, type, strlen(type));
    loopback_send(client, "\r\n", 2);
    loopback_send(client, line, answer.len - (size_t)(line - answer.text));
}

/* The request is answered; what is there instead of that. */
static void
spoil(int client, const char *fault)
{
    const char *what;

    if (strcmp(fault, "reset-after") == 0)
        reset(client);
    if (strcmp(fault, "cut") == 0) {
        loopback_send(client, answer.text,
                      answer.len > answer.head ? answer.head + 1 : answer.head / 2);
        reset(client);
    }
    if ((what = after(fault, "type")) != NULL)
        send_typed(client, what);
    else if ((what = after(fault, "instead")) != NULL)
        say(client, what);
    else
        loopback_die(fault);
}

/* One request; false: the connection ends. */
static bool
serve(int client, int server)
{
    char first[8] = "", part[20];
    const char *fault = "", *what;

    if (recv(client, first, sizeof first - 1, MSG_PEEK) <= 0)
        return false;
    if (loopback_is_write(first))
        fault = take_fault();
    if (strcmp(fault, "reset-in") == 0 && read(client, part, sizeof part) < 0)
        return false;
    if (strncmp(fault, "reset-", 6) == 0 && strcmp(fault, "reset-after") != 0)
        reset(client);
    if (!receive(client, &request, true))
        return false;
    if ((what = after(fault, "undone")) != NULL) {
        say(client, what);
        return true;
    }
    loopback_send(server, request.text, request.len);
    if (!receive(server, &answer, strncmp(request.text, "HEAD ", 5) != 0))
        return false;
    if (fault[0] != '\0')
        spoil(client, fault);
    else
        loopback_send(client, answer.text, answer.len);
    return true;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"to", required_argument, NULL, 't'},
                                            {"fault", required_argument, NULL, 'f'},
                                            {"ready-file", required_argument, NULL, 'r'},
                                            {NULL, 0, NULL, 0}};
    const char *ready = NULL;
    int c, fd, port;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return 64;
        if (c == 't')
            to_port = atoi(optarg);
        else if (c == 'f')
            fault_file = optarg;
        else
            ready = optarg;
    }
    if (to_port == 0 || fault_file == NULL)
        return 64;
    signal(SIGCHLD, SIG_IGN);
    fd = loopback_listen(&port);
    if (ready != NULL)
        loopback_ready(ready, port);
    for (;;) {
        int client = accept(fd, NULL, NULL);

        if (client >= 0 && fork() == 0) {
            int server;

            prctl(PR_SET_PDEATHSIG, SIGTERM);
            close(fd);
            server = loopback_connect(to_port);
            while (serve(client, server))
                continue;
            exit(0);
        }
        close(client);
    }
}
