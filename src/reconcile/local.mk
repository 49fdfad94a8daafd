noinst_LIBRARIES += libreconcile.a
libreconcile_a_SOURCES = \
	src/reconcile/account.c \
	src/reconcile/admit.c \
	src/reconcile/canary.c \
	src/reconcile/fetch.c \
	src/reconcile/internal.h \
	src/reconcile/job.c \
	src/reconcile/pipe.c \
	src/reconcile/reconcile.h \
	src/reconcile/reset.c \
	src/reconcile/run.c \
	src/reconcile/session.c \
	src/reconcile/walk.c
