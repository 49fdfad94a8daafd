# shellcheck shell=sh
# What the tests of live events share; sourced after tests/lib.sh.

event_n=0
# A row as a webhook would leave it, of ann's contact there.
hook() # SYSTEM [MEMBERS as JSON [ID]]
{
    event_n=$((event_n + 1))
    id=${3-$(record "$1" ann@example.com .id)}
    jq -nc --arg s "$1" --arg id "$id" --arg n "$event_n" --argjson more "${2:-{\}}" '
        {path: "webhook", system: $s, account: ($s + "-1"), resource: "crm/contacts", record_id: $id,
         event_type: "updated", event_id: "hook-\($n)", sync_source: $s, sync_direction: "inbound",
         fields: null, received_at: "2026-01-01T00:00:00.000Z"} + $more' >payload.json
    sql "INSERT INTO sync_inbox (lane, link_id, system, account, resource, record_id, event_type, event_id, path,
            received_at, map_hash, payload, not_before)
        SELECT coalesce('L' || e.link_id, 'R' || s || '/' || s || '-1/crm/contacts/' || id), e.link_id, s, s || '-1',
            'crm/contacts', id, json_extract(p, '\$.event_type'), 'hook-$event_n', 'webhook', '2026-01-01T00:00:00.000Z', '', p,
            '2026-01-01T00:00:00.000Z'
        FROM (SELECT '$1' s, '$id' id, trim(CAST(readfile('payload.json') AS TEXT), char(10)) p)
        LEFT JOIN sync_metadata e ON e.external_system = s AND e.record_id = id AND e.resource_type = 'crm/contacts'"
}

# The pipe once; what sync-diff said is in decisions, what it cost in calls.
flow()
{
    timeout -k 3 60 sync-ingest emit 2>emit.err | sync-echofilter --explain 2>echo.err | sync-diff 2>err |
        tee said | sync-push >results 2>push.err
    jq -c 'select(.seq)' said >decisions
}

# How the last N hooks ended, in their order.
ends() # N
{
    sql "SELECT coalesce(disposition, 'pending') || coalesce(':' || reason, '') FROM
        (SELECT * FROM sync_inbox WHERE path = 'webhook' ORDER BY seq DESC LIMIT $1) ORDER BY seq" | xargs
}

calls() # NAME...
{
    for system; do count "$system" .calls; done | jq -s add
}

# Ann is at a and b, linked, and nothing is to be done.
pair() # NAME
{
    stop_all
    enter "$1"
    deployment
    add a '{"email":"ann@example.com","first_name":"Ann","phone":"1","notes":"n"}'
    run
    run
    sql "UPDATE sync_intents SET settled_at = '2026-01-01T00:00:00.000Z';
        UPDATE sync_runs SET ended_at = '2025-12-31T00:00:00.000Z'" # of long ago
}
