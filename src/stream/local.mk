noinst_LIBRARIES += libstream.a
libstream_a_SOURCES =
