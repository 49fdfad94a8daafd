#!/bin/sh
# Parts of the service that are down, paused or limited, the listener, the pipe, a system: the others
# go on, nothing is lost, and each record's changes come in their order.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"
# shellcheck source=tests/pipe/service.sh
. "$top_srcdir/tests/pipe/service.sh"

# Ten records of a, at all systems.
loaded() # FOLDER NAME NAME [NAME]
{
    contacts 1 10 >"$tmp/a.ndjson"
    service "$@"
    edit_config 's/^version: 1/&\nlimits: {max_updates: 100%, max_changed: 100%}/'
    run
    run
    start_pipe
    quiet
}

# Where it is notes of record N of a.
notes() # NAME N
{
    record "$1" "p$2@example.com" .notes
}

with_notes() # NAME TEXT: how many
{
    dump "$1" ".[] | select(.notes == \"$2\") | .id" | wc -l
}

patch_a() # N CHANGES
{
    human a PATCH "/contacts/$1" "$2"
}

owed() # [WHERE]
{
    sql "SELECT count(*) FROM sync_owed ${1+WHERE $1}"
}

# All is there, nothing is owed, and what is decided of a record is decided in the order it came.
is_well() # NAME
{
    ok "$1: the books balance" sync-ctl audit
    is "$1: nothing is owed, refused or open" "0|0|0" "$(sql "SELECT (SELECT count(*) FROM sync_owed),
        (SELECT count(*) FROM sync_rejects), (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL)")"
    is "$1: each record's decisions are in the order of its events" "" \
        "$(sql "SELECT DISTINCT h.link_id FROM sync_history h, sync_history g
            WHERE h.link_id = g.link_id AND h.id < g.id AND h.seq > g.seq AND h.token IS NULL AND g.token IS NULL")"
    ok "$1: all agree" agree_all
    is "$1: no record is there twice" 10 "$(for system in $systems; do dump "$system" length; done | sort -u)"
}

agree_all()
{
    for system in $systems; do agree a "$system" || return; done
}

# Until COMMAND works, for a minute.
soon() # COMMAND...
{
    soon_until=$(($(date +%s) + 60))
    until "$@"; do
        [ "$(date +%s)" -lt $soon_until ] || return 1
    done
}

owes_nothing() { [ "$(owed)" = 0 ] && is_quiet; }

# ---- the listener is down ----
loaded listener a b
before=$(writes a b)
stop_listener
patch_a 1 '{"notes":"while it was down"}'
patch_a 1 '{"notes":"twice"}'
patch_a 2 '{"notes":"while it was down"}'
quirk b webhook-once
edit b p3@example.com '{"notes":"told once"}'
lost() { [ "$(count b .webhooks.lost)" -ge 1 ]; }
ok "listener down: one webhook is lost for good" soon lost
is "listener down: nothing is written meanwhile" "$before" "$(writes a b)"
has_come() { [ "$(notes b 2)" = '"while it was down"' ]; }
listener 127.0.0.1:0
tell_all
ok "listener down: what is sent again" soon has_come
quiet
is "listener down: is written when it is back" '"twice" "while it was down" null' "$(notes b 1) $(notes b 2) $(notes a 3)"
run
is "listener down: what was lost is listed" '0 "told once"' "$rc $(notes a 3)"
is "listener down: a write for each edit at most" 1 "$([ $(($(writes a b) - before)) -le 4 ] && echo 1)"
quiet
is_well "listener down"
stop_service

# ---- the pipe is down ----
loaded pipe a b
before=$(writes b)
ok "pipe down: SIGTERM ends all of it well" stop_pipe
for round in 1 2 3; do
    for n in 4 2 5 1 3; do patch_a $n "{\"notes\":\"round $round\"}"; done
done
taken() { [ "$(sql "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL")" = 15 ]; }
ok "pipe down: the listener takes all" soon taken
is "pipe down: each told 200" "0 0" "$(count a '.webhooks | "\(.refused) \(.unreached)"' | tr -d '"')"
from=$(sql 'SELECT max(id) FROM sync_history')
start_pipe
quiet
is "pipe down: then all is written" 5 "$(with_notes b "round 3")"
is "pipe down: by a write a record" 5 $(($(writes b) - before))
is "pipe down: in the order it came" "4 2 5 1 3" \
    "$(sql "SELECT i.record_id FROM sync_history h JOIN sync_inbox i USING (seq) WHERE h.id > $from AND h.outcome = 'prepared' ORDER BY h.id" | xargs)"
is "pipe down: each event ended" "pushed:5 superseded:10" "$(sql "SELECT disposition || ':' || count(*) FROM sync_inbox
    WHERE system = 'a' AND path = 'webhook' AND event_type = 'updated' GROUP BY disposition ORDER BY disposition" | xargs)"
is_well "pipe down"
stop_service

# ---- an account is paused ----
loaded paused a b
before=$(writes b) mine=$(writes a)
sync-ctl pause -q b --reason "for the test" >/dev/null
patch_a 1 '{"notes":"one"}'
patch_a 2 '{"notes":"one"}'
quiet
patch_a 1 '{"notes":"two"}'
edit b p3@example.com '{"notes":"from b"}'
quiet
is "paused account: nothing is written to it" "$before" "$(writes b)"
is "paused account: it is owed" "2 2" "$(owed) $(owed "target = 'b' AND source = 'a'")"
is "paused account: what it says goes on" '"from b" 1' "$(notes a 3) $(($(writes a) - mine))"
ok "paused account: the books balance" sync-ctl audit
last=$(sql "SELECT max(seq) FROM sync_inbox WHERE path = 'webhook'")
sync-ctl resume -q b >/dev/null
ok "paused account: resume writes what is owed" soon owes_nothing
is "paused account: by no other event" "$last" \
    "$(sql "SELECT max(seq) FROM sync_inbox WHERE path = 'webhook' AND disposition = 'pushed' OR seq = $last")"
is "paused account: once, the last of each" '"two" "one" 2' "$(notes b 1) $(notes b 2) $(($(writes b) - before))"
is_well "paused account"
stop_service

# ---- one of three is down for an hour, then limited ----
fast 0
loaded down a b c
is "one down: three systems are loaded" "10 10 10" "$(dump a length) $(dump b length) $(dump c length)"
before=$(writes b)
dump c >c.before
stop_sim c
systems="a b"
for n in 1 2 3; do patch_a $n '{"notes":"first"}'; done
edit b p4@example.com '{"phone":"44"}'
ok "one down: the pipe goes on" quiet
is "one down: the other target has it all" "3 3" "$(with_notes b first) $(($(writes b) - before))"
is "one down: and the other source is heard" '"44"' "$(record a p4@example.com .phone)"
is "one down: what it misses is owed" "3 notes a, 1 phone b" \
    "$(sql "SELECT count(*) || ' ' || field || ' ' || source FROM sync_owed WHERE target = 'c' GROUP BY field ORDER BY field" | xargs | sed 's/ 1 /, 1 /')"
is "one down: their events are over" "owed:3 owed:1" "$(sql "SELECT 'owed:' || count(*) FROM sync_inbox WHERE disposition = 'owed' AND path = 'webhook'
    GROUP BY system ORDER BY system" | xargs)"
ok "one down: the books balance" sync-ctl audit
stop_pipe
fast 1 # an hour later
start_pipe
patch_a 2 '{"notes":"second"}'
edit b p1@example.com '{"notes":"of b"}'
ok "one down: it goes on after an hour" quiet
is "one down: for all others" '"second" "of b" "of b"' "$(notes b 2) $(notes a 1) $(notes b 1)"
is "one down: the last is owed" '"of b" "second"' \
    "$(sql "SELECT value FROM sync_owed WHERE target = 'c' AND field = 'notes' AND value <> '\"first\"' ORDER BY value" | xargs -n 1 printf '"%s" ' | sed 's/ $//')"
systems="a b c"
up c
edit c p9@example.com '{"phone":"99"}'
ok "one down: when it is back it gets what it is owed" soon owes_nothing
is "one down: the last of each" '"of b" "second" "first" "44"' "$(notes c 1) $(notes c 2) $(notes c 3) $(record c p4@example.com .phone)"
is "one down: by a write a record" 4 "$(writes c)"
is "one down: and is heard again" '"99" "99"' "$(record a p9@example.com .phone) $(record b p9@example.com .phone)"
is_well "one down"

quirk c rate '"1/3600000"'
sim c /_sim/reset-counters -o /dev/null -X POST
before=$(writes b)
for n in 5 6 7; do patch_a $n '{"notes":"limited"}'; done
ok "limited for long: the pipe goes on" quiet
is "limited for long: the others have it" "3 3" "$(with_notes b limited) $(($(writes b) - before))"
patch_a 5 '{"notes":"limited again"}'
quiet
is "limited for long: it is owed" "$((3 - $(with_notes c limited)))" "$(owed "target = 'c'")"
ok "limited for long: and left alone until then ($(count c .calls) calls)" [ "$(count c .calls)" -le 8 ]
ok "limited for long: due when the limit ends" \
    [ "$(sql "SELECT min(not_before) > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+90 minutes') FROM sync_owed")" = 1 ]
ok "limited for long: the books balance" sync-ctl audit
quirk c rate null
stop_pipe
fast 3
start_pipe
ok "limited for long: then it gets it" soon owes_nothing
is "limited for long: the last of each" '"limited again" "limited" "limited"' "$(notes c 5) $(notes c 6) $(notes c 7)"
is_well "limited for long"
stop_service
# ---- a system that answers, but slowly ----
loaded slow a b c
quirk b slow-ms 12000
patch_a 1 '{"notes":"not held up by b"}'
soon test "$(sql "SELECT count(*) FROM sync_inbox WHERE lease IS NOT NULL AND disposition IS NULL")" != 0
patch_a 2 '{"notes":"nor is this"}'
before=$(date +%s)
ok "slow: the third system gets the first edit" soon eval '[ "$(notes c 1)" = "\"not held up by b\"" ]'
ok "slow: and before b has answered" test $(($(date +%s) - before)) -lt 10
quirk b slow-ms 0
sql "UPDATE sync_owed SET not_before = '2000-01-01T00:00:00.000Z';
    UPDATE sync_inbox SET not_before = '2000-01-01T00:00:00.000Z' WHERE disposition IS NULL"
ok "slow: what b is owed comes later" soon eval 'owes_nothing && [ "$(notes b 1)$(notes b 2)" = "\"not held up by b\"\"nor is this\"" ]'
quiet
is_well slow
stop_service
done_testing
