#!/bin/sh
# Deletes, what comes back, and merges: nothing is deleted because something was not found, no edit
# dies with the record it was made against, and what takes a record's place takes its link.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout

# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"

# The pair of live.sh, with lines for its resource.
with() # FOLDER LINE...
{
    folder=$1
    shift
    pair "$folder"
    for line; do
        sed -i "s|^    match: \[email\]|&\n    $line|" loopless.yaml
    done
    old=$(record b ann@example.com .id)
}

# Ann's record at b is deleted there, and a webhook says so.
vanish() # [MEMBERS as JSON]
{
    human b DELETE "/contacts/$old"
    hook b "$(jq -nc --argjson more "${1-{\}}" '{event_type: "deleted"} + $more')" "$old"
}

# As ends, without the reasons.
how() # N
{
    ends "$1" | sed 's/:.*//'
}

link()
{
    sql "SELECT coalesce(ended_why, 'living') FROM sync_links"
}

propagate='deletes: {policy: propagate, settle: 0s}'

# ---- a delete goes on ----
with goes-on "$propagate"
gone=$(record a ann@example.com .id)
vanish
flow
is "a delete is written to the other end" "deleted 0 1" "$(ends 1) $(dump a length) $(count a .deletes)"
is "and the link is closed" "deleted everywhere" "$(link)"
hook a '{"event_type":"deleted"}' "$gone"
hook b '{"event_type":"deleted"}' "$old"
flow
is "its echo and a second event are no news" "unchanged unchanged 1" \
    "$(sql 'SELECT disposition FROM sync_inbox ORDER BY seq DESC LIMIT 2' | xargs) $(count a .deletes)"
human b POST "/contacts/$old/restore"
hook b '{}' "$old"
flow
is "an undelete opens the link again" "living" "$(link)"
is "and makes nothing anew without recreate" "0 0" "$(dump a length) $(count a .creates)"
ok "the books balance" sync-ctl audit

with anew "$propagate" 'recreate: true'
vanish
flow
human b POST "/contacts/$old/restore"
hook b '{}' "$old"
flow
is "with recreate an undelete makes the other end anew" "living 1" "$(link) $(dump a length)"
edit b ann@example.com '{"phone":"9"}'
hook b
flow
is "and they are one again" '"9"' "$(record a ann@example.com .phone)"

# ---- settle ----
with settle 'deletes: {policy: propagate, settle: 1h}'
vanish "{\"received_at\":\"$(date -u +%Y-%m-%dT%H:%M:%S.000Z)\"}"
flow
is "a delete is waited with" "pending:a delete is waited with 0" "$(ends 1) $(count a .deletes)"
LOOPLESS_NOW=$(date -u -d '+2 hours' +%Y-%m-%dT%H:%M:%SZ)
export LOOPLESS_NOW
flow
unset LOOPLESS_NOW
is "and then believed" "deleted 1" "$(ends 1) $(count a .deletes)"

# ---- a system that is slow to show it ----
with slow "$propagate"
sed '/^    get:/s/gone: {status: \[404\]}/&, lag: 1h/' "$LOOPLESS_PROVIDERS/rest.yaml" >slow.yaml
sed -i '/^  b:/,/^sync/s|provider: rest|provider: ./slow.yaml|' loopless.yaml
quirk b lag-ms 3600000
vanish "{\"received_at\":\"$(date -u +%Y-%m-%dT%H:%M:%S.000Z)\"}"
flow
is "a record that may still be shown is not taken for one that is there" "pending:a delete is waited with" "$(ends 1)"
quirk b lag-ms null
LOOPLESS_NOW=$(date -u -d '+2 hours' +%Y-%m-%dT%H:%M:%SZ)
export LOOPLESS_NOW
flow
unset LOOPLESS_NOW
is "when it is not shown any more its delete goes on" "deleted 1" "$(ends 1) $(count a .deletes)"

with still-shown "$propagate" 'recreate: true'
sed '/^    get:/s/gone: {status: \[404\]}/&, lag: 1h/' "$LOOPLESS_PROVIDERS/rest.yaml" >slow.yaml
sed -i '/^  a:/,/^  b:/s|provider: rest|provider: ./slow.yaml|' loopless.yaml
other=$(record a ann@example.com .id)
before=$(count b .creates)
quirk a lag-ms 3600000
vanish
flow
is "what we deleted" "deleted 1" "$(ends 1) $(count a .deletes)"
hook a '{}' "$other"
flow
is "and is still shown did not come back" "pending:the end may still show an older state $before" \
    "$(ends 1) $(count b .creates)"
quirk a lag-ms null

# ---- deleted between the look and the write ----
with between "$propagate"
edit a ann@example.com '{"phone":"2"}'
hook a
between() # What is decided is held until the record is deleted.
{
    IFS= read -r line
    human b DELETE "/contacts/$old"
    printf '%s\n' "$line"
    cat
}
timeout -k 3 60 sync-ingest emit 2>emit.err | sync-diff 2>err | between | sync-push >results 2>push.err
is "an update of what is gone by now is no refusal" "lost" "$(jq -r 'select(.target) | .status' results)"
is "it is decided anew" "gone " "$(ends 1) $(sql "SELECT code FROM sync_rejects")"
hook b '{"event_type":"deleted"}' "$old"
flow
like "and the edit survives the delete that is told later" "edited after it was deleted at b" "$(link)"

# ---- folded with an event of what is gone ----
stop_all
enter folded
start_sim c --seed 3
deployment
edit_config 's/between: .*/between: [a, b, c]/; s/create: .*/create: {a: true, b: true, c: true}/'
sed -n '/^  b:/,/^sync/p' loopless.yaml | sed "\$d; s|http:.*|$(url c)|; s/ b:/ c:/; s/b-1/c-1/; s/b\\.token/c.token/" >c.yaml
edit_config '/^    auth: .*b\.token/r c.yaml'
add a '{"email":"ann@example.com","first_name":"Ann","phone":"1"}'
run
old=$(record b ann@example.com .id)
edit a ann@example.com '{"phone":"2"}'
hook b '{}'
hook a
human b DELETE "/contacts/$old"
flow
is "an edit that was folded with it goes on to those that are there" '"2"' "$(record c ann@example.com .phone)"

# ---- what is not deleted ----
with alive "$propagate"
hook b '{"event_type":"deleted"}' "$old"
flow
is "a delete event of a record that is there deletes nothing" "unchanged 0" "$(ends 1) $(count a .deletes)"

with absent "$propagate"
human b DELETE "/contacts/$old"
edit a ann@example.com '{"phone":"2"}'
hook a
flow
is "a record that is not there, without a delete event, deletes nothing" "gone 0" "$(ends 1) $(count a .deletes)"
is "and the link lives" living "$(link)"

with edited "$propagate"
edit a ann@example.com '{"phone":"2"}'
vanish
flow
is "an edit survives the delete" '"2" 0' "$(record a ann@example.com .phone) $(count a .deletes)"
like "the link ends and says why" "edited after it was deleted at b" "$(link)"
before=$(writes a b)
edit a ann@example.com '{"phone":"3"}'
hook a
flow
is "what is edited later stays alone" "ignored $before" "$(ends 1) $(writes a b)"
ok "the books balance with it" sync-ctl audit

with recreated "$propagate" 'recreate: true'
edit a ann@example.com '{"phone":"2"}'
vanish
flow
is "with recreate the edit makes the record anew" '"2" living' "$(record b ann@example.com .phone) $(link)"
is "once" 1 "$(dump b length)"

with ignored
vanish
flow
is "policy ignore: a tombstone, nothing else" "deleted living 1" "$(ends 1) $(link) $(dump a length)"
human b POST "/contacts/$old/restore"
edit b ann@example.com '{"phone":"7"}'
hook b
flow
is "an undelete goes on where it was" '"7" pushed' "$(record a ann@example.com .phone) $(ends 1)"

# ---- deleted and made anew ----
with external "$propagate"
external=$(record b ann@example.com .external_id)
vanish
add b "{\"email\":\"ann@example.com\",\"first_name\":\"Ann\",\"phone\":\"5\",\"external_id\":$external}"
flow
is "a record with the same external id takes the place of the deleted one" "living 0" "$(link) $(count a .deletes)"
is "and what it shows is an edit" '"5"' "$(record a ann@example.com .phone)"
flow
is "nothing bounces" 1 "$(count a .updates)"

with matching "$propagate"
vanish
add b '{"email":"ann@example.com","first_name":"Ann","phone":"5","notes":"n"}'
new=$(record b ann@example.com .id)
hook b '{"event_type":"created"}' "$new"
flow
flow
is "one that matches does, whichever event comes first" "living 0 $new" \
    "$(link) $(count a .deletes) $(sql "SELECT record_id FROM sync_metadata WHERE external_system = 'b'")"
is "it is linked once" 1 "$(sql 'SELECT count(*) FROM sync_links')"

with returned
old=$(record a ann@example.com .id) # the link's external id was made of it
human a DELETE "/contacts/$old"
hook a '{"event_type":"deleted"}' "$old"
add a '{"email":"ann@example.com","first_name":"Ann","phone":"5","notes":"n"}'
flow
human a POST "/contacts/$old/restore"
human a PATCH "/contacts/$old" '{"email":"zoe@example.com"}'
hook a '{}' "$old"
flow
is "what comes back when its place is taken is a record of its own" "pushed ann@example.com zoe@example.com" \
    "$(ends 1) $(dump b 'map(.email) | sort | join(" ")' | tr -d '"')"
is "under another external id" 2 "$(sql 'SELECT count(*) FROM sync_links WHERE ended_at IS NULL')"

# ---- both deleted ----
with both "$propagate"
human a DELETE "/contacts/$(record a ann@example.com .id)"
vanish
flow
is "deleted at both ends: the link is closed, nothing is written" "deleted everywhere 0" "$(link) $(count a .deletes)"

# ---- limits ----
with many 'deletes: {policy: propagate, settle: 0s, max: 1}'
add a '{"email":"bob@example.com","first_name":"Bob"}'
run
other=$(record b bob@example.com .id)
vanish
human b DELETE "/contacts/$other"
hook b '{"event_type":"deleted"}' "$other"
sync-ingest emit 2>emit.err | sync-echofilter | sync-diff 2>err | sync-push >results 2>push.err
is "deletes have a limit: exit 3" 3 $?
is "no more than that are made" 1 "$(count a .deletes)"
like "it says which" 'deletes\.max' "$(cat push.err)"
is "the account is paused" "account" "$(sql 'SELECT scope FROM sync_pauses')"
sync-ctl resume a >/dev/null
sync-ingest emit 2>emit.err | sync-echofilter | sync-diff 2>err | sync-push --yes >results 2>push.err
is "--yes lifts it once" 2 "$(count a .deletes)"
ok "the books balance after all" sync-ctl audit

with hourly 'deletes: {policy: propagate, settle: 0s, max: 1}'
for name in bob cat; do add a "{\"email\":\"$name@example.com\",\"first_name\":\"$name\"}"; done
run
for name in ann bob cat; do
    gone=$(record b "$name@example.com" .id)
    human b DELETE "/contacts/$gone"
    hook b '{"event_type":"deleted"}' "$gone"
done
run
is "a run stops at the limit of deletes" "3 1" "$? $(count a .deletes)"
run
is "and the next one, of the same hour, deletes no more" "3 1" "$? $(count a .deletes)"
like "it says why" 'this hour a would pass deletes\.max' "$(cat err)"
run --yes
is "until a person says go on" 3 "$(count a .deletes)"

# ---- the canary ----
with canary "$propagate"
add b '{"email":"canary@example.com","first_name":"Canary"}'
canary=$(record b canary@example.com .id)
sed -i "s|^    account: b-1|&\n    canary: {crm/contacts: $canary}|" loopless.yaml
run
sed '/^    get:/s/gone: {status: \[404\]}/gone: {status: [403, 404]}/' "$LOOPLESS_PROVIDERS/rest.yaml" >hiding.yaml
sed -i '/^  b:/,/^sync/s|provider: rest|provider: ./hiding.yaml|' loopless.yaml
quirk b scope-lost
hook b '{"event_type":"deleted"}' "$old"
flow
is "all is gone, the canary too: nothing is deleted" 0 "$(count a .deletes)"
like "the event waits" "pending" "$(ends 1)"
like "the account is paused" "account b .*canary" "$(sql "SELECT scope || ' ' || system || ' ' || reason FROM sync_pauses")"
run
is "a job stops at once" 3 $?
quirk b scope-lost null
sync-ctl resume b >/dev/null
run
is "and goes on when it is seen again" "0 0" "$? $(count a .deletes)"

# ---- a delete whose answer is lost ----
with unanswered "$propagate"
quirk a apply-then-drop 1
vanish
timeout -k 3 60 sh -c 'sync-ingest emit | sync-echofilter | sync-diff | sync-push' >results 2>push.err
flow
is "a delete without an answer is decided anew" "deleted deleted everywhere" "$(ends 1) $(link)"
is "the record is gone once" 0 "$(dump a length)"

# ---- merges ----
with merged
add b '{"email":"anna@example.com","first_name":"Ann","phone":"8","notes":"n"}'
winner=$(record b anna@example.com .id)
human b POST "/contacts/$old/merge" "{\"into\":\"$winner\"}"
hook b "{\"event_type\":\"merged\",\"merged_into\":\"$winner\"}" "$old"
flow
is "what a record was merged into takes its place" "$winner living" \
    "$(sql "SELECT record_id FROM sync_metadata WHERE external_system = 'b'") $(link)"
is "and what it shows is an edit" '"8"' "$(record a ann@example.com .phone)"
flow
is "nothing is made twice" "1 1" "$(dump a length) $(dump b length)"

with merged-not
add b '{"email":"anna@example.com","first_name":"Ann","phone":"8","notes":"n"}'
winner=$(record b anna@example.com .id)
before=$(writes a b)
hook b "{\"event_type\":\"merged\",\"merged_into\":\"$winner\"}" "$old"
flow
is "a merge of a record that is still there is none" "unchanged $old $before" \
    "$(how 1) $(sql "SELECT record_id FROM sync_metadata WHERE external_system = 'b'") $(writes a b)"

with merged-late 'deletes: {policy: propagate, settle: 1h}'
add b '{"email":"anna@example.com","first_name":"Ann","phone":"8","notes":"n"}'
winner=$(record b anna@example.com .id)
human b POST "/contacts/$old/merge" "{\"into\":\"$winner\"}"
hook b "{\"event_type\":\"deleted\",\"received_at\":\"$(date -u +%Y-%m-%dT%H:%M:%S.000Z)\"}" "$old"
flow
hook b "{\"event_type\":\"merged\",\"merged_into\":\"$winner\"}" "$old"
flow
is "the delete that came first waits, the merge does not" "$winner" \
    "$(sql "SELECT record_id FROM sync_metadata WHERE external_system = 'b'")"
LOOPLESS_NOW=$(date -u -d '+2 hours' +%Y-%m-%dT%H:%M:%SZ)
export LOOPLESS_NOW
flow
unset LOOPLESS_NOW
is "and deletes nothing when its time has come" "0 living" "$(count a .deletes) $(link)"

with merged-both
add a '{"email":"bob@example.com","first_name":"Bob"}'
run
winner=$(record b bob@example.com .id)
human b POST "/contacts/$old/merge" "{\"into\":\"$winner\"}"
hook b "{\"event_type\":\"merged\",\"merged_into\":\"$winner\"}" "$old"
flow
is "two linked records merged: for a person" "conflict record_id 0 0" \
    "$(how 1) $(sql "SELECT field FROM sync_conflicts WHERE state = 'open'") $(count a .updates) $(count b .updates)"
ok "with merges the books balance" sync-ctl audit

done_testing
