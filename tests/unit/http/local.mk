# Unit tests of src/http.
check_PROGRAMS += tests/unit/http/client_test
tests_unit_http_client_test_SOURCES = \
	tests/unit/http/client_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h
tests_unit_http_client_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/http/client_test

check_PROGRAMS += tests/unit/http/link_test
tests_unit_http_link_test_SOURCES = tests/unit/http/link_test.c
tests_unit_http_link_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/http/link_test

check_PROGRAMS += tests/unit/http/url_test
tests_unit_http_url_test_SOURCES = tests/unit/http/url_test.c
tests_unit_http_url_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/http/url_test

check_PROGRAMS += tests/unit/http/server_test
tests_unit_http_server_test_SOURCES = \
	tests/unit/http/server_test.c \
	tests/unit/http/wire.c \
	tests/unit/http/wire.h
tests_unit_http_server_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/http/server_test
