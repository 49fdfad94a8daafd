noinst_LIBRARIES += libhttp.a
libhttp_a_SOURCES = \
	src/http/client.c \
	src/http/client.h \
	src/http/internal.h \
	src/http/transfer.c \
	src/http/url.c \
	src/http/url.h
