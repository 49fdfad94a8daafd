#!/bin/bash
# Runs that meet: the same job twice at once, two jobs at once, and programs killed at any moment.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3
RANDOM=20261121

contact() # NAME EMAIL PHONE
{
    add "$1" "{\"first_name\":\"F\",\"email\":\"$2\",\"phone\":\"$3\"}"
}
sides() # what both hold, as one line each
{
    for s in crm app; do
        dump $s 'map([.email, .first_name, .phone, .notes]) | sort'
    done
}
equal()
{
    [ "$(sides | uniq | wc -l)" -eq 1 ]
}
# The dead are dead for long, and what waited is due.
bury()
{
    sql "UPDATE sync_leases SET expires_ms = 0;
        UPDATE sync_intents SET sent_at = '2020-01-01T00:00:00.000Z' WHERE state = 'sent';
        UPDATE sync_inbox SET not_before = '2020-01-01T00:00:00.000Z'
            WHERE disposition IS NULL AND not_before < '9';
        UPDATE sync_owed SET not_before = '2020-01-01T00:00:00.000Z';"
}
settle() # 0 once all is done
{
    for _ in 1 2 3 4 5; do
        bury
        sync-reconcile run >out 2>err && return 0
    done
    return 1
}
# Decisions that made the same generation of a link twice.
doubles()
{
    sql "SELECT count(*) FROM (SELECT 1 FROM sync_intents
        GROUP BY link_id, generation, target HAVING count(*) > 1)"
}

start_sim crm --seed 1
start_sim app --seed 2 --id text
sed 's/size: 200/size: 10/' "$LOOPLESS_PROVIDERS/rest.yaml" >small.yaml
write_config crm app
edit_config 's|provider: rest|provider: ./small.yaml|; s/create: .*/create: {crm: false, app: true}/'
new_state
sync-reconcile run >out 2>err
for i in 1 2 3 4 5; do contact crm "p$i@example.com" $i; done

# --- the same job twice
quirk app slow-ms 300
sync-reconcile run contacts >out1 2>err1 &
one=$!
sync-reconcile run contacts >out2 2>err2 &
two=$!
wait $one
rc1=$?
wait $two
rc2=$?
quirk app slow-ms null
is "one_of_two_runs_of_a_job_is_told_to_come_later" "0 75" "$(printf '%s\n%s\n' $rc1 $rc2 | sort -n | xargs)"
cat err1 err2 >err
has "it_says_that_the_job_is_running" "error: job contacts is already running (pid "
is "no_double_create_by_two_runs" 5 "$(count app .creates)"
is "one_decision_a_link_by_two_runs" 0 "$(doubles)"
sync-reconcile run >out 2>err

# --- different jobs at once
bad=
for i in {1..10}; do
    contact crm "c$i@example.com" "$i"
    human crm PATCH /contacts/1001 "{\"phone\":\"1$i\"}"
    id=$(dump app | jq -r '.[] | select(.email == "p2@example.com") | .id')
    human app PATCH "/contacts/$id" "{\"notes\":\"note $i\"}"
    sync-reconcile run contacts >out1 2>err1 &
    one=$!
    sync-reconcile run app-contacts >out2 2>err2 &
    wait $!
    rc2=$?
    wait $one
    rc1=$?
    settle || bad="$bad $i:settle"
    for rc in $rc1 $rc2; do
        [ $rc -eq 0 ] || [ $rc -eq 75 ] || bad="$bad $i:$rc"
    done
    equal || bad="$bad $i:differ"
done
is "ten_rounds_of_two_jobs_settle" "" "$bad"
is "no_double_create_by_two_jobs" 15 "$(count app .creates)"
is "no_create_back" 0 "$(count crm .creates)"
is "one_decision_a_link_by_two_jobs" 0 "$(doubles)"
is "each_edit_is_written_once" "10 10" "$(count crm '.updates - .noop_updates') $(count app '.updates - .noop_updates')"
sync-ctl audit >out 2>err
is "balanced_after_two_jobs" 0 $?

# --- kill -9
# LeakSanitizer looks from a child process; if that one is hit, its parent never ends.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
programs=(sync-reconcile sync-ingest sync-echofilter sync-diff sync-push)
strike() # NAME PARENT : PARENT or its child of this name, as soon as there is one
{
    local children p name
    while kill -0 "$2" 2>/dev/null; do
        children=
        { read -r children <"/proc/$2/task/$2/children"; } 2>/dev/null
        for p in $2 $children; do
            { read -r name <"/proc/$p/comm"; } 2>/dev/null || continue
            [ "$name" = "${1:0:15}" ] && kill -9 "$p" 2>/dev/null && return 0
        done
    done
    return 1
}
mkfifo gate # whose reader ends when all that a run started is over
bad='' killed=0
for i in {1..20}; do
    contact crm "k$i@example.com" "$i"
    human crm PATCH /contacts/1003 "{\"phone\":\"3$i\"}"
    human app PATCH "/contacts/$id" "{\"notes\":\"again $i\"}"
    program=${programs[RANDOM % 5]}
    cat gate >/dev/null &
    over=$!
    sync-reconcile run >out 2>err 9>gate &
    run=$!
    sleep "0.$(printf %03d $((RANDOM % 60)))"
    strike "$program" $run && killed=$((killed + 1))
    wait $run 2>/dev/null
    wait $over
    settle || bad="$bad $i:$program:settle"
    equal || bad="$bad $i:$program:differ"
    sync-ctl audit >/dev/null 2>&1 || bad="$bad $i:$program:audit"
done
is "twenty_rounds_of_kill_9_settle_and_are_equal" "" "$bad"
ok "most_of_them_hit_something" test $killed -ge 10
echo "# killed $killed of 20"
is "no_double_create_after_kill_9" 35 "$(count app .creates)"
is "no_create_back_after_kill_9" 0 "$(count crm .creates)"
is "one_decision_a_link_after_kill_9" 0 "$(doubles)"
done_testing
