noinst_LIBRARIES += libingest.a
libingest_a_SOURCES = \
	src/ingest/csv.c \
	src/ingest/csv.h \
	src/ingest/emit.c \
	src/ingest/emitter.c \
	src/ingest/emitter.h \
	src/ingest/follow.c \
	src/ingest/filter.c \
	src/ingest/filter.h \
	src/ingest/ingest.h \
	src/ingest/intake.c \
	src/ingest/intake.h \
	src/ingest/listen.c \
	src/ingest/listen.h \
	src/ingest/mapper.c \
	src/ingest/mapper.h \
	src/ingest/outlet.c \
	src/ingest/outlet.h \
	src/ingest/pace.c \
	src/ingest/reception.c \
	src/ingest/reception.h \
	src/ingest/records.c \
	src/ingest/route.c \
	src/ingest/route.h \
	src/ingest/service.c \
	src/ingest/service.h \
	src/ingest/tenant.c \
	src/ingest/tenant.h
