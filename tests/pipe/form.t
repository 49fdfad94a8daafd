#!/bin/sh
# Bodies of every kind, both ways: forms, wrapped, lists of pairs, all at once; what was written is
# read back as it was meant, and a second run writes nothing.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

# rest.yaml as NAME.yaml with these SED-SCRIPTs in the contacts of app.
define() # NAME [SED-OPTION...]
{
    lib_name=$1
    shift
    sed "$@" "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/$lib_name.yaml"
}

bodies='/^    \(create\|update\):.*contacts/s/method/body_type: form, method/'
wrapped='/^    \(get\|find\|create\|update\):.*contacts/s/method/record: contact, method/; /^      path: .contacts/s/.*/&\n      record: contact/'
pairs='/^  crm.companies/,$!{/^      \([a-z_]*\): \1$/s/^      \([a-z_]*\):.*/      \1: {list: fields, name: id, value: value, key: \1}/; s/^    external_id: external_id/    external_id: {list: fields, name: id, value: value, key: external_id}/}'
texts='s/^      score: score/      score: {path: score, stores: [text]}/; s/^      opted_in: opted_in/      opted_in: {path: opted_in, stores: [text]}/'
define form -e "$bodies" -e "$texts"
define wrap -e "$wrapped"
define pairs -e "$pairs"
define both -e "$wrapped" -e "$pairs"

check() # NAME QUIRK...
{
    way=$1
    enter "$way"
    start_sim crm --seed 1
    start_sim app --seed 2
    shift
    for quirk; do
        quirk app "${quirk%%=*}" "$(case $quirk in *=*) echo "\"${quirk#*=}\"" ;; *) echo true ;; esac)"
    done
    write_config crm app
    edit_config "/^  app:/,/^sync/s|provider: rest|provider: $tmp/$way.yaml|; s/score: .*/score: {owner: crm}/"
    new_state
    add crm '{"first_name":"Ann & Bob=1","last_name":"Ö + [x]","email":"ann@x.example","phone":"+49 1","score":7}'
    run
    is "${way}_creates" "0 [\"Ann & Bob=1\",\"Ö + [x]\",\"+49 1\",\"7\"]" \
        "$rc $(record app ann@x.example '[.first_name, .last_name, .phone, (.score | tostring)]')"
    like "${way}_sends_our_external_id" '^"ll-[0-9a-f]{32}"$' "$(record app ann@x.example .external_id)"
    edit crm ann@x.example '{"first_name":"Anna","notes":"a&b"}'
    edit app ann@x.example '{"phone":"+49 2"}'
    run
    is "${way}_updates" '0 ["Anna","a&b","+49 2"]' "$rc $(record app ann@x.example '[.first_name, .notes, .phone]')"
    is "${way}_reads" '"+49 2"' "$(record crm ann@x.example .phone)"
    before=$(writes crm app)
    run
    is "${way}_settles" "0 $before" "$rc $(writes crm app)"
    is "${way}_refuses_nothing" 0 "$(count app .refused_writes)"
    stop_all
}

check form form-bodies
check wrap wrap=contact
check pairs pairs
check both wrap=contact pairs

done_testing
