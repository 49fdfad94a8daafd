#ifndef CONFIG_MAPPING_H
#define CONFIG_MAPPING_H

#include <stdbool.h>

#include "json/val.h"

/*
 * What a shadow was taken under, field by field: conf_sync.mapping as JSON, kept in the state
 * beside the map_hash of the same sync entry. Two of them tell which fields of a shadow are no base
 * any more. Pure.
 *
 *   {"first_contact": H, "systems": {SYSTEM: {FIELD: H}}}
 *
 * H is a digest: of a field over its place in the definition, `stores`, and its words in the value
 * table. A field stands there if the definition maps it, whether it is synced or not, so that equal
 * map_hashes have equal texts.
 */

/*
 * May a value of FIELD that was known of SYSTEM under WAS be compared with one that is read under
 * IS? Not where the field is mapped otherwise by now, at SYSTEM or at another that stands in both.
 * WAS NULL: nobody knows what it was.
 */
bool mapping_keeps(const struct val *was, const struct val *is, const char *system,
                   const char *field);
/* Is there another first contact policy, so that what differs is met anew? */
bool mapping_meets_anew(const struct val *was, const struct val *is);

#endif
