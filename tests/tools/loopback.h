#ifndef TESTS_TOOLS_LOOPBACK_H
#define TESTS_TOOLS_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What the peers of tests share: small servers that have a process for each connection. Where its
 * other side has gone, that process ends well; what else fails is said, status 74.
 */

__attribute__((noreturn)) void loopback_die(const char *what);
/* A listening socket on a free port of 127.0.0.1. */
int loopback_listen(int *port);
int loopback_connect(int port);
void loopback_send(int fd, const char *bytes, size_t len);
/* FILE, whole or not at all: {"url","pid"} of this process. */
void loopback_ready(const char *file, int port);
/* Is it the first line of a POST, PATCH, PUT or DELETE? */
bool loopback_is_write(const char *head);

#endif
