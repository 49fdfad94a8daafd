#include <config.h>

#include "provider/internal.h"

#include "crypto/digest.h"

#include <string.h>

/* RFC 9562, 5.4: version 4 is the one that every API takes. */
static const char *
uuid_of(struct arena *a, const char *text)
{
    char hex[DIGEST_HEX];

    digest_hex(text, strlen(text), hex);
    hex[12] = '4';
    hex[16] = "89ab"[(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10) & 3];
    return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

const char *
provider_client_id(struct arena *a, const struct resource_def *r, const char *external_id)
{
    if (r->create.client_id == CLIENT_ID_NO || external_id == NULL)
        return NULL;
    return r->create.client_id == CLIENT_ID_UUID ? uuid_of(a, external_id)
                                                 : arena_text(a, external_id);
}
