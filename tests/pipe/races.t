#!/bin/sh
# What races, late answers, hostile servers and hand-made lines must not do: write twice, lose an
# edit, leave anything open for ever, run hot.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
. "$top_srcdir/tests/lib.sh"
url_a="" url_b="" # deployment sets them
need curl jq sqlite3 timeout

sql() { sqlite3 state.db ".timeout 5000" "$1"; }
count() { sim "$1" /_sim/counters | jq "$2"; }
writes() { count "$1" '.creates + .updates + .deletes + .refused'; }
quirk() { sim "$1" /_sim/quirk -d "{\"name\":\"$2\",\"value\":$3}" >/dev/null; }
add() { sim "$1" /_human/contacts -X POST -H 'Content-Type: application/json' -d "$2" >/dev/null; }
record() { sim "$1" /_sim/dump/contacts | jq -c --arg e "$2" ".[] | select(.email == \$e) | $3"; }
edit() { # URL EMAIL BODY
    sim "$1" "/_human/contacts/$(record "$1" "$2" .id)" -X PATCH -H 'Content-Type: application/json' -d "$3" >/dev/null
}
run() { sync-reconcile run "$@" contacts b-contacts >results 2>messages; }
fresh() { # NAME ; a new deployment in a folder of its own, empty on both sides
    [ -z "${pid_a-}" ] || { stop_sim "$pid_a" && stop_sim "$pid_b"; } 2>/dev/null
    mkdir "$tmp/$1" && cd "$tmp/$1" || exit 99
    start_sim a --seed 1 && pid_a=$SIM_PID
    start_sim b --seed 2 && pid_b=$SIM_PID
    write_config a "$url_a" b "$url_b" >loopless.yaml
    sync-ctl init >/dev/null || exit 99
}
creation() { # ID EMAIL : a decision to create a:ID at b
    jq -nc --arg id "$1" --arg email "$2" '{v:1,system:"a",account:"a-1",resource:"crm/contacts",
        record_id:$id,event_type:"created",fields:null,link:null,generation:0,external_id:"x-\($id)",
        ends:[{system:"a",account:"a-1",record_id:$id,covered:{email:$email,first_name:"Ann"},state:"live"}],
        rules:{email:{rule:"create",source:"a"}},
        writes:[{target:"b",account:"b-1",action:"create",external_id:"x-\($id)",
            set:{email:$email,first_name:"Ann"},sources:{email:"a",first_name:"a"}}],
        claims:["key-\($email)"],map_hash:"m"}'
}

# ---- input that stops in the middle of a line ----
fresh half
mkfifo lines
sync-push <lines >out 2>err &
pusher=$!
exec 9>lines
creation 1 ann@example.com >&9
creation 2 bob@example.com | head -c 50 >&9
# shellcheck disable=SC2016
ok "a half-written line does not hold up the whole one before it" timeout 20 \
    sh -c 'until grep -q "\"pushed\"" out; do :; done'
exec 9>&-
wait "$pusher"
is "a half-written line is dropped" "1 1" "$(grep -c 'no newline' err) $(count "$url_b" .creates)"

# ---- a create that is answered 409, or whose answer is lost, finds what was there before ----
fresh found
add "$url_a" '{"email":"x@example.com","first_name":"Ann","notes":"a"}'
add "$url_b" '{"email":"x@example.com","first_name":"Bea","notes":"b"}'
quirk "$url_b" unique '"email"'
creation "$(record "$url_a" x@example.com .id)" x@example.com | sync-push >results 2>messages
is "a create answered 409 links what is there" "done 2" \
    "$(jq -r .status results) $(sql 'SELECT count(*) FROM sync_metadata')"
run
run
is "and first_contact decides what differs" '"Ann" "a"' \
    "$(record "$url_b" x@example.com .first_name) $(record "$url_b" x@example.com .notes)"
is "it is there once" 1 "$(sim "$url_b" /_sim/dump/contacts | jq length)"

# ---- a create that is refused is refused whole ----
fresh refused
add "$url_a" '{"email":"x@example.com","first_name":"Ann"}'
quirk "$url_b" reject '"first_name:Ann"'
run
is "a refused create is a reject" "2 0" "$? $(count "$url_b" .creates)"
edit "$url_a" x@example.com '{"notes":"new"}'
run
run
is "an edit of another field does not create what is left of it" 0 "$(count "$url_b" .creates)"
edit "$url_a" x@example.com '{"first_name":"Bob"}'
run
is "an edit of the refused field creates all of it" '"Bob" "new"' \
    "$(record "$url_b" x@example.com .first_name) $(record "$url_b" x@example.com .notes)"
is "and nothing is refused any more" 0 "$(sql 'SELECT count(*) FROM sync_owed')"

# ---- a create that was answered with an id, but cannot be read back ----
fresh unread
sed -e 's|create: {method: POST, path: /contacts, answer: full|create: {method: POST, path: /contacts, answer: none|' \
    -e 's|get: {method: GET, path: "/contacts/{id}"|get: {method: GET, path: "/nothing/{id}"|' \
    -e '/ find: .*contacts/d' "$LOOPLESS_PROVIDERS/rest.yaml" >unread.yaml
sed -i '/^  b:/,/^sync/s|provider: rest|provider: ./unread.yaml|' loopless.yaml
creation 1 ann@example.com | sync-push >results 2>messages
is "a create answered with an id is done, though it cannot be read back" \
    "done $(record "$url_b" ann@example.com .id)" "$(jq -r '"\(.status) \(.target_record_id)"' results)"

# ---- a writer dies, and the system of its write leaves the config ----
fresh left
creation 1 ann@example.com >line
LOOPLESS_CRASH_TRACE=$tmp/trace sync-push <line >/dev/null 2>&1
at=$(awk '$3 == "push.sent" {print $2; exit}' "$tmp/trace")
creation 2 bob@example.com | LOOPLESS_CRASH_AT=$at sync-push >/dev/null 2>&1
sql "DELETE FROM sync_leases; UPDATE sync_intents SET sent_at = '2020-01-01T00:00:00.000Z' WHERE state = 'sent'"
before=$(sim "$url_b" /_sim/log | jq length)
sed -i 's/account: b-1/account: b-2/' loopless.yaml
sync-push </dev/null >results 2>messages
is "a create for an account that has left is a reject" "2 unknown outcome-unknown" \
    "$? $(sql 'SELECT state FROM sync_intents ORDER BY token DESC LIMIT 1') $(sql 'SELECT code FROM sync_rejects')"
like "it says what to look for" 'hint: .*external id x-2' "$(cat messages)"
is "and nothing is asked there" "$before" "$(sim "$url_b" /_sim/log | jq length)"

done_testing
