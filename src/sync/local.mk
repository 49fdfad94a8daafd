noinst_LIBRARIES += libsync.a
libsync_a_SOURCES = \
	src/sync/breaker.c \
	src/sync/breaker.h \
	src/sync/candidate.c \
	src/sync/compare.c \
	src/sync/compare.h \
	src/sync/contact.c \
	src/sync/create.c \
	src/sync/decide.c \
	src/sync/decide.h \
	src/sync/delete.c \
	src/sync/delete.h \
	src/sync/differ.c \
	src/sync/echo.c \
	src/sync/echo.h \
	src/sync/field.c \
	src/sync/field.h \
	src/sync/html.c \
	src/sync/internal.h \
	src/sync/match.c \
	src/sync/match.h \
	src/sync/propose.c \
	src/sync/propose.h \
	src/sync/prove.c \
	src/sync/prove.h \
	src/sync/prove_internal.h \
	src/sync/prove_look.c \
	src/sync/prove_round.c \
	src/sync/prove_values.c \
	src/sync/rules_hash.c \
	src/sync/rules_hash.h \
	src/sync/settle.c \
	src/sync/stores.c \
	src/sync/table.c \
	src/sync/table.h \
	src/sync/type.c
