# Unit tests of src/store: what store.h promises, whatever stands behind it.
STORE_TESTS = \
	tests/unit/store/account_test \
	tests/unit/store/conflict_test \
	tests/unit/store/decide_test \
	tests/unit/store/delete_test \
	tests/unit/store/facts_test \
	tests/unit/store/hour_test \
	tests/unit/store/inbox_test \
	tests/unit/store/lease_test \
	tests/unit/store/limits_test \
	tests/unit/store/link_test \
	tests/unit/store/lineage_test \
	tests/unit/store/mapping_test \
	tests/unit/store/oddity_test \
	tests/unit/store/open_test \
	tests/unit/store/reject_test \
	tests/unit/store/relink_test \
	tests/unit/store/report_test \
	tests/unit/store/requests_test \
	tests/unit/store/settle_test \
	tests/unit/store/token_test \
	tests/unit/store/watch_test
check_PROGRAMS += $(STORE_TESTS)
STORE_FIXTURE = \
	tests/unit/store/fixture.c \
	tests/unit/store/fixture.h
tests_unit_store_mapping_test_SOURCES = tests/unit/store/mapping_test.c $(STORE_FIXTURE)
tests_unit_store_mapping_test_LDADD = $(UNIT_LIBS)
tests_unit_store_facts_test_SOURCES = tests/unit/store/facts_test.c $(STORE_FIXTURE)
tests_unit_store_facts_test_LDADD = $(UNIT_LIBS)
tests_unit_store_decide_test_SOURCES = tests/unit/store/decide_test.c $(STORE_FIXTURE)
tests_unit_store_decide_test_LDADD = $(UNIT_LIBS)
tests_unit_store_inbox_test_SOURCES = tests/unit/store/inbox_test.c $(STORE_FIXTURE)
tests_unit_store_inbox_test_LDADD = $(UNIT_LIBS)
tests_unit_store_lease_test_SOURCES = tests/unit/store/lease_test.c $(STORE_FIXTURE)
tests_unit_store_lease_test_LDADD = $(UNIT_LIBS)
tests_unit_store_open_test_SOURCES = tests/unit/store/open_test.c $(STORE_FIXTURE)
tests_unit_store_open_test_LDADD = $(UNIT_LIBS)
tests_unit_store_report_test_SOURCES = tests/unit/store/report_test.c $(STORE_FIXTURE)
tests_unit_store_report_test_LDADD = $(UNIT_LIBS)
tests_unit_store_settle_test_SOURCES = tests/unit/store/settle_test.c $(STORE_FIXTURE)
tests_unit_store_settle_test_LDADD = $(UNIT_LIBS)
tests_unit_store_requests_test_SOURCES = tests/unit/store/requests_test.c $(STORE_FIXTURE)
tests_unit_store_requests_test_LDADD = $(UNIT_LIBS)
tests_unit_store_token_test_SOURCES = tests/unit/store/token_test.c $(STORE_FIXTURE)
tests_unit_store_token_test_LDADD = $(UNIT_LIBS)
tests_unit_store_watch_test_SOURCES = tests/unit/store/watch_test.c $(STORE_FIXTURE)
tests_unit_store_watch_test_LDADD = $(UNIT_LIBS)
tests_unit_store_conflict_test_SOURCES = tests/unit/store/conflict_test.c $(STORE_FIXTURE)
tests_unit_store_conflict_test_LDADD = $(UNIT_LIBS)
tests_unit_store_reject_test_SOURCES = tests/unit/store/reject_test.c $(STORE_FIXTURE)
tests_unit_store_reject_test_LDADD = $(UNIT_LIBS)
tests_unit_store_relink_test_SOURCES = tests/unit/store/relink_test.c $(STORE_FIXTURE)
tests_unit_store_relink_test_LDADD = $(UNIT_LIBS)
tests_unit_store_lineage_test_SOURCES = tests/unit/store/lineage_test.c $(STORE_FIXTURE)
tests_unit_store_lineage_test_LDADD = $(UNIT_LIBS)
tests_unit_store_oddity_test_SOURCES = tests/unit/store/oddity_test.c $(STORE_FIXTURE)
tests_unit_store_oddity_test_LDADD = $(UNIT_LIBS)
tests_unit_store_delete_test_SOURCES = tests/unit/store/delete_test.c $(STORE_FIXTURE)
tests_unit_store_delete_test_LDADD = $(UNIT_LIBS)
tests_unit_store_account_test_SOURCES = tests/unit/store/account_test.c $(STORE_FIXTURE)
tests_unit_store_account_test_LDADD = $(UNIT_LIBS)
tests_unit_store_hour_test_SOURCES = tests/unit/store/hour_test.c $(STORE_FIXTURE)
tests_unit_store_hour_test_LDADD = $(UNIT_LIBS)
tests_unit_store_limits_test_SOURCES = tests/unit/store/limits_test.c $(STORE_FIXTURE)
tests_unit_store_limits_test_LDADD = $(UNIT_LIBS)
tests_unit_store_link_test_SOURCES = tests/unit/store/link_test.c $(STORE_FIXTURE)
tests_unit_store_link_test_LDADD = $(UNIT_LIBS)
TESTS += $(STORE_TESTS)
