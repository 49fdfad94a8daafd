# Unit tests of src/ctl.
check_PROGRAMS += tests/unit/ctl/table_test
tests_unit_ctl_table_test_SOURCES = tests/unit/ctl/table_test.c
tests_unit_ctl_table_test_LDADD = libctl.a $(UNIT_LIBS)
TESTS += tests/unit/ctl/table_test

check_PROGRAMS += tests/unit/ctl/value_test
tests_unit_ctl_value_test_SOURCES = tests/unit/ctl/value_test.c
tests_unit_ctl_value_test_LDADD = libctl.a $(UNIT_LIBS)
TESTS += tests/unit/ctl/value_test
