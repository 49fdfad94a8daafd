#!/bin/sh
# sync-reconcile: every way of paging, against the API that has them all.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq

contacts 1 35 >crm.ndjson
start_sim crm --load contacts=crm.ndjson
start_sim app

# The list of contacts asks with QUERY and goes on as PAGE says, ten records a page.
paged() # QUERY PAGE
{
    sed "s|query: {updated_since: \"{since}\", limit: \"{size}\", cursor: \"{cursor}\"}|query: {updated_since: \"{since}\", limit: \"{size}\"$1}|
        s|page: {kind: cursor, from: next_cursor, size: 200}|page: {$2, size: 10}|" "$LOOPLESS_PROVIDERS/rest.yaml" >paged.yaml
    write_config crm app
    edit_config 's|provider: rest|provider: ./paged.yaml|'
}

# All records once, in so many calls.
lists() # NAME QUERY PAGE CALLS
{
    paged "$2" "$3"
    before=$(count crm .lists)
    try sync-reconcile fetch contacts
    is "$1: all records, each once" "0 35 35 true $4" "$rc $(jq -r 'select(.record_id).record_id' out | sort -u | wc -l) \
$(jq -r 'select(.record_id).record_id' out | wc -l) $(jq 'select(.eos).eos.complete' out) $(($(count crm .lists) - before))"
}

lists "cursor in the call" ', cursor: "{cursor}"' 'kind: cursor, from: next_cursor' 4
lists "cursor by its place" '' 'kind: cursor, from: next_cursor, to: query.cursor' 4
lists "cursor, and whether there is more" '' 'kind: cursor, from: next_cursor, to: query.cursor, more: has_more' 4
lists "the id of the last row" '' 'kind: last_id, to: query.starting_after' 5
lists "the id of the last row, and whether there is more" '' 'kind: last_id, to: query.starting_after, more: has_more' 4
lists "offset" '' 'kind: offset, to: query.offset' 5
lists "page number, and whether there is more" '' 'kind: number, to: query.page, more: has_more' 4
lists "next URL" '' 'kind: next_url, from: next_url' 4
lists "Link header" '' 'kind: link' 4

paged '' 'kind: cursor, from: next_cursor, to: query.cursor, more: next_cursor'
try sync-reconcile fetch contacts
is "what says whether there is more must be a truth value" 69 $rc
has "and the error names it" "next_cursor, which says whether there are more pages, is neither true nor false"
paged '' 'kind: cursor, from: nowhere, to: query.cursor, more: has_more'
try sync-reconcile fetch contacts
is "more pages and no way there is an error, no end" 69 $rc
has "which says so" "there is another page, but nothing says where"

# What sync-sim was asked for as updated_since by the second run, of a watermark of KIND.
asked() # KIND...
{
    paged ', cursor: "{cursor}"' 'kind: cursor, from: next_cursor'
    sed -i "s|watermark: {kind: iso8601, overlap: 5s|watermark: {kind: $1, overlap: 5s|" paged.yaml
    new_state && sync-ctl pause -q --reason test >/dev/null 2>&1
    sync-reconcile run contacts >none 2>&1
    sync-reconcile run contacts >none 2>&1
    sim crm /_sim/log | jq -r 'map(select(.path == "/contacts")) | last | .query' |
        sed 's/.*updated_since=//; s/&.*//'
}

is "an ISO time" 2026-01-01T00%3A00%3A30.000Z "$(asked iso8601)"
is "a SOQL time" 2026-01-01T00%3A00%3A30Z "$(asked soql)"
is "what is listed is newer than it, not as old" 2026-01-01T00%3A00%3A29Z "$(asked 'soql, inclusive: false')"
is "a time to the minute" 2026-01-01T00%3A00Z \
    "$(asked 'format, format: \"%Y-%m-%dT%H:%MZ\", granularity: 1m')"

# ---- pages in no fixed order ----
seq 300 | jq -c '{id: ., first_name: "F\(.)", updated_at: "2026-01-01T00:00:00.000Z"}' >many.ndjson
start_sim desk --load contacts=many.ndjson --account crm-1
cp desk.token crm.token

shuffled() # a new state for 300 records of one time, ten a page
{
    paged ', cursor: "{cursor}"' 'kind: cursor, from: next_cursor'
    edit_config "s|base_url: $(url crm)|base_url: $(url desk)|"
    new_state && sync-ctl pause -q --reason test >/dev/null 2>&1
}
in_inbox() { sql "SELECT count(DISTINCT record_id) FROM sync_inbox"; }
of_run() { sql "SELECT $1 FROM sync_runs WHERE sync_job_id = 'contacts'"; }

shuffled
sync-reconcile run contacts >none 2>&1
is "pages in order are walked once" "300 300 1" "$(in_inbox) $(of_run listed) $(of_run complete)"
shuffled
quirk desk page-order '"unstable"'
sync-reconcile run contacts >none 2>err
is "pages that are shuffled each time are walked until all is there" "300 1 2026-01-01T00:00:00.000Z" \
    "$(in_inbox) $(of_run complete) $(sql "SELECT last_successful FROM sync_watermarks WHERE sync_job_id = 'contacts'")"
ok "which takes several walks" [ "$(of_run listed)" -gt 600 ]
shuffled
sed -i 's|      records: items$|&\n      total: total|' paged.yaml
sync-reconcile run contacts >none 2>err
is "or until as many are there as it says" "300 1" "$(in_inbox) $(of_run complete)"
quirk desk page-order null

# ---- a listing that ends early, without an error ----
shuffled
sed -i 's|      records: items$|&\n      total: total|' paged.yaml
quirk desk end-early
sync-reconcile run contacts >none 2>err
is "fewer records than there are is no whole listing" "69 290 0 " \
    "$? $(in_inbox) $(of_run complete) $(sql "SELECT last_successful FROM sync_watermarks WHERE sync_job_id = 'contacts'")"
has "which is said" "it lists 290 records and says that there are 300"
quirk desk end-early null
sync-reconcile run contacts >none 2>err
is "the next run finds them" "300 1" "$(in_inbox) $(sql "SELECT count(*) FROM sync_runs WHERE sync_job_id = 'contacts' AND complete = 1")"

# ---- a row that is none ----
shuffled
sed -i 's|      records: items$|&\n      total: total|; s|^    id: id$|    id: phone|' paged.yaml
jq -c '.phone = (if .id == 7 then null else "n\(.id)" end)' many.ndjson >odd.ndjson
start_sim odd --load contacts=odd.ndjson --account crm-1
cp odd.token crm.token
edit_config "s|base_url: $(url desk)|base_url: $(url odd)|"
sync-reconcile run contacts >none 2>err
is "a row that cannot be a record is a reject, and does not keep the listing from being whole" "299 299 1 1" \
    "$(in_inbox) $(of_run listed) $(of_run complete) $(sql 'SELECT count(*) FROM sync_rejects')"

done_testing
