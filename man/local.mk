# Pages: mdoc.
dist_man_MANS += man/sync-ctl.1 man/sync-diff.1 man/sync-echofilter.1

dist_man_MANS += man/sync-sim.1
dist_man_MANS += man/sync-push.1
dist_man_MANS += man/loopless.7 man/loopless-config.5 man/loopless-definition.5
dist_man_MANS += man/sync-event.5 man/sync-state.5
dist_man_MANS += man/sync-ingest.1 man/sync-reconcile.1
