#!/bin/sh
# A record that is there already is found, not made a second time: where a link lacks an end, where a
# person took one out, and where the state has lost a link.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"
need curl jq sqlite3 timeout

c=crm/contacts

# Contacts between these systems, by e-mail; each may be created everywhere.
between() # NAME...
{
    {
        printf 'version: 1\nstate: sqlite:state.db\nsystems:\n'
        for x; do
            printf '  %s:\n    provider: rest\n    account: %s-1\n    base_url: %s\n' "$x" "$x" "$(url "$x")"
            printf '    auth: {type: bearer, token: "${file:%s.token}"}\n' "$x"
        done
        printf 'sync:\n  crm/contacts:\n    between: [%s]\n' "$(echo "$@" | sed 's/ /, /g')"
        printf '    match: [email]\n    first_contact: a\n    create: {%s: true}\n' "$(echo "$@" | sed 's/ /: true, /g')"
        printf '    fields:\n      first_name: {owner: a}\n      email: {owner: any}\n'
        printf '      phone: {owner: any}\n      notes: {owner: any}\njobs:\n'
        for x; do printf '  %s-contacts: {system: %s, resource: crm/contacts}\n' "$x" "$x"; done
    } >loopless.yaml
}

systems() # FOLDER NAME...
{
    stop_all
    cd "$tmp" && enter "$1"
    shift
    for x; do start_sim "$x" --seed "$(printf %d "'$x")"; done
}

# Ann is at a and b, linked, and at c, which is not synced yet.
third() # FOLDER
{
    systems "$1" a b c
    between a b
    new_state
    add a '{"email":"ann@example.com","first_name":"Ann","phone":"1"}'
    add c '{"email":"ann@example.com","first_name":"An","phone":"7"}'
    run
    between a b c
    edit a ann@example.com '{"phone":"2"}'
}

id()
{
    record "$1" "$2" .id | tr -d '"'
}

emails() # NAME: one that is there twice is there twice
{
    dump "$1" '.[].email' | tr -d '"' | sed 's/@.*//' | sort | xargs
}

records() # of the living links
{
    sync-ctl links list --json | jq -r .records
}

rejects()
{
    sync-ctl rejects list --json 2>/dev/null | jq -r .code | xargs
}

# ---- a third system joins a pair ----
third together
for x in 1 2; do
    add a "{\"email\":\"p$x@example.com\",\"first_name\":\"P\"}"
    add c "{\"email\":\"p$x@example.com\",\"first_name\":\"P\"}"
done
run
is "a third system joins, all jobs in one run: nothing is made twice" "ann p1 p2" "$(emails c)"
is "nor refused" " 3" "$(rejects) $(records | grep -c 'a:.* b:.* c:')"
run
is "first_contact decides what differs, by its policy" '["Ann","2"] ["Ann","2"] ["Ann","2"]' \
    "$(for x in a b c; do record $x ann@example.com '[.first_name, .phone]'; done | xargs -d '\n')"
ok "the books balance" sync-ctl audit

third alone
run a-contacts
is "only one job runs, the new system is not listed: its create waits, the others go on" "ann \"2\"" \
    "$(emails c) $(record b ann@example.com .phone)"
is "it is owed" 1 "$(sql "SELECT count(*) > 0 FROM sync_owed WHERE target = 'c'")"
run
is "once it is listed they meet" "ann 1 0" "$(emails c) $(records | grep -c ' c:') $(sql 'SELECT count(*) FROM sync_owed')"

third lonely
add a '{"email":"bob@example.com","first_name":"Bob"}'
run a-contacts
run
run
is "what has no counterpart there is made once it is listed" "ann bob" "$(emails c)"
before=$(writes a b c)
run
is "once" "$before" "$(writes a b c)"

third hooked
hook a
flow
is "by webhook, too" "ann \"2\"" "$(emails c) $(record b ann@example.com .phone)"
run
is "and meets when it is listed" "ann 1" "$(emails c) $(records | grep -c ' c:')"

# ---- a system without a job is asked ----
third asked
edit_config '/c-contacts:/d'
run
is "a system that is never listed is asked before" "ann 1" "$(emails c) $(records | grep -c ' c:')"
before=$(writes a b c)
run
run
is "and nothing is written again" "$before" "$(writes a b c)"

# ---- two there, or another's ----
third ambiguous
add c '{"email":"ann@example.com","first_name":"Anne"}'
run
is "two that match: none is taken, none is made" "ann ann 0" "$(emails c) $(records | grep -c ' c:')"
like "they are named" "c:99001 and c:99002" "$(sql "SELECT text FROM sync_rejects WHERE system = 'a'")"
is "the others go on" '"2"' "$(record b ann@example.com .phone)"
edit a ann@example.com '{"phone":"3"}'
run
is "it is said once" "1 \"3\"" "$(sql "SELECT count(*) FROM sync_rejects WHERE system = 'a'") $(record b ann@example.com .phone)"

third linked
run
add a '{"email":"eve@example.com","first_name":"Eve"}'
between a b
run
between a b c
human c PATCH "/contacts/$(id c ann@example.com)" '{"email":"eve@example.com"}'
edit a eve@example.com '{"phone":"9"}'
edit_config 's/, c: true/, c: true/'
run
run
is "what is linked elsewhere is not joined, and not made anew" "eve" "$(emails c)"
like "both links are named" "link 2 .*a:97002.* link 1 .*a:97001" "$(sql "SELECT text FROM sync_rejects WHERE code = 'linked-elsewhere' AND system = 'a' LIMIT 1")"

# ---- the create was refused, or is owed, and a person makes the record ----
systems refused a b
write_config a b && new_state
quirk b reject '"email:ann@example.com"'
add a '{"email":"ann@example.com"}'
run
is "a create is refused" "http-422 " "$(rejects) $(emails b)"
add b '{"email":"bob@example.com","phone":"5"}'
edit a ann@example.com '{"email":"bob@example.com"}'
run contacts
is "a person made the record meanwhile: it is found" "bob a:97001 b:98001" "$(emails b) $(records)"

systems owed a b
write_config a b && new_state
sync-ctl pause b >/dev/null
add a '{"email":"ann@example.com","first_name":"Ann","phone":"1"}'
run contacts
add b '{"email":"ann@example.com","first_name":"Anna","phone":"5"}'
sync-ctl resume b >/dev/null
run contacts
run
is "also where the create was owed" "ann a:97001 b:98001" "$(emails b) $(records)"
is "and it is a first contact" '"Ann"' "$(record b ann@example.com .first_name)"

# ---- one of three is taken out by hand ----
third unlinked
run
try sync-ctl links unlink $c "c:$(id c ann@example.com)"
like "unlink says what happens" "the others go on without a record of c, until sync-ctl links link" "$(cat out)"
edit a ann@example.com '{"phone":"4","email":"ann2@example.com"}'
run
run
is "nothing is made beside it, whatever its keys" "ann \"2\" \"4\"" \
    "$(emails c) $(dump c '.[0].phone') $(record b ann2@example.com .phone)"
edit c ann@example.com '{"phone":"5"}'
run
is "nor is it linked by itself" "0 \"4\" " "$(records | grep -c ' c:') $(record a ann2@example.com .phone) $(rejects)"
try sync-ctl links link $c "a:$(id a ann2@example.com)" "c:$(id c ann@example.com)"
run
is "until a person does" "0 1 \"4\"" "$rc $(records | grep -c ' c:') $(dump c '.[0].phone')"

# ---- the state is older than the systems ----
backup()
{
    rm -f backup.db
    sqlite3 state.db ".backup backup.db"
}
restore()
{
    rm -f state.db*
    cp backup.db state.db && chmod 600 state.db
}

systems older a b
write_config a b && new_state
edit_config '/match: /d'
add a '{"email":"x@example.com","first_name":"X"}'
run
backup
add a '{"email":"y@example.com","first_name":"Y"}'
run
add b '{"email":"z@example.com","first_name":"Z"}'
run
restore
cp backup.db kept.db
run
run
is "without keys a run doubles nothing" "x y z x y z" "$(emails a) $(emails b)"
is "what cannot be told is refused" "unknown-external-id" "$(rejects)"
like "and the way out named" 'sync-ctl links repair crm/contacts' "$(sql 'SELECT text FROM sync_rejects')"
try sync-ctl links repair $c
run
is "all are linked then" "0 3" "$rc $(records | wc -l)"

cp kept.db backup.db
restore
try sync-ctl -n links repair $c
is "a rehearsed repair names what has lost its link" "0 2 1" "$rc $(grep -c 'would link' out) $(records | wc -l)"
try sync-ctl links repair $c
is "repair links it" "0 2 3" "$rc $(grep -c ' linked ' out) $(records | wc -l)"
before=$(writes a b)
run
is "and a run has nothing to do" "0 $before x y z x y z " "$rc $(writes a b) $(emails a) $(emails b) $(rejects)"

restore
human a DELETE "/contacts/$(id a y@example.com)"
try sync-ctl links repair $c b
is "a record whose origin is not there is named: exit 1" "1 1" "$rc $(grep -c " stray  *b:$(id b y@example.com) " out)"

systems forgotten a b
write_config a b && new_state
edit_config '/match: /d'
add a '{"email":"x@example.com","first_name":"X"}'
run
sync-ctl links unlink $c "b:$(id b x@example.com)" --forget >out
run
run
is "what is forgotten is not doubled either" "x x 1" "$(emails a) $(emails b) $(records | wc -l)"

# ---- links by hand ----
systems hand a b
write_config a b && new_state
edit_config 's/create: .*/create: {a: false, b: false}/'
add a '{"email":"x@example.com","first_name":"X"}'
add b '{"email":"y@example.com","first_name":"Y"}'
run
a=a:$(id a x@example.com)
try sync-ctl links link $c "$a" b:nosuch
is "a record that is not there is not linked" "1 1 0" "$rc $(grep -c 'b:nosuch is not there' err) $(records | wc -l)"
try sync-ctl links link $c "$a" "b:$(printf '%02100d' 1)"
is "nor an id that is none" "64 0" "$rc $(records | wc -l)"
stop_sim b
try sync-ctl links link $c "$a" b:98001
is "a system that cannot be asked: exit 75" "75 1" "$rc $(grep -c 'hint: .*--unseen' err)"
try sync-ctl links link $c "$a" b:98001 --unseen
is "unless nobody is to look" "0 1" "$rc $(records | wc -l)"
try sync-ctl why $c "$a"
is "why says that they never met" "6 0" "$(grep -c 'never met at a, never met at b' out) $(grep -c 'in step' out)"

done_testing
