#!/bin/sh
# Creates that may be repeated: upserts by external id and ids that are ours to make, against a sync-sim
# that drops answers, requests and writers.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

push()
{
    try sync-push
}

out() # JQ-FILTER of the results, joined
{
    jq -r "$1" out | paste -sd ' '
}

there() # EMAIL : how many
{
    dump app "[.[] | select(.email == \"$1\")] | length"
}

asked() # METHODS and paths of the writes since the last time, ids as ID
{
    sim app "/_sim/log?since=${seen-0}" >log
    seen=$(jq -s 'flatten | map(.n) | max // 0' log)
    jq -r '.[] | select(.method == "POST" or .method == "PATCH" or .method == "PUT") |
        "\(.method) \(.path)\(if .query == "" then "" else "?" + .query end)"' log | paste -sd ' '
}

abandon() { # The last writer is long dead: its lease is over, and its requests' deadlines, too.
    sql "DELETE FROM sync_leases; UPDATE sync_intents SET sent_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 minutes') WHERE state = 'sent'"
}

# A definition NAME whose creates are CREATE, and whose find is FIND where that is given.
define() # NAME CREATE [FIND]
{
    sed -e "s|^    create: .*/contacts,.*|    $2|" ${3+-e "s|^    find: .*/contacts,.*|    $3|"} \
        "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/$1.yaml"
}

fresh() # NAME : a folder, config and state; app is defined by NAME.yaml
{
    enter "$1"
    cp ../crm.token ../app.token .
    write_config crm app
    edit_config "/^  app:/,/^sync/s|provider: rest|provider: $tmp/$1.yaml|; s/create: .*/create: {crm: false, app: true}/"
    new_state
}

find='find: {method: GET, path: /contacts, query: {"{key}": "{value}"}, records: items, by: [external_id, email]'
define url 'upsert: {by: url, method: PATCH, path: "/contacts/by/external_id/{external_id}"}'
define body 'upsert: {by: body, method: POST, path: /contacts/upsert}'
define none 'upsert: {by: url, method: PATCH, path: "/contacts/by/external_id/{external_id}", answer: none}'
define blind 'upsert: {by: body, method: POST, path: /contacts/upsert}' \
    'find: {method: GET, path: /contacts, query: {"{key}": "{value}"}, records: items, by: [email]}'
define lagging 'upsert: {by: body, method: POST, path: /contacts/upsert}' "$find, lag: 1ms}"
define own 'create: {client_id: text, method: PUT, path: "/contacts/{id}", query: {create: true}}'
define uuid 'create: {client_id: uuid, method: PUT, path: "/contacts/{id}", query: {create: true}}'

start_sim crm # never called
start_sim app

# --- by a key in the URL, in the body, and without an answer to read
for way in url body none; do
    fresh $way
    case $way in
    body) path='POST /contacts/upsert' ;;
    *) path="PATCH /contacts/by/external_id/x-$way" ;;
    esac
    [ $way = none ] && quirk app answer-none
    seen=$(sim app /_sim/log | jq length)
    creation crm app $way $way@x | push
    is "${way}_makes_the_record" "0 done pushed [\"Ann\",\"x-$way\"]" \
        "$? $(out '"\(.status) \(.disposition)"') $(record app $way@x '[.first_name, .external_id]')"
    is "${way}_is_asked_as_defined" "$path" "$(asked)"
    quirk app answer-none null
    creation crm app $way-2 $way-2@x >line
    quirk app drop-next 1
    push <line
    is "${way}_that_never_arrived_is_sent_again" "0 done 2 1" "$? $(out '"\(.status) \(.attempts)"') $(there $way-2@x)"
    creation crm app $way-3 $way-3@x >line
    quirk app apply-then-drop 1
    push <line
    is "${way}_without_an_answer_is_found" "0 done 1 1" "$? $(out '"\(.status) \(.attempts)"') $(there $way-3@x)"
done

# --- nothing to look it up by
fresh blind
quirk app apply-then-drop 1
creation crm app blind blind@x | push
is "what_cannot_be_sought_is_sent_again" "0 done 2 1" "$? $(out '"\(.status) \(.attempts)"') $(there blind@x)"
quirk app drop-next 5
creation crm app lost lost@x | push
is "after_three_it_waits" "0 retry 3 owed 0" "$? $(out '"\(.status) \(.attempts) \(.disposition)"') $(there lost@x)"
is "and_no_person_is_asked" "0 2" "$(sql 'SELECT (SELECT count(*) FROM sync_rejects), (SELECT count(*) FROM sync_owed)' | tr '|' ' ')"
quirk app drop-next null

# --- a search that does not show it yet
fresh lagging
quirk app find-lag-ms 60000
quirk app apply-then-drop 1
creation crm app lag lag@x | push
quirk app find-lag-ms null
is "a_search_that_lags_makes_no_second" "0 done 1" "$? $(out .status) $(there lag@x)"

# --- an edit between the write and its recovery
for way in url own; do
    cp "$tmp/$way.yaml" "$tmp/edited-$way.yaml"
    fresh "edited-$way"
    creation crm app "e-$way" "e-$way@x" >line
    LOOPLESS_CRASH_TRACE=$tmp/trace sync-push <line >/dev/null 2>&1
    creation crm app "f-$way" "f-$way@x" >line
    LOOPLESS_CRASH_AT=$(crash_number push.answer) sync-push <line >out 2>err
    is "${way}_writer_is_killed" "100 sent" "$? $(sql "SELECT state FROM sync_intents WHERE state <> 'done'")"
    edit app "f-$way@x" '{"first_name":"Anna"}'
    abandon
    push </dev/null
    is "${way}_is_taken_over_and_found" "0 done 1 1" "$? $(out '"\(.status) \(.attempts)"') $(there "f-$way@x")"
    is "${way}_keeps_what_a_person_wrote" '"Anna"' "$(record app "f-$way@x" .first_name)"
done

# --- ids of ours
fresh own
creation crm app own own@x | push
is "an_id_of_ours_is_the_records" "0 done x-own" "$? $(out '"\(.status) \(.target_record_id)"')"
is "it_is_there_under_it" '"x-own"' "$(record app own@x .id)"
quirk app apply-then-drop 1
creation crm app own-2 own-2@x | push
is "it_is_read_under_it" "0 done 1 1" "$? $(out '"\(.status) \(.attempts)"') $(there own-2@x)"
quirk app drop-next 1
creation crm app own-3 own-3@x | push
is "it_is_sent_again_under_it" "0 done 2 1" "$? $(out '"\(.status) \(.attempts)"') $(there own-3@x)"
fresh uuid
creation crm app u u@x | push
like "a_uuid_is_made_of_it" '^0 done [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' \
    "$? $(out '"\(.status) \(.target_record_id)"')"

# --- the external id is fixed before anything goes out
cp "$tmp/url.yaml" "$tmp/fixed.yaml"
fresh fixed
creation crm app fixed fixed@x >line
LOOPLESS_CRASH_AT=$(crash_number push.sent) sync-push <line >out 2>err
is "the_external_id_is_on_the_link_before_the_request" "100 x-fixed x-fixed 0" \
    "$? $(sql "SELECT (SELECT external_id FROM sync_links), external_id FROM sync_intents WHERE state = 'sent'" | tr '|' ' ') $(there fixed@x)"

done_testing
