#!/bin/sh
# A record that is not there any more, though nobody said that it was deleted.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

c=crm/contacts

enter lone
deployment
add a '{"email":"x@x.com","first_name":"X","phone":"1"}'
add a '{"email":"y@x.com","first_name":"Y","phone":"1"}'
run
id=$(record b x@x.com .id | tr -d '"')
like "all_is_well_before" "nothing needs a person" "$(sync-ctl status)"
human b DELETE "/contacts/$id"
edit a x@x.com '{"phone":"2"}'
run
is "nothing_is_concluded_from_it" "0 1" "$rc $(dump a '[.[] | select(.email == "x@x.com")] | length')"
has "it_is_said" "$c b:$id is not there, and nobody said that it was deleted"
like "status_names_it_with_a_command" "gone: $c b:$id .*sync-ctl why $c b:$id" "$(sync-ctl status | tr -s ' ')"
is "status_as_json_does" 1 "$(sync-ctl --json status | jq -c 'select(."for a person" == "gone: '$c' b:'"$id"'") | .count')"
sync-ctl why $c "b:$id" >out
like "why_says_since_when" "b:$id  gone since 20.*, last synced" "$(cat out)"
like "why_says_what_to_do" "sync-ctl links unlink $c b:$id" "$(cat out)"
is "no_field_is_in_step" 0 "$(grep -c 'in step' out)"
is "every_field_says_where_not" 6 "$(grep -c 'not there at b' out)"
is "the_other_record_is_in_step" 6 "$(sync-ctl why $c "a:$(record a y@x.com .id | tr -d '"')" | grep -c 'in step')"
like "history_has_it" "b:$id .* gone " "$(sync-ctl history $c "b:$id" | tr -s ' ')"
edit a x@x.com '{"phone":"3"}'
run
is "it_is_said_once" 0 "$(grep -c 'is not there' err)"
is "and_kept_once" 1 "$(sql "SELECT count(*) FROM sync_history WHERE rule = 'gone'")"

# --- it is there again
sql "UPDATE sync_gone SET record_id = '$(record b y@x.com .id | tr -d '"')'"
is "what_is_no_end_is_not_told" 0 "$(sync-ctl status | grep -c '^gone')"
sql "UPDATE sync_gone SET record_id = '$id'"
human b POST "/contacts/$id/restore"
edit a x@x.com '{"phone":"4"}'
run
is "found_again_it_needs_nobody" "0 0" "$rc $(sync-ctl status | grep -c '^gone')"
like "history_has_that_too" " found " "$(sync-ctl history $c "b:$id" | tr -s ' ')"
is "and_it_has_what_it_missed" '"4"' "$(record b x@x.com .phone)"

# --- by hand
edit a y@x.com '{"phone":"5"}'
id=$(record b y@x.com .id | tr -d '"')
human b DELETE "/contacts/$id"
run
like "another_one_is_told" "gone: $c b:$id" "$(sync-ctl status | tr -s ' ')"
sync-ctl links unlink $c "b:$id" >/dev/null 2>&1
is "unlinked_it_needs_nobody" 0 "$(sync-ctl status | grep -c "^gone: $c b:$id")"

# --- a state made before this was kept
sql "DROP TABLE sync_gone"
ok "an_older_state_has_a_status" sync-ctl status
stop_all
done_testing
