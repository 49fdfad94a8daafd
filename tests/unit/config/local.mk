check_PROGRAMS += \
	tests/unit/config/conf_faults_test \
	tests/unit/config/conf_rules_test \
	tests/unit/config/conf_test \
	tests/unit/config/definition_test \
	tests/unit/config/limit_test \
	tests/unit/config/model_test \
	tests/unit/config/mutation_test \
	tests/unit/config/secret_test \
	tests/unit/config/webhook_test \
	tests/unit/config/yaml_test
tests_unit_config_conf_faults_test_SOURCES = tests/unit/config/conf_faults_test.c \
	tests/unit/config/good.h tests/unit/config/scratch.h
tests_unit_config_conf_faults_test_LDADD = $(UNIT_LIBS)
tests_unit_config_conf_rules_test_SOURCES = tests/unit/config/conf_rules_test.c \
	tests/unit/config/good.h tests/unit/config/scratch.h
tests_unit_config_conf_rules_test_LDADD = $(UNIT_LIBS)
tests_unit_config_conf_test_SOURCES = tests/unit/config/conf_test.c tests/unit/config/good.h \
	tests/unit/config/scratch.h
tests_unit_config_conf_test_LDADD = $(UNIT_LIBS)
tests_unit_config_definition_test_SOURCES = tests/unit/config/definition_test.c \
	tests/unit/config/scratch.h
tests_unit_config_definition_test_LDADD = $(UNIT_LIBS)
tests_unit_config_limit_test_SOURCES = tests/unit/config/limit_test.c tests/unit/config/scratch.h
tests_unit_config_limit_test_LDADD = $(UNIT_LIBS)
tests_unit_config_model_test_SOURCES = tests/unit/config/model_test.c tests/unit/config/scratch.h
tests_unit_config_model_test_LDADD = $(UNIT_LIBS)
tests_unit_config_mutation_test_SOURCES = tests/unit/config/mutation_test.c \
	tests/unit/config/scratch.h
tests_unit_config_mutation_test_LDADD = $(UNIT_LIBS)
tests_unit_config_secret_test_SOURCES = tests/unit/config/secret_test.c \
	tests/unit/config/scratch.h
tests_unit_config_secret_test_LDADD = $(UNIT_LIBS)
tests_unit_config_webhook_test_SOURCES = tests/unit/config/webhook_test.c \
	tests/unit/config/good.h tests/unit/config/scratch.h
tests_unit_config_webhook_test_LDADD = $(UNIT_LIBS)
tests_unit_config_yaml_test_SOURCES = tests/unit/config/yaml_test.c tests/unit/config/scratch.h
tests_unit_config_yaml_test_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/config/auth_test
tests_unit_config_auth_test_SOURCES = tests/unit/config/auth_test.c \
	tests/unit/config/good.h tests/unit/config/scratch.h
tests_unit_config_auth_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/config/auth_test
TESTS += \
	tests/unit/config/conf_faults_test \
	tests/unit/config/conf_rules_test \
	tests/unit/config/conf_test \
	tests/unit/config/definition_test \
	tests/unit/config/limit_test \
	tests/unit/config/model_test \
	tests/unit/config/mutation_test \
	tests/unit/config/secret_test \
	tests/unit/config/webhook_test \
	tests/unit/config/yaml_test
