# Two simulated systems, crm and app, and a config that syncs their contacts. For tests/pipe/*.t:
#   . "$top_srcdir/tests/pipe/pair.sh"
# Work is done in a temporary folder, removed at the end; systems are stopped by their pids.
# shellcheck shell=sh
top_srcdir=$(cd "${top_srcdir:-.}" && pwd)
top_builddir=$(cd "${top_builddir:-.}" && pwd)
PATH=$top_builddir:$PATH
LOOPLESS_MODELS=$top_srcdir/src/models
LOOPLESS_PROVIDERS=$top_srcdir/src/providers
export PATH LOOPLESS_MODELS LOOPLESS_PROVIDERS
unset LOOPLESS_NOW LOOPLESS_CONFIG LOOPLESS_CRASH_AT LOOPLESS_CRASH_TRACE http_proxy HTTP_PROXY
for tool in curl jq sqlite3; do
    command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
tmp=$(mktemp -d) || exit 99
pids=
n=0
rc=0
trap 'for p in $pids; do kill "$p" 2>/dev/null; done; wait 2>/dev/null; rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99

ok() # STATUS NAME
{
    n=$((n + 1))
    if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

is() # NAME WANT GOT
{
    [ "$2" = "$3" ]
    ok $? "$1"
    [ "$2" = "$3" ] || { echo "# want: $2"; echo "# got:  $3"; show_err; }
}

has() # NAME TEXT : stderr of the last `try` says it
{
    grep -qF -- "$2" err
    ok $? "$1"
    grep -qF -- "$2" err || { echo "# not on stderr: $2"; show_err; }
}

show_err()
{
    sed 's/^/# stderr: /' err 2>/dev/null
}

skip() # NAME WHY
{
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

done_testing()
{
    echo "1..$n"
}

try() # COMMAND... ; sets rc; stdout in out, stderr in err
{
    "$@" >out 2>err
    rc=$?
}

system() # NAME OPTION... ; sets NAME_url and NAME_pid
{
    name=$1
    shift
    rm -f "$name.ready"
    sync-sim --ready-file "$name.ready" --account "$name-1" --token "$name-token" "$@" \
        >/dev/null 2>"$name.log" &
    eval "${name}_pid=$!"
    pids="$pids $!"
    while [ ! -e "$name.ready" ]; do
        kill -0 $! 2>/dev/null || { sed 's/^/# /' "$name.log"; return 1; }
    done
    eval "${name}_url=$(jq -r .url "$name.ready")"
    (umask 077 && echo "$name-token" >"$name.token")
}

stop() # NAME
{
    eval "kill \$${1}_pid; wait \$${1}_pid"
}

records() # FROM TO : contacts as NDJSON, updated one second apart from 2026-01-01 on
{
    jq -nc --argjson a "$1" --argjson b "$2" 'range($a; $b + 1) |
        {id: ., first_name: "F\(.)", last_name: "L\(.)", email: "p\(.)@example.com", phone: "\(.)",
         updated_at: (1767225600 + . | todate | sub("Z"; ".000Z"))}'
}

human() # NAME METHOD PATH BODY
{
    eval "curl -sSf -o /dev/null -X $2 -H 'Content-Type: application/json' -d '$4' \"\$${1}_url/_human$3\""
}

quirk() # NAME QUIRK VALUE(JSON)
{
    eval "curl -sSf -o /dev/null -d '{\"name\":\"$2\",\"value\":$3}' -H 'Content-Type: application/json' \"\$${1}_url/_sim/quirk\""
}

listed() # NAME : records served by lists so far is not counted; the number of list calls
{
    eval "curl -sSf \"\$${1}_url/_sim/counters\"" | jq .lists
}

size=10 # records a page

config() # writes loopless.yaml and its definition (pages of $size) anew
{
    sed "s/size: 200/size: $size/" "$top_srcdir/src/providers/rest.yaml" >small.yaml
    cat >loopless.yaml <<EOF
version: 1
state: sqlite:state.db
systems:
  crm: {provider: ./small.yaml, account: ${crm_account:-crm-1}, base_url: "$crm_url", auth: {type: bearer, token: "\${file:crm.token}"}}
  app: {provider: ./small.yaml, account: app-1, base_url: "$app_url", auth: {type: bearer, token: "\${file:app.token}"}}
sync:
  crm/contacts:
    between: [crm, app]
    match: [email]
    first_contact: crm
    create: {crm: false, app: true}
    conflict: last-write-wins
    fields:
      first_name: {owner: crm}
      last_name: {owner: crm}
      email: {owner: crm}
      phone: {owner: any}
      notes: {owner: any}
      score: {owner: any}
jobs:
  contacts: {system: crm, resource: crm/contacts, every: 4h}
  app-contacts: {system: app, resource: crm/contacts, every: 15m}
EOF
}

fresh() # a new state
{
    rm -f state.db state.db-wal state.db-shm
    sync-ctl init -q >/dev/null || return 1
}

sql() # QUERY
{
    sqlite3 state.db "$1"
}
