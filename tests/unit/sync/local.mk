# Unit tests of src/sync.
SYNC_TESTS = \
	tests/unit/sync/decide_test \
	tests/unit/sync/law_test
SYNC_FIXTURE = \
	tests/unit/sync/fixture.c \
	tests/unit/sync/fixture.h
check_PROGRAMS += $(SYNC_TESTS)
tests_unit_sync_decide_test_SOURCES = \
	tests/unit/sync/decide_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_decide_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_law_test_SOURCES = \
	tests/unit/sync/law_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_law_test_LDADD = $(UNIT_LIBS)
TESTS += $(SYNC_TESTS)
