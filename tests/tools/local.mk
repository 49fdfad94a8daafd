# Programs that tests use, no tests themselves.
check_PROGRAMS += tests/tools/sink
tests_tools_sink_SOURCES = tests/tools/sink.c
tests_tools_sink_LDADD = libsim.a libbase.a $(JANSSON_LIBS) $(MICROHTTPD_LIBS) $(CURL_LIBS) $(SODIUM_LIBS)

check_PROGRAMS += tests/tools/hook
tests_tools_hook_SOURCES = \
	tests/tools/hook.c \
	tests/unit/http/wire.c \
	tests/unit/http/wire.h
tests_tools_hook_LDADD = libbase.a $(SODIUM_LIBS)

check_PROGRAMS += tests/tools/relay
TOOLS_LOOPBACK = \
	tests/tools/loopback.c \
	tests/tools/loopback.h
tests_tools_relay_SOURCES = tests/tools/relay.c $(TOOLS_LOOPBACK)
