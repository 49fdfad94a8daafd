noinst_LIBRARIES += libpush.a
libpush_a_SOURCES =
