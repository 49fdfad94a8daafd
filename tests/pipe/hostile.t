#!/bin/sh
# sync-ingest listen against bad senders: the right status, bounded memory, and others are served.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"

hook_config loopless.yaml state.db crm crm-1 /hooks/crm
new_state
listener --max-body 64KiB 127.0.0.1:0
kept() { sql "SELECT count(*) FROM sync_requests"; }
resident() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; } # KiB
raw() { "$hook" raw "$url"; } # the status of what is on stdin

# ---- signatures ----
for flaw in tampered stale unsigned; do
    is "$flaw" 401 "$(items crm-1 1 | post /hooks/crm $flaw)"
done
is "a signature for another body" 401 "$(ask /hooks/crm -d '{}' -H 'webhook-id: 1' -H "webhook-timestamp: $(date +%s)" -H 'webhook-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=')"
is "nothing of it is kept" 0 "$(kept)"
is "replayed: taken" "200 200" "$(items crm-1 2 | HOOK_ID=r-1 post /hooks/crm) $(items crm-1 2 | HOOK_ID=r-1 post /hooks/crm)"
is "but kept once" 1 "$(kept)"

# ---- size and form ----
head -c 65537 /dev/zero | tr '\0' x >large
is "oversize" 413 "$(post /hooks/crm <large)"
is "oversize by its head alone" 413 "$(printf 'POST /hooks/crm HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n' | raw)"
is "oversize in chunks" 413 "$({ printf 'POST /hooks/crm HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n'; cat large large; } | raw)"
is "broken chunks" 400 "$(printf 'POST /hooks/crm HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n' | raw)"
is "two lengths" 400 "$(printf 'POST /hooks/crm HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab' | raw)"
is "length and chunks" 400 "$(printf 'POST /hooks/crm HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' | raw)"
is "no host" 400 "$(printf 'POST /hooks/crm HTTP/1.1\r\nContent-Length: 0\r\n\r\n' | raw)"
is "one header bomb" 431 "$({ printf 'GET /healthz HTTP/1.1\r\nHost: h\r\nA: '; cat large; printf '\r\n\r\n'; } | raw)"
is "many headers" 431 "$({ printf 'GET /healthz HTTP/1.1\r\nHost: h\r\n'; yes "$(printf 'a: b\r')" | head -20000; printf '\r\n'; } | raw)"
is "wrong method" 405 "$(printf 'DELETE /hooks/crm HTTP/1.1\r\nHost: h\r\n\r\n' | raw)"
is "unknown path" 404 "$(printf 'POST /wp-login.php HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n' | raw)"
is "a path that climbs" 404 "$(printf 'POST /hooks/x/../crm HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n' | raw)"
is "bad UTF-8, signed" 200 "$(printf '{"account":"crm-1","events":[{"id":"\377"}]}' | post /hooks/crm)"
until_sql 1 "SELECT count(*) FROM sync_requests WHERE state = 'rejected'"
is "is a reject" bad-json "$(sql "SELECT code FROM sync_rejects")"
is "no bytes of it are lost" 1 "$(sql "SELECT count(*) FROM sync_requests WHERE hex(body) LIKE '%22FF22%'")"
is "it still works" 200 "$(items crm-1 3 | post /hooks/crm)"

# ---- slow ones: ten seconds for the whole, however steady the drops ----
printf 'POST /hooks/crm HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n' >slow.body
cat large >>slow.body
{ printf 'POST /hooks/crm HTTP/1.1\r\nHost: h\r\nX-Slow: ' && cat large; } >slow.head
"$hook" drip "$url" 20 <slow.body >slow.body.status &
body=$!
"$hook" drip "$url" 20 <slow.head >slow.head.status &
head=$!

# ---- 5,000 connections that say nothing, while the slow ones drip ----
before=$(resident)
mkfifo idle.in
"$hook" idle "$url" 5000 <idle.in >idle.out 2>idle.err &
idle=$!
exec 5>idle.in
await $idle grep -q ready idle.out
is "others are served" 200 "$(items crm-1 4 | post /hooks/crm)"
"$hook" load "$url" /hooks/crm "$secret" crm-1 load 300 10 >answered
is "and many" 300 "$(wc -l <answered)"
grown=$(($(resident) - before))
# AddressSanitizer keeps what is freed and surrounds what is not
most=65536
grep -q libasan "/proc/$pid/maps" && most=262144
ok "5,000 connections take little memory ($grown KiB)" test "$grown" -lt $most
wait $body $head
is "a slow body" 408 "$(cat slow.body.status)"
is "a slow head" 408 "$(cat slow.head.status)"
exec 5>&-
wait $idle
until_sql 303 "SELECT count(*) FROM sync_inbox"
is "what was taken is there once" 303 "$(events)"

# ---- more than there is room for ----
stop_listener
is "it ends well" 0 $?
listener --connections 100 127.0.0.1:0
"$hook" idle "$url" 300 <idle.in >idle.out 2>idle.err &
idle=$!
exec 5>idle.in
await $idle grep -q ready idle.out
is "the oldest idle ones give way" 200 "$(items crm-1 5 | post /hooks/crm)"
ok "and no more than 100 are open" test "$(find "/proc/$pid/fd" | wc -l)" -lt 140
exec 5>&-
wait $idle
stop_listener
is "and it ends well" 0 $?

done_testing
