# Unit tests of src/stream.
check_PROGRAMS += tests/unit/stream/decision_test
tests_unit_stream_decision_test_SOURCES = tests/unit/stream/decision_test.c
tests_unit_stream_decision_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/stream/decision_test
check_PROGRAMS += tests/unit/stream/event_test
tests_unit_stream_event_test_SOURCES = tests/unit/stream/event_test.c
tests_unit_stream_event_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/stream/event_test
check_PROGRAMS += tests/unit/stream/disposition_test
tests_unit_stream_disposition_test_SOURCES = tests/unit/stream/disposition_test.c
tests_unit_stream_disposition_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/stream/disposition_test

check_PROGRAMS += tests/unit/stream/locked_test
tests_unit_stream_locked_test_SOURCES = tests/unit/stream/locked_test.c
tests_unit_stream_locked_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/stream/locked_test

check_PROGRAMS += tests/unit/stream/seen_test
tests_unit_stream_seen_test_SOURCES = tests/unit/stream/seen_test.c
tests_unit_stream_seen_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/stream/seen_test
