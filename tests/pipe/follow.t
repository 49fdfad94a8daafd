#!/bin/sh
# sync-ingest emit --follow: the endless emitter alone, then at the head of a live pipe.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

# ---- words ----

start_sim crm
start_sim app
write_config crm app
new_state

# An event of a crm contact, as a webhook would leave it there. AT: when it is due.
admit() # ID EVENT [AT]
{
    sql "INSERT INTO sync_inbox (lane, link_id, system, account, resource, record_id, event_type,
             event_id, path, received_at, map_hash, payload, not_before)
         SELECT coalesce('L' || link, 'R' || s || '/' || a || '/' || r || '/' || id), link, s, a, r,
             id, 'updated', '$2', 'webhook', t, 'm', json_object('path', 'webhook',
             'system', s, 'account', a, 'resource', r, 'record_id', id, 'event_type', 'updated',
             'event_id', '$2', 'sync_source', s, 'sync_direction', 'inbound', 'fields', NULL),
             ${3:-t}
         FROM (SELECT 'crm' AS s, 'crm-1' AS a, 'crm/contacts' AS r, '$1' AS id,
             strftime('%Y-%m-%dT%H:%M:%fZ', '${at-now}') AS t,
             (SELECT link_id FROM sync_metadata WHERE external_system = 'crm'
                  AND record_id = '$1') AS link);"
}

many() # FROM TO: an event each, in one go
{
    sql "INSERT INTO sync_inbox (lane, system, account, resource, record_id, event_type, event_id,
             path, received_at, map_hash, payload, not_before)
         SELECT 'Rcrm/crm-1/crm/contacts/' || value, 'crm', 'crm-1', 'crm/contacts', value,
             'updated', 'm' || value || '-' || random(), 'webhook', '2026-01-01T00:00:00.000Z', 'm',
             '{\"path\":\"webhook\",\"system\":\"crm\",\"account\":\"crm-1\",' ||
             '\"resource\":\"crm/contacts\",\"record_id\":\"' || value || '\",\"fields\":null}',
             '2026-01-01T00:00:00.000Z' FROM generate_series($1, $2);"
}

pending() { sql "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL"; }
leased() { sql "SELECT count(*) FROM sync_inbox WHERE lease IS NOT NULL AND disposition IS NULL"; }
pipelines() { sql "SELECT count(*) FROM sync_leases WHERE name LIKE 'p%' AND name NOT LIKE 'push%'"; }
leased_are() { [ "$(leased)" = "$1" ]; }
started() { [ "$(pipelines)" -ge 1 ]; }
lines() { [ "$(wc -l <seen)" -ge "$1" ]; }
said() { grep -q "$1" err; }

# Ends every event of the lines on stdin as a stage behind would.
settle()
{
    jq -r 'select(.seq) | "UPDATE sync_inbox SET disposition = '\''filtered'\'', disposed_at = received_at
               WHERE folded_into = \(.seq);
           UPDATE sync_inbox SET disposition = '\''filtered'\'', disposed_at = received_at
               WHERE seq = \(.seq) AND lease || '\'':'\'' || fence = '\''\(.lease)'\'';"' |
        sqlite3 -cmd '.timeout 5000' state.db
}

follow() # OPTION...
{
    : >seen
    sync-ingest emit --follow "$@" >seen 2>err &
    bg=$!
}

stop() # SIGNAL; its status is in rc
{
    kill "-$1" $bg
    wait $bg
    rc=$?
}

# ---- alone ----

many 1 40
follow
ok "what is pending comes first" await $bg lines 40
is "in its order" "$(seq 1 40 | xargs)" "$(jq -r .seq seen | xargs)"
settle <seen
admit 50 e1
ok "an admission wakes it" await $bg lines 41
is "the line carries its lease" "50 true" "$(tail -1 seen | jq -r '"\(.record_id) \(.lease | test("^p[0-9a-f]{8}:1$"))"')"
admit 50 e2
admit 50 e3
admit 51 e4
ok "another lane goes on" await $bg lines 42
is "a lane that is out is left alone" "51" "$(tail -1 seen | jq -r .record_id)"
sed -n 41p seen | settle
ok "it is woken when the lane is free" await $bg lines 43
is "and what waited is one line" "50 1" "$(tail -1 seen | jq -r '"\(.record_id) \(.folded | length)"')"
tail -2 seen | settle

due=$(sql "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+0.7 seconds')")
admit 52 e5 "'$due'"
admit 53 e6
ok "what is ready does not wait for what is not due" await $bg lines 44
is "nor comes what is not due" "53" "$(tail -1 seen | jq -r .record_id)"
ok "what comes due is emitted" await $bg lines 45
is "not before its time" "52 1" "$(tail -1 seen | jq -r .record_id) $(sql "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') >= '$due'")"
tail -2 seen | settle
stop TERM
is "SIGTERM ends it well" 0 $rc
is "without a line that says it is all" 45 "$(wc -l <seen)"

# ---- pauses ----
new_state
sync-ctl pause -q --reason test >/dev/null
follow
many 1 3
admit 9 e1 "'9999-01-01T00:00:00.000Z'"
await $bg started
sync-ctl resume -q >/dev/null
ok "all that was paused comes with resume" await $bg lines 3
settle <seen
sync-ctl pause -q crm/contacts --reason test >/dev/null
many 4 6
sql "INSERT INTO sync_inbox SELECT seq + 100, lane || 'x', link_id, system, account, 'crm/deals',
         record_id, event_type, event_id || 'x', path, request_id, run_id, received_at, map_hash,
         replace(payload, 'crm/contacts', 'crm/deals'), not_before, NULL, 0, NULL, 0, NULL, NULL, NULL, NULL
     FROM sync_inbox WHERE record_id = '5'"
ok "a paused resource does not hold up another" await $bg lines 4
is "nor does it come" "crm/deals 4" "$(tail -1 seen | jq -r .resource) $(wc -l <seen)"
sync-ctl resume -q crm/contacts >/dev/null
ok "it comes with resume" await $bg lines 7
stop TERM

# ---- the window ----
new_state
many 1 12
follow --window 5
ok "no more are out than the window" await $bg lines 5
is "the rest waits" "5 5" "$(wc -l <seen) $(leased)"
sed -n 1,5p seen | settle
ok "what is settled makes room" await $bg lines 10
is "for as many" "10 5" "$(wc -l <seen) $(leased)"
sed -n 6,10p seen | settle
await $bg lines 12
stop INT
is "SIGINT ends it, too, and leaves what is out to the stages behind" "0 2 1" "$rc $(leased) $(pipelines)"

# ---- an end that is not wanted ----
new_state
many 1 40
{ sync-ingest emit --follow 2>err; echo $? >rc; } | head -n 1 >out
is "a reader that goes ends it" 74 "$(cat rc)"
is "and what was out is free at once" "40 0" "$(sync-ingest emit -n 2>/dev/null | grep -c '"seq"') $(pipelines)"
mkfifo idle
sync-ingest emit --follow >idle 2>err &
bg=$!
exec 3<idle
await $bg leased_are 40
exec 3<&-
wait $bg
is "also while nothing flows" "74 0" "$? $(pipelines)"
follow
await $bg lines 40
stop KILL
is "after kill -9 all is out until its lease is over" "40 1" "$(leased) $(pipelines)"
follow
sql "UPDATE sync_leases SET expires_ms = 1 WHERE owner IN (SELECT lease FROM sync_inbox)"
ok "then the next follower has it" await $bg lines 40
is "each once" 40 "$(jq -r .seq seen | sort -u | wc -l)"
settle <seen

# ---- a state that is locked, or another ----
lock_state() # by sqlite3, process $shell, that reads descriptor 4
{
    rm -f shell locked.out
    mkfifo shell
    sqlite3 -cmd '.timeout 5000' state.db <shell >locked.out &
    shell=$!
    exec 4>shell
    echo "BEGIN IMMEDIATE; SELECT 'locked';" >&4
    await $shell grep -q locked locked.out
}
sql "DELETE FROM sync_leases WHERE expires_ms = 1"
stop TERM
LOOPLESS_BUSY_MS=20 sync-ingest emit --follow >seen 2>err &
bg=$!
await $bg started
lock_state
sql_row="UPDATE sync_inbox SET disposition = NULL, lease = NULL, folded_into = NULL WHERE seq = 7;"
echo "$sql_row COMMIT; BEGIN IMMEDIATE;" >&4
ok "a locked state is said" await $bg said "state.db is locked"
is "once, and does not end it" 1 "$(grep -c 'is locked' err)"
echo "COMMIT;" >&4
ok "it goes on when the lock is gone" await $bg lines 1
ok "and says so" await $bg said "free again"
exec 4>&-
wait $shell
cp state.db copy.db
mv copy.db state.db
wait $bg
is "a state put in its place ends it" 78 $?
ok "with the reason" said "state.db was replaced while it was open"
rm -f state.db-wal state.db-shm
new_state
follow
await $bg started
rm state.db
wait $bg
is "so does one that is gone" 78 $?

# ---- no inotify left ----
rm -f state.db-wal state.db-shm
new_state
many 1 2
# shellcheck disable=SC3045 # the shells that there are have it
(ulimit -n 8 && exec sync-ingest emit --follow) >seen 2>err &
bg=$!
await $bg lines 2
ok "without inotify it says what to do" said "cannot be watched: Too many open files; .* raise fs.inotify"
many 3 4
ok "and looks by itself" await $bg lines 4
stop TERM
is "until it is stopped" "0 1" "$rc $(wc -l <err | xargs -I{} expr {} - 1)"

# ---- idle ----
new_state
many 1 3
sync-ctl pause -q --reason test >/dev/null
follow
await $bg started
timeout 1.2 tail -f /dev/null # it looks again for a second after a commit
# The time it had, and how often it went to sleep: others may interrupt it oftener.
slices() { awk 'FILENAME ~ /schedstat/ {time = $1} /^voluntary/ {sleeps = $2} END {print time, sleeps}' "/proc/$bg/schedstat" "/proc/$bg/status"; }
# shellcheck disable=SC2046 # two words
set -- $(slices)
timeout 3 tail -f /dev/null
# shellcheck disable=SC2046
set -- "$1" "$2" $(slices)
ok "an idle emitter uses less than 1 % of a processor ($((($3 - $1) / 1000)) us in 3 s)" [ $(($3 - $1)) -lt 30000000 ]
ok "and wakes about once a second ($(($4 - $2)) times in 3 s)" [ $(($4 - $2)) -le 6 ]
stop TERM

# ---- two at once ----
new_state
many 1 60
mkfifo one two
drain() { while IFS= read -r line; do printf '%s\n' "$line" | tee -a "$1" | settle; done; }
sync-ingest emit --follow --window 9 >one 2>err1 &
one=$!
sync-ingest emit --follow --window 9 >two 2>err2 &
two=$!
drain seen1 <one &
drains=$!
drain seen2 <two &
drains="$drains $!"
many 1 30
none_pending() { [ "$(pending)" = 0 ]; }
ok "two followers settle all" await $one none_pending
kill -TERM $one $two
wait $one && wait $two
is "both end well" 0 $?
# shellcheck disable=SC2086 # words
wait $drains
is "and no event was given twice" "" "$(cat seen1 seen2 | jq -r '"\(.seq) \(.lease)"' | sort | uniq -d)"
is "nor anything lost" 90 "$(cat seen1 seen2 | jq '1 + (.folded // [] | length)' | jq -s add)"

# ---- a live pipe ----
stop_all
enter live
contacts 1 20 >crm.ndjson
deployment crm app
ok "twenty contacts are synced" run --yes
# Time runs ten times as fast: leases and deadlines are over soon.
LOOPLESS_NOW="$(date -u +%Y-%m-%dT%H:%M:%S.000Z)@$(awk '{printf "%d", $1 * 1000}' /proc/uptime)*10"
mkfifo p1 p2 p3
start_pipe()
{
    LOOPLESS_NOW=$LOOPLESS_NOW sync-push <p3 >>results 2>>push.err &
    push=$!
    LOOPLESS_NOW=$LOOPLESS_NOW sync-diff <p2 >p3 2>>diff.err &
    diff=$!
    LOOPLESS_NOW=$LOOPLESS_NOW sync-echofilter <p1 >p2 2>>echofilter.err &
    echofilter=$!
    LOOPLESS_NOW=$LOOPLESS_NOW sync-ingest emit --follow >p1 2>>err &
    emit=$!
}
at=2026-01-01 # as fast clocks begin: due for all
n=0
change() # ID: an edit by a person, and its event
{
    n=$((n + 1))
    human crm PATCH "/contacts/$1" "{\"phone\":\"+49 30 $n\"}"
    admit "$1" "change-$n"
}
create() # EMAIL
{
    n=$((n + 1))
    add crm "{\"email\":\"$1\",\"first_name\":\"N\"}"
    admit "$(record crm "$1" .id | tr -d '"')" "create-$n"
}
settled()
{
    [ "$(sql "SELECT (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL) +
        (SELECT count(*) FROM sync_intents WHERE state IN ('prepared', 'sent', 'unknown'))")" = 0 ]
}
settled_and_same() { settled && same; }
same()
{
    dump crm '[.[] | {email, phone, first_name}] | sort_by(.email)' >want
    dump app '[.[] | {email, phone, first_name}] | sort_by(.email)' >have
    cmp -s want have
}

start_pipe
for id in 1 2 3 1; do change $id; done
ok "edits flow through" await $push settled
ok "to the other side" same
create new@example.com
ok "so does a new contact" await $push settled
ok "once" same
sync-ctl pause -q app --reason test >/dev/null
change 5
change 6
ok "what is for a paused account is owed" await $push settled
is "and not written" "2" "$(sql "SELECT count(*) FROM sync_owed")"
sync-ctl resume -q app >/dev/null
resumed=$(date +%s)
ok "after resume it is written" await $push same
ok "and soon, though the pause was there a moment ago" test $(($(date +%s) - resumed)) -lt 20
await $push settled_and_same

# A bounded run beside it.
human crm PATCH /contacts/7 '{"phone":"+49 7"}'
at=2026-01-01
LOOPLESS_NOW=$LOOPLESS_NOW sync-reconcile run -q --yes contacts >out 2>run.err
is "a run beside it ends well" 0 $?
ok "and brings what it listed" await $push settled_and_same

kill -TERM $emit
wait $emit && wait $echofilter && wait $diff && wait $push
is "SIGTERM to the emitter ends all of them well" 0 $?
is "and nothing is left open" "0" "$(pending)"

# A limit: the account is paused, the others go on, and the end is a good one.
cp loopless.yaml loopless.keep
printf 'limits: {max_creates: none, max_updates: %s, max_changed: none}\n' \
    $(($(sql "SELECT sum(value) FROM sync_counters WHERE metric = 'update without run' AND system = 'app'") + 2)) >>loopless.yaml
start_pipe
for id in 13 14 15 16; do change $id; done
ok "more than a limit allows is owed" await $push settled
is "the account is paused by it" "app limits" "$(sql "SELECT system, by FROM sync_pauses" | tr '|' ' ')"
is "after as much as it allows" 2 "$(sql "SELECT count(*) FROM sync_owed")"
human app PATCH "/contacts/$(record app p17@example.com .id | tr -d '"')" '{"score":17}'
LOOPLESS_NOW=$LOOPLESS_NOW sync-reconcile run -q --yes app-contacts >out 2>run.err
score_is_there() { [ "$(record crm p17@example.com .score)" = 17 ]; }
ok "other systems go on" await $push score_is_there
kill -TERM $emit
wait $emit && wait $echofilter && wait $diff && wait $push
is "an endless stream has no safety stop at its end" 0 $?
mv loopless.keep loopless.yaml
sync-ctl resume -q app >/dev/null
start_pipe
ok "after resume the rest is written" await $push settled_and_same
kill -TERM $emit
wait $emit && wait $echofilter && wait $diff && wait $push

# A lock that lasts is the end of no stage.
export LOOPLESS_BUSY_MS=20
start_pipe
change 3
await $push settled_and_same # all stages are there by then
kill -STOP $echofilter
change 2
await $push leased_are 1
lock_state
kill -CONT $echofilter
held() { grep -q "the state is locked" push.err; }
ok "a long lock is said" await $push held
timeout 0.3 tail -f /dev/null
echo "COMMIT;" >&4
ok "what waited for the lock goes on" await $push settled_and_same
exec 4>&-
wait $shell
kill -TERM $emit
wait $emit && wait $echofilter && wait $diff && wait $push
is "and the pipe has gone on, too" 0 $?
unset LOOPLESS_BUSY_MS

for stage in emit echofilter diff push; do
    start_pipe
    for id in 8 9 10; do change $id; done
    create "$stage-1@example.com"
    for id in 8 11 12; do change $id; done
    create "$stage-2@example.com"
    eval "kill -KILL \$$stage"
    wait $emit $echofilter $diff $push 2>/dev/null
    create "$stage-3@example.com"
    change 9
    start_pipe
    ok "kill -9 of $stage: a new pipe settles all" await $push settled
    ok "kill -9 of $stage: nothing is lost, nothing twice" same
    kill -TERM $emit
    wait $emit $echofilter $diff $push
done
is "the balance holds" "" "$(sync-ctl audit 2>&1 | grep -i unbalanced)"
done_testing
