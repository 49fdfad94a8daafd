#!/bin/sh
# The seven testing scenarios of the guide, with the whole service: two systems that send webhooks, a
# listener, the endless pipe and the cron line.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"
# shellcheck source=tests/pipe/service.sh
. "$top_srcdir/tests/pipe/service.sh"

# The cron line, until it has loaded once; then the pipe.
loaded() # FOLDER
{
    service "$1" a b
    run --yes || echo "# load: $rc $(tail -n 1 err)"
    start_pipe
}

# Ann at both, linked, all webhooks in.
ann()
{
    add a '{"email":"ann@example.com","first_name":"Ann","last_name":"A","phone":"1"}'
    quiet
}

ann_has() # FIELD: at a and b
{
    echo "$(record a ann@example.com ".$1") $(record b ann@example.com ".$1")"
}

balanced() # NAME
{
    ok "$1: all are balanced, nothing is twice" sync-ctl audit
    is "$1: and nobody was paused or refused" "0 0" \
        "$(sql 'SELECT (SELECT count(*) FROM sync_pauses), (SELECT count(*) FROM sync_rejects)' | tr '|' ' ')"
    stop_service
}

# ---- 1: basic echo ----
loaded echo
ann
is "basic echo: a new record is created once" "0 1" "$(writes a) $(writes b)"
edit a ann@example.com '{"phone":"2"}'
quiet
is "basic echo: an edit is written once, to the other side" '"2" "2" 0 2' "$(ann_has phone) $(writes a) $(writes b)"
is "basic echo: what our writes caused is dropped" "pushed:2 echo:2" "$(ends_of a) $(ends_of b)"
quirk b webhook-before-answer
edit a ann@example.com '{"phone":"3"}'
quiet
is "basic echo: also if it comes before the answer" '"3" "3" 0 3 echo:3' "$(ann_has phone) $(writes a) $(writes b) $(ends_of b)"
quirk a webhook-before-answer
edit b ann@example.com '{"phone":"4"}'
quiet
is "basic echo: and the other way round" '"4" "4" 1 3' "$(ann_has phone) $(writes a) $(writes b)"
is "basic echo: no record is there twice" "1 1" "$(dump a length) $(dump b length)"
balanced "basic echo"

# ---- 2: rapid successive edits ----
loaded rapid
ann
for n in 2 3 4 5 6; do
    edit a ann@example.com "{\"phone\":\"$n\"}"
done
quiet
is "rapid edits: the last is there" '"6" "6"' "$(ann_has phone)"
is "rapid edits: each has its row, and each ended" "5 5" \
    "$(sql "SELECT count(*), count(disposition) FROM sync_inbox WHERE system = 'a' AND event_type = 'updated'" | tr '|' ' ')"
ok "rapid edits: not one write more than edits ($(writes b))" [ "$(count b .updates)" -le 5 ]
is "rapid edits: nothing comes back" 0 "$(writes a)"
before=$(count b .updates)
quirk a webhook-per-property
for n in 7 8 9; do
    edit a ann@example.com "{\"phone\":\"$n\",\"last_name\":\"L$n\",\"notes\":\"n$n\"}"
done
for n in 1 2; do
    edit b ann@example.com "{\"score\":$n}"
done
quiet
is "rapid edits: of many fields on both sides" '"9" "9" "L9" "L9" "n9" "n9" 2 2' \
    "$(ann_has phone) $(ann_has last_name) $(ann_has notes) $(ann_has score)"
ok "rapid edits: a write for each edit at most" [ $(($(count b .updates) - before)) -le 3 ]
ok "rapid edits: and back" [ "$(writes a)" -le 2 ]
balanced "rapid edits"

# ---- 3: at once on both sides ----
loaded simultaneous
ann
both() # A's B's: nothing is decided of either before both are made
{
    kill -STOP "$emit"
    edit a ann@example.com "$1"
    edit b ann@example.com "$2"
    kill -CONT "$emit"
    quiet
}
before=$(writes a b)
both '{"first_name":"Anna"}' '{"first_name":"Anne"}'
is "simultaneous edit: the owner's is everybody's" '"Anna" "Anna"' "$(ann_has first_name)"
is "simultaneous edit: by one write" $((before + 1)) "$(writes a b)"
before=$(writes a b)
both '{"phone":"a"}' '{"phone":"b"}'
ok "simultaneous edit: without an owner both sides agree" [ "$(record a ann@example.com .phone)" = "$(record b ann@example.com .phone)" ]
is "simultaneous edit: by one write" $((before + 1)) "$(writes a b)"
stop_pipe
edit_config 's/match: \[email\]/&\n    skew: 0s/'
start_pipe
before=$(writes a b)
both '{"phone":"older"}' '{"phone":"newer"}'
is "simultaneous edit: the last write wins" '"newer" "newer"' "$(ann_has phone)"
is "simultaneous edit: by one write" $((before + 1)) "$(writes a b)"
before=$(writes a b)
both '{"phone":"p","last_name":"Both"}' '{"notes":"n"}'
is "simultaneous edit: of other fields both stay" '"p" "p" "n" "n" "Both" "Both"' \
    "$(ann_has phone) $(ann_has notes) $(ann_has last_name)"
is "simultaneous edit: by a write to each" $((before + 2)) "$(writes a b)"
is "simultaneous edit: history says by what" "last-write-wins owner" \
    "$(sql "SELECT DISTINCT rule FROM sync_history WHERE rule IN ('owner', 'last-write-wins') ORDER BY 1" | xargs)"
balanced "simultaneous edit"

# ---- 4: the provider retries ----
loaded retry
ann
quirk a webhook-duplicate 3
edit a ann@example.com '{"phone":"2"}'
quiet
id=$(sim a /_sim/webhooks | jq -r '.delivered[-1].id')
is "provider retry: it came three times" "3 1" \
    "$(sim a /_sim/webhooks | jq --arg id "$id" '[.delivered[] | select(.id == $id)] | length') $(sim a /_sim/webhooks | jq --arg id "$id" '[.delivered[] | select(.id == $id) | .events] | unique | length')"
is "provider retry: and is one event" "1 1" \
    "$(sql "SELECT count(*), (SELECT count(*) FROM sync_requests WHERE system = 'a' AND delivery_id = '$id') FROM sync_inbox WHERE system = 'a' AND event_type = 'updated'" | tr '|' ' ')"
is "provider retry: written once" '"2" 2' "$(record b ann@example.com .phone) $(writes b)"
quirk a webhook-duplicate null
edit b ann@example.com '{"phone":"3"}'
quiet
before=$(sql 'SELECT count(*), max(seq) FROM sync_inbox') wrote=$(writes a b)
sim a /_sim/redeliver -f -o /dev/null -d '{"since":0}'
sim b /_sim/redeliver -f -o /dev/null -d '{"since":0}'
quiet
is "provider retry: what comes again after it was settled is no event" "$before" "$(sql 'SELECT count(*), max(seq) FROM sync_inbox')"
is "provider retry: and writes nothing old" "\"3\" \"3\" $wrote" "$(ann_has phone) $(writes a b)"
balanced "provider retry"

# ---- 5: sync-reconcile is killed in mid-run ----
contacts 1 120 >"$tmp/a.ndjson"
service watermark a b
sed 's/size: 200/size: 20/' "$LOOPLESS_PROVIDERS/rest.yaml" >small.yaml
edit_config 's|provider: rest|provider: ./small.yaml|'
run --yes
start_pipe
quiet
wrote=$(writes b)
edit_config 's/^version: 1/&\nlimits: {max_updates: 100%, max_changed: 100%}/'
stop_pipe
start_pipe
for system in $systems; do sim "$system" /_sim/webhook -f -o /dev/null -d '{"url":null}'; done # lost
edit_all a 1 120 '{"notes":"edited"}'
before=$(sql "SELECT last_successful FROM sync_watermarks WHERE sync_job_id = 'contacts'")
quirk a slow-ms 200
sync-reconcile run contacts >out 2>err &
job=$!
listed() { [ "$(sql "SELECT coalesce(sum(listed), 0) FROM sync_runs WHERE kind = 'delta' AND sync_job_id = 'contacts'")" -ge 40 ]; }
ok "watermark recovery: it is in the middle of its listing" await $job listed
kill -KILL $job
wait $job 2>/dev/null
quirk a slow-ms null
is "watermark recovery: killed, the watermark is where it was" "$before" \
    "$(sql "SELECT last_successful FROM sync_watermarks WHERE sync_job_id = 'contacts'")"
ok "watermark recovery: and not all is listed" \
    [ "$(sql "SELECT max(listed) FROM sync_runs WHERE kind = 'delta' AND sync_job_id = 'contacts'")" -lt 120 ]
sql "UPDATE sync_leases SET expires_ms = 1 WHERE pid = $job" # 30 s later
run contacts
is "watermark recovery: the next run ends well" 0 $rc
quiet
is "watermark recovery: no record is skipped" 120 "$(dump b '.[] | select(.notes == "edited") | .id' | wc -l)"
is "watermark recovery: none is written twice, or made again" "$((wrote + 120)) 120" "$(writes b) $(dump b length)"
after=$(sql "SELECT last_successful FROM sync_watermarks WHERE sync_job_id = 'contacts'")
last=$(dump a 'map(.updated_at) | max' | tr -d '"')
is "watermark recovery: then the watermark moves, not beyond the last edit" "$before
$after
$last" "$(printf '%s\n' "$before" "$after" "$last" | sort)"
balanced "watermark recovery"

# ---- 6: initial load with what is there already ----
contacts 1 1100 >"$tmp/a.ndjson"
contacts 1001 1250 | jq -c '.id += 5000 | .notes = "of b"' >"$tmp/b.ndjson"
service initial a b
start_pipe
edit_all a 1 3 '{"notes":"before the load"}'
held() { [ "$(sql "SELECT count(*) FROM sync_inbox WHERE path = 'webhook'")" -ge 3 ]; }
ok "initial load: webhooks come before it" await "$push" held
is "initial load: before it, unlinked events wait" "3 0" "$(sql 'SELECT count(*) FROM sync_inbox WHERE disposition IS NULL') $(writes a b)"
edit_config 's/^version: 1/&\nlimits: {max_creates: 5000, max_updates: 100%, max_changed: 100%}/'
calls=$(count a .calls)
run
is "initial load: it ends well" 0 $rc
quiet
is "initial load: all are at both sides, once" "1250 1250 1250 1250" \
    "$(dump a length) $(dump b length) $(dump a '[.[].email] | unique | length') $(dump b '[.[].email] | unique | length')"
is "initial load: what is missing is created, nothing more" "150 1000" "$(count a .creates) $(count b .creates)"
ok "initial load: both agree" agree a b
ok "initial load: a write a record at most ($(writes a b))" [ "$(writes a b)" -le 1250 ]
ok "initial load: calls are bounded ($(count a .calls), $(count b .calls))" \
    [ $(($(count a .calls) - calls + $(count b .calls))) -le 4000 ]
is "initial load: a webhook for each write" "$(writes a b)" \
    "$(sql "SELECT count(*) - 3 FROM sync_inbox WHERE path = 'webhook'")"
ok "initial load: which all were echoes ($(ends_of a), $(ends_of b))" \
    [ "$(sql "SELECT count(*) FROM sync_inbox WHERE path = 'webhook' AND disposition IN ('pushed', 'conflict', 'rejected')")" -le 3 ]
before=$(writes a b)
run
is "initial load: run again nothing is written" "0 $before" "$rc $(writes a b)"
balanced "initial load"

# ---- 7: rate limits ----
contacts 1 30 >"$tmp/a.ndjson"
loaded limit
quiet
wrote=$(writes b)
edit_config 's/^version: 1/&\nlimits: {max_updates: 100%, max_changed: 100%}/'
stop_pipe
start_pipe
quirk b rate '"8/1000"'
edit_all a 1 30 '{"notes":"limited"}'
quiet
is "rate limit: all edits are there, each written once" "30 30" \
    "$(dump b '.[] | select(.notes == "limited") | .id' | wc -l) $(($(count b .updates) - 0))"
ok "rate limit: it was reached" [ "$(count b '.by_status."429" // 0')" -gt 0 ]
ok "rate limit: and respected: $(count b '.by_status."429"') refused" [ "$(count b '.by_status."429"')" -le 60 ]
quirk b rate null
sim a /_sim/webhook -f -o /dev/null -d '{"url":null}'
edit_all a 1 5 '{"notes":"while limited"}'
before=$(sql "SELECT last_successful FROM sync_watermarks WHERE sync_job_id = 'contacts'")
quirk a rate '"1/6000"'
try sync-reconcile run contacts
is "rate limit: a listing that is limited is to be tried later" 75 $rc
is "rate limit: its watermark stays" "$before|rate_limited" \
    "$(sql "SELECT last_successful, status FROM sync_watermarks WHERE sync_job_id = 'contacts'")"
edit b p9@example.com '{"email":"p9@example.com","notes":"others flow"}'
quirk a rate null
quiet # what waited until then
run contacts
is "rate limit: the next run goes on from there" 0 $rc
quiet
is "rate limit: nothing is lost" 5 "$(dump b '.[] | select(.notes == "while limited") | .id' | wc -l)"
is "rate limit: both ways" '"others flow"' "$(record a p9@example.com .notes)"
balanced "rate limit"
done_testing
