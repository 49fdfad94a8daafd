noinst_LIBRARIES += libpush.a
libpush_a_SOURCES = \
	src/push/batch.c \
	src/push/check.c \
	src/push/check.h \
	src/push/fresh.c \
	src/push/group.c \
	src/push/guard.c \
	src/push/hold.c \
	src/push/internal.h \
	src/push/job.c \
	src/push/lease.c \
	src/push/line.c \
	src/push/lookup.c \
	src/push/loop.c \
	src/push/loss.c \
	src/push/loss.h \
	src/push/odd.c \
	src/push/outcome.c \
	src/push/plan.c \
	src/push/preview.c \
	src/push/push.c \
	src/push/push.h \
	src/push/refuse.c \
	src/push/result.c \
	src/push/seek.c \
	src/push/send.c \
	src/push/settle.c
