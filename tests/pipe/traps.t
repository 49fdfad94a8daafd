#!/bin/sh
# The traps of two-way sync, one by one: each has swallowed an edit, doubled a record or looped
# somewhere. Stages are run one after the other, so that a person can act in between.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout

# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"

# Decides, but does not write yet: the emitter waits for what it has out.
decide()
{
    : >said
    sync-ingest emit 2>emit.err | sync-echofilter 2>echo.err | sync-diff >said 2>err &
    deciding=$!
    await $deciding test -s said
}

write()
{
    sync-push <said >results 2>push.err
    wait $deciding
}

phones()
{
    echo "$(record a ann@example.com .phone) $(record b ann@example.com .phone)"
}

# ---- crossing edits while a write is in flight ----
pair crossing
edit a ann@example.com '{"phone":"2"}'
hook a
decide
edit a ann@example.com '{"notes":"crossing a"}'
edit b ann@example.com '{"first_name":"B","notes":"crossing b"}'
hook a
hook b
write
flow
flow
is "crossing edits: the write lands; of words within the skew the first system's stands" \
    '"2" "2" "crossing a" "crossing a"' \
    "$(phones) $(record a ann@example.com .notes) $(record b ann@example.com .notes)"
before=$(writes a b)
hook a
hook b
flow
is "and all echoes write nothing" "$before" "$(writes a b)"

# ---- a value that goes back ----
pair back-before
edit a ann@example.com '{"phone":"2"}'
hook a
decide
edit a ann@example.com '{"phone":"1"}'
hook a
write
flow
is "reverted before our write lands: the old value stands" '"1" "1"' "$(phones)"
pair back-after
edit a ann@example.com '{"phone":"2"}'
hook a
flow
edit b ann@example.com '{"phone":"1"}'
hook b
flow
is "reverted by a person after our write: their word goes" '"1" "1"' "$(phones)"
is "one write each way" "1 1" "$(count a .updates) $(count b .updates)"

# ---- a stranger's edit in the answer of our write ----
pair stranger
edit a ann@example.com '{"phone":"2"}'
hook a
decide
edit b ann@example.com '{"notes":"stranger"}'
write
flow
is "what else an answer shows is an edit" '"stranger" "2"' \
    "$(record a ann@example.com .notes) $(record b ann@example.com .phone)"

# ---- a person in the second of our write ----
pair second
quirk a second-stamps
quirk b second-stamps
edit a ann@example.com '{"phone":"2"}'
hook a
flow
edit b ann@example.com '{"phone":"3"}'
run
is "an edit in the second of our write is heard" '"3" "3"' "$(phones)"

# ---- a person writes what we write, or something else ----
pair equal
edit a ann@example.com '{"phone":"2"}'
hook a
decide
edit b ann@example.com '{"phone":"2"}'
hook b
write
flow
before=$(writes a b)
flow
is "a person's edit that equals ours: nothing bounces" "$before \"2\" \"2\"" "$(writes a b) $(phones)"
edit b ann@example.com '{"phone":"5"}'
hook b
flow
is "one that differs, right after: it goes back" '"5" "5"' "$(phones)"

# ---- an echo that is delivered again and again ----
pair retried
edit a ann@example.com '{"phone":"2"}'
hook a
flow
before=$(writes a b)
for i in 1 2 3; do
    hook b "{\"fields\":{\"phone\":\"2\"},\"partial\":true,\"event_id\":\"again-$i\"}"
    flow
done
is "an echo that is retried writes nothing" "$before" "$(writes a b)"

# ---- an older write's echo, late ----
pair delayed
edit a ann@example.com '{"phone":"2"}'
hook a
flow
edit a ann@example.com '{"phone":"3"}'
hook a
flow
hook b '{"fields":{"phone":"2"},"partial":true}'
flow
is "an older write's echo changes nothing" '"3" "3"' "$(phones)"
hook a '{"fields":{"email":"ann@example.com","first_name":"Ann","phone":"2","notes":"n","last_name":null,"score":null}}'
flow
is "nor does an older whole payload" '"3" "3"' "$(phones)"

# ---- a request that timed out and is applied after all ----
pair late
quirk b drop-next 1
edit a ann@example.com '{"phone":"2"}'
hook a
flow
edit a ann@example.com '{"phone":"3"}'
hook a
flow
edit b ann@example.com '{"phone":"2"}' # what the lost request brought
hook b
flow
flow
is "a lost write that is applied late is no edit" '"3" "3"' "$(phones)"

# ---- a person creates what we create ----
pair twin
add a '{"email":"new@example.com","first_name":"New"}'
hook a '{"event_type":"created"}' "$(record a new@example.com .id)"
decide
add b '{"email":"new@example.com","first_name":"Newt"}'
twin=$(record b new@example.com .id)
write
hook b '{"event_type":"created"}' "$twin"
before=$(writes a b)
flow
flow
is "a person's twin of what we create is named, not written" "linked-elsewhere $before" \
    "$(sql 'SELECT code FROM sync_rejects') $(writes a b)"
like "with both records" "b:$twin .*linked to b:" "$(sql 'SELECT text FROM sync_rejects')"
ok "the books balance" sync-ctl audit

# ---- matching ----
pair matching
add a '{"email":"two@example.com","first_name":"T"}'
add b '{"email":"two@example.com","first_name":"T1"}'
add b '{"email":"two@example.com","first_name":"T2"}'
run
is "two that match one: neither is taken" "ambiguous 1" \
    "$(sql 'SELECT DISTINCT code FROM sync_rejects') $(sql 'SELECT count(*) FROM sync_links')"
add a '{"email":"","first_name":"E1"}'
add a '{"email":null,"first_name":"E2"}'
add b '{"email":"","first_name":"E3"}'
run
is "empty keys match nothing" 4 "$(sql 'SELECT count(*) FROM sync_links')"
before=$(writes a b)
run
is "and make nothing twice" "$before" "$(writes a b)"

# ---- the read scope is lost, and no canary is named ----
pair scope
sed '/^    get:/s/gone: {status: \[404\]}/gone: {status: [403, 404]}/' "$LOOPLESS_PROVIDERS/rest.yaml" >hiding.yaml
sed -i '/^  b:/,/^sync/s|provider: rest|provider: ./hiding.yaml|' loopless.yaml
sed -i 's|^    match: \[email\]|&\n    deletes: {policy: propagate, settle: 0s}|' loopless.yaml
quirk b scope-lost
edit a ann@example.com '{"phone":"2"}'
hook a
hook b
flow
run
is "everything seems gone: nothing is deleted or made anew" "0 1 living" \
    "$(count a .deletes) $(count b .creates) $(sql "SELECT coalesce(ended_why, 'living') FROM sync_links")"
quirk b scope-lost null
hook a
flow
is "and when it is back, the edit goes" '"2" "2"' "$(phones)"

# ---- a field comes into the config ----
pair field
sed -i 's|first_contact: a|first_contact: report|' loopless.yaml
edit a ann@example.com '{"lead_source":"A"}'
edit b ann@example.com '{"lead_source":"B"}'
run
sed -i 's|^      first_name: .*|&\n      lead_source: {owner: any}|' loopless.yaml
edit a ann@example.com '{"phone":"2"}'
run
is "a new field that differs is reported, not written" '"A" "B"' \
    "$(record a ann@example.com .lead_source) $(record b ann@example.com .lead_source)"
edit b ann@example.com '{"lead_source":"C"}'
run
is "its next edit goes" '"C"' "$(record a ann@example.com .lead_source)"

# ---- a value table is edited ----
pair table
sed -i 's|^      phone: .*|&\n      status: {owner: any, values: states}|' loopless.yaml
printf 'values:\n  states:\n    a: {new: open, old: closed}\n    b: {NEW: open, OLD: closed}\n    unmapped: reject\n' >>loopless.yaml
edit a ann@example.com '{"status":"new"}'
run
run
is "a table translates" '"NEW"' "$(record b ann@example.com .status)"
sed -i 's|a: {new: open, old: closed}|a: {new: open, fresh: open, old: closed}|; s|b: {NEW: open|b: {NEW: open, BRANDNEW: open|' loopless.yaml
before=$(writes a b)
run
hook a
hook b
flow
is "an edited table writes nothing by itself" "$before" "$(writes a b)"
edit b ann@example.com '{"status":"BRANDNEW"}'
run
run
is "a word with the same meaning stays alone" '"new" "BRANDNEW"' \
    "$(record a ann@example.com .status) $(record b ann@example.com .status)"

# ---- a value table is edited while an edit of another field, or of its own, is on its way ----
for side in a b; do
    pair "table-pending-$side"
    sed -i 's|^      phone: .*|&\n      status: {owner: any, values: states}|' loopless.yaml
    printf 'values:\n  states:\n    a: {new: open, old: closed}\n    b: {NEW: open, OLD: closed}\n    unmapped: reject\n' >>loopless.yaml
    edit a ann@example.com '{"status":"new"}'
    run
    run
    edit $side ann@example.com '{"phone":"typed"}'
    sed -i 's|a: {new: open, old: closed}|a: {new: open, old: closed, later: closed}|' loopless.yaml
    run
    is "an edited table: a person's edit of another field at $side wins" '"typed" "typed" "new" "NEW"' \
        "$(phones) $(record a ann@example.com .status) $(record b ann@example.com .status)"
    before=$(writes a b)
    hook a
    hook b
    flow
    run
    is "and that is all" "$before" "$(writes a b)"
    word=old
    [ $side = a ] || word=OLD
    edit $side ann@example.com "{\"status\":\"$word\",\"notes\":\"typed, too\"}"
    sed -i 's|later: closed}|later: closed, last: closed}|' loopless.yaml
    run
    [ $side = a ] && want='"old" "OLD"' || want='"new" "NEW"' # first_contact: a
    is "an edit of its own field at $side is met by first_contact" "$want" \
        "$(record a ann@example.com .status) $(record b ann@example.com .status)"
    is "its neighbour goes all the same" '"typed, too" "typed, too"' \
        "$(record a ann@example.com .notes) $(record b ann@example.com .notes)"
done
sql 'DROP TABLE sync_maps' # as a state made before there was one
edit b ann@example.com '{"phone":"9"}'
run
is "a state without the table goes on" '"9" "9" 1' "$(phones) $(sql 'SELECT count(*) FROM sync_maps')"
sql 'DELETE FROM sync_maps'
edit b ann@example.com '{"phone":"10"}'
sed -i 's|last: closed}|last: closed, final: closed}|' loopless.yaml
run
is "what nobody knows the mapping of is met by first_contact" '"9" "9"' "$(phones)"

# ---- one field that one target refuses for ever ----
pair refused
quirk b reject '"phone:bad"'
before=$(count b .updates+.refused_writes)
edit a ann@example.com '{"phone":"bad","notes":"good"}'
run
is "its neighbour in the same write arrives, without a new edit" '"1" "good"' \
    "$(record b ann@example.com .phone) $(record b ann@example.com .notes)"
is "in two calls" $((before + 2)) "$(count b .updates+.refused_writes)"
is "and the edit ends as rejected, once, for that field" 'rejected {"phone":"bad"}' \
    "$(sql "SELECT disposition FROM sync_inbox WHERE disposition = 'rejected'") $(sql 'SELECT record FROM sync_rejects')"
edit a ann@example.com '{"notes":"better"}'
run
is "other fields go on" '"better"' "$(record b ann@example.com .notes)"
before=$(writes a b)
run
hook a
flow
is "what is refused is not tried for ever" "$before" "$(writes a b)"
edit a ann@example.com '{"phone":"fine"}'
run
is "its next value is" '"fine"' "$(record b ann@example.com .phone)"
quirk b reject '"phone:bad,notes:bad"'
before=$(count b .updates+.refused_writes)
edit a ann@example.com '{"phone":"bad","notes":"bad","first_name":"Anna"}'
run
is "two that are refused, one after the other: the third arrives" '"Anna" "fine" "better" 3' \
    "$(record b ann@example.com .first_name) $(phones | cut -d' ' -f2) $(record b ann@example.com .notes) $(($(count b .updates+.refused_writes) - before))"
add a '{"email":"new@example.com","first_name":"New","phone":"bad"}'
run
is "a create goes without the field that is refused" '"New" null' \
    "$(record b new@example.com .first_name) $(record b new@example.com .phone)"
before=$(writes a b)
run
run
is "and all is quiet" "$before" "$(writes a b)"
edit a new@example.com '{"phone":"fine, too"}'
run
is "its next value follows" '"fine, too"' "$(record b new@example.com .phone)"

# ---- the same where the answer does not say which field it is ----
pair refused-unnamed
quirk b reject '"phone:bad"'
quirk b html-errors
before=$(count b .updates+.refused_writes)
edit a ann@example.com '{"first_name":"Anna","phone":"bad","notes":"good"}'
run
is "its neighbours arrive, without a new edit" '"Anna" "1" "good"' \
    "$(record b ann@example.com .first_name) $(record b ann@example.com .phone) $(record b ann@example.com .notes)"
is "in one call more than there are fields" $((before + 4)) "$(count b .updates+.refused_writes)"
is "and only that field is refused" '{"phone":"bad"}' "$(sql 'SELECT record FROM sync_rejects')"
before=$(writes a b)
run
hook a
hook b
flow
is "and is not tried for ever" "$before" "$(writes a b)"

# ---- clocks ----
for shift in '-20 minutes' '+20 minutes'; do
    stop_all
    enter "clock$shift"
    deployment
    stop_sim b
    start_sim b --seed 2 --now "$(date -u -d "$shift" +%Y-%m-%dT%H:%M:%S.000Z)"
    write_config a b
    add a '{"email":"ann@example.com","phone":"1"}'
    run
    run
    edit b ann@example.com '{"phone":"2"}'
    run
    run
    edit a ann@example.com '{"phone":"3"}'
    run
    run
    is "a clock that is $shift off: edits of both sides go" '"3" "3" 1 1' \
        "$(phones) $(count a .updates) $(count b .updates)"
done

done_testing
