# Crash tests: a driver, its scenarios, and what runs them.
check_PROGRAMS += tests/crash/driver
tests_crash_driver_SOURCES = \
	tests/crash/capture.c \
	tests/crash/capture.h \
	tests/crash/driver.c \
	tests/crash/hook.c \
	tests/crash/hook.h \
	tests/crash/names.c \
	tests/crash/names.h \
	tests/crash/record.c \
	tests/crash/record.h \
	tests/crash/scenario.c \
	tests/crash/scenario.h \
	tests/crash/setup.c \
	tests/crash/setup.h \
	tests/crash/trial.c \
	tests/crash/trial.h \
	tests/crash/world.c \
	tests/crash/world.h
tests_crash_driver_LDADD = libbase.a $(JANSSON_LIBS) $(CURL_LIBS) $(SQLITE_LIBS)
WHOLE_TESTS += tests/crash/crash.t tests/crash/overlap.t
check_PROGRAMS += tests/crash/faults
tests_crash_faults_SOURCES = tests/crash/faults.c $(TOOLS_LOOPBACK)
WHOLE_TESTS += tests/crash/faults.t

EXTRA_DIST += \
	tests/crash/crash.t \
	tests/crash/faults.t \
	tests/crash/overlap.t \
	tests/crash/run \
	tests/crash/loopless.yaml \
	tests/crash/system.yaml \
	tests/crash/models/crm/companies.yaml \
	tests/crash/models/crm/contacts.yaml \
	tests/crash/scenarios/both-ways.txt \
	tests/crash/scenarios/bulk-job.txt \
	tests/crash/scenarios/bulk-lost.txt \
	tests/crash/scenarios/bulk-refused.txt \
	tests/crash/scenarios/bulk-resume.txt \
	tests/crash/scenarios/bulk.txt \
	tests/crash/scenarios/by-hand.txt \
	tests/crash/scenarios/canary.txt \
	tests/crash/scenarios/conflict-manual.txt \
	tests/crash/scenarios/conflict-newest.txt \
	tests/crash/scenarios/contact-report.txt \
	tests/crash/scenarios/contact.txt \
	tests/crash/scenarios/create.txt \
	tests/crash/scenarios/cycle.txt \
	tests/crash/scenarios/delete-edited.txt \
	tests/crash/scenarios/delete-hour.txt \
	tests/crash/scenarios/delete-limit.txt \
	tests/crash/scenarios/delete-resume.txt \
	tests/crash/scenarios/delete-yes.txt \
	tests/crash/scenarios/delete.txt \
	tests/crash/scenarios/dropped-create.txt \
	tests/crash/scenarios/dropped-delete.txt \
	tests/crash/scenarios/dropped-update.txt \
	tests/crash/scenarios/enforce.txt \
	tests/crash/scenarios/failed.txt \
	tests/crash/scenarios/gc.txt \
	tests/crash/scenarios/guarded-body.txt \
	tests/crash/scenarios/guarded.txt \
	tests/crash/scenarios/html.txt \
	tests/crash/scenarios/limited-body.txt \
	tests/crash/scenarios/limited.txt \
	tests/crash/scenarios/link.txt \
	tests/crash/scenarios/lost-create.txt \
	tests/crash/scenarios/lost-delete.txt \
	tests/crash/scenarios/merge-both.txt \
	tests/crash/scenarios/merge-first.txt \
	tests/crash/scenarios/merge-hooks.txt \
	tests/crash/scenarios/merge-late.txt \
	tests/crash/scenarios/merge-resolve.txt \
	tests/crash/scenarios/merge.txt \
	tests/crash/scenarios/not-owner.txt \
	tests/crash/scenarios/overlap-behind.txt \
	tests/crash/scenarios/overlap.txt \
	tests/crash/scenarios/own-id.txt \
	tests/crash/scenarios/own.txt \
	tests/crash/scenarios/paging.txt \
	tests/crash/scenarios/parent.txt \
	tests/crash/scenarios/plan.txt \
	tests/crash/scenarios/recreate.txt \
	tests/crash/scenarios/reference.txt \
	tests/crash/scenarios/refused-200.txt \
	tests/crash/scenarios/refused-field.txt \
	tests/crash/scenarios/refused.txt \
	tests/crash/scenarios/repair.txt \
	tests/crash/scenarios/replay.txt \
	tests/crash/scenarios/resolve-edit.txt \
	tests/crash/scenarios/resolve-edited.txt \
	tests/crash/scenarios/resolve-take.txt \
	tests/crash/scenarios/resolve-value.txt \
	tests/crash/scenarios/resume.txt \
	tests/crash/scenarios/token-lost.txt \
	tests/crash/scenarios/token.txt \
	tests/crash/scenarios/twin.txt \
	tests/crash/scenarios/undelete-anew.txt \
	tests/crash/scenarios/undelete.txt \
	tests/crash/scenarios/unlink.txt \
	tests/crash/scenarios/update.txt \
	tests/crash/scenarios/upsert-dropped.txt \
	tests/crash/scenarios/upsert.txt
