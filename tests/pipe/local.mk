# tests/pipe

TESTS += tests/pipe/sim.t
EXTRA_DIST += tests/pipe/sim.t
