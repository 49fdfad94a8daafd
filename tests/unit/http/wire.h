#ifndef TESTS_UNIT_HTTP_WIRE_H
#define TESTS_UNIT_HTTP_WIRE_H

#include <stdbool.h>
#include <stddef.h>

/* A client that says what it is told to, byte by byte. Nothing waits longer than 10 s. */
struct reply {
    int status; /* 0: the connection ended without one */
    char head[4096];
    char body[65536];
    size_t body_len;
};

/* A connection to "http://..." or "unix:..."; -1 with errno. */
int wire_dial(const char *url);
/* All of it; false if the other side is gone. */
bool wire_say(int fd, const char *text);
bool wire_send(int fd, const char *bytes, size_t len);
/* The next reply, interim ones (100) too. */
void wire_hear(int fd, struct reply *r);
/* Which of at most 8 connections has something to hear; -1: none. */
int wire_first(const int *fds, int n);
/* Does the other side end the connection, with nothing more said? */
bool wire_ends(int fd);
/* One request on a connection of its own; its status. */
int wire_ask(const char *url, const char *text, struct reply *r);

#endif
