noinst_LIBRARIES += libconfig.a
libconfig_a_SOURCES = \
	src/config/auth.c \
	src/config/auth.h \
	src/config/batch.c \
	src/config/batch.h \
	src/config/conf.c \
	src/config/conf.h \
	src/config/conf_auth.c \
	src/config/conf_canary.c \
	src/config/conf_field.c \
	src/config/conf_jobs.c \
	src/config/conf_refs.c \
	src/config/conf_sync.c \
	src/config/conf_systems.c \
	src/config/conf_values.c \
	src/config/conf_webhook.c \
	src/config/definition.c \
	src/config/definition.h \
	src/config/endpoint.c \
	src/config/endpoint.h \
	src/config/event_map.c \
	src/config/faults.c \
	src/config/file.c \
	src/config/internal.h \
	src/config/limit.c \
	src/config/limit.h \
	src/config/listing.c \
	src/config/map_hash.c \
	src/config/mapping.c \
	src/config/mapping.h \
	src/config/model.c \
	src/config/model.h \
	src/config/reader.c \
	src/config/pair.c \
	src/config/precondition.c \
	src/config/resource.c \
	src/config/secret.c \
	src/config/secret.h \
	src/config/spot.c \
	src/config/token.h \
	src/config/url.c \
	src/config/verify.c \
	src/config/webhook.c \
	src/config/webhook.h \
	src/config/yaml.c \
	src/config/yaml.h \
	src/config/yaml_core.c \
	src/config/yaml_json.c

dist_providers_DATA += src/providers/rest.yaml
dist_modelscrm_DATA += src/models/crm/companies.yaml src/models/crm/contacts.yaml
