noinst_LIBRARIES += libdiff.a
libdiff_a_SOURCES =
