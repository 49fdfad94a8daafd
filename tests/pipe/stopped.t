#!/bin/sh
# Two sync-push; one stands still with open intents for longer than its lease, another takes them over, and
# the first goes on: no second record, no lost edit, by every means of writing.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

fresh() # NAME CREATE : a folder, config and state; app creates contacts by CREATE
{
    sed "s|^    create: .*/contacts,.*|    $2|" "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/$1.yaml"
    enter "$1"
    cp ../crm.token ../app.token .
    write_config crm app
    edit_config "/^  app:/,/^sync/s|provider: rest|provider: $tmp/$1.yaml|; s/create: .*/create: {crm: false, app: true}/"
    new_state
}

creations() # PREFIX : three, as one batch of sync-push
{
    for i in 1 2 3; do
        creation crm app "$1$i" "$1$i@x"
    done
}

is_sent()
{
    [ "$(sql "SELECT count(*) FROM sync_intents WHERE state = 'sent'")" -eq 3 ]
}

is_lost() # all three, and the answer to none is there yet
{
    [ "$(count app .dropped)" -eq $((lost + 3)) ]
}

arrived() # all three, whatever they were called by
{
    [ "$(dump app "map(select((.email // \"\") | startswith(\"$1\"))) | length")" -eq 3 ]
}

# The first stands still: its lease ends, and so do the deadlines of its requests.
expire()
{
    sql "UPDATE sync_leases SET expires_ms = 0; UPDATE sync_intents SET
        sent_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-20 minutes') WHERE state = 'sent'"
}

is_stopped() { grep -q '^State:.T' "/proc/$1/status"; }
is_free() { sqlite3 state.db 'BEGIN IMMEDIATE; ROLLBACK' 2>none; }

# It stands still, but not with the state in its hands: then nobody could go on.
stand_still() # PID
{
    while kill -STOP "$1"; do
        await "$1" is_stopped "$1"
        is_free && break
        kill -CONT "$1"
    done
}

start_sim crm # never called
start_sim app

makes_each_once()
{
    is "${way}_makes_each_once" "3 3" \
        "$(dump app "map(.email | select(. != null and startswith(\"$way\"))) | \"\(length) \(unique | length)\"" | tr -d '"')"
}

check() # NAME CREATE
{
    way=$1
    fresh "$way" "$2"
    creations "$way" >lines
    quirk app slow-ms 1500
    sync-push <lines >first.out 2>first.err &
    first=$!
    ok "${way}_is_under_way" await $first is_sent
    ok "${way}_has_arrived" await $first arrived "$way"
    stand_still $first # the answers wait in its sockets
    quirk app slow-ms null
    expire
    try sync-push </dev/null
    is "${way}_is_taken_over" "0 3" "$rc $(jq -s 'map(select(.status == "done")) | length' out)"
    edit app "${way}1@x" '{"first_name":"Anna"}'
    kill -CONT $first
    wait $first
    like "${way}_goes_on_without_effect" '^(0|75)$' "$?"
    makes_each_once
    is "${way}_loses_no_edit" '"Anna"' "$(record app "${way}1@x" .first_name)"
    is "${way}_leaves_nothing_open" "3 0" "$(sql "SELECT (SELECT count(*) FROM sync_intents WHERE state = 'done'),
        (SELECT count(*) FROM sync_intents WHERE state IN ('prepared', 'sent', 'unknown'))" | tr '|' ' ')"
}

# The same, where the requests are lost, and it stands still while it finds out.
before() # NAME CREATE
{
    way=$1
    fresh "$way" "$2"
    creations "$way" >lines
    lost=$(count app .dropped)
    quirk app drop-next 3
    quirk app slow-ms 1500
    sync-push <lines >first.out 2>first.err &
    first=$!
    ok "${way}_is_under_way" await $first is_lost
    stand_still $first # the cuts wait in its sockets
    quirk app slow-ms null
    expire
    try sync-push </dev/null
    kill -CONT $first
    wait $first
    expire
    try sync-push </dev/null
    makes_each_once
}

check plain 'create: {method: POST, path: /contacts, answer: full}'
check keyed 'create: {method: POST, path: /contacts, answer: full, idempotency: {header: Idempotency-Key, window: 24h}}'
check upsert 'upsert: {by: url, method: PATCH, path: "/contacts/by/external_id/{external_id}"}'
check own 'create: {client_id: uuid, method: PUT, path: "/contacts/{id}", query: {create: true}}'
check bulk 'create: {method: POST, path: /contacts, batch: {max: 3, method: POST, path: /contacts/batch/create, items: items, results: results, by: index, at: index, status: status, record: record}}'
before lostkeyed 'create: {method: POST, path: /contacts, answer: full, idempotency: {header: Idempotency-Key, window: 24h}}'
before lostupsert 'upsert: {by: url, method: PATCH, path: "/contacts/by/external_id/{external_id}"}'

done_testing
