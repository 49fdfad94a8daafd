# Tests print TAP; `make check` runs them all. Unit tests mirror src: tests/unit/FOLDER/local.mk.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	SHARED="$${SHARED:-$(abs_top_srcdir)/../shared}"; \
	export top_srcdir top_builddir SHARED;
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .t
T_LOG_DRIVER = $(LOG_DRIVER)
UNIT_LIBS = $(LOOPLESS_LIBS) $(CHECK_LIBS)
AM_CFLAGS += $(CHECK_CFLAGS)

EXTRA_DIST += tests/unit/unit.h

if HAVE_CHECK
include tests/unit/base/local.mk
include tests/unit/json/local.mk
include tests/unit/crypto/local.mk
include tests/unit/stream/local.mk
include tests/unit/config/local.mk
include tests/unit/sync/local.mk
include tests/unit/store/local.mk
include tests/unit/http/local.mk
include tests/unit/provider/local.mk
include tests/unit/diff/local.mk
include tests/unit/push/local.mk
include tests/unit/ingest/local.mk
include tests/unit/ctl/local.mk
include tests/unit/sim/local.mk
endif

# Tests of the whole at work: other scripts take each program through the same paths. They take
# longest, so they begin.
WHOLE_TESTS =

include tests/tools/local.mk
include tests/filter/local.mk
include tests/pipe/local.mk
include tests/crash/local.mk
include tests/world/local.mk
include tests/lint/local.mk
