# Examples.
EXTRA_DIST += \
	examples/quickstart \
	examples/quickstart.d/app.yaml \
	examples/quickstart.d/crm.yaml \
	examples/quickstart.d/loopless.yaml \
	examples/quickstart.d/stage.sh
EXTRA_DIST += \
	examples/escalation/README \
	examples/escalation/desk.yaml \
	examples/escalation/engineering.yaml \
	examples/escalation/loopless.yaml \
	examples/escalation/models/support/tickets.yaml
EXTRA_DIST += \
	examples/systemd/loopless-listen.service \
	examples/systemd/loopless-listen.socket \
	examples/systemd/loopless-pipe.service \
	examples/systemd/loopless-reconcile.service \
	examples/systemd/loopless-reconcile.timer
