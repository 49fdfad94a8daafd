#!/bin/sh
# Many writes in one call: what each result says is each line's own end; what no result speaks of, what
# was refused together, and what a job never says is found out one by one. Nothing is made twice.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

push() # [OPTION...]
{
    try sync-push "$@"
}

out() # JQ-FILTER of the results, in the order of their records, joined
{
    jq -s 'sort_by(.record_id)[]' out | jq -r "$1" | paste -sd ' '
}

# The writes since this was asked last: METHOD PATH, without ids, and how often.
asked()
{
    sim app "/_sim/log?since=${seen-0}" >log
    seen=$(jq "map(.n) | max // ${seen-0}" log)
    jq -r '.[] | select(.method != "GET") | "\(.method) \(.path | sub("/[0-9]+$"; "/ID"))"' log |
        sort | uniq -c | sed 's/^ *//' | paste -sd '|'
}

fresh() # NAME : a folder, config and state; app is defined by NAME.yaml
{
    enter "$1"
    cp ../crm.token ../app.token .
    write_config crm app
    edit_config "/^  app:/,/^sync/s|provider: rest|provider: $tmp/$1.yaml|; s/create: .*/create: {crm: false, app: true}/
        s/match:/deletes: {policy: propagate, settle: 0s}\n    &/"
    new_state
    asked >/dev/null
}

# rest.yaml as NAME.yaml, whose ACTION has a batch at PATH with these MORE members.
define() # NAME ACTION PATH MORE [SED-SCRIPT]
{
    sed -e "/^    $2: .*contacts/s|}\$|, batch: {max: 3, method: POST, path: $3, items: items, results: results, $4}}|" \
        -e "${5-}" "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/$1.yaml"
}

creations() # FROM TO PREFIX : all at once, so that they are one batch of sync-push
{
    i=$1
    while [ "$i" -le "$2" ]; do
        creation crm app "$3$i" "$3$i@x"
        i=$((i + 1))
    done >"$tmp/lines"
    cat "$tmp/lines"
}

# Each of crm:PREFIX1..N gets phone PHONE.
updates() # PREFIX PHONE
{
    sqlite3 -json state.db "SELECT l.link_id AS link, generation, record_id AS target_record_id, substr(l.external_id, 3)
        AS id FROM sync_links l JOIN sync_metadata m USING (link_id) WHERE l.external_id GLOB 'x-$1[0-9]' AND
        external_system = 'app' ORDER BY id" | jq -c --arg phone "$2" '.[] |
        {v:1,system:"crm",account:"crm-1",resource:"crm/contacts",record_id:.id,event_type:"updated",
        fields:null,link,generation,
        ends:[{system:"crm",account:"crm-1",record_id:.id,covered:{phone:$phone},state:"live"}],
        rules:{phone:{rule:"changed-same",source:"crm"}},
        writes:[{target:"app",account:"app-1",action:"update",target_record_id,set:{phone:$phone},
            sources:{phone:"crm"}}],map_hash:"m"}'
}

deletes() # PREFIX
{
    updates "$1" x | jq -c '.event_type = "deleted" | .rules = {} | .ends[0] |= (.state = "deleted" | del(.covered)) |
        .writes[0] |= (.action = "delete" | .set = {} | del(.sources)) | .link_ended = "deleted everywhere"'
}

there() # PREFIX : how many records have such an email, and how many such emails there are
{
    dump app "map(.email | select(startswith(\"$1\"))) | \"\(length) \(unique | length)\"" | tr -d '"'
}

start_sim crm # never called
start_sim app
item='item: {id: "{id}"}, by: id, record: "", answer: none, status: status'

# --- each its own, by position, by index, by id and by external id
define position create /contacts/batch/create 'record: "", status: status, answer: none'
define shown create /contacts/batch/create 'by: external_id, at: external_id, status: status, answer: none'
define index create /contacts/batch/create 'by: index, at: index, status: status, answer: none'
for way in position shown index; do
    fresh $way
    creations 1 7 $way | push
    is "${way}_goes_out_in_three_calls" "0 done done done done done done done 7 7" "$? $(out .status) $(there $way)"
    is "${way}_is_asked_as_defined" "1 POST /contacts|2 POST /contacts/batch/create" "$(asked)"
    is "${way}_is_linked_each_with_its_own" 7 "$(sql "SELECT count(*) FROM sync_metadata m JOIN sync_links USING (link_id)
        WHERE external_system = 'app' AND json_extract(fields, '\$.email') = substr(external_id, 3) || '@x'")"
    quirk app reject "\"email:${way}9@x\""
    creations 8 9 $way | push
    is "${way}_fails_in_part" "2 done refused 201 422" "$? $(out .status) $(out .http_status)"
    quirk app reject null
done

# --- updates and deletes
sed -e "/^    update: .*contacts/s|}\$|, batch: {max: 5, method: POST, path: /contacts/batch/update, items: items, results: results, $item}}|" \
    -e "/^    delete: .*contacts/s|}}\$|}, batch: {max: 5, method: POST, path: /contacts/batch/delete, items: items, results: results, by: id, status: status}}|" \
    -e "/^    create: .*contacts/s|}}\$|}, batch: {max: 5, method: POST, path: /contacts/batch/create, items: items, results: results, by: index, at: index, status: status, answer: none}}|" \
    "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/all.yaml"
fresh all
creations 1 4 all | push
asked >/dev/null
updates all 5 | push
is "updates_go_together" "0 done done done done 1 POST /contacts/batch/update" "$? $(out .status) $(asked)"
is "updates_are_there" '["5","5","5","5"]' "$(dump app '[.[] | select((.email // "") | startswith("all")) | .phone]')"
human app DELETE "/contacts/$(record app all2@x .id)"
quirk app reject '"phone:6"'
updates all 6 | push
is "an_update_of_what_is_gone_is_told_apart" "2 refused lost refused refused 404" \
    "$? $(out .status) $(jq -r 'select(.status == "lost") | .http_status' out)"
quirk app reject null
deletes all | push
is "deletes_go_together" "0 done done done done 0 0" "$? $(out .status) $(there all)"

# --- a call refused as a whole: each is asked by itself
define whole create '"/contacts/batch/create?all=true"' 'by: index, at: index, status: status, answer: none'
sed -i 's|path: "/contacts/batch/create?all=true"|path: /contacts/batch/create, query: {all: "true"}|' "$tmp/whole.yaml"
fresh whole
quirk app reject '"email:whole2@x"'
creations 1 3 whole | push
is "one_bad_item_costs_itself_only" "2 done refused done 2 2" "$? $(out .status) $(there whole)"
is "each_was_asked_by_itself" "3 POST /contacts|1 POST /contacts/batch/create" "$(asked)"
quirk app reject null

# --- a result that is missing
for by in 'by: index, at: index' 'by: position' 'by: external_id, at: external_id'; do
    name=$(echo "$by" | sed 's/by: \([a-z_]*\).*/omit_\1/')
    define "$name" create /contacts/batch/create "query: {omit: \"1\"}, $by, status: status, answer: none"
    fresh "$name"
    creations 1 3 "$name" | push
    is "${name}_is_looked_up" "0 done done done 3 3" "$? $(out .status) $(there "$name")"
done

# --- the whole call without an answer
for quirk in apply-then-drop drop-next apply-then-fail html-once; do
    cp "$tmp/index.yaml" "$tmp/lost_$quirk.yaml"
    fresh "lost_$quirk"
    quirk app $quirk 1
    creations 1 3 "lost_$quirk" | push
    is "call_lost_by_${quirk}_is_looked_up" "0 done done done 3 3" "$? $(out .status) $(there "lost_$quirk")"
done
cp "$tmp/all.yaml" "$tmp/lost_updates.yaml"
fresh lost_updates
creations 1 3 upd | push
quirk app apply-then-drop 1
updates upd 7 | push
is "updates_without_an_answer_are_decided_anew" "0 lost lost lost" "$? $(out .status)"
is "what_they_were_to_write_is_owed" 3 "$(sql "SELECT count(*) FROM sync_owed WHERE field = 'phone'")"

# --- jobs
job() # NAME [MORE]
{
    define "$1" create /contacts/batch/create "query: {late: \"3\"}, by: index, at: index, status: status, answer: none,\
 poll: {job: job.id, path: \"/jobs/{job}\", every: 10ms, done: {body: {status: completed}}${2-}}"
}
job job
fresh job
creations 1 3 job | push
is "a_job_is_asked_until_it_is_done" "0 done done done 3 3" "$? $(out .status) $(there job)"
job url
sed -i 's|job: job.id, path: "/jobs/{job}"|url: job.url|' "$tmp/url.yaml"
fresh url
creations 1 3 url | push
is "or_by_its_url" "0 done done done 3 3" "$? $(out .status) $(there url)"
job never ', deadline: 300ms'
sed -i 's/late: "3"/late: "100000"/' "$tmp/never.yaml"
fresh never
creations 1 3 never | push
is "a_job_that_is_late_is_looked_up_and_sent_again" "0 done done done 3 3" "$? $(out .status) $(there never)"
job failed ', failed: {body: {status: working}}, deadline: 300ms'
fresh failed
creations 1 3 failed | push
is "so_is_one_that_failed" "0 done done done 3 3" "$? $(out .status) $(there failed)"

# --- the writer is killed: all intents of a call are there before it
cp "$tmp/index.yaml" "$tmp/killed.yaml"
fresh killed
creations 1 3 pre | LOOPLESS_CRASH_TRACE=$tmp/trace sync-push >/dev/null 2>&1
creations 1 3 kill | LOOPLESS_CRASH_AT=$(crash_number provider.answered) sync-push >out 2>err
is "all_were_sent_at_once" "100 3" "$? $(sql "SELECT count(*) FROM sync_intents WHERE state = 'sent'")"
sql "DELETE FROM sync_leases; UPDATE sync_intents SET sent_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-10 minutes') WHERE state = 'sent'"
push </dev/null
is "each_is_taken_over_and_found" "0 done done done 3 3" "$? $(out .status) $(there kill)"

# --- the writer is killed when the job is there: who comes next asks for the same job
left() # what nobody can be about any more
{
    sql "DELETE FROM sync_leases; UPDATE sync_intents SET sent_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 minutes')
        WHERE state = 'sent'"
}

killed_at() # CRASH-POINT COMMAND... : what it prints is written until then; $killed: status, jobs
{
    crash=$1
    shift
    "$@" >lines
    LOOPLESS_CRASH_AT=$(crash_number "$crash") sync-push <lines >out 2>err
    killed="$? $(sql "SELECT group_concat(coalesce(response, '-'), '|') FROM sync_intents WHERE state = 'sent'")"
    left
    asked >/dev/null
}

calls() # JQ-FILTER of its log since `asked` : how many it is true of
{
    asked >/dev/null
    jq "map(select($1)) | length" log
}

for way in job url; do
    cp "$tmp/$way.yaml" "$tmp/left_$way.yaml"
    fresh left_$way
    creations 1 3 "trace_$way" | LOOPLESS_CRASH_TRACE=$tmp/trace sync-push >/dev/null 2>&1
    killed_at push.job creations 1 3 "left_$way"
    like "a_job_by_${way}_is_kept" \
        '^100 job 1/3 (/jobs/)?job-[0-9]+.job 2/3 (/jobs/)?job-[0-9]+.job 3/3 (/jobs/)?job-[0-9]+$' "$killed"
    at=1
    until LOOPLESS_CRASH_AT=$at sync-push </dev/null >out 2>err || [ $? -ne 100 ]; do
        left
        at=$((at + 1))
    done
    ok "who_takes_over_a_job_by_${way}_is_killed_at_each_point" test $at -gt 10
    is "a_job_by_${way}_is_asked_for_by_who_takes_over" "0 3 3" \
        "$(sql "SELECT count(*) FROM sync_intents WHERE state <> 'done'") $(there "left_$way")"
    asked >/dev/null
    is "nothing_of_a_job_by_${way}_is_sought_or_sent" "true 0 0" "$(jq -r '"\(map(select(.path | startswith("/jobs/"))) |
        length > 2) \(map(select(.method == "POST")) | length) \(map(select(.path == "/contacts")) | length)"' log)"
    is "what_is_settled_has_its_own_answer_by_${way}" 0 \
        "$(sql "SELECT count(*) FROM sync_intents WHERE response LIKE 'job %'")"
done

job soon ', deadline: 300ms'
fresh soon
creations 1 3 trace_soon | LOOPLESS_CRASH_TRACE=$tmp/trace sync-push >/dev/null 2>&1
killed_at push.accepted creations 1 3 soon
is "a_job_that_is_not_kept_yet" "100 -|-|-" "$killed"
push </dev/null
is "is_looked_up_and_sent_again" "0 done done done 3 3" "$? $(out .status) $(there soon)"

killed_at push.job creations 4 6 soon
like "a_job_that_is_kept" '^100 job 1/3 .*job 3/3 ' "$killed"
sed -i 's|"/jobs/|"/forgotten/|' "$tmp/soon.yaml"
push </dev/null
is "and_gone_is_looked_up_and_sent_again" "0 done done done 6 6" "$? $(out .status) $(there soon)"
is "having_been_asked_for_once" 1 "$(calls '.path | startswith("/forgotten/")')"

sed -i 's|"/forgotten/|"/jobs/|' "$tmp/soon.yaml"
killed_at push.job creations 7 9 soon
for _ in 1 2 3; do sim app "/jobs/${killed##* }" -o /dev/null -H "Authorization: Bearer app-secret"; done
sed -i 's|"/jobs/|"/forgotten/|' "$tmp/soon.yaml"
asked >/dev/null
push </dev/null
is "what_one_that_is_gone_has_done_is_found" "0 done done done 9 9 0" \
    "$? $(out .status) $(there soon) $(calls '.method == "POST"')"

sed -e "s|path: /contacts/batch/[ud][a-z]*,|& query: {late: \"3\"}, poll: {job: job.id, path: \"/jobs/{job}\", every: 10ms, done: {body: {status: completed}}},|" \
    "$tmp/all.yaml" >"$tmp/left_updates.yaml"
fresh left_updates
creations 1 3 upj | push
updates upj 4 | LOOPLESS_CRASH_TRACE=$tmp/trace sync-push >/dev/null 2>&1
quirk app reject '"phone:8"'
killed_at push.job updates upj 8
like "updates_are_kept_too" '^100 job 1/3 .*job 3/3 ' "$killed"
push </dev/null
is "that_they_are_refused_is_known_then" "2 refused refused refused" "$? $(out .status)"
quirk app reject null
killed_at push.job updates upj 9
push </dev/null
is "else_that_they_are_done" '0 done done done ["9","9","9"] 0' "$? $(out .status) $(dump app '[.[] | select((.email // "") |
    startswith("upj")) | .phone]') $(calls '.method == "POST"')"

# --- a preview shows the calls that would be made
requests() # of the preview: METHOD PATH and, of a batch, how many items
{
    awk '/^(POST|PATCH|DELETE) /{what = $0} /^{/{print what, $0}' out | sed "s|$(url app)||" |
        sed 's/{"items":\(.*\)}$/\1/; s/ {.*//' | while read -r method path items; do
        echo "$method $path $(echo "${items:-[]}" | jq length)"
    done | paste -sd '|'
}
cp "$tmp/all.yaml" "$tmp/preview.yaml"
fresh preview
creations 1 7 seen >lines.ndjson
push -n <lines.ndjson
is "a_preview_shows_calls_as_they_would_go" "0 POST /contacts/batch/create 5|POST /contacts/batch/create 2 " \
    "$? $(requests) $(asked)"
is "it_names_what_goes_together" "1 2 3 4 5 | 6 7 |" \
    "$(sed -n 's/^# .*seen\([0-9]\) .*create app$/\1/p; s/^{.*/|/p' out | paste -sd ' ')"
is "with_its_secrets_hidden" "2 0" "$(grep -c '^Authorization: Bearer \[secret\]$' out) $(grep -c app-secret out)"
grep '^{' out >would
push <lines.ndjson
asked >/dev/null
is "the_bodies_are_those_that_went_out" "$(jq -Sc . would | sort)" \
    "$(jq -Sc '.[] | select(.method == "POST") | .body' log | sort)"
sync-push -n <lines.ndjson >again 2>/dev/null
is "what_moved_on_is_in_no_call" 0 "$(grep -c POST again)"
{ updates seen 5 && creation crm app other o@x && deletes seen; } >mixed.ndjson
push -n <mixed.ndjson
is "other_kinds_are_other_calls" "update 5|update 2|POST 0|delete 5|delete 2" \
    "$(requests | sed 's|POST /contacts/batch/||g; s|/contacts ||')"
creation crm app alone s@x | push -n
like "one_alone_goes_alone" "POST $(url app)/contacts " "$(paste -sd ' ' out)"

done_testing
