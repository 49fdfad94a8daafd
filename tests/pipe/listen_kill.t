#!/bin/sh
# sync-ingest listen, killed twenty times under load: what was answered 200 is an event once.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"

hook_config loopless.yaml state.db crm crm-1 /hooks/crm
new_state
: >answered
lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

for round in $(seq 1 20); do
    listener 127.0.0.1:0
    : >answers
    "$hook" load "$url" /hooks/crm "$secret" crm-1 "r$round" 100000 24 >answers 2>load.err &
    load=$!
    await $load lines answers $((round * 3)) # each round dies elsewhere in its work
    kill -9 $pid
    wait $pid 2>/dev/null
    wait $load
    sed "s/^/r$round-/" answers >>answered
done
ok "there was load" test "$(wc -l <answered)" -gt 500

listener 127.0.0.1:0
until_sql 0 "SELECT count(*) FROM sync_requests WHERE state = 'new'"
stop_listener
is "it ends well" 0 $?
sort answered >want
sql "SELECT record_id FROM sync_inbox" | sort >have
is "what was answered 200 is an event" "" "$(comm -23 want have)"
is "each once" "" "$(uniq -d have)"
is "each of a request, and each request once" "$(wc -l <have) $(wc -l <have)" \
    "$(sql "SELECT count(DISTINCT request_id) FROM sync_inbox") $(sql "SELECT count(*) FROM sync_requests WHERE state = 'mapped'")"
is "no number was lost" "$(sql "SELECT count(*) FROM sync_inbox")" "$(sql "SELECT max(seq) FROM sync_inbox")"
try sync-ctl audit
is "all is accounted for" 0 $rc
is "the file is whole" ok "$(sql "PRAGMA integrity_check")"

done_testing
