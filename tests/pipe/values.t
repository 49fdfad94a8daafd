#!/bin/sh
# Values on their way through the whole: exact numbers, text of any script, null, "" and absent, and
# systems that store something else than they were sent.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

sims() # OPTIONS-OF-A OPTIONS-OF-B: then a deployment in a folder of its own
{
    n_dirs=$((${n_dirs-0} + 1))
    enter $n_dirs
    # shellcheck disable=SC2086 # lists of options
    start_sim a --seed 1 $1
    # shellcheck disable=SC2086
    start_sim b --seed 2 $2
    write_config a b
    new_state
}
quiet() # NAME
{
    before="$(writes a) $(writes b)"
    run
    is "$1: the next run writes nothing" "$before" "$(writes a) $(writes b)"
}

# ---- ids ----
sims '--id int64' '--id text'
add a '{"email":"big@example.com","phone":"1"}'
id=$(dump a | grep -o '"id":[0-9]*' | cut -d: -f2)
run
is "ids of 64 bits: the sim has one over 2^53" 1 "$([ "$id" -gt 9007199254740992 ] && echo 1)"
is "ids of 64 bits are kept to the last digit" "$id" "$(sql "SELECT record_id FROM sync_metadata WHERE external_system = 'a'")"
like "ids of 64 bits stand in the lines as text" "\"record_id\":\"$id\"" "$(cat out)"
edit b big@example.com '{"phone":"2"}'
run
is "a record with such an id is written back to" '"2"' "$(dump a '.[0].phone')"

# ---- numbers, by hand through diff and push: the text that goes out is the text that came in ----
sims '' ''
add b '{"email":"n@example.com","score":0}'
run
line() { # SCORE
    printf '{"v":1,"system":"b","account":"b-1","resource":"crm/contacts","record_id":"%s","event_type":"updated","fields":{"email":"n@example.com","score":%s}}\n' "$(dump b '.[0].id')" "$1"
}
for score in 0.1 1.10 9007199254740993 1e3 -0.5; do
    edit b n@example.com "{\"score\":$score}"
    run
    is "$score arrives as the same number" "$(dump b '.[0].score')" "$(dump a '.[0].score')"
    quiet "$score"
done
like "0.1 is sent as 0.1, not as 0.10000000000000001" '\{\\?"score\\?":0\.1\}' "$(sim a /_sim/log | tr -d '\\ ')"
line 1.10 >wanted
sed 's/"system":"b"/"system":"a"/; s/"account":"b-1"/"account":"a-1"/; s/1\.10/7/' wanted >now
mkdir bare
like "1.10 stays 1.10 in a decision" '"set":\{"score":1\.10\}' "$(cd bare && sync-diff --current ../now <../wanted)"

# ---- text ----
sims '' ''
text='{"email":"t@example.com","first_name":"Zoë 😀 \"quoted\" \\ \u0001","last_name":"نام 名","notes":"a\nb\tc"}'
add a "$text"
run
want=$(dump a '.[0] | [.first_name, .last_name, .notes]')
is "any text arrives as it is" "$want" "$(dump b '.[0] | [.first_name, .last_name, .notes]')"
quiet "any text"

# ---- null, "" and absent ----
sims '' ''
add a '{"email":"e@example.com","phone":"","notes":null}'
run
is "empty text is created as empty text" '""' "$(dump b '.[0].phone')"
ok "null is not sent with a create" test "$(dump b '.[0] | has("notes")')" = false
quiet "null and empty"
edit a e@example.com '{"phone":"5"}'
run
edit a e@example.com '{"phone":null}'
run
is "a cleared field is cleared on the other side" null "$(dump b '.[0].phone')"
quiet "cleared"
edit b e@example.com '{"phone":""}'
run
is "from null to empty text is an edit" '""' "$(dump a '.[0].phone')"
quiet "null to empty"

# ---- systems that store something else ----
for quirk in trim 'lower=first_name,notes' 'digits=phone' 'truncate=notes:3' empty-null string-values bool-int; do
    sims '' "--quirk $quirk"
    add a '{"email":"q@example.com","first_name":" Ann ","phone":"+1 (555) 1","notes":"Long Text","score":1}'
    run
    is "$quirk: created once" 1 "$(writes b)"
    quiet "$quirk after the create"
    edit a q@example.com '{"notes":" Other Text ","phone":""}'
    run
    is "$quirk: an edit is one write" 2 "$(writes b)"
    quiet "$quirk after the edit"
    is "$quirk: nothing comes back to where it was typed" '" Other Text "' "$(dump a '.[0].notes')"
    edit b q@example.com '{"notes":"new"}'
    run
    is "$quirk: an edit over there travels here" '"new"' "$(dump a '.[0].notes')"
    quiet "$quirk after the edit over there"
done

# ---- answers without a body, wrapped records, whole-second times ----
sims '' '--quirk second-stamps --quirk noop-touches'
add a '{"email":"s@example.com","phone":"1"}'
run
edit a s@example.com '{"phone":"2"}'
run
is "whole-second times: the edit arrives" '"2"' "$(dump b '.[0].phone')"
quiet "whole-second times"
ok "the balance holds" sync-ctl audit
done_testing
