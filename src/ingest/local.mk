noinst_LIBRARIES += libingest.a
libingest_a_SOURCES = \
	src/ingest/csv.c \
	src/ingest/csv.h \
	src/ingest/emit.c \
	src/ingest/ingest.h \
	src/ingest/outlet.c \
	src/ingest/outlet.h \
	src/ingest/records.c
