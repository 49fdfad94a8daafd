# tests/filter: golden cases of the filters, and what all programs have in common.
TESTS += tests/filter/cases.t tests/filter/common.t
EXTRA_DIST += \
	tests/filter/cases.t \
	tests/filter/common.t \
	tests/filter/sync-diff \
	tests/filter/sync-echofilter \
	tests/filter/sync-ingest \
	tests/filter/sync-push \
	tests/filter/webhooks \
	tests/lib.sh
