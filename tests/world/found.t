#!/bin/sh
# What random worlds have found, each as a small case of it.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout

# ---- one record, two to be created ----
enter three
start_sim c --seed 3
deployment
edit_config 's/between: .*/between: [a, b, c]/; s/create: .*/create: {a: true, b: true, c: true}/'
sed -n '/^  b:/,/^sync/p' loopless.yaml | sed "\$d; s|http:.*|$(url c)|; s/ b:/ c:/; s/b-1/c-1/; s/b\\.token/c.token/" >c.yaml
edit_config '/^    auth: .*b\.token/r c.yaml'
echo '  c-contacts: {system: c, resource: crm/contacts}' >>loopless.yaml
add a '{"email":"ann@example.com","first_name":"Ann"}'
run
is "a record of one system is created at two others in one decision" "0 1 1" \
    "$rc $(count b .creates) $(count c .creates)"
is "and nothing waits" 0 "$(sql 'SELECT count(*) FROM sync_inbox WHERE disposition IS NULL')"
stop_all

# ---- linked meanwhile ----
# A row as a webhook would leave it, of ann's contact there.
hook() # SYSTEM
{
    sql "INSERT INTO sync_inbox (lane, system, account, resource, record_id, event_type, event_id, path, received_at,
            map_hash, payload, not_before)
        SELECT 'R$1/$1-1/crm/contacts/' || id, '$1', '$1-1', 'crm/contacts', id, 'updated', 'hook-$1', 'webhook', t, '',
            json_object('path', 'webhook', 'system', '$1', 'account', '$1-1', 'resource', 'crm/contacts', 'record_id', id,
                'event_type', 'updated', 'event_id', 'hook-$1', 'sync_source', '$1', 'sync_direction', 'inbound',
                'fields', NULL, 'received_at', '2099-01-01T00:00:00.000Z'), t
        FROM (SELECT '$(record "$1" ann@example.com .id)' id, '2026-01-01T00:00:00.000Z' t)"
}

enter meanwhile
deployment
run
add a '{"email":"ann@example.com","first_name":"Ann","phone":"1"}'
add b '{"email":"ann@example.com","first_name":"Ann","phone":"1"}'
hook a
hook b
timeout 60 sync-ingest emit >lines 2>emit.err &
emitter=$!
two_lines() { [ "$(grep -c '"seq"' lines)" -eq 2 ]; }
ok "both records are out, each in its lane" await $emitter two_lines
quirk a slow-ms 2000
grep '"system":"b"' lines | sync-diff >decided 2>err &
slow=$!
asked() { sim a /_sim/log | jq -e 'any(.query // "" | test("ann"))' >/dev/null; }
ok "b's record is sought at a" await $slow asked
quirk a slow-ms null
grep '"system":"a"' lines | sync-diff | sync-push >results 2>push.err
is "meanwhile they are linked" 1 "$(sql 'SELECT count(*) FROM sync_links')"
wait $slow
is "a link of it and us is no refusal" "null 1" "$(jq -r '"\(.reject) \(.link)"' decided)"
ok "what comes of it is settled" try sync-push <decided
wait $emitter
is "nobody is refused" "0 0" "$rc $(sql 'SELECT count(*) FROM sync_rejects')"
stop_all

# ---- owed, and waiting for a person ----
enter closed
deployment
edit_config 's/notes: .*/notes: {owner: any, conflict: manual}/'
add a '{"email":"ann@example.com","first_name":"Ann","notes":"old"}'
run
sync-ctl pause -q b >ctl.out
edit a ann@example.com '{"notes":"of a"}'
run
edit b ann@example.com '{"notes":"of b"}'
run
sync-ctl resume -q b >ctl.out
run
is "a conflict waits, what was owed before it, too" "1 1" \
    "$(sql "SELECT (SELECT count(*) FROM sync_conflicts WHERE state = 'open'), count(*) FROM sync_owed" | tr '|' ' ')"
run
before=$(sql "SELECT count(*) FROM sync_inbox WHERE path = 'manual'")
sql "UPDATE sync_owed SET not_before = '2020-01-01T00:00:00.000Z'"
run
is "it is not decided again and again" "0 $before" "$rc $(sql "SELECT count(*) FROM sync_inbox WHERE path = 'manual'")"
stop_all

# ---- made, but not there yet ----
enter young
sed -e '/^    get:/s|gone: {status: \[404\]}}|gone: {status: [404]}, lag: 1s}|; s|strong: true|strong: false, lag: 1s|; s|settle: 0s|settle: 1s|' \
    "$LOOPLESS_PROVIDERS/rest.yaml" >slow.yaml
deployment
edit_config '/^  b:/,/account:/s|provider: rest|provider: ./slow.yaml|'
run
quirk b lag-ms 1000
add a '{"email":"ann@example.com","first_name":"Ann","phone":"1"}'
run
edit a ann@example.com '{"phone":"2"}'
run
is "an edit while the other end does not show itself yet comes there" '0 "2"' "$rc $(record b ann@example.com .phone)"
stop_all

# ---- a listing that lags behind our own write ----
enter behind
sed -e 's|strong: true|strong: false, lag: 5s|; s|settle: 0s|settle: 5s|' "$LOOPLESS_PROVIDERS/rest.yaml" >slow.yaml
deployment
edit_config '/^  b:/,/account:/s|provider: rest|provider: ./slow.yaml|'
add a '{"email":"ann@example.com","first_name":"Ann","phone":"1"}'
run
quirk b find-lag-ms 5000
edit a ann@example.com '{"phone":"2"}'
run
run --ignore-previous-run
is "a row of before our write is no edit" '"2" "2"' \
    "$(record a ann@example.com .phone) $(record b ann@example.com .phone)"
done_testing
