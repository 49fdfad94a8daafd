# Programs: options and one call each.
CMD_METER = src/cmd/meter.c src/cmd/meter.h

bin_PROGRAMS += sync-sim
sync_sim_SOURCES = src/cmd/sync-sim.c
sync_sim_LDADD = libsim.a libbase.a $(JANSSON_LIBS) $(MICROHTTPD_LIBS) $(CURL_LIBS) $(SODIUM_LIBS) \
	$(LIBCRYPTO_LIBS)

bin_PROGRAMS += sync-diff
sync_diff_SOURCES = src/cmd/sync-diff.c $(CMD_METER) src/cmd/setup.c src/cmd/setup.h
sync_diff_LDADD = libdiff.a $(LOOPLESS_LIBS)

bin_PROGRAMS += sync-echofilter
sync_echofilter_SOURCES = src/cmd/sync-echofilter.c src/cmd/setup.c src/cmd/setup.h
sync_echofilter_LDADD = libechofilter.a $(LOOPLESS_LIBS)

bin_PROGRAMS += sync-ingest
sync_ingest_SOURCES = src/cmd/sync-ingest.c src/cmd/setup.c src/cmd/setup.h
sync_ingest_LDADD = libingest.a $(LOOPLESS_LIBS)

bin_PROGRAMS += sync-ctl
sync_ctl_SOURCES = src/cmd/sync-ctl.c $(CMD_METER) src/cmd/setup.c src/cmd/setup.h
sync_ctl_LDADD = libctl.a $(LOOPLESS_LIBS)

bin_PROGRAMS += sync-push
sync_push_SOURCES = src/cmd/sync-push.c $(CMD_METER) src/cmd/setup.c src/cmd/setup.h
sync_push_LDADD = libpush.a $(LOOPLESS_LIBS)

bin_PROGRAMS += sync-reconcile
sync_reconcile_SOURCES = src/cmd/sync-reconcile.c $(CMD_METER) src/cmd/setup.c src/cmd/setup.h
sync_reconcile_LDADD = libreconcile.a $(LOOPLESS_LIBS)
