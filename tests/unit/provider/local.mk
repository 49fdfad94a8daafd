# Unit tests of src/provider.
check_PROGRAMS += tests/unit/provider/answer_test
tests_unit_provider_answer_test_SOURCES = \
	tests/unit/provider/answer_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_answer_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/answer_test

check_PROGRAMS += tests/unit/provider/auth_test
tests_unit_provider_auth_test_SOURCES = \
	tests/unit/provider/auth_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_auth_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/auth_test

check_PROGRAMS += tests/unit/provider/blame_test
tests_unit_provider_blame_test_SOURCES = tests/unit/provider/blame_test.c
tests_unit_provider_blame_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/blame_test

check_PROGRAMS += tests/unit/provider/body_test
tests_unit_provider_body_test_SOURCES = \
	tests/unit/provider/body_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_body_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/body_test

check_PROGRAMS += tests/unit/provider/bucket_test
tests_unit_provider_bucket_test_SOURCES = tests/unit/provider/bucket_test.c
tests_unit_provider_bucket_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/bucket_test

check_PROGRAMS += tests/unit/provider/call_test
tests_unit_provider_call_test_SOURCES = \
	tests/unit/provider/call_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_call_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/call_test

check_PROGRAMS += tests/unit/provider/limit_test
tests_unit_provider_limit_test_SOURCES = \
	tests/unit/provider/limit_test.c \
	tests/unit/config/scratch.h \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_limit_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/limit_test

check_PROGRAMS += tests/unit/provider/map_test
tests_unit_provider_map_test_SOURCES = \
	tests/unit/provider/map_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_map_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/map_test

check_PROGRAMS += tests/unit/provider/page_test
tests_unit_provider_page_test_SOURCES = \
	tests/unit/provider/page_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_page_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/page_test

check_PROGRAMS += tests/unit/provider/quota_test
tests_unit_provider_quota_test_SOURCES = \
	tests/unit/provider/quota_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_quota_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/quota_test

check_PROGRAMS += tests/unit/provider/readback_test
tests_unit_provider_readback_test_SOURCES = \
	tests/unit/provider/readback_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_readback_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/readback_test

check_PROGRAMS += tests/unit/provider/request_test
tests_unit_provider_request_test_SOURCES = \
	tests/unit/provider/request_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_request_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/request_test

check_PROGRAMS += tests/unit/provider/template_test
tests_unit_provider_template_test_SOURCES = \
	tests/unit/provider/template_test.c
tests_unit_provider_template_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/template_test

check_PROGRAMS += tests/unit/provider/vectors_test
tests_unit_provider_vectors_test_SOURCES = \
	tests/unit/config/scratch.h \
	tests/unit/provider/hook.h \
	tests/unit/provider/vectors_test.c
tests_unit_provider_vectors_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/vectors_test

check_PROGRAMS += tests/unit/provider/inbound_test
tests_unit_provider_inbound_test_SOURCES = \
	tests/unit/config/scratch.h \
	tests/unit/provider/hook.h \
	tests/unit/provider/inbound_test.c
tests_unit_provider_inbound_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/inbound_test

check_PROGRAMS += tests/unit/provider/webhook_map_test
tests_unit_provider_webhook_map_test_SOURCES = \
	tests/unit/config/scratch.h \
	tests/unit/provider/hook.h \
	tests/unit/provider/webhook_map_test.c
tests_unit_provider_webhook_map_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/webhook_map_test

check_PROGRAMS += tests/unit/provider/form_test
tests_unit_provider_form_test_SOURCES = \
	tests/unit/provider/form_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_form_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/form_test

check_PROGRAMS += tests/unit/provider/upsert_test
tests_unit_provider_upsert_test_SOURCES = \
	tests/unit/provider/upsert_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_upsert_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/upsert_test

check_PROGRAMS += tests/unit/provider/pair_test
tests_unit_provider_pair_test_SOURCES = \
	tests/unit/provider/pair_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_pair_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/pair_test

check_PROGRAMS += tests/unit/provider/precondition_test
tests_unit_provider_precondition_test_SOURCES = \
	tests/unit/provider/precondition_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_precondition_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/precondition_test

check_PROGRAMS += tests/unit/provider/bulk_test
tests_unit_provider_bulk_test_SOURCES = \
	tests/unit/provider/bulk_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_bulk_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/bulk_test

check_PROGRAMS += tests/unit/provider/token_test
tests_unit_provider_token_test_SOURCES = \
	tests/unit/provider/token_test.c \
	tests/unit/http/peer.c \
	tests/unit/http/peer.h \
	tests/unit/provider/fixture.c \
	tests/unit/provider/fixture.h
tests_unit_provider_token_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/token_test

check_PROGRAMS += tests/unit/provider/moment_test
tests_unit_provider_moment_test_SOURCES = tests/unit/provider/moment_test.c
tests_unit_provider_moment_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/provider/moment_test
