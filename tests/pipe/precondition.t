#!/bin/sh
# Writes that must not go over somebody's edit, by every means: a write from an older version is decided
# anew, once, then it waits; and answers that only look good: an error in a 200, HTML, none in time.
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

# rest.yaml as NAME.yaml, changed by SED-SCRIPT.
define()
{
    sed "$2" "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/$1.yaml"
}

fresh() # NAME : a folder, config and state; app is defined by NAME.yaml
{
    enter "$1"
    cp ../crm.token ../app.token .
    write_config crm app
    edit_config "/^  app:/,/^sync/s|provider: rest|provider: $tmp/$1.yaml|; s/create: .*/create: {crm: false, app: true}/
        s/match:/deletes: {policy: propagate, settle: 0s}\n    &/"
    new_state
}

# crm:ID has another phone; app had VERSION when it was read.
update() # ID PHONE VERSION
{
    sqlite3 -json state.db "SELECT l.link_id AS link, generation, record_id AS target_record_id FROM
        sync_links l JOIN sync_metadata m USING (link_id) WHERE l.external_id = 'x-$1' AND
        external_system = 'app'" | jq -c --arg id "$1" --arg phone "$2" --arg etag "$3" '.[0] |
        {v:1,system:"crm",account:"crm-1",resource:"crm/contacts",record_id:$id,event_type:"updated",
        fields:null,link,generation,
        ends:[{system:"crm",account:"crm-1",record_id:$id,covered:{phone:$phone},state:"live"}],
        rules:{phone:{rule:"changed-same",source:"crm"}},
        writes:[{target:"app",account:"app-1",action:"update",target_record_id,set:{phone:$phone},
            sources:{phone:"crm"},etag:$etag}],map_hash:"m"}'
}

delete() # ID VERSION
{
    update "$1" x "$2" | jq -c '.event_type = "deleted" | .rules = {} | .ends[0] |= (.state = "deleted" | del(.covered)) |
        .writes[0] |= (.action = "delete" | .set = {} | del(.sources)) | .link_ended = "deleted everywhere"'
}

calls='^    \(update\|delete\): {.*contacts'
define if_match "/$calls/s/method/precondition: {kind: if_match}, method/"
define since "/$calls/s/method/precondition: {kind: if_unmodified_since}, method/"
define rev "s/version: {.*/version: {path: rev, kind: sequence}/; /$calls/s/method/precondition: {kind: body, path: if_rev}, method/"
define safe "/^    update: {.*contacts/s/method/precondition: {kind: body, path: updated_stamp, flag: safe_update}, method/"

start_sim crm
start_sim app

# --- who comes late, by every means
for way in if_match since rev safe; do
    fresh $way
    case $way in
    if_match | since) refused=412 ;;
    *) refused=409 ;;
    esac
    creation crm app $way $way@x | push
    version() # of the record there, as the definition has it
    {
        case $way in
        if_match) echo "\"$(record app $way@x .rev)\"" ;;
        rev) record app $way@x .rev ;;
        *) record app $way@x .updated_at | tr -d '"' ;;
        esac
    }
    have=$(version)
    update $way 1 "$have" | push
    is "${way}_of_the_version_that_is_there_is_done" '0 done 200 "1"' \
        "$? $(out '"\(.status) \(.http_status)"') $(record app $way@x .phone)"
    sim app /_sim/clock -o /dev/null -d '{"advance":"5s"}'
    edit app $way@x '{"phone":"by hand"}'
    update $way 2 "$have" | push
    is "${way}_of_an_older_one_is_decided_anew" "0 lost $refused null now \"by hand\"" \
        "$? $(out '"\(.status) \(.http_status) \(.disposition) \(.error.retry)"') $(record app $way@x .phone)"
    is "${way}_event_is_open_again" "lost" \
        "$(sql "SELECT reason FROM sync_inbox WHERE disposition IS NULL ORDER BY seq DESC LIMIT 1")"
    { update $way 3 "$have"; } | push
    is "${way}_goes_through_with_the_new_one" '0 done "4"' \
        "$(update $way 4 "$(version)" | push; echo "$? $(out .status)") $(record app $way@x .phone)"
    [ $way = safe ] && continue
    have=$(version)
    sim app /_sim/clock -o /dev/null -d '{"advance":"5s"}'
    edit app $way@x '{"phone":"by hand again"}'
    delete $way "$have" | push
    is "${way}_of_a_delete_is_decided_anew" "0 retry $refused" "$? $(out '"\(.status) \(.http_status)"')"
    is "${way}_deletes_nothing" '"by hand again"' "$(record app $way@x .phone)"
done

# --- 200 with an error
define said '/^    \(create\|update\|delete\|get\):.*contacts/s/method/error: {body: {error: true}, as: error.status}, method/'
fresh said
quirk app error-200
creation crm app said said@x | push
is "a_good_create_is_good" "0 done" "$? $(out .status)"
quirk app reject '"phone:bad"'
update said bad "" | jq -c 'del(.writes[0].etag)' | push
is "an_error_in_a_200_is_a_refusal" "2 refused 200 http-422" "$? $(out '"\(.status) \(.http_status) \(.error.code)"')"
is "what_it_refuses_stays_owed" "phone|1" "$(sql 'SELECT field, refused IS NOT NULL FROM sync_owed')"
quirk app reject null
human app DELETE "/contacts/$(record app said@x .id)"
delete said "" | jq -c 'del(.writes[0].etag)' | push
is "gone_in_a_200_is_gone" "0 done" "$? $(out .status)"
quirk app error-200 null

# --- HTML, and answers that show nothing
define none '/^    \(create\|update\):.*contacts/s/answer: full/answer: none/'
fresh none
creation crm app none none@x | push
quirk app html-once 1
update none 7 "" | jq -c 'del(.writes[0].etag)' | push
is "html_is_no_answer_to_an_update_that_shows_nothing" "0 lost null" "$? $(out '"\(.status) \(.disposition)"')"
is "what_it_was_to_write_is_owed" "phone|7" "$(sql "SELECT field, json_extract(value, '\$') FROM sync_owed")"
quirk app html-once 1
delete none "" | jq -c 'del(.writes[0].etag)' | push
is "nor_to_a_delete" "0 lost 1" "$? $(out .status) $(dump app '[.[] | select(.email == "none@x")] | length')"

done_testing
