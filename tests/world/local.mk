# Random worlds: a driver, and what runs it.
check_PROGRAMS += tests/world/driver
tests_world_driver_SOURCES = \
	tests/world/crew.c \
	tests/world/deploy.c \
	tests/world/deploy.h \
	tests/world/driver.c \
	tests/world/hooks.c \
	tests/world/hooks.h \
	tests/world/matter.c \
	tests/world/matter.h \
	tests/world/missed.c \
	tests/world/oracle.c \
	tests/world/oracle.h \
	tests/world/people.c \
	tests/world/people.h \
	tests/world/plan.c \
	tests/world/plan.h \
	tests/world/play.c \
	tests/world/play.h \
	tests/world/random.c \
	tests/world/random.h \
	tests/world/records.c \
	tests/world/records.h \
	tests/world/rest.c \
	tests/world/rest.h \
	tests/world/script.c \
	tests/world/script.h \
	tests/world/state.c \
	tests/world/state.h \
	tests/world/world.c \
	tests/world/world.h
tests_world_driver_LDADD = libbase.a $(JANSSON_LIBS) $(CURL_LIBS) $(SQLITE_LIBS)
TESTS += tests/world/found.t
WHOLE_TESTS += tests/world/world.t

EXTRA_DIST += \
	tests/world/found.t \
	tests/world/run \
	tests/world/world.t
