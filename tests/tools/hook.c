#include <config.h>

#include "../unit/http/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/*
 * A sender of webhooks for the tests of `sync-ingest listen`, well-behaved or not:
 *
 *   hook post URL PATH SECRET [FLAW]     signs what is on stdin and sends it: STATUS, then the
 * body. FLAW tampered, stale, unsigned, one that is not known hook load URL PATH SECRET ACCOUNT
 * NAME N WIDTH N requests over WIDTH connections, each about a record of its own (NAME-1...);
 * prints the number of each that was answered 200; ends when it can send no more hook raw URL sends
 * stdin as it is: STATUS hook drip URL MS                     the same, a byte each MS hook idle
 * URL N                      N connections that say nothing, prints "ready", holds them until stdin
 * ends hook pass FILE PROGRAM ARG...        runs PROGRAM with a listening socket passed as systemd
 *                                        does; its URL is in FILE
 *   hook notified SOCKET FILE            what comes at a service manager's socket, a line each,
 *                                        until STOPPING=1
 */
enum { MAC = crypto_auth_hmacsha256_BYTES, MAX_BODY = 4 << 20, TEXT = 2048 };

static struct reply reply;

static void
die(const char *what)
{
    fprintf(stderr, "hook: %s: %s\n", what, strerror(errno));
    exit(99);
}

static char *
read_all(size_t *len)
{
    char *bytes = malloc(MAX_BODY);
    ssize_t n;

    if (bytes == NULL)
        die("memory");
    for (*len = 0; (n = read(STDIN_FILENO, bytes + *len, MAX_BODY - *len)) > 0;)
        *len += (size_t)n;
    return bytes;
}

/* Standard Webhooks: v1 over ID.TIME.BODY with the bytes behind whsec_. */
static void
sign(const char *secret, const char *id, const char *when, const char *body, size_t len,
     char out[64])
{
    unsigned char key[256], mac[MAC];
    crypto_auth_hmacsha256_state state;
    size_t key_len;

    if (strncmp(secret, "whsec_", 6) == 0)
        secret += 6;
    if (sodium_base642bin(key, sizeof key, secret, strlen(secret), NULL, &key_len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        die("the secret is no base64");
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)id, strlen(id));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)when, strlen(when));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, len);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2base64(out, 64, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
}

static int
head_of(char out[TEXT], const char *path, const char *secret, const char *id, long when,
        const char *body, size_t len)
{
    char mac[64], time_text[24];

    snprintf(time_text, sizeof time_text, "%ld", when);
    sign(secret, id, time_text, body, len, mac);
    return snprintf(out, TEXT,
                    "POST %s HTTP/1.1\r\nHost: hook\r\nContent-Type: application/json\r\n"
                    "webhook-id: %s\r\nwebhook-timestamp: %s\r\nwebhook-signature: v1,%s\r\n"
                    "Content-Length: %zu\r\n\r\n",
                    path, id, time_text, mac, len);
}

static int
dial(const char *url)
{
    int fd = wire_dial(url);

    if (fd < 0)
        die(url);
    return fd;
}

static int
post(const char *url, const char *path, const char *secret, const char *flaw)
{
    char head[TEXT], id[64];
    size_t len;
    char *body = read_all(&len);
    long when = (long)time(NULL);
    int fd = dial(url);

    snprintf(id, sizeof id, "msg-%ld-%d", when, (int)getpid());
    if (getenv("HOOK_ID") != NULL)
        snprintf(id, sizeof id, "%s", getenv("HOOK_ID"));
    if (strcmp(flaw, "stale") == 0)
        when -= 3600;
    head_of(head, path, secret, id, when, body, len);
    if (strcmp(flaw, "tampered") == 0 && len > 0)
        body[len / 2] ^= 1;
    if (strcmp(flaw, "unsigned") == 0)
        memcpy(strstr(head, "webhook-signature"), "x-something-other", 17);
    wire_say(fd, head);
    wire_send(fd, body, len);
    wire_hear(fd, &reply);
    printf("%d\n%.*s", reply.status, (int)reply.body_len, reply.body);
    free(body);
    close(fd);
    return reply.status == 0;
}

struct loader {
    const char *path, *secret, *account, *name;
    long next, last;
};

/* Sends the next one; false if the connection is gone. */
static bool
send_next(const struct loader *l, int fd, long n)
{
    char head[TEXT], body[TEXT], id[128];
    int len = snprintf(body, sizeof body,
                       "{\"account\":\"%s\",\"events\":[{\"id\":\"%s-%ld\",\"collection\":"
                       "\"contacts\",\"action\":\"updated\",\"record_id\":\"%s-%ld\"}]}",
                       l->account, l->name, n, l->name, n);

    snprintf(id, sizeof id, "%s-%ld", l->name, n);
    head_of(head, l->path, l->secret, id, (long)time(NULL), body, (size_t)len);
    return wire_say(fd, head) && wire_send(fd, body, (size_t)len);
}

/* Each connection has one request under way. */
static int
load(const char *url, struct loader *l, int width)
{
    struct pollfd *p = calloc((size_t)width, sizeof *p);
    long *doing = calloc((size_t)width, sizeof *doing);
    int open = 0;

    for (int i = 0; i < width && l->next <= l->last; i++) {
        p[i] = (struct pollfd){.fd = dial(url), .events = POLLIN};
        doing[i] = l->next++;
        if (send_next(l, p[i].fd, doing[i]))
            open++;
    }
    while (open > 0 && poll(p, (nfds_t)width, 10000) > 0)
        for (int i = 0; i < width; i++) {
            if (p[i].revents == 0 || p[i].fd < 0)
                continue;
            wire_hear(p[i].fd, &reply);
            if (reply.status == 200) {
                printf("%ld\n", doing[i]);
                fflush(stdout);
            } else if (reply.status != 0) {
                fprintf(stderr, "hook: %ld: %d\n", doing[i], reply.status);
            }
            doing[i] = l->next++;
            if (reply.status != 0 && doing[i] <= l->last && send_next(l, p[i].fd, doing[i]))
                continue;
            close(p[i].fd);
            p[i].fd = -1;
            open--;
        }
    free(p);
    free(doing);
    return 0;
}

static int
raw(const char *url, int ms)
{
    size_t len;
    char *bytes = read_all(&len);
    int fd = dial(url);

    if (ms == 0)
        wire_send(fd, bytes, len);
    for (size_t i = 0; ms > 0 && i < len && wire_send(fd, bytes + i, 1); i++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        if (poll(&p, 1, ms) != 0)
            break;
    }
    wire_hear(fd, &reply);
    printf("%d\n", reply.status);
    free(bytes);
    close(fd);
    return 0;
}

static int
idle(const char *url, long n)
{
    struct rlimit r;
    char c;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
    for (long i = 0; i < n; i++)
        dial(url);
    printf("ready\n");
    fflush(stdout);
    return read(STDIN_FILENO, &c, 1) < 0;
}

static int
pass(const char *file, char **argv)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char pid[24];
    FILE *f;

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("socket");
    f = fopen(file, "w");
    if (f == NULL || fprintf(f, "http://127.0.0.1:%d\n", ntohs(a.sin_port)) < 0 || fclose(f) != 0)
        die(file);
    if (fd != 3 && (dup2(fd, 3) != 3 || close(fd) != 0))
        die("dup2");
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    execvp(argv[0], argv);
    die(argv[0]);
    return 99;
}

static int
notified(const char *path, const char *file)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char text[256] = "";
    FILE *f = fopen(file, "w");

    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    if (f == NULL || fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0)
        die(path);
    while (strcmp(text, "STOPPING=1") != 0) {
        ssize_t n = recv(fd, text, sizeof text - 1, 0);

        if (n < 0)
            die("recv");
        text[n] = '\0';
        fprintf(f, "%s\n", text);
        fflush(f);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    const char *verb = argc > 2 ? argv[1] : "";

    if (sodium_init() < 0)
        die("libsodium");
    if (strcmp(verb, "post") == 0 && argc >= 5)
        return post(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : "");
    if (strcmp(verb, "load") == 0 && argc == 9) {
        struct loader l = {argv[3], argv[4], argv[5], argv[6], 1, atol(argv[7])};

        return load(argv[2], &l, atoi(argv[8]));
    }
    if (strcmp(verb, "raw") == 0)
        return raw(argv[2], 0);
    if (strcmp(verb, "drip") == 0 && argc == 4)
        return raw(argv[2], atoi(argv[3]));
    if (strcmp(verb, "idle") == 0 && argc == 4)
        return idle(argv[2], atol(argv[3]));
    if (strcmp(verb, "pass") == 0 && argc > 3)
        return pass(argv[2], argv + 3);
    if (strcmp(verb, "notified") == 0 && argc == 4)
        return notified(argv[2], argv[3]);
    fprintf(stderr, "hook: see the top of tests/tools/hook.c\n");
    return 64;
}
