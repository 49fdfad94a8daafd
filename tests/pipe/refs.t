#!/bin/sh
# References go through the links: what a record names is, at each system, that system's own record.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout

# Companies and contacts between a and b; company_id refers to the former.
referring() # FOLDER [MEMBERS of company_id]
{
    stop_all
    enter "$1"
    deployment
    sed -i "s|^      score: .*|&\n      company_id: {owner: any, ref: crm/companies${2-}}|" loopless.yaml
    sed -i '/^jobs:/,$d' loopless.yaml
    cat >>loopless.yaml <<END
  crm/companies:
    between: [a, b]
    match: [domain]
    first_contact: a
    create: {a: true, b: true}
    fields:
      name: {owner: any}
      domain: {owner: a}
jobs:
  contacts: {system: a, resource: crm/contacts}
  b-contacts: {system: b, resource: crm/contacts}
  companies: {system: a, resource: crm/companies}
  b-companies: {system: b, resource: crm/companies}
END
    try sync-ctl check || cat err
}

company() # NAME DOMAIN: its id there
{
    sim "$1" /_sim/dump/companies | jq -r ".[] | select(.domain == \"$2\") | .id"
}

# b's records have other ids than a's.
shift_ids()
{
    human b POST /companies '{"domain":"other.example","name":"Other"}'
    human b POST /companies '{"domain":"more.example","name":"More"}'
}

named() # NAME EMAIL: the domain of the company that the contact there names
{
    id=$(record "$1" "$2" .company_id | tr -d '"')
    sim "$1" /_sim/dump/companies | jq -r ".[] | select((.id | tostring) == \"$id\") | .domain"
}

# ---- both new ----
referring new
shift_ids
human a POST /companies '{"domain":"acme.example","name":"Acme"}'
add a "{\"email\":\"ann@example.com\",\"first_name\":\"Ann\",\"company_id\":\"$(company a acme.example)\"}"
run
run
LOOPLESS_NOW=$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ) sync-reconcile run >out 2>err
is "a reference is the other system's own record" acme.example "$(named b ann@example.com)"
ok "which has another id there" test "$(company a acme.example)" != "$(company b acme.example)"
is "nothing is owed any more" 0 "$(sql 'SELECT count(*) FROM sync_owed')"
before=$(writes a b)
run
is "and nothing bounces" "$before" "$(writes a b)"
edit b ann@example.com "{\"company_id\":\"$(company b more.example)\"}"
run
is "an edit of it goes the other way" more.example "$(named a ann@example.com)"
edit a ann@example.com '{"company_id":null}'
run
is "it can be emptied" null "$(record b ann@example.com .company_id)"
run
is "and stays so" "null null" "$(record a ann@example.com .company_id) $(record b ann@example.com .company_id)"

# ---- an optional parent that is not linked ----
referring optional
sed -i '/^  crm\/companies:/,/^jobs:/s/create: .*/create: {a: true}/' loopless.yaml
human a POST /companies '{"domain":"acme.example","name":"Acme"}'
add a "{\"email\":\"ann@example.com\",\"first_name\":\"Ann\",\"company_id\":\"$(company a acme.example)\"}"
run
is "the record goes without it" '"Ann" null' "$(record b ann@example.com .first_name) $(record b ann@example.com .company_id)"
is "it is owed" "company_id b" "$(sql 'SELECT field, target FROM sync_owed' | tr '|' ' ')"
edit a ann@example.com '{"phone":"2"}'
run
is "other fields go on" '"2"' "$(record b ann@example.com .phone)"
human b POST /companies '{"domain":"acme.example","name":"Acme"}'
run
LOOPLESS_NOW=$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ) sync-reconcile run >out 2>err
is "linked later, it is written" acme.example "$(named b ann@example.com)"
is "nothing is owed then" 0 "$(sql 'SELECT count(*) FROM sync_owed')"

# ---- a required parent ----
referring required ', required: true'
sed -i '/^  crm\/companies:/,/^jobs:/s/create: .*/create: {a: true}/' loopless.yaml
human a POST /companies '{"domain":"acme.example","name":"Acme"}'
add a "{\"email\":\"ann@example.com\",\"first_name\":\"Ann\",\"company_id\":\"$(company a acme.example)\"}"
run
is "the record waits" "75 0" "$rc $(dump b length)"
like "and says what for" 'parent crm/companies a:' "$(sql 'SELECT reason FROM sync_inbox WHERE disposition IS NULL')"
human b POST /companies '{"domain":"acme.example","name":"Acme"}'
run
run
is "it goes as soon as its parent is linked" acme.example "$(named b ann@example.com)"
ok "the books balance" sync-ctl audit

# ---- a cycle: two contacts that name each other as each other's company is no cycle of required ones ----
referring cycle
sed -i 's|company_id: {owner: any, ref: crm/companies}|company_id: {owner: any, ref: crm/companies, required: true}|; s|^      domain: {owner: a}|&\n      notes: {owner: any}|' loopless.yaml
ok "a chain of required references is no cycle" sync-ctl check

done_testing
