noinst_LIBRARIES += libjson.a
libjson_a_SOURCES = \
	src/json/internal.h \
	src/json/lex.c \
	src/json/ndjson.c \
	src/json/ndjson.h \
	src/json/number.c \
	src/json/number.h \
	src/json/scan.c \
	src/json/scan.h \
	src/json/text.c \
	src/json/val.c \
	src/json/val.h \
	src/json/write.c
