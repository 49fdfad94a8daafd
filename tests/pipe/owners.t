#!/bin/sh
# Whose word counts: object, record (its creator), field; and what is enforced, and other engines.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout

# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"

owned() # FOLDER LINE...
{
    folder=$1
    shift
    stop_all
    enter "$folder"
    deployment
    for line; do
        sed -i "s|^    match: \[email\]|&\n    $line|" loopless.yaml
    done
}

# ---- the object ----
owned object 'owner: a'
sed -i 's|^      phone: .*|      phone: {}|; s|^      notes: .*|      notes: {}|' loopless.yaml
add a '{"email":"x@example.com","phone":"1","notes":"n"}'
run
edit b x@example.com '{"phone":"2","notes":"m"}'
run
is "object: only its owner writes" '"1" "2"' "$(record a x@example.com .phone) $(record b x@example.com .phone)"
edit a x@example.com '{"phone":"3"}'
run
is "object: and the owner's next word goes" '"3" "m"' "$(record b x@example.com .phone) $(record b x@example.com .notes)"

# ---- the record ----
owned record 'owner: creator'
sed -i 's|: {owner: [ab]}|: {}|; s|: {owner: any}|: {}|' loopless.yaml
add a '{"email":"a@example.com","phone":"1"}'
add b '{"email":"b@example.com","phone":"1"}'
run
run
is "record: who made it owns it" "a b" "$(sql 'SELECT owned_by FROM sync_links ORDER BY owned_by' | xargs)"
edit a a@example.com '{"phone":"2"}'
edit a b@example.com '{"phone":"2"}'
edit b b@example.com '{"notes":"mine"}'
run
run
is "record: its owner's edits go" '"2" "mine"' "$(record b a@example.com .phone) $(record a b@example.com .notes)"
is "record: others' stay" '"1"' "$(record b b@example.com .phone)"
try sync-ctl own crm/contacts "b:$(record b b@example.com .id)" a
is "record: it can be given away" 0 $rc
run
edit a b@example.com '{"phone":"4"}'
run
is "record: then the new owner's edits go" '"4"' "$(record b b@example.com .phone)"
edit b b@example.com '{"phone":"5"}'
run
is "record: and the old one's stay" '"4"' "$(record a b@example.com .phone)"
ok "record: the books balance" sync-ctl audit

# ---- enforced ----
owned enforced
sed -i 's|^      first_name: .*|      first_name: {owner: a, enforce: true}|' loopless.yaml
add a '{"email":"x@example.com","first_name":"Ann","last_name":"L"}'
run
edit b x@example.com '{"first_name":"Bea","last_name":"M"}'
run
is "enforce: what somebody else writes is undone" '"Ann" "M"' "$(record b x@example.com .first_name) $(record b x@example.com .last_name)"
before=$(writes a b)
run
run
is "enforce: once" "$before" "$(writes a b)"
sed -i 's|^      last_name: .*|      last_name: {owner: a, enforce: true}|' loopless.yaml
edit a x@example.com '{"notes":"touch"}'
run
is "enforce: what was left different before is, too" '"L"' "$(record b x@example.com .last_name)"

# ---- another engine ----
pair engine
edit a ann@example.com '{"phone":"2"}'
hook a '{"sync_actor":"sync_engine"}'
flow
is "another engine's change stays where it was made" '"1" filtered' "$(record b ann@example.com .phone) $(ends 1)"
edit a ann@example.com '{"notes":"by a person"}'
hook a '{"sync_actor":"human"}'
flow
is "a person's goes on, without it" '"1" "by a person"' "$(record b ann@example.com .phone) $(record b ann@example.com .notes)"
sed -i 's|^    match: \[email\]|&\n    propagate: [sync_engine]|' loopless.yaml
edit a ann@example.com '{"phone":"3"}'
hook a '{"sync_actor":"sync_engine"}'
flow
is "with propagate it goes on" '"3" pushed' "$(record b ann@example.com .phone) $(ends 1)"

done_testing
