noinst_LIBRARIES += libprovider.a
libprovider_a_SOURCES = \
	src/provider/answer.c \
	src/provider/auth.c \
	src/provider/body.c \
	src/provider/call.c \
	src/provider/internal.h \
	src/provider/limit.c \
	src/provider/map.c \
	src/provider/page.c \
	src/provider/provider.c \
	src/provider/provider.h \
	src/provider/readback.c \
	src/provider/request.c \
	src/provider/template.c
