check_PROGRAMS += tests/unit/ingest/pace_test
tests_unit_ingest_pace_test_SOURCES = tests/unit/ingest/pace_test.c
tests_unit_ingest_pace_test_LDADD = libingest.a $(UNIT_LIBS)
TESTS += tests/unit/ingest/pace_test
