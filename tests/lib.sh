# shellcheck shell=sh
# The one helper of shell tests, sourced by them:
#
#   top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
#   # shellcheck source=tests/lib.sh
#   . "$top_srcdir/tests/lib.sh"
#
# The programs under test come from $top_builddir. The work folder is $tmp, and the script is in it.
# Simulated systems go by their names. All background jobs of the script are stopped at the end.

top_srcdir=$(cd "$top_srcdir" && pwd)
top_builddir=$(cd "${top_builddir:-$top_srcdir}" && pwd)
PATH=$top_builddir:$PATH
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_COLOR
for lib_name in $(env | sed -n 's/^\(LOOPLESS_[A-Z_]*\)=.*/\1/p'); do
    unset "$lib_name"
done
LOOPLESS_MODELS=$top_srcdir/src/models
LOOPLESS_PROVIDERS=$top_srcdir/src/providers
LC_ALL=C
export PATH LOOPLESS_MODELS LOOPLESS_PROVIDERS LC_ALL
lib_n=0
lib_sims=
rc=0
tmp=$(mktemp -d) || exit 99

lib_end()
{
    jobs -p >"$tmp/.jobs"
    while read -r lib_pid; do # also those that ended: their number may be somebody else's by now
        grep -q "^PPid:.*[^0-9]$$\$" "/proc/$lib_pid/status" && kill "$lib_pid" && wait "$lib_pid"
    done <"$tmp/.jobs" 2>/dev/null
    cd / && chmod -R u+w "$tmp" 2>/dev/null
    rm -rf "$tmp"
}
trap lib_end EXIT
trap 'exit 130' INT TERM HUP
cd "$tmp" || exit 99

# ---- TAP ----

# Scripts count while they go: the plan comes last.
done_testing()
{
    echo "1..$lib_n"
}

skip_all() # REASON
{
    echo "1..0 # SKIP $1"
    exit 0 # the TAP driver of automake takes 77 for an error
}

skip() # NAME REASON
{
    lib_n=$((lib_n + 1))
    echo "ok $lib_n - $1 # SKIP $2"
}

# For everything else: need a program, or skip it all.
need() # PROGRAM...
{
    for lib_name; do
        command -v "$lib_name" >/dev/null || skip_all "no $lib_name"
    done
}

pass() # NAME
{
    lib_n=$((lib_n + 1))
    echo "ok $lib_n - $1"
}

fail() # NAME WHY
{
    lib_n=$((lib_n + 1))
    echo "not ok $lib_n - $1"
    printf '%s\n' "$2" | cut -c 1-800 | sed 's/^/# /'
}

# As fail, with what the last `try` said.
lib_differs() # NAME WANT HAVE
{
    fail "$1" "want: $2
have: $3
$(tail -n 4 err 2>/dev/null | sed 's/^/stderr: /')"
}

ok() # NAME COMMAND...
{
    lib_name=$1
    shift
    if "$@" >"$tmp/.ok" 2>&1; then
        pass "$lib_name"
    else
        fail "$lib_name" "failed: $*
$(cat "$tmp/.ok")"
    fi
}

is() # NAME WANT HAVE
{
    if [ "$2" = "$3" ]; then pass "$1"; else lib_differs "$@"; fi
}

like() # NAME ERE TEXT
{
    if printf '%s\n' "$3" | grep -Eq -e "$2"; then pass "$1"; else lib_differs "$@"; fi
}

# The last `try` said it on stderr, on one line.
has() # NAME TEXT
{
    if grep -Fq -e "$2" err; then pass "$1"; else lib_differs "$1" "$2" "not on stderr"; fi
}

same_file() # NAME WANT-FILE HAVE-FILE
{
    if cmp -s "$2" "$3"; then
        pass "$1"
    else
        fail "$1" "$(diff -a -u "$2" "$3")"
    fi
}

# ---- commands ----

# Its stdout is in the file out, its stderr in err, its status in $rc and returned.
try() # COMMAND...
{
    "$@" >out 2>err
    rc=$?
    return $rc
}

# Until COMMAND works; fails if the process ends before that.
await() # PID COMMAND...
{
    lib_pid=$1
    shift
    until "$@"; do
        kill -0 "$lib_pid" 2>/dev/null || return 1
    done
}

# Which crash point NAME is, in the file trace (LOOPLESS_CRASH_TRACE) of the run before.
crash_number() # NAME
{
    awk -v name="$1" '$3 == name {print $2; exit}' "$tmp/trace"
}

# ---- simulated systems ----

# sync-sim with these options; one of the same name is stopped before. What it says first is in
# NAME.said, its ready file is NAME.ready, its stderr NAME.log.
launch_sim() # NAME [OPTION...]
{
    lib_name=$1
    shift
    stop_sim "$lib_name"
    rm -f "$lib_name.fifo" "$lib_name.ready"
    mkfifo "$lib_name.fifo" || exit 99
    sync-sim --ready-file "$lib_name.ready" "$@" >"$lib_name.fifo" 2>"$lib_name.log" &
    eval "lib_pid_$lib_name=\$!"
    lib_sims="$lib_sims $lib_name"
    if ! read -r lib_said <"$lib_name.fifo"; then
        echo "Bail out! sync-sim $lib_name: $(cat "$lib_name.log")"
        exit 99
    fi
    printf '%s\n' "$lib_said" >"$lib_name.said"
    eval "lib_url_$lib_name=\$(jq -r .url <\"\$lib_name.ready\")"
}

# With a token, which is in NAME.token, and the account NAME-1, if no option says otherwise.
start_sim() # NAME [OPTION...]
{
    lib_name=$1
    shift
    launch_sim "$lib_name" --token "$lib_name-secret" --account "$lib_name-1" "$@"
    (umask 077 && echo "$lib_name-secret" >"$lib_name.token")
}

pid() # NAME
{
    eval "echo \"\${lib_pid_$1-}\""
}

url() # NAME
{
    eval "echo \"\$lib_url_$1\""
}

# The status is that of the sim.
stop_sim() # NAME
{
    lib_pid=$(pid "$1")
    [ -n "$lib_pid" ] || return 0
    eval "lib_pid_$1="
    kill "$lib_pid" && wait "$lib_pid"
}

stop_all()
{
    for lib_name in $lib_sims; do
        stop_sim "$lib_name" 2>/dev/null
    done
    lib_sims=
}

# Calls a path of the system, with no credentials: its control paths need none.
sim() # NAME PATH [CURL-OPTION...]
{
    lib_url=$(url "$1")$2
    shift 2
    curl -sS -g "$@" "$lib_url"
}

# tests/tools/sink with these options: it takes webhooks, one line for each in NAME.ndjson. Its URL is
# that of `url NAME`.
start_sink() # NAME [OPTION...]
{
    lib_name=$1
    shift
    rm -f "$lib_name.ready"
    "$top_builddir/tests/tools/sink" --ready-file "$lib_name.ready" "$@" >>"$lib_name.ndjson" &
    eval "lib_pid_$lib_name=\$!"
    lib_sims="$lib_sims $lib_name"
    await $! test -e "$lib_name.ready" || exit 99
    eval "lib_url_$lib_name=\$(jq -r .url <\"\$lib_name.ready\")"
}

# Until all webhooks of the system are delivered or given up, 5 s at most.
drain() # NAME
{
    sim "$1" /_sim/drain -f -o /dev/null -X POST
}

quirk() # NAME QUIRK [VALUE as JSON]
{
    sim "$1" /_sim/quirk -o /dev/null -d "{\"name\":\"$2\",\"value\":${3-true}}"
}

count() # NAME JQ-FILTER of its counters
{
    sim "$1" /_sim/counters | jq -c "$2"
}

# What it was asked to write, refused or not; what it dropped is not counted.
writes() # NAME...
{
    for lib_name; do
        count "$lib_name" '.creates + .updates + .deletes + .refused_writes'
    done | jq -s add
}

dump() # NAME [JQ-FILTER of its contacts; without one they come as they are sent]
{
    if [ $# -eq 1 ]; then
        sim "$1" /_sim/dump/contacts
    else
        sim "$1" /_sim/dump/contacts | jq -c "$2"
    fi
}

record() # NAME EMAIL (lower case) JQ-FILTER of that contact
{
    dump "$1" ".[] | select((.email // \"\" | ascii_downcase) == \"$2\") | $3"
}

human() # NAME METHOD PATH [BODY]
{
    sim "$1" "/_human$3" -f -o /dev/null -X "$2" -H 'Content-Type: application/json' -d "${4-}"
}

add() # NAME CONTACT
{
    human "$1" POST /contacts "$2"
}

edit() # NAME EMAIL CHANGES
{
    human "$1" PATCH "/contacts/$(record "$1" "$2" .id | tr -d '"')" "$3"
}

# Contacts for --load, updated one second apart from 2026-01-01 on.
contacts() # FROM TO
{
    jq -nc --argjson a "$1" --argjson b "$2" 'range($a; $b + 1) |
        {id: ., first_name: "F\(.)", last_name: "L\(.)", email: "p\(.)@example.com", phone: "\(.)",
         updated_at: (1767225600 + . | todate | sub("Z"; ".000Z"))}'
}

# ---- deployments ----

# A folder of its own in $tmp.
enter() # FOLDER
{
    mkdir "$tmp/$1" && cd "$tmp/$1" || exit 99
}

# Two systems (default a and b), their config and an empty state, here. Jobs: contacts lists the
# first, NAME-contacts the second. The contacts in NAME.ndjson, if there is one, are in system NAME.
deployment() # [NAME NAME]
{
    touch "${1:-a}.ndjson" "${2:-b}.ndjson"
    start_sim "${1:-a}" --seed 1 --load "contacts=${1:-a}.ndjson"
    start_sim "${2:-b}" --seed 2 --load "contacts=${2:-b}.ndjson"
    write_config "${1:-a}" "${2:-b}" && new_state
}

new_state()
{
    rm -f state.db state.db-wal state.db-shm
    sync-ctl init -q >/dev/null || exit 99
}

# Both jobs once.
run() # [OPTION...]
{
    try sync-reconcile run "$@"
}

sql() # QUERY
{
    sqlite3 -cmd '.timeout 5000' state.db "$1"
}

# A line for sync-push, by hand: FROM:ID is to be created in TO, as ann.
creation() # FROM TO ID EMAIL
{
    jq -nc --arg from "$1" --arg to "$2" --arg id "$3" --arg email "$4" '
        {email: $email, first_name: "Ann"} as $fields | ($from + "-1") as $account |
        {v: 1, system: $from, account: $account, resource: "crm/contacts", record_id: $id,
         event_type: "created", fields: null, link: null, generation: 0, external_id: "x-\($id)",
         ends: [{system: $from, account: $account, record_id: $id, covered: $fields, state: "live"}],
         rules: ($fields | map_values({rule: "create", source: $from})),
         writes: [{target: $to, account: ($to + "-1"), action: "create", external_id: "x-\($id)",
                   set: $fields, sources: ($fields | map_values($from))}],
         claims: ["key-\($email)"], map_hash: "m"}'
}

edit_config() # SED-SCRIPT
{
    sed -i "$1" loopless.yaml
}

write_config() # NAME NAME
{
    cat >loopless.yaml <<END
version: 1
state: sqlite:state.db
systems:
  $1:
    provider: rest
    account: $1-1
    base_url: $(url "$1")
    auth: {type: bearer, token: "\${file:$1.token}"}
  $2:
    provider: rest
    account: $2-1
    base_url: $(url "$2")
    auth: {type: bearer, token: "\${file:$2.token}"}
sync:
  crm/contacts:
    between: [$1, $2]
    match: [email]
    first_contact: $1
    create: {$1: true, $2: true}
    fields:
      first_name: {owner: $1}
      last_name: {owner: $1}
      email: {owner: $1}
      phone: {owner: any}
      notes: {owner: any}
      score: {owner: $2}
jobs:
  contacts: {system: $1, resource: crm/contacts, every: 4h}
  $2-contacts: {system: $2, resource: crm/contacts, every: 15m}
END
}
