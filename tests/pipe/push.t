#!/bin/sh
# sync-push: hand-made decisions against a sync-sim, with answers that do not come and with kill -9.
bin=${top_builddir:-.}
src=${top_srcdir:-.}
for tool in curl jq sqlite3; do
    command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
tmp=$(mktemp -d) || exit 99
pids='' emitter=''
trap 'kill $pids $emitter 2>/dev/null; rm -rf "$tmp"' EXIT
unset LOOPLESS_NOW LOOPLESS_CONFIG http_proxy HTTP_PROXY
LOOPLESS_PROVIDERS=$src/src/providers LOOPLESS_MODELS=$src/src/models
export LOOPLESS_PROVIDERS LOOPLESS_MODELS
n=0

ok() { # STATUS NAME
    n=$((n + 1))
    if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

is() { # NAME WANT GOT
    [ "$2" = "$3" ]
    ok $? "$1"
    [ "$2" = "$3" ] || { printf '%s\n' "want: $2" "got:  $3"; tail -n 4 "$tmp/err"; } | sed 's/^/# /'
}

start_sim() { # sets sim, url
    rm -f "$tmp/ready"
    "$bin/sync-sim" --ready-file "$tmp/ready" --account a --token sim-token >/dev/null 2>"$tmp/simerr" &
    sim=$!
    pids="$pids $sim"
    while [ ! -e "$tmp/ready" ]; do
        kill -0 $sim 2>/dev/null || { cat "$tmp/simerr"; exit 99; }
    done
    url=$(jq -r .url "$tmp/ready")
}

deployment() { # NAME [URL [TOKEN]] ; a config and a state of its own; sets LOOPLESS_CONFIG, db
    mkdir "$tmp/$1"
    db=$tmp/$1/s.db
    cat >"$tmp/$1/loopless.yaml" <<END
version: 1
state: sqlite:s.db
systems:
  crm: {provider: rest, account: c, base_url: "http://127.0.0.1:1", auth: {type: none}}
  app: {provider: ${provider:-rest}, account: a, base_url: "${2:-$url}", auth: {type: bearer, token: "\${env:APP_TOKEN}"}}
sync:
  crm/contacts:
    between: [crm, app]
    match: [email]
    first_contact: report
    create: {crm: false, app: true}
    conflict: last-write-wins
    fields:
      first_name: {owner: any}
      email: {owner: crm}
      phone: {owner: any}
breaker: {alternations: 2, window: 10m}
END
    LOOPLESS_CONFIG=$tmp/$1/loopless.yaml APP_TOKEN=${3:-sim-token}
    export LOOPLESS_CONFIG APP_TOKEN
    "$bin/sync-ctl" init >/dev/null 2>"$tmp/err" || { cat "$tmp/err"; exit 99; }
}

create() { # ID EMAIL : crm:ID is to be created in app
    jq -nc --arg id "$1" --arg email "$2" '{v:1,system:"crm",account:"c",resource:"crm/contacts",
        record_id:$id,event_type:"created",fields:null,link:null,generation:0,external_id:"x-\($id)",
        ends:[{system:"crm",account:"c",record_id:$id,covered:{email:$email,first_name:"Ann"},state:"live"}],
        rules:{email:{rule:"create",source:"crm"},first_name:{rule:"create",source:"crm"}},
        writes:[{target:"app",account:"a",action:"create",external_id:"x-\($id)",
            set:{email:$email,first_name:"Ann"},sources:{email:"crm",first_name:"crm"}}],
        claims:["key-\($email)"],map_hash:"m"}'
}

update() { # ID PHONE [BEFORE [GENERATION]] : crm:ID has another phone now
    sqlite3 -json "$db" "SELECT l.link_id AS link, generation, record_id AS target_record_id FROM
        sync_links l JOIN sync_metadata m USING (link_id) WHERE l.external_id = 'x-$1' AND
        external_system = 'app'" | jq -c --arg id "$1" --arg phone "$2" --arg before "$3" --arg g "$4" '.[0] |
        {v:1,system:"crm",account:"c",resource:"crm/contacts",record_id:$id,event_type:"updated",
        fields:null,link,generation:(if $g == "" then .generation else ($g | tonumber) end),
        ends:[{system:"crm",account:"c",record_id:$id,covered:{phone:$phone},state:"live"}],
        rules:{phone:{rule:"changed-same",source:"crm"}},
        writes:[{target:"app",account:"a",action:"update",target_record_id,set:{phone:$phone},
            sources:{phone:"crm"},before:{phone:$before}}],map_hash:"m"}'
}

push() { # OPTION... ; results in $tmp/out
    "$bin/sync-push" "$@" >"$tmp/out" 2>"$tmp/err"
    echo $? >"$tmp/rc" # often the end of a pipe, where variables do not last
}

rc() {
    cat "$tmp/rc"
}

out() { # JQ-FILTER of the results, joined
    jq -r "$1" "$tmp/out" | paste -sd ' '
}

sql() {
    sqlite3 "$db" "$1"
}

quirk() { # NAME VALUE
    curl -sS -o /dev/null "$url/_sim/quirk" -d "{\"name\":\"$1\",\"value\":$2}"
}

dump() { # JQ-FILTER of the records in app
    curl -sS "$url/_sim/dump/contacts" | jq -c "$1"
}

# What the API was asked to write; a request whose answer was dropped is in the log, too.
writes() {
    curl -sS "$url/_sim/log" | jq -r '[.[] | select(.method == "POST" or .method == "PATCH")] | length'
}

abandon() { # The last writer is long dead: its lease is over, and its requests' deadlines, too.
    sql "DELETE FROM sync_leases; UPDATE sync_intents SET sent_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 minutes') WHERE state = 'sent'"
}

crash_number() { # NAME : which point it is, of the process traced last
    awk -v name="$1" '$3 == name {print $2; exit}' "$tmp/trace"
}

start_sim
deployment main

# --- writing
create 1 ann@x | push
is "create_is_done" "0 done 201 1 pushed" "$(rc) $(out '"\(.status) \(.http_status) \(.attempts) \(.disposition)"')"
is "create_is_there" '[["ann@x","Ann","x-1"]]' "$(dump '[.[] | [.email,.first_name,.external_id]]')"
is "result_names_the_record" "$(dump '.[0].id')" "$(out .target_record_id)"
is "result_keeps_the_line" '1 outbound ["email","first_name"]' \
    "$(jq -r '"\(.record_id) \(.sync_direction) \(.rules | keys | tostring)"' "$tmp/out")"
is "hand_made_line_is_admitted" "pushed|manual" "$(sql 'SELECT disposition, path FROM sync_inbox WHERE seq = 1')"
is "shadow_is_what_was_stored" "ann@x" \
    "$(sql "SELECT json_extract(fields, '\$.email') FROM sync_metadata WHERE external_system = 'app'")"
is "nothing_is_left_open" "0|0|0|0" "$(sql "SELECT (SELECT count(*) FROM sync_intents WHERE state <> 'done'),
    (SELECT count(*) FROM sync_owed), (SELECT count(*) FROM sync_claims), (SELECT count(*) FROM sync_leases)")"

create 1 ann@x | push
is "same_create_again_is_dropped" "0  1" "$(rc) $(out .status) $(writes)"
update 1 555 | push
is "update_is_done" "0 done update 200" "$(rc) $(out '"\(.status) \(.action) \(.http_status)"')"
is "update_is_there" '["555","ann@x"]' "$(dump '.[0] | [.phone,.email]')"
update 1 556 555 0 | push -v
is "stale_decision_is_dropped" "0  2" "$(rc) $(out .status) $(writes)"
grep -q 'crm/contacts crm:1 (line 1): its link moved on; decided anew$' "$tmp/err"
ok $? "stale_decision_is_told_with_v"
printf '%s\n' "$(create 9 nine@x | jq -c '.writes = [] | .ends = [] | .disposition = "ignored"')" | push
is "decision_without_writes_ends" "0 ignored null" "$(rc) $(out '"\(.disposition) \(.status)"')"
{ create 2 bob@x; echo '{"v":1,"eos":{"run":null,"count":1,"complete":true}}'; } | push
is "eos_comes_after_the_results" "done null" "$(out .status)"
is "eos_is_passed_on" 1 "$(tail -n 1 "$tmp/out" | jq .eos.count)"

# --- looking only
before=$(writes)
update 1 777 >"$tmp/line"
push -n <"$tmp/line"
is "dry_run_sends_nothing" "0 $before" "$(rc) $(writes)"
grep -q "^PATCH $url/contacts/" "$tmp/out" && grep -q 777 "$tmp/out"
ok $? "dry_run_prints_the_request"
! grep -q 'sim-token' "$tmp/out"
ok $? "dry_run_hides_the_credentials"
is "dry_run_leaves_the_state" "$(sql "SELECT generation FROM sync_links WHERE external_id = 'x-1'")" \
    "$(jq .generation "$tmp/line")"

# --- a plan
{ update 1 888; update 2 999; jq -nc '{v:1,plan:{decisions:2}}'; } >"$tmp/plan"
update 2 111 | push
push --plan "$tmp/plan" </dev/null
is "plan_is_applied_but_what_moved_on" "2 1" "$(rc) $(out .record_id)"
is "plan_says_what_moved_on" \
    "sync-push: error: plan: crm/contacts crm:2 has moved on since the plan was made" "$(cat "$tmp/err")"
is "plan_wrote_only_that" '["888","111"]' "$(dump '[.[].phone]')"
push --plan "$tmp/none"
is "missing_plan_is_74" 74 "$(rc)"

# --- refusals
quirk reject '"phone:bad"'
update 1 bad | push
is "refused_value_is_told" "2 refused 422 rejected record never" \
    "$(rc) $(out '"\(.status) \(.http_status) \(.disposition) \(.error.scope) \(.error.retry)"')"
is "refused_value_stays_owed" "phone|app|1" "$(sql 'SELECT field, target, refused IS NOT NULL FROM sync_owed')"
is "refused_value_is_a_reject" "push|app|open" "$(sql "SELECT stage, target, state FROM sync_rejects WHERE stage = 'push'")"
update 1 good bad | push
is "next_value_clears_it" "0 done 0" "$(rc) $(out .status) $(sql 'SELECT count(*) FROM sync_owed')"

# --- bad lines
{
    echo '{"v":1,"system":"crm","resource":"crm/contacts","record_id":"5","fields":null}'
    echo 'not json'
    create 3 cid@x | jq -c '.writes[0].target = "erp"'
    create 3 cid@x | jq -c '.writes[0].account = "other"'
    create 3 cid@x | jq -c '.resource = "crm/deals"'
    create 3 cid@x
} >"$tmp/bad"
push --rejects "$tmp/rejects" <"$tmp/bad"
is "bad_lines_do_not_stop_the_good" "2 3 done" "$(rc) $(out '"\(.record_id) \(.status)"')"
is "bad_lines_are_kept" "$(head -n 5 "$tmp/bad")" "$(cat "$tmp/rejects")"
grep -q 'line 1: not a decision: ' "$tmp/err" && grep -q 'line 2: ' "$tmp/err" &&
    grep -q 'crm:3 (line 3): writes: erp is not among' "$tmp/err" &&
    grep -q 'crm:3 (line 4): writes: account other of app, but the config says a' "$tmp/err" &&
    grep -q 'crm:3 (line 5): crm/deals is not in the config' "$tmp/err"
ok $? "bad_lines_are_named"
create 4 dot@x | sed 's/$/ /' | tr -d '\n' | push
is "unterminated_line_is_dropped" "0  4" "$(rc) $(out .status) $(dump length | sed s/3/4/)"

# --- no answer
quirk apply-then-drop 1
create 5 eve@x | push
is "create_without_answer_is_found" "0 done 1 pushed" "$(rc) $(out '"\(.status) \(.attempts) \(.disposition)"')"
is "create_without_answer_is_made_once" 1 "$(dump '[.[] | select(.email == "eve@x")] | length')"
quirk drop-next 1
create 6 fay@x | push
is "create_that_never_arrived_is_sent_again" "0 done 2 pushed" "$(rc) $(out '"\(.status) \(.attempts) \(.disposition)"')"
is "sent_again_is_made_once" 1 "$(dump '[.[] | select(.email == "fay@x")] | length')"
quirk apply-then-fail 1
update 5 50 | push
is "update_without_answer_is_decided_anew" "0 lost 500 null now" \
    "$(rc) $(out '"\(.status) \(.http_status) \(.disposition) \(.error.retry)"')"
is "its_event_is_free" "1|lost" "$(sql "SELECT disposition IS NULL AND lease IS NULL, reason FROM sync_inbox WHERE record_id = '5' ORDER BY seq DESC LIMIT 1")"
is "its_fields_are_owed" "phone|50" "$(sql "SELECT field, json_extract(value, '\$') FROM sync_owed")"
quirk html-once 1
create 7 gus@x | push
is "html_instead_of_an_answer_is_looked_up" "0 done" "$(rc) $(out .status)"
quirk unique '"email"'
before=$(dump length)
create 8 gus@x | jq -c '.claims = []' | push
is "conflicting_create_is_refused" "2 refused rejected $before" "$(rc) $(out '"\(.status) \(.disposition)"') $(dump length)"
quirk unique null

# --- a definition without external id, idempotency and strong find
mkdir "$tmp/own"
sed -e '/external_id: external_id/d' -e 's/, idempotency: {[^}]*}//' \
    -e 's/by: \[external_id, \([a-z]*\)[^]]*\], strong: true/by: [\1], strong: false, lag: 500ms/' \
    "$src/src/providers/rest.yaml" >"$tmp/own/weak.yaml"
sed '/^ *find:/d' "$tmp/own/weak.yaml" >"$tmp/own/blind.yaml"
sed 's/, lag: 500ms/, lag: 1ms/' "$tmp/own/weak.yaml" >"$tmp/own/quick.yaml"
provider=$tmp/own/weak.yaml deployment weak
quirk find-lag-ms 300
quirk apply-then-drop 1
create 20 hal@x | push
is "lagging_search_is_asked_again" "0 done 1 1" "$(rc) $(out '"\(.status) \(.attempts)"') $(dump '[.[] | select(.email == "hal@x")] | length')"
quirk find-lag-ms null
provider=$tmp/own/quick.yaml deployment quick
quirk drop-next 1
create 21 ida@x | push
is "not_there_and_no_key_is_owed" "0 retry owed later 0" \
    "$(rc) $(out '"\(.status) \(.disposition) \(.error.retry)"') $(dump '[.[] | select(.email == "ida@x")] | length')"
is "owed_with_a_date" 2 "$(sql "SELECT count(*) FROM sync_owed WHERE not_before > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")"
provider=$tmp/own/blind.yaml deployment blind
quirk apply-then-drop 1
create 22 joe@x | push
is "cannot_be_looked_up_is_unknown" "2 unknown rejected outcome-unknown" \
    "$(rc) $(out '"\(.status) \(.disposition) \(.error.code)"')"
is "unknown_stays_open" "unknown" "$(sql 'SELECT state FROM sync_intents')"

sed 's/version: {.*/version: {path: rev, kind: etag}/' "$src/src/providers/rest.yaml" >"$tmp/own/etag.yaml"
provider=$tmp/own/etag.yaml deployment etag
create 23 kai@x | push
update 23 60 | jq -c '.writes[0].etag = "\"99\""' | push
is "update_of_a_changed_record_is_decided_anew" "0 lost 412 null" "$(rc) $(out '"\(.status) \(.http_status) \(.disposition)"')"

# --- kill -9
deployment crash
create 30 kim@x >"$tmp/line"
LOOPLESS_CRASH_TRACE=$tmp/trace "$bin/sync-push" <"$tmp/line" >/dev/null 2>&1
for point in push.decided push.sent push.answer push.answered push.settled; do
    id=3${point#push.}
    at=$(crash_number $point)
    [ -n "$at" ] || { ok 1 "crash_point_$point"; continue; }
    create "$id" "$id@x" | LOOPLESS_CRASH_AT=$at "$bin/sync-push" >"$tmp/out" 2>"$tmp/err"
    is "killed_at_$point" 100 $?
    abandon
    push </dev/null
    open=$(sql "SELECT count(*) FROM sync_intents WHERE state IN ('prepared', 'sent')")
    there=$(dump "[.[] | select(.email == \"$id@x\")] | length")
    case $point in
    push.decided) want="0 0 0 1" ;; # never sent: the event is free again
    *) want="0 0 1 0" ;;
    esac
    is "recovered_from_$point" "$want" "$(rc) $open $there $(sql "SELECT count(*) FROM sync_inbox WHERE record_id = '$id' AND disposition IS NULL")"
done
update 30 1 | LOOPLESS_CRASH_AT=$(crash_number push.sent) "$bin/sync-push" >"$tmp/out" 2>"$tmp/err"
is "update_killed" "100 sent" "$? $(sql "SELECT state FROM sync_intents WHERE action = 'update'")"
push </dev/null
is "living_writers_are_left_alone" "0 sent" "$(rc) $(sql "SELECT state FROM sync_intents WHERE action = 'update'")"
abandon
push </dev/null
is "lost_update_is_told" "0 lost 30" "$(rc) $(out '"\(.status) \(.record_id)"')"
is "lost_update_is_decided_anew" "lost|1" "$(sql "SELECT n.state, i.disposition IS NULL AND i.lease IS NULL
    FROM sync_intents n JOIN sync_inbox i USING (seq) WHERE action = 'update'")"

# --- hold, and lines under a lease
pending=$(sql "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL")
: >"$tmp/emitted"
"$bin/sync-ingest" emit >"$tmp/emitted" 2>"$tmp/err" &
emitter=$! # it would wait for what it emitted
while [ "$(wc -l <"$tmp/emitted")" -lt "$pending" ] && kill -0 $emitter 2>/dev/null; do :; done
jq -c 'select(.seq) | . + {link:null,hold:{not_before:"2099-01-01T00:00:00.000Z",reason:"busy"}}' "$tmp/emitted" >"$tmp/held"
held=$(jq -r .seq "$tmp/held" | sort -n | paste -sd ' ')
push <"$tmp/held"
kill $emitter 2>/dev/null
wait $emitter
emitter=''
is "held_events_go_back" "0  $held" "$(rc) $(out .status) $(sql "SELECT seq FROM sync_inbox WHERE not_before LIKE '2099%' AND lease IS NULL ORDER BY seq" | paste -sd ' ')"
[ -n "$held" ]
ok $? "there_were_held_events"
sql "UPDATE sync_inbox SET not_before = '2020-01-01T00:00:00.000Z' WHERE disposition IS NULL"
seq=${held##* }
jq -c --argjson seq "$seq" 'select(.seq == $seq) | del(.hold) | . + {generation:0,ends:[],rules:{},writes:[],disposition:"ignored"}' "$tmp/held" | push -v
is "second_copy_of_a_line_is_dropped" "0  1" "$(rc) $(out .disposition) $(sql "SELECT disposition IS NULL FROM sync_inbox WHERE seq = $seq")"

# --- limits, pauses, the breaker
deployment limits
before=$(dump length)
{ create 40 leo@x; create 41 mia@x; create 42 ned@x; } | push --max-creates 1
is "limit_stops_with_3" "3 40 1" "$(rc) $(out .record_id) $(($(dump length) - before))"
is "limit_is_told_once" 1 "$(grep -c 'error: .*max_creates' "$tmp/err")"
grep -q 'hint: ' "$tmp/err"
ok $? "limit_has_a_hint"
{ create 41 mia@x; create 42 ned@x; } | push --max-creates 1 --yes
"$bin/sync-ctl" resume app >/dev/null 2>&1
is "stopped_account_stays_paused" "0 withheld withheld" "$(rc) $(out .status)"
deployment lifted
{ create 43 oda@x; create 44 pia@x; } | push --max-creates 1 --yes
is "yes_lifts_the_limits" "0 done done" "$(rc) $(out .status)"
"$bin/sync-ctl" pause app --reason audit >"$tmp/ctl" 2>&1
before=$(writes)
update 43 1 | push
is "pause_withholds" "0 withheld owed paused $before" "$(rc) $(out '"\(.status) \(.disposition) \(.error.code)"') $(writes)"
is "withheld_is_owed" "phone|app" "$(sql 'SELECT field, target FROM sync_owed')"
"$bin/sync-ctl" resume app >"$tmp/ctl" 2>&1
for phone in 2 3 2 3 2 3 2; do
    update 43 $phone | push
    [ "$(out .status)" = "done" ] || break
done
is "breaker_stops_a_field_that_alternates" "0 withheld breaker" "$(rc) $(out '"\(.status) \(.error.code)"')"
grep -q 'incident: crm/contacts app:[0-9]*: phone alternates' "$tmp/err" && grep -q 'sync-ctl resume crm/contacts app:' "$tmp/err"
ok $? "breaker_says_how_to_resume"
is "breaker_pauses_the_record" "record|app" "$(sql 'SELECT scope, system FROM sync_pauses')"

# --- systems that do not take it
deployment auth "$url" wrong
create 50 pam@x | push
is "wrong_credentials_are_69" "69 retry owed" "$(rc) $(out '"\(.status) \(.disposition)"')"
is "wrong_credentials_are_told_once" 1 "$(grep -c 'app: the system refuses us' "$tmp/err")"
deployment limited
quirk limit-next 1
create 51 quy@x | push
is "short_limit_is_waited_for" "0 done" "$(rc) $(out .status)"
deployment down "http://127.0.0.1:1"
create 52 ray@x | push &
wait_down=$!
(
    deployment long
    tmp2=$tmp/long
    quirk limit-next 100
    create 53 sue@x | "$bin/sync-push" >"$tmp2/out" 2>"$tmp2/err"
    echo "$? $(jq -r '"\(.status) \(.disposition) \(.error.scope) \(.error.retry)"' "$tmp2/out")" >"$tmp2/result"
)
wait $wait_down
is "no_connection_is_tried_later" "retry owed system later" "$(out '"\(.status) \(.disposition) \(.error.scope) \(.error.retry)"')"
is "long_limit_is_tried_later" "0 retry owed system later" "$(cat "$tmp/long/result")"
quirk limit-next null

# --- output and signals
deployment full
create 60 tom@x | "$bin/sync-push" >/dev/full 2>"$tmp/err"
is "full_disk_is_74" "74 1" "$? $(dump '[.[] | select(.email == "tom@x")] | length')"
is "its_work_is_finished" "done" "$(sql 'SELECT state FROM sync_intents')"
quirk slow-ms 300
mkfifo "$tmp/fifo"
"$bin/sync-push" <"$tmp/fifo" >"$tmp/out" 2>"$tmp/err" &
pusher=$!
exec 9>"$tmp/fifo"
create 61 uma@x >&9
while [ "$(sql "SELECT count(*) FROM sync_intents WHERE state = 'sent'")" = 0 ] && kill -0 $pusher 2>/dev/null; do :; done
kill -TERM $pusher
wait $pusher
is "sigterm_settles_and_says_75" "75 done" "$? $(out .status)"
exec 9>&-
quirk slow-ms null
is "sigterm_leaves_nothing_open" 0 "$(sql "SELECT count(*) FROM sync_intents WHERE state <> 'done'")"

echo "1..$n"
