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

done_testing
