#!/bin/sh
# Plans: sync-diff --plan, then sync-push --plan, and what people do in between.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

plan() # FILE JOB... : of what these jobs list
{
    plan_file=$1
    shift
    for plan_job; do
        sync-reconcile fetch "$plan_job" 2>/dev/null
    done | try sync-diff --plan "$plan_file"
}

total() # FILE MEMBER
{
    tail -n 1 "$1" | jq -c ".plan.$2"
}

gets() # NAME : how often it was read or searched
{
    sim "$1" /_sim/log | jq '[.[] | select(.method == "GET")] | length'
}

phones() # EMAIL
{
    echo "$(record a "$1" .phone) $(record b "$1" .phone)"
}

results()
{
    jq -r '"\(.record_id) \(.action) \(.status)"' out | paste -sd ' '
}

enter people
deployment
for i in 1 2 3; do
    add a "{\"email\":\"p$i@x.com\",\"first_name\":\"G$i\",\"phone\":\"$i\"}"
done
run

# --- an edit at the target, after the plan
edit a p1@x.com '{"phone":"11"}'
edit a p2@x.com '{"phone":"22"}'
edit a p3@x.com '{"phone":"33"}'
plan p contacts
is "totals_count_the_looks_before_the_writes" "3 3 3" \
    "$(total p updates) $(total p check_calls) $(total p write_calls)"
has "what_it_costs_is_said" "applying it takes 3 to look again and 3 to write"
edit b p2@x.com '{"phone":"77"}'
edit b p3@x.com '{"notes":"by hand"}'
before=$(gets b)
try sync-push --plan p
is "what_nobody_touched_is_applied" '2 1001 update done "11" "11"' "$rc $(results) $(phones p1@x.com)"
is "edit_since_the_plan_is_not_overwritten" '"22" "77"' "$(phones p2@x.com)"
has "it_has_moved_on" "plan: crm/contacts a:1002 has moved on since the plan was made: phone of b:"
is "edit_of_another_field_is_seen_too" '"33" "3"' "$(phones p3@x.com)"
has "other_field_is_named" "a:1003 has moved on since the plan was made: notes of b:"
is "each_written_record_is_read_once" 3 "$(($(gets b) - before))"
has "summary_counts_them" "plan: 2 have moved on since it was made and were left alone"
has "summary_has_a_hint" "hint: list and plan again: "
run
is "next_run_decides_anew" "0 1 33" \
    "$rc $(phones p2@x.com | tr ' ' '\n' | sort -u | wc -l | tr -d ' ') $(record b p3@x.com .phone | tr -d '"')"

# --- a record of the same thing, after the plan
add a '{"email":"new@x.com","first_name":"N"}'
add a '{"email":"other@x.com","first_name":"O"}'
plan p contacts
is "creates_look_by_external_id_and_key" "2 4" "$(total p creates) $(total p check_calls)"
add b '{"email":"new@x.com","first_name":"N2"}'
try sync-push --plan p
is "create_is_refused_where_somebody_made_it" '2 1' "$rc $(record b new@x.com .email | wc -l | tr -d ' ')"
like "twin_is_named" 'a:1004 has moved on since the plan was made: b:[0-9]+ is there now and matches' "$(cat err)"
is "other_create_is_done" '"O"' "$(record b other@x.com .first_name)"
run
is "twin_is_linked_by_the_next_run" '0 1 1' \
    "$rc $(record b new@x.com .email | wc -l | tr -d ' ') $(record a new@x.com .email | wc -l | tr -d ' ')"

# --- a record that is gone, a system that is down
edit a p1@x.com '{"phone":"111"}'
plan p contacts
human b DELETE "/contacts/$(record b p1@x.com .id | tr -d '"')"
try sync-push --plan p
is "gone_target_is_refused" 2 "$rc"
has "gone_target_is_named" "is not there any more"
before=$(record b p2@x.com .phone)
edit a p2@x.com '{"phone":"222"}'
plan p contacts
mv b.token b.right && echo wrong >b.token && chmod 600 b.token
try sync-push --plan p
is "what_cannot_be_looked_at_is_left" "69 $before" "$rc $(record b p2@x.com .phone)"
has "it_says_that_it_could_not_look" "plan: crm/contacts a:1002 is not applied: cannot look at b"
mv b.right b.token
try sync-push --plan p
is "same_plan_goes_later" '"222"' "$(record b p2@x.com .phone)"

# --- under other rules
edit a p2@x.com '{"phone":"99"}'
plan p contacts
edit_config 's/phone: {owner: any}/phone: {owner: b}/'
before=$(sql "SELECT count(*) FROM sync_inbox")
try sync-push --plan p
is "plan_of_other_owners_is_refused_whole" "65 $before 1" \
    "$rc $(sql "SELECT count(*) FROM sync_inbox") $(grep -c ': error: ' err)"
has "it_says_so_in_a_line" "p: decided under another config (owners, tables, mappings, policies)"
is "and_nothing_was_written" '"222"' "$(record b p2@x.com .phone)"
edit_config 's/phone: {owner: b}/phone: {owner: any}/; s/every: 4h/every: 3h/'
try sync-push --plan p
is "other_jobs_are_no_other_rules" '0 "99"' "$rc $(record b p2@x.com .phone)"
stop_all

# --- both listings of a pair
enter both
deployment
for i in 1 2 3; do
    add a "{\"email\":\"p$i@x.com\",\"phone\":\"$i\"}"
done
run
edit a p1@x.com '{"phone":"11"}'
edit b p2@x.com '{"phone":"22"}'
plan p contacts b-contacts
is "totals_count_a_link_once" "3 2 2 2" \
    "$(total p decisions) $(total p updates) $(total p fields) $(total p write_calls)"
{
    sync-reconcile fetch contacts
    sync-reconcile fetch b-contacts
} 2>/dev/null | try sync-diff --format=human
is "people_see_a_link_once" 2 "$(grep -c '^crm/contacts' out)"
try sync-push --plan p
is "plan_of_both_listings_is_done" "0 2" "$rc $(jq -r 'select(.status == "done") | .record_id' out | wc -l | tr -d ' ')"
edit a p3@x.com '{"phone":"33"}'
{
    sync-reconcile fetch contacts
    sync-reconcile fetch b-contacts
} 2>/dev/null >l
sync-diff <l 2>/dev/null >lines
{ grep -v '"eos"' lines && tail -n 1 p; } >twice
try sync-push --plan twice
is "plan_that_says_it_twice_is_done_once" "0 1" "$rc $(jq -r 'select(.status == "done") | .record_id' out | wc -l | tr -d ' ')"

# --- is anything to be done? (--exit-code)
answer() # LINES...
{
    try sync-diff --exit-code <l
    cp out decided
    try sync-diff --exit-code --format=human <l
}
listed() # EMAIL
{
    sync-reconcile fetch contacts 2>/dev/null | grep "$1" >l
}
listed p1@x
answer
is "in_sync_is_0_and_says_nothing" "0 0" "$rc $(wc -c <out | tr -d ' ')"
human b DELETE "/contacts/$(record b p1@x.com .id | tr -d '"')"
answer
is "gone_is_1" 1 "$rc"
like "gone_is_shown" "b:[0-9]+ is not there, and nobody said that it was deleted" "$(cat out)"
add b '{"email":"twin@x.com"}'
add b '{"email":"twin@x.com"}'
add a '{"email":"twin@x.com"}'
listed twin@x
answer
is "ambiguous_is_1" 1 "$rc"
like "ambiguous_is_shown" "ambiguous: .* matches b:" "$(cat out)"
listed p2@x
stop_sim b
answer
is "unreadable_is_1" 1 "$rc"
like "unreadable_is_shown" "held: cannot read b:" "$(cat out)"
stop_all
done_testing
