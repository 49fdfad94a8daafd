# shellcheck shell=bash disable=SC2034,SC2154 # variables of the script
# What examples/quickstart stands on: two simulated systems, units as a service manager runs them,
# and looks at the systems from outside. Sourced in the work folder.

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail()
{
    printf 'quickstart: error: %s\n' "$*" >&2
    [ ! -s units.log ] || { echo "the units said:" && tail -n 8 units.log; } >&2
    exit 1
}
check() # WHAT HAVE WANT
{
    [ "$2" = "$3" ] || fail "$1: $2, expected $3"
    printf '  checked: %s: %s\n' "$1" "$2"
}
bold='' plain=''
[ ! -t 1 ] || [ -n "${NO_COLOR-}" ] || bold=$'\033[1m' plain=$'\033[0m'

await() # SECONDS WHAT COMMAND...: until COMMAND works; looks every $every seconds
{
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ $SECONDS -le $limit ] || fail "waited in vain: $what"
        sleep "${every:-0.05}"
    done
}

# ---- processes: all that are started are in the file pids, groups as negative numbers ----

stop_all()
{
    [ ! -s pids ] || xargs -a pids kill -KILL -- 2>/dev/null
}

# However this script ends, also by kill -9: nothing is left running.
guard() # KEEP
{
    set -m
    (
        trap '' INT TERM HUP
        tail --pid=$$ -s 0.5 -f /dev/null
        stop_all
        [ "$1" = --keep ] || rm -rf "$PWD"
    ) </dev/null >/dev/null 2>&1 &
    guard=$!
    set +m
}

# In a process group of its own.
background() # COMMAND...
{
    set -m
    "$@" </dev/null >/dev/null 2>>units.log &
    set +m
    echo "-$!" >>pids
}

# What a service manager does: start it again when it ends.
unit() # NAME COMMAND...
{
    local name=$1
    shift
    rm -f "$name.stop"
    background supervise "$name" "$@"
    eval "unit_$name=\$!"
}

supervise()
{
    local name=$1 status
    shift
    while :; do
        ("$@")
        status=$?
        [ ! -e "$name.stop" ] || exit $status
        echo "unit $name ended with status $status"
        sleep 0.1
    done
}

# One program, its process in NAME.pid.
program() # NAME COMMAND...
{
    echo "$BASHPID" >"$1.pid"
    shift
    exec "$@"
}

is_up() # NAME
{
    [ -s "$1.pid" ] && grep -q ^sync- "/proc/$(cat "$1.pid")/comm" 2>/dev/null
}

# SIGTERM to the program that holds the unit up, which lets it settle what it has.
stop() # UNIT PROGRAM
{
    local pid=unit_$1
    touch "$1.stop"
    await 10 "$2 is up" is_up "$2"
    kill "$(cat "$2.pid")"
    wait "${!pid}" || fail "unit $1 did not end well"
}

kill_9() # NAME
{
    await 10 "$1 is up" is_up "$1"
    kill -KILL "$(cat "$1.pid")" || fail "$1 could not be killed"
    wait "$(cat "$1.pid")" 2>/dev/null # so that bash says nothing of it later
}

# ---- systems ----

start() # NAME OPTION...
{
    local name=$1
    shift
    (umask 077 && echo "$name-secret" >"$name.token" && echo "whsec_$(head -c 24 /dev/urandom | base64)" >"$name.hook")
    sync-sim --listen 127.0.0.1:0 --ready-file "$name.ready" --token "$name-secret" \
        --webhook-secret "$(cat "$name.hook")" --account "$name-demo" \
        --load "contacts=$name.ndjson" "$@" </dev/null >/dev/null 2>"$name.log" &
    echo $! >>pids
    await 10 "sync-sim $name" test -s "$name.ready"
}

dump() { curl -fsS "$1/_sim/dump/contacts"; }
counter() { curl -fsS "$1/_sim/counters" | jq ".$2"; }
writes() { echo $(($(counter "$crm" creates) + $(counter "$crm" updates) + $(counter "$app" creates) + $(counter "$app" updates))); }
quirk() # URL NAME VALUE
{
    curl -fsS -o /dev/null "$1/_sim/quirk" -d "{\"name\":\"$2\",\"value\":$3}" || fail "quirk $2"
}
human() # URL METHOD PATH BODY
{
    curl -fsS -o /dev/null -X "$2" "$1/_human/contacts$3" -H 'Content-Type: application/json' -d "$4" || fail "an edit by hand failed"
}

# Both sides as lines of unified values, to compare.
crm_records() { dump "$crm" | jq -c '.[] | [(.email|ascii_downcase), .firstname, .lastname, .phone, (.comment // "")]' | sort; }
app_records() { dump "$app" | jq -c '.[] | (.data? // .) | [(.mail|ascii_downcase), .given_name, .family_name, .telephone, (.memo // "")]' | sort; }
equal() { comm -12 <(crm_records) <(app_records) | wc -l; }

# Of the edits in FILE, as [email, field, value]: how many are there, on both sides.
arrived() # FILE
{
    jq -n --slurpfile edits "$1" --slurpfile crm <(dump "$crm") --slurpfile app <(dump "$app") '
        ($crm[0] | map({key: .email | ascii_downcase, value: {phone, notes: .comment}}) | from_entries) as $crm |
        ($app[0] | map((.data? // .) | {key: .mail | ascii_downcase, value: {phone: .telephone, notes: .memo}}) | from_entries) as $app |
        [$edits[] | select($crm[.[0]][.[1]] == .[2] and $app[.[0]][.[1]] == .[2])] | length'
}
all_arrived() { [ "$(arrived "$1")" = "$(wc -l <"$1")" ]; } # FILE

# The ids of person N on either side.
learn_ids()
{
    local email id
    while read -r email id; do crm_id[${email//[!0-9]/}]=$id; done < <(dump "$crm" | jq -r '.[] | "\(.email) \(.id)"')
    while read -r email id; do app_id[${email//[!0-9]/}]=$id; done < <(dump "$app" | jq -r '.[] | (.data? // .) | "\(.mail) \(.id)"')
}

# ---- the state, as people look at it ----

count() { sync-ctl status --json | jq -s "map(select(.what == \"$1\"))[0].count"; }
state() { sqlite3 -cmd '.timeout 10000' contacts.db "$1"; }
unsettled()
{
    state "SELECT (SELECT count(*) FROM sync_requests WHERE state = 'new')
        + (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL)
        + (SELECT count(*) FROM sync_intents WHERE state IN ('prepared','sent'))"
}

# Nothing is on its way: no webhook, no event, no write. What is still written is told in webhooks,
# so it is looked at again after they came.
is_settled()
{
    local seq
    [ "$(unsettled)" = 0 ] || return 1
    seq=$(state 'SELECT max(seq) FROM sync_inbox')
    curl -fsS -o /dev/null -X POST "$crm/_sim/drain" && curl -fsS -o /dev/null -X POST "$app/_sim/drain" &&
        [ "$(unsettled) $(state 'SELECT max(seq) FROM sync_inbox')" = "0 $seq" ]
}
