#!/bin/sh
# sync-sim: every path of its API and every quirk.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq

# A call to the simulator one; answer in the file body, head in head. Prints the status.
api() # METHOD PATH [BODY [CURL-OPTION...]]
{
    m=$1 p=$2 b=${3-}
    shift 2
    [ $# -gt 0 ] && shift
    : >body
    if [ -n "$b" ]; then
        set -- --data-binary "$b" "$@"
    fi
    sim one "$p" -X "$m" -D head -o body -w '%{http_code}' "$@" 2>curl
}

get() # JQ-FILTER of the last answer
{
    jq -c "$1" body
}

head_of() # NAME of a header of the last answer
{
    sed -n "s/^$1: \(.*\)\r\$/\1/p" head
}

advance() # TIME
{
    sim one /_sim/clock -o /dev/null -d "{\"advance\":\"$1\"}"
}

fresh() # OPTION... : another simulator on a virtual clock
{
    launch_sim one --now 2026-01-01T00:00:00Z "$@"
}

log_last() # JQ-FILTER of its last entry
{
    sim one /_sim/log | jq -c "last | $1"
}

# --- starting and stopping
launch_sim one --account acme --seed 7
is "first_line_says_where" "$(cat one.said)" "$(cat one.ready)"
is "first_line_has_pid_and_account" "[$(pid one),\"acme\"]" "$(jq -c '[.pid,.account]' one.said)"
stop_sim one
is "sigterm_ends_with_0" 0 $?
try sync-sim --quirk uniqe=email
is "unknown_quirk_is_64" 64 $rc
like "unknown_quirk_names_the_nearest" 'unknown quirk "uniqe"; nearest: unique$' "$(cat err)"
try sync-sim --quirk fail-next=2:99
is "bad_quirk_value_is_64" 64 $rc
try sync-sim --id number
is "bad_id_kind_is_64" 64 $rc
sync-sim --list-quirks >quirks
is "list_quirks_has_a_line_each" 69 "$(grep -c . quirks)"
missing=$(while read -r word rest; do
    grep -q "^\.It Cm ${word%%=*}\( \|\$\)" "$top_srcdir/man/sync-sim.1" || echo "${word%%=*}"
done <quirks)
is "page_has_every_quirk" '' "$missing"

# --- the common options
cat >two.ndjson <<'EOF'
{"id":1,"email":"a@x"}
{"id":2,"email":"b@x"}
EOF
echo '{"email":"c@x"}' >third.ndjson
# Its status, and the files it made.
plan() # OPTION...
{
    ls -A >before
    try timeout 60 sync-sim -n "$@"
    ls -A >after
    echo "$rc$(comm -13 before after | grep -vxE 'after|out|err' | tr '\n' ' ')"
}
launch_sim one
taken=$(url one)
taken=${taken#http://}
is "dry_run_binds_nothing" 0 "$(plan --listen "$taken")"
is "dry_run_says_where_on_stderr" \
    "sync-sim: would serve account sim-1 on $taken: contacts 0" "$(cat err)"
is "dry_run_says_nothing_on_stdout" '' "$(cat out)"
try timeout 60 sync-sim --listen "$taken"
is "without_it_the_port_is_taken" 74 $rc
stop_sim one
is "dry_run_leaves_no_file" 0 "$(plan --file kept --ready-file ready --account acme \
    --collection deals --load contacts=two.ndjson --load contacts=third.ndjson \
    --quirk trim --quirk lower=email --quirk html=off)"
is "dry_run_counts_records_and_names_quirks" \
    "sync-sim: would serve account acme on 127.0.0.1:0: deals 0, contacts 3; quirks lower=email, trim" \
    "$(cat err)"
is "dry_run_as_json" 0 "$(plan --json --collection deals --load contacts=two.ndjson \
    --quirk page-order --quirk rate=2/1000)"
is "dry_run_as_json_is_on_stdout" \
    '{"account":"sim-1","listen":"127.0.0.1:0","records":{"deals":0,"contacts":2},"quirks":["page-order=unstable","rate=2/1000"],"webhooks":[]}' \
    "$(cat out)"
is "dry_run_as_json_has_no_line_on_stderr" '' "$(cat err)"
is "quiet_dry_run_says_nothing" '0 0' "$(plan -q) $(cat out err | wc -c)"
is "dry_run_json_on_a_full_disk_is_74" 74 "$(sync-sim -n --json 2>err >/dev/full; echo $?)"

refuses() # NAME STATUS ERE OPTION... : with -n and without
{
    name=$1 status=$2 why=$3
    shift 3
    is "dry_run_refuses_$name" "$status" "$(plan "$@")"
    like "dry_run_says_why_of_$name" ": error: .*$why" "$(cat err)"
    cp err planned
    try timeout 60 sync-sim "$@"
    is "a_start_refuses_$name" "$status" "$rc"
    same_file "a_start_says_the_same_of_$name" planned err
}
printf '{"id":1}\n{"id":\n' >torn.ndjson
echo '{"no":"state"}' >other.json
refuses unknown_quirks 64 'unknown quirk "x"' --quirk x
refuses bad_values_of_quirks 64 'quirk rate wants' --quirk rate=often
refuses quirks_not_in_utf8 64 'quirk is not UTF-8' --quirk "$(printf 'wrap=\377')"
refuses accounts_not_in_utf8 64 'account is not UTF-8' --account "$(printf '\377')"
refuses addresses_without_port 64 'ADDR:PORT' --listen 127.0.0.1
refuses names_as_addresses 64 'no address' --listen here:80
refuses ports_over_65535 64 'no address' --listen 127.0.0.1:65536
refuses bad_ids 64 'id is int' --id 5
refuses bad_seeds 64 'seed wants' --seed -1
refuses bad_clocks 64 'now' --now noon
refuses a_tick_without_clock 64 'needs --now' --tick 1s
refuses bad_collections 64 'cannot be a collection' --collection A
refuses loads_without_file 64 'NAME=FILE' --load contacts
refuses loads_into_bad_collections 64 'cannot be a collection' --load A=two.ndjson
refuses files_that_are_not_there 74 'none: No such file' --load contacts=none
refuses broken_lines 78 'torn.ndjson:2: ' --load contacts=torn.ndjson
refuses ids_in_two_files 78 'two.ndjson:1: id 1 is there twice' \
    --load contacts=two.ndjson --load contacts=two.ndjson
refuses foreign_state 78 'other.json is no state' --file other.json
refuses state_in_no_folder 74 'none/state.new: No such file' --file none/state
refuses a_folder_as_state 74 'Is a directory' --file "$tmp"
refuses ready_files_in_no_folder 74 'none/ready.new: No such file' --ready-file none/ready
refuses operands 64 'no operands' now
refuses configs 64 'config: there is no config here' -c other.json
refuses rejects 64 'rejects: no line is set aside' --rejects rejected --list-quirks
refuses log_formats 64 'log-format is text or json' --log-format=xml

launch_sim one --json --log-format=json -v --quirk trim
same_file "the_first_line_is_json_anyway" one.ready one.said
api GET '/contacts?limit=5' >/dev/null
add one '{"a":1}'
quirk one drop-next 1
api POST /contacts '{"a":2}' >/dev/null
stop_sim one
is "verbose_says_what_is_served_and_each_call" \
    "serves account sim-1 on $(jq -r .url one.said): contacts 0; quirks trim
GET /contacts?limit=5: 200
POST /_human/contacts: 201
POST /_sim/quirk: 200
POST /contacts: not answered" \
    "$(jq -r .text one.log)"
launch_sim one --file "$tmp/kept"
add one '{"a":1}'
is "without_verbose_nothing_is_said" 0 "$(wc -c <one.log)"
stop_sim one
cp kept kept.before
is "dry_run_reads_the_state" "0 sync-sim: would serve account sim-1 on 127.0.0.1:0: contacts 1" \
    "$(plan --file kept --load contacts=two.ndjson) $(cat err)"
same_file "dry_run_leaves_the_state_alone" kept.before kept
plan -v --file kept --load contacts=two.ndjson >/dev/null
has "verbose_says_what_is_not_loaded" \
    "two.ndjson is not loaded: contacts has records in the state file"
sync-sim --list-quirks --json >quirks.json
is "list_quirks_as_json_has_a_line_each" 69 "$(jq -c 'select(.help)' quirks.json | grep -c .)"
is "list_quirks_as_json_is_the_list" "$(sed 's/ .*//' quirks)" \
    "$(jq -r '[.name, .value // empty] | join("=")' quirks.json)"
is "list_quirks_on_a_full_disk_is_74" 74 "$(sync-sim --list-quirks 2>err >/dev/full; echo $?)"
has "list_quirks_on_a_full_disk_says_so" "error: stdout: No space left"

# --- the API
fresh
is "account" '200 {"id":"sim-1"}' "$(api GET /account) $(get .)"
is "post_creates" 201 "$(api POST /contacts '{"email":"a@x","n":0.1,"big":9007199254740993,"id":5}')"
is "post_answers_the_record" \
    '{"id":1001,"email":"a@x","n":0.1,"big":9007199254740993,"created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z","rev":1}' \
    "$(cat body)"
is "post_says_location" /contacts/1001 "$(head_of Location)"
is "get_finds_it" '200 "a@x"' "$(api GET /contacts/1001) $(get .email)"
is "get_has_an_etag" '"1"' "$(head_of ETag)"
is "patch_is_partial" '200 {"email":"a@x","n":null,"rev":2}' \
    "$(api PATCH /contacts/1001 '{"n":null}') $(get '{email,n,rev}')"
is "write_moves_updated_at" '"2026-01-01T00:00:00.001Z"' "$(get .updated_at)"
is "put_replaces" '200 {"id":1001,"phone":"1"}' \
    "$(api PUT /contacts/1001 '{"phone":"1"}') $(get 'del(.created_at,.updated_at,.rev)')"
is "patch_without_change_moves_nothing" '200 3 "2026-01-01T00:00:00.002Z"' \
    "$(api PATCH /contacts/1001 '{"phone":"1"}') $(get .rev) $(get .updated_at)"
is "stale_if_match_is_412" 412 "$(api PATCH /contacts/1001 '{"phone":"2"}' -H 'If-Match: "2"')"
is "right_if_match_is_200" 200 "$(api PATCH /contacts/1001 '{"phone":"2"}' -H 'If-Match: "4", "3"')"
is "stale_if_match_stops_delete" 412 "$(api DELETE /contacts/1001 '' -H 'If-Match: "1"')"
is "delete_is_204" 204 "$(api DELETE /contacts/1001)"
is "deleted_is_404" '404 "not_found"' "$(api GET /contacts/1001) $(get .error)"
is "patch_of_deleted_is_404" 404 "$(api PATCH /contacts/1001 '{"a":1}')"
is "unknown_collection_is_404" '404 "unknown_collection"' "$(api GET /deals) $(get .error)"
is "bad_json_is_400" 400 "$(api POST /contacts '{"a":')"
is "array_is_400" 400 "$(api POST /contacts '[1]')"
head -c 1100000 /dev/zero | tr '\0' ' ' >big
is "big_body_is_413" 413 "$(api POST /contacts @big)"
is "broken_escape_is_400" 400 "$(api GET '/contacts?a=%zz')"
is "wrong_method_is_405" 405 "$(api PATCH /contacts '{}')"
is "repeated_create_makes_two" '201 201' \
    "$(api POST /contacts '{"email":"t"}') $(api POST /contacts '{"email":"t"}')"

is "first_key_creates" '201 ' \
    "$(api POST /contacts '{"email":"k"}' -H 'Idempotency-Key: K1') $(head_of Idempotent-Replayed)"
cp body first
is "same_key_replays" '201 true' \
    "$(api POST /contacts '{"email":"k"}' -H 'Idempotency-Key: K1') $(head_of Idempotent-Replayed)"
same_file "replay_is_the_stored_answer" first body
is "key_is_in_the_log" '["K1",false]' "$(log_last '[.idempotency_key,.applied]')"

# --- what only a person can do: undelete and merge
fresh
api POST /contacts '{"email":"a@x","phone":"1"}' >/dev/null
api DELETE /contacts/1001 >/dev/null
is "restore_brings_a_record_back" '200 {"id":1001,"email":"a@x","phone":"1","rev":3}' \
    "$(api POST /_human/contacts/1001/restore) $(get 'del(.created_at,.updated_at)')"
is "restored_is_read_and_listed" '200 [1001]' \
    "$(api GET /contacts/1001) $(sim one '/contacts?updated_since=2026-01-01' | jq -c '[.items[].id]')"
is "restored_is_found_by_a_field" '[1001]' "$(sim one '/contacts?email=a@x' | jq -c '[.items[].id]')"
is "what_is_there_cannot_be_restored" 404 "$(api POST /_human/contacts/1001/restore)"
api DELETE /contacts/1001 >/dev/null
api POST /contacts '{"email":"a@x"}' >/dev/null
quirk one unique '"email"'
is "a_taken_key_cannot_be_restored" '409 1002' \
    "$(api POST /_human/contacts/1001/restore) $(get .existing_id)"
is "restore_is_a_post" 405 "$(api PATCH /_human/contacts/1002/merge)"

fresh
for body in '{"email":"a@x","phone":"1","notes":"n"}' '{"email":"b@x","phone":"","notes":"m"}'; do
    api POST /contacts "$body" >/dev/null
done
is "merge_fills_what_is_empty" '200 {"id":1002,"email":"b@x","phone":"1","notes":"m","rev":2}' \
    "$(api POST /_human/contacts/1001/merge '{"into":1002}') $(get 'del(.created_at,.updated_at)')"
is "the_loser_is_gone" '404 [1002]' \
    "$(api GET /contacts/1001) $(sim one /contacts | jq -c '[.items[].id]')"
is "a_merge_is_a_human_edit" '["human",true,0]' \
    "$(sim one /_sim/log | jq -c --argjson n "$(count one .updates)" \
        '.[] | select(.path | endswith("merge")) | [.actor, .applied, $n]')"
is "a_merge_needs_another_record" '400 400 400 404' \
    "$(api POST /_human/contacts/1002/merge '{"into":1002}') $(api POST /_human/contacts/1002/merge '{"into":9}') $(api POST /_human/contacts/1002/merge '{}') $(api POST /_human/contacts/1001/merge '{"into":1002}')"
is "no_other_path_of_a_record" 404 "$(api POST /_human/contacts/1002/split)"

# --- listings
fresh --collection deals --collection things --tick 0
for i in 1 2 3 4 5; do api POST /deals "{\"i\":$i,\"k\":\"k$((i % 2))\"}" >/dev/null; done
advance 1h
for i in 6 7; do api POST /deals "{\"i\":$i,\"k\":\"k$((i % 2))\"}" >/dev/null; done
pages() # URL : the i of each page by next_url
{
    next=$1
    while [ "$next" != null ]; do
        api GET "$next" >/dev/null
        get '[.items[].i]'
        next=$(jq -r .next_url body)
    done | tr -d '\n'
}
is "list_is_sorted_by_time_and_id" '[1,2,3,4,5,6,7]' "$(api GET /deals >/dev/null; get '[.items[].i]')"
is "cursor_pages_lose_nothing" '[1,2,3][4,5,6][7]' "$(pages '/deals?limit=3')"
is "offset_pages_lose_nothing" '[1,2,3][4,5,6][7]' "$(pages '/deals?limit=3&offset=0')"
is "page_pages_lose_nothing" '[1,2,3][4,5,6][7]' "$(pages '/deals?limit=3&page=1')"
is "since_is_inclusive" '[6,7] 2' \
    "$(api GET '/deals?updated_since=2026-01-01T01:00:00Z' >/dev/null; get '[.items[].i]') $(get .total)"
is "since_with_cursor_pages" '[6][7]' "$(pages '/deals?limit=1&updated_since=2026-01-01T01:00:00Z')"
is "filter_finds" '[1,3,5,7] 4' \
    "$(api GET '/deals?k=k1' >/dev/null; get '[.items[].i]') $(get .total)"
is "filter_follows_writes" '[3,5,7]' \
    "$(api PATCH /deals/1001 '{"k":"other"}' >/dev/null; api GET '/deals?k=k1' >/dev/null; get '[.items[].i]')"
is "filter_with_pages" '[3,5][7]' "$(pages '/deals?k=k1&limit=2')"
is "filter_by_number" '[4]' "$(api GET '/deals?i=4' >/dev/null; get '[.items[].i]')"
is "filter_by_id" '[4]' "$(api GET '/deals?id=1004' >/dev/null; get '[.items[].i]')"
is "search_finds_by_body" '[3,5]' \
    "$(api POST /deals/search '{"filters":{"k":"k1"},"limit":2}' >/dev/null; get '[.items[].i]')"
is "search_goes_on_by_cursor" '[7]' \
    "$(api POST /deals/search "{\"filters\":{\"k\":\"k1\"},\"cursor\":$(get .next_cursor)}" >/dev/null; get '[.items[].i]')"
is "cursor_survives_a_write" '[3]' \
    "$(api GET '/deals?limit=1' >/dev/null; c=$(jq -r .next_cursor body)
       api PATCH /deals/1002 '{"z":1}' >/dev/null
       api GET "/deals?limit=1&cursor=$c" >/dev/null; get '[.items[].i]')"
is "changed_record_moves_to_the_end" '[3,4,5,6,7,1,2]' \
    "$(advance 1s
       api PATCH /deals/1001 '{"z":1}' >/dev/null; api PATCH /deals/1002 '{"z":2}' >/dev/null
       api GET /deals >/dev/null; get '[.items[].i]')"
is "bad_cursor_is_400" 400 "$(api GET '/deals?cursor=xyz')"
is "bad_since_is_400" 400 "$(api GET '/deals?updated_since=soon')"
is "bad_limit_is_400" 400 "$(api GET '/deals?limit=0')"
is "limit_over_page_max_is_400" 400 "$(api GET '/deals?limit=1001')"
is "empty_collection_lists" '{"items":[],"next_cursor":null,"next_url":null,"has_more":false,"total":0}' \
    "$(api GET /things >/dev/null; cat body)"

# --- humans, log, counters, control
fresh --token secret
auth='Authorization: Bearer secret'
is "no_token_is_401" '401 "unauthorized"' "$(api GET /account) $(get .error)"
is "wrong_token_is_401" 401 "$(api GET /account '' -H 'Authorization: Bearer secre')"
is "right_token_is_200" 200 "$(api GET /account '' -H "$auth")"
is "human_creates_without_token" 201 "$(api POST /_human/contacts '{"a":1}')"
is "human_patches" '200 2' "$(api PATCH /_human/contacts/1001 '{"a":2}') $(get .a)"
is "human_is_the_actor" '["human","PATCH","/_human/contacts/1001",{"a":2},200,true,true]' \
    "$(log_last '[.actor,.method,.path,.body,.status,.applied,.changed]')"
is "api_is_the_actor" '["api","GET","a=b%20c",404]' \
    "$(api GET '/contacts/9?a=b%20c' '' -H "$auth" >/dev/null; log_last '[.actor,.method,.query,.status]')"
is "human_deletes" 204 "$(api DELETE /_human/contacts/1001)"
is "log_since_skips" 1 \
    "$(last=$(log_last .n); sim one "/_sim/log?since=$((last - 1))" | jq length)"
sim one /_sim/reset-counters -X POST -o /dev/null
api POST /contacts '{"a":1}' -H "$auth" >/dev/null
api PATCH /contacts/1002 '{"a":2}' -H "$auth" >/dev/null
api PATCH /contacts/1002 '{"a":2}' -H "$auth" >/dev/null
api GET /contacts/1002 '' -H "$auth" >/dev/null
api GET /contacts '' -H "$auth" >/dev/null
api GET /contacts >/dev/null
api DELETE /contacts/1002 '' -H "$auth" >/dev/null
api POST /_human/contacts '{"a":1}' >/dev/null
is "counters_count_calls_by_effect" \
    '{"calls":7,"reads":1,"lists":1,"creates":1,"updates":2,"deletes":1,"refused":1,"refused_writes":0,"noop_updates":1,"replays":0,"dropped":0,"by_status":{"200":4,"201":1,"204":1,"401":1}}' \
    "$(count one 'del(.webhooks)')"
is "clock_says_the_time" '"2026-01-01T00:00:00.007Z"' "$(api GET /_sim/clock >/dev/null; get .now)"
is "unknown_control_path_is_404" 404 "$(api GET /_sim/nothing)"
is "unknown_quirk_at_run_time_is_400" 400 "$(api POST /_sim/quirk '{"name":"nope","value":1}')"
is "save_without_file_is_409" 409 "$(api POST /_sim/save)"

# --- ids, files
for kind in int int64 text uuid; do
    fresh --id $kind --seed 3
    api POST /contacts '{}' >/dev/null
    one=$(get .id)
    fresh --id $kind --seed 3
    is "same_seed_same_id_$kind" "$one" "$(api POST /contacts '{}' >/dev/null; get .id)"
    ids="$ids $one"
done
set -- $ids
is "int_ids_count_from_the_seed" 3001 "$1"
ok "int64_ids_do_not_fit_a_double" test ${#2} -ge 18
like "text_ids_have_18_characters" '^"[0-9A-Za-z]{18}"$' "$3"
like "uuids_are_version_4" '^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$' "$4"

cat >load.ndjson <<'EOF'
{"id":42,"email":"l@x","updated_at":"2025-05-05T00:00:00Z","created_at":"2025-01-01T00:00:00Z"}
{"email":"m@x"}
EOF
fresh --file state --load contacts=load.ndjson
is "load_keeps_ids_and_times" '[42,"2025-05-05T00:00:00.000Z"]' \
    "$(api GET /contacts/42 >/dev/null; get '[.id,.updated_at]')"
is "load_makes_ids" '[42,1001]' "$(dump one 'map(.id)')"
api POST /contacts '{"n":1.0}' -H 'Idempotency-Key: F' >/dev/null
is "save_writes_the_file" 200 "$(api POST /_sim/save)"
dump one >saved
fresh --file state --load contacts=load.ndjson
dump one >loaded
same_file "state_comes_back_the_same" saved loaded
is "keys_come_back" 'true' \
    "$(api POST /contacts '{}' -H 'Idempotency-Key: F' >/dev/null; head_of Idempotent-Replayed)"
is "ids_go_on" 1003 "$(api POST /contacts '{}' >/dev/null; get .id)"
printf '{"id":1}\n{"id":1}\n' >twice
try sync-sim --load contacts=twice
is "bad_load_is_78" 78 $rc
has "bad_load_names_the_line" "twice:2: id 1 is there twice"
echo '{' >broken
try sync-sim --file broken
is "broken_state_is_78" 78 $rc

# --- quirks of storage
fresh
api POST /contacts '{"a":1}' >/dev/null
quirk one noop-touches
is "noop_touches" '200 2 "2026-01-01T00:00:00.001Z"' \
    "$(api PATCH /contacts/1001 '{"a":1}') $(get .rev) $(get .updated_at)"
is "noop_touches_is_no_change" '[true,false]' "$(log_last '[.applied,.changed]')"
quirk one noop-touches null
is "quirk_null_switches_off" '200 2' "$(api PATCH /contacts/1001 '{"a":1}') $(get .rev)"
shaped() # BODY
{
    api POST /contacts "$1" >/dev/null
    get 'del(.id,.created_at,.updated_at,.rev)'
}
quirk one lower '"email,login"'
is "lower" '{"email":"a@x","login":"b","name":"C"}' \
    "$(shaped '{"email":"A@X","login":"B","name":"C"}')"
quirk one trim
is "trim" '{"name":"a b"}' "$(shaped '{"name":" a b\t\n"}')"
quirk one digits '"phone"'
is "digits" '{"phone":"+4912","fax":"(1)"}' "$(shaped '{"phone":"+49 (1)-2","fax":"(1)"}')"
quirk one truncate '"name:3"'
is "truncate_counts_characters" '{"name":"äö😀","other":"abcd"}' \
    "$(shaped '{"name":"äö😀xyz","other":"abcd"}')"
quirk one empty-null
is "empty_null" '{"a":null,"b":"x"}' "$(shaped '{"a":"","b":"x"}')"
quirk one bool-int
is "bool_int" '{"a":1,"b":0}' "$(shaped '{"a":true,"b":false}')"
quirk one string-values
is "string_values" '{"a":"5","b":"0.1","c":"1","d":null,"e":["2"]}' \
    "$(shaped '{"a":5,"b":0.1,"c":true,"d":null,"e":[2]}')"
is "string_values_of_ids" '["string","string"]' "$(get '[.id,.rev]|map(type)')"
fresh --quirk second-stamps
advance 1500ms
is "second_stamps" '"2026-01-01T00:00:01Z"' \
    "$(api POST /contacts '{}' >/dev/null; get .updated_at)"
quirk one unique '"email"'
api POST /contacts '{"email":"u"}' >/dev/null
is "unique" '409 {"existing_id":1002,"field":"email"}' \
    "$(api POST /contacts '{"email":"u"}') $(get '{existing_id,field}')"
is "unique_lets_the_same_record" 200 "$(api PATCH /contacts/1002 '{"email":"u","b":1}')"
is "unique_refuses_updates_too" 409 "$(api PATCH /contacts/1001 '{"email":"u"}')"
is "unique_forgets_the_deleted" '204 201' \
    "$(api DELETE /contacts/1002) $(api POST /contacts '{"email":"u"}')"
quirk one reject '"stage:won,stage:lost"'
is "reject" '422 "stage" 422 201' \
    "$(api POST /contacts '{"stage":"won"}') $(get .field) $(api POST /contacts '{"stage":"lost"}') $(api POST /contacts '{"stage":"wo"}')"

# --- quirks of the wire
fresh
api POST /contacts '{"a":1}' >/dev/null
quirk one gone-403
is "gone_403" '403 403' "$(api GET /contacts/9) $(api PATCH /contacts/9 '{}')"
quirk one put-only
is "put_only_refuses_patch" 405 "$(api PATCH /contacts/1001 '{"b":2}')"
is "put_only_makes_put_partial" '200 [1,2]' "$(api PUT /contacts/1001 '{"b":2}') $(get '[.a,.b]')"
quirk one put-only null
quirk one answer-none
is "answer_none_of_updates" '204 0' \
    "$(api PATCH /contacts/1001 '{"a":5}') $(wc -c <body)"
is "answer_none_of_creates" '201 0 /contacts/1002' \
    "$(api POST /contacts '{"a":5}') $(wc -c <body) $(head_of Location)"
quirk one answer-none null
quirk one form-bodies
is "form_bodies_refuses_json" 415 \
    "$(api POST /contacts '{"a":1}' -H 'Content-Type: application/json')"
is "form_bodies" '201 {"a":"1 2","n":{"x":"&"}}' \
    "$(api POST /contacts 'a=1+2&n[x]=%26') $(get '{a,n}')"
is "form_bodies_must_be_utf8" 400 "$(api POST /contacts 'a=%ff')"
quirk one form-bodies null
quirk one wrap '"data"'
is "wrap_refuses_the_bare" 400 "$(api POST /contacts '{"a":1}')"
is "wrap" '201 7' "$(api POST /contacts '{"data":{"a":7}}') $(get .data.a)"
is "wrap_in_lists" '["data"]' "$(api GET '/contacts?limit=1' >/dev/null; get '.items[0]|keys')"
quirk one wrap null
quirk one pairs
is "pairs_refuses_the_plain" 400 "$(api POST /contacts '{"a":1}')"
is "pairs" '201 [{"id":"a","value":7}]' \
    "$(api POST /contacts '{"fields":[{"id":"a","value":7}]}') $(get .fields)"
quirk one pairs null
quirk one null-first-update
is "null_first_update" '201 null 200 "string"' \
    "$(api POST /contacts '{"a":1}') $(get .updated_at) $(api PATCH "/contacts/$(get .id)" '{"a":2}') $(get '.updated_at|type')"
quirk one error-200
is "error_200" '200 {"status":400,"code":"bad_json"}' \
    "$(api POST /contacts '{') $(get '.error|{status,code}')"
quirk one error-200 null
quirk one html-errors
is "html_errors" '400 text/html; charset=utf-8' "$(api POST /contacts '{') $(head_of Content-Type)"
quirk one html-errors null

# --- quirks of listings
list() # QUERY
{
    api GET "/contacts$1" >/dev/null
    get '[.items[].i]'
}
fresh --tick 1s
for i in 1 2 3 4 5; do api POST /contacts "{\"i\":$i}" >/dev/null; done
quirk one since-fuzz 1500
is "since_fuzz" '[2,3,4,5]' "$(list '?updated_since=2026-01-01T00:00:02Z')"
quirk one since-fuzz null
quirk one limit-cap 2
is "limit_cap" '[1,2] "string"' "$(list '?limit=4') $(get '.next_cursor|type')"
quirk one limit-cap null
quirk one same-cursor
c=$(list '?limit=2' >/dev/null; jq -r .next_cursor body)
is "same_cursor" "[3,4] \"$c\" [3,4]" \
    "$(list "?limit=2&cursor=$c") $(get .next_cursor) $(list "?limit=2&cursor=$c")"
quirk one same-cursor null
quirk one end-early
is "end_early" '[1,2][3,4]' "$(pages '/contacts?limit=2')"
is "end_early_by_offset" '[]' "$(list '?limit=2&offset=4')"
is "end_early_keeps_a_single_page" '[1,2,3,4,5]' "$(list '')"
quirk one end-early null
api PATCH /contacts/1002 '{"closed":true}' >/dev/null
quirk one hide-closed
is "hide_closed" '[1,3,4,5] 4' "$(list '') $(get .total)"
is "include_closed" '[1,3,4,5,2]' "$(list '?include_closed=true')"

fresh --tick 0 --quirk page-order=unstable
for i in 1 2 3 4 5 6 7 8; do api POST /contacts "{\"i\":$i}" >/dev/null; done
one=$(list '')
two=$(list '')
ok "page_order_differs_between_pages" test "$one" != "$two"
is "page_order_is_complete" '[1,2,3,4,5,6,7,8]' "$(echo "$one" | jq -c sort)"

fresh --tick 1s
api POST /contacts '{"i":1}' >/dev/null
quirk one lag-ms 3000
api PATCH /contacts/1001 '{"i":2}' >/dev/null
is "lag_answer_is_fresh" 2 "$(get .i)"
is "lag_hides_from_reads_and_lists" '1 [1]' "$(api GET /contacts/1001 >/dev/null; get .i) $(list '')"
is "lag_hides_from_finds" '[] [1]' "$(list '?i=2') $(list '?i=1')"
is "lag_hides_creates_from_reads" '201 404' \
    "$(api POST /contacts '{"i":3}') $(api GET /contacts/1002)"
advance 3s
is "lag_ends" '2 [2,3]' "$(api GET /contacts/1001 >/dev/null; get .i) $(list '')"
api DELETE /contacts/1001 >/dev/null
is "lag_shows_the_deleted" '200 [2,3]' "$(api GET /contacts/1001) $(list '')"
quirk one lag-ms null
is "without_lag_all_is_shown" '404 [3]' "$(api GET /contacts/1001) $(list '')"
advance 3s
quirk one find-lag-ms 3000
api PATCH /contacts/1002 '{"i":4}' >/dev/null
is "find_lag_shows_reads" 4 "$(api GET /contacts/1002 >/dev/null; get .i)"
is "find_lag_hides_from_lists" '[3] []' "$(list '') $(list '?i=4')"

# --- limits and failures
fresh --quirk rate=2/600000 --quirk limit-status=503
is "rate" '200 200 503' "$(api GET /account) $(api GET /account) $(api GET /account)"
ok "rate_says_how_long" test "$(head_of Retry-After)" -gt 300
is "limited_calls_are_refused" 1 "$(count one .refused)"
quirk one rate null
quirk one limit-status null
quirk one limit-next 2
is "limit_next" '429 429 200' "$(api GET /account) $(api GET /account) $(api GET /account)"
quirk one limit-next 1
is "limit_next_says_one_second" '429 1' "$(api GET /account) $(head_of Retry-After)"
quirk one fail-next '"2:502"'
is "fail_next_spares_reads" 200 "$(api GET /account)"
is "fail_next" '502 502 201' \
    "$(api POST /contacts '{}') $(api POST /contacts '{}') $(api POST /contacts '{}')"
is "fail_next_has_no_effect" 1 "$(dump one length)"
quirk one fail-next 1
is "fail_next_is_500" 500 "$(api PATCH /contacts/1001 '{"a":1}')"
quirk one apply-then-fail 1
is "apply_then_fail" '500 {"a":2}' \
    "$(api PATCH /contacts/1001 '{"a":2}') $(sim one /contacts/1001 | jq -c '{a}')"
is "apply_then_fail_keeps_the_key" '500 201 true' \
    "$(quirk one apply-then-fail 1; api POST /contacts '{}' -H 'Idempotency-Key: A') $(api POST /contacts '{}' -H 'Idempotency-Key: A') $(head_of Idempotent-Replayed)"
quirk one apply-then-drop 1
is "apply_then_drop" '000 {"a":3}' \
    "$(api PATCH /contacts/1001 '{"a":3}') $(sim one /contacts/1001 | jq -c '{a}')"
quirk one drop-next 1
is "drop_next" '000 {"a":3}' \
    "$(api PATCH /contacts/1001 '{"a":4}') $(sim one /contacts/1001 | jq -c '{a}')"
is "drops_are_counted" 2 "$(count one .dropped)"
quirk one html-once 1
is "html_once" '200 text/html; charset=utf-8' \
    "$(api PATCH /contacts/1001 '{"a":5}') $(head_of Content-Type)"
is "html_once_has_no_effect" '200 3' "$(api GET /contacts/1001) $(get .a)"
quirk one html
is "html" 'text/html; charset=utf-8' "$(api GET /account >/dev/null; head_of Content-Type)"
quirk one html null
quirk one slow-ms 300 # of a clock in ms: the first of them may be nearly over
is "slow_ms_holds_answers_back" 1 \
    "$(sim one /account -o /dev/null -w '%{time_total}' | awk '{ print ($1 >= 0.299) }')"
sim one /account -o /dev/null &
slow=$!
quirk one slow-ms null
wait $slow
is "slow_answers_come" 0 $?
quirk one slow-ms 600000
before=$(log_last .n)
arrived() { [ "$(log_last .n)" != "$before" ]; }
sim one /account -o /dev/null 2>/dev/null &
slow=$!
await $slow arrived
stop_sim one
is "ends_while_answers_are_held_back" 0 $?
wait $slow

# --- a scope that is lost
fresh --quirk scope-lost
api POST /contacts '{"email":"a@x"}' >/dev/null
is "scope_lost_forbids_reads" '403 "forbidden" 403' \
    "$(api GET /contacts/1001) $(get .error) $(api GET /contacts/9)"
is "scope_lost_empties_lists" '200 {"items":[],"next_cursor":null,"next_url":null,"has_more":false,"total":0} 200 0' \
    "$(api GET /contacts) $(cat body) $(api POST /contacts/search '{"filters":{"email":"a@x"}}') $(get .total)"
is "scope_lost_lets_write" '200 2' "$(api PATCH /contacts/1001 '{"phone":"1"}') $(get .rev)"
quirk one scope-lost null
is "the_scope_is_back" '200 1' "$(api GET /contacts/1001) $(sim one /contacts | jq .total)"

# --- the mark
fresh
is "the_date_is_of_its_clock" 'Thu, 01 Jan 2026 00:00:00 GMT' "$(api GET /account >/dev/null; head_of Date)"
is "nothing_to_restore" 409 "$(api POST /_sim/restore)"
api POST /contacts '{"a":1}' >/dev/null
quirk one reject '"a:9"'
api POST /_sim/mark >/dev/null
for _ in 1 2; do
    api PATCH /contacts/1001 '{"a":2}' >/dev/null
    api POST /contacts '{"a":3}' >/dev/null
    quirk one reject null
    api POST /_sim/clock '{"advance":"1h"}' >/dev/null
    is "restores_the_mark" 200 "$(api POST /_sim/restore)"
    is "restores_records" '[{"id":1001,"a":1,"created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z","rev":1}]' \
        "$(dump one .)"
    is "restores_counters" '[1,0]' "$(count one '[.creates,.updates]')"
    is "restores_the_clock" '"2026-01-01T00:00:00.001Z"' "$(api GET /_sim/clock >/dev/null; get .now)"
    is "restores_quirks" 422 "$(api PATCH /contacts/1001 '{"a":9}')"
    is "restores_ids" '201 1002' "$(api POST /contacts '{"a":4}') $(get .id)"
    api POST /_sim/restore >/dev/null
done
done_testing
