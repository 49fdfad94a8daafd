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

# ---- the breaker ----
systems() # FIELD-OPTIONS NAME...: n systems with an empty state; each may be written
{
    options=$1
    shift
    for name; do start_sim "$name" --seed "$(printf %d "'$name")"; done
    {
        printf 'version: 1\nstate: sqlite:state.db\nsystems:\n'
        for name; do
            printf '  %s:\n    provider: rest\n    account: %s-1\n    base_url: %s\n' "$name" "$name" "$(url "$name")"
            # shellcheck disable=SC2016
            printf '    auth: {type: bearer, token: "${file:%s.token}"}\n' "$name"
        done
        printf 'sync:\n  crm/contacts:\n    between: [%s]\n    match: [email]\n    first_contact: a\n' \
            "$(echo "$@" | sed 's/ /, /g')"
        printf '    create: {%s}\n' "$(for name; do echo "$name: true"; done | paste -sd ,)"
        printf '    fields:\n      email: {owner: any}\n      phone: %s\njobs:\n' "$options"
        for name; do printf '  %s-contacts: {system: %s, resource: crm/contacts}\n' "$name" "$name"; done
    } >loopless.yaml
    new_state
    add a '{"email":"x@example.com","phone":"0"}'
    run
    : >all-err
}
turn() # SYSTEM PHONE: that system has it now, and all jobs run
{
    edit "$1" x@example.com "{\"phone\":\"$2\"}"
    run
    cat err >>all-err
}
machine() # SYSTEM PHONE: it answers every other value with this one
{
    [ "$(record "$1" x@example.com .phone)" = "\"$2\"" ] || turn "$1" "$2"
}
phones() # SYSTEM...
{
    for name; do record "$name" x@example.com .phone; done | xargs
}
incidents() { grep -c incident all-err; }
updates() # SYSTEM...
{
    for name; do count "$name" .updates; done | jq -s add
}

for systems in "a b" "a b c" "a b c d"; do
    stop_all
    enter "person-$(echo "$systems" | tr -d ' ')"
    # shellcheck disable=SC2086
    systems '{owner: any}' $systems
    for phone in 1 0 1 0 1 0 1 0 9; do turn a $phone; done
    # shellcheck disable=SC2086
    is "$systems: who goes back and forth at one system is not stopped" "0 0" \
        "$(incidents) $(phones $systems | tr ' ' '\n' | grep -vc 9)"
    is "$systems: nothing was ever written back" 0 "$(updates a)"
done

stop_all
enter owned
systems '{owner: a}' a b
for phone in 1 0 1 0 1 0 1 0 9; do turn a $phone; done
is "nor is an owner" "0 9 9" "$(incidents) $(phones a b)"

stop_all
enter machines
systems '{owner: any}' a b
for i in 1 2 3 4 5 6; do
    machine a on
    machine b off
done
is "two machines that undo each other's value are stopped" "1 record" "$(incidents) $(sql 'SELECT scope FROM sync_pauses')"
ok "after as many steps as the config says" test "$(updates a b)" -le 5
like "the incident names record, field and both" 'incident: crm/contacts [ab]:[0-9]+: phone .* between a and b' "$(cat all-err)"
like "the incident says how to go on" 'sync-ctl resume crm/contacts [ab]:[0-9]+' "$(cat all-err)"
before=$(updates a b)
machine a on
machine b off
is "and nothing goes on" "$before 1" "$(updates a b) $(incidents)"
record=$(sed -n 's/.*resume with: sync-ctl resume crm.contacts //p' all-err)
ok "resume" sync-ctl resume crm/contacts "$record"
turn a 7
is "then what waited is written, and it is counted anew" "7 7 1" "$(phones a b) $(incidents)"

stop_all
enter third
systems '{owner: any}' a b c
for i in 1 2 3 4 5 6; do
    machine a on
    machine b off
done
is "two machines of three: one pause and one incident" "1 1" "$(incidents) $(sql 'SELECT count(*) FROM sync_pauses')"
before=$(updates a b c)
machine a on
machine b off
is "which holds for all its ends" "$before" "$(updates a b c)"

stop_all
enter ring
systems '{owner: any}' a b c
for i in 1 2 3 4; do
    for machine in a b c; do machine $machine "of-$machine"; done
done
is "three machines in a ring are stopped, once" "1 1" "$(incidents) $(sql 'SELECT count(*) FROM sync_pauses')"
ok "after as many steps as the config says" test "$(updates a b c)" -le 12

stop_all
enter undone
systems '{owner: a, enforce: true}' a b
turn a 1
for i in 1 2 3 4 5 6; do machine b off; done
is "a system that undoes what we write is stopped" "1 off" "$(incidents) $(phones b)"
is "after as many steps as the config says, when it goes back to the same value" 4 "$(updates b)"

stop_all
enter answered
systems '{owner: any}' a b
for phone in 1 0 1 0 1 0; do turn a $phone; done
turn b 5
for phone in 0 1 0 1 0; do turn a $phone; done
is "a word from the other side now and then stops nobody" "0 0 0" "$(incidents) $(phones a b)"

# ---- limits outside runs ----
stop_all
# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"

many() # N NAME: N contacts in a and b, linked
{
    stop_all
    enter "$2"
    contacts 1 "$1" >a.ndjson
    cp a.ndjson b.ndjson
    deployment
    run
}
wipe() # FROM TO PHONE: edited in a, which tells us
{
    for i in $(seq "$1" "$2"); do
        human a PATCH "/contacts/$i" "{\"phone\":\"$3\"}"
        hook a '{}' "$i"
    done
}

many 100 usual
wipe 1 50 edited
flow
is "fifty edits of a hundred in an hour are usual" "0 50 0" \
    "$(grep -c 'error:' push.err) $(updates b) $(sql 'SELECT count(*) FROM sync_pauses')"
echo 'limits: {hour_floor: 60}' >>loopless.yaml
wipe 1 100 wiped
flow
is "a wipe is stopped at the floor that is set, a record counts once" 60 \
    "$(sql "SELECT sum(value) FROM sync_counters WHERE metric LIKE 'changed without run%'")"
ok "no more than that is written" test "$(dump b '[.[] | select(.phone == "wiped" or .phone == "edited")] | length')" -le 60
like "it is an incident" 'incident: crm/contacts a:[0-9]+ .*this hour b would pass max_updates 20% .*the account of b is paused' "$(cat push.err)"
like "with the command that resumes" 'sync-ctl resume b$' "$(cat push.err)"
is "the account is paused" "account b limits" "$(sql 'SELECT scope, system, by FROM sync_pauses' | tr '|' ' ')"
edit b p1@example.com '{"phone":"back"}'
hook b '{}' 1
flow
is "and the others go on" '"back"' "$(record a p1@example.com .phone)"
ok "the books balance" sync-ctl audit

many 60 planned
for i in $(seq 60); do human a PATCH "/contacts/$i" '{"phone":"wiped"}'; done
sync-reconcile fetch contacts 2>fetch.err | sync-diff --plan plan >out 2>err
sync-push --plan plan >out 2>err
is "a plan of everything is stopped" "3 20" "$? $(updates b)"
like "it says why, and what to do" 'this input would pass max_updates 20% .*--yes' "$(paste -sd ' ' err)"
is "and pauses nothing" 0 "$(sql 'SELECT count(*) FROM sync_pauses')"
sync-reconcile fetch --ignore-previous-run contacts 2>fetch.err | sync-diff 2>err | sync-push >out 2>err
is "so is what a pipe made by hand writes" "3 40" "$? $(updates b)"
sync-push --yes --plan plan >out 2>err
is "--yes lifts it" "60" "$(updates b)"
done_testing
