noinst_LIBRARIES += libctl.a
libctl_a_SOURCES = \
	src/ctl/auth.c \
	src/ctl/conflict.h \
	src/ctl/conflicts.c \
	src/ctl/counters.c \
	src/ctl/ctl.c \
	src/ctl/ctl.h \
	src/ctl/edit.c \
	src/ctl/internal.h \
	src/ctl/lineage.c \
	src/ctl/lineage.h \
	src/ctl/lineage_decisions.c \
	src/ctl/lineage_fields.c \
	src/ctl/links.c \
	src/ctl/login.c \
	src/ctl/normalizers.c \
	src/ctl/operand.c \
	src/ctl/pause.c \
	src/ctl/prove.c \
	src/ctl/rejects.c \
	src/ctl/repair.c \
	src/ctl/repair.h \
	src/ctl/report.c \
	src/ctl/resolve.c \
	src/ctl/show.c \
	src/ctl/show.h \
	src/ctl/state.c \
	src/ctl/strays.c \
	src/ctl/systems.c \
	src/ctl/systems.h \
	src/ctl/table.c \
	src/ctl/table.h \
	src/ctl/value.c \
	src/ctl/why.c
