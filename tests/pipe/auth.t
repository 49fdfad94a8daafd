#!/bin/sh
# Credentials of every kind, and access tokens that end, rotate and fail.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 openssl

secret() # FILE TEXT
{
    (umask 077 && printf '%s\n' "$2" >"$1")
}

# Two systems, the second with a token endpoint, in a folder of their own; AUTH is the second's.
oauth_config=
oauth() # FOLDER AUTH [SIM-OPTION...]
{
    oauth_auth=$2
    enter "$1"
    shift 2
    secret client.secret canary-client-secret
    secret refresh.token canary-refresh
    start_sim a --seed 1
    launch_sim b --seed 2 --account b-1 --quirk token-needed --oauth-client app:canary-client-secret \
        --oauth-refresh canary-refresh "$@"
    write_config a b
    edit_config "s|auth: {type: bearer, token: \"\${file:b.token}\"}|auth: $oauth_auth|"
    edit_config "$oauth_config"
    new_state
}
refresh='{type: oauth2_refresh, client_id: app, client_secret: "${file:client.secret}", refresh_token: "${file:refresh.token}"}'
client='{type: client_credentials, client_id: app, client_secret: "${file:client.secret}"}'

tokens() # granted|refused|unauthorized
{
    count b ".tokens.$1"
}

# Everything waits for the clock no longer.
hurry()
{
    sql "UPDATE sync_inbox SET not_before = '2000-01-01T00:00:00.000Z' WHERE disposition IS NULL;
         UPDATE sync_owed SET not_before = '2000-01-01T00:00:00.000Z'"
}

# What a process that was killed had sent is out long enough.
age()
{
    sql "UPDATE sync_intents SET sent_at = '2000-01-01T00:00:00.000Z' WHERE state = 'sent'"
}

kept() # KIND
{
    sql "SELECT value FROM sync_tokens WHERE kind = '$1'"
}

secrets='canary|(access|refresh|code)-token-b-1'

# What the programs said and kept, but for sync_tokens and the files that hold the secrets.
leaks()
{
    find . -type f ! -name '*.secret' ! -name '*.token' ! -name 'state.db*' ! -name '*.log' \
        ! -name trace.curl -exec grep -lE "$secrets" {} +
    sqlite3 -cmd '.timeout 5000' state.db .dump | grep -v 'INTO sync_tokens' | grep -E "$secrets"
}

# ---- one token for all processes of a run ----
oauth plain "$refresh"
for i in 1 2 3; do add a "{\"first_name\":\"F$i\",\"email\":\"p$i@example.com\"}"; done
run -v
is "a refresh token gets an access token: the run ends well" 0 $rc
is "all is there" 3 "$(dump b length)"
is "one token did for all programs of the pipe" 1 "$(tokens granted)"
run
is "and for the next run" 1 "$(tokens granted)"
try sync-ctl auth b --json
is "auth shows it" '["b","oauth2_refresh","valid"]' "$(jq -c '[.system, .auth, .state]' out)"
ok "with its times, and no secret" jq -e '.expires > .refreshed and (tostring | test("token-b") | not)' out
is "no secret is anywhere" '' "$(leaks)"

# ---- over in mid-run, with rotating refresh tokens: strict, so that one used before it was kept, or
# not kept, or got twice, ends all ----
quirk b token-rotate
quirk b token-calls 8
sql "UPDATE sync_tokens SET value = 'access-token-b-1-gone' WHERE kind = 'access'"
for i in 1 2 3 4 5 6 7 8 9; do add a "{\"first_name\":\"G$i\",\"email\":\"q$i@example.com\"}"; done
for i in 1 2 3; do edit a "p$i@example.com" '{"last_name":"Late"}'; done
before=$(count b '[.creates, .updates]')
run --yes
is "token expired in mid-run: the run ends well" 0 $rc
is "no write is lost" 12 "$(dump b length)"
is "and none is written twice" "$before then [12,3]" "$before then $(count b '[.creates, .updates]')"
ok "there were calls with a token that was over" test "$(tokens unauthorized)" -gt 2
is "no refresh was refused: each rotated token was kept before it was used" 0 "$(tokens refused)"
is "what is kept is the newest" "refresh-token-b-1-$(($(tokens granted) * 2 - 2))" "$(kept refresh)"
ok "the balance holds" sync-ctl audit
is "no secret is anywhere, after many" '' "$(leaks)"

# ---- twenty at once ----
oauth twenty "$refresh" --quirk token-rotate --quirk token-slow-ms=300
i=0
while [ $i -lt 20 ]; do
    i=$((i + 1))
    creation a b "x$i" "t$i@example.com" >"line.$i"
done
i=0
pids=
while [ $i -lt 20 ]; do
    i=$((i + 1))
    sync-push <"line.$i" >"out.$i" 2>"err.$i" &
    pids="$pids $!"
done
bad=0
for p in $pids; do wait "$p" || bad=$((bad + 1)); done
is "twenty sync-push at once all end well" 0 $bad
is "they ask for one token" "1 0" "$(tokens granted) $(tokens refused)"
is "and each wrote its record once" 20 "$(dump b length)"

# ---- a process that is killed around a refresh ----
oauth killed "$refresh" --quirk token-rotate
add a '{"first_name":"Ann","email":"ann@example.com"}'
creation a b y1 y1@example.com >line
LOOPLESS_CRASH_TRACE=$tmp/trace sync-push <line >out 2>err
answered=$(crash_number token.answered)
kept=$(crash_number token.kept)
ok "there are crash points around the commit of a token" test "$answered" -lt "$kept"
first=$(kept refresh)
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
creation a b y2 y2@example.com >line
LOOPLESS_CRASH_TRACE=$tmp/trace2 sync-push <line >/dev/null 2>&1
ok "a rotated token replaced the first" test "$first" != "$(kept refresh)"
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
creation a b y3 y3@example.com >line
kept=$(awk '$3 == "token.kept" {print $2; exit}' "$tmp/trace2")
before=$(kept refresh)
LOOPLESS_CRASH_AT=$kept try sync-push <line
unset LOOPLESS_CRASH_AT
is "killed when the new token is kept" 100 $rc
ok "the rotated token is kept" test "$before" != "$(kept refresh)"
is "and was not used before that" 2 "$(dump b length)"
age
run
is "the next run goes on with it" 0 $rc
is "nothing was refused" 0 "$(tokens refused)"
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
add a '{"first_name":"Bob","email":"bob@example.com"}'
LOOPLESS_CRASH_TRACE=$tmp/trace3 sync-ctl check --online >/dev/null 2>&1
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
answered=$(awk '$3 == "token.answered" {print $2; exit}' "$tmp/trace3")
LOOPLESS_CRASH_AT=$answered try sync-ctl check --online
unset LOOPLESS_CRASH_AT
is "killed between the answer and the commit" 100 $rc
run
is "the rotated token is lost, as nobody can help: a system refuses us" 69 $rc
has "a person is told what to do" 'sync-ctl auth b --login'
is "nothing is lost, the record waits" 0 "$(dump b '[.[] | select(.email == "bob@example.com")] | length')"

# ---- the login ----
login()
{
    rm -f login.out
    sync-ctl auth b --login >login.out 2>login.err &
    login_pid=$!
    await $login_pid grep -q '^open' login.out
    curl -sSL -o browser "$(sed -n 's/^open in a browser: //p' login.out)" 2>browser.err
    wait $login_pid
}
edit_config 's|, refresh_token: "${file:refresh.token}"||'
try sync-ctl auth b
is "without a login, auth says no" 1 $rc
like "and what to do" 'no login.*sync-ctl auth b --login' "$(cat out)"
login
is "a login by the browser" 0 $?
like "says whose account it is" 'logged in to b, account b-1' "$(cat login.out)"
like "the browser is told, too" 'Done' "$(cat browser)"
quirk b token-rotate false
hurry
run
is "and the work goes on" 0 $rc
is "the record is there" 1 "$(dump b '[.[] | select(.email == "bob@example.com")] | length')"
quirk b token-deny
login
is "a login that is refused ends with 69" 69 $?
like "and says so" 'the login was refused: access_denied' "$(cat login.err)"
quirk b token-deny false
sync-ctl auth b --login >login.out 2>login.err &
login_pid=$!
await $login_pid grep -q '^open' login.out
back=$(sed -n 's/.*redirect_uri=\([^&]*\).*/\1/p' login.out | jq -Rr '@uri "\(.)"' | sed 's/%253A/:/g; s/%252F/\//g')
is "an answer with another state is none" 400 "$(curl -sS -o /dev/null -w '%{http_code}' "$back?code=x&state=y")"
is "nor is one on another path" 404 "$(curl -sS -o /dev/null -w '%{http_code}' "${back%/*}/other?code=x")"
state=$(sed -n 's/.*[?&]state=\([^&]*\).*/\1/p' login.out)
curl -sS -o /dev/null "$back?code=guessed&state=$state"
wait $login_pid
is "a code that the system did not give is refused" 69 $?
is "the state shows no code and no verifier" '' "$(leaks)"
try sync-ctl auth b --forget
is "forget" 0 $rc
is "leaves nothing" 0 "$(sql 'SELECT count(*) FROM sync_tokens')"
try sync-ctl auth a --login
is "no login where there are no tokens: 64" 64 $rc

# ---- the endpoint is down ----
oauth down "$refresh"
add a '{"first_name":"Ann","email":"ann@example.com"}'
run
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
quirk b token-down
edit a ann@example.com '{"last_name":"Archer"}'
run
is "token endpoint down: try later, as with other outages" 75 $rc
has "said with the endpoint's name" '/oauth/token: HTTP 503'
hurry
quirk b token-down false
run
is "up again: the run ends well" 0 $rc
is "the edit is there, once" '"Archer" 1' "$(record b ann@example.com .last_name) $(count b .updates)"
ok "the balance holds" sync-ctl audit
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
edit a ann@example.com '{"last_name":"Baker"}'
quirk b token-drop 1
run
is "an answer of the endpoint that is lost is asked for again" '0 "Baker"' "$rc $(record b ann@example.com .last_name)"
# An endpoint that comes down between the read and the write.
edit a ann@example.com '{"last_name":"Clark"}'
sync-reconcile fetch contacts 2>/dev/null | sync-diff 2>/dev/null >plan
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
quirk b token-down
try sync-push <plan
is "a write without a token was not sent, and is owed" 'owed' "$(jq -r 'select(.target == "b") | .disposition // .status' out)"
is "the record is as it was" '"Baker"' "$(record b ann@example.com .last_name)"
quirk b token-down false
hurry
run
is "it is written when there are tokens again" '"Clark"' "$(record b ann@example.com .last_name)"
is "no secret is anywhere, after outages" '' "$(leaks)"

# ---- refused, by a system that says everything again ----
oauth refused "$refresh" --quirk echo-secrets
add a '{"first_name":"Ann","email":"ann@example.com"}'
run
secret refresh.token canary-other
edit a ann@example.com '{"last_name":"Archer"}'
run -v
is "invalid_grant: a system refuses us" 69 $rc
has "the operator is told to log in" 'run `sync-ctl auth b --login`'
has "the secret that the answer repeats is hidden" '[secret] is not good'
cp err err.1
secret client.secret canary-wrong
run --log-format=json
is "invalid_client, too" 69 $rc
has "and says which it is" 'invalid_client'
cp err err.2
secret client.secret canary-client-secret
secret refresh.token canary-refresh
quirk b token-calls 1
hurry
run -v
cp err err.3
is "no secret that was repeated is anywhere" '' "$(leaks)"
ok "nothing is lost" sync-ctl audit

# ---- -n ----
quirk b token-calls false
edit a ann@example.com '{"last_name":"Baker"}'
sync-reconcile fetch contacts 2>/dev/null | sync-diff 2>/dev/null | try sync-push -n
like "-n hides the token" '^Authorization: Bearer \[secret\]' "$(cat out)"
cp out out.n
is "and shows nothing else of it" '' "$(leaks)"

# ---- client credentials, and JWT ----
oauth client "$client" --quirk token-no-expires
add a '{"first_name":"Ann","email":"ann@example.com"}'
run
is "client credentials" "0 1" "$rc $(dump b length)"
is "a token without expires_in is used until it is refused" '' "$(sql "SELECT expires_at FROM sync_tokens WHERE kind = 'access'")"
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
edit a ann@example.com '{"last_name":"Archer"}'
run
is "then a new one is got" '0 "Archer" 2' "$rc $(record b ann@example.com .last_name) $(tokens granted)"
quirk b token-ms 1000
sql "UPDATE sync_tokens SET expires_at = '2000-01-01T00:00:00.000Z' WHERE kind = 'access'"
run
is "one that is over by its time is not even tried" "0 3 1" "$rc $(tokens granted) $(tokens unauthorized)"

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$tmp/key.secret" 2>/dev/null
openssl pkey -in "$tmp/key.secret" -pubout -out "$tmp/public.pem"
chmod 600 "$tmp/key.secret"
oauth jwt '{type: jwt, issuer: app, subject: sync@example.com, key: "${file:../key.secret}"}' --oauth-key "$tmp/public.pem"
add a '{"first_name":"Ann","email":"ann@example.com"}'
run
is "a JWT assertion, checked with the public key" "0 1 1" "$rc $(dump b length) $(tokens granted)"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out ../other.secret 2>/dev/null
chmod 600 ../other.secret
edit_config 's|key.secret|other.secret|'
sql 'DELETE FROM sync_tokens'
run
is "one by another key is refused" 69 $rc

# ---- in two steps, with the address that the login says ----
sed 's|^auth:.*|auth: [two_step]|
     s|^token:.*|token: {url: /oauth/login, body: json, access_token: session.token, expires_in: session.ttl, instance_url: session.url}|' \
    "$LOOPLESS_PROVIDERS/rest.yaml" >"$tmp/rest2.yaml"
oauth_config="/^  b:/,/auth/{s|provider: rest|provider: ../rest2.yaml|; s|127.0.0.1|localhost|}"
oauth two '{type: two_step, user: app, password: "${file:client.secret}"}'
add a '{"first_name":"Ann","email":"ann@example.com"}'
run
is "a login in two steps" "0 1" "$rc $(dump b length)"
is "the API is where it says" "$(url b)" "$(kept instance_url)"
try sync-ctl auth b
like "auth shows where" "two_step.*valid.*at http://127.0.0.1:" "$(cat out)"
sync-reconcile fetch b-contacts 2>/dev/null >listed
is "listings go there" 1 "$(grep -c '"record_id"' listed)"
sql "UPDATE sync_tokens SET value = 'http://127.0.0.1:1' WHERE kind = 'instance_url'"
try sync-reconcile fetch b-contacts
is "and nowhere else" 75 $rc

# ---- keys in the query, and basic in its forms ----
enter fixed
secret key.secret canary-key
start_sim a --seed 1
launch_sim b --seed 2 --account b-1 --token canary-key --query-key api_key --quirk echo-secrets
write_config a b
new_state
edit_config 's|auth: {type: bearer, token: "${file:b.token}"}|auth: {type: query, name: api_key, token: "${file:key.secret}"}|'
add a '{"first_name":"Ann","email":"ann@example.com"}'
run -v
is "a key in the query" "0 1" "$rc $(dump b length)"
cp err err.1
edit a ann@example.com '{"last_name":"Archer"}'
sync-reconcile fetch contacts 2>/dev/null | sync-diff 2>/dev/null | try sync-push -n
like "is hidden by -n" 'api_key=\[secret\]' "$(cat out)"
cp out out.n
secret key.secret canary-wrong
run -v
is "a wrong one is refused" 69 $rc
cp err err.2
secret key.secret canary-key
edit_config 's|auth: {type: query.*|auth: {type: basic, user: me@example.com/token, password: "${file:key.secret}"}|'
hurry
run
is "basic as email/token:key" '0 "Archer"' "$rc $(record b ann@example.com .last_name)"
edit_config 's|auth: {type: basic.*|auth: {type: basic, user: "${file:key.secret}"}|'
edit a ann@example.com '{"last_name":"Baker"}'
run
is "basic as key:" '0 "Baker"' "$rc $(record b ann@example.com .last_name)"
is "no key is anywhere" '' "$(leaks)"

# ---- forgotten, while programs run ----
oauth_config=
oauth forgotten "$refresh"
mkfifo lines
sync-push <lines >out 2>err &
pusher=$!
exec 3>lines
n=0
push_one()
{
    n=$((n + 1))
    creation a b "f$n" "f$n@example.com" >&3
    await $pusher sh -c "[ \"\$(grep -c '\"status\":\"done\"' out)\" -ge $n ]"
}
push_one
is "a program asks for a token" 1 "$(tokens granted)"
sync-ctl auth b --forget >/dev/null
while [ "$(tokens granted)" = 1 ] && [ $n -lt 400 ]; do push_one; done
is "once it is forgotten a running program asks for another" 2 "$(tokens granted)"
is "and keeps that" 1 "$(sql "SELECT count(*) FROM sync_tokens WHERE kind = 'access'")"
exec 3>&-
wait $pusher
is "nothing was refused on the way" "0 0 $n" "$? $(tokens unauthorized) $(dump b length)"

# ---- what tokens cost ----
oauth counted "$client"
edit_config "/account: b-1/a\\    rate: {daily: 1000}"
creation a b c1 c1@example.com >line
try sync-push <line
is "requests for tokens are calls like others" "$(count b '.calls + .tokens.granted')" \
    "$(sync-ctl --json counters b | jq -r 'select(.last == "hour") | .calls')"
is "the day's quota counts them, too" "$(count b '.calls + .tokens.granted')" "$(sql "SELECT CAST(tokens AS INTEGER) FROM sync_buckets WHERE bucket = 'day'")"
sql "UPDATE sync_tokens SET value = 'over' WHERE kind = 'access'"
sql "UPDATE sync_buckets SET closed_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour') WHERE bucket = 'day'"
before=$(count b '.calls + .tokens.granted')
creation a b c2 c2@example.com >line
try sync-push <line
is "where nothing may be asked no token is" "$before" "$(count b '.calls + .tokens.granted')"

# ---- no core ----
mkfifo hold
sync-push <hold >/dev/null 2>&1 &
exec 3>hold
await $! grep -q '^Max core file size *1 ' "/proc/$!/limits"
ok "a process that holds secrets leaves no core" grep -q '^Max core file size *[01] ' "/proc/$!/limits"
exec 3>&-
wait $!
done_testing
