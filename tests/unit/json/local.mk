# Unit tests of src/json.
check_PROGRAMS += tests/unit/json/ndjson_test
tests_unit_json_ndjson_test_SOURCES = tests/unit/json/ndjson_test.c
tests_unit_json_ndjson_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/json/ndjson_test
check_PROGRAMS += tests/unit/json/number_test
tests_unit_json_number_test_SOURCES = tests/unit/json/number_test.c
tests_unit_json_number_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/json/number_test
check_PROGRAMS += tests/unit/json/scan_test
tests_unit_json_scan_test_SOURCES = tests/unit/json/scan_test.c
tests_unit_json_scan_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/json/scan_test
check_PROGRAMS += tests/unit/json/val_test
tests_unit_json_val_test_SOURCES = tests/unit/json/val_test.c
tests_unit_json_val_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/json/val_test
