#ifndef INGEST_SERVICE_H
#define INGEST_SERVICE_H

/*
 * sd_notify(3) without its library: tells the manager STATE ("READY=1") if $NOTIFY_SOCKET names
 * one, else does nothing. A manager that cannot be told is no error.
 */
void service_notify(const char *state);

#endif
