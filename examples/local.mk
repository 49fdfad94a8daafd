# Examples.
EXTRA_DIST += \
	examples/quickstart \
	examples/quickstart.d/app.yaml \
	examples/quickstart.d/crm.yaml \
	examples/quickstart.d/loopless.yaml
