# Rules of the house, checked.
LINT_TESTS = \
	tests/lint/layers.t \
	tests/lint/pages.t \
	tests/lint/shell.t \
	tests/lint/style.t
TESTS += $(LINT_TESTS)
EXTRA_DIST += $(LINT_TESTS) tests/packages tests/run
