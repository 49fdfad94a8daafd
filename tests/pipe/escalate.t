#!/bin/sh
# A help desk and engineering (examples/escalation): an escalated ticket has one case. Nobody told
# either system which actor is us, so every write of ours comes back as news.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"

enter story
cp -r "$top_srcdir/examples/escalation/." .
LOOPLESS_MODELS=$PWD/models
cp "$tmp/secret" secret
start_sim desk --seed 1 --collection tickets --webhook-secret "$secret"
start_sim engineering --seed 2 --collection cases --webhook-secret "$secret"
edit_config "s|DESK_URL|$(url desk)|; s|ENGINEERING_URL|$(url engineering)|"
is "the example is a good config" 0 "$(try sync-ctl check; echo $rc; cat err)"
new_state
run --yes tickets cases
is "nothing is there yet" 0 $rc
listener 127.0.0.1:0
for system in desk engineering; do
    sim $system /_sim/webhook -f -o /dev/null -d "{\"url\":\"$url/hooks/$system\"}"
done

# Until no webhook is under way and nothing is pending: 8 rounds are a loop.
settle()
{
    rounds=0
    while [ $rounds -lt 8 ]; do
        drain desk
        drain engineering
        until_sql 0 "SELECT count(*) FROM sync_requests WHERE state = 'new'"
        [ "$(sql 'SELECT count(*) FROM sync_inbox WHERE disposition IS NULL')" = 0 ] && return
        rounds=$((rounds + 1))
        timeout 60 sync-ingest emit 2>emit.err | sync-echofilter 2>echo.err | sync-diff 2>diff.err |
            sync-push >results 2>push.err
    done
    cat diff.err push.err
}

tickets() # JQ-FILTER
{
    sim desk /_sim/dump/tickets | jq -c "$1"
}

cases() # JQ-FILTER
{
    sim engineering /_sim/dump/cases | jq -c "$1"
}

# What was written since the last time: creates and updates of desk, then of engineering.
written()
{
    for system in desk engineering; do
        count $system '"\(.creates)+\(.updates)"' | tr -d '"'
        sim $system /_sim/reset-counters -o /dev/null -X POST
    done | xargs
}

ticket() # CHANGES
{
    human desk PATCH /tickets/1001 "$1"
    settle
}

work() # CHANGES, by engineering
{
    human engineering PATCH /cases/2001 "$1"
    settle
}

written >/dev/null
human desk POST /tickets '{"subject":"Printer on fire","requester":"Ann@Example.com","via":"mail","status":"new","comments":"It burns."}'
settle
is "a ticket that is not escalated has no case" '[] 0+0 0+0' "$(cases .) $(written)"
ticket '{"escalated":"yes"}'
is "escalation makes a case" '["Printer on fire","Ann@Example.com","mail","In Progress","It burns."]' \
    "$(cases '.[0] | [.title,.contact,.origin,.stage,.conversation]')"
is "one write for it, none for what comes back" '0+0 1+0' "$(written)"

ticket '{"escalated":"no"}'
ticket '{"escalated":"yes","priority":"high"}'
is "escalated again it has the same case" '1 "high"' "$(cases length) $(cases '.[0].priority')"
is "and one write says what is new" '0+0 0+1' "$(written)"
ticket '{"via":"phone"}'
is "what is for the creation only stays" '"mail" 0+0 0+0' "$(cases '.[0].origin') $(written)"

ticket '{"status":"open"}'
ticket '{"status":"new"}'
is "another word of the same meaning is no news" '"In Progress" 0+0 0+0' "$(cases '.[0].stage') $(written)"
work '{"stage":"Triage"}'
is "on either side" '"new" 0+0 0+0' "$(tickets '.[0].status') $(written)"
work '{"stage":"Resolved","outcome":"Water."}'
is "engineering moves the status and says what it found" '["solved","Water."] 1' \
    "$(tickets '.[0] | [.status,.resolution]') $(written | grep -c '^0+1 0+0$')"
ticket '{"status":"closed"}'
is "closing it is the same to engineering" '"Resolved" 0+0 0+0' "$(cases '.[0].stage') $(written)"
ticket '{"status":"pending"}'
is "the desk moves it back" '"Waiting" 0+0 0+1' "$(cases '.[0].stage') $(written)"

ticket '{"comments":"It burns. Still."}'
is "comments go to the case" '"It burns. Still." 0+0 0+1' "$(cases '.[0].conversation') $(written)"
work '{"conversation":"Internal."}'
is "and never back" '"It burns. Still." 0+0 0+0' "$(tickets '.[0].comments') $(written)"
ticket '{"resolution":"Mine."}'
is "nor does the desk write what engineering found" '"Water." 0+0 0+0' "$(cases '.[0].outcome') $(written)"

human desk PATCH /tickets/1001 '{"status":"open"}'
human engineering PATCH /cases/2001 '{"outcome":"Water, then sand."}'
settle
is "edits that cross are both stored, each by one write" '"In Progress" "Water, then sand." 0+1 0+1' \
    "$(cases '.[0].stage') $(tickets '.[0].resolution') $(written)"
human desk POST /tickets '{"subject":"Two","status":"open","escalated":"yes"}'
human desk POST /tickets '{"subject":"Three","status":"open"}'
settle
run --yes tickets cases
settle
is "a listing brings no ticket that is not escalated" '["Printer on fire","Two"]' "$(cases 'map(.title)')"
is "nor a second case" '0+0 1+0' "$(written)"
is "all events have ended" 0 "$(sql 'SELECT count(*) FROM sync_inbox WHERE disposition IS NULL')"
is "nothing was refused" 0 "$(sql 'SELECT count(*) FROM sync_rejects')"
stop_listener

enter readme
LOOPLESS_MODELS=$top_srcdir/src/models
sed -n 's/^    //p' "$top_srcdir/examples/escalation/README" |
    sed "s|/tmp/escalation|$tmp/readme/here|g; s|examples/escalation|$top_srcdir/&|" >steps
timeout 60 sh steps >said 2>err
is "what README says can be done" '["Printer on fire"]' "$(tail -n 1 said | jq -c 'map(.title)')"
done_testing
