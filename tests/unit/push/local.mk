# Unit tests of src/push.
PUSH_FIXTURE = \
	tests/unit/push/fixture.c \
	tests/unit/push/fixture.h \
	tests/unit/sync/fixture.c \
	tests/unit/sync/fixture.h
PUSH_TESTS = \
	tests/unit/push/batch_test \
	tests/unit/push/check_test \
	tests/unit/push/group_test \
	tests/unit/push/hold_test \
	tests/unit/push/loss_test \
	tests/unit/push/odd_test \
	tests/unit/push/outcome_test \
	tests/unit/push/plan_test \
	tests/unit/push/refuse_test \
	tests/unit/push/seek_test
check_PROGRAMS += $(PUSH_TESTS)
tests_unit_push_batch_test_SOURCES = tests/unit/push/batch_test.c $(PUSH_FIXTURE)
tests_unit_push_batch_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_check_test_SOURCES = tests/unit/push/check_test.c $(PUSH_FIXTURE)
tests_unit_push_check_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_group_test_SOURCES = tests/unit/push/group_test.c $(PUSH_FIXTURE)
tests_unit_push_group_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_hold_test_SOURCES = tests/unit/push/hold_test.c $(PUSH_FIXTURE)
tests_unit_push_hold_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_loss_test_SOURCES = tests/unit/push/loss_test.c
tests_unit_push_loss_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_odd_test_SOURCES = tests/unit/push/odd_test.c $(PUSH_FIXTURE)
tests_unit_push_odd_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_outcome_test_SOURCES = tests/unit/push/outcome_test.c $(PUSH_FIXTURE)
tests_unit_push_outcome_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_plan_test_SOURCES = tests/unit/push/plan_test.c $(PUSH_FIXTURE)
tests_unit_push_plan_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_refuse_test_SOURCES = tests/unit/push/refuse_test.c $(PUSH_FIXTURE)
tests_unit_push_refuse_test_LDADD = libpush.a $(UNIT_LIBS)
tests_unit_push_seek_test_SOURCES = tests/unit/push/seek_test.c $(PUSH_FIXTURE)
tests_unit_push_seek_test_LDADD = libpush.a $(UNIT_LIBS)
TESTS += $(PUSH_TESTS)
