#!/bin/sh
# sync-sim: every path of its API and every quirk.
sim=${top_builddir:-.}/sync-sim
for tool in curl jq; do
    command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
tmp=$(mktemp -d) || exit 99
pids=
trap 'for p in $pids; do kill $p 2>/dev/null; done; rm -rf "$tmp"' EXIT
unset LOOPLESS_NOW http_proxy HTTP_PROXY
n=0

ok() { # STATUS NAME
    n=$((n + 1))
    if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

is() { # NAME WANT GOT
    [ "$2" = "$3" ]
    ok $? "$1"
    [ "$2" = "$3" ] || { echo "# want: $2"; echo "# got:  $3"; }
}

start() { # OPTION... ; sets pid and url
    rm -f "$tmp/ready"
    "$sim" --ready-file "$tmp/ready" "$@" >"$tmp/out" 2>"$tmp/err" &
    pid=$!
    pids="$pids $pid"
    while [ ! -e "$tmp/ready" ]; do
        kill -0 $pid 2>/dev/null || { cat "$tmp/err"; return 1; }
    done
    url=$(jq -r .url "$tmp/ready")
}

stop() { # sets rc
    kill "$pid"
    wait "$pid"
    rc=$?
}

api() { # METHOD PATH [BODY [CURL-OPTION...]] ; answer in $tmp/body, head in $tmp/head, prints status
    m=$1 p=$2 b=$3
    shift 2
    [ $# -gt 0 ] && shift
    : >"$tmp/body"
    if [ -n "$b" ]; then
        curl -sS -g -X "$m" -D "$tmp/head" -o "$tmp/body" -w '%{http_code}' "$@" \
            --data-binary "$b" "$url$p" 2>"$tmp/curl"
    else
        curl -sS -g -X "$m" -D "$tmp/head" -o "$tmp/body" -w '%{http_code}' "$@" "$url$p" \
            2>"$tmp/curl"
    fi
}

get() { # JQ-FILTER of the last answer
    jq -c "$1" "$tmp/body"
}

head_of() { # header value of the last answer
    sed -n "s/^$1: \(.*\)\r\$/\1/p" "$tmp/head"
}

quirk() { # NAME [VALUE as JSON]
    curl -sS -o /dev/null "$url/_sim/quirk" -d "{\"name\":\"$1\",\"value\":${2:-true}}"
}

fresh() { # OPTION... : another simulator on a virtual clock
    [ -n "$pid" ] && stop
    start --now 2026-01-01T00:00:00Z "$@"
}

count() {
    curl -sS "$url/_sim/counters" | jq -c "$1"
}

log_last() {
    curl -sS "$url/_sim/log" | jq -c "last | $1"
}

# --- starting and stopping
start --account acme --seed 7
is "first_line_says_where" "$(cat "$tmp/out")" "$(cat "$tmp/ready")"
is "first_line_has_pid_and_account" "[$pid,\"acme\"]" "$(jq -c '[.pid,.account]' "$tmp/out")"
stop
is "sigterm_ends_with_0" 0 $rc
"$sim" --quirk uniqe=email 2>"$tmp/err"
is "unknown_quirk_is_64" 64 $?
grep -q 'unknown quirk "uniqe"; nearest: unique$' "$tmp/err"
ok $? "unknown_quirk_names_the_nearest"
"$sim" --quirk fail-next=2:99 2>/dev/null
is "bad_quirk_value_is_64" 64 $?
"$sim" --id number 2>/dev/null
is "bad_id_kind_is_64" 64 $?
"$sim" --list-quirks >"$tmp/quirks"
is "list_quirks_has_a_line_each" 38 "$(grep -c . "$tmp/quirks")"
missing=$(while read -r word rest; do
    grep -q "^\.It Cm ${word%%=*}\( \|\$\)" "${top_srcdir:-.}/man/sync-sim.1" || echo "${word%%=*}"
done <"$tmp/quirks")
is "page_has_every_quirk" '' "$missing"

# --- the API
pid=
fresh
is "account" '200 {"id":"sim-1"}' "$(api GET /account) $(get .)"
is "post_creates" 201 "$(api POST /contacts '{"email":"a@x","n":0.1,"big":9007199254740993,"id":5}')"
is "post_answers_the_record" \
    '{"id":1001,"email":"a@x","n":0.1,"big":9007199254740993,"created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z","rev":1}' \
    "$(cat "$tmp/body")"
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
head -c 1100000 /dev/zero | tr '\0' ' ' >"$tmp/big"
is "big_body_is_413" 413 "$(api POST /contacts "@$tmp/big")"
is "broken_escape_is_400" 400 "$(api GET '/contacts?a=%zz')"
is "wrong_method_is_405" 405 "$(api PATCH /contacts '{}')"
is "repeated_create_makes_two" '201 201' \
    "$(api POST /contacts '{"email":"t"}') $(api POST /contacts '{"email":"t"}')"

is "first_key_creates" '201 ' \
    "$(api POST /contacts '{"email":"k"}' -H 'Idempotency-Key: K1') $(head_of Idempotent-Replayed)"
cp "$tmp/body" "$tmp/first"
is "same_key_replays" '201 true' \
    "$(api POST /contacts '{"email":"k"}' -H 'Idempotency-Key: K1') $(head_of Idempotent-Replayed)"
cmp -s "$tmp/body" "$tmp/first"
ok $? "replay_is_the_stored_answer"
is "key_is_in_the_log" '["K1",false]' "$(log_last '[.idempotency_key,.applied]')"

# --- listings
fresh --collection deals --collection things --tick 0
for i in 1 2 3 4 5; do api POST /deals "{\"i\":$i,\"k\":\"k$((i % 2))\"}" >/dev/null; done
curl -sS -o /dev/null "$url/_sim/clock" -d '{"advance":"1h"}'
for i in 6 7; do api POST /deals "{\"i\":$i,\"k\":\"k$((i % 2))\"}" >/dev/null; done
pages() { # URL : the i of each page by next_url
    next=$1
    while [ "$next" != null ]; do
        api GET "$next" >/dev/null
        get '[.items[].i]'
        next=$(jq -r .next_url "$tmp/body")
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
    "$(api GET '/deals?limit=1' >/dev/null; c=$(jq -r .next_cursor "$tmp/body")
       api PATCH /deals/1002 '{"z":1}' >/dev/null
       api GET "/deals?limit=1&cursor=$c" >/dev/null; get '[.items[].i]')"
is "changed_record_moves_to_the_end" '[3,4,5,6,7,1,2]' \
    "$(curl -sS -o /dev/null "$url/_sim/clock" -d '{"advance":"1s"}'
       api PATCH /deals/1001 '{"z":1}' >/dev/null; api PATCH /deals/1002 '{"z":2}' >/dev/null
       api GET /deals >/dev/null; get '[.items[].i]')"
is "bad_cursor_is_400" 400 "$(api GET '/deals?cursor=xyz')"
is "bad_since_is_400" 400 "$(api GET '/deals?updated_since=soon')"
is "bad_limit_is_400" 400 "$(api GET '/deals?limit=0')"
is "limit_over_page_max_is_400" 400 "$(api GET '/deals?limit=1001')"
is "empty_collection_lists" '{"items":[],"next_cursor":null,"next_url":null,"total":0}' \
    "$(api GET /things >/dev/null; cat "$tmp/body")"

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
    "$(last=$(log_last .n); curl -sS "$url/_sim/log?since=$((last - 1))" | jq length)"
curl -sS -o /dev/null -X POST "$url/_sim/reset-counters"
api POST /contacts '{"a":1}' -H "$auth" >/dev/null
api PATCH /contacts/1002 '{"a":2}' -H "$auth" >/dev/null
api PATCH /contacts/1002 '{"a":2}' -H "$auth" >/dev/null
api GET /contacts/1002 '' -H "$auth" >/dev/null
api GET /contacts '' -H "$auth" >/dev/null
api GET /contacts >/dev/null
api DELETE /contacts/1002 '' -H "$auth" >/dev/null
api POST /_human/contacts '{"a":1}' >/dev/null
is "counters_count_calls_by_effect" \
    '{"calls":7,"reads":1,"lists":1,"creates":1,"updates":2,"deletes":1,"refused":1,"noop_updates":1,"replays":0,"dropped":0,"by_status":{"200":4,"201":1,"204":1,"401":1}}' \
    "$(count .)"
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
[ ${#2} -ge 18 ]
ok $? "int64_ids_do_not_fit_a_double"
expr "$3" : '"[0-9A-Za-z]\{18\}"$' >/dev/null
ok $? "text_ids_have_18_characters"
expr "$4" : '"[0-9a-f]\{8\}-[0-9a-f]\{4\}-4[0-9a-f]\{3\}-[89ab][0-9a-f]\{3\}-[0-9a-f]\{12\}"$' >/dev/null
ok $? "uuids_are_version_4"

cat >"$tmp/load.ndjson" <<'EOF'
{"id":42,"email":"l@x","updated_at":"2025-05-05T00:00:00Z","created_at":"2025-01-01T00:00:00Z"}
{"email":"m@x"}
EOF
fresh --file "$tmp/state" --load "contacts=$tmp/load.ndjson"
is "load_keeps_ids_and_times" '[42,"2025-05-05T00:00:00.000Z"]' \
    "$(api GET /contacts/42 >/dev/null; get '[.id,.updated_at]')"
is "load_makes_ids" '[42,1001]' "$(curl -sS "$url/_sim/dump/contacts" | jq -c 'map(.id)')"
api POST /contacts '{"n":1.0}' -H 'Idempotency-Key: F' >/dev/null
is "save_writes_the_file" 200 "$(api POST /_sim/save)"
curl -sS "$url/_sim/dump/contacts" >"$tmp/dump"
fresh --file "$tmp/state" --load "contacts=$tmp/load.ndjson"
curl -sS "$url/_sim/dump/contacts" >"$tmp/dump2"
cmp -s "$tmp/dump" "$tmp/dump2"
ok $? "state_comes_back_the_same"
is "keys_come_back" 'true' \
    "$(api POST /contacts '{}' -H 'Idempotency-Key: F' >/dev/null; head_of Idempotent-Replayed)"
is "ids_go_on" 1003 "$(api POST /contacts '{}' >/dev/null; get .id)"
printf '{"id":1}\n{"id":1}\n' >"$tmp/twice"
"$sim" --load "contacts=$tmp/twice" 2>"$tmp/err"
is "bad_load_is_78" 78 $?
grep -q "twice:2: id 1 is there twice" "$tmp/err"
ok $? "bad_load_names_the_line"
echo '{' >"$tmp/broken"
"$sim" --file "$tmp/broken" 2>/dev/null
is "broken_state_is_78" 78 $?

# --- quirks of storage
fresh
api POST /contacts '{"a":1}' >/dev/null
quirk noop-touches
is "noop_touches" '200 2 "2026-01-01T00:00:00.001Z"' \
    "$(api PATCH /contacts/1001 '{"a":1}') $(get .rev) $(get .updated_at)"
is "noop_touches_is_no_change" '[true,false]' "$(log_last '[.applied,.changed]')"
quirk noop-touches null
is "quirk_null_switches_off" '200 2' "$(api PATCH /contacts/1001 '{"a":1}') $(get .rev)"
shaped() { # BODY
    api POST /contacts "$1" >/dev/null
    get 'del(.id,.created_at,.updated_at,.rev)'
}
quirk lower '"email,login"'
is "lower" '{"email":"a@x","login":"b","name":"C"}' \
    "$(shaped '{"email":"A@X","login":"B","name":"C"}')"
quirk trim
is "trim" '{"name":"a b"}' "$(shaped '{"name":" a b\t\n"}')"
quirk digits '"phone"'
is "digits" '{"phone":"+4912","fax":"(1)"}' "$(shaped '{"phone":"+49 (1)-2","fax":"(1)"}')"
quirk truncate '"name:3"'
is "truncate_counts_characters" '{"name":"äö😀","other":"abcd"}' \
    "$(shaped '{"name":"äö😀xyz","other":"abcd"}')"
quirk empty-null
is "empty_null" '{"a":null,"b":"x"}' "$(shaped '{"a":"","b":"x"}')"
quirk bool-int
is "bool_int" '{"a":1,"b":0}' "$(shaped '{"a":true,"b":false}')"
quirk string-values
is "string_values" '{"a":"5","b":"0.1","c":"1","d":null,"e":["2"]}' \
    "$(shaped '{"a":5,"b":0.1,"c":true,"d":null,"e":[2]}')"
is "string_values_of_ids" '["string","string"]' "$(get '[.id,.rev]|map(type)')"
fresh --quirk second-stamps
curl -sS -o /dev/null "$url/_sim/clock" -d '{"advance":"1500ms"}'
is "second_stamps" '"2026-01-01T00:00:01Z"' \
    "$(api POST /contacts '{}' >/dev/null; get .updated_at)"
quirk unique '"email"'
api POST /contacts '{"email":"u"}' >/dev/null
is "unique" '409 {"existing_id":1002,"field":"email"}' \
    "$(api POST /contacts '{"email":"u"}') $(get '{existing_id,field}')"
is "unique_lets_the_same_record" 200 "$(api PATCH /contacts/1002 '{"email":"u","b":1}')"
is "unique_refuses_updates_too" 409 "$(api PATCH /contacts/1001 '{"email":"u"}')"
is "unique_forgets_the_deleted" '204 201' \
    "$(api DELETE /contacts/1002) $(api POST /contacts '{"email":"u"}')"
quirk reject '"stage:won,stage:lost"'
is "reject" '422 "stage" 422 201' \
    "$(api POST /contacts '{"stage":"won"}') $(get .field) $(api POST /contacts '{"stage":"lost"}') $(api POST /contacts '{"stage":"wo"}')"

# --- quirks of the wire
fresh
api POST /contacts '{"a":1}' >/dev/null
quirk gone-403
is "gone_403" '403 403' "$(api GET /contacts/9) $(api PATCH /contacts/9 '{}')"
quirk put-only
is "put_only_refuses_patch" 405 "$(api PATCH /contacts/1001 '{"b":2}')"
is "put_only_makes_put_partial" '200 [1,2]' "$(api PUT /contacts/1001 '{"b":2}') $(get '[.a,.b]')"
quirk put-only null
quirk answer-none
is "answer_none_of_updates" '204 0' \
    "$(api PATCH /contacts/1001 '{"a":5}') $(wc -c <"$tmp/body")"
is "answer_none_of_creates" '201 0 /contacts/1002' \
    "$(api POST /contacts '{"a":5}') $(wc -c <"$tmp/body") $(head_of Location)"
quirk answer-none null
quirk form-bodies
is "form_bodies_refuses_json" 415 \
    "$(api POST /contacts '{"a":1}' -H 'Content-Type: application/json')"
is "form_bodies" '201 {"a":"1 2","n":{"x":"&"}}' \
    "$(api POST /contacts 'a=1+2&n[x]=%26') $(get '{a,n}')"
is "form_bodies_must_be_utf8" 400 "$(api POST /contacts 'a=%ff')"
quirk form-bodies null
quirk wrap '"data"'
is "wrap_refuses_the_bare" 400 "$(api POST /contacts '{"a":1}')"
is "wrap" '201 7' "$(api POST /contacts '{"data":{"a":7}}') $(get .data.a)"
is "wrap_in_lists" '["data"]' "$(api GET '/contacts?limit=1' >/dev/null; get '.items[0]|keys')"
quirk wrap null
quirk pairs
is "pairs_refuses_the_plain" 400 "$(api POST /contacts '{"a":1}')"
is "pairs" '201 [{"id":"a","value":7}]' \
    "$(api POST /contacts '{"fields":[{"id":"a","value":7}]}') $(get .fields)"
quirk pairs null
quirk null-first-update
is "null_first_update" '201 null 200 "string"' \
    "$(api POST /contacts '{"a":1}') $(get .updated_at) $(api PATCH "/contacts/$(get .id)" '{"a":2}') $(get '.updated_at|type')"
quirk error-200
is "error_200" '200 {"status":400,"code":"bad_json"}' \
    "$(api POST /contacts '{') $(get '.error|{status,code}')"
quirk error-200 null
quirk html-errors
is "html_errors" '400 text/html; charset=utf-8' "$(api POST /contacts '{') $(head_of Content-Type)"
quirk html-errors null

# --- quirks of listings
list() { # QUERY
    api GET "/contacts$1" >/dev/null
    get '[.items[].i]'
}
fresh --tick 1s
for i in 1 2 3 4 5; do api POST /contacts "{\"i\":$i}" >/dev/null; done
quirk since-fuzz 1500
is "since_fuzz" '[2,3,4,5]' "$(list '?updated_since=2026-01-01T00:00:02Z')"
quirk since-fuzz null
quirk limit-cap 2
is "limit_cap" '[1,2] "string"' "$(list '?limit=4') $(get '.next_cursor|type')"
quirk limit-cap null
quirk same-cursor
c=$(list '?limit=2' >/dev/null; jq -r .next_cursor "$tmp/body")
is "same_cursor" "[3,4] \"$c\" [3,4]" \
    "$(list "?limit=2&cursor=$c") $(get .next_cursor) $(list "?limit=2&cursor=$c")"
quirk same-cursor null
quirk end-early
is "end_early" '[1,2][3,4]' "$(pages '/contacts?limit=2')"
is "end_early_by_offset" '[]' "$(list '?limit=2&offset=4')"
is "end_early_keeps_a_single_page" '[1,2,3,4,5]' "$(list '')"
quirk end-early null
api PATCH /contacts/1002 '{"closed":true}' >/dev/null
quirk hide-closed
is "hide_closed" '[1,3,4,5] 4' "$(list '') $(get .total)"
is "include_closed" '[1,3,4,5,2]' "$(list '?include_closed=true')"

fresh --tick 0 --quirk page-order=unstable
for i in 1 2 3 4 5 6 7 8; do api POST /contacts "{\"i\":$i}" >/dev/null; done
one=$(list '')
two=$(list '')
[ "$one" != "$two" ]
ok $? "page_order_differs_between_pages"
is "page_order_is_complete" '[1,2,3,4,5,6,7,8]' "$(echo "$one" | jq -c sort)"

fresh --tick 1s
api POST /contacts '{"i":1}' >/dev/null
quirk lag-ms 3000
api PATCH /contacts/1001 '{"i":2}' >/dev/null
is "lag_answer_is_fresh" 2 "$(get .i)"
is "lag_hides_from_reads_and_lists" '1 [1]' "$(api GET /contacts/1001 >/dev/null; get .i) $(list '')"
is "lag_hides_from_finds" '[] [1]' "$(list '?i=2') $(list '?i=1')"
is "lag_hides_creates_from_reads" '201 404' \
    "$(api POST /contacts '{"i":3}') $(api GET /contacts/1002)"
curl -sS -o /dev/null "$url/_sim/clock" -d '{"advance":"3s"}'
is "lag_ends" '2 [2,3]' "$(api GET /contacts/1001 >/dev/null; get .i) $(list '')"
api DELETE /contacts/1001 >/dev/null
is "lag_shows_the_deleted" '200 [2,3]' "$(api GET /contacts/1001) $(list '')"
quirk lag-ms null
is "without_lag_all_is_shown" '404 [3]' "$(api GET /contacts/1001) $(list '')"
curl -sS -o /dev/null "$url/_sim/clock" -d '{"advance":"3s"}'
quirk find-lag-ms 3000
api PATCH /contacts/1002 '{"i":4}' >/dev/null
is "find_lag_shows_reads" 4 "$(api GET /contacts/1002 >/dev/null; get .i)"
is "find_lag_hides_from_lists" '[3] []' "$(list '') $(list '?i=4')"

# --- limits and failures
fresh --quirk rate=2/600000 --quirk limit-status=503
is "rate" '200 200 503' "$(api GET /account) $(api GET /account) $(api GET /account)"
[ "$(head_of Retry-After)" -gt 300 ]
ok $? "rate_says_how_long"
is "limited_calls_are_refused" 1 "$(count .refused)"
quirk rate null
quirk limit-status null
quirk limit-next 2
is "limit_next" '429 429 200' "$(api GET /account) $(api GET /account) $(api GET /account)"
quirk limit-next 1
is "limit_next_says_one_second" '429 1' "$(api GET /account) $(head_of Retry-After)"
quirk fail-next '"2:502"'
is "fail_next_spares_reads" 200 "$(api GET /account)"
is "fail_next" '502 502 201' \
    "$(api POST /contacts '{}') $(api POST /contacts '{}') $(api POST /contacts '{}')"
is "fail_next_has_no_effect" 1 "$(curl -sS "$url/_sim/dump/contacts" | jq length)"
quirk fail-next 1
is "fail_next_is_500" 500 "$(api PATCH /contacts/1001 '{"a":1}')"
quirk apply-then-fail 1
is "apply_then_fail" '500 {"a":2}' \
    "$(api PATCH /contacts/1001 '{"a":2}') $(curl -sS "$url/contacts/1001" | jq -c '{a}')"
is "apply_then_fail_keeps_the_key" '500 201 true' \
    "$(quirk apply-then-fail 1; api POST /contacts '{}' -H 'Idempotency-Key: A') $(api POST /contacts '{}' -H 'Idempotency-Key: A') $(head_of Idempotent-Replayed)"
quirk apply-then-drop 1
is "apply_then_drop" '000 {"a":3}' \
    "$(api PATCH /contacts/1001 '{"a":3}') $(curl -sS "$url/contacts/1001" | jq -c '{a}')"
quirk drop-next 1
is "drop_next" '000 {"a":3}' \
    "$(api PATCH /contacts/1001 '{"a":4}') $(curl -sS "$url/contacts/1001" | jq -c '{a}')"
is "drops_are_counted" 2 "$(count .dropped)"
quirk html-once 1
is "html_once" '200 text/html; charset=utf-8' \
    "$(api PATCH /contacts/1001 '{"a":5}') $(head_of Content-Type)"
is "html_once_has_no_effect" '200 3' "$(api GET /contacts/1001) $(get .a)"
quirk html
is "html" 'text/html; charset=utf-8' "$(api GET /account >/dev/null; head_of Content-Type)"
quirk html null
quirk slow-ms 300
is "slow_ms_holds_answers_back" 1 \
    "$(curl -sS -o /dev/null -w '%{time_total}' "$url/account" | awk '{ print ($1 >= 0.3) }')"
curl -sS -o /dev/null "$url/account" &
slow=$!
quirk slow-ms null
wait $slow
is "slow_answers_come" 0 $?
quirk slow-ms 600000
before=$(log_last .n)
curl -sS -o /dev/null "$url/account" 2>/dev/null &
slow=$!
while kill -0 $slow 2>/dev/null && [ "$(log_last .n)" = "$before" ]; do :; done
stop
is "ends_while_answers_are_held_back" 0 $rc
wait $slow
pid=

# --- the mark
fresh
is "the_date_is_of_its_clock" 'Thu, 01 Jan 2026 00:00:00 GMT' "$(api GET /account >/dev/null; head_of Date)"
is "nothing_to_restore" 409 "$(api POST /_sim/restore)"
api POST /contacts '{"a":1}' >/dev/null
quirk reject '"a:9"'
api POST /_sim/mark >/dev/null
for _ in 1 2; do
    api PATCH /contacts/1001 '{"a":2}' >/dev/null
    api POST /contacts '{"a":3}' >/dev/null
    quirk reject null
    api POST /_sim/clock '{"advance":"1h"}' >/dev/null
    is "restores_the_mark" 200 "$(api POST /_sim/restore)"
    is "restores_records" '[{"id":1001,"a":1,"created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z","rev":1}]' \
        "$(curl -sS "$url/_sim/dump/contacts" | jq -c .)"
    is "restores_counters" '[1,0]' "$(count '[.creates,.updates]')"
    is "restores_the_clock" '"2026-01-01T00:00:00.001Z"' "$(api GET /_sim/clock >/dev/null; get .now)"
    is "restores_quirks" 422 "$(api PATCH /contacts/1001 '{"a":9}')"
    is "restores_ids" '201 1002' "$(api POST /contacts '{"a":4}') $(get .id)"
    api POST /_sim/restore >/dev/null
done
stop
pid=

echo "1..$n"
