# Unit tests of src/diff.
check_PROGRAMS += tests/unit/diff/current_test
tests_unit_diff_current_test_SOURCES = tests/unit/diff/current_test.c \
	tests/unit/sync/fixture.c \
	tests/unit/sync/fixture.h
tests_unit_diff_current_test_LDADD = libdiff.a $(UNIT_LIBS)
TESTS += tests/unit/diff/current_test
check_PROGRAMS += tests/unit/diff/human_test
tests_unit_diff_human_test_SOURCES = tests/unit/diff/human_test.c
tests_unit_diff_human_test_LDADD = libdiff.a $(UNIT_LIBS)
TESTS += tests/unit/diff/human_test
check_PROGRAMS += tests/unit/diff/row_test
tests_unit_diff_row_test_SOURCES = tests/unit/diff/row_test.c
tests_unit_diff_row_test_LDADD = libdiff.a $(UNIT_LIBS)
TESTS += tests/unit/diff/row_test
check_PROGRAMS += tests/unit/diff/match_test
tests_unit_diff_match_test_SOURCES = tests/unit/diff/match_test.c \
	tests/unit/sync/fixture.c \
	tests/unit/sync/fixture.h
tests_unit_diff_match_test_LDADD = libdiff.a $(UNIT_LIBS)
TESTS += tests/unit/diff/match_test
