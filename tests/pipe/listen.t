#!/bin/sh
# sync-ingest listen: routes, accounts, verification, challenges, addresses, life and end.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"

# rest.yaml with other words in place of `verify`.
definition() # NAME WORDS
{
    awk -v words="$2" '/^verify:/ {print words; skip = 1; next} /^event:/ {skip = 0} !skip' \
        "$LOOPLESS_PROVIDERS/rest.yaml" | sed "s/^name: rest/name: $1/" >"$1.yaml"
}

# ---- before it starts ----
hook_config loopless.yaml state.db crm crm-1 /hooks/crm
try sync-ingest listen 127.0.0.1:0
is "without a state it does not start" 78 $rc
new_state
try sync-ingest listen -n
is "-n says what would be served" "0 /hooks/crm	POST	crm	crm-1	./loopless.yaml" "$rc $(cat out)"
try sync-ingest listen nonsense
is "an address that is none" 64 $rc
try sync-ingest listen --max-body many
is "a size that is none" 64 $rc
sed 's/webhook:.*/self: []/' loopless.yaml >without.yaml
try sync-ingest listen -c without.yaml 127.0.0.1:0
is "no webhook at all" 78 $rc
has "is said" "no system has a webhook"

# ---- one config ----
listener 127.0.0.1:0
like "it says where it listens" "listening on http://127.0.0.1:[0-9]+" "$(cat listen.err)"
try sync-ingest listen "${url#http://}"
is "an address that is taken" 69 $rc
is "a signed request is taken" 200 "$(items crm-1 7 | post /hooks/crm)"
until_sql 1 "SELECT count(*) FROM sync_inbox"
is "and is an event" "crm|crm-1|crm/contacts|7|updated|webhook" \
    "$(sql "SELECT system, account, resource, record_id, event_type, path FROM sync_inbox")"
is "of a request" "mapped|1" "$(sql "SELECT state, (SELECT request_id FROM sync_inbox) = request_id FROM sync_requests")"
is "the signature's header is kept, credentials are not" "1 0" \
    "$(sql "SELECT (headers LIKE '%webhook-signature%') || ' ' || (headers LIKE '%authorization%') FROM sync_requests")"
is "the same delivery again" 200 "$(items crm-1 8 | HOOK_ID=d-1 post /hooks/crm)"
is "is taken" 200 "$(items crm-1 8 | HOOK_ID=d-1 post /hooks/crm)"
until_sql 2 "SELECT count(*) FROM sync_inbox"
is "and kept once" 2 "$(sql "SELECT count(*) FROM sync_requests")"
is "unknown path" 404 "$(items crm-1 7 | post /hooks/none)"
is "a path that only begins like one" 404 "$(items crm-1 7 | post /hooks/crm/)"
is "wrong method" 405 "$(ask /hooks/crm)"
like "says which is right" "^Allow: POST" "$(curl -sS -D - -o answer "$url/hooks/crm")"
for flaw in tampered stale unsigned; do
    is "$flaw" 401 "$(items crm-1 9 | post /hooks/crm $flaw)"
done
like "the reason is said" "warning: crm: 401 for /hooks/crm: " "$(cat listen.err)"
is "but no secret" 0 "$(grep -cF "${secret#whsec_}" listen.err)"
is "and nothing is kept" 2 "$(sql "SELECT count(*) FROM sync_requests")"
is "what is verified but no JSON is taken" 200 "$(echo '{"account":' | post /hooks/crm)"
until_sql 1 "SELECT count(*) FROM sync_rejects"
is "and is a reject" "ingest|crm|rejected" \
    "$(sql "SELECT stage, j.system, r.state FROM sync_rejects j JOIN sync_requests r USING (request_id)")"
is "an unknown account is taken" 200 "$(items crm-2 7 | post /hooks/crm)"
is "and is a reject, not an event" "unknown-account|crm-2 2" \
    "$(sql "SELECT code, account FROM sync_rejects WHERE code LIKE 'unknown%'") $(events)"
is "of a batch" 200 "$(echo '{"account":"crm-1","events":[{"id":"x1","collection":"contacts","action":"updated","record_id":"x"},{"id":"x2","collection":"contacts","action":"exploded","record_id":"x"},{"id":"x3","collection":"contacts","action":"deleted","record_id":"y"}]}' | post /hooks/crm)"
until_sql 2 "SELECT count(*) FROM sync_inbox WHERE event_id IN ('x1', 'x3')"
is "what has no meaning is dropped, the others are there" 4 "$(events)"
is "healthz" "200 ok" "$(ask /healthz) $(cat answer)"
is "readyz" "200 ready" "$(ask /readyz) $(cat answer)"
is "healthz takes no POST" 405 "$(ask /healthz -d x)"
is "all is accounted for" 0 "$(sync-ctl audit >out 2>&1; echo $?)"

# ---- a state that is locked ----
mkfifo lock
sqlite3 state.db <lock >locked &
sqlite=$!
exec 4>lock
echo "BEGIN IMMEDIATE; SELECT 'locked';" >&4
await $sqlite grep -q locked locked
is "a locked state" 503 "$(items crm-1 50 | post /hooks/crm)"
is "is no longer healthy" 503 "$(ask /healthz)"
like "and that is said once" "answered 503 until it can be written" "$(cat listen.err)"
echo "ROLLBACK;" >&4
exec 4>&-
wait $sqlite
until [ "$(items crm-1 51 | post /hooks/crm)" = 200 ]; do :; done
is "later it is well" 200 "$(ask /healthz)"
is "what was answered 503 is not there, what was answered 200 is" "0 1" \
    "$(sql "SELECT sum(instr(body, 'e-50') > 0), sum(instr(body, 'e-51') > 0) > 0 FROM sync_requests" | tr '|' ' ')"
stop_listener
is "SIGTERM ends it" 0 $?
until_metric() { sql "SELECT sum(value) FROM sync_counters WHERE metric = '$1'"; }
is "metrics: refused, unknown account, duplicate" "3 1 1" \
    "$(until_metric webhook_refused) $(until_metric webhook_unknown_account) $(until_metric webhook_duplicate)"

# ---- what an earlier process left ----
new_state
LOOPLESS_CRASH_TRACE=$tmp/trace listener 127.0.0.1:0
items crm-1 60 | post /hooks/crm >out
stop_listener
for point in listen.before-store listen.stored listen.answered listen.mapped; do
    new_state
    LOOPLESS_CRASH_AT=$(crash_number $point) listener 127.0.0.1:0
    answered=$(items crm-1 61 | post /hooks/crm)
    wait $pid
    is "killed at $point" 100 $?
    listener 127.0.0.1:0
    [ "$answered" = 200 ] || items crm-1 61 | post /hooks/crm >out
    until_sql 0 "SELECT count(*) FROM sync_requests WHERE state = 'new'"
    is "it is an event once" 1 "$(events)"
    stop_listener
done

# ---- addresses ----
listener 127.0.0.1:0 '[::1]:0' ./hooks.sock
is "three addresses" 3 "$(jq '.urls | length' ready)"
is "IPv6" 200 "$(curl -sS -o answer -w '%{http_code}' "$(jq -r '.urls[1]' ready)/healthz")"
is "unix" 200 "$(ask /healthz --unix-socket hooks.sock)"
kill -9 $pid
wait $pid 2>/dev/null
ok "a socket is left behind" test -S hooks.sock
listener ./hooks.sock
url=http://localhost
is "and replaced" 200 "$(ask /healthz --unix-socket hooks.sock)"
stop_listener
ok "and removed at the end" test ! -e hooks.sock

"$hook" notified "$tmp/notify.sock" notified &
notified=$!
await $notified test -S notify.sock
rm -f ready
NOTIFY_SOCKET=$tmp/notify.sock "$hook" pass passed.url sync-ingest listen --ready-file ready >/dev/full 2>listen.err &
pid=$!
await $pid test -e ready
url=$(cat passed.url)
is "a socket that systemd passes" "200 $url" "$(items crm-1 70 | post /hooks/crm) $(jq -r .url ready)"
stop_listener
is "the end" 0 $?
wait $notified
is "the service manager is told" "READY=1 STOPPING=1" "$(xargs <notified)"

# ---- nothing on stdout, even none there ----
rm -f ready
sync-ingest listen --ready-file ready 127.0.0.1:0 >&- 2>listen.err &
pid=$!
await $pid test -e ready
url=$(jq -r .url ready)
is "with stdout closed" 200 "$(items crm-1 71 | post /hooks/crm)"
stop_listener
is "and a good end" 0 $?

# ---- SIGTERM drains ----
new_state
listener 127.0.0.1:0
"$hook" load "$url" /hooks/crm "$secret" crm-1 drain 100000 16 >answered 2>load.err &
loading=$!
await $loading test -s answered
stop_listener
is "stopped under load" 0 $?
wait $loading
is "all that was answered is mapped" "$(wc -l <answered) 0" \
    "$(sort -n answered | while read -r n; do echo "drain-$n"; done | sort >want; sql "SELECT record_id FROM sync_inbox" | sort >have; comm -12 want have | wc -l) $(sql "SELECT count(*) FROM sync_requests WHERE state = 'new'")"
is "none was answered otherwise" "" "$(cat load.err)"

# ---- a second SIGTERM does not wait ----
listener -v 127.0.0.1:0
printf 'POST /hooks/crm HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nslow' >slow
sockets() { find "/proc/$pid/fd" -lname 'socket:*' | wc -l; }
connected() { [ "$(sockets)" -gt "$before" ]; }
before=$(sockets)
"$hook" raw "$url" <slow >slow.status &
sender=$!
await $sender connected
kill $pid
await $pid grep -q "stopping" listen.err
kill $pid
wait $pid
is "a second SIGTERM ends it at once" 0 $?
wait $sender

# ---- kinds of verification ----
mac_hex() { printf %s "$1" | openssl dgst -sha256 -hmac "$secret" | sed 's/.* //'; }
body=$(items k-1 80)
kind() # NAME WORDS
{
    definition "$1" "$2"
    hook_config "$1.conf" "$1.db" sys k-1 /k "./$1.yaml"
    sync-ctl init -q -c "$1.conf" >out || exit 99
    listener -c "$1.conf" 127.0.0.1:0
}
kind none 'verify: [{kind: none}]'
is "none" 200 "$(ask /k -d "$body")"
stop_listener
kind static 'verify: [{kind: equals, header: X-Token}]'
is "a static header" "200 401 401" "$(ask /k -d "$body" -H "x-token: $secret") $(ask /k -d "$body" -H "x-token: ${secret}x") $(ask /k -d "$body")"
is "is not kept" 0 "$(sqlite3 static.db "SELECT count(*) FROM sync_requests WHERE instr(headers, '$secret')")"
stop_listener
kind bearer 'verify: [{kind: bearer}]'
is "bearer" "200 401" "$(ask /k -d "$body" -H "Authorization: Bearer $secret") $(ask /k -d "$body" -H "Authorization: Bearer x")"
stop_listener
if command -v openssl >/dev/null; then
    kind prefixed 'verify: [{kind: mac, alg: hmac-sha256, encoding: hex, header: X-Sig, parse: {kind: prefix, prefix: "sha256="}, signed: "{body}"}]
on_bad_signature: {status: 403}'
    is "a prefixed hex MAC, and a refusal of one's own" "200 403" \
        "$(ask /k -d "$body" -H "X-Sig: sha256=$(mac_hex "$body")") $(ask /k -d "$body" -H "X-Sig: sha256=$(mac_hex x)")"
    stop_listener
else
    skip "a prefixed hex MAC" "no openssl"
fi
kind echo 'verify: [{kind: bearer}]
ack: {status: 202, content_type: application/json, body: "{}"}
challenge:
  - {when: {method: GET, query: challenge}, signed: skipped, respond: {token: {query: challenge}}}
  - {when: {body: type, equals: url_verification}, signed: skipped, respond: {token: {body: challenge}}}'
is "a challenge in the query" "200 a b" "$(ask '/k?challenge=a%20b&x') $(cat answer)"
is "a challenge in the body" "200 t0k" "$(ask /k -d '{"type":"url_verification","challenge":"t0k"}') $(cat answer)"
is "are not kept" 0 "$(sqlite3 echo.db "SELECT count(*) FROM sync_requests")"
is "a GET without one is refused" 401 "$(ask /k)"
is "the definition's own answer" "202 {}" "$(ask /k -d "$body" -H "Authorization: Bearer $secret") $(cat answer)"
stop_listener

# ---- what was passed to somebody else ----
rm -f ready
LISTEN_PID=1 LISTEN_FDS=1 listener ./hooks.sock
is "sockets that are not for us are none" "unix:./hooks.sock" "$url"
stop_listener

# ---- a folder of configs ----
mkdir many
definition tagged 'verify: [{kind: none}]'
cp tagged.yaml many/
for n in 1 2; do
    hook_config "many/t$n.yaml" "t$n.db" sys "t-$n" /shared
    sync-ctl init -q -c "many/t$n.yaml" >out || exit 99
done
hook_config many/t3.yaml t3.db sys t-1 /own ./tagged.yaml
sync-ctl init -q -c many/t3.yaml >out || exit 99
of() { sqlite3 -cmd '.timeout 5000' "many/$1.db" "$2"; }
all_mapped() { for t in t1 t2 t3; do [ "$(of $t "SELECT count(*) FROM sync_requests WHERE state = 'new'")" = 0 ] || return 1; done; }
listener -c many 127.0.0.1:0
is "a folder of three" "3 many/t1.yaml many/t2.yaml many/t3.yaml" "$(sync-ingest listen -n -c many | awk '{print $NF}' | sort | xargs -n 3 echo 3)"
is "each gets its own" "200 200" "$(items t-1 a | post /shared) $(items t-2 b | post /shared)"
await $pid all_mapped
is "by account" "a b" "$(of t1 "SELECT record_id FROM sync_inbox") $(of t2 "SELECT record_id FROM sync_inbox")"
is "nobody's" 200 "$(items t-9 c | post /shared)"
is "is a reject of the first" "unknown-account|t-9 0" "$(of t1 "SELECT code, account FROM sync_rejects") $(of t2 "SELECT count(*) FROM sync_rejects")"
is "another path is another's" 200 "$(items t-1 d | ask /own -d @-)"
await $pid all_mapped
is "and nobody else's" "a d" "$(of t1 "SELECT record_id FROM sync_inbox") $(of t3 "SELECT record_id FROM sync_inbox")"
stop_listener

# ---- one of them is locked out ----
listener -c many 127.0.0.1:0
mkfifo lock2
sqlite3 many/t3.db <lock2 >locked2 &
sqlite=$!
exec 4>lock2
echo "BEGIN IMMEDIATE; SELECT 'locked';" >&4
await $sqlite grep -q locked locked2
is "who is locked out is answered" 503 "$(items t-1 e | ask /own -d @-)"
# its lock is tried each second: that may not take the seconds it took at first
before=$(date +%s)
a_second_on() { [ "$(date +%s)" -gt $((before + n)) ]; }
for n in 1 2 3 4 5 6; do
    items t-2 "f$n" | post /shared
    items t-1 "e$n" | ask /own -d @-
    await $pid a_second_on
done >answered
ok "the others do not wait for it" test $(($(date +%s) - before)) -lt 15
exec 4>&-
wait $sqlite
stop_listener

# ---- nothing tells them apart ----
definition nobodys 'verify: [{kind: none}]'
mkdir both
sed '/account: envelope.account/d' nobodys.yaml >both/nobodys.yaml
for n in 1 2; do
    hook_config "both/b$n.yaml" "b$n.db" sys "b-$n" /both ./nobodys.yaml
done
try sync-ingest listen -c both -n
is "two configs share a path and no account tells whose a request is" 78 $rc
has "that is said" "webhook path /both is that of sys in both/b1.yaml"

echo "nonsense: true" >many/t4.yaml
try sync-ingest listen -c many -n
is "one bad file in the folder is a fault" 78 $rc
has "that is named" "many/t4.yaml"

done_testing
