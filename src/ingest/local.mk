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
	src/ingest/outlet.c \
	src/ingest/outlet.h \
	src/ingest/records.c
