#!/bin/sh
# Each kind of answer that is none, to each kind of write: after it all is there, once, with the last
# edit, and nothing is open. What breaks does so once, on the way between us and the system.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"
need curl jq sqlite3

contacts 1 40 >crm.ndjson # so that the deletes are no large part
contacts 1 40 >app.ndjson
deployment crm app
"$top_builddir/tests/crash/faults" --to "$(url app | sed 's/.*://')" --fault "$tmp/fault" --ready-file relay.ready &
await $! test -e relay.ready || exit 99
sed 's/create: {method: POST, path: .contacts,/& error: {body: {error: true}, as: error.status},/
    s/update: {method: PATCH, path: ..contacts[^,]*,/& error: {body: {error: true}, as: error.status},/
    s/delete: {method: DELETE, path: ..contacts[^,]*,/& error: {body: {error: true}, as: error.status},/' \
    "$LOOPLESS_PROVIDERS/rest.yaml" >app.yaml
edit_config "s|$(url app)|$(jq -r .url relay.ready)|; /^  app:/,/^sync/s|provider: rest|provider: ./app.yaml|
    s/match:/deletes: {policy: propagate, settle: 0s, max: 500, max_percent: 100}\n    &/"

page='<html><body>Please log in</body></html>'
kinds="reset-before
reset-in
reset-after
cut
type text/plain
type text/html
instead 200 text/html $page
undone 200 text/html $page
instead 200 text/plain OK
instead 200 application/json {}
undone 502 text/html $page
instead 500 application/json {\"error\":\"internal\"}
undone 500 application/json {\"error\":\"internal\"}
undone 200 application/json {\"error\":{\"status\":503,\"message\":\"again\"}}
instead 200 application/json {\"error\":{\"status\":500,\"message\":\"who knows\"}}
undone 503 application/json {\"error\":\"busy\"}
undone 408 application/json {}"

# All that waits is due, and the dead are dead.
due()
{
    sql "UPDATE sync_inbox SET not_before = '2020-01-01T00:00:00.000Z' WHERE disposition IS NULL AND not_before < '9';
        UPDATE sync_owed SET not_before = '2020-01-01T00:00:00.000Z'"
}

settled() # does it all, in five runs at most
{
    for _ in 1 2 3 4 5; do
        due
        run && [ "$(sql "SELECT (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL) +
            (SELECT count(*) FROM sync_owed) + (SELECT count(*) FROM sync_intents WHERE state <> 'done' AND
            state <> 'failed' AND state <> 'lost')")" -eq 0 ] && return 0
    done
    return 1
}

name() # FAULT, for people
{
    printf '%s\n' "$1" | sed 's/ application\/json/ json/; s/ text\// /; s/<.*/page/'
}

broken() # NAME FAULT : all of it is done, though this happened to a write
{
    rm -f fault.hit
    printf '%s\n' "$2" >fault.new
    mv fault.new fault
    settled
    is "$1: $(name "$2"): it ends well" "0 hit" "$? $(if test -e fault.hit; then echo hit; fi)"
}

there() # EMAIL JQ-FILTER : of those in app that have it
{
    dump app "map(select(.email == \"$1\")) | $2"
}

run
n=0
printf '%s\n' "$kinds" | while IFS= read -r kind; do
    n=$((n + 1))
    echo "$n $kind"
done >cases
while read -r n kind; do
    add crm "{\"first_name\":\"N\",\"email\":\"$n@x\",\"phone\":\"1\"}"
    broken create "$kind"
    is "create: $(name "$kind"): it is there once" '["1"]' "$(there "$n@x" 'map(.phone)')"
done <cases
while read -r n kind; do
    edit crm "$n@x" '{"phone":"2"}'
    broken update "$kind"
    edit crm "$n@x" '{"phone":"3"}'
    settled
    is "update: $(name "$kind"): the last edit is there" '["3"]' "$(there "$n@x" 'map(.phone)')"
done <cases
while read -r n kind; do
    old=$(record crm "$n@x" .id | tr -d '"')
    human crm DELETE "/contacts/$old"
    hook crm '{"event_type":"deleted"}' "$old"
    broken delete "$kind"
    is "delete: $(name "$kind"): it is gone, and not made again" '[] []' \
        "$(there "$n@x" 'map(.phone)') $(dump crm "map(select(.email == \"$n@x\") | .phone)")"
done <cases
is "nothing was made twice" "$(wc -l <cases)" "$(count app .creates)"
ok "the books balance" sync-ctl audit

done_testing
