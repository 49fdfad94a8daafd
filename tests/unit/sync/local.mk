# Unit tests of src/sync.
SYNC_TESTS = \
	tests/unit/sync/away_test \
	tests/unit/sync/breaker_test \
	tests/unit/sync/compare_law_test \
	tests/unit/sync/compare_test \
	tests/unit/sync/decide_test \
	tests/unit/sync/delete_test \
	tests/unit/sync/echo_test \
	tests/unit/sync/law_test \
	tests/unit/sync/level_test \
	tests/unit/sync/match_test \
	tests/unit/sync/propose_test \
	tests/unit/sync/prove_test \
	tests/unit/sync/owner_test \
	tests/unit/sync/reference_test \
	tests/unit/sync/resume_test \
	tests/unit/sync/several_test \
	tests/unit/sync/table_test \
	tests/unit/sync/trap_test
SYNC_FIXTURE = \
	tests/unit/sync/fixture.c \
	tests/unit/sync/fixture.h
check_PROGRAMS += $(SYNC_TESTS)
tests_unit_sync_several_test_SOURCES = \
	tests/unit/sync/several_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_several_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_away_test_SOURCES = \
	tests/unit/sync/away_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_away_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_breaker_test_SOURCES = \
	tests/unit/sync/breaker_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_breaker_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_compare_law_test_SOURCES = \
	tests/unit/sync/compare_law_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_compare_law_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_compare_test_SOURCES = \
	tests/unit/sync/compare_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_compare_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_decide_test_SOURCES = \
	tests/unit/sync/decide_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_decide_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_delete_test_SOURCES = \
	tests/unit/sync/delete_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_delete_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_echo_test_SOURCES = \
	tests/unit/sync/echo_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_echo_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_law_test_SOURCES = \
	tests/unit/sync/law_test.c \
	tests/unit/sync/world.c \
	tests/unit/sync/world.h \
	tests/unit/sync/world_check.c \
	tests/unit/sync/world_turn.c \
	$(SYNC_FIXTURE)
tests_unit_sync_law_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_level_test_SOURCES = \
	tests/unit/sync/level_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_level_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_match_test_SOURCES = \
	tests/unit/sync/match_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_match_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_propose_test_SOURCES = \
	tests/unit/sync/propose_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_propose_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_prove_test_SOURCES = \
	tests/unit/sync/prove_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_prove_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_owner_test_SOURCES = \
	tests/unit/sync/owner_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_owner_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_reference_test_SOURCES = \
	tests/unit/sync/reference_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_reference_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_resume_test_SOURCES = \
	tests/unit/sync/resume_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_resume_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_trap_test_SOURCES = \
	tests/unit/sync/trap_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_trap_test_LDADD = $(UNIT_LIBS)
tests_unit_sync_table_test_SOURCES = \
	tests/unit/sync/table_test.c \
	$(SYNC_FIXTURE)
tests_unit_sync_table_test_LDADD = $(UNIT_LIBS)
TESTS += $(SYNC_TESTS)
