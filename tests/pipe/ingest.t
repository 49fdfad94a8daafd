#!/bin/sh
# sync-ingest: records of files as events, the inbox emitted under a lease.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

contacts 1 40 >crm.ndjson
start_sim crm --load contacts=crm.ndjson
start_sim app
write_config crm app
new_state

pending() { sql "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL"; }
leased() { sql "SELECT count(*) FROM sync_inbox WHERE lease IS NOT NULL AND disposition IS NULL"; }
leased_are() { [ "$(leased)" = "$1" ]; }
pipelines() { sql "SELECT count(*) FROM sync_leases WHERE name LIKE 'p%'"; }

fill() # a new state with 40 unlinked rows, free
{
    new_state
    sync-ctl pause -q --reason test >/dev/null 2>&1
    sync-reconcile run -q >out 2>err
    sync-ctl resume -q >/dev/null 2>&1
}

# Ends every event of the lines on stdin as a stage behind would.
settle()
{
    jq -r 'select(.seq) | "UPDATE sync_inbox SET disposition = '\''filtered'\'', disposed_at = received_at WHERE seq = \(.seq) AND lease || '\'':'\'' || fence = '\''\(.lease)'\'';"' |
        sqlite3 -cmd '.timeout 5000' state.db
}

# ---- records ----
printf '%s\n' '{"id":7,"email":"a@example.com","score":1.10}' '{"id":9007199254740993,"first_name":"big"}' >in.ndjson
try sync-ingest records crm crm/contacts in.ndjson
is "records become lines without seq" '0 [false,"manual","updated","7","crm-1",true]' \
    "$rc $(head -1 out | jq -c '[has("seq"), .path, .event_type, .record_id, .account, .partial]')"
is "what a record does not have is left out" '{"email":"a@example.com","score":1.10}' \
    "$(head -1 out | grep -o '"fields":{[^}]*}' | cut -d: -f2-)"
is "large ids keep their digits" 1 "$(grep -c '"record_id":"9007199254740993"' out)"
is "the last line says that it is all" '{"v":1,"eos":{"count":2,"complete":true}}' "$(tail -1 out)"
try sync-ingest records crm crm/contacts <in.ndjson
is "stdin is read without a file" 3 "$(wc -l <out)"

printf '%s\n' '{"id":1,"phone":"1"}' '{"phone":"2"}' 'nonsense' '[1]' '{"id":5,"phone":"5"}' >bad.ndjson
try sync-ingest records crm crm/contacts --rejects rejected bad.ndjson
is "bad records are refused, the others go on" "2 1 5" "$rc $(jq -r 'select(.record_id) | .record_id' out | xargs)"
has "with their line" "line 3:"
has "and the reason" "line 2:"
is "and kept for later" "$(sed -n 2,4p bad.ndjson)" "$(cat rejected)"
printf '{"id":1}\n{"id":2' >torn.ndjson
try sync-ingest records crm crm/contacts torn.ndjson
is "an unterminated last line is dropped" "0 1" "$rc $(jq -r 'select(.record_id) | .record_id' out)"
has "with a warning" "no newline"

try sync-ingest records --unified crm crm/contacts <<'EOF'
{"id":"x","email":"u@example.com","notes":null}
{"id":"y","e_mail":"u@example.com"}
EOF
is "unified records" '2 {"email":"u@example.com","notes":null}' "$rc $(head -1 out | jq -c .fields)"
has "a name that is none of the resource's is refused" "line 2: crm has no field e_mail of crm/contacts"

if command -v mlr >/dev/null; then
    printf 'id,email,phone,score,opted_in\n007,"a,b@example.com",+49 0123,1.50,true\n8,,"two\nlines",many,perhaps\n' >in.csv
    try sync-ingest records crm crm/contacts in.csv
    is "CSV: ids and phones keep their text" "0 007 +49 0123" "$rc $(head -1 out | jq -r '[.record_id, .fields.phone] | join(" ")')"
    is "CSV: numbers and booleans by the model" '"score":1.50,"opted_in":true' "$(head -1 out | grep -o '"score":1.50,"opted_in":true')"
    is "CSV: what reads as none stays text" '["many","perhaps",""]' "$(sed -n 2p out | jq -c '[.fields.score, .fields.opted_in, .fields.email]')"
    try sync-ingest records --csv crm crm/contacts <in.csv
    is "CSV from stdin with --csv" "0 3" "$rc $(wc -l <out)"
    printf 'id,email\n1\n' >ragged.csv
    try sync-ingest records crm crm/contacts ragged.csv
    is "ragged CSV is bad input, and the list is not whole" "65 false" "$rc $(jq -c 'select(.eos) | .eos.complete' out)"
    mkdir empty.d
    PATH=$top_builddir sync-ingest records crm crm/contacts in.csv >out 2>err
    is "CSV without mlr is refused" 69 $?
    has "with what to install" "apt-get install miller"
else
    skip "CSV" "no mlr"
fi
try sync-ingest records nobody crm/contacts in.ndjson
is "an unknown system" 64 $rc
try sync-ingest records crm crm/deals in.ndjson
is "an unknown resource" 64 $rc
try sync-ingest records crm crm/contacts missing.ndjson
is "a missing file" 74 $rc
sync-ingest records crm crm/contacts in.ndjson >/dev/full 2>err
is "records to a full disk" 74 $?

# ---- usage ----
for words in "" "subscribe crm" "nonsense" "records crm" "emit more" "emit --follow -n" \
    "emit --follow --until 3" "emit --follow --run r" "emit --until x" "records --run r crm crm/contacts"; do
    # shellcheck disable=SC2086 # words
    try sync-ingest $words
    is "usage: sync-ingest $words" 64 $rc
done

# ---- emit ----
new_state
try sync-ingest emit --run R
is "an empty inbox" '0 {"v":1,"eos":{"run":"R","count":0,"complete":true}}' "$rc $(cat out)"
fill
is "the inbox is filled" 40 "$(pending)"
try sync-ingest emit -n --run R
is "-n shows what would go out and takes nothing" "0 40 0 0" "$rc $(grep -c '"seq"' out) $(leased) $(pipelines)"

mkfifo lines
sync-ingest emit --run R --window 15 >lines 2>err &
bg=$!
exec 3<lines
: >seen
more() { while IFS= read -r line <&3; do printf '%s\n' "$line" >>seen; [ "$(wc -l <seen)" -ge "$1" ] && break; done; }
more 15
await $bg leased_are 15
is "no more are out than the window" "15 15" "$(wc -l <seen) $(leased)"
is "a line carries its lease and run" "true R" "$(head -1 seen | jq -r '"\(.lease | test("^p[0-9a-f]{8}:1$")) \(.run)"')"
head -15 seen | settle
more 30
is "what is settled makes room" 15 "$(leased)"
sed -n 16,30p seen | settle
more 40
sed -n 31,40p seen | settle
more 41
wait $bg
is "it ends when all is settled" 0 $?
exec 3<&-
is "and says so" '{"v":1,"eos":{"run":"R","count":40,"complete":true}}' "$(tail -1 seen)"
is "every event was emitted once" "40 40" "$(grep -c '"seq"' seen) $(jq -r '.seq // empty' seen | sort -u | wc -l)"
is "the lease is given back" 0 "$(pipelines)"

# Two at once.
fill
mkfifo one two
sync-ingest emit --window 7 >one 2>err1 &
one=$!
sync-ingest emit --window 7 >two 2>err2 &
two=$!
drain() { while IFS= read -r line; do printf '%s\n' "$line" | tee -a "$1" | settle; done; }
drain seen1 <one &
a=$!
drain seen2 <two
wait $a
is "two emitters never give one event twice" "40 40" \
    "$(cat seen1 seen2 | grep -c '"seq"') $(cat seen1 seen2 | jq -r '.seq // empty' | sort -u | wc -l)"
is "nor one record" 40 "$(cat seen1 seen2 | jq -r '.record_id // empty' | sort -u | wc -l)"
wait $one
rc=$?
wait $two
is "and both end" "0 0" "$rc $?"

# Folding: what is ready behind a row of its lane comes with it.
fill
sync-ctl pause -q --reason test >/dev/null 2>&1
sync-reconcile run -q contacts --since 2026-01-01T00:00:40Z >out 2>err
sync-ctl resume -q >/dev/null 2>&1
sync-ingest emit -n >out 2>err
is "a record nominated twice is one line" "40 1 null" \
    "$(grep -c '"seq"' out) $(jq -c 'select(.record_id == "40") | [(.folded | length), .fields][]' out | xargs)"

# A reader that goes away.
fill
{ sync-ingest emit 2>err; echo $? >rc; } | head -n 1 >out
is "a closed pipe is an I/O error" 74 "$(cat rc)"
is "and what was out is free for the next at once" 40 "$(sync-ingest emit -n 2>/dev/null | grep -c '"seq"')"
sync-ingest emit >/dev/full 2>err
is "so is a full disk" 74 $?
is "and nothing is lost by it" "40 0" "$(pending) $(pipelines)"

# SIGTERM: what is out is left to the stages behind.
fill
mkfifo lines2
sync-ingest emit >lines2 2>err &
bg=$!
exec 3<lines2
await $bg leased_are 40
kill -TERM $bg
wait $bg
is "SIGTERM ends it with try later" 75 $?
is "what is out stays out under the lease" "40 1" "$(leased) $(pipelines)"
exec 3<&-

fill
sync-ctl pause -q --reason test >/dev/null 2>&1
try sync-ingest emit
is "what is paused waits: try later" "75 0 false" "$rc $(grep -c '"seq"' out) $(jq -c .eos.complete out)"
done_testing
