#!/bin/sh
# What races, late answers, hostile servers and hand-made lines must not do: write twice, lose an
# edit, leave anything open for ever, run hot.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout

fresh() # NAME: a new deployment in a folder of its own, empty on both sides
{
    enter "$1"
    deployment
}

# ---- input that stops in the middle of a line ----
fresh half
mkfifo lines
sync-push <lines >out 2>err &
pusher=$!
exec 9>lines
creation a b 1 ann@example.com >&9
creation a b 2 bob@example.com | head -c 50 >&9
# shellcheck disable=SC2016
ok "a half-written line does not hold up the whole one before it" timeout 20 \
    sh -c 'until grep -q "\"pushed\"" out; do :; done'
exec 9>&-
wait "$pusher"
is "a half-written line is dropped" "1 1" "$(grep -c 'no newline' err) $(count b .creates)"

# ---- a create that is answered 409, or whose answer is lost, finds what was there before ----
fresh found
add a '{"email":"x@example.com","first_name":"Ann","notes":"a"}'
add b '{"email":"x@example.com","first_name":"Bea","notes":"b"}'
quirk b unique '"email"'
creation a b "$(record a x@example.com .id)" x@example.com | sync-push >out 2>err
is "a create answered 409 links what is there" "done 2" \
    "$(jq -r .status out) $(sql 'SELECT count(*) FROM sync_metadata')"
run
run
is "and first_contact decides what differs" '"Ann" "a"' \
    "$(record b x@example.com .first_name) $(record b x@example.com .notes)"
is "it is there once" 1 "$(dump b length)"

# ---- a create that is refused is refused whole, if nothing says for the sake of which field ----
fresh refused
add a '{"email":"x@example.com","first_name":"Ann"}'
quirk b reject '"first_name:Ann"'
quirk b html-errors
run
is "a refused create is a reject" "2 0" "$? $(count b .creates)"
edit a x@example.com '{"notes":"new"}'
run
run
is "an edit of another field does not create what is left of it" 0 "$(count b .creates)"
edit a x@example.com '{"first_name":"Bob"}'
run
is "an edit of the refused field creates all of it" '"Bob" "new"' \
    "$(record b x@example.com .first_name) $(record b x@example.com .notes)"
is "and nothing is refused any more" 0 "$(sql 'SELECT count(*) FROM sync_owed')"

# ---- a create that was answered with an id, but cannot be read back ----
fresh unread
sed -e 's|create: {method: POST, path: /contacts, answer: full|create: {method: POST, path: /contacts, answer: none|' \
    -e 's|get: {method: GET, path: "/contacts/{id}"|get: {method: GET, path: "/nothing/{id}"|' \
    -e '/ find: .*contacts/d' "$LOOPLESS_PROVIDERS/rest.yaml" >unread.yaml
sed -i '/^  b:/,/^sync/s|provider: rest|provider: ./unread.yaml|' loopless.yaml
creation a b 1 ann@example.com | sync-push >out 2>err
is "a create answered with an id is done, though it cannot be read back" \
    "done $(record b ann@example.com .id)" "$(jq -r '"\(.status) \(.target_record_id)"' out)"

# ---- a writer dies, and the system of its write leaves the config ----
fresh left
creation a b 1 ann@example.com >line
LOOPLESS_CRASH_TRACE=$tmp/trace sync-push <line >/dev/null 2>&1
at=$(crash_number push.sent)
creation a b 2 bob@example.com | LOOPLESS_CRASH_AT=$at sync-push >/dev/null 2>&1
sql "DELETE FROM sync_leases; UPDATE sync_intents SET sent_at = '2020-01-01T00:00:00.000Z' WHERE state = 'sent'"
before=$(sim b /_sim/log | jq length)
sed -i 's/account: b-1/account: b-2/' loopless.yaml
sync-push </dev/null >out 2>err
is "a create for an account that has left is a reject" "2 unknown outcome-unknown" \
    "$? $(sql 'SELECT state FROM sync_intents ORDER BY token DESC LIMIT 1') $(sql 'SELECT code FROM sync_rejects')"
like "it says what to look for" 'hint: .*external id x-2' "$(cat err)"
is "and nothing is asked there" "$before" "$(sim b /_sim/log | jq length)"

# ---- a record is copied there by hand, our external id with it ----
fresh copied
add a '{"email":"x@example.com","first_name":"Ann"}'
run
add b "{\"email\":\"y@example.com\",\"external_id\":$(record b x@example.com .external_id)}"
skinny='{"path":"webhook","system":"b","account":"b-1","resource":"crm/contacts","record_id":"2002","event_type":"updated","fields":null}'
sql "INSERT INTO sync_inbox (lane, system, account, resource, record_id, event_type, event_id, path, received_at, map_hash,
    payload, not_before) VALUES ('Rb/b-1/crm/contacts/2002', 'b', 'b-1', 'crm/contacts', '2002', 'updated', 'nudge',
    'webhook', '2020-01-01T00:00:00.000Z', '', '$skinny', '2020-01-01T00:00:00.000Z')"
timeout -k 3 20 sync-reconcile run contacts >out 2>err
is "a copy with our external id does not run hot" 2 $?
like "it is a reject" 'linked-elsewhere|is linked to' "$(sql 'SELECT code FROM sync_rejects') $(cat err)"
ok "and the books balance" sync-ctl audit

# ---- two systems that each rewrite what they get ----
fresh rewriting
add a '{"email":"x@example.com","phone":"0"}'
run
for i in 1 2 3 4 5 6; do
    edit b x@example.com '{"phone":"1"}'
    run
    edit a x@example.com '{"phone":"2"}'
    run
done
ok "systems that undo each other through us are stopped" test $(($(count a .updates) + $(count b .updates))) -lt 10
is "the record is paused" "record" "$(sql 'SELECT DISTINCT scope FROM sync_pauses')"
run
ok "and nothing runs on" test $(($(count a .updates) + $(count b .updates))) -lt 10

fresh person
add a '{"email":"x@example.com","phone":"0"}'
run
for i in 1 2 3 4 5 6; do
    edit b x@example.com "{\"phone\":\"$((i % 2))\"}"
    run
done
edit a x@example.com '{"phone":"5"}'
run
for i in 1 2 3 4; do
    edit a x@example.com "{\"phone\":\"$((i % 2))\"}"
    run
done
is "people who go back and forth, here and then there, are not stopped" '0 "0" "0"' \
    "$(sql 'SELECT count(*) FROM sync_pauses') $(record a x@example.com .phone) $(record b x@example.com .phone)"

# ---- the pause of a stopped run ----
fresh spent
for i in 1 2 3; do add a "{\"email\":\"p$i@example.com\",\"first_name\":\"G$i\"}"; done
printf 'limits: {max_creates: 2}\n' >>loopless.yaml
run
is "a stopped run is paused" "3 1" "$? $(sql "SELECT count(*) FROM sync_pauses WHERE scope = 'run'")"
run --yes
is "once its rows are settled its pause is gone" "0 0" "$? $(sql 'SELECT count(*) FROM sync_pauses')"

# ---- a page that was asked for before a decision, and is admitted after it ----
fresh page
add a '{"email":"x@example.com","first_name":"Ann","phone":"0"}'
run
before=$(sim b /_sim/log | jq '.[-1].n')
edit b x@example.com '{"phone":"1"}'
quirk b slow-ms 2000
sync-reconcile run b-contacts >late.out 2>late.err &
late=$!
asked_for() { sim b "/_sim/log?since=$before" | jq -e 'any(.path == "/contacts")' >/dev/null; }
ok "a page is under way" await $late asked_for
kill -STOP $late # the page waits in its socket
quirk b slow-ms null
edit b x@example.com '{"phone":"2"}'
edit a x@example.com '{"notes":"n"}'
run contacts
is "a decision has read what is newer than the page" '"2" "2"' \
    "$(record a x@example.com .phone) $(record b x@example.com .phone)"
kill -CONT $late
wait $late
is "the page is admitted after it" "0 b delta 1" \
    "$? $(sql 'SELECT system, path, payload FROM sync_inbox ORDER BY seq DESC LIMIT 1' |
        sed 's/|{.*"phone":"\([0-9]\)".*/ \1/; s/|/ /')"
is "what it shows is no edit" '"2" "2"' \
    "$(record a x@example.com .phone) $(record b x@example.com .phone)"

done_testing
