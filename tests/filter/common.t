#!/bin/sh
# What all programs have in common, in one loop over them: help, bad input, full disks, configs and
# states that are not in order.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need jq sqlite3 mlr

programs="sync-ingest sync-echofilter sync-diff sync-push sync-reconcile sync-ctl sync-sim"
# What is tried: each a program at work, and what it does with it.
all="emit records filter echofilter diff push fetch run ctl sim"
readers="records filter echofilter diff push" # take lines from standard input
writers="emit echofilter push run pause"      # write to the state
with_conf="emit records echofilter live-diff push fetch run ctl pause"
with_state="emit echofilter push run ctl pause"
with_secrets="live-diff push fetch run"

program() # TOOL
{
    case $1 in
    emit | records | filter) echo sync-ingest ;;
    fetch | run) echo sync-reconcile ;;
    live-diff) echo sync-diff ;;
    pause) echo sync-ctl ;;
    *) echo "sync-$1" ;;
    esac
}

tool() # TOOL [OPTION...]
{
    lib_tool=$1
    shift
    case $lib_tool in
    emit) timeout 60 sync-ingest emit "$@" ;;
    records) timeout 60 sync-ingest records "$@" a crm/contacts ;;
    filter) timeout 60 sync-ingest filter -c hook.yaml "$@" ;;
    diff) timeout 60 sync-diff --current now.ndjson "$@" ;;
    live-diff) timeout 60 sync-diff "$@" ;;
    fetch) timeout 60 sync-reconcile fetch "$@" contacts ;;
    run) timeout 60 sync-reconcile run "$@" contacts b-contacts ;;
    ctl) timeout 60 sync-ctl status "$@" ;;
    pause) timeout 60 sync-ctl pause "$@" ;;
    *) timeout 60 "sync-$lib_tool" "$@" ;;
    esac
}

# A line that TOOL takes, about record N.
line() # TOOL N
{
    head='{"v":1,"system":"a","account":"a-1","resource":"crm/contacts","record_id":"'$2'"'
    case $1 in
    records) echo '{"id":"'"$2"'","email":"r'"$2"'@example.org"}' ;;
    filter) echo '{"path":"/hook","body":"{\"id\":'"$2"'}"}' ;;
    push) echo "$head"',"fields":null,"link":null,"generation":0,"ends":[],"rules":{},"writes":[],"disposition":"ignored"}' ;;
    echofilter | diff) echo "$head"',"fields":{"email":"r'"$2"'@example.org"}}' ;;
    esac
}

# The records in an output.
ids()
{
    jq -r 'select(.record_id) | .record_id' "$1" 2>&1 | tr '\n' ' '
}

fresh()
{
    rm -f state.db state.db-* rejected
    cp state0.db state.db
}

# After `try`.
expect() # NAME STATUS ERE-OF-STDERR
{
    if [ "$rc" -eq "$2" ] && { [ -z "$3" ] || grep -Eq -e "$3" err; }; then
        pass "$1"
    else
        fail "$1" "status $rc, not $2; wanted on stderr: $3
$(cut -c 1-400 err)"
    fi
}

# After `try`: one line says what is wrong; stages behind which a pipe broke may say that, too.
one_error() # NAME STATUS
{
    if [ "$rc" -eq "$2" ] && [ "$(grep ': error: ' err | grep -vc 'Broken pipe')" -eq 1 ]; then
        pass "$1"
    else
        fail "$1" "status $rc, not $2; or not one error on stderr:
$(cut -c 1-400 err)"
    fi
}

# ---- the command line ----

for p in $programs; do
    try "$p" --help
    is "$p: --help is 0 and silent on stderr" "0 0" "$rc $(wc -c <err)"
    like "$p: --help is on stdout" "^usage: *$p" "$(cat out)"
    cp out help
    is "$p: --version" "$p (loopless)" "$("$p" --version | cut -d ' ' -f 1,2)"
    try "$p" --no-such-option
    is "$p: unknown option is 64" "64 0" "$rc $(wc -c <out)"
    like "$p: unknown option is named, with a hint" "unknown option --no-such-option.* hint: see $p --help" \
        "$(tr '\n' ' ' <err)"
    missing=
    for option in config dry-run verbose quiet json log-format rejects help version; do
        [ "$(grep -cE -e "^  .{4}--$option([ =]|\$)" help)" -eq 1 ] || missing="$missing $option"
    done
    is "$p: --help has each common option once" "" "$missing"
    try "$p" --log-format=xml
    is "$p: an unknown log format is 64" "64 0" "$rc $(wc -c <out)"
    like "$p: and says which there are" "log-format is text or json" "$(cat err)"
    "$p" --help >/dev/full 2>err
    is "$p: --help on a full disk is 74" "74 1" "$? $(grep -c ': error: ' err)"
done

# ---- a deployment with a few records ----

deployment
for i in 1 2 3; do
    add a '{"email":"r'$i'@example.org"}'
done
add b '{"email":"r1@example.org"}'
echo '{"v":1,"system":"b","account":"b-1","resource":"crm/contacts","record_id":"9","fields":{"email":"z@example.org"}}' >now.ndjson
cp state.db state0.db
{
    sed '/^verify:/,$d' "$LOOPLESS_PROVIDERS/rest.yaml"
    echo 'verify: [{kind: none}]'
    echo 'event: {id: [id], map: {resource: crm/contacts, event_type: updated, record_id: id}}'
    sed -n '/^resources:/,$p' "$LOOPLESS_PROVIDERS/rest.yaml"
} >unsigned.yaml
sed 's|^    account: a-1|&\n    webhook: {path: /hook}|; 0,/provider: rest/s|provider: rest|provider: ./unsigned.yaml|' \
    loopless.yaml >hook.yaml

# ---- input ----

for t in $readers; do
    fresh
    try tool "$t" </dev/null
    expect "$t: empty input is fine" 0 ""
    is "$t: empty input, no record" "" "$(ids out)"

    fresh
    { line "$t" 1 && line "$t" 2; } >in
    try tool "$t" <in
    cp out plain
    is "$t: two lines" "0 1 2 " "$rc $(ids out)"
    fresh
    { line "$t" 1 && line "$t" 2 | tr -d '\n'; } >in
    try tool "$t" <in
    expect "$t: a line without newline is dropped with a warning" 0 "warning: .*last line has no newline"
    is "$t: only the whole line passes" "1 " "$(ids out)"
    fresh
    { line "$t" 1 && line "$t" 2; } | sed 's/$/\r/' >in
    try tool "$t" <in
    is "$t: CRLF is LF" "0 $(ids plain)" "$rc $(ids out)"
    fresh
    { printf '\357\273\277' && line "$t" 1 && line "$t" 2; } >in
    try tool "$t" <in
    is "$t: a byte order mark is nothing" "0 $(ids plain)" "$rc $(ids out)"

    fresh
    for bad in '{"bad":1' '{"a":1,"a":2}' '["no object"]' "$(printf '{"x":"\377"}')"; do
        rm -f rejected
        fresh
        { line "$t" 1 && printf '%s\n' "$bad" && line "$t" 2; } >in
        try tool "$t" --rejects rejected <in
        expect "$t: bad line is named: $(printf '%s' "$bad" | tr -cd ' -~')" 2 'error: .*line 2'
        is "$t: the others pass" "1 2 " "$(ids out)"
        is "$t: the bad line is kept" "$bad" "$(cat rejected)"
    done

    fresh
    { line "$t" 1 && head -c 17000000 /dev/zero | tr '\0' x && echo && line "$t" 2; } >in
    try tool "$t" <in
    expect "$t: a line over 16 MiB is refused" 2 'error: .*line 2'
    is "$t: what is around it passes" "1 2 " "$(ids out)"
    fresh
    head -c 20000000 /dev/zero | tr '\0' x >in
    try tool "$t" <in
    one_error "$t: a line that does not end is one error" 2
    is "$t: and nothing comes of it" "" "$(ids out)"
done
rm -f in

# ---- output ----

for t in $all; do
    fresh
    line "$t" 1 >in
    tool "$t" <in >/dev/full 2>err
    rc=$?
    one_error "$t: a full disk is 74, in one line" 74
    fresh
    tool "$t" <in >&- 2>err
    rc=$?
    one_error "$t: a closed stdout is 74, in one line" 74
    case $t in
    sim) ;;
    *)
        rm -f rejected
        fresh
        tool "$t" --rejects rejected <in >&- 2>err
        ok "$t: no other file takes the place of a closed stdout" test ! -s rejected
        ;;
    esac
    ok "$t: the state is whole" sync-ctl audit
done

# ---- config ----

mkdir empty
cd empty || exit 99
for t in $with_conf; do
    try tool "$t" </dev/null
    expect "$t: no config is 78" 78 'no config.*-c or .LOOPLESS_CONFIG|^sync-ctl: error: ./loopless.yaml'
done
cd ..
cp loopless.yaml good.yaml
sed 's/^jobs:/jbos:/; s/owner: b/owner: c/; s/every: 4h/every: soon/; s/match:/macth:/' good.yaml >bad.yaml
printf 'version: 1\nstate: [\n' >broken.yaml
for t in $with_conf; do
    [ "$t" != pause ] || continue # works also with a broken config
    try tool "$t" -c bad.yaml </dev/null
    expect "$t: unknown key, did you mean" 78 "bad.yaml:[0-9]+:[0-9]+: unknown key 'macth' \(did you mean match\?\)"
    is "$t: all faults are told" 3 "$(grep -c 'bad.yaml:[0-9]' err)"
    is "$t: nothing on stdout" 0 "$(wc -c <out)"
    try tool "$t" -c broken.yaml </dev/null
    expect "$t: a config that is no YAML is 78" 78 'broken.yaml:[0-9]+:[0-9]+: broken YAML'
done
fresh
try tool pause -c bad.yaml
expect "pause: works with a broken config" 0 ""
rm a.token
for t in $with_secrets; do
    fresh
    try tool "$t" </dev/null
    expect "$t: a missing secret is 78" 78 'loopless.yaml:[0-9]+:[0-9]+: .*a.token'
done
for t in emit echofilter ctl; do
    fresh
    try tool "$t" </dev/null
    expect "$t: works without secrets" 0 ""
done
(umask 077 && echo a-secret >a.token)

# ---- state ----

for t in $with_state; do
    rm -f state.db state.db-*
    try tool "$t" </dev/null
    expect "$t: a missing state is 78, with the way out" 78 'sync-ctl init'
    ok "$t: and none is made" test ! -e state.db
    echo "no state at all" >state.db
    try tool "$t" </dev/null
    one_error "$t: a state that is none is 78" 78
    is "$t: and is left alone" "no state at all" "$(cat state.db)"
done

# An event of b:2001 that is an echo, out under p1:1: what echofilter disposes of, push decides.
with_events()
{
    fresh
    sync-reconcile run -q contacts b-contacts >/dev/null 2>run.err || cat run.err >&2
    last=$(sql "SELECT max(seq) FROM sync_inbox")
    id=$(sql "SELECT record_id FROM sync_metadata WHERE external_system = 'b' AND link_id = 1")
    sql "
        INSERT INTO sync_inbox (seq, lane, link_id, system, account, resource, record_id, event_type,
            event_id, path, received_at, map_hash, payload, not_before, lease, fence, leased_ms)
        SELECT $((last + 1)), 'L1', 1, 'b', 'b-1', 'crm/contacts', '$id', 'updated', 'e1', 'webhook',
            received_at, '', payload, not_before, 'p1', 1, 0 FROM sync_inbox LIMIT 1;
        INSERT INTO sync_inbox (lane, system, account, resource, record_id, event_type,
            event_id, path, received_at, map_hash, payload, not_before)
        SELECT 'R2', 'b', 'b-1', 'crm/contacts', 'x', 'updated', 'e2', 'webhook',
            received_at, '', payload, not_before FROM sync_inbox LIMIT 1"
    email=$(sql "SELECT fields ->> 'email' FROM sync_metadata WHERE link_id = 1 LIMIT 1")
    head='{"v":1,"seq":'"$((last + 1))"',"lease":"p1:1","system":"b","account":"b-1","resource":"crm/contacts","record_id":"'$id'","event_type":"updated"'
    echo "$head"',"fields":{"email":"'"$email"'"},"partial":true}' >in.echofilter
    echo "$head"',"fields":null,"link":null,"generation":0,"ends":[],"rules":{},"writes":[],"disposition":"ignored"}' >in.push
    cp in.push in
    : >in.emit
    cp in.emit in.run
    cp in.emit in.pause
}

undisposed()
{
    sql "SELECT group_concat(seq) FROM sync_inbox WHERE disposition IS NULL"
}

with_events
cp state.db events.db
is "two events wait" "$((last + 1)),$((last + 2))" "$(undisposed)"

reset_events()
{
    rm -f state.db state.db-*
    cp events.db state.db
}

lock()
{
    rm -f sql held
    mkfifo sql held
    sqlite3 state.db <sql >held 2>/dev/null &
    locker=$!
    exec 9>sql
    echo "BEGIN IMMEDIATE; SELECT 'held';" >&9
    read -r _ <held
}

unlock()
{
    echo 'ROLLBACK;' >&9
    exec 9>&-
    wait "$locker"
}

for t in $writers; do
    reset_events
    lock
    LOOPLESS_BUSY_MS=50 try tool "$t" <"in.$t"
    unlock
    one_error "$t: a locked state is 75" 75
    like "$t: and says that nothing is lost" "locked by another process.*nothing is lost" "$(tr '\n' ' ' <err)"
    is "$t: nothing is lost" "$((last + 1)),$((last + 2))" "$(undisposed)"
done
exec 9>&-

# Root writes where it likes: become nobody.
as_nobody()
{
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    else
        "$@"
    fi
}

reset_events
chmod 755 . && chmod a+r ./*.yaml now.ndjson && chmod 444 state.db
echo "b-secret" | tee pub.token >a.pub
if as_nobody sync-ctl --version >/dev/null 2>&1 && as_nobody test -r "$LOOPLESS_PROVIDERS/rest.yaml" &&
    as_nobody test -r state.db; then
    A_TOKEN=a-secret B_TOKEN=b-secret
    export A_TOKEN B_TOKEN
    sed 's/\${file:\(.\).token}/${env:\1_TOKEN}/; s/env:a/env:A/; s/env:b/env:B/' good.yaml >env.yaml
    chmod a+r env.yaml
    for t in emit echofilter push run pause; do
        case $t in
        emit) set -- sync-ingest emit ;;
        run) set -- sync-reconcile run ;;
        pause) set -- sync-ctl pause ;;
        *) set -- "sync-$t" ;;
        esac
        try as_nobody "$@" -c env.yaml <"in.$t"
        one_error "$t: a state that cannot be written is 78" 78
    done
    try as_nobody sync-ctl -c env.yaml status
    expect "ctl: a state that can only be read is fine for status" 0 ""
else
    skip "a state that can only be read" "nobody cannot run the programs here"
fi
chmod 644 state.db

# A disk that is full.
mkdir small
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=1m tmpfs small 2>/dev/null; then
    trap 'umount "$tmp/small" 2>/dev/null; lib_end' EXIT
    sed 's|sqlite:state.db|sqlite:small/state.db|' good.yaml >small.yaml
    for t in emit push run pause; do
        rm -f small/*
        cp events.db small/state.db
        LOOPLESS_CONFIG=small.yaml
        export LOOPLESS_CONFIG
        sync-ctl audit >before
        dd if=/dev/zero of=small/filler bs=4k 2>/dev/null
        try tool "$t" <"in.$t"
        expect "$t: a full disk under the state is 74" 74 ': error: .*(full|disk I/O|lost)'
        rm small/filler
        sync-ctl audit >after
        same_file "$t: nothing is lost" before after
        unset LOOPLESS_CONFIG
    done
    umount small
else
    skip "a state on a full disk" "no tmpfs can be mounted here"
fi
done_testing
