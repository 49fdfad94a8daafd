#!/bin/sh
# sync-push: hand-made decisions against a sync-sim, with answers that do not come and with kill -9.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

fresh() # NAME [SED-SCRIPT] : a state and a config, so changed, in a folder of its own
{
    enter "$1"
    cp ../crm.token ../app.token .
    write_config crm app
    edit_config "s/first_contact: .*/first_contact: report/; s/create: .*/create: {crm: false, app: true}/
        s/first_name: .*/first_name: {owner: any}/; ${2-}"
    echo 'breaker: {alternations: 2, window: 10m}' >>loopless.yaml
    new_state
}

defined_by() # NAME : a SED-SCRIPT
{
    echo "/^  app:/,/^sync/s|provider: rest|provider: $tmp/own/$1.yaml|"
}

create() { # ID EMAIL : crm:ID is to be created in app
    creation crm app "$@"
}

update() { # ID PHONE [BEFORE [GENERATION]] : crm:ID has another phone now
    sqlite3 -json state.db "SELECT l.link_id AS link, generation, record_id AS target_record_id FROM
        sync_links l JOIN sync_metadata m USING (link_id) WHERE l.external_id = 'x-$1' AND
        external_system = 'app'" | jq -c --arg id "$1" --arg phone "$2" --arg before "$3" --arg g "$4" '.[0] |
        {v:1,system:"crm",account:"crm-1",resource:"crm/contacts",record_id:$id,event_type:"updated",
        fields:null,link,generation:(if $g == "" then .generation else ($g | tonumber) end),
        ends:[{system:"crm",account:"crm-1",record_id:$id,covered:{phone:$phone},state:"live"}],
        rules:{phone:{rule:"changed-same",source:"crm"}},
        writes:[{target:"app",account:"app-1",action:"update",target_record_id,set:{phone:$phone},
            sources:{phone:"crm"},before:{phone:$before}}],map_hash:"m"}'
}

push() # [OPTION...]
{
    try sync-push "$@"
}

out() # JQ-FILTER of the results, joined
{
    jq -r "$1" out | paste -sd ' '
}

# What the API was asked to write; a request whose answer was dropped is in the log, too.
asked() {
    sim app /_sim/log | jq -r '[.[] | select(.method == "POST" or .method == "PATCH")] | length'
}

abandon() { # The last writer is long dead: its lease is over, and its requests' deadlines, too.
    sql "DELETE FROM sync_leases; UPDATE sync_intents SET sent_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 minutes') WHERE state = 'sent'"
}

start_sim crm # never called
start_sim app
fresh main

# --- writing
create 1 ann@x | push
is "create_is_done" "0 done 201 1 pushed" "$? $(out '"\(.status) \(.http_status) \(.attempts) \(.disposition)"')"
is "create_is_there" '[["ann@x","Ann","x-1"]]' "$(dump app '[.[] | [.email,.first_name,.external_id]]')"
is "result_names_the_record" "$(dump app '.[0].id')" "$(out .target_record_id)"
is "result_keeps_the_line" '1 outbound ["email","first_name"]' \
    "$(jq -r '"\(.record_id) \(.sync_direction) \(.rules | keys | tostring)"' out)"
is "hand_made_line_is_admitted" "pushed|manual" "$(sql 'SELECT disposition, path FROM sync_inbox WHERE seq = 1')"
is "shadow_is_what_was_stored" "ann@x" \
    "$(sql "SELECT json_extract(fields, '\$.email') FROM sync_metadata WHERE external_system = 'app'")"
is "nothing_is_left_open" "0|0|0|0" "$(sql "SELECT (SELECT count(*) FROM sync_intents WHERE state <> 'done'),
    (SELECT count(*) FROM sync_owed), (SELECT count(*) FROM sync_claims), (SELECT count(*) FROM sync_leases)")"

create 1 ann@x | push
is "same_create_again_is_dropped" "0  1" "$? $(out .status) $(asked)"
update 1 555 | push
is "update_is_done" "0 done update 200" "$? $(out '"\(.status) \(.action) \(.http_status)"')"
is "update_is_there" '["555","ann@x"]' "$(dump app '.[0] | [.phone,.email]')"
update 1 556 555 0 | push -v
is "stale_decision_is_dropped" "0  2" "$? $(out .status) $(asked)"
ok "stale_decision_is_told_with_v" grep -q 'crm/contacts crm:1 (line 1): its link moved on; decided anew$' err
printf '%s\n' "$(create 9 nine@x | jq -c '.writes = [] | .ends = [] | .disposition = "ignored"')" | push
is "decision_without_writes_ends" "0 ignored null" "$? $(out '"\(.disposition) \(.status)"')"
{ create 2 bob@x; echo '{"v":1,"eos":{"run":null,"count":1,"complete":true}}'; } | push
is "eos_comes_after_the_results" "done null" "$(out .status)"
is "eos_is_passed_on" 1 "$(tail -n 1 out | jq .eos.count)"

# --- looking only
before=$(asked)
update 1 777 >line
push -n <line
is "dry_run_sends_nothing" "0 $before" "$? $(asked)"
like "dry_run_prints_the_request" "(^| )PATCH $(url app)/contacts/.*777" "$(paste -sd ' ' out)"
is "dry_run_hides_the_credentials" 0 "$(grep -c app-secret out)"
is "dry_run_leaves_the_state" "$(sql "SELECT generation FROM sync_links WHERE external_id = 'x-1'")" \
    "$(jq .generation line)"

# --- a plan
planned() # DECISIONS, as sync-diff --plan would leave them, but of no config, and of what nobody saw
{
    jq -c 'del(.map_hash, .writes[].before)' && echo '{"v":1,"plan":{"decisions":0}}'
}
{ update 1 888; update 2 999; } | planned >plan
update 2 111 | push
push --plan plan </dev/null
is "plan_is_applied_but_what_moved_on" "2 1" "$? $(out .record_id)"
is "plan_says_what_moved_on" \
    "sync-push: error: plan: crm/contacts crm:2 has moved on since the plan was made" "$(head -n 1 err)"
has "plan_says_how_many_moved_on" "error: plan: 1 have moved on since it was made and were left alone"
is "plan_wrote_only_that" '["888","111"]' "$(dump app '[.[].phone]')"
before="$(asked) $(sql "SELECT count(*) FROM sync_inbox")"
push --plan plan
is "plan_applied_again_does_nothing" "2 2 $before" \
    "$? $(grep -c 'has moved on since the plan was made' err) $(asked) $(sql "SELECT count(*) FROM sync_inbox")"
{ update 1 889; update 2 112; } | jq -c '.map_hash = "older"' >lines
{ cat lines; tail -n 1 plan; } | push --plan -
is "plan_of_another_config_is_refused" "2 2 $before" \
    "$? $(grep -c 'was decided under another config' err) $(asked) $(sql "SELECT count(*) FROM sync_inbox")"
push --plan lines
is "torn_plan_is_65" "65 $before" "$? $(asked) $(sql "SELECT count(*) FROM sync_inbox")"
has "torn_plan_says_what_is_missing" "lines: not a whole plan: the totals, its last line, are missing"
has "torn_plan_has_a_hint" "hint: make it anew with sync-diff --plan"
push --plan none
is "missing_plan_is_74" 74 "$?"

# --- a canary
{ update 1 81; update 2 82; create 10 cat@x; } | planned >plan
push -n --canary 1 --plan plan
is "canary_is_shown_alone" "3 1" "$? $(grep -c '^# ' out)"
push --canary 1 --plan plan
is "canary_stops_with_3" "3 1 done" "$? $(out '"\(.record_id) \(.status)"')"
has "canary_says_what_is_left" "canary: 1 applied, 2 more would write"
push --plan plan
is "second_run_does_the_rest" "2 2 10" "$? $(jq -r .record_id out | sort -n | paste -sd ' ')"
is "all_of_it_is_there" '["81","82",null]' "$(dump app '[.[].phone]')"

# --- refusals
quirk app reject '"phone:bad"'
update 1 bad | push
is "refused_value_is_told" "2 refused 422 rejected record never" \
    "$? $(out '"\(.status) \(.http_status) \(.disposition) \(.error.scope) \(.error.retry)"')"
is "refused_value_stays_owed" "phone|app|1" "$(sql 'SELECT field, target, refused IS NOT NULL FROM sync_owed')"
is "refused_value_is_a_reject" "push|app|open" "$(sql "SELECT stage, target, state FROM sync_rejects WHERE stage = 'push'")"
update 1 good bad | push
is "next_value_clears_it" "0 done 0" "$? $(out .status) $(sql 'SELECT count(*) FROM sync_owed')"

# --- bad lines
{
    echo '{"v":1,"system":"crm","resource":"crm/contacts","record_id":"5","fields":null}'
    echo 'not json'
    create 3 cid@x | jq -c '.writes[0].target = "erp"'
    create 3 cid@x | jq -c '.writes[0].account = "other"'
    create 3 cid@x | jq -c '.resource = "crm/deals"'
    create 3 cid@x | jq -c '.writes[0].set = {nickname: "cid"}'
    create 3 cid@x | jq -c '.writes = [] | .disposition = "nonsense"'
    create 3 cid@x | jq -c '.external_id = ""'
    create 3 cid@x
} >bad
before=$(count app '.creates + .updates + .refused')
push --rejects rejects <bad
is "bad_lines_do_not_stop_the_good" "2 3 done" "$? $(out '"\(.record_id) \(.status)"')"
is "bad_lines_are_kept" "$(head -n 8 bad)" "$(cat rejects)"
like "bad_lines_are_named" "line 1: not a decision: .*line 2: .*crm:3 \(line 3\): writes: erp is not among\
.*crm:3 \(line 4\): writes: account other of app, but the config says app-1\
.*crm:3 \(line 5\): crm/deals is not in the config\
.*crm:3 \(line 6\): writes: set: nickname is no field of crm/contacts that is synced with app\
.*crm:3 \(line 7\): disposition: nonsense: no event ends so\
.*crm:3 \(line 8\): external_id: empty" "$(paste -sd ' ' err)"
is "bad_lines_have_no_effect" "1 1 0" "$(($(count app '.creates + .updates + .refused') - before)) \
$(sql "SELECT count(*) FROM sync_links WHERE external_id = 'x-3'") $(sql "SELECT count(*) FROM sync_inbox WHERE disposition = 'nonsense'")"
create 4 dot@x | sed 's/$/ /' | tr -d '\n' | push
is "unterminated_line_is_dropped" "0  4" "$? $(out .status) $(dump app length | sed s/3/4/)"

# --- no answer
quirk app apply-then-drop 1
create 5 eve@x | push
is "create_without_answer_is_found" "0 done 1 pushed" "$? $(out '"\(.status) \(.attempts) \(.disposition)"')"
is "create_without_answer_is_made_once" 1 "$(dump app '[.[] | select(.email == "eve@x")] | length')"
quirk app drop-next 1
create 6 fay@x | push
is "create_that_never_arrived_is_sent_again" "0 done 2 pushed" "$? $(out '"\(.status) \(.attempts) \(.disposition)"')"
is "sent_again_is_made_once" 1 "$(dump app '[.[] | select(.email == "fay@x")] | length')"
quirk app apply-then-fail 1
update 5 50 | push
is "update_without_answer_is_decided_anew" "0 lost 500 null now" \
    "$? $(out '"\(.status) \(.http_status) \(.disposition) \(.error.retry)"')"
is "its_event_is_free" "1|lost" "$(sql "SELECT disposition IS NULL AND lease IS NULL, reason FROM sync_inbox WHERE record_id = '5' ORDER BY seq DESC LIMIT 1")"
is "its_fields_are_owed" "phone|50" "$(sql "SELECT field, json_extract(value, '\$') FROM sync_owed")"
quirk app html-once 1
create 7 gus@x | push
is "html_instead_of_an_answer_is_looked_up" "0 done" "$? $(out .status)"
quirk app unique '"email"'
before=$(dump app length)
create 8 gus@x | jq -c '.claims = []' | push
is "conflicting_create_is_refused" "2 refused rejected $before" "$? $(out '"\(.status) \(.disposition)"') $(dump app length)"
quirk app unique null

# --- a definition without external id, idempotency and strong find
mkdir "$tmp/own"
sed -e '/external_id: external_id/d' -e 's/, idempotency: {[^}]*}//' \
    -e 's/by: \[external_id, \([a-z]*\)[^]]*\], strong: true/by: [\1], strong: false, lag: 500ms/' \
    "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/own/weak.yaml"
sed '/^ *find:/d' "$tmp/own/weak.yaml" >"$tmp/own/blind.yaml"
sed 's/, lag: 500ms/, lag: 1ms/' "$tmp/own/weak.yaml" >"$tmp/own/quick.yaml"
fresh weak "$(defined_by weak)"
quirk app find-lag-ms 300
quirk app apply-then-drop 1
create 20 hal@x | push
is "lagging_search_is_asked_again" "0 done 1 1" "$? $(out '"\(.status) \(.attempts)"') $(dump app '[.[] | select(.email == "hal@x")] | length')"
quirk app find-lag-ms null
fresh quick "$(defined_by quick)"
quirk app drop-next 1
create 21 ida@x | push
is "not_there_and_no_key_is_owed" "0 retry owed later 0" \
    "$? $(out '"\(.status) \(.disposition) \(.error.retry)"') $(dump app '[.[] | select(.email == "ida@x")] | length')"
is "owed_with_a_date" 2 "$(sql "SELECT count(*) FROM sync_owed WHERE not_before > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")"
fresh blind "$(defined_by blind)"
quirk app apply-then-drop 1
create 22 joe@x | push
is "cannot_be_looked_up_is_unknown" "2 unknown rejected outcome-unknown" \
    "$? $(out '"\(.status) \(.disposition) \(.error.code)"')"
is "unknown_stays_open" "unknown" "$(sql 'SELECT state FROM sync_intents')"

sed 's/version: {.*/version: {path: rev, kind: etag}/' "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/own/etag.yaml"
fresh etag "$(defined_by etag)"
create 23 kai@x | push
update 23 60 | jq -c '.writes[0].etag = "\"99\""' | push
is "update_of_a_changed_record_is_decided_anew" "0 lost 412 null" "$? $(out '"\(.status) \(.http_status) \(.disposition)"')"

# --- kill -9
fresh crash
create 30 kim@x >line
LOOPLESS_CRASH_TRACE=$tmp/trace sync-push <line >/dev/null 2>&1
for point in push.decided push.sent push.answer push.answered push.settled; do
    id=3${point#push.}
    at=$(crash_number $point)
    [ -n "$at" ] || { fail "crash_point_$point" "there is none"; continue; }
    create "$id" "$id@x" | LOOPLESS_CRASH_AT=$at sync-push >out 2>err
    is "killed_at_$point" 100 $?
    abandon
    push </dev/null
    open=$(sql "SELECT count(*) FROM sync_intents WHERE state IN ('prepared', 'sent')")
    there=$(dump app "[.[] | select(.email == \"$id@x\")] | length")
    case $point in
    push.decided) want="0 0 0 1" ;; # never sent: the event is free again
    *) want="0 0 1 0" ;;
    esac
    is "recovered_from_$point" "$want" "$rc $open $there $(sql "SELECT count(*) FROM sync_inbox WHERE record_id = '$id' AND disposition IS NULL")"
done
update 30 1 | LOOPLESS_CRASH_AT=$(crash_number push.sent) sync-push >out 2>err
is "update_killed" "100 sent" "$? $(sql "SELECT state FROM sync_intents WHERE action = 'update'")"
push </dev/null
is "living_writers_are_left_alone" "0 sent" "$? $(sql "SELECT state FROM sync_intents WHERE action = 'update'")"
abandon
push </dev/null
is "lost_update_is_told" "0 lost 30" "$? $(out '"\(.status) \(.record_id)"')"
is "lost_update_is_decided_anew" "lost|1" "$(sql "SELECT n.state, i.disposition IS NULL AND i.lease IS NULL
    FROM sync_intents n JOIN sync_inbox i USING (seq) WHERE action = 'update'")"

# --- hold, and lines under a lease
pending=$(sql "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL")
all_emitted() { [ "$(wc -l <emitted)" -ge "$pending" ]; }
: >emitted
sync-ingest emit >emitted 2>err &
emitter=$! # it would wait for what it emitted
await $emitter all_emitted
jq -c 'select(.seq) | . + {link:null,hold:{not_before:"2099-01-01T00:00:00.000Z",reason:"busy"}}' emitted >held
held=$(jq -r .seq held | sort -n | paste -sd ' ')
jq -c '.hold = null | .writes = [] | .disposition = "nonsense"' held | push --rejects spoilt
is "spoilt_decisions_are_kept_and_end_no_event" "2 $(wc -l <held) $pending" \
    "$? $(wc -l <spoilt) $(sql "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL")"
push <held
kill $emitter 2>/dev/null
wait $emitter
is "held_events_go_back" "0  $held" "$rc $(out .status) $(sql "SELECT seq FROM sync_inbox WHERE not_before LIKE '2099%' AND lease IS NULL ORDER BY seq" | paste -sd ' ')"
ok "there_were_held_events" test -n "$held"
sql "UPDATE sync_inbox SET not_before = '2020-01-01T00:00:00.000Z' WHERE disposition IS NULL"
seq=${held##* }
jq -c --argjson seq "$seq" 'select(.seq == $seq) | del(.hold) | . + {generation:0,ends:[],rules:{},writes:[],disposition:"ignored"}' held | push -v
is "second_copy_of_a_line_is_dropped" "0  1" "$? $(out .disposition) $(sql "SELECT disposition IS NULL FROM sync_inbox WHERE seq = $seq")"

# --- deletes
delete() { # ID : crm:ID is gone, app is to follow
    update "$1" x | jq -c '.event_type = "deleted" | .rules = {} | .ends[0] |= (.state = "deleted" | del(.covered)) |
        .writes[0] |= (.action = "delete" | .set = {} | del(.sources)) | .link_ended = "deleted everywhere"'
}
fresh deletes 's/match:/deletes: {policy: propagate, settle: 0s}\n    &/'
{ create 70 ann@d; create 71 bea@d; create 72 cat@d; create 73 dee@d; } | push
delete 70 >line
push -n <line
like "delete_is_previewed" "^# crm/contacts crm:70 .line 1.: delete app DELETE $(url app)/contacts/[0-9]+ " "$(paste -sd ' ' out)"
push <line
is "delete_is_done" "0 done delete deleted 0" \
    "$? $(out '"\(.status) \(.action) \(.disposition)"') $(dump app '[.[] | select(.email == "ann@d")] | length')"
push <line
is "delete_is_done_once" "0  1" "$? $(out .status) $(count app .deletes)"
human app DELETE "/contacts/$(record app bea@d .id | tr -d '"')"
delete 71 | push
is "what_is_not_there_is_deleted" "0 done deleted" "$? $(out '"\(.status) \(.disposition)"')"
{ delete 72; delete 73; } | push --max-deletes 2
is "deletes_have_a_limit" "3  2" "$? $(out .status) $(dump app '[.[] | select(.email == "cat@d" or .email == "dee@d")] | length')"
sync-ctl resume app >ctl 2>&1
delete 72 >line
jq -c '{v, system, account, resource, record_id, event_type: "updated", fields, link: null,
    hold: {reason: "canary app:1 is not there", not_before: "2099-01-01T00:00:00.000Z", pause: "app"}}' line >hold
cat hold hold | push
is "missing_canary_pauses_once" "3 account|app|sync-diff|canary app:1 is not there" \
    "$? $(sql 'SELECT scope, system, by, reason FROM sync_pauses')"
like "missing_canary_is_an_incident" "incident: crm/contacts crm:72 .*: canary app:1 is not there; .*resume with: sync-ctl resume app" "$(paste -sd ' ' err)"
push --yes <line
is "delete_is_never_owed" "2 0 1" \
    "$? $(sql 'SELECT count(*) FROM sync_owed') $(dump app '[.[] | select(.email == "cat@d")] | length')"
has "held_delete_says_why" "not applied: delete app: paused: canary app:1 is not there"
sync-ctl resume app >ctl 2>&1
LOOPLESS_CRASH_AT=$(crash_number push.sent) sync-push --yes <line >out 2>err
is "delete_killed" "100 sent" "$? $(sql "SELECT state FROM sync_intents WHERE action = 'delete' ORDER BY token DESC LIMIT 1")"
abandon
push </dev/null
is "lost_delete_is_decided_anew" "0 lost 1" "$? $(out .status) $(sql "SELECT disposition IS NULL AND lease IS NULL
    FROM sync_inbox WHERE record_id = '72' ORDER BY seq DESC LIMIT 1")"

# --- what is stored otherwise
quirk app truncate '"notes:3"'
update 73 5 | jq -c '.writes[0].set = {notes: "abcdef"} | .writes[0].sources = {notes: "crm"} | del(.writes[0].before)' | push
is "oddity_is_kept" 'done notes|"abcdef"|"abc"' "$(out .status) $(sql 'SELECT field, sent, stored FROM sync_oddities')"
quirk app truncate null

# --- limits, pauses, the breaker
fresh limits
before=$(dump app length)
{ create 40 leo@x; create 41 mia@x; create 42 ned@x; } | push --max-creates 1
is "limit_stops_with_3" "3 40 1" "$? $(out .record_id) $(($(dump app length) - before))"
is "limit_is_told_once" 1 "$(grep -c 'error: .*max_creates' err)"
has "limit_has_a_hint" "hint: "
{ create 41 mia@x; create 42 ned@x; } | push --max-creates 1 --yes
is "yes_lets_the_rest_pass" "0 done done" "$? $(out .status)"
fresh lifted
{ create 43 oda@x; create 44 pia@x; } | push --max-creates 1 --yes
is "yes_lifts_the_limits" "0 done done" "$? $(out .status)"
sync-ctl pause app --reason audit >ctl 2>&1
before=$(asked)
update 43 1 | push
is "pause_withholds" "0 withheld owed paused $before" "$? $(out '"\(.status) \(.disposition) \(.error.code)"') $(asked)"
is "withheld_is_owed" "phone|app" "$(sql 'SELECT field, target FROM sync_owed')"
sync-ctl resume app >ctl 2>&1
for phone in 2 3 2 3 2 3 2 3 4; do
    update 43 $phone | push
    [ "$(out .status)" = "done" ] || break
done
is "who_goes_back_and_forth_at_one_system_is_no_loop" "done 4 0" \
    "$(out .status) $phone $(sql 'SELECT count(*) FROM sync_pauses')"
for again in 1 2 3 4 5; do
    update 43 2 | push # as if app had undone it
    ended=$?
    [ "$(out .status)" = "done" ] || break
done
is "breaker_stops_what_undoes_our_writes" "3 0 withheld breaker" "$again $ended $(out '"\(.status) \(.error.code)"')"
like "breaker_says_how_to_resume" \
    'incident: crm/contacts app:[0-9]*: phone alternates.*sync-ctl resume crm/contacts app:' "$(paste -sd ' ' err)"
is "breaker_pauses_the_record" "record|app" "$(sql 'SELECT scope, system FROM sync_pauses')"
sync-ctl resume crm/contacts "app:$(sql 'SELECT record_id FROM sync_pauses')" >ctl 2>&1
update 43 2 | push
is "resumed_it_begins_anew" "done 0" "$(out .status) $(sql 'SELECT count(*) FROM sync_pauses')"

# --- systems that do not take it
fresh auth
echo wrong >app.token
create 50 pam@x | push
is "wrong_credentials_are_69" "69 retry owed" "$? $(out '"\(.status) \(.disposition)"')"
is "wrong_credentials_are_told_once" 1 "$(grep -c 'app: the system refuses us' err)"
fresh limited
quirk app limit-next 1
create 51 quy@x | push
is "short_limit_is_waited_for" "0 done" "$? $(out .status)"
fresh down "s|$(url app)|http://127.0.0.1:1|"
create 52 ray@x | push &
wait_down=$!
(
    fresh long
    quirk app limit-next 100
    create 53 sue@x | sync-push >out 2>err
    echo "$? $(jq -r '"\(.status) \(.disposition) \(.error.scope) \(.error.retry)"' out)" >result
)
wait $wait_down
is "no_connection_is_tried_later" "retry owed system later" "$(out '"\(.status) \(.disposition) \(.error.scope) \(.error.retry)"')"
is "long_limit_is_tried_later" "0 retry owed system later" "$(cat ../long/result)"
quirk app limit-next null

# --- output and signals
fresh full
create 60 tom@x | sync-push >/dev/full 2>err
is "full_disk_is_74" "74 1" "$? $(dump app '[.[] | select(.email == "tom@x")] | length')"
is "its_work_is_finished" "done" "$(sql 'SELECT state FROM sync_intents')"
quirk app slow-ms 300
is_sent() { [ "$(sql "SELECT count(*) FROM sync_intents WHERE state = 'sent'")" -gt 0 ]; }
mkfifo fifo
sync-push <fifo >out 2>err &
pusher=$!
exec 9>fifo
create 61 uma@x >&9
await $pusher is_sent
kill -TERM $pusher
wait $pusher
is "sigterm_settles_and_says_75" "75 done" "$? $(out .status)"
exec 9>&-
quirk app slow-ms null
is "sigterm_leaves_nothing_open" 0 "$(sql "SELECT count(*) FROM sync_intents WHERE state <> 'done'")"

done_testing
