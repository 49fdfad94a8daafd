# Benchmarks: each prints `bench` lines (figures, a peer, a goal, whether its output was right).
# `make bench` runs them, `make bench-check` fails unless each line is right and within its goal.
# They are not part of `make check`: a busy machine would make them fail.
BENCHES = \
	tests/bench/echofilter \
	tests/bench/latency \
	tests/bench/writes
BENCH_DRIVERS = \
	tests/bench/constant \
	tests/bench/edits \
	tests/bench/spent
EXTRA_PROGRAMS += $(BENCH_DRIVERS)
EXTRA_DIST += $(BENCHES) tests/bench/check
CLEANFILES += $(BENCH_DRIVERS)
tests_bench_edits_SOURCES = tests/bench/edits.c
tests_bench_edits_LDADD = $(LOOPLESS_LIBS)
tests_bench_constant_SOURCES = tests/bench/constant.c
tests_bench_spent_SOURCES = tests/bench/spent.c

bench: all $(BENCH_DRIVERS)
	@for b in $(BENCHES); do \
		top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
			sh '$(srcdir)'/$$b || exit 1; \
	done

bench-check: all $(BENCH_DRIVERS)
	@$(MAKE) -s bench | sh '$(srcdir)/tests/bench/check'

.PHONY: bench bench-check
