noinst_LIBRARIES += libechofilter.a
libechofilter_a_SOURCES =
