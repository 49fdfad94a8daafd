#!/bin/sh
# A system that is down, and records that change between their listing and their decision.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

# ---- a target that is down: the run ends soon, says so, and loses nothing ----
enter down
contacts 1 40 >a.ndjson
deployment
run
is "forty are linked" 40 "$(sql 'SELECT count(*) FROM sync_links')"
sim b /_sim/dump/contacts >b.saved
port=$(url b)
port=${port##*:}
stop_sim b
for id in $(dump a '.[].id'); do human a PATCH "/contacts/$id" "{\"notes\":\"edit $id\"}"; done
before=$(date +%s)
sync-reconcile run contacts >out 2>err
is "a target is down: try later" 75 $?
ok "it took no patience a record" test $(($(date +%s) - before)) -lt 60
is "it is said once" 1 "$(grep -c 'b cannot be read now' err)"
is "nothing is lost" 40 "$(sql 'SELECT count(*) FROM sync_inbox WHERE disposition IS NULL')"
ok "and the balance holds" sync-ctl audit

{ creation a b 901 x@x; creation a b 902 y@x; } >two
sync-push <two >out 2>err
is "sync-push says once that it cannot be reached" "0 1" "$? $(grep -c 'b cannot be reached: .*; what it is owed is tried again' err)"
sql "DELETE FROM sync_owed WHERE link_id IN (SELECT link_id FROM sync_links WHERE external_id IN ('x-901', 'x-902'))"

# It comes back at its old address, with its records and ids.
jq -c '.[]' b.saved >b.ndjson
start_sim b --seed 2 --listen "127.0.0.1:$port" --load contacts=b.ndjson
sql "UPDATE sync_inbox SET not_before = '2000-01-01T00:00:00.000Z' WHERE disposition IS NULL"
run --yes # forty edits at once are over the limit
is "it is up again: the run ends well" 0 $?
is "all edits are there" 40 "$(dump b '.[] | select(.notes // "" | startswith("edit")) | .id' | wc -l)"
is "each was written once" 40 "$(count b .updates)"

# ---- a match that is none any more when it is read ----
enter moved
deployment
add a '{"email":"x@example.com","first_name":"A","phone":"1"}'
add b '{"email":"x@example.com","first_name":"B","phone":"2"}'
sync-ctl pause >/dev/null
run
is "listed, and held by the pause" 75 $?
sync-ctl resume >/dev/null
edit b x@example.com '{"email":"y@example.com"}'
run
is "a record that has another address now is not written over" '"B"' "$(record b y@example.com .first_name)"
is "nor linked to the one it matched" 2 "$(sql 'SELECT count(*) FROM sync_links')"
is "both exist on both sides" "2 2" "$(dump a length) $(dump b length)"
ok "the balance holds" sync-ctl audit
done_testing
