# One library a folder, in the order of src/LAYERS.
providersdir = $(pkgdatadir)/providers
modelscrmdir = $(pkgdatadir)/models/crm
dist_providers_DATA =
dist_modelscrm_DATA =

include src/base/local.mk
include src/json/local.mk
include src/crypto/local.mk
include src/stream/local.mk
include src/config/local.mk
include src/sync/local.mk
include src/store/local.mk
include src/http/local.mk
include src/provider/local.mk
include src/ingest/local.mk
include src/echofilter/local.mk
include src/diff/local.mk
include src/push/local.mk
include src/reconcile/local.mk
include src/ctl/local.mk
include src/sim/local.mk
include src/cmd/local.mk

EXTRA_DIST += src/LAYERS

# What a program links: the folders below the engines, top first, then the libraries.
LOOPLESS_LIBS = \
	libprovider.a \
	libhttp.a \
	libstore.a \
	libsync.a \
	libconfig.a \
	libstream.a \
	liblcrypto.a \
	libjson.a \
	libbase.a \
	$(JANSSON_LIBS) \
	$(CURL_LIBS) \
	$(SODIUM_LIBS) \
	$(LIBCRYPTO_LIBS) \
	$(SQLITE_LIBS) \
	$(YAML_LIBS) \
	$(MICROHTTPD_LIBS) \
	-lm
