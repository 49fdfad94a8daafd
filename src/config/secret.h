#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include "base/err.h"

/*
 * Secrets: only by ${env:NAME} or ${file:PATH} (relative to the config; one trailing newline is
 * dropped; at most 64 KiB; a file that others may read is refused with a hint to chmod 600). Other
 * text in the value stays as it is. Nothing here is ever printed.
 */

/* Resolves REFERENCE into heap text (owner: caller), or NULL with err "missing-secret" that names
 * the variable or file, never a value. */
char *secret_resolve(const char *reference, const char *config_path, struct err *err);

#endif
