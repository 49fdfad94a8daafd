# Pages: mdoc.
dist_man_MANS += man/sync-ctl.1 man/sync-diff.1 man/sync-echofilter.1

dist_man_MANS += man/sync-sim.1
dist_man_MANS += man/sync-push.1
