#!/bin/sh
# sync-ctl prove and normalizers: what does not settle is named before it is live, what a system stores
# otherwise is named after.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

# rest.yaml with these rules for one field: RULES like "[trim]".
definition() # FILE FIELD RULES
{
    sed "s/^      $2: $2\$/      $2: {path: $2, stores: $3}/" "$LOOPLESS_PROVIDERS/rest.yaml" >"$1"
}

config() # PROVIDER-OF-APP PROVIDER-OF-CRM FIELD
{
    cat >loopless.yaml <<EOT
version: 1
state: sqlite:state.db
systems:
  app: {provider: $1, account: app-1, base_url: "http://127.0.0.1:1", auth: {type: none}}
  crm: {provider: $2, account: crm-1, base_url: "http://127.0.0.1:1", auth: {type: none}}
sync:
  crm/contacts:
    between: [app, crm]
    match: [email]
    first_contact: app
    conflict: last-write-wins
    fields:
      email: {owner: app}
      $3
values:
  status:
    app: {open: open, pending: waiting, other: waiting}
    crm: {open: open, OPEN: waiting}
    unmapped: reject
EOT
}

# ---- a good config ----
enter good
config rest rest 'status: {owner: any, values: status}'
try sync-ctl prove
is "a good config proves: exit 0" 0 $rc
like "the summary counts" '^2 fields of 1 resources, 3 ways around, [0-9]+ values, 0 links of the state: 0 do not settle, 0 warnings$' "$(cat out)"
has "without a state it says so" "there is no state yet"
cd ..
try sync-ctl prove good/loopless.yaml
is "a config may be named" 0 $rc
try sync-ctl -c good/loopless.yaml --json prove
is "as JSON" '"settles"' "$(jq .result out)"
try sync-ctl prove good/loopless.yaml more
is "one config only: exit 64" 64 $rc
try sync-ctl prove nothing.yaml
is "no config: exit 78" 78 $rc

# ---- a table that oscillates: crm lowers the words of two meanings to one ----
enter table
definition lower.yaml status '[lower]'
config rest ./lower.yaml 'status: {owner: any, values: status}'
try sync-ctl prove
is "an oscillating table: exit 1" 1 $rc
like "it is named with its shortest word" '^crm/contacts status: app -> crm -> app does not settle: "other" becomes "open"$' "$(cat out)"
try sync-ctl prove --json
is "the same as JSON" '["fails","cycle","crm/contacts","status","app -> crm -> app"]' \
    "$(jq -c 'select(.kind == "cycle") | [.result, .kind, .resource, .field, .path]' out)"
cd ..

# ---- a field that both cut, differently ----
enter cut
definition ten.yaml notes '["truncate(10)"]'
definition five.yaml notes '["truncate(5)"]'
config ./ten.yaml ./five.yaml 'notes: {owner: any}'
try sync-ctl prove
is "two lengths settle" 0 $rc
like "but an edit there cuts: a warning" '^warning: crm/contacts notes: crm -> app: crm keeps 5 characters, app 10' "$(cat out)"
config ./ten.yaml ./five.yaml 'notes: {owner: app}'
try sync-ctl prove
is "not where only the longer one is the owner" "" "$(grep ^warning: out)"
cd ..

# ---- words without mapping ----
enter words
config rest rest 'status: {owner: any, values: status}'
edit_config 's/other: waiting/hold: hold/'
try sync-ctl prove
is "a word without mapping is a warning" 0 $rc
like "it is named" '^warning: crm/contacts status: app -> crm: no word for \["hold"\] \(unmapped: reject' "$(cat out)"
cd ..

# ---- a rule that is missing shows after the first run ----
enter missing
echo '{"id":1,"email":"ann@example.com","phone":"1","notes":" Ann and Bob "}' >a.ndjson
echo '{"id":2,"email":"bob@example.com","phone":"2","notes":" x "}' >>a.ndjson
start_sim a --seed 1 --load contacts=a.ndjson
start_sim b --seed 2 --quirk trim
write_config a b
new_state
run
is "the run is done" 0 $rc
try sync-ctl prove
is "a missing rule: exit 1" 1 $rc
like "it is named with the shortest record and the rule" 'notes: a -> b: of one record a shows " x ", b "x"; b: stores: \[trim\] would explain it$' "$(cat out)"
like "the links of the state are counted" ' 2 links of the state: 1 do not settle' "$(cat out)"
try sync-ctl normalizers
like "the pairs are kept" 'crm/contacts +b +notes +" x " +"x" +1 ' "$(cat out)"
like "and the line to add is proposed" '^crm/contacts b notes: stores: \[trim\]$' "$(cat out)"
like "another system of the same definition is named" 'not in .*rest.yaml as it is: a uses it, too, and edits there' "$(cat out)"
like "so a definition of its own is proposed" 'cp .*rest.yaml ./b.yaml, then systems: b: provider: ./b.yaml in the config' "$(cat out)"
like "with the place it belongs in" 'notes: \{path: notes, stores: \[trim\]\} under resources: crm/contacts: fields: in ./b.yaml' "$(cat out)"
sed 's/^      notes: notes$/      notes: {path: notes, stores: ["trim"]}/' "$LOOPLESS_PROVIDERS/rest.yaml" >shared.yaml
sed 's,provider: rest,provider: ./shared.yaml,' loopless.yaml >both.yaml
try sync-ctl prove both.yaml
like "a rule that holds for the wrong system is a warning" '^warning: crm/contacts notes: a -> b: a shows " Ann and Bob ", which its stores: say it cannot' "$(cat out)"
try sync-ctl --json normalizers
is "as JSON" '[" Ann and Bob ","[trim]","notes"]' "$(jq -c 'select(.stored | contains("Ann")) | [(.sent | fromjson), .stores, .path]' out)"

definition mine.yaml notes '[trim]'
sed '/^  b:/,/auth/s,provider: rest,provider: ./mine.yaml,' loopless.yaml >mended.yaml
try sync-ctl prove mended.yaml
is "with the rule it proves" 0 $rc
try sync-ctl -c mended.yaml normalizers
like "and explains them" 'notes: explained by stores: \[trim\]' "$(cat out)"
try sync-ctl -n normalizers --forget crm/contacts b
like "a dry run forgets nothing" 'would forget' "$(cat out)"
try sync-ctl normalizers --forget crm/contacts b notes
is "they are forgotten" "forgot 2 pairs" "$(cat out)"
is "nothing is left" "" "$(sync-ctl normalizers 2>err)"
has "and that is said" "all systems stored what they were sent"
try sync-ctl normalizers --forget crm/contacts nobody
is "an unknown system: exit 64" 64 $rc

# ---- what no rule explains ----
sql "INSERT INTO sync_oddities (resource_type, system, field, sent, stored, n, first_at, last_at)
     VALUES ('crm/contacts', 'b', 'notes', '\"Bob\"', '\"Robert\"', 3, '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z')"
try sync-ctl normalizers
like "what no rule explains has its advice" 'no rule explains this: .*read_only: true' "$(cat out)"
done_testing
