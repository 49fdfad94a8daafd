#!/bin/sh
# Whatever records, systems and strangers say: what we show to people drives no terminal, and no line
# looks like another one.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"
need curl jq sqlite3

# Clears the screen, rings, turns the text around, colours by C1, feigns a line, is not there.
nasty='\u001b[2J\u0007\u202exe\u2066\u009b31m\r\nsync-push: error: all is lost\u200b\ufeff\u007f\u2028.'

# The bytes of all of that, but for newlines, which end our own lines.
raw()
{
    grep -alP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xaf]|\xef\xbb\xbf' "$@"
    grep -al '^sync-push: error: all is lost' "$@"
}

said=0
show() # COMMAND...
{
    said=$((said + 1))
    "$@" >"said.$said" 2>"err.$said"
}

# A program whose stdout is for other programs: JSON.
pass_on() # COMMAND...
{
    said=$((said + 1))
    "$@" >"passed.$said" 2>"err.$said"
}

enter nasty
deployment
edit_config 's/phone: {owner: any}/phone: {owner: any, conflict: manual}/'
add a "{\"first_name\":\"Ann\",\"last_name\":\"$nasty\",\"email\":\"ann@example.com\",\"phone\":\"1\"}"
add a "{\"first_name\":\"Bob\",\"last_name\":\"B\",\"email\":\"bob@example.com\"}"
pass_on sync-reconcile run -v
add a "{\"first_name\":\"$nasty\",\"email\":\"cy@example.com\",\"notes\":\"$nasty\"}"
edit a bob@example.com "{\"last_name\":\"$nasty\"}"
edit a ann@example.com "{\"phone\":\"a$nasty\",\"last_name\":\"new$nasty\"}"
edit b ann@example.com "{\"phone\":\"b$nasty\"}"
sync-reconcile fetch contacts >listed 2>err.listed
show sync-diff --format=human <listed
like "what would be written is shown" 'cy@example.com' "$(cat said.$said)"
like "with what is in it, made visible" 'u202e' "$(cat said.$said)"
pass_on sync-diff --plan plan <listed
show sync-push -n --plan plan
like "requests are shown" '^POST .*/contacts' "$(cat said.$said)"
pass_on sync-reconcile run -v
quirk b reject "\"notes:$nasty\""
quirk b fail-next '"1:422"'
edit a cy@example.com "{\"notes\":\"more$nasty\"}"
pass_on sync-reconcile run -v --rejects=quarantine

# Ids and names of a system's own.
creation a b "$(printf 'id\033[31m\342\200\256')" "dan@example.com" |
    jq -c --argjson n "\"$nasty\"" '.writes[0].set.last_name = $n | .ends[0].covered.last_name = $n' >line
show sync-push -n <line
quirk b fail-next '"1:422"'
pass_on sync-push -v <line
jq -nc --argjson n "\"$nasty\"" '{v: 1, system: $n, account: $n, resource: $n, record_id: $n, event_type: "created", fields: {}}' >strange
pass_on sync-echofilter --explain --dropped dropped <strange
pass_on sync-diff -v <strange
pass_on sync-push -v <strange
printf 'no JSON \033[31m \342\200\256\n' >wrong
pass_on sync-push -v <wrong
pass_on sync-diff -v <wrong
show sync-push "$(printf -- '--wr\033[31mong')"
show sync-ctl why crm/contacts "$(printf 'a:\033[31m')"
show sync-ctl pause a --reason "$(printf '\033[31m\342\200\256')"
show sync-ctl status
sync-ctl resume -q a >resumed

for verb in status jobs counters history 'links list' 'conflicts list' 'conflicts show 1' 'rejects list --all' 'rejects show 1' \
    'why crm/contacts a:1' 'why crm/contacts a:1 phone' 'why crm/contacts a:1 last_name' 'links show crm/contacts a:1' \
    'history crm/contacts a:1' normalizers audit; do
    # shellcheck disable=SC2086
    show sync-ctl -v $verb
done
ok "there was something to show" test "$(grep -al 'u202e' said.* err.* | wc -l)" -ge 8
is "tables and reports are harmless" '' "$(raw said.*)"
is "and what is said on stderr" '' "$(raw err.*)"

# ---- a system whose answers are such text ----
edit_config 's/^  b:/  b:\n    concurrency: 1/'
quirk b html-errors
sql "UPDATE sync_inbox SET not_before = '2000-01-01T00:00:00.000Z' WHERE disposition IS NULL"
pass_on sync-reconcile run --log-format=json
jq -e . <"err.$said" >checked 2>&1
is "lines of a log as JSON are JSON" 0 $?
is "and harmless, too" '' "$(raw "err.$said")"

# ---- strangers ----
edit_config 's|^    account: b-1|&\n    webhook: {path: /b, secrets: ["${file:../secret}"]}|'
listener -v 127.0.0.1:0
# shellcheck disable=SC2154 # of listener.sh
curl -sS -o answer -H "$(printf 'webhook-id: \302\233\342\200\256')" -H "$(printf 'User-Agent: \033[2J')" \
    -d "$(printf '\033[31m')" "$url/b$(printf '\302\233')"
curl -sS -o answer -H "$(printf 'webhook-id: \302\233\342\200\256')" -d x "$url/b"
printf '{"account":"b-1","events":[{"id":"%s","collection":"%s","action":"%s","record_id":"%s"}]}' "$nasty" "$nasty" "$nasty" "$nasty" |
    post /b >answer
until_sql 0 "SELECT count(*) FROM sync_requests WHERE state = 'new'"
stop_listener
show sync-ctl rejects list --all
is "what strangers say, too" '' "$(raw listen.err "said.$said" "err.$said")"
done_testing
