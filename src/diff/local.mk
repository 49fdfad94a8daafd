noinst_LIBRARIES += libdiff.a
libdiff_a_SOURCES = \
	src/diff/cache.c \
	src/diff/cache.h \
	src/diff/current.c \
	src/diff/current.h \
	src/diff/diff.c \
	src/diff/diff.h \
	src/diff/end.c \
	src/diff/human.c \
	src/diff/input.c \
	src/diff/internal.h \
	src/diff/item.c \
	src/diff/join.c \
	src/diff/made.c \
	src/diff/match.c \
	src/diff/plan.c \
	src/diff/refs.c \
	src/diff/row.c \
	src/diff/row.h \
	src/diff/seek.c \
	src/diff/seek.h \
	src/diff/vanish.c
