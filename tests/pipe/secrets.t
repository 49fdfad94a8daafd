#!/bin/sh
# A secret that somebody gave us is in our memory, in his files and, if it is a token, in sync_tokens:
# in nothing that a program says, keeps, hands on or leaves behind. Each kind of credentials has its own.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"
need curl jq sqlite3 openssl

give() # FILE TEXT
{
    (umask 077 && printf '%s\n' "$2" >"$1")
}

# Two systems in a folder of their own; AUTH is the second's.
world_config=
world() # FOLDER AUTH [SIM-OPTION...]
{
    stop_all
    cd "$tmp" && enter "$1"
    world_auth=$2
    shift 2
    give a.token canary-a-bearer
    launch_sim a --seed 1 --account a-1 --token canary-a-bearer --quirk echo-secrets
    launch_sim b --seed 2 --account b-1 --quirk echo-secrets "$@"
    write_config a b
    edit_config "s|auth: {type: bearer, token: \"\${file:b.token}\"}|auth: $world_auth|"
    edit_config "$world_config"
    new_state
}

# ---- what is looked for ----

# Tokens of the system's own making, in their order; and what base64 makes of the pairs of basic.
base64_of() # TEXT...
{
    for text; do printf '%s' "$text" | base64 -w 0 | tr -d '=' && echo; done
}
{
    echo canary
    echo access-token-b-1
    echo refresh-token-b-1
    echo code-token-b-1
    # shellcheck disable=SC2154 # of listener.sh
    printf '%s\n' "$secret"
    base64_of 'me@example.com/token:canary-basic/"<+>"' 'canary-key:' 'app:canary-client/secret&1' 'canary-hook:canary-pass'
    base64_of 'app:canary-client%2Fsecret%261'
} >"$tmp/secrets.list"

# The files with secrets in them by right, and what the simulated systems themselves say.
leaks()
{
    find . -type f ! -name '*.secret' ! -name '*.token' ! -name 'state.db*' ! -name '*.log' \
        ! -name '*.ndjson' -exec grep -aliF -f "$tmp/secrets.list" {} +
    sqlite3 -cmd '.timeout 5000' state.db .dump | grep -v 'INTO sync_tokens' | grep -aiF -f "$tmp/secrets.list"
}

# Everything a program says is in a file of its own, numbered.
said=0
say() # COMMAND...
{
    said=$((said + 1))
    "$@" >"said.$said" 2>"err.$said"
}

# Each of our programs that works in this folder: how it was started, and what it may leave behind.
look_at_processes()
{
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/cwd")" = "$PWD" ] || continue
        read -r comm <"$process/comm" || continue
        case $comm in
        sync-sim | sync-*.t) ;;
        sync-*)
            tr '\0' ' ' <"$process/cmdline" >>arguments && echo >>arguments
            sed -n "s/^Max core file size  *\([^ ]*\).*/$comm \1/p" "$process/limits" >>limits
            ;;
        esac
    done 2>/dev/null
}

# ---- what everybody does with every kind ----

everyday()
{
    add a '{"first_name":"Ann","last_name":"A","email":"ann@example.com"}'
    add a '{"first_name":"Bob","last_name":"B","email":"bob@example.com"}'
    say sync-reconcile run -v
    say sync-ctl check --online
    edit a ann@example.com '{"last_name":"Archer"}'
    say sync-reconcile fetch -v contacts
    say sync-diff -v --plan plan <"said.$said"
    say sync-diff --format=human <"said.$((said - 1))"
    say sync-push -n --plan plan
    say sync-push -n -v <plan
    say sync-push -v --plan plan
    quirk b fail-next '"2:422"'
    edit a ann@example.com '{"last_name":"Baker"}'
    edit a bob@example.com '{"last_name":"Baker"}'
    say sync-reconcile run -v --rejects=quarantine
    quirk b html-errors
    quirk b fail-next '"3:500"'
    edit a bob@example.com '{"last_name":"Clark"}'
    say sync-reconcile run -v --log-format=json
    quirk b html-errors false
    quirk b html-once 2
    say sync-reconcile run -v
    jq -nc '{id: 900, first_name: "Cy", email: "cy@example.com", updated_at: "2026-01-01T00:00:00.000Z"}' >records
    say sync-ingest records a crm/contacts records
    say sync-echofilter --explain --dropped dropped <"said.$said"
    echo 'no JSON' >wrong
    say sync-push -v --rejects=quarantine <wrong
}

# A person's view of all of it.
visit()
{
    for json in '' --json; do
        for verb in check status jobs audit counters auth 'conflicts list' 'rejects list --all' 'rejects show 1' \
            history 'links list' "links show crm/contacts a:1" "why crm/contacts a:1" "why crm/contacts b:1 last_name" \
            normalizers prove gc; do
            # shellcheck disable=SC2086
            say sync-ctl $json -v $verb
        done
    done
}

# Programs at work, seen from outside: b answers when it is asked to.
watch_them()
{
    quirk b slow-ms 150
    sync-reconcile run -v --yes >said.watched 2>err.watched &
    watched=$!
    while kill -0 $watched 2>/dev/null; do look_at_processes; done
    wait $watched
    quirk b slow-ms false
}

# A system that says everything again, in a page, and redirects with it. A write that it did not refuse
# is looked up for a while, and keeps a later run waiting for the system to come to its senses: no run
# comes after that.
parrot() # STATUS...
{
    for status; do
        start_sink parrot --repeat --status "$status"
        edit_config "/^  b:/,/base_url/s|base_url: .*|base_url: $(url parrot)|"
        sync-ctl resume -q b --accept-account >resumed
        say sync-ctl check --online
        say sync-reconcile run -v b-contacts
        say sync-reconcile fetch -v b-contacts
        creation a b "p$status" "p$status@example.com" >line
        case $status in 4??) say sync-push -v --rejects=quarantine <line ;; esac
        [ -z "${parrot_login-}" ] || {
            sql "DELETE FROM sync_tokens"
            say sync-ctl check --online
            say sync-reconcile run -v --log-format=json b-contacts
        }
        stop_sim parrot
    done
    edit_config "/^  b:/,/base_url/s|base_url: .*|base_url: $(url b)|"
    sync-ctl resume -q b --accept-account >resumed
}

reached() # the parrot, with what the credentials are
{
    grep -acF -e "$1" parrot.ndjson
}

# $1 is the kind; the other are where its secret must have gone, so that looking for it is worth it.
no_secret() # NAME SENT
{
    ok "$1: the run went well" test "$(dump b length)" -ge 2
    everything=$(leaks)
    is "$1: no secret in what is said, kept or left behind" '' "$everything"
    ok "$1: but the system was told it" test "$(reached "$2")" -gt 0
    ok "$1: and what it said of it is hidden" grep -qF '[secret]' err.*
    ok "$1: programs were seen at work" grep -q 'sync-push' arguments
    is "$1: none of them may leave a core" '' "$(grep -v ' [01]$' limits)"
}

everybody() # NAME SENT [STATUS...]
{
    everyday
    watch_them
    everybody_name=$1
    everybody_sent=$2
    shift 2
    parrot "$@" 401
    visit
    no_secret "$everybody_name" "$everybody_sent"
}

# ---- tokens that stay ----

give bearer.secret canary-bearer
world bearer '{type: bearer, token: "${file:../bearer.secret}"}' --token canary-bearer
everybody bearer 'Bearer canary-bearer' 200 302 400 500

give "$tmp/basic.secret" 'canary-basic/"<+>"'
world basic '{type: basic, user: me@example.com/token, password: "${file:../basic.secret}"}' --token 'canary-basic/"<+>"'
everybody basic "$(base64_of 'me@example.com/token:canary-basic/"<+>"')"

give "$tmp/key.secret" canary-key
world key '{type: basic, user: "${file:../key.secret}"}' --token canary-key
everybody "basic, a key alone" "$(base64_of 'canary-key:')"

# The word before it is no part of the secret: who repeats it may leave that out.
give "$tmp/header.secret" 'canary-header&1'
world header '{type: header, header: Authorization, token: "Bearer ${file:../header.secret}"}' --token 'canary-header&1'
everybody header 'Bearer canary-header&1' 400

give "$tmp/query.secret" 'canary-query/<1>'
world query '{type: query, name: api_key, token: "${file:../query.secret}"}' --token 'canary-query/<1>' --query-key api_key
everybody query 'api_key=canary-query%2F%3C1%3E' 200 302

# ---- tokens that come and go ----

parrot_login=yes
give "$tmp/client.secret" 'canary-client/secret&1'
give "$tmp/refresh.secret" canary-refresh
world refresh '{type: oauth2_refresh, client_id: app, client_secret: "${file:../client.secret}", refresh_token: "${file:../refresh.secret}"}' \
    --quirk token-needed --oauth-client 'app:canary-client/secret&1' --oauth-refresh canary-refresh --quirk token-rotate
say sync-ctl check --online
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
say sync-ctl check --online
ok "refresh: tokens were rotated" test "$(sql "SELECT value FROM sync_tokens WHERE kind = 'refresh'")" != canary-refresh
quirk b token-calls 5
everyday
quirk b token-calls false
watch_them
give "$tmp/client.secret" canary-wrong
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
say sync-ctl check --online
say sync-reconcile run -v
give "$tmp/client.secret" 'canary-client/secret&1'
parrot 200 302 400 401 500
visit
no_secret refresh 'refresh_token=canary-refresh'

world client '{type: client_credentials, client_id: app, client_secret: "${file:../client.secret}"}' \
    --quirk token-needed --oauth-client 'app:canary-client/secret&1'
everybody "client credentials" canary-client

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$tmp/rsa.secret" 2>/dev/null
openssl pkey -in "$tmp/rsa.secret" -pubout -out "$tmp/public.pem"
chmod 600 "$tmp/rsa.secret"
sed -n '2,4p' "$tmp/rsa.secret" >>"$tmp/secrets.list"
world jwt '{type: jwt, issuer: app, subject: sync@example.com, key: "${file:../rsa.secret}"}' --quirk token-needed \
    --oauth-client app --oauth-key "$tmp/public.pem"
everyday
watch_them
parrot 302 401
# Each is signed anew: what is in the middle of one is of its own. A page that is cut short has less of it.
grep -ao 'assertion=[^&"]*' parrot.ndjson | cut -c 60-80 | sort -u >"$tmp/assertions"
is "jwt: no assertion either" '' "$(find . -type f ! -name '*.ndjson' -exec grep -alF -f "$tmp/assertions" {} +)"
ok "jwt: and there were some" test -s "$tmp/assertions"
visit
no_secret jwt assertion=

sed 's|^auth:.*|auth: [two_step]|
     s|^token:.*|token: {url: /oauth/login, body: json, access_token: session.token, expires_in: session.ttl}|' \
    "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/rest2.yaml"
world_config="/^  b:/,/auth/s|provider: rest|provider: ../rest2.yaml|"
world two-step '{type: two_step, user: app, password: "${file:../client.secret}"}' \
    --quirk token-needed --oauth-client 'app:canary-client/secret&1'
everybody "two steps" 'canary-client/secret&1'
world_config=

# ---- secrets of webhooks ----

# System b is told by the definition's rule, NAME is the secret's.
hooks() # NAME SECRET RULE-YAML [CURL-OPTION...]
{
    hooks_name=$1
    give "$tmp/hook.secret" "$2"
    sed "/^verify:/,/^ack:/{/^ack:/!d}" "$LOOPLESS_PROVIDERS/rest.yaml" | sed "s|^ack:|verify:\n  - $3\n&|" >"$tmp/hooked.yaml"
    shift 3
    world "hooks-$hooks_name" '{type: bearer, token: "${file:../bearer.secret}"}' --token canary-bearer
    edit_config '/^  b:/,/provider:/s|provider: .*|provider: ../hooked.yaml|
        s|^    account: b-1|&\n    webhook: {path: /b, secrets: ["${file:../hook.secret}"]}|'
    listener -v 127.0.0.1:0
    # shellcheck disable=SC2154 # of listener.sh
    tr '\0' ' ' <"/proc/$pid/cmdline" >>arguments
    sed -n "s/^Max core file size  *\([^ ]*\).*/sync-ingest \1/p" "/proc/$pid/limits" >>limits
    items b-1 1 >good
    curl -sS "$@" -d @good "$url/b?x=1" >answer.1
    items b-1 2 | tr 'e' '\001' >bad
    curl -sS "$@" --data-binary @bad "$url/b" >answer.2
    curl -sS -H 'Authorization: Bearer wrong' -H 'X-Key: wrong' -d @good "$url/b" >answer.3
    items other 3 | curl -sS "$@" -d @- "$url/b" >answer.4
    until_sql 0 "SELECT count(*) FROM sync_requests WHERE state = 'new'"
    add b '{"first_name":"Ann","email":"ann@example.com"}'
    flow_once
    visit
    stop_listener
    ok "$hooks_name: the webhook was taken" test "$(events)" -ge 1
    is "$hooks_name: no secret in what is said, kept or left behind" '' "$(leaks)"
    is "$hooks_name: the listener may leave no core" '' "$(grep -v ' [01]$' limits)"
}

flow_once()
{
    say sync-ingest emit -v
    say sync-echofilter -v --explain <"said.$said"
    say sync-diff -v <"said.$said"
    say sync-push -v <"said.$said"
}

hooks equals canary-hook-equals '{kind: equals, header: X-Key}' -H 'X-Key: canary-hook-equals'
hooks bearer canary-hook-bearer '{kind: bearer}' -H 'Authorization: Bearer canary-hook-bearer'
hooks basic canary-hook:canary-pass '{kind: basic}' -u canary-hook:canary-pass

# A signature's key never comes in; it is in the config only.
world hooks-mac '{type: bearer, token: "${file:../bearer.secret}"}' --token canary-bearer
edit_config 's|^    account: b-1|&\n    webhook: {path: /b, secrets: ["${file:../secret}"]}|'
listener -v 127.0.0.1:0
items b-1 1 | post /b >answer.1
items b-1 1 | post /b bad-signature >answer.2
until_sql 0 "SELECT count(*) FROM sync_requests WHERE state = 'new'"
add b '{"first_name":"Ann","email":"ann@example.com"}'
flow_once
visit
stop_listener
ok "a signed webhook was taken" test "$(events)" -eq 1
is "no secret of signatures is anywhere" '' "$(leaks)"

# ---- a core, if there could be one ----

cd "$tmp" && enter core
give b.token canary-b
give a.token canary-a
start_sim a --seed 1
start_sim b --seed 2
give a.token canary-a
write_config a b
new_state
mkfifo hold
# shellcheck disable=SC3045 # where there is no such limit, this still holds
(ulimit -c unlimited && exec sync-push <hold) >/dev/null 2>&1 &
exec 3>hold
await $! grep -q '^Max core file size *1 ' "/proc/$!/limits"
kill -ABRT $!
exec 3>&-
wait $! 2>/dev/null
is "a process that dies of a bug leaves no core" '' "$(find . -name 'core*')"
done_testing
