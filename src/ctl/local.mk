noinst_LIBRARIES += libctl.a
libctl_a_SOURCES = \
	src/ctl/ctl.c \
	src/ctl/ctl.h \
	src/ctl/internal.h \
	src/ctl/pause.c \
	src/ctl/report.c \
	src/ctl/state.c \
	src/ctl/table.c \
	src/ctl/table.h
