#!/bin/sh
# What an operator decides: conflicts, rejects, links, owners; and why a value is what it is.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

c=crm/contacts
fresh() # NAME [SED-SCRIPT]: a new deployment in a folder of its own, its config so changed
{
    enter "$1"
    deployment
    edit_config "${2-}"
}
id() # SYSTEM EMAIL
{
    record "$1" "$2" .id | tr -d '"'
}
# Runs until nothing is due, then once more: what was written must not come back.
settle()
{
    run
    before=$(writes a b)
    run
}
is_quiet() # NAME
{
    is "$1" "$before" "$(writes a b)"
}
why() # RECORD FIELD JQ-FILTER
{
    sync-ctl why --json $c "$1" "$2" 2>err | jq -c "$3"
}

# ---- conflicts ----
clash() # PHONE-AT-A PHONE-AT-B: sets $n, the number of the conflict
{
    edit a x@example.com "{\"phone\":\"$1\"}"
    edit b x@example.com "{\"phone\":\"$2\"}"
    run
    n=$(sql "SELECT conflict_id FROM sync_conflicts WHERE state = 'open'")
}
phones()
{
    echo "$(record a x@example.com .phone) $(record b x@example.com .phone)"
}
fresh conflict "s/phone: .*/phone: {owner: any, conflict: manual}/
    s/notes: .*/notes: {owner: any}\n      status: {owner: any, conflict: manual, values: st}/"
printf 'values:\n  st:\n    a: {new: fresh, old: stale}\n    b: {N: fresh, O: stale}\n' >>loopless.yaml
add a '{"email":"x@example.com","first_name":"X","phone":"1","status":"new"}'
run
is "a record on both sides" '"1" "1" "N"' "$(phones) $(record b x@example.com .status)"
a=a:$(id a x@example.com)
clash 22 33
is "both changed it: neither is overwritten" '"22" "33"' "$(phones)"
try sync-ctl conflicts list --json
is "a conflict is listed with both values" "[$n,\"phone\",{\"a\":\"22\",\"b\":\"33\"}]" \
    "$(jq -c '[.conflict, .field, .values]' out)"
try sync-ctl conflicts list crm/companies
is "a resource that is not there: 64" 64 "$rc"
try sync-ctl conflicts show "$n"
like "it is shown: value and last agreed value of each" '^a  *[^ ]+  *"22"  *"1"$' "$(cat out)"
is "with the three commands" 3 "$(grep -c "^  sync-ctl conflicts resolve $n" out)"
is "as JSON too" '["\"1\"","22","33"]' \
    "$(sync-ctl conflicts show "$n" --json | jq -c '[(.base | tojson), (.ends | sort_by(.system)[] | .value)]')"
try sync-ctl conflicts resolve "$n" take c
is "who shows no value cannot be taken" 64 "$rc"
has "those who do are named" "systems that do: a, b"
try sync-ctl conflicts resolve "$n" "done"
is "a field's conflict is not just closed" 64 "$rc"
try sync-ctl -n conflicts resolve "$n" take a
is "a rehearsal says what it would do" "0 would" "$rc $(cut -d' ' -f1 out)"
run
is "and does nothing" 'open "22" "33"' "$(sql 'SELECT state FROM sync_conflicts') $(phones)"
is "why names the conflict" "$n" "$(why "$a" phone '.fields[0].conflict')"
try sync-ctl conflicts resolve "$n" take a
like "take: who gets it" 'resolved conflict .*: phone becomes "22", to be written to b;' "$(cat out)"
settle
is "take: the pipe writes it" '"22" "22"' "$(phones)"
is_quiet "take: and nothing bounces"
try sync-ctl conflicts resolve "$n" take b
is "take: only once" "1 1" "$rc $(grep -c 'is resolved already' err)"

clash 44 55
try sync-ctl conflicts resolve "$n" value '{"x":1}'
settle
is "value: one that nobody had, text as it is given" '"{\"x\":1}" "{\"x\":1}"' "$(phones)"
is_quiet "value: and nothing bounces"
is "value: why says that a person did it" '"person"' \
    "$(why "$a" phone '[.decisions[].rules[] | select(.source == "person") | .source][0]')"

clash 66 77
edit a x@example.com '{"phone":"88"}'
run
is "an edit while it is open is shown" '"88"' \
    "$(sync-ctl conflicts show "$n" --json | jq -c '.ends[] | select(.system == "a").value')"
env -u VISUAL -u EDITOR sync-ctl conflicts resolve "$n" edit >out 2>err </dev/null
is "edit: without an editor it is refused" "1 1" "$? $(grep -c 'error: .*EDITOR' err)"
VISUAL="vi" sync-ctl conflicts resolve "$n" edit >out 2>err </dev/null
has "edit: without a terminal too" "there is no terminal"
EDITOR=true sync-ctl conflicts resolve "$n" edit >out 2>err </dev/null
is "edit: no value, no change" "0 nothing open" "$? $(cut -d' ' -f1 out) $(sql "SELECT state FROM sync_conflicts WHERE conflict_id = $n")"
EDITOR=false sync-ctl conflicts resolve "$n" edit >out 2>err </dev/null
is "edit: the editor fails, no change" "1 open" "$? $(sql "SELECT state FROM sync_conflicts WHERE conflict_id = $n")"
printf '#!/bin/sh\ncp "$1" seen\necho 99 >"$1"\n' >editor && chmod +x editor
EDITOR=./editor sync-ctl conflicts resolve "$n" edit >out 2>err </dev/null
is "edit: resolves" 0 $?
is "edit: shows what each has" '# a shows "88"
# b shows "77"' "$(grep ' shows ' seen)"
settle
is "edit: the pipe writes it to both" '"99" "99"' "$(phones)"
is_quiet "edit: and nothing bounces"

edit a x@example.com '{"status":"old"}'
run
edit a x@example.com '{"status":"new"}'
edit b x@example.com '{"status":null}'
run
n=$(sql "SELECT conflict_id FROM sync_conflicts WHERE state = 'open'")
try sync-ctl conflicts resolve "$n" value purple
is "a word that no table knows: those it knows are named" 1 "$(grep -c 'hint: .*fresh, stale' err)"
try sync-ctl conflicts resolve "$n" value stale
settle
is "a value is put into each system's own words" '"old" "O"' \
    "$(record a x@example.com .status) $(record b x@example.com .status)"
is_quiet "and nothing bounces"
try sync-ctl conflicts list
is "nothing is left" 1 "$(wc -l <out)"
is "with --all they are all there" 4 "$(sync-ctl conflicts list --all --json | wc -l)"
try sync-ctl conflicts show 777
is "one that is not there" 1 "$rc"
sql "INSERT INTO sync_conflicts (at, link_id, field, base, ends, state) SELECT '2026-01-01T00:00:00.000Z',
    link_id, 'record_id', '\"7\"', '{\"b\":\"8\"}', 'open' FROM sync_links"
n=$(sql "SELECT conflict_id FROM sync_conflicts WHERE state = 'open'")
try sync-ctl conflicts resolve "$n" take b
is "of a merge no value is taken" "64 1" "$rc $(grep -c "hint: .* resolve $n done" err)"
try sync-ctl conflicts resolve "$n" "done"
settle
is "it is closed once the links are right" "0 resolved" "$rc $(sql "SELECT state FROM sync_conflicts WHERE conflict_id = $n")"
is_quiet "and nothing is written for it"

# ---- why ----
edit a x@example.com '{"notes":"hello"}'
run
is "why: the event, its rule, the write and its answer" \
    '["a","delta","pushed","changed-same","a","b","hello","done",200]' \
    "$(why "$a" notes '.decisions[0] | [.event.system, .event.path, .event.disposition,
        .rules[0].rule, .rules[0].source, .writes[0].target, .writes[0].sent.notes,
        .writes[0].state, .writes[0].http_status]')"
is "why: what each end is known to show" '{"a":"hello","b":"hello"}' "$(why "$a" notes '.fields[0].shown')"
try sync-ctl why $c "$a" notes
is "why: in words" "1 1 1" \
    "$(grep -c '^[^ ]*  event .*: a:.* path delta.* ended pushed' out) $(grep -c '^  rule   notes: changed-same' out) $(grep -c '^  answer done, HTTP 200' out)"
edit a x@example.com '{"last_name":"L"}'
edit b x@example.com '{"notes":"both"}'
run
is "why: what was folded into the decision" '["b","superseded"]' \
    "$(why "$a" notes '.decisions[0].folded[0] | [.system, .disposition]')"
is "why: the other end says the same" '"both"' \
    "$(why "b:$(id b x@example.com)" notes '.decisions[0].writes[0].sent.notes')"
try sync-ctl why $c "$a"
is "why: without a field an overview" "1 1" "$(grep -c ' is in link ' out) $(grep -c '^notes .*in step' out)"
try sync-ctl why $c "$a" nickname
is "why: a field that is not synced" "64 1" "$rc $(grep -c 'hint: fields: ' err)"
try sync-ctl why $c a:777
like "why: a record that nobody named" 'no event has named it' "$(cat out)"

# ---- what is no UTF-8 ----
fresh bytes 's/phone: .*/phone: {owner: any, conflict: manual}/'
add a '{"email":"x@example.com","first_name":"X","phone":"1"}'
add a '{"email":"z@example.com","first_name":"Z","phone":"1"}'
run
a=a:$(id a x@example.com) latin=$(printf 'M\374ller')
clash 22 33
try sync-ctl conflicts resolve "$n" value "$latin"
is "value: a byte that is no UTF-8 is refused" "64 open" "$rc $(sql 'SELECT state FROM sync_conflicts')"
has "value: with the place" 'operand 5: byte 2 (0xfc) is no UTF-8: M\xfcller'
printf '#!/bin/sh\nprintf "# one\\nM\\374ller\\n" >"$1"\n' >editor && chmod +x editor
EDITOR=./editor sync-ctl conflicts resolve "$n" edit >out 2>err </dev/null
is "edit: an editor that saves Latin-1 is refused" "64 open" "$? $(sql 'SELECT state FROM sync_conflicts')"
has "edit: with the line and the byte" "line 2 of what was edited: byte 2 (0xfc) is no UTF-8"
printf '#!/bin/sh\nprintf "a\\0b\\n" >"$1"\n' >editor
EDITOR=./editor sync-ctl conflicts resolve "$n" edit >out 2>err </dev/null
is "edit: bytes that are no text, too" "64 open" "$? $(sql 'SELECT state FROM sync_conflicts')"
before=$(sql 'SELECT (SELECT count(*) FROM sync_pauses) + (SELECT count(*) FROM sync_inbox) + (SELECT count(*) FROM sync_history)')
try sync-ctl pause b --reason "$latin"
is "a reason that is no UTF-8: 64" "64 1" "$rc $(grep -c 'error: --reason: byte 2' err)"
try sync-ctl pause $c "a:$latin"
is "an id to pause: 64" 64 "$rc"
try sync-ctl links link $c "a:$latin" "b:1"
is "an id to link: 64" "64 1" "$rc $(grep -c 'error: operand 4: byte 4' err)"
try sync-ctl why $c "a:$latin"
is "an id to ask for: 64" 64 "$rc"
is "and nothing was written" "$before" \
    "$(sql 'SELECT (SELECT count(*) FROM sync_pauses) + (SELECT count(*) FROM sync_inbox) + (SELECT count(*) FROM sync_history)')"
USER=$latin SUDO_USER=$latin sync-ctl pause b >out 2>err
is "a user whose name is no UTF-8 is an operator" "operator" "$(sql 'SELECT by FROM sync_pauses')"
sync-ctl resume b -q
printf '#!/bin/sh\nprintf "\\357\\273\\277M\\303\\274ller\\n" >"$1"\n' >editor
EDITOR=./editor sync-ctl conflicts resolve "$n" edit >out 2>err </dev/null
settle
is "edit: a byte order mark is no part of the value" '"Müller" "Müller"' "$(phones)"

# A state that has such a value already: an earlier version wrote it.
clash 44 55
sync-ctl conflicts resolve "$n" value wrong >out 2>err
sql "UPDATE sync_owed SET value = CAST(x'224dfc6c6c657222' AS TEXT)"
edit a z@example.com '{"phone":"77"}'
run
is "a value that nobody can read: other records flow" '2 "77"' "$rc $(record b z@example.com .phone)"
like "its record is refused, with its row and the command" \
    "link 1 of $c: phone owed to b: state.db holds broken JSON in value; sync-ctl conflicts resolve $n take" "$(sql "SELECT text FROM sync_rejects WHERE state = 'open'")"
has "so says the run" "; sync-ctl conflicts resolve $n take SYSTEM mends it"
LOOPLESS_NOW=$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ) sync-reconcile run >out 2>err
is "what is owed so is nominated by nobody" 0 "$(sql "SELECT count(*) FROM sync_inbox WHERE event_id LIKE 'owed:%'")"
for line in "why $c $a" "links list" "links show $c $a" "conflicts list --all" "conflicts show $n" prove; do
    # shellcheck disable=SC2086 # words
    try sync-ctl $line
    is "sync-ctl $line: goes on, and names the command" "0 1" "$rc $(grep -c "resolve $n take SYSTEM mends it" err)"
done
try sync-ctl conflicts resolve "$n" take a
is "take mends it, though the conflict was resolved" 0 "$rc"
settle
is "and it is written" '"44" "44"' "$(phones)"
is_quiet "once"
try sync-ctl conflicts resolve "$n" take a
is "then the conflict is closed for good" 1 "$rc"

clash 66 78
sql "UPDATE sync_conflicts SET ends = CAST(x'7b2261223a22fc227d' AS TEXT) WHERE conflict_id = $n"
try sync-ctl conflicts list
has "a conflict whose values cannot be read is named" "conflict $n: its values cannot be read"
try sync-ctl conflicts resolve "$n" take a
is "no value of it is taken" "64 1" "$rc $(grep -c "hint: sync-ctl conflicts resolve $n done" err)"
try sync-ctl conflicts resolve "$n" "done"
run
is "closed, it is found anew" "0 1" "$rc $(sql "SELECT count(*) FROM sync_conflicts WHERE state = 'open' AND ends LIKE '%78%'")"
sync-ctl conflicts resolve "$(sql "SELECT conflict_id FROM sync_conflicts WHERE state = 'open'")" take b >out
settle

sql "UPDATE sync_metadata SET fields = CAST(x'7b2270686f6e65223a22fc227d' AS TEXT) WHERE external_system = 'a' AND record_id = '${a#a:}'"
edit a x@example.com '{"phone":"91"}'
edit a z@example.com '{"phone":"92"}'
run
is "a shadow that nobody can read: other records flow" '2 "92"' "$rc $(record b z@example.com .phone)"
has "with the command" "; sync-ctl links unlink $c $a, then links link"
b=b:$(id b x@example.com)
sync-ctl links unlink $c "$a" >out 2>err && sync-ctl links link $c "$a" "$b" >out 2>err
is "unlink and link mend it" 0 $?
settle
is "first_contact decides" '"91" "91"' "$(phones)"

# ---- rejects ----
fresh reject
add a '{"email":"x@example.com","first_name":"X","phone":"1"}'
run
a=a:$(id a x@example.com)
quirk b reject '"phone:bad"'
edit a x@example.com '{"phone":"bad"}'
run
is "a refused value" '2 "1"' "$rc $(record b x@example.com .phone)"
try sync-ctl rejects list --json
n=$(jq -r .reject out)
is "is listed" '["b","open"]' "$(jq -c '[.target, .state]' out)"
try sync-ctl rejects show "$n"
is "is shown with what to do" 2 "$(grep -c "^  sync-ctl rejects [a-z]* $n" out)"
like "why names it" "refused by b" "$(sync-ctl why $c "$a" phone)"
try sync-ctl -n rejects replay "$n"
is "a rehearsed replay" "0 open" "$rc $(sql "SELECT state FROM sync_rejects WHERE reject_id = $n")"
quirk b reject null
try sync-ctl rejects replay "$n"
is "replayed once the cause is mended" "0 replayed" "$rc $(sql "SELECT state FROM sync_rejects WHERE reject_id = $n")"
settle
is "it is written" '"bad"' "$(record b x@example.com .phone)"
is_quiet "once"
try sync-ctl rejects replay "$n"
is "and not replayed again" 1 "$rc"
sql "INSERT INTO sync_rejects (at, stage, code, text, state) WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL
    SELECT n + 1 FROM i WHERE n < 21) SELECT '2026-01-01T00:00:00.000Z', 'reconcile', 'fake', 'f', 'open' FROM i"
try sync-ctl rejects replay --code fake
is "many at once want --yes" "64 1" "$rc $(grep -c 'these are 21 rejects' err)"
try sync-ctl rejects replay --code fake --yes
is "what names no record cannot be replayed" "1 21" "$rc $(sql "SELECT count(*) FROM sync_rejects WHERE code = 'fake' AND state = 'open'")"
# shellcheck disable=SC2046 # numbers
try sync-ctl rejects drop $(sql "SELECT reject_id FROM sync_rejects WHERE code = 'fake'")
is "but dropped" "0 0" "$rc $(sql "SELECT count(*) FROM sync_rejects WHERE state = 'open'")"

fresh blind '/^  b:/,/^sync/s|provider: rest|provider: ./blind.yaml|'
sed -e '/external_id: external_id/d' -e 's/, idempotency: {[^}]*}//' -e '/^ *find:/d' \
    "$LOOPLESS_PROVIDERS/rest.yaml" >blind.yaml
quirk b apply-then-drop 1
add a '{"email":"x@example.com","first_name":"X"}'
run
is "a create of unknown outcome" "unknown 1" "$(sql 'SELECT state FROM sync_intents') $(dump b length)"
n=$(sync-ctl rejects list --code outcome-unknown --json | jq .reject)
human b DELETE "/contacts/$(id b x@example.com)"
try sync-ctl rejects replay "$n"
is "is not replayed just so" "1 1" "$rc $(grep -c 'hint: look for it at b first; --create' err)"
try sync-ctl rejects replay "$n" --create
settle
is "but with --create" "0 1" "$rc $(dump b '[.[] | select(.email == "x@example.com" and (.deleted != true))] | length')"
is_quiet "once"

# ---- links ----
fresh links 's/create: .*/create: {a: false, b: false}/'
add a '{"email":"x@example.com","first_name":"X","phone":"1"}'
add b '{"email":"y@example.com","first_name":"Y","phone":"2"}'
run
a=a:$(id a x@example.com) b=b:$(id b y@example.com)
try sync-ctl why $c "$a"
is "why there is no link" "1 1" "$(grep -c ' has no link' out) $(grep -c ' ended ignored' out)"
try sync-ctl links link $c "$a" "$a"
is "a link has one record of a system" 64 "$rc"
try sync-ctl -n links link $c "$a" "$b"
is "a rehearsed link" "0 0" "$rc $(sql 'SELECT count(*) FROM sync_links')"
try sync-ctl links link $c "$a" "$b"
is "linked by hand" "0 1" "$rc $(sync-ctl links list --json | wc -l)"
settle
is "they meet, first_contact decides" '"x@example.com"' "$(dump b '.[0].email')"
is_quiet "once"
add b '{"email":"z@example.com"}'
run
try sync-ctl links link $c "$a" "b:$(id b z@example.com)"
is "what is linked elsewhere is named" "1 1" "$rc $(grep -c 'hint: .*unlink' err)"
try sync-ctl links show $c "$b"
is "a link is shown" 2 "$(grep -cE '^[ab]  +[ab]-1 .* live ' out)"
try sync-ctl links unlink $c "$b"
is "unlinked by hand" "0 0" "$rc $(sync-ctl links list --json | wc -l)"
edit a x@example.com '{"phone":"3"}'
settle
is "what is unlinked is left alone" '"1"' "$(dump b '.[0].phone')"
is_quiet "at both ends"
is "ended links are listed when asked for" 1 "$(sync-ctl links list --ended --json | jq -c 'select(.state == "ended")' | wc -l | sed 's/[1-9][0-9]*/1/')"
try sync-ctl links link $c "$a" "$b"
run
try sync-ctl links unlink $c "$b" --forget
edit a x@example.com '{"phone":"4"}'
settle
is "what is forgotten may match anew" '"4" 1' "$(dump b '.[0].phone') $(sync-ctl links list --json | wc -l)"

fresh repair
for i in 1 2; do add a "{\"email\":\"p$i@example.com\",\"first_name\":\"P$i\"}"; done
run
sql "DELETE FROM sync_metadata WHERE external_system = 'b' AND record_id = '$(id b p1@example.com)'"
is "a link without its end" 1 "$(sync-ctl links list --missing b --json | wc -l)"
try sync-ctl -n links repair $c
is "a rehearsed repair names it" "0 1 1" "$rc $(grep -c 'would link' out) $(sync-ctl links list --missing b --json | wc -l)"
try sync-ctl links repair $c
is "repair finds it by our external id" "0 0" "$rc $(sync-ctl links list --missing b --json | wc -l)"
settle
is "no record is made twice" 2 "$(dump b length)"
edit b p1@example.com '{"phone":"7"}'
run
is "and it is synced again" '"7"' "$(record a p1@example.com .phone)"
b=$(id b p2@example.com)
human b DELETE "/contacts/$b"
try sync-ctl links repair $c b
is "a record that is gone is an orphan: exit 1" "1 1" "$rc $(grep -c "orphan  *b:$b " out)"
stop_sim b
try sync-ctl links repair $c b
is "a system that is down: exit 75" 75 "$rc"

# ---- own ----
fresh own 's/match: /owner: creator\n    match: /; s/phone: .*/phone: {}/'
add a '{"email":"x@example.com","first_name":"X","phone":"1"}'
run
a=a:$(id a x@example.com)
edit b x@example.com '{"phone":"2"}'
run
is "who made it, owns it" '"1" "2"' "$(phones)"
try sync-ctl own $c "$a" c
is "an owner that is not there" 64 "$rc"
try sync-ctl own $c "$a" b
is "it is given to another" "0 b" "$rc $(sql 'SELECT owned_by FROM sync_links')"
edit a x@example.com '{"phone":"3"}'
settle
is "the next edit of the old owner stays" '"3" "2"' "$(phones)"
edit b x@example.com '{"phone":"4"}'
settle
is "that of the new one goes" '"4" "4"' "$(phones)"
is_quiet "once"
edit_config '/owner: creator/d; s/phone: {}/phone: {owner: any}/'
try sync-ctl own $c "$a" a
is "without such a field there is nothing to own" "1 1" "$rc $(grep -c 'hint: owner: creator' err)"

# ---- references ----
enter reference
start_sim a --seed 1 --collection contacts --collection companies
start_sim b --seed 2 --collection contacts --collection companies
write_config a b
edit_config 's/notes: .*/company_id: {owner: any, conflict: manual, ref: crm\/companies, required: true}/
    s/^jobs:/  crm\/companies:\n    between: [a, b]\n    match: [name]\n    first_contact: a\n    fields: {name: {owner: a}}\n&/
    /^ *b-contacts:/a\  companies: {system: a, resource: crm/companies}\n  b-companies: {system: b, resource: crm/companies}'
new_state
for name in ACME Blue Cool; do
    human a POST /companies "{\"name\":\"$name\"}"
    human b POST /companies "{\"name\":\"$name\"}"
done
human a POST /companies '{"name":"alone"}'
company() # SYSTEM NAME
{
    sim "$1" /_sim/dump/companies | jq -r ".[] | select(.name == \"$2\") | .id"
}
run
add a "{\"email\":\"x@example.com\",\"company_id\":\"$(company a ACME)\"}"
add a "{\"email\":\"y@example.com\",\"company_id\":\"$(company a alone)\"}"
run
is "a reference arrives in the other's words" "$(company b ACME)" "$(record b x@example.com .company_id | tr -d '"')"
try sync-ctl why $c "a:$(id a y@example.com)"
is "why a record waits for its parent" "1 1" "$(grep -c ' has no link' out) $(grep -c "    is due .*: parent crm/companies a:$(company a alone)" out)"
edit a x@example.com "{\"company_id\":\"$(company a Blue)\"}"
edit b x@example.com '{"company_id":null}'
run
n=$(sync-ctl conflicts list --json | jq .conflict)
try sync-ctl conflicts resolve "$n" value "a:$(company a alone)"
is "a record that one system has not is no value" "1 1" "$rc $(grep -c 'has no link' err)"
try sync-ctl conflicts resolve "$n" value Cool
is "nor what is no record" 64 "$rc"
try sync-ctl conflicts resolve "$n" value "b:$(company b Cool)"
settle
is "a reference is given as the record, by any of its ends" "$(company a Cool) $(company b Cool)" \
    "$(record a x@example.com .company_id | tr -d '"') $(record b x@example.com .company_id | tr -d '"')"
is_quiet "once"
try sync-ctl status --json
is "status counts what waits" 1 "$(jq -c 'select(.what == "requests" or .what == "ended links" or .what == "tombstones")' out | wc -l | sed 's/^3$/1/')"

# ---- three systems ----
enter three
for x in a b c; do start_sim $x --seed "$(printf %d "'$x")"; done
write_config a b
edit_config "/^sync:/i\\  c:\\n    provider: rest\\n    account: c-1\\n    base_url: $(url c)\\n    auth: {type: bearer, token: \"\${file:c.token}\"}
    s/between: .*/between: [a, b, c]/; s/create: .*/create: {a: true, b: true, c: true}\\n    owner: creator/
    s/phone: .*/phone: {owner: any, conflict: manual}/; s/notes: .*/notes: {}/"
echo '  c-contacts: {system: c, resource: crm/contacts}' >>loopless.yaml
new_state
add a '{"email":"x@example.com","first_name":"X","phone":"1"}'
run
a=a:$(id a x@example.com) third=c:$(id c x@example.com)
edit a x@example.com '{"last_name":"L"}'
run
is "every target of a decision is named" '["a","b, c","write"]' \
    "$(why "$a" last_name '.decisions[0].rules[0] | [.source, .target, .outcome]')"
sync-ctl pause c >out 2>err
edit a x@example.com '{"last_name":"M"}'
run
is "what is written and what is owed are told apart" '[["b","write"],["c","owed"]]' \
    "$(why "$a" last_name '[.decisions[] | select(.writes != []) | .rules[]][0:2] | map([.target, .outcome])')"
sync-ctl resume c >out 2>err
edit a x@example.com '{"phone":"2"}'
edit b x@example.com '{"phone":"3"}'
run
n=$(sql "SELECT conflict_id FROM sync_conflicts WHERE state = 'open'")
sync-ctl conflicts resolve "$n" value 4 >out 2>err
try sync-ctl own $c "$a" c
try sync-ctl own $c "$a" c
like "the owner again: nothing changes" 'is owned by c already; nothing was changed' "$(cat out)"
is "and nothing is told of it" 1 "$(sql "SELECT count(*) FROM sync_history WHERE rule = 'own'")"
run
sync-ctl history --json --last 200 >out
is "history names every record" 0 "$(jq -c 'select(.record == null or (.record | test("[?-]$")))' out | wc -l)"
is "what a person did, too" "$third $a" "$(jq -r 'select(.rule == "own" or .rule == "resolve").record' out | sort -r | xargs)"
is "its base is JSON" '"1"' "$(jq -c 'select(.rule == "resolve").base' out)"
try sync-ctl links unlink $c "$third"
is "what is taken out of a link keeps its lineage" '["unlink",true]' \
    "$(sync-ctl why --json $c "$third" | jq -c '[.decisions[0].rules[0].rule, (.decisions | length > 1)]')"
try sync-ctl links link $c "$a" "$third"
is "links link is one thing that was done" 1 \
    "$(sync-ctl why --json $c "$a" | jq '[.decisions[] | select(.rules[0].rule == "link")] | length')"

# ---- many ----
fresh many
add a '{"email":"x@example.com","first_name":"X","phone":"1"}'
run
a=a:$(id a x@example.com)
sql "INSERT INTO sync_rejects (at, stage, system, account, resource, record_id, code, text, state) WITH RECURSIVE i(n)
    AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 10100) SELECT '2026-01-01T00:00:00.000Z', 'diff', 'a', 'a-1',
    '$c', CASE WHEN n > 1200 THEN 'nobody' || n ELSE '${a#a:}' END, CASE WHEN n > 1200 THEN 'many' ELSE 'few' END,
    'PATCH /contacts/1: HTTP 422: {\"error\":\"validation failed\",\"fields\":{\"phone\":\"is bad\"}}', 'open' FROM i"
try sync-ctl rejects list
is "a list that ends before the end" "0 10001" "$rc $(wc -l <out | tr -d ' ')"
has "says so, and how to see the rest" "these are the newest 10000 of 10100; all of them: --last 10100"
like "the reason is not cut" '"phone":"is bad"' "$(sed -n 2p out)"
try sync-ctl rejects list --last 10100
is "the rest is there to be seen" "10101 0" "$(wc -l <out | tr -d ' ') $(grep -c newest err)"
try sync-ctl why $c "$a"
is "why names ten rejects, and how many more" "10 1" "$(grep -c '^  reject ' out) $(grep -c "^  and 1190 more (sync-ctl rejects list $c)" out)"
sql "UPDATE sync_rejects SET record_id = NULL WHERE reject_id = 7"
try sync-ctl rejects replay --code few --yes
is "many are replayed, in batches: all but what names no record" "2 1199 1" \
    "$rc $(sql "SELECT count(*) FROM sync_rejects WHERE code = 'few' AND state = 'replayed'") $(sql "SELECT count(*) FROM sync_rejects WHERE code = 'few' AND state = 'open'")"
has "it says how many" "1199 replayed, 1 cannot be"
sql "INSERT INTO sync_conflicts (at, link_id, field, base, ends, state) WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL
    SELECT n + 1 FROM i WHERE n < 30) SELECT '2026-01-01T00:00:00.000Z', 1, 'phone', '\"7\"', '{\"a\":\"8\"}', 'resolved' FROM i"
try sync-ctl conflicts list --all --last 20
is "a list of conflicts, too" "21 1" "$(wc -l <out | tr -d ' ') $(grep -c 'newest 20 of 30; all of them: --last 30' err)"

# ---- refused, and left so ----
fresh refused
add a '{"email":"x@example.com","first_name":"X","phone":"1"}'
run
a=a:$(id a x@example.com)
quirk b reject '"phone:bad"'
edit a x@example.com '{"phone":"bad"}'
run
n=$(sync-ctl rejects list --json | jq .reject)
try sync-ctl status
is "a refused value needs a person" 1 "$(grep -c '^values a system refuses' out)"
try sync-ctl rejects drop "$n"
try sync-ctl status
is "dropped, it needs nobody" 0 "$(grep -c '^values a system refuses' out)"
like "it is left different" "left different at b" "$(sync-ctl why $c "$a" phone)"
quirk b reject null
edit a x@example.com '{"notes":"n"}'
settle
is "other fields go" '"n" "1"' "$(record b x@example.com .notes) $(record b x@example.com .phone)"
is_quiet "and nothing else"
edit a x@example.com '{"phone":"5"}'
settle
is "and so does the next value" '"5"' "$(record b x@example.com .phone)"

# ---- a merge of linked records ----
# shellcheck source=tests/pipe/live.sh
. "$top_srcdir/tests/pipe/live.sh"
merged()
{
    fresh "$1"
    for x in x w; do add a "{\"email\":\"$x@example.com\",\"first_name\":\"$x\"}"; done
    run
    x=$(id b x@example.com) w=$(id b w@example.com) a=a:$(id a x@example.com)
    human b POST "/contacts/$x/merge" "{\"into\":\"$w\"}"
    hook b "{\"event_type\":\"merged\",\"merged_into\":\"$w\"}" "$x"
    flow
    n=$(sql "SELECT conflict_id FROM sync_conflicts WHERE state = 'open'")
}
merged merge
try sync-ctl conflicts resolve "$n" "done"
is "a merge is not closed while its links are wrong" "1 open" "$rc $(sql 'SELECT state FROM sync_conflicts')"
has "the vanished record is named" "b:$x was merged into b:$w, and is still in link"
has "with the command" "hint: sync-ctl links unlink $c b:$x, or as sync-ctl conflicts show $n says"
try sync-ctl conflicts show "$n"
is "show has the commands whole" "1 1" \
    "$(grep -c "^  sync-ctl links unlink $c b:$x$" out) $(grep -c "^  sync-ctl links unlink $c b:$w && .* && sync-ctl links link $c $a b:$w$" out)"
sh -ec "$(grep "^  sync-ctl links unlink $c b:$x$" out)" >said 2>err
is "the first takes it out, and that ends the conflict" "0 resolved" "$? $(sql 'SELECT state FROM sync_conflicts')"
merged join
try sync-ctl conflicts show "$n"
sh -ec "$(sed -n 's/^  \(sync-ctl .* && .*\)$/\1/p' out)" >said 2>err
is "the second, too" "0 resolved" "$? $(sql 'SELECT state FROM sync_conflicts')"
is "and gives what is left to the other record" "b:$w" \
    "$(sync-ctl links show $c "$a" --json | jq -r 'select(.system == "b") | "b:" + .record')"

# ---- operands ----
for line in "conflicts" "conflicts mend 1" "conflicts show" "conflicts show x" "rejects replay" \
    "conflicts list --missing b" "links list --forget" "why $c a:1 --ended" "status --all" "rejects drop 1 --code x" \
    "history $c a:1 nofield" \
    "links link $c a:1" "links repair" "own $c a:1" "why $c" "why $c nowhere:1" "links show $c a"; do
    # shellcheck disable=SC2086 # words
    try sync-ctl $line
    is "sync-ctl $line: 64 with a hint" "64 1" "$rc $(grep -c 'hint: ' err)"
done
done_testing
