#!/bin/sh
# Limits of systems: every form of "too much" loses nothing and writes nothing twice; what is left is
# shared by all processes; people keep a share.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"
# shellcheck source=tests/pipe/service.sh
. "$top_srcdir/tests/pipe/service.sh"
need jq sqlite3 curl

# System b by a definition of its own with these lines of `limits`.
limited_by() # YAML-LINE...
{
    {
        sed '/^limits:/,/^identity:/{/^identity:/!d}' "$LOOPLESS_PROVIDERS/rest.yaml"
        echo limits:
        printf '  - %s\n' "$@"
    } >limited.yaml
    edit_config '/^  b:/,/provider:/s|provider: .*|provider: ./limited.yaml|'
}

# `rate` of system b.
rate() # YAML
{
    edit_config '/^    rate: /d'
    edit_config "/account: b-1/a\\    rate: $1"
}

# Contacts FROM..TO of a, to be created in b.
creations() # FROM TO
{
    for n in $(seq "$1" "$2"); do
        creation a b "$n" "p$n@example.com"
    done
}

again() # NAME
{
    stop_all
    cd "$tmp" && enter "$1"
    deployment
}

# The most calls of b that any window of MS saw.
busiest() # MS
{
    sim b '/_sim/log?since=0' | jq --argjson w "$1" '
        [(.items? // .calls? // .)[] | select(.actor == "api") | .time
         | (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber)] as $t
        | [range($t | length) as $i | [$t[$i:][] | select(. < $t[$i] + $w)] | length] | max // 0'
}

now_plus() # SECONDS
{
    jq -nr --argjson s "$1" 'now + $s | floor | todate | sub("Z"; ".999Z")'
}

# ---- every form ----

# Two creates at once, of which the system takes one each window: the other is told when to come
# again, in this form, and does.
form() # NAME STATUS WAIT-QUIRK REFUSED YAML-LINE...
{
    lib_form=$1
    again "form-$1"
    quirk b limit-status "\"$2\""
    [ "$3" = - ] || quirk b limit-wait "\"$3\""
    refused=$4
    shift 4
    limited_by "$@"
    quirk b rate '"1/700"'
    creations 1 2 >lines
    try sync-push <lines
    is "$lib_form: both are written, each once" '0 2 2|2' \
        "$rc $(count b .creates) $(dump b '[.[].email] | unique | length')|$(sql "SELECT count(*) FROM sync_intents WHERE state = 'done'")"
    like "$lib_form: it was asked again when it was said" "^($refused)$" "$(count b .refused_writes)"
}

form seconds 429 - 1 '{when: {status: [429]}, wait: {header: Retry-After, unit: s, else: backoff}}'
form date 429 date 1 '{when: {status: [429]}, wait: {header: Retry-After, unit: http}}'
form epoch-s 429 epoch-s 1 '{when: {status: [429]}, wait: {header: X-RateLimit-Reset, unit: epoch_s}}'
form epoch-ms 429 epoch-ms 1 '{when: {status: [429]}, wait: {header: X-RateLimit-Reset, unit: epoch_ms}}'
form seconds-left 429 left 1 '{when: {status: [429]}, wait: {header: X-RateLimit-Reset, unit: s}}'
form iso8601 429 iso8601 1 '{when: {status: [429]}, wait: {header: X-RateLimit-Reset, unit: iso8601}}'
form body 429 body 1 '{when: {status: [429]}, wait: {body: retry_after, unit: s}}'
form never-said 429 none '[1-9][0-9]*' '{when: {status: [429]}, wait: {else: backoff}}'
form forbidden 403 epoch-ms 1 \
    '{when: {status: [403], header: {X-RateLimit-Reset: true}}, wait: {header: X-RateLimit-Reset, unit: epoch_ms}}'
form bad-request 400 body 1 '{when: {status: [400], body: {error: [RATELIMITED, rate_limited]}}, wait: {body: retry_after}}'
form unavailable 503 - 1 '{when: {status: [503]}, wait: {header: Retry-After}}'
form fine 200 body 1 '{when: {status: [200], body: {error: rate_*}}, wait: {body: retry_after}}'

# Not every such answer is one: a code that no rule names.
again other-code
limited_by '{when: {status: [400], body: {error: RATELIMITED}}}'
quirk b limit-status '"400"'
quirk b limit-code '"invalid"'
quirk b limit-next 1
creations 1 1 >lines
try sync-push <lines
is "another code of that status is a refusal" "2 0 1" "$rc $(count b .creates) $(count b .refused_writes)"

# ---- what answers say is left ----

left() # NAME BUDGET-QUIRK YAML
{
    again "left-$1"
    limited_by "$3"
    quirk b rate '"10/60000"'
    quirk b budget "\"$2\""
    edit_config '/account: b-1/a\    concurrency: 1'
    creations 1 12 >lines
    try sync-push <lines
    is "budget as $1: programs stop where the reserve begins" "8 0" \
        "$(count b .creates) $(count b .refused)"
    try sync-ctl check --online
    like "budget as $1: a person is served" 'b +ok' "$(cat out)"
    sync-push <lines >out2 2>err
    is "budget as $1: another process knows, without a call" 9 "$(count b .calls)"
}

left headers headers '{budget: {remaining: X-RateLimit-Remaining, limit: X-RateLimit-Limit, reset: X-RateLimit-Reset-After}, reserve: 20%}'
left pair pair '{budget: {pair: X-Api-Usage, window: minute}, reserve: 20%}'

# ---- one bucket for all ----

again shared
rate '{requests: 10, window: 1s, reserve: 0%}'
creations 1 12 >lines1
creations 13 24 >lines2
sync-push <lines1 >out1 2>err1 &
first=$!
try sync-push <lines2
wait $first
is "two processes at once write all of it" "0 24 24" "$rc $(count b .creates) $(dump b '[.[].email] | unique | length')"
most=$(busiest 1000)
ok "no second saw more than ten calls, but they were used ($most)" test "$most" -le 10 -a "$most" -ge 2

# ---- closed for one is closed for all ----

again closed
quirk b rate '"1/60000"'
creations 1 2 >lines
try sync-push <lines
is "what cannot be written now is owed" "1 1" \
    "$(count b .creates) $(sql "SELECT count(DISTINCT link_id) FROM sync_owed")"
calls=$(count b .calls)
creations 3 5 >lines
try sync-push <lines
is "another process does not even try" "$calls 4" \
    "$(count b .calls) $(sql "SELECT count(DISTINCT link_id) FROM sync_owed")"
is "what is owed is due when the limit ends" 0 \
    "$(sql "SELECT count(*) FROM sync_owed WHERE not_before > '$(now_plus 61)'")"
try sync-ctl status
like "status says until when" 'b +b-1 +limit +20' "$(cat out)"
quirk b rate null
try sync-ctl resume b
like "who knows better opens it" 'not closed by a limit any more' "$(cat out)"
creations 6 6 >lines
try sync-push <lines
is "and it takes calls again" "0 2" "$rc $(count b .creates)"
is "what was owed meanwhile is due" 0 "$(sql "SELECT count(*) FROM sync_owed WHERE not_before > '$(now_plus 0)'")"

# ---- the others flow ----

again others
quirk b rate '"1/60000"'
{
    creations 1 8
    for n in 21 22 23 24 25 26 27 28; do
        creation b a "$n" "q$n@example.com"
    done
} >lines
try sync-push <lines
is "while one account is limited, the other takes all" "8 1" "$(count a .creates) $(count b .creates)"

# ---- the reserve of people ----

again reserve
rate '{requests: 10, window: 60s, reserve: 20%}'
creations 1 6 >lines
try sync-push <lines
calls=$(count b .calls)
ok "programs use a part at most ($calls)" test "$calls" -le 8
is "the rest is owed" "$((6 - calls))" "$(sql "SELECT count(DISTINCT link_id) FROM sync_owed")"
try sync-ctl check --online
like "a person is served" 'b +ok' "$(cat out)"

# ---- the day ----

again day
rate '{daily: 10}'
creations 1 12 >lines
try sync-push <lines
is "at nine tenths of the day's requests programs are frozen" "9 9" "$(count b .creates) $(count b .calls)"
is "half of them: one warning" 1 "$(grep -c 'of the day.s 10 requests are used$' err)"
is "the freeze: one, too" 1 "$(grep -c "frozen: 9 of the day's 10 requests" err)"
creations 13 14 >lines
try sync-push <lines
is "no other process writes, or warns again" "9 0" "$(count b .calls) $(grep -c 'requests' err)"
try sync-ctl check --online
like "a person may still ask" 'b +ok' "$(cat out)"

# A system that counts the day itself and says what is left of it.
again day-said
limited_by '{budget: {remaining: X-RateLimit-Remaining, limit: X-RateLimit-Limit, reset: X-RateLimit-Reset-After, window: day}}'
quirk b rate '"10/86400000"'
quirk b budget '"headers"'
edit_config '/account: b-1/a\    concurrency: 1'
creations 1 12 >lines
try sync-push <lines
is "a day that the system counts is frozen, too" "9 0" "$(count b .calls) $(count b .refused)"
is "with one warning before" "1 1" "$(grep -c 'of the day.s 10 requests are used$' err) $(grep -c "frozen: 9 of the day's 10" err)"
try sync-ctl check --online
like "and a person may still ask" 'b +ok' "$(cat out)"

# ---- clocks ----

# A process whose clock is a month ahead, or behind, closes the account: for the minute that was said.
for clock in ahead behind; do
    again "clock-$clock"
    quirk b rate '"1/60000"'
    creations 1 2 >lines
    boot=$(awk '{print int($1 * 1000)}' /proc/uptime)
    month=$([ $clock = ahead ] && echo 2592000 || echo -2592000)
    LOOPLESS_NOW="$(now_plus "$month")@$boot*1" sync-push <lines >out 2>err
    calls=$(count b .calls)
    creations 3 3 >lines
    try sync-push <lines
    if [ $clock = ahead ]; then
        is "set a month ahead and back: it is closed as long as was said" "$calls 1" \
            "$(count b .calls) $(sql "SELECT count(DISTINCT link_id) FROM sync_owed WHERE not_before BETWEEN '$(now_plus 0)' AND '$(now_plus 61)'")"
    else
        is "set a month back and on again: it is open, and told anew" "$((calls + 1)) 1" \
            "$(count b .calls) $(sql "SELECT count(DISTINCT link_id) FROM sync_owed WHERE not_before BETWEEN '$(now_plus 0)' AND '$(now_plus 61)'")"
    fi
done

# ---- a whole pipe, beside an account that takes nothing now ----

# What the programs of the pipe had of a processor so far, in ms.
spent()
{
    cat "/proc/$emit/schedstat" "/proc/$echofilter/schedstat" "/proc/$diff/schedstat" "/proc/$push/schedstat" |
        awk '{ms += $1 / 1000000} END {printf "%d", ms}'
}

# Nothing is out, open or due.
is_waiting()
{
    [ "$(sql "SELECT (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL AND (lease IS NOT NULL OR not_before <= strftime('%Y-%m-%dT%H:%M:%fZ')))
        + (SELECT count(*) FROM sync_intents WHERE state IN ('prepared', 'sent'))")" = 0 ]
}

# Linked contacts 1..20; a pipe; then somebody edits them all at a.
busy() # NAME
{
    stop_all
    cd "$tmp" && enter "$1"
    contacts 1 20 >a.ndjson
    deployment
    run
    start_pipe
}

edit_and_tell() # CHANGES
{
    for n in $(seq 1 20); do
        human a PATCH "/contacts/$n" "$1"
        hook a '' "$n"
    done
    until is_waiting; do kill -0 "$push" || break; done
}

# It costs nothing to wait: so much in two seconds, with sanitizers and all.
waits_for_free() # NAME
{
    timeout 1.2 tail -f /dev/null # it looks again for a second after a commit
    before=$(spent)
    calls=$(count a .calls)/$(count b .calls)
    timeout 2 tail -f /dev/null
    used=$(($(spent) - before))
    ok "$1: the pipe sleeps ($used ms of a processor in 2 s)" test $used -lt 100
    is "$1: and asks nobody" "$calls" "$(count a .calls)/$(count b .calls)"
}

busy limited
quirk b rate '"1/600000"'
edit_and_tell '{"phone":"77"}'
ok "what needs a limited account is owed or waits, all of it" test \
    "$(sql "SELECT (SELECT count(DISTINCT link_id) FROM sync_owed) + (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL)")" -ge 19
waits_for_free limited
stop_pipe
quirk b rate null
sql "UPDATE sync_inbox SET reason = 'parent crm/companies', not_before = '2200-01-01T00:00:00.000Z' WHERE seq = (SELECT max(seq) FROM sync_inbox)
    AND disposition IS NULL"
waits=$(sql "SELECT count(*) FROM sync_inbox WHERE reason = 'parent crm/companies'")
try sync-ctl resume b
is "what waits for something else goes on waiting" "$waits" "$(sql "SELECT count(*) FROM sync_inbox WHERE not_before > '2199' AND disposition IS NULL")"
sql "UPDATE sync_inbox SET not_before = '2026-01-01T00:00:00.000Z' WHERE not_before > '2199' AND disposition IS NULL"
run
is "once it is open again nothing is lost" 20 "$(dump b '[.[] | select(.phone == "77")] | length')"

busy paused
sync-ctl pause -q b >/dev/null
edit_and_tell '{"phone":"78"}'
waits_for_free paused
sync-ctl resume -q b >/dev/null
stop_pipe
run
is "after a pause nothing is lost" 20 "$(dump b '[.[] | select(.phone == "78")] | length')"

# ---- what it costs ----

again counters
quirk b limit-next 1
creations 1 3 >lines
try sync-push <lines
try sync-ctl counters
like "counters tell calls, retries and limits" '^b +b-1 +hour +4 +1 +1 ' "$(cat out)"
is "as JSON, too" '{"calls":4,"retries":1,"limits":1}' \
    "$(sync-ctl --json counters | jq -c 'select(.system == "b" and .last == "hour") | {calls, retries, limits}')"

again costs
quirk b slow-ms 120
creations 1 3 >lines
try sync-push <lines
sync-ctl --json counters b | jq -c 'select(.last == "hour")' >costs
ok "latency is from sending to the last byte ($(jq -c '[."mean ms", ."max ms"]' costs))" \
    jq -e '."mean ms" >= 120 and ."max ms" >= ."mean ms" and ."max ms" < 5000' costs
ok "bytes are those of requests and answers" \
    jq -e '."bytes out" > 3 * 200 and ."bytes out" < 3 * 2000 and ."bytes in" > 3 * 200 and ."bytes in" < 3 * 3000' costs
quirk b slow-ms false
quirk b fail-next '"1:422"'
creations 4 4 >lines
sync-push <lines >out 2>err
quirk b html-once 1
quirk b fail-next '"1:500"'
creations 5 5 >lines
sync-push <lines >out 2>err
is "errors are counted by their class" '[1,1]' "$(sync-ctl --json counters b | jq -c 'select(.last == "hour") | [."4xx", ."5xx"]')"

# ---- pauses reach who is at work ----

# Much is decided already and waits for its turn to be sent.
again at-work
edit_config '/account: b-1/a\    concurrency: 2'
quirk b slow-ms 40
creations 1 400 >lines
sync-push <lines >out 2>err &
pusher=$!
await $pusher sh -c "[ \"\$(grep -c done out)\" -ge 5 ]"
sync-ctl pause -q b >/dev/null
paused=$(date +%s%3N)
wait $pusher
last=$(sim b '/_sim/log?since=0' | jq '[(.items? // .calls? // .)[] | select(.actor == "api") | .time
    | (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber)] | max')
ok "a second after a pause nothing is written ($((last - paused)) ms)" test $((last - paused)) -lt 1200
is "what was decided is owed" 400 "$(($(count b .creates) + $(sql 'SELECT count(DISTINCT link_id) FROM sync_owed')))"
quirk b slow-ms false
sync-ctl resume -q b >/dev/null

# ---- far more calls than ever ----

again burst
echo 'breaker: {account_calls_floor: 5}' >>loopless.yaml
run
sql "WITH h(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM h WHERE i < 30) INSERT INTO sync_counters
    SELECT 'http calls', 'b', 'b-1', strftime('%Y-%m-%dT%H:00:00.000Z', 'now', '-' || i || ' hours'), 1 FROM h"
creations 1 12 >lines
try sync-push <lines
like "an account that gets far more calls than ever is an incident" \
    'incident: b \(account b-1\): [0-9]+ calls in an hour, usually 1; the account is paused' "$(cat err)"
is "and is paused" "account|breaker" "$(sql "SELECT scope, by FROM sync_pauses")"
creations 13 14 >lines
try sync-push <lines
is "nothing is written there" 12 "$(dump b length)"
sync-ctl resume -q b >/dev/null
creations 15 16 >lines
try sync-push <lines
is "a person lets it go on" "14 0" "$(dump b length) $(sql "SELECT count(*) FROM sync_pauses")"

done_testing
