# tests/pipe

TESTS += tests/pipe/sim.t
EXTRA_DIST += tests/pipe/sim.t

TESTS += tests/pipe/simhook.t
EXTRA_DIST += tests/pipe/simhook.t

TESTS += tests/pipe/sync.t
EXTRA_DIST += tests/pipe/sync.t

TESTS += tests/pipe/push.t
EXTRA_DIST += tests/pipe/push.t

TESTS += tests/pipe/plan.t tests/pipe/gone.t
EXTRA_DIST += tests/pipe/plan.t tests/pipe/gone.t

TESTS += tests/pipe/safety.t
EXTRA_DIST += tests/pipe/safety.t

WHOLE_TESTS += tests/pipe/examples.t
EXTRA_DIST += tests/pipe/examples.t

TESTS += tests/pipe/ingest.t tests/pipe/reconcile.t tests/pipe/listing.t
EXTRA_DIST += tests/pipe/ingest.t tests/pipe/reconcile.t tests/pipe/listing.t

TESTS += tests/pipe/values.t
EXTRA_DIST += tests/pipe/values.t

TESTS += tests/pipe/words.t
EXTRA_DIST += tests/pipe/words.t

TESTS += tests/pipe/races.t
EXTRA_DIST += tests/pipe/races.t

TESTS += tests/pipe/operate.t
EXTRA_DIST += tests/pipe/operate.t

TESTS += tests/pipe/prove.t
EXTRA_DIST += tests/pipe/prove.t

TESTS += tests/pipe/down.t
EXTRA_DIST += tests/pipe/down.t

TESTS += tests/pipe/live.t
EXTRA_DIST += tests/pipe/live.t

TESTS += tests/pipe/follow.t
EXTRA_DIST += tests/pipe/follow.t

TESTS += tests/pipe/listen.t tests/pipe/hostile.t tests/pipe/listen_kill.t
EXTRA_DIST += tests/pipe/listener.sh \
	tests/pipe/listen.t tests/pipe/hostile.t tests/pipe/listen_kill.t

TESTS += tests/pipe/hooks.t
EXTRA_DIST += tests/pipe/hooks.t

WHOLE_TESTS += tests/pipe/guide.t tests/pipe/outage.t
EXTRA_DIST += tests/pipe/service.sh tests/pipe/guide.t tests/pipe/outage.t

TESTS += tests/pipe/deletes.t tests/pipe/refs.t tests/pipe/owners.t tests/pipe/traps.t
EXTRA_DIST += tests/pipe/live.sh tests/pipe/deletes.t tests/pipe/refs.t tests/pipe/owners.t tests/pipe/traps.t

TESTS += tests/pipe/steer.t
EXTRA_DIST += tests/pipe/steer.t

TESTS += tests/pipe/auth.t
EXTRA_DIST += tests/pipe/auth.t

TESTS += tests/pipe/escalate.t
EXTRA_DIST += tests/pipe/escalate.t

TESTS += tests/pipe/upsert.t tests/pipe/form.t tests/pipe/precondition.t tests/pipe/bulk.t tests/pipe/stopped.t
EXTRA_DIST += tests/pipe/upsert.t tests/pipe/form.t tests/pipe/precondition.t tests/pipe/bulk.t tests/pipe/stopped.t

TESTS += tests/pipe/limits.t
EXTRA_DIST += tests/pipe/limits.t

WHOLE_TESTS += tests/pipe/transport.t
EXTRA_DIST += tests/pipe/transport.t

TESTS += tests/pipe/secrets.t
EXTRA_DIST += tests/pipe/secrets.t

TESTS += tests/pipe/terminal.t
EXTRA_DIST += tests/pipe/terminal.t

TESTS += tests/pipe/joins.t
EXTRA_DIST += tests/pipe/joins.t
