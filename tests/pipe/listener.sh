# shellcheck shell=sh
# What the tests of `sync-ingest listen` share; sourced after tests/lib.sh.

hook=$top_builddir/tests/tools/hook
secret=whsec_$(head -c 24 /dev/urandom | base64)
(umask 077 && echo "$secret" >"$tmp/secret")

# A config of system SYSTEM (and one named other, which has no webhook).
hook_config() # FILE STATE SYSTEM ACCOUNT PATH [PROVIDER]
{
    cat >"$1" <<END
version: 1
state: sqlite:$2
systems:
  $3:
    provider: ${6-rest}
    account: $4
    base_url: http://127.0.0.1:9
    auth: {type: bearer, token: "\${file:$tmp/secret}"}
    webhook: {path: $5, secrets: ["\${file:$tmp/secret}"]}
  other:
    provider: rest
    account: o-1
    base_url: http://127.0.0.1:9
    auth: {type: bearer, token: "\${file:$tmp/secret}"}
sync:
  crm/contacts:
    between: [$3, other]
    match: [email]
    first_contact: $3
    fields:
      first_name: {owner: $3}
      email: {owner: $3}
END
}

# sync-ingest listen, with its URL in $url, its process in $pid, what it says in listen.err. Its
# stdout must be of no use to it: it is a full disk.
listener() # [OPTION or ADDR...]
{
    rm -f ready
    sync-ingest listen --ready-file ready "$@" >/dev/full 2>listen.err &
    pid=$!
    if ! await $pid test -e ready; then
        echo "Bail out! sync-ingest listen: $(cat listen.err)"
        exit 99
    fi
    url=$(jq -r .url ready)
}

stop_listener()
{
    kill "$pid"
    wait "$pid"
}

# One item about a record.
items() # ACCOUNT ID [ACTION]
{
    printf '{"account":"%s","events":[{"id":"e-%s","collection":"contacts","action":"%s","record_id":"%s"}]}' \
        "$1" "$2" "${3-updated}" "$2"
}

# The status of a signed request; its body is stdin.
post() # PATH [FLAW]
{
    "$hook" post "$url" "$1" "$secret" "${2-}" | head -1
}

# The status that curl gets.
ask() # PATH [CURL-OPTION...]
{
    lib_path=$1
    shift
    curl -sS -o answer -w '%{http_code}' "$@" "$url$lib_path"
}

events() # [WHERE]
{
    sql "SELECT count(*) FROM sync_inbox ${1+WHERE $1}"
}

# Until QUERY says so, a few seconds at most; what was stored is mapped soon after it was answered.
until_sql() # WANT QUERY
{
    lib_tries=0
    until sql_is "$1" "$2" || [ $((lib_tries += 1)) -gt 1000 ]; do
        kill -0 "$pid" || return 1
    done
}

sql_is()
{
    [ "$(sql "$2")" = "$1" ]
}
