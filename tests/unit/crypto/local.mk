# Unit tests of src/crypto.
check_PROGRAMS += tests/unit/crypto/digest_test
tests_unit_crypto_digest_test_SOURCES = tests/unit/crypto/digest_test.c
tests_unit_crypto_digest_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/crypto/digest_test

check_PROGRAMS += tests/unit/crypto/jws_test
tests_unit_crypto_jws_test_SOURCES = tests/unit/crypto/jws_test.c
tests_unit_crypto_jws_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/crypto/jws_test
