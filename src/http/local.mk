noinst_LIBRARIES += libhttp.a
libhttp_a_SOURCES = \
	src/http/client.c \
	src/http/client.h \
	src/http/exchange.c \
	src/http/hall.c \
	src/http/internal.h \
	src/http/link.c \
	src/http/link.h \
	src/http/listener.c \
	src/http/listener.h \
	src/http/proxy.c \
	src/http/server.c \
	src/http/server.h \
	src/http/serving.h \
	src/http/transfer.c \
	src/http/url.c \
	src/http/url.h
