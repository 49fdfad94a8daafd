#!/bin/sh
# What must never be written: first contact, wrong accounts, lost state, limits, loops.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

fresh() # NAME: a new deployment in a folder of its own
{
    enter "$1"
    deployment
}
pair() {
    add a '{"email":"x@example.com","first_name":"A","phone":"1","notes":"","score":1}'
    add b '{"email":"x@example.com","first_name":"B","phone":"2","notes":"b","score":2}'
    add a '{"email":"only-a@example.com","first_name":"A","phone":"3"}'
    add b '{"email":"only-b@example.com","first_name":"B","phone":"4"}'
}

# ---- first contact ----
fresh report
pair
edit_config 's/first_contact: .*/first_contact: report/; s/create: .*/create: {a: false, b: false}/'
run
is "report: ends well" 0 $?
is "report: nothing is written" 0 "$(writes a b)"
is "report: what matches is linked" 1 "$(sql 'SELECT count(*) FROM sync_links')"
is "report: what differs is listed" '["email is not among them","first_name","notes","phone","score"]' \
    "$(jq -c 'select(.rules) | [.rules | to_entries[] | select(.value.diverged) | .key] | select(length > 0) | sort | if index("email") then . else ["email is not among them"] + . end' out | head -1)"
run
is "report: again nothing" 0 "$(writes a b)"

fresh owner
pair
edit_config 's/first_contact: .*/first_contact: owner/; s/create: .*/create: {a: false, b: false}/'
run
is "owner: the owner's value goes to the other" '"A"' "$(record b x@example.com .first_name)"
is "owner: also the other way round" 2 "$(record a x@example.com .score)"
is "owner: what anybody may write is left" '"1" "2"' "$(record a x@example.com .phone) $(record b x@example.com .phone)"
is "owner: nothing is created where create does not allow it" 0 "$(($(count a .creates) + $(count b .creates)))"

fresh fill
pair
edit_config 's/first_contact: .*/first_contact: fill/; s/create: .*/create: {a: false, b: false}/'
run
is "fill: an empty field is filled" '"b"' "$(record a x@example.com .notes)"
is "fill: one that is not empty is left" '"1" "2"' "$(record a x@example.com .phone) $(record b x@example.com .phone)"
is "fill: one write in all" 1 "$(writes a b)"

fresh system
pair
edit_config 's/first_contact: .*/first_contact: b/; s/create: .*/create: {a: true, b: false}/'
run
is "SYSTEM: it wins where anybody may write" '"2"' "$(record a x@example.com .phone)"
is "SYSTEM: what another owns is the owner's" '"A" 2' "$(record b x@example.com .first_name) $(record a x@example.com .score)"
is "create: only where it is allowed" 1 "$(count a .creates)"
is "create: not where it is not" 0 "$(count b .creates)"

fresh ambiguous
add a '{"email":"x@example.com","first_name":"A"}'
add b '{"email":"x@example.com","first_name":"B"}'
add b '{"email":"X@Example.com","first_name":"B2"}'
run
is "two records with one key: nothing is written" 0 "$(writes a b)"
is "two records with one key: no link" 0 "$(sql 'SELECT count(*) FROM sync_links')"
like "two records with one key: the reject names them" 'b:2001.*b:2002|b:2002.*b:2001' \
    "$(sql "SELECT group_concat(text) FROM sync_rejects WHERE code = 'ambiguous'")"

# ---- state and account ----
fresh state
pair
run
before=$(writes a b)
mv state.db kept.db && rm -f state.db-wal state.db-shm
run
is "a missing state: exit 78" 78 $?
like "a missing state: the hint says how one is made" 'hint: .*sync-ctl init' "$(cat err)"
ok "a missing state is not made by a run" test ! -e state.db
: >state.db
run
is "an empty file is no state: exit 78" 78 $?
head -c 8192 /dev/urandom >state.db
run
is "garbage is no state: exit 78" 78 $?
is "garbage is no state: one error line" 1 "$(grep -c 'error:' err)"
rm -f state.db
sql 'CREATE TABLE sync_schema (version INTEGER, deployment TEXT, created_at TEXT); INSERT INTO sync_schema VALUES (999, "x", "x")'
run
is "a state of a newer version: exit 78" 78 $?
rm -f state.db* && mv kept.db state.db
is "nothing was written meanwhile" "$before" "$(writes a b)"
ok "the state put back works" run

edit_config 's/account: a-1/account: other/'
run
is "the config names another account: exit 3" 3 $?
like "the config names another account: it is named" 'account.* other' "$(cat err)"
edit_config 's/account: other/account: a-1/'
cp loopless.yaml good.yaml
start_sim c --seed 3 --account a-1
sed "s|$(url a)|$(url c)|; s|a.token|c.token|" good.yaml >loopless.yaml
run
is "the same account name at another address: exit 3" 3 $?
is "still nothing written" "$before" "$(writes a b)"
is "nor there" 0 "$(writes c)"
ok "an operator may accept it" sync-ctl resume a --accept-account
run
like "then it runs" '^(0|2)$' "$?"

fresh identity
pair
edit_config 's/account: b-1/account: somebody/'
run
is "credentials that open another account: exit 3" 3 $?
like "credentials that open another account: both are named" 'b-1.*somebody|somebody.*b-1' "$(cat err)"
is "credentials that open another account: nothing is written" 0 "$(writes a b)"

# ---- limits ----
fresh limits
for i in 1 2 3 4 5; do add a "{\"email\":\"p$i@example.com\",\"first_name\":\"G$i\"}"; done
printf 'limits: {max_creates: 2}\n' >>loopless.yaml
run
is "over max_creates: exit 3" 3 $?
like "over max_creates: says so, and what to do" 'max_creates' "$(cat err)"
like "over max_creates: the hint names --yes" 'hint: .*--yes' "$(cat err)"
ok "over max_creates: no more than that is written" test "$(count b .creates)" -le 2
ok "over max_creates: nothing is lost" sync-ctl audit
run --yes
is "--yes lifts the limits once" 0 $?
is "--yes: all are there" 5 "$(dump b length)"
is "--yes: none twice" 5 "$(count b .creates)"

fresh percent
for i in $(seq 30); do add a "{\"email\":\"p$i@example.com\",\"phone\":\"$i\"}"; done
run
is "thirty are linked" 30 "$(sql 'SELECT count(*) FROM sync_links')"
for i in $(seq 30); do edit a "p$i@example.com" '{"phone":"wiped"}'; done
run
is "most records changed at once: exit 3" 3 $?
ok "most records changed at once: the rest is not written" test "$(count b .updates)" -le 20
like "most records changed at once: the limit is named" 'max_(updates|changed)' "$(cat err)"

# ---- pause ----
fresh pause
pair
run
edit a x@example.com '{"phone":"77"}'
sync-ctl pause b --reason "a test" >/dev/null
before=$(writes b)
run
is "a paused system is not written" "$before" "$(writes b)"
like "status shows the pause" 'a test' "$(sync-ctl status)"
ok "resume" sync-ctl resume b
sql "UPDATE sync_owed SET not_before = '2000-01-01T00:00:00.000Z'"
run
is "after resume what was owed is written" '"77"' "$(record b x@example.com .phone)"
printf 'broken: [yaml\n' >>loopless.yaml
ok "pause works with a broken config" sync-ctl pause
is "and is there" 1 "$(sql 'SELECT count(*) FROM sync_pauses')"

# ---- the breaker: two machines that undo each other's value ----
fresh breaker
add a '{"email":"x@example.com","phone":"0"}'
run
for i in 1 2 3 4 5 6 7 8; do
    if [ $((i % 2)) -eq 1 ]; then edit a x@example.com '{"phone":"on"}'; else edit a x@example.com '{"phone":"off"}'; fi
    run
    cat err >>all-err
done
ok "a field that alternates is stopped" test "$(count b .updates)" -lt 8
like "the incident names record and field" 'b:[0-9]+.*phone' "$(cat all-err)"
like "the incident says how to go on" 'sync-ctl resume' "$(cat all-err)"
is "only that record is paused" "record" "$(sql 'SELECT scope FROM sync_pauses')"
done_testing
