check_PROGRAMS += tests/unit/sim/order_test
tests_unit_sim_order_test_SOURCES = tests/unit/sim/order_test.c
tests_unit_sim_order_test_LDADD = libsim.a $(UNIT_LIBS)
TESTS += tests/unit/sim/order_test

check_PROGRAMS += tests/unit/sim/quirk_test
tests_unit_sim_quirk_test_SOURCES = tests/unit/sim/quirk_test.c
tests_unit_sim_quirk_test_LDADD = libsim.a $(UNIT_LIBS)
TESTS += tests/unit/sim/quirk_test

check_PROGRAMS += tests/unit/sim/jtext_test
tests_unit_sim_jtext_test_SOURCES = tests/unit/sim/jtext_test.c
tests_unit_sim_jtext_test_LDADD = libsim.a $(UNIT_LIBS)
TESTS += tests/unit/sim/jtext_test

check_PROGRAMS += tests/unit/sim/message_test
tests_unit_sim_message_test_SOURCES = tests/unit/sim/message_test.c
tests_unit_sim_message_test_LDADD = libsim.a $(UNIT_LIBS)
TESTS += tests/unit/sim/message_test

check_PROGRAMS += tests/unit/sim/sign_test
tests_unit_sim_sign_test_SOURCES = tests/unit/sim/sign_test.c
tests_unit_sim_sign_test_LDADD = libsim.a $(UNIT_LIBS)
TESTS += tests/unit/sim/sign_test
