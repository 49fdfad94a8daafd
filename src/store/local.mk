noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = \
	src/store/pause.c \
	src/store/sqlite/apply.c \
	src/store/sqlite/backlog.c \
	src/store/sqlite/bucket.c \
	src/store/sqlite/conflict.c \
	src/store/sqlite/counter.c \
	src/store/sqlite/db.c \
	src/store/sqlite/decide.c \
	src/store/sqlite/emit.c \
	src/store/sqlite/facts.c \
	src/store/sqlite/gc.c \
	src/store/sqlite/gone.c \
	src/store/sqlite/hand.c \
	src/store/sqlite/hand.h \
	src/store/sqlite/history.c \
	src/store/sqlite/inbox.c \
	src/store/sqlite/intent.c \
	src/store/sqlite/internal.h \
	src/store/sqlite/lane.c \
	src/store/sqlite/lease.c \
	src/store/sqlite/limits.c \
	src/store/sqlite/lineage.c \
	src/store/sqlite/link.c \
	src/store/sqlite/oddity.c \
	src/store/sqlite/open.c \
	src/store/sqlite/owed.c \
	src/store/sqlite/pauses.c \
	src/store/sqlite/quiet.h \
	src/store/sqlite/record.c \
	src/store/sqlite/reject.c \
	src/store/sqlite/relink.c \
	src/store/sqlite/report.c \
	src/store/sqlite/requests.c \
	src/store/sqlite/run.c \
	src/store/sqlite/settle.c \
	src/store/sqlite/mapping.c \
	src/store/sqlite/shadow.c \
	src/store/sqlite/takeback.c \
	src/store/sqlite/token.c \
	src/store/sqlite/unlink.c \
	src/store/sqlite/watch.c \
	src/store/sqlite/watermark.c \
	src/store/account.h \
	src/store/facts.h \
	src/store/pause.h \
	src/store/run.h \
	src/store/operate.h \
	src/store/store.h
nodist_libstore_a_SOURCES = src/store/sqlite/schema.c

# The schema as a C string.
CLEANFILES += src/store/sqlite/schema.c
EXTRA_DIST += src/store/sqlite/schema.sql
src/store/sqlite/schema.c: src/store/sqlite/schema.sql
	$(AM_V_GEN)$(MKDIR_P) src/store/sqlite && { \
	echo '#include <config.h>'; \
	echo '#include "store/sqlite/internal.h"'; \
	echo 'const char store_schema[] ='; \
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$$/\\n"/' \
	'$(srcdir)/src/store/sqlite/schema.sql'; echo '    ;'; } >$@.tmp && mv $@.tmp $@
