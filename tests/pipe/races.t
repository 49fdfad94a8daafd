#!/bin/sh
# What races, late answers, hostile servers and hand-made lines must not do: write twice, lose an
# edit, leave anything open for ever, run hot.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
. "$top_srcdir/tests/lib.sh"
url_a="" url_b="" # deployment sets them
need curl jq sqlite3 timeout

sql() { sqlite3 state.db ".timeout 5000" "$1"; }
count() { sim "$1" /_sim/counters | jq "$2"; }
writes() { count "$1" '.creates + .updates + .deletes + .refused'; }
quirk() { sim "$1" /_sim/quirk -d "{\"name\":\"$2\",\"value\":$3}" >/dev/null; }
add() { sim "$1" /_human/contacts -X POST -H 'Content-Type: application/json' -d "$2" >/dev/null; }
record() { sim "$1" /_sim/dump/contacts | jq -c --arg e "$2" ".[] | select(.email == \$e) | $3"; }
edit() { # URL EMAIL BODY
    sim "$1" "/_human/contacts/$(record "$1" "$2" .id)" -X PATCH -H 'Content-Type: application/json' -d "$3" >/dev/null
}
run() { sync-reconcile run "$@" contacts b-contacts >results 2>messages; }
fresh() { # NAME ; a new deployment in a folder of its own, empty on both sides
    [ -z "${pid_a-}" ] || { stop_sim "$pid_a" && stop_sim "$pid_b"; } 2>/dev/null
    mkdir "$tmp/$1" && cd "$tmp/$1" || exit 99
    start_sim a --seed 1 && pid_a=$SIM_PID
    start_sim b --seed 2 && pid_b=$SIM_PID
    write_config a "$url_a" b "$url_b" >loopless.yaml
    sync-ctl init >/dev/null || exit 99
}
creation() { # ID EMAIL : a decision to create a:ID at b
    jq -nc --arg id "$1" --arg email "$2" '{v:1,system:"a",account:"a-1",resource:"crm/contacts",
        record_id:$id,event_type:"created",fields:null,link:null,generation:0,external_id:"x-\($id)",
        ends:[{system:"a",account:"a-1",record_id:$id,covered:{email:$email,first_name:"Ann"},state:"live"}],
        rules:{email:{rule:"create",source:"a"}},
        writes:[{target:"b",account:"b-1",action:"create",external_id:"x-\($id)",
            set:{email:$email,first_name:"Ann"},sources:{email:"a",first_name:"a"}}],
        claims:["key-\($email)"],map_hash:"m"}'
}

# ---- input that stops in the middle of a line ----
fresh half
mkfifo lines
sync-push <lines >out 2>err &
pusher=$!
exec 9>lines
creation 1 ann@example.com >&9
creation 2 bob@example.com | head -c 50 >&9
# shellcheck disable=SC2016
ok "a half-written line does not hold up the whole one before it" timeout 20 \
    sh -c 'until grep -q "\"pushed\"" out; do :; done'
exec 9>&-
wait "$pusher"
is "a half-written line is dropped" "1 1" "$(grep -c 'no newline' err) $(count "$url_b" .creates)"

done_testing
