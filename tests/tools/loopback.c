#include <config.h>

#include "loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
loopback_die(const char *what)
{
    perror(what);
    exit(74);
}

int
loopback_listen(int *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
        loopback_die("listen");
    *port = ntohs(addr.sin_port);
    return fd;
}

int
loopback_connect(int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0)
        exit(0);
    return fd;
}

void
loopback_send(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            exit(0);
        bytes += n;
        len -= (size_t)n;
    }
}

void
loopback_ready(const char *file, int port)
{
    char temp[4096];
    FILE *out;

    snprintf(temp, sizeof temp, "%s.new", file);
    out = fopen(temp, "we");
    if (out == NULL)
        loopback_die(temp);
    fprintf(out, "{\"url\":\"http://127.0.0.1:%d\",\"pid\":%d}\n", port, (int)getpid());
    if (fclose(out) != 0 || rename(temp, file) != 0)
        loopback_die(file);
}

bool
loopback_is_write(const char *head)
{
    static const char *const methods[] = {"POST ", "PATCH ", "PUT ", "DELETE "};

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strncmp(head, methods[i], strlen(methods[i])) == 0)
            return true;
    return false;
}
