noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/arena.c \
	src/base/arena.h \
	src/base/buf.c \
	src/base/buf.h \
	src/base/clock.c \
	src/base/clock.h \
	src/base/crash.c \
	src/base/crash.h \
	src/base/err.c \
	src/base/err.h \
	src/base/exit.h \
	src/base/log.c \
	src/base/log.h \
	src/base/mem.c \
	src/base/mem.h \
	src/base/opt.c \
	src/base/opt.h \
	src/base/text.c \
	src/base/text.h \
	src/base/zone.c \
	src/base/zone.h
