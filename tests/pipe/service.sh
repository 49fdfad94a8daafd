# shellcheck shell=sh
# The service as it is run: a listener, and a pipe that goes on for ever, beside simulated systems that
# send webhooks. Sourced after tests/lib.sh and tests/pipe/listener.sh.

# Systems of a deployment in a folder of its own; the listener hears all of them. The contacts in
# $tmp/NAME.ndjson, if it is there, are in system NAME.
service() # FOLDER NAME NAME [NAME]
{
    enter "$1"
    shift
    systems=$*
    service_seed=0
    for system in $systems; do
        service_seed=$((service_seed + 1))
        [ ! -e "$tmp/$system.ndjson" ] || mv "$tmp/$system.ndjson" .
        touch "$system.ndjson"
        start_system "$system" --seed $service_seed --load "contacts=$system.ndjson"
    done
    service_config "$@" && new_state
    listener 127.0.0.1:0
    tell_all
}

# Its records outlive it, see up.
start_system() # NAME OPTION...
{
    service_name=$1
    shift
    start_sim "$service_name" --file "$service_name.state" --webhook-secret "$secret" "$@"
}

# A system that was stopped, at its old address.
up() # NAME
{
    service_port=$(url "$1")
    start_system "$1" --listen "127.0.0.1:${service_port##*:}"
    tell "$1"
}

service_config() # NAME NAME [NAME]
{
    write_config "$1" "$2"
    if [ $# -eq 3 ]; then
        edit_config "s/between: .*/between: [$1, $2, $3]/
            s/create: .*/create: {$1: true, $2: true, $3: true}/
            s|^sync:|  $3:\n    provider: rest\n    account: $3-1\n    base_url: $(url "$3")\n    auth: {type: bearer, token: \"\${file:$3.token}\"}\n&|"
        echo "  $3-contacts: {system: $3, resource: crm/contacts, every: 15m}" >>loopless.yaml
    fi
    for system; do
        edit_config "s|^    account: $system-1|&\n    webhook: {path: /hooks/$system, secrets: [\"\${file:$tmp/secret}\"]}|"
    done
}

# Where the listener is now.
tell() # NAME
{
    # shellcheck disable=SC2154 # of listener
    sim "$1" /_sim/webhook -f -o /dev/null -d "{\"url\":\"$url/hooks/$1\"}"
}

tell_all()
{
    for system in $systems; do tell "$system"; done
}

# With the clock $pipe_now, if it is set; see fast.
start_pipe()
{
    rm -f .p1 .p2 .p3
    mkfifo .p1 .p2 .p3
    LOOPLESS_NOW=${pipe_now-}
    export LOOPLESS_NOW
    sync-push <.p3 >>results 2>>push.err &
    push=$!
    sync-diff <.p2 >.p3 2>>diff.err &
    diff=$!
    sync-echofilter <.p1 >.p2 2>>echofilter.err &
    echofilter=$!
    sync-ingest emit --follow >.p1 2>>emit.err &
    emit=$!
    unset LOOPLESS_NOW
}

# From now on the clock of the pipe runs ten times as fast, from so many hours on.
fast() # HOURS
{
    pipe_now=$(date -u -d "$1 hours" +%Y-%m-%dT%H:%M:%S.000Z)@$(awk '{printf "%d", $1 * 1000}' /proc/uptime)*10
}

# As a service manager does it. The status is the last that is not 0.
stop_pipe()
{
    kill -TERM "$emit"
    service_rc=0
    for service_pid in "$emit" "$echofilter" "$diff" "$push"; do
        wait "$service_pid" || service_rc=$?
    done
    return $service_rc
}

stop_service()
{
    stop_pipe
    stop_listener
    stop_all
}

# What is on its way between the listener and the systems: first how much, then how far it came.
service_state()
{
    sql "SELECT (SELECT count(*) FROM sync_requests WHERE state = 'new')
            + (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL)
            + (SELECT count(*) FROM sync_intents WHERE state IN ('prepared', 'sent', 'unknown')),
        (SELECT max(seq) FROM sync_inbox), (SELECT max(token) FROM sync_intents)"
}

# Nothing is on its way, also from the systems.
is_quiet()
{
    service_before=$(service_state)
    case $service_before in 0\|*) ;; *) return 1 ;; esac
    for system in $systems; do
        [ "$(sim "$system" /_sim/webhooks | jq ".queued | length")" = 0 ] || return 1
    done
    [ "$(service_state)" = "$service_before" ]
}

# For so many tries; then the test goes on and fails by what it looks at.
quiet()
{
    service_until=$(($(date +%s) + 60))
    until is_quiet; do
        [ "$(date +%s)" -lt $service_until ] || return 1
        kill -0 "$push" 2>/dev/null || return 1
    done
}

# How the events of a system ended: DISPOSITION:COUNT ...
ends_of() # NAME
{
    sql "SELECT disposition || ':' || count(*) FROM sync_inbox WHERE system = '$1' AND path = 'webhook'
        GROUP BY disposition ORDER BY disposition" | xargs
}

# The same fields at two systems?
agree() # NAME NAME
{
    for system; do
        dump "$system" '[.[] | {email, first_name, last_name, phone, notes}] | sort_by(.email)' >"$system.have"
    done
    cmp -s "$1.have" "$2.have"
}

# The same edit by a person of records FROM to TO, in one go.
edit_all() # NAME FROM TO CHANGES
{
    printf '%s' "$4" >edit.json
    seq "$2" "$3" | awk -v url="$(url "$1")/_human/contacts/" '
        NR > 1 {print "next"}
        {print "url = " url $1 "\nrequest = PATCH\nfail\nsilent\nshow-error\noutput = /dev/null"}
        {print "data = @edit.json\nheader = \"Content-Type: application/json\""}' >edits.curl
    curl -K edits.curl
}
