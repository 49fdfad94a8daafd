noinst_LIBRARIES += libechofilter.a
libechofilter_a_SOURCES = \
	src/echofilter/echofilter.c \
	src/echofilter/echofilter.h
