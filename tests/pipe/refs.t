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
    : >none.ndjson
    start_sim a --seed 1 --load contacts=none.ndjson --load companies=none.ndjson
    start_sim b --seed 2 --load contacts=none.ndjson --load companies=none.ndjson
    write_config a b
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
    new_state
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

# ---- a reference that belongs to the system where the record is made ----
referring owned
sed -i 's/company_id: {owner: any/company_id: {owner: b/; /^  crm\/companies:/,/^jobs:/s/create: .*/create: {a: true}/' loopless.yaml
human a POST /companies '{"domain":"acme.example","name":"Acme"}'
add a "{\"email\":\"ann@example.com\",\"first_name\":\"Ann\",\"company_id\":\"$(company a acme.example)\"}"
run
is "the record is made without it" null "$(record b ann@example.com .company_id)"
human b POST /companies '{"domain":"acme.example","name":"Acme"}'
run
LOOPLESS_NOW=$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ) sync-reconcile run >out 2>err
is "its owner gets what it was made with" acme.example "$(named b ann@example.com)"

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

# ---- records that name each other ----
stop_all
enter cycle
echo '{"id":"5","name":"left","parent_id":"6","updated_at":"2026-01-01T00:00:00.000Z"}
{"id":"6","name":"right","parent_id":"5","updated_at":"2026-01-01T00:00:00.000Z"}
{"id":"7","name":"own","parent_id":"7","updated_at":"2026-01-01T00:00:00.000Z"}' >nodes.ndjson
: >none.ndjson
start_sim a --seed 1 --load nodes=nodes.ndjson
start_sim b --seed 2 --load nodes=none.ndjson
write_config a b
mkdir -p models/tree
printf 'model: tree/nodes\nfields:\n  name: {type: text}\n  parent_id: {type: ref, to: tree/nodes}\n' >models/tree/nodes.yaml
sed -e '/^resources:/,$d' -e '/^verify:/,/^    strength/d' -e '/^  delivery/d' "$LOOPLESS_PROVIDERS/rest.yaml" >nodes.yaml
cat >>nodes.yaml <<'END'
resources:
  tree/nodes:
    id: id
    external_id: external_id
    version: {path: updated_at, kind: timestamp, granularity: 1ms}
    fields: {name: name, parent_id: parent_id}
    get: {method: GET, path: "/nodes/{id}", gone: {status: [404]}}
    find: {method: GET, path: /nodes, query: {"{key}": "{value}"}, records: items, by: [external_id, name], strong: true}
    create: {method: POST, path: /nodes, answer: full, idempotency: {header: Idempotency-Key, window: 24h}}
    update: {method: PATCH, path: "/nodes/{id}", answer: full}
    list:
      method: GET
      path: /nodes
      query: {updated_since: "{since}", limit: "{size}", cursor: "{cursor}"}
      records: items
      watermark: {kind: iso8601, overlap: 5s, settle: 0s, tie_breaker: id}
      page: {kind: cursor, from: next_cursor, size: 200}
END
sed -i -e 's|provider: rest|provider: ./nodes.yaml|' -e '/^sync:/,$d' loopless.yaml
cat >>loopless.yaml <<'END'
sync:
  tree/nodes:
    between: [a, b]
    match: [name]
    first_contact: a
    create: {a: true, b: true}
    fields:
      name: {owner: a}
      parent_id: {owner: any, ref: tree/nodes}
jobs:
  nodes: {system: a, resource: tree/nodes}
  b-nodes: {system: b, resource: tree/nodes}
END
new_state
# By name, whom each names.
tree()
{
    sim "$1" /_sim/dump/nodes |
        jq -c '(map({key: .id | tostring, value: .name}) | from_entries) as $n |
            map({key: .name, value: $n[.parent_id | tostring]}) | sort_by(.key) | from_entries'
}
run
LOOPLESS_NOW=$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ) sync-reconcile run >out 2>err
is "records that name each other, or themselves, do so there" '{"left":"right","own":"own","right":"left"}' "$(tree b)"
before=$(writes a b)
run
is "and nothing bounces between them" "$before" "$(writes a b)"
edit_config 's|ref: tree/nodes}|ref: tree/nodes, required: true}|'
try sync-ctl check
is "required, they would wait for each other: refused" 78 $rc
like "the cycle is named" 'tree/nodes.*tree/nodes' "$(cat err)"

done_testing
