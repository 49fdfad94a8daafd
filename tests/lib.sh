# shellcheck shell=sh
# The one helper of shell tests, sourced by them:
#
#   top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
#   . "$top_srcdir/tests/lib.sh"
#
# The programs under test come from $top_builddir. The work folder is $tmp, and the script is in it.
# Sims and all else that was started with it are stopped by process id at the end.

top_builddir=${top_builddir:-$top_srcdir}
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
lib_pids=
tmp=$(mktemp -d) || exit 99

lib_end()
{
    for lib_pid in $lib_pids; do
        kill "$lib_pid" 2>/dev/null
        wait "$lib_pid" 2>/dev/null
    done
    cd / && chmod -R u+w "$tmp" 2>/dev/null
    rm -rf "$tmp"
}
trap lib_end EXIT
trap 'exit 130' INT TERM HUP
cd "$tmp" || exit 99

# ---- TAP ----

plan() # NUMBER
{
    echo "1..$1"
}

# For scripts that count while they go: the plan comes last.
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
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "want: $2
have: $3"
    fi
}

like() # NAME ERE TEXT
{
    if printf '%s\n' "$3" | grep -Eq -e "$2"; then
        pass "$1"
    else
        fail "$1" "want: $2
have: $3"
    fi
}

same_file() # NAME WANT-FILE HAVE-FILE
{
    if cmp -s "$2" "$3"; then
        pass "$1"
    else
        fail "$1" "$(diff -a -u "$2" "$3")"
    fi
}

# ---- systems ----

# A simulated system: sets URL, SIM_PID and url_NAME. Its token is in NAME.token, its account is
# NAME-1.
start_sim() # NAME [OPTION...]
{
    lib_name=$1
    shift
    rm -f "$lib_name.said"
    mkfifo "$lib_name.said" || exit 99
    sync-sim --listen 127.0.0.1:0 --ready-file "$lib_name.ready" --token "$lib_name-secret" \
        --account "$lib_name-1" "$@" >"$lib_name.said" 2>"$lib_name.log" &
    SIM_PID=$!
    lib_pids="$lib_pids $SIM_PID"
    if ! read -r URL <"$lib_name.said"; then
        echo "Bail out! sync-sim $lib_name: $(cat "$lib_name.log")"
        exit 99
    fi
    URL=$(jq -r .url "$lib_name.ready")
    (umask 077 && echo "$lib_name-secret" >"$lib_name.token")
    eval "url_$lib_name=\$URL"
}

stop_sim() # PID
{
    kill "$1" && wait "$1"
}

# Call one of a sim's control paths: sim URL PATH [CURL-OPTION...]
sim()
{
    lib_url=$1$2
    shift 2
    curl -sS -g "$@" "$lib_url"
}

# Two systems (default a and b), their config and an empty state. Jobs: contacts lists the first,
# NAME-contacts the second. The contacts in NAME.ndjson, if there is one, are in system NAME.
deployment() # [NAME NAME]
{
    touch "${1:-a}.ndjson" "${2:-b}.ndjson"
    start_sim "${1:-a}" --seed 1 --load "contacts=${1:-a}.ndjson"
    lib_first=$URL
    start_sim "${2:-b}" --seed 2 --load "contacts=${2:-b}.ndjson"
    write_config "${1:-a}" "$lib_first" "${2:-b}" "$URL" >loopless.yaml
    sync-ctl init >/dev/null || exit 99
}

write_config() # NAME URL NAME URL
{
    cat <<END
version: 1
state: sqlite:state.db
systems:
  $1:
    provider: rest
    account: $1-1
    base_url: $2
    auth: {type: bearer, token: "\${file:$1.token}"}
  $3:
    provider: rest
    account: $3-1
    base_url: $4
    auth: {type: bearer, token: "\${file:$3.token}"}
sync:
  crm/contacts:
    between: [$1, $3]
    match: [email]
    first_contact: $1
    create: {$1: true, $3: true}
    fields:
      first_name: {owner: $1}
      last_name: {owner: $1}
      email: {owner: $1}
      phone: {owner: any}
      notes: {owner: any}
      score: {owner: $3}
jobs:
  contacts: {system: $1, resource: crm/contacts, every: 4h}
  $3-contacts: {system: $3, resource: crm/contacts, every: 15m}
END
}
