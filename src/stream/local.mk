noinst_LIBRARIES += libstream.a
libstream_a_SOURCES = \
	src/stream/decision.c \
	src/stream/decision.h \
	src/stream/disposition.c \
	src/stream/disposition.h \
	src/stream/event.c \
	src/stream/event.h \
	src/stream/locked.c \
	src/stream/locked.h \
	src/stream/rejects.c \
	src/stream/rejects.h \
	src/stream/seen.c \
	src/stream/seen.h \
	src/stream/event_write.c \
	src/stream/facts.h \
	src/stream/internal.h \
	src/stream/member.c
