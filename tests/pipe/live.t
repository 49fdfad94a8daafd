#!/bin/sh
# Live events: what webhooks say is only a nomination, and only what is certainly ours is dropped.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout

# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"

# ---- a skinny event is fetched, its echo is not ----
pair echo
edit a ann@example.com '{"phone":"2"}'
hook a
flow
is "an edit that a webhook tells of is written" '"2" pushed' "$(record b ann@example.com .phone) $(ends 1)"
before=$(calls a b)
hook b '{"partial":true,"changed":["phone"],"fields":{"phone":"2"}}'
flow
is "the payload of our own write is dropped without a call" "echo 0" "$(ends 1) $(($(calls a b) - before))"
hook b
flow
is "a skinny echo is marked, read, and settles without a write" "unchanged 1" "$(ends 1) $(count b .updates)"
is "the decision keeps the mark and names the write" "true true" \
    "$(jq -r '"\(.maybe_echo) \(.sync_correlation_id | test("-[0-9]+$"))"' decisions)"
edit b ann@example.com '{"phone":"3"}'
hook b
flow
is "a person's edit right after our write is not lost" '"3" pushed' "$(record a ann@example.com .phone) $(ends 1)"
ok "the books balance" sync-ctl audit

# ---- by the id of the write ----
pair own
edit a ann@example.com '{"phone":"2"}'
hook a
flow
write_id=$(sql 'SELECT idempotency_key FROM sync_intents ORDER BY token DESC LIMIT 1')
edit b ann@example.com '{"phone":"9"}'
hook b
flow
before=$(calls a b)
hook b '{"partial":true,"changed":["phone"],"fields":{"phone":"2"},"sync_correlation_id":"'"$write_id"'"}'
flow
is "a late echo of our write is known by its id" "echo:own-write 0" "$(ends 1) $(($(calls a b) - before))"
is "and the edit since stands" '"9" "9"' "$(record a ann@example.com .phone) $(record b ann@example.com .phone)"
edit b ann@example.com '{"phone":"2"}'
hook b '{"partial":true,"changed":["phone"],"fields":{"phone":"2"},"sync_actor":"sync_engine","sync_source":"loopless"}'
flow
is "a person who goes back to our value under our user is heard" '"2" pushed' \
    "$(record a ann@example.com .phone) $(ends 1)"

# ---- a payload is not the record ----
pair payload
edit a ann@example.com '{"phone":"2","notes":"new"}'
hook a '{"partial":true,"changed":["phone"],"fields":{"phone":"2"}}'
flow
is "of a partial payload the rest is read" '"2" "new"' \
    "$(record b ann@example.com .phone) $(record b ann@example.com .notes)"
hook a '{"version":"2027-01-01T00:00:00.000Z","fields":{"email":"ann@example.com","first_name":"Ann","phone":"old","notes":"old"}}'
flow
is "an old whole payload writes nothing" 'unchanged "2" "new"' \
    "$(ends 1) $(record b ann@example.com .phone) $(record a ann@example.com .notes)"

# ---- one edit, five events ----
pair properties
edit a ann@example.com '{"first_name":"Bea","last_name":"B","phone":"5","notes":"five"}'
hook a '{"partial":true,"changed":["first_name"],"fields":{"first_name":"Bea"}}'
sync-ingest emit >first & # the first is out
emitter=$!
ok "the first is out" await $emitter test -s first
for change in '"last_name":"B"' '"phone":"5"' '"notes":"five"' '"updated_at":"x"'; do
    hook a '{"partial":true,"changed":['"${change%%:*}"'],"fields":{'"$change"'}}'
done
sync-echofilter <first | sync-diff | tee said | sync-push >results
wait $emitter
jq -c 'select(.seq)' said >all
flow
cat decisions >>all
ok "one edit told in five events is two decisions at most" test "$(wc -l <all)" -le 2
is "and one write" "1 1" "$(jq -s 'map(.writes | length) | add' all) $(count b .updates)"
is "each event ends once" "5 0" "$(sql "SELECT count(*), sum(disposition IS NULL) FROM sync_inbox WHERE path = 'webhook'" | tr '|' ' ')"
ok "and the books balance still" sync-ctl audit

# ---- the webhook comes before the answer ----
early() # NAME: an edit of a; b's event arrives while b holds its answer back
{
    before=$(sim b /_sim/log | jq '.[-1].n')
    there=$(record b ann@example.com .id)
    edit a ann@example.com '{"phone":"2"}'
    hook a
    quirk b slow-ms 1000
    flow &
    pipe=$!
    patched() { sim b "/_sim/log?since=$before" | jq -e 'any(.method == "PATCH")' >/dev/null; }
    ok "$1: the write is under way" await $pipe patched
    kill -STOP "$(pid b)" # its answer waits
    hook b '{"partial":true,"changed":["phone"],"fields":{"phone":"2"}}' "$there"
    timeout 30 sync-ingest emit 2>emit2.err | sync-echofilter 2>echo2.err | sync-diff 2>diff2.err | sync-push >results2 2>push2.err &
    second=$!
    open=$(sql "SELECT count(*) FROM sync_intents WHERE state = 'sent'")
    kill -CONT "$(pid b)"
    wait $pipe $second
    quirk b slow-ms null
    is "$1: its event waits for the answer and is an echo" "1 pushed echo" "$open $(ends 2)"
    is "$1: nothing is written twice" 1 "$(count b .updates)"
}
pair answer
early "before the answer"
pair readback
sed 's|path: "/contacts/{id}", answer: full}|path: "/contacts/{id}", answer: none}|' "$LOOPLESS_PROVIDERS/rest.yaml" >silent.yaml
sed -i '/^  b:/,/^sync/s|provider: rest|provider: ./silent.yaml|' loopless.yaml
quirk b answer-none
early "before the read-back"

# ---- deleted and merged ----
pair gone
gone=$(record b ann@example.com .id)
human b DELETE "/contacts/$gone"
hook b '{"event_type":"deleted"}' "$gone"
flow
is "a deletion leaves a tombstone and deletes nothing" "deleted 1 1" \
    "$(ends 1) $(sql 'SELECT count(*) FROM sync_metadata WHERE deleted_at IS NOT NULL') $(dump a length)"
edit a ann@example.com '{"phone":"4"}'
run
is "the other side's edit survives" '"4" 0' "$(record a ann@example.com .phone) $(dump b length)"
hook b '{"event_type":"updated"}' "$gone"
flow
is "an event of the deleted record ends" "ignored" "$(ends 1)"
hook a '{"event_type":"merged"}'
flow
ok "a merge ends in a disposition" test "$(ends 1)" != pending
ok "with all that the books balance" sync-ctl audit

# ---- half a line ----
pair half
hook a
sync-ingest emit >line 2>emit.err &
emitter=$!
ok "a line is out" await $emitter test -s line
mkfifo lines
for stage in sync-echofilter sync-diff; do
    $stage <lines >out 2>err &
    filter=$!
    exec 9>lines
    # more than is read at once: the rest of it comes while the whole line is worked on
    { cat line && head -c 300000 /dev/zero | tr '\0' ' ' && head -c 40 line; } >&9
    # shellcheck disable=SC2016
    ok "$stage: half a line does not hold up the whole one before it" timeout 20 sh -c 'until [ -s out ]; do :; done'
    tail -c +41 line >&9
    exec 9>&-
    wait $filter
    is "$stage: the rest of it is waited for" 2 "$(wc -l <out)"
done
kill $emitter

done_testing
