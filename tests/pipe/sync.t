#!/bin/sh
# The main job, by polling: two live systems kept in step in both directions, without a loop.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
. "$top_srcdir/tests/lib.sh"
url_a="" url_b="" # deployment sets them
need curl jq sqlite3

count() { # JQ-EXPRESSION over the counters: the sum of both systems
    echo $(($(sim "$url_a" /_sim/counters | jq "$1") + $(sim "$url_b" /_sim/counters | jq "$1")))
}
writes() { count '.creates + .updates + .deletes + .refused'; }
calls() { count .calls; }
records() { # URL: what is synced of it, by e-mail
    sim "$1" /_sim/dump/contacts |
        jq -c '.[] | [.email, .first_name, .last_name, .phone, .notes, .score]' | sort
}
record() { sim "$1" /_sim/dump/contacts | jq -c --arg e "$2" ".[] | select((.email // \"\" | ascii_downcase) == \$e) | $3"; }
id_of() { sim "$1" /_sim/dump/contacts | jq -r --arg e "$2" '.[] | select((.email // "" | ascii_downcase) == $e) | .id'; }
edit() { # URL EMAIL BODY
    sim "$1" "/_human/contacts/$(id_of "$1" "$2")" -X PATCH -H 'Content-Type: application/json' -d "$3" >/dev/null
}
add() { sim "$1" /_human/contacts -X POST -H 'Content-Type: application/json' -d "$2" >/dev/null; }
run() { sync-reconcile run contacts b-contacts >results 2>messages; }
quiet() { # NAME: another run writes nothing, and the balance holds
    before=$(writes)
    run
    is "$1: the next run ends well" 0 $?
    is "$1: the next run writes nothing" "$before" "$(writes)"
    ok "$1: every event is accounted for" sync-ctl audit
}

deployment
for i in 1 2 3 4 5 6; do
    add "$url_a" "{\"email\":\"p$i@example.com\",\"first_name\":\"G$i\",\"last_name\":\"F$i\",\"phone\":\"$i\",\"notes\":\"\"}"
done
for i in 5 6; do add "$url_b" "{\"email\":\"P$i@example.com\",\"first_name\":\"G$i\",\"last_name\":\"F$i\",\"phone\":\"$i\",\"score\":$i,\"notes\":\"\"}"; done
add "$url_b" '{"email":"only-b@example.com","first_name":"B","last_name":"B","phone":"7","notes":"hers"}'

run
is "the first run ends well" 0 $?
is "records missing in b are created there" 7 "$(sim "$url_b" /_sim/dump/contacts | jq length)"
is "records missing in a are created there" 7 "$(sim "$url_a" /_sim/dump/contacts | jq length)"
is "matched records are linked, not made again" 7 "$(sqlite3 state.db 'SELECT count(*) FROM sync_links')"
quiet "after first contact"

edit "$url_a" p1@example.com '{"phone":"+1 555"}'
edit "$url_b" p2@example.com '{"notes":"from b"}'
before=$(writes)
run
is "an edit of either side travels, one write each" $((before + 2)) "$(writes)"
is "a's edit is in b" '"+1 555"' "$(record "$url_b" p1@example.com .phone)"
is "b's edit is in a" '"from b"' "$(record "$url_a" p2@example.com .notes)"
quiet "after an edit on each side"

edit "$url_a" p1@example.com '{"phone":"one"}'
edit "$url_a" p1@example.com '{"phone":"two"}'
edit "$url_a" p1@example.com '{"phone":"three"}'
edit "$url_b" p1@example.com '{"notes":"other field"}'
before=$(writes)
run
is "edits of different fields on both sides merge: one write each" $((before + 2)) "$(writes)"
is "the last of three edits arrives" '"three"' "$(record "$url_b" p1@example.com .phone)"
is "the other side's edit arrives too" '"other field"' "$(record "$url_a" p1@example.com .notes)"
quiet "after a merge"

edit "$url_b" p3@example.com '{"first_name":"Mine"}'
before=$(writes)
run
is "who does not own a field changes it at home only" "$before" "$(writes)"
is "and keeps the edit" '"Mine"' "$(record "$url_b" p3@example.com .first_name)"
like "the line says so" '"disposition":"not-owner"' "$(cat results)"
edit "$url_a" p3@example.com '{"first_name":"Owner"}'
run
is "the owner's next edit wins" '"Owner"' "$(record "$url_b" p3@example.com .first_name)"
quiet "after the owner's edit"

edit "$url_a" p4@example.com '{"phone":"same"}'
edit "$url_b" p4@example.com '{"phone":"same"}'
before=$(writes)
run
is "the same edit on both sides is adopted without a write" "$before" "$(writes)"

edit "$url_a" p4@example.com '{"phone":"from a"}'
edit "$url_b" p4@example.com '{"phone":"from b"}'
before=$(writes)
run
is "a conflict costs one write" $((before + 1)) "$(writes)"
is "and both agree afterwards" "$(record "$url_a" p4@example.com .phone)" "$(record "$url_b" p4@example.com .phone)"
quiet "after a conflict"

edit "$url_a" p5@example.com '{"phone":"x"}'
run
edit "$url_a" p5@example.com '{"phone":"5"}'
before=$(writes)
run
is "an edit taken back is written back once" $((before + 1)) "$(writes)"
is "and is there" '"5"' "$(record "$url_b" p5@example.com .phone)"
quiet "after an edit taken back"

sim "$url_b" /_sim/quirk -X POST -d '{"name":"noop-touches","value":true}' >/dev/null
before=$(calls)
run
run
mid=$(calls)
run
is "runs with nothing to do cost the same few calls each" $(((mid - before) / 2)) $(($(calls) - mid))

# Rounds of random edits from a fixed seed: always quiescent after one run, always equal.
rounds=12
seed=7
rand() { seed=$(((seed * 1103515245 + 12345) % 2147483648)) && rand=$((seed / 65536 % $1)); }
for round in $(seq $rounds); do
    for _ in 1 2 3; do
        rand 2 && [ $rand -eq 0 ] && url=$url_a || url=$url_b
        rand 6 && email=p$((rand + 1))@example.com
        rand 2 && [ $rand -eq 0 ] && field=phone || field=notes
        rand 4
        edit "$url" "$email" "{\"$field\":\"r$rand\"}"
    done
    run || { echo "round $round: exit $?" && cat messages; } >>why
    before=$(writes)
    run || { echo "round $round again: exit $?" && cat messages; } >>why
    [ "$(writes)" = "$before" ] || echo "round $round: the second run wrote" >>why
    records "$url_a" | jq -c '[(.[0] // "" | ascii_downcase), .[3], .[4]]' | sort >want
    records "$url_b" | jq -c '[(.[0] // "" | ascii_downcase), .[3], .[4]]' | sort >have
    cmp -s want have || { echo "round $round: not equal" && diff want have; } >>why
done
if [ -s why ]; then fail "$rounds rounds of random edits: equal and quiescent" <why; else pass "$rounds rounds of random edits: equal and quiescent"; fi
ok "the balance holds at the end" sync-ctl audit
is "nothing is left open" 0 "$(sqlite3 state.db "SELECT count(*) FROM sync_intents WHERE state IN ('prepared','sent','unknown')")"
is "nothing is owed" 0 "$(sqlite3 state.db 'SELECT count(*) FROM sync_owed')"
done_testing
