#!/bin/sh
# sync-sim(1): the webhooks it sends, and their quirks.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq openssl

# A new simulator on a virtual clock, with a new receiver.
fresh() # OPTION...
{
    stop_sim in 2>/dev/null
    rm -f in.ndjson
    start_sink in
    launch_sim one --now 2026-01-02T03:04:05Z --webhook "$(url in)/hook?a=b" "$@"
}

api() # METHOD PATH [BODY [CURL-OPTION...]]: the status
{
    m=$1 p=$2 b=${3-}
    shift 2
    [ $# -gt 0 ] && shift
    [ -n "$b" ] && set -- -d "$b" "$@"
    sim one "$p" -X "$m" -o body -w '%{http_code}' "$@"
}

# What came so far.
came() # JQ-FILTER of the list of requests, bodies parsed
{
    jq -cs "map(.body |= fromjson) | $1" in.ndjson
}

# All of it.
seen() # JQ-FILTER as above
{
    drain one
    came "$1"
}

statuses() # LIST, of the receiver
{
    sim in "/_sink/status/$1" -X POST
}

hooks() # JQ-FILTER of /_sim/webhooks
{
    sim one /_sim/webhooks | jq -c "$1"
}

hmac() # OPENSSL-OPTION... of stdin
{
    openssl dgst -sha256 -mac HMAC "$@"
}

raw() # the body as it came
{
    head -n 1 in.ndjson | jq -j .body
}

header() # NAME, of the first request
{
    head -n 1 in.ndjson | jq -r --arg n "$1" '.headers[$n] // "none"'
}

create='{"email":"a@x","phone":"1"}'

# --- what is said
fresh --actor robot
api POST /contacts "$create" -H 'Idempotency-Key: K1' >/dev/null
is "a_create_is_an_event" \
    '{"account":"sim-1","events":[{"id":"evt-1","collection":"contacts","action":"created","record_id":1001,"occurred_at":"2026-01-02T03:04:05.000Z","rev":1,"actor":{"kind":"api","id":"robot"},"write_id":"K1","changed":["email","phone"],"record":{"id":1001,"email":"a@x","phone":"1","created_at":"2026-01-02T03:04:05.000Z","updated_at":"2026-01-02T03:04:05.000Z","rev":1}}]}' \
    "$(drain one; raw)"
is "it_is_a_post_of_json" '["POST","/hook","a=b","application/json","msg-1"]' \
    "$(seen '.[0] | [.method,.path,.query,.headers["content-type"],.headers["webhook-id"]]')"
is "without_a_secret_nothing_is_signed" '[]' \
    "$(seen '.[0].headers | keys | map(select(test("sign|token|timestamp")))')"
is "a_replay_is_no_event" '201 1' \
    "$(api POST /contacts "$create" -H 'Idempotency-Key: K1') $(seen length)"
api PATCH /_human/contacts/1001 '{"phone":"2","n":null}' >/dev/null
is "a_human_edit_is_an_event" \
    '{"id":"evt-2","action":"updated","rev":2,"actor":{"kind":"human","id":"human"},"changed":["phone","n"],"record":{"email":"a@x","phone":"2","n":null}}' \
    "$(seen '.[1].body.events[0] | del(.collection,.record_id,.occurred_at) | .record |= del(.id,.created_at,.updated_at,.rev)')"
is "a_write_that_changes_nothing_is_none" '200 2' \
    "$(api PATCH /contacts/1001 '{"phone":"2"}') $(seen length)"
is "a_refused_write_is_none" '400 2' "$(api PATCH /contacts/1001 '[') $(seen length)"
api DELETE /contacts/1001 >/dev/null
is "a_deletion_has_no_record" \
    '{"id":"evt-3","collection":"contacts","action":"deleted","record_id":1001,"occurred_at":"2026-01-02T03:04:05.002Z","rev":3,"actor":{"kind":"api","id":"robot"},"changed":[]}' \
    "$(seen '.[2].body.events[0]')"
is "counters_count_webhooks" \
    '{"events":3,"sent":3,"ok":3,"refused":0,"unreached":0,"retried":0,"lost":0}' "$(count one .webhooks)"
is "webhooks_are_listed" '["msg-1",1,200,["evt-1"]]' \
    "$(hooks '.delivered[0] | [.id,.attempts,.status,.events]')"

fresh
for body in '{"email":"a@x","phone":"1"}' '{"email":"b@x"}'; do
    api POST /contacts "$body" >/dev/null
done
api POST /_human/contacts/1001/merge '{"into":1002}' >/dev/null
is "a_merge_is_an_event_of_the_loser" \
    '{"id":"evt-3","collection":"contacts","action":"merged","record_id":1001,"merged_into":1002,"occurred_at":"2026-01-02T03:04:05.002Z","rev":2,"actor":{"kind":"human","id":"human"},"changed":[]}' \
    "$(seen '.[2].body.events[0]')"
is "what_the_winner_took_is_an_update" '[4,"updated",1002,["phone"]]' \
    "$(seen '[length, (.[3].body.events[0] | .action,.record_id,.changed)]')"
api DELETE /contacts/1002 >/dev/null
api POST /_human/contacts/1002/restore >/dev/null
is "what_is_restored_was_created" '["created",1002,4,"b@x"]' \
    "$(seen '.[-1].body.events[0] | [.action,.record_id,.rev,.record.email]')"
fresh --quirk webhook-merge-deletes --quirk webhook-id-text
api POST /contacts '{"email":"a@x"}' >/dev/null
api POST /contacts '{"email":"b@x"}' >/dev/null
api POST /_human/contacts/1001/merge '{"into":1002}' >/dev/null
is "webhook_merge_deletes" '[["created","1001",null],["created","1002",null],["deleted","1001",null],["merged","1001","1002"]]' \
    "$(seen '[.[].body.events[] | [.action,.record_id,.merged_into]]')"

fresh --webhook-payload partial
api POST /contacts "$create" >/dev/null
api PUT /contacts/1001 '{"email":"b@x"}' >/dev/null
is "partial_has_what_changed" '[[null,["a@x","1"]],[true,{"email":"b@x","phone":null}]]' \
    "$(seen 'map(.body.events[0]) | [[.[0].partial, [.[0].record | .email,.phone]], [.[1].partial, .[1].record]]')"
fresh --webhook-payload skinny
api POST /contacts "$create" >/dev/null
is "skinny_has_no_record" '[["email","phone"],false]' \
    "$(seen '.[0].body.events[0] | [.changed, has("record")]')"
try sync-sim --webhook-payload fat
is "bad_payload_is_64" 64 $rc

# --- signatures, checked by another program
fresh --webhook-secret whsec_c2VjcmV0IG9mIHRoaXMgdGVzdCE=
api POST /contacts "$create" >/dev/null
drain one
is "standard_has_the_time" "$(date -u -d 2026-01-02T03:04:05Z +%s)" "$(header webhook-timestamp)"
is "standard_signs_id_time_and_body" \
    "v1,$({ printf 'msg-1.%s.' "$(header webhook-timestamp)"; raw; } |
        hmac -macopt key:'secret of this test!' -binary | base64)" "$(header webhook-signature)"
fresh --webhook-secret whsec_c2VjcmV0 --webhook-sign kv
api POST /contacts "$create" >/dev/null
drain one
t=$(header x-sim-signature | sed 's/^t=\([0-9]*\),.*/\1/')
is "kv_signs_time_and_body" \
    "t=$t,v1=$({ printf '%s.' "$t"; raw; } | hmac -macopt key:whsec_c2VjcmV0 | sed 's/.*= //')" \
    "$(header x-sim-signature)"
fresh --webhook-secret s3cret --webhook-sign prefix
api POST /contacts "$create" >/dev/null
drain one
is "prefix_signs_the_body" "sha256=$(raw | hmac -macopt key:s3cret | sed 's/.*= //')" \
    "$(header x-hub-signature-256)"
fresh --webhook-secret s3cret --webhook-sign static
api POST /contacts "$create" >/dev/null
is "static_sends_the_secret" s3cret "$(drain one; header x-sim-token)"
try sync-sim --webhook-sign kv
is "a_signature_needs_a_secret" 64 $rc
try sync-sim --webhook-secret 'whsec_not base64'
is "bad_secret_is_64" 64 $rc
try sync-sim --webhook ftp://x/
is "bad_webhook_is_64" 64 $rc
try sync-sim -n --json --webhook http://127.0.0.1:1/x
is "dry_run_names_webhooks" '["http://127.0.0.1:1/x"]' "$(jq -c .webhooks out)"

# --- subscribers
fresh
start_sink other
sim one /_sim/webhook -f -o /dev/null -d "{\"url\":[\"$(url in)/1\",\"$(url other)/2\"]}"
api POST /contacts "$create" >/dev/null
is "each_subscriber_gets_it" '1 /2' "$(seen length) $(jq -r .path other.ndjson)"
is "bad_url_is_400" 400 "$(api POST /_sim/webhook '{"url":"x"}')"
sim one /_sim/webhook -f -o /dev/null -d '{"url":null}'
api POST /contacts "$create" >/dev/null
is "nobody_gets_it" 1 "$(seen length)"
is "nobody_is_listed" '[]' "$(hooks .urls)"
fresh --token T
is "control_needs_no_token" 200 "$(api POST /_sim/webhook "{\"url\":\"$(url in)\"}")"

# --- retries
fresh
statuses drop,500,503,200 # drop first: libcurl itself repeats what a kept connection swallowed
api POST /contacts "$create" >/dev/null
is "what_fails_is_sent_again_with_the_same_id" '["msg-1"] 4' \
    "$(seen '[.[].headers["webhook-id"]] | unique') $(came length)"
is "retries_are_counted" \
    '{"events":1,"sent":4,"ok":1,"refused":2,"unreached":1,"retried":3,"lost":0}' "$(count one .webhooks)"
is "attempts_are_listed" '[4,200]' "$(hooks '.delivered[0] | [.attempts,.status]')"
statuses 500,200
api PATCH /contacts/1001 '{"n":1}' >/dev/null
api PATCH /contacts/1001 '{"n":2}' >/dev/null
is "a_failure_does_not_hold_up_others" '[1,1,2] 2' \
    "$(seen '.[4:] | [.[].body.events[0].record.n] | sort') $(came '.[5].body.events[0].record.n')"
kill "$(pid in)"
wait "$(pid in)"
api PATCH /contacts/1001 '{"n":3}' >/dev/null
tried() { [ "$(count one .webhooks.unreached)" -ge 2 ]; }
await "$(pid one)" tried
start_sink in
sim one /_sim/webhook -f -o /dev/null -d "{\"url\":\"$(url in)\"}"
is "a_new_address_takes_over_the_queue" 3 "$(seen '.[-1].body.events[0].record.n')"

fresh --quirk webhook-once
statuses 500,200
api POST /contacts "$create" >/dev/null
is "webhook_once_is_not_retried" '1 [["msg-1",1,500]]' \
    "$(seen length) $(hooks '.failed | map([.id,.attempts,.status])')"
is "what_failed_is_lost" '[1,1]' "$(count one '.webhooks | [.refused,.lost]')"

# --- a receiver that hangs
fresh
statuses hang
api POST /contacts "$create" >/dev/null
arrived() { [ -s in.ndjson ]; }
await "$(pid one)" arrived
is "a_receiver_that_hangs_stops_no_call" 1 \
    "$(sim one /contacts -d '{}' -o /dev/null -w '%{time_total}' | awk '{ print ($1 < 3) }')"
stop_sim one
is "ends_with_a_receiver_that_hangs" 0 $?
is "what_is_queued_at_the_end_is_said" \
    'sync-sim: warning: 2 webhooks were not delivered' "$(cat one.log)"
fresh --quirk webhook-delay=1h
api POST /contacts "$create" >/dev/null
stop_sim one
is "what_is_delayed_is_sent_at_the_end" '1 ' "$(came length) $(cat one.log)"

# --- redelivery
fresh --quirk webhook-lose=every=2
for i in 1 2 3 4; do api POST /contacts "{\"i\":$i}" >/dev/null; done
is "webhook_lose_every_loses_each_nth" '[1,3]' "$(seen '[.[].body.events[0].record.i]')"
is "lost_ones_are_counted" '[4,2,2]' "$(count one '.webhooks | [.events,.sent,.lost]')"
is "redeliver_by_event" '{"redelivered":1}' \
    "$(sim one /_sim/redeliver -d '{"id":"evt-2"}')"
is "redelivered_has_the_same_id" '["msg-2",2]' \
    "$(seen '.[-1] | [.headers["webhook-id"],.body.events[0].record.i]')"
is "redeliver_since" '{"redelivered":2} [3,4]' \
    "$(sim one /_sim/redeliver -d '{"since":2}') $(seen '[.[3:][].body.events[0].record.i]')"
is "redeliver_of_unknown_is_404" 404 "$(api POST /_sim/redeliver '{"id":"msg-99"}')"
is "redeliver_of_nothing_is_400" 400 "$(api POST /_sim/redeliver '{}')"

lost() # SEED: what came is in $came
{
    fresh --quirk webhook-lose=50 --seed "$1"
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do api POST /contacts "{\"i\":$i}" >/dev/null; done
    came=$(seen '[.[].body.events[0].record.i]')
}
lost 1
first=$came
lost 1
is "webhook_lose_loses_the_same_by_seed" "$first" "$came"
lost 2
ok "webhook_lose_loses_others_by_another_seed" test "$first" != "$came"
ok "webhook_lose_loses_some" test "$(echo "$first" | jq 'length > 0 and length < 12')" = true

# --- quirks of what is said
fresh --quirk webhook-per-property
api POST /contacts "$create" >/dev/null
api PATCH /contacts/1001 '{"email":"b@x","phone":"2"}' >/dev/null
is "webhook_per_property_splits_updates" \
    '[["evt-2","msg-2",["email"],true,{"email":"b@x"}],["evt-3","msg-3",["phone"],true,{"phone":"2"}]]' \
    "$(seen '.[1:] | map([.body.events[0].id, .headers["webhook-id"], (.body.events[0] | .changed,.partial,.record)])')"
fresh --quirk webhook-no-actor
api POST /contacts "$create" -H 'Idempotency-Key: K' >/dev/null
is "webhook_no_actor" '[null,"K"]' "$(seen '.[0].body.events[0] | [.actor,.write_id]')"
fresh --quirk webhook-no-write-id
api POST /contacts "$create" -H 'Idempotency-Key: K' >/dev/null
is "webhook_no_write_id" '["api",null]' "$(seen '.[0].body.events[0] | [.actor.kind,.write_id]')"
fresh --quirk webhook-no-id
api POST /contacts "$create" >/dev/null
is "webhook_no_id" '[false,false]' \
    "$(seen '.[0] | [(.body.events[0] | has("id")), (.headers | has("webhook-id"))]')"
fresh --quirk webhook-no-time
api POST /contacts "$create" >/dev/null
is "webhook_no_time" false "$(seen '.[0].body.events[0] | has("occurred_at")')"
fresh --quirk webhook-id-text
api POST /contacts "$create" >/dev/null
is "webhook_id_text" '["1001",1001]' "$(seen '.[0].body.events[0] | [.record_id,.record.id]')"
fresh --quirk webhook-unsigned --webhook-secret s
api POST /contacts "$create" >/dev/null
is "webhook_unsigned" '[true,false]' \
    "$(seen '.[0].headers | [has("webhook-timestamp"),has("webhook-signature")]')"
fresh --quirk webhook-noop
api POST /contacts "$create" >/dev/null
is "webhook_noop" '200 [[],1]' \
    "$(api PATCH /contacts/1001 '{"phone":"1"}') $(seen '.[1].body.events[0] | [.changed,.rev]')"
fresh --quirk noop-touches
api POST /contacts "$create" >/dev/null
is "noop_touches_fires" '200 [[],2]' \
    "$(api PATCH /contacts/1001 '{"phone":"1"}') $(seen '.[1].body.events[0] | [.changed,.rev]')"
fresh --quirk wrap=contact --quirk second-stamps --quirk string-values
api POST /contacts '{"contact":{"n":1}}' >/dev/null
is "records_are_shaped_but_not_wrapped" \
    '["2026-01-02T03:04:05Z","1001","1",{"id":"1001","n":"1"}]' \
    "$(seen '.[0].body.events[0] | [.occurred_at,.record_id,.rev,(.record|{id,n})]')"

# --- quirks of how they come
fresh
sim in /_sink/delay/300 -X POST
quirk one webhook-before-answer
is "webhook_before_answer" 1 \
    "$(sim one /contacts -d '{}' -o /dev/null -w '%{time_total}' | awk '{ print ($1 >= 0.3) }')"
is "the_webhook_was_there" 1 "$(came length)"
statuses 500
is "webhook_before_answer_takes_any_answer" 201 "$(api POST /contacts '{}')"
statuses hang
is "webhook_before_answer_waits_one_second_at_most" '201 1' \
    "$(api POST /contacts '{}') $(sim one /contacts -d '{}' -o /dev/null -w '%{time_total}' | awk '{ print ($1 >= 1 && $1 < 4) }')"

fresh --quirk webhook-delay=400ms
start=$(date +%s%3N)
api POST /contacts "$create" >/dev/null
drain one
ok "webhook_delay" test $(($(date +%s%3N) - start)) -ge 400
fresh --quirk webhook-delay=10ms:200ms
for i in 1 2 3 4 5 6 7 8; do api POST /contacts "{\"i\":$i}" >/dev/null; done
is "jitter_keeps_the_order" '[1,2,3,4,5,6,7,8]' "$(seen '[.[].body.events[0].record.i]')"

fresh --quirk webhook-duplicate=3
api POST /contacts "$create" >/dev/null
is "webhook_duplicate" '["msg-1","msg-1","msg-1"]' "$(seen '[.[].headers["webhook-id"]]')"

fresh --quirk webhook-reorder=8
for i in 1 2 3 4 5 6 7 8; do api POST /contacts "{\"i\":$i}" >/dev/null; done
came=$(seen '[.[].body.events[0].record.i]')
is "webhook_reorder_loses_nothing" '[1,2,3,4,5,6,7,8]' "$(echo "$came" | jq -c sort)"
ok "webhook_reorder_shuffles" test "$came" != '[1,2,3,4,5,6,7,8]'
fresh --quirk webhook-reorder=8
api POST /contacts "$create" >/dev/null
await "$(pid one)" arrived
is "webhook_reorder_waits_only_so_long" 1 "$(came length)"

fresh --quirk webhook-batch=3:1h
for i in 1 2 3 4; do api POST /contacts "{\"i\":$i}" >/dev/null; done
await "$(pid one)" arrived
is "webhook_batch_fills" '[["msg-1",[1,2,3]]]' \
    "$(came 'map([.headers["webhook-id"], [.body.events[].record.i]])')"
is "what_waits_for_a_batch_is_held" 1 "$(hooks .held)"
is "drain_ends_a_batch" '[[1,2,3],[4]]' "$(seen 'map([.body.events[].record.i])')"
fresh --quirk webhook-batch=3:50ms
api POST /contacts "$create" >/dev/null
await "$(pid one)" arrived
is "webhook_batch_waits_only_so_long" 1 "$(came '.[0].body.events | length')"

# --- the mark, the state file
fresh --quirk webhook-delay=1h
api POST /contacts "$create" >/dev/null
is "drain_says_what_is_left" '504 {"drained":false,"queued":1}' \
    "$(api POST /_sim/drain) $(jq -c . body)"
api POST /_sim/mark >/dev/null
is "mark_drops_the_queue" '[]' "$(hooks .queued)"
api POST /contacts "$create" >/dev/null
api POST /_sim/restore >/dev/null
is "restore_drops_the_queue" '[] [1,0]' "$(hooks .queued) $(count one '.webhooks | [.events,.lost]')"
quirk one webhook-delay null
api POST /contacts "$create" >/dev/null
is "restore_counts_events_on_from_the_mark" '"evt-2"' "$(seen '.[0].body.events[0].id')"
fresh --file state.json
api POST /contacts "$create" >/dev/null
stop_sim one
launch_sim one --file state.json --webhook "$(url in)"
api PATCH /contacts/1001 '{"phone":"9"}' >/dev/null
is "the_state_file_counts_events_on" '["evt-1","evt-2"]' "$(seen 'map(.body.events[0].id)')"
done_testing
