#ifndef CONFIG_MODEL_H
#define CONFIG_MODEL_H

#include <stddef.h>

#include "config/yaml.h"

/*
 * A unified schema (contract/model.yaml): field names and types of a resource. Process lifetime.
 */
enum field_type {
    FIELD_TEXT,
    FIELD_EMAIL,
    FIELD_PHONE,
    FIELD_ENUM,
    FIELD_NUMBER,
    FIELD_BOOL,
    FIELD_DATE,
    FIELD_DATETIME,
    FIELD_SET,
    FIELD_REF
};

struct model_field {
    char *name;
    enum field_type type;
    long precision_ms; /* DATETIME: 1, 1000 (default), 60000 or 86400000 */
    char *ref_to;      /* REF: resource, or NULL */
};

struct model {
    char *name; /* "crm/contacts" */
    char *file;
    struct model_field *fields;
    size_t n_fields;
    struct arena *arena; /* owned: all of it */
};

/*
 * Loads the model of RESOURCE: DIR/models/RESOURCE.yaml beside the config first (DIR is the
 * config's folder), then $LOOPLESS_MODELS, then MODELDIR. NULL and faults if there is none or it is
 * wrong.
 */
struct model *model_load(const char *resource, const char *dir, struct faults *f);
const struct model_field *model_find(const struct model *m, const char *field);
const char *field_type_name(enum field_type type);
void model_free(struct model *m);

#endif
