#!/bin/sh
# sync-reconcile: listings into the inbox, watermarks, failures of systems, the pipe.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

contacts 1 35 >crm.ndjson
contacts 5 10 >app.ndjson
start_sim crm --load contacts=crm.ndjson
start_sim app --load contacts=app.ndjson

config() # pages of ten records
{
    sed 's/size: 200/size: 10/' "$LOOPLESS_PROVIDERS/rest.yaml" >small.yaml
    write_config crm app
    edit_config 's|provider: rest|provider: ./small.yaml|'
}
config

rows() # WHERE
{
    sql "SELECT count(*), count(DISTINCT record_id) FROM sync_inbox WHERE $1"
}

watermark() # JOB COLUMN
{
    sql "SELECT $2 FROM sync_watermarks WHERE sync_job_id = '$1'"
}

paused() # a new state where everything is paused: what is listed stays in the inbox
{
    new_state && sync-ctl pause -q --reason test >/dev/null 2>&1
}

# ---- fetch ----
try sync-reconcile fetch contacts
is "fetch needs no state" "0 35 true 0" \
    "$rc $(jq -s '[.[] | select(.record_id)] | length' out) $(jq 'select(.eos) | .eos.complete' out) $(find . -name 'state.db*' | wc -l)"
is "fetched lines are data" "[false,false,\"delta\",\"updated\",\"p1@example.com\",null]" \
    "$(jq -sc '.[0] | [has("seq"), has("event_id"), .path, .event_type, .fields.email, .fields.notes]' out)"
try sync-reconcile fetch contacts --since 2026-01-01T00:00:30Z
is "fetch --since" "30 31 32 33 34 35" "$(jq -r 'select(.record_id) | .record_id' out | xargs)"
try sync-reconcile fetch contacts --limit 13
is "fetch --limit ends in the middle of a page" "13 13 false" \
    "$(jq -r 'select(.record_id) | .record_id' out | wc -l) $(jq 'select(.eos) | .eos | (.count, .complete)' out | xargs)"
try sync-reconcile fetch contacts --since yesterday
is "a --since that is no time is a usage error" 64 $rc
try sync-reconcile fetch nothing
is "an unknown job is a usage error" 64 $rc
has "and names the jobs there are" "jobs: contacts, app-contacts"
sync-reconcile fetch contacts >/dev/full 2>err
is "a full disk is an I/O error" 74 $?

# ---- the state ----
try sync-reconcile run
is "run without a state is refused" 78 $rc
has "and says how to make one" "sync-ctl init"

# ---- pages into the inbox ----
paused
calls=$(count crm .lists)
try sync-reconcile run contacts
is "what is paused waits in the inbox" "75 35|35" "$rc $(rows 1)"
is "one call a page" 4 $(($(count crm .lists) - calls))
is "event ids count through all pages" "RUN/00000001 RUN/00000035" \
    "$(sql "SELECT 'RUN/' || substr(min(event_id), -8) || ' RUN/' || substr(max(event_id), -8) FROM sync_inbox WHERE event_id LIKE run_id || '/%'")"
is "the run counts what it listed" "first_load|35|35|1|partial_failure" \
    "$(sql "SELECT kind, listed, admitted, complete, status FROM sync_runs WHERE sync_job_id = 'contacts'")"
is "the watermark is the highest time listed" 2026-01-01T00:00:35.000Z "$(watermark contacts last_successful)"
is "match keys of every record are kept" 35 "$(sql 'SELECT count(DISTINCT record_id) FROM sync_keys')"
has "what waits for other jobs is said" "until job app-contacts has listed once"

try sync-reconcile run contacts
is "the next run lists from the watermark less the overlap" "30 31 32 33 34 35" \
    "$(sql "SELECT record_id FROM sync_inbox WHERE run_id = (SELECT run_id FROM sync_runs WHERE sync_job_id = 'contacts' ORDER BY rowid DESC LIMIT 1) ORDER BY seq" | xargs)"
is "and leaves the watermark where it is" "2026-01-01T00:00:35.000Z|delta" \
    "$(watermark contacts last_successful)|$(sql "SELECT kind FROM sync_runs WHERE sync_job_id = 'contacts' ORDER BY rowid DESC LIMIT 1")"

sync-reconcile run contacts --since 2026-01-01T00:00:34Z 2>err
is "--since does not move the watermark back" 2026-01-01T00:00:35.000Z "$(watermark contacts last_successful)"
sync-reconcile run contacts --ignore-previous-run 2>err
is "--ignore-previous-run lists everything" 35 \
    "$(sql "SELECT listed FROM sync_runs WHERE sync_job_id = 'contacts' ORDER BY rowid DESC LIMIT 1")"

paused
sync-reconcile run contacts --limit 12 >out 2>err
is "--limit admits no more and leaves the watermark" "12|" \
    "$(sql "SELECT listed FROM sync_runs WHERE sync_job_id = 'contacts'")|$(watermark contacts last_successful)"

paused
try sync-reconcile run -n
is "-n writes nothing" "0 0 0" "$rc $(sql 'SELECT count(*) FROM sync_inbox') $(sql 'SELECT count(*) FROM sync_runs')"
has "and says what would be done" "contacts: would list from the beginning: 35 records, 35 would be admitted"

# ---- a listing that shows nothing yet ----
paused
quirk crm scope-lost
sync-reconcile run contacts >out 2>err
is "an empty first listing is complete and moves the watermark nowhere" "1|0|1970-01-01T00:00:00.000Z" \
    "$(sql "SELECT complete, listed FROM sync_runs WHERE sync_job_id = 'contacts'")|$(watermark contacts last_successful)"
quirk crm scope-lost null
sync-reconcile run contacts >out 2>err
is "what is old and seen only now is listed" "35|35 2026-01-01T00:00:35.000Z" "$(rows 1) $(watermark contacts last_successful)"
quirk crm scope-lost
sync-reconcile run contacts >out 2>err
is "an empty listing later leaves it, too" 2026-01-01T00:00:35.000Z "$(watermark contacts last_successful)"
quirk crm scope-lost null

# ---- a watermark ahead of the system's clock ----
human crm POST /contacts '{"id":36,"first_name":"new"}'
sed 's/settle: 0s/settle: 1h/' small.yaml >settled.yaml && mv settled.yaml small.yaml
paused
sync-reconcile run contacts >out 2>err
ago=$(date -u -d '-59 minutes' +%Y-%m-%dT%H:%M:%S)
is "the watermark stays behind the settle horizon" yes \
    "$(watermark contacts last_successful | awk -v ago="$ago" '{print ($1 < ago ? "yes" : $1)}')"
human crm DELETE "/contacts/$(dump crm '.[] | select(.first_name == "new").id')"
config

# ---- kill -9 at every crash point of a listing ----
paused
LOOPLESS_CRASH_TRACE=$tmp/trace sync-reconcile run contacts >out 2>err
points=$(grep -c '^sync-reconcile ' trace)
first=$(crash_number reconcile.run-begun)
last=$(crash_number reconcile.listed)
ok "a listing passes crash points ($points)" eval "[ $points -gt 20 ] && [ $last -gt $first ]"
bad=
resumed=0
for at in $(seq 1 2 "$points"); do
    paused
    LOOPLESS_CRASH_AT=sync-reconcile:$at sync-reconcile run contacts >out 2>err
    [ $? -eq 100 ] || bad="$bad $at:not-stopped"
    before=$(sql "SELECT count(*) FROM sync_runs WHERE sync_job_id = 'contacts' AND page_cursor IS NOT NULL")
    sync-reconcile run contacts >out 2>err
    [ $? -eq 75 ] || bad="$bad $at:status"
    [ "$(sql "SELECT count(DISTINCT record_id) FROM sync_inbox")" -eq 35 ] || bad="$bad $at:set"
    [ "$(watermark contacts last_successful)" = 2026-01-01T00:00:35.000Z ] || bad="$bad $at:watermark"
    if [ "$before" -eq 1 ]; then
        resumed=$((resumed + 1))
        [ "$(rows 1)" = "35|35" ] || bad="$bad $at:twice"
        [ "$(sql "SELECT count(*), max(listed) FROM sync_runs WHERE sync_job_id = 'contacts'")" = "1|35" ] || bad="$bad $at:run"
    fi
done
is "stopped anywhere and run again, each record is in the inbox" "" "$bad"
ok "a run with a page done goes on behind it ($resumed times)" test $resumed -ge 3

# ---- systems that fail: the job ends, the others go on ----
paused
quirk crm same-cursor true
try sync-reconcile run
quirk crm same-cursor null
is "a page loop ends the job, not the others" "69 failed|partial_failure" \
    "$rc $(watermark contacts status)|$(watermark app-contacts status)"
has "and is named" "job contacts: crm:"
is "its watermark does not move" "" "$(watermark contacts last_successful)"

paused
quirk crm html true
try sync-reconcile run
quirk crm html null
is "HTML for JSON ends the job, not the others" "69 failed|6" \
    "$rc $(watermark contacts status)|$(sql "SELECT count(*) FROM sync_inbox WHERE system = 'app'")"
has "and names the system" "job contacts: crm:"

paused
quirk crm rate '"3/600000"'
try sync-reconcile run contacts
quirk crm rate null
is "429 for long: try later" "75 rate_limited" "$rc $(watermark contacts status)"
is "what was listed is kept" "20|20" "$(rows 1)"
try sync-reconcile run contacts
is "the next run knows of it and asks nothing" "75 20|20" "$rc $(rows 1)"
has "says why" "the system's limit is reached, again at"
try sync-ctl resume crm
try sync-reconcile run contacts
is "and the run goes on behind it" "35|35 1" \
    "$(rows 1) $(sql "SELECT count(*) FROM sync_runs WHERE sync_job_id = 'contacts'")"

paused
edit_config "s|$(url crm)|http://127.0.0.1:1|"
try sync-reconcile run
is "an unreachable system: try later, the others go on" "75 failed|6" \
    "$rc $(watermark contacts status)|$(rows "system = 'app'" | cut -d'|' -f1)"
has "and it is named" "job contacts: crm:"
config

# ---- whose account is it? ----
paused
calls=$(count app .lists)
edit_config 's/account: crm-1/account: crm-2/'
try sync-reconcile run
is "credentials of another account: nothing listed, nothing written" "3 0 0 0" \
    "$rc $(sql 'SELECT count(*) FROM sync_inbox') $(sql 'SELECT count(*) FROM sync_runs') $(($(count app .lists) - calls))"
has "both accounts are named" "the credentials of crm open account crm-1, but"
has "and what the config says" "says account crm-2"
try sync-reconcile fetch contacts
is "fetch sees it too" "3 0" "$rc $(wc -l <out)"
config
sync-reconcile run contacts >out 2>err
start_sim other --account crm-1 --token crm-secret
edit_config "s|$(url crm)|$(url other)|"
try sync-reconcile run contacts
is "the same account at another place is a safety stop" "3 35|35" "$rc $(rows 1)"
has "with the command to go on" "sync-ctl resume crm --accept-account"
stop_sim other
start_sim other --account crm-3 --token crm-secret
config
edit_config "s|$(url crm)|$(url other)|; s/account: crm-1/account: crm-3/"
try sync-reconcile run contacts
is "a state pointed at another account is a safety stop" "3 35|35" "$rc $(rows 1)"
has "and says so" "another account of crm than crm-3"
stop_sim other
config

# ---- two at once ----
running() { [ "$(sql "SELECT count(*) FROM sync_leases WHERE name = 'job:contacts'")" -ne 0 ]; }
paused
quirk crm slow-ms 300
sync-reconcile run contacts >first.out 2>first.err &
first=$!
await $first running
try sync-reconcile run
is "a job that is running is left alone, the others go on" "75 6" "$rc $(rows "system = 'app'" | cut -d'|' -f1)"
has "and it is said who runs it" "job contacts is already running (pid $first on $(hostname))"
quirk crm slow-ms 300
try sync-reconcile reset contacts
is "nor is it reset" 75 $rc
quirk crm slow-ms null
wait $first
is "the first run was not disturbed" "35|35 0" "$(rows "system = 'crm'") $(sql 'SELECT count(*) FROM sync_leases')"

# ---- SIGTERM ----
listing() { [ "$(rows 1)" != "0|0" ]; }
paused
quirk crm slow-ms 200
sync-reconcile run contacts >out 2>err &
first=$!
await $first listing
kill -TERM $first
wait $first
is "SIGTERM ends a listing at a page: try later" "75 0" "$? $(sql 'SELECT count(*) FROM sync_leases')"
ok "before its end ($(rows 1))" test "$(rows 1)" != "35|35"
quirk crm slow-ms null
try sync-reconcile run contacts
is "and the next run goes on there" "35|35 1" \
    "$(rows 1) $(sql "SELECT count(*) FROM sync_runs WHERE sync_job_id = 'contacts'")"

# ---- reset ----
try sync-reconcile reset contacts -n
is "reset -n changes nothing" "0 2026-01-01T00:00:35.000Z" "$rc $(watermark contacts last_successful)"
try sync-reconcile reset contacts
is "reset forgets the watermark" "0 " "$rc $(watermark contacts last_successful)"
has "and says what comes of it" "watermark 2026-01-01T00:00:35.000Z is forgotten; the next run lists everything"
try sync-reconcile run contacts
is "the next run lists everything" "first_load|35" \
    "$(sql "SELECT kind, listed FROM sync_runs WHERE sync_job_id = 'contacts' ORDER BY rowid DESC LIMIT 1")"

# ---- usage ----
for words in "" "verify contacts" "nonsense" "fetch" "fetch a b" "reset" "run --due contacts" "fetch contacts --due"; do
    # shellcheck disable=SC2086 # words
    try sync-reconcile $words
    is "usage: sync-reconcile $words" 64 $rc
done

# ---- the pipe ----
if [ ! -x "$top_builddir/sync-diff" ] || [ ! -x "$top_builddir/sync-push" ] || [ ! -x "$top_builddir/sync-echofilter" ]; then
    skip "the pipe" "its programs are not built"
    done_testing
    exit 0
fi

new_state
try sync-reconcile run contacts
is "records without a link wait while their resource is loading" "75 35 0" \
    "$rc $(sql "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL") $(count app .creates)"
try sync-reconcile run app-contacts
is "and are free once every job has listed" "0 0 29" \
    "$rc $(sql "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL") $(count app .creates)"
is "results come out on stdout" 29 "$(jq -r 'select(.action == "create") | .target' out | wc -l)"
is "both jobs' rows say how it went" "completed" "$(watermark app-contacts status)"
before=$(writes crm app)
try sync-reconcile run
is "the second run writes nothing" "0 0" "$rc $(($(writes crm app) - before))"
has "the summary counts" "contacts: 6 listed, 6 admitted; 6 echo;"
is "every lease is given back" 0 "$(sql 'SELECT count(*) FROM sync_leases')"
try sync-reconcile run --due
is "nothing is due right after" "0 0" "$rc $(wc -l <err)"
runs=$(sql "SELECT count(*) FROM sync_runs WHERE sync_job_id = 'app-contacts'")
LOOPLESS_NOW=$(date -u -d '+20 minutes' +%Y-%m-%dT%H:%M:%SZ) sync-reconcile run --due >out 2>err
is "every 15m is due after 20, every 4h is not" "1 0" \
    "$(($(sql "SELECT count(*) FROM sync_runs WHERE sync_job_id = 'app-contacts'") - runs)) $(grep -c '^sync-reconcile: contacts:' err)"

# A stage that dies takes nothing along.
human crm PATCH /contacts/1 '{"phone":"111"}'
LOOPLESS_CRASH_AT=sync-push:1 sync-reconcile run contacts >out 2>err
is "a stage that dies: try later" 75 $?
has "and it is named" "sync-push ended with status 100; nothing is lost, run again"
try sync-reconcile run
is "what it had is taken up by the next run" '0 "111"' "$rc $(record app p1@example.com .phone)"

human crm PATCH /contacts/1 '{"phone":"112"}'
sync-reconcile run contacts 2>err >/dev/full
is "stdout on a full disk is an I/O error" 74 $?
sync-reconcile run >out 2>err
is "and the next run is clean" 0 $?

# ---- a killed run has a row without an end: the next one ends it ----
runs_open() { sql 'SELECT count(*) FROM sync_runs WHERE ended_at IS NULL'; }
last_pipes() # N : how the last ones ended
{
    sql "SELECT status FROM (SELECT rowid, status FROM sync_runs WHERE sync_job_id = ':pipe'
        ORDER BY rowid DESC LIMIT $1) ORDER BY rowid" | xargs
}
rm -f trace
human crm PATCH /contacts/1 '{"phone":"113"}'
LOOPLESS_CRASH_TRACE=$tmp/trace sync-reconcile run contacts >out 2>err
bad=
for at in pipe-begun pipe-started pipe-ended; do
    human crm PATCH /contacts/1 "{\"phone\":\"$at\"}"
    LOOPLESS_CRASH_AT=sync-reconcile:$(crash_number reconcile.$at) sync-reconcile run contacts >out 2>err
    [ "$? $(runs_open)" = "100 2" ] || bad="$bad $at:not-stopped"
    human crm PATCH /contacts/1 "{\"phone\":\"behind $at\"}"
    sync-reconcile run >out 2>err
    [ $? -eq 0 ] || [ $? -eq 75 ] || bad="$bad $at:status"
    [ "$(runs_open)" -eq 0 ] || bad="$bad $at:open"
    case $(last_pipes 2) in
    "failed completed" | "failed partial_failure") ;;
    *) bad="$bad $at:$(last_pipes 2)" ;;
    esac
done
is "a_run_that_was_killed_is_ended_as_failed_by_the_next" "" "$bad"
sync-reconcile run >out 2>err
sql "INSERT INTO sync_runs (run_id, sync_job_id, kind, started_at, status) VALUES
    ('r-living', ':pipe', 'manual', '2026-01-01T00:00:00.000Z', 'running'),
    ('r-dead', ':pipe', 'manual', '2026-01-01T00:00:00.000Z', 'running')"
sql "INSERT INTO sync_leases VALUES ('run:r-living', 'jx', 'elsewhere', '$(cat /proc/sys/kernel/random/boot_id)', 1, 9000000000000000)"
sync-reconcile run >out 2>err
is "a_run_that_is_alive_is_left_alone" "0 r-living" \
    "$? $(sql 'SELECT run_id FROM sync_runs WHERE ended_at IS NULL' | xargs)"
is "only_the_lease_of_the_living_is_left" run:r-living "$(sql 'SELECT name FROM sync_leases' | xargs)"
done_testing
