#!/bin/sh
# Two systems that send webhooks, the listener and the pipe: an edit arrives once, whatever the
# webhooks do; echoes settle; the books balance.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3 timeout
# shellcheck source=tests/pipe/listener.sh
. "$top_srcdir/tests/pipe/listener.sh"

# The listener needs the systems' names only, and they need its address: it starts first.
live() # NAME [OPTION of sync-sim]...
{
    stop_live
    enter "$1"
    shift
    lib_url_a=http://127.0.0.1:9
    # shellcheck disable=SC2034
    lib_url_b=$lib_url_a
    (umask 077 && echo later >a.token && echo later >b.token)
    configure
    new_state
    listener 127.0.0.1:0
    listener_pid=$pid
    seed=0
    for name in a b; do
        start_sim $name --seed $((seed += 1)) --webhook "$url/$name" --webhook-secret "$secret" --actor "us-$name" "$@"
    done
    configure
    run # there is nothing yet; before its first listing a resource is loading
    sync-ingest emit --follow 2>emit.err | sync-echofilter --explain 2>echo.err | sync-diff 2>diff.err |
        sync-push >results 2>push.err &
    pipe=$!
    add a '{"email":"ann@example.com","first_name":"Ann","phone":"1","notes":"n"}'
    settled
}

configure()
{
    write_config a b
    for name in a b; do
        sed -i "s|^    account: $name-1|&\n    webhook: {path: /$name, secrets: [\"\${file:$tmp/secret}\"]}\n    self: [us-$name]|" loopless.yaml
    done
}

stop_live()
{
    [ -n "${pipe-}" ] || return 0
    kill "$listener_pid" # the pipe ends with the script's other jobs, or with its emitter
    wait "$listener_pid"
    stop_all
    stop_emitter
    wait "$pipe"
}

# The emitter of this state only: its process is in the state.
stop_emitter()
{
    for emitter in $(sql "SELECT pid FROM sync_leases WHERE name LIKE 'p%'"); do
        grep -q sync-ingest "/proc/$emitter/comm" && kill "$emitter"
    done 2>/dev/null
}


# All webhooks are delivered, and what they said is decided: twice, for what deciding caused.
settled()
{
    for round in 1 2 3; do
        drain a
        drain b
        # shellcheck disable=SC2016
        if ! timeout 15 sh -c 'until [ "$(sqlite3 -cmd ".timeout 5000" state.db "$1")" = 0 ]; do :; done' sh \
            "SELECT (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL) + (SELECT count(*) FROM sync_requests WHERE state = 'new')"; then
            echo "# round $round: $(sql 'SELECT seq, system, record_id, not_before, lease, reason FROM sync_inbox WHERE disposition IS NULL')"
        fi
    done
}

# Both show it, and it took so many writes to the other side.
arrived() # NAME FIELD WANT WRITES
{
    settled
    is "$1" "$3 $3 $4" "$(record a ann@example.com ".$2") $(record b ann@example.com ".$2") $(($(writes a b) - before))"
    before=$(writes a b)
}

there_and_back() # NAME [WRITES]
{
    before=$(writes a b)
    edit a ann@example.com '{"phone":"2"}'
    arrived "$1: an edit at a arrives once" phone '"2"' 1
    edit b ann@example.com '{"phone":"3","notes":"three"}'
    arrived "$1: an edit at b arrives once" notes '"three"' 1
    edit a ann@example.com '{"phone":"2"}'
    arrived "$1: going back to an old value is an edit" phone '"2"' 1
    ok "$1: the books balance" sync-ctl audit
}

for payload in full partial skinny; do
    live "$payload" --webhook-payload "$payload"
    is "$payload: a record made at a is made at b" 1 "$(dump b length)"
    there_and_back "$payload"
    is "$payload: no event is refused" 0 "$(sql 'SELECT count(*) FROM sync_rejects')"
done
ok "skinny: echoes are marked, and cost no write" grep -q maybe_echo results

for quirk in webhook-before-answer webhook-per-property webhook-no-actor webhook-no-time webhook-noop; do
    live "$quirk" --quirk "$quirk"
    there_and_back "$quirk"
done
live duplicate --quirk webhook-duplicate=2 --webhook-payload skinny
there_and_back duplicate
is "duplicate: each event is admitted once" 0 \
    "$(sql 'SELECT count(*) - count(DISTINCT system || event_id) FROM sync_inbox')"

live deleted
human b DELETE "/contacts/$(record b ann@example.com .id)"
settled
is "deleted: a tombstone, and nothing is deleted" "1 1" "$(sql 'SELECT count(*) FROM sync_metadata WHERE deleted_at IS NOT NULL') $(dump a length)"
ok "deleted: the books balance" sync-ctl audit
stop_live
done_testing
