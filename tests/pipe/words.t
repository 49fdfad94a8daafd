#!/bin/sh
# Two systems that model a status differently: what a table that loses words does.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

# Six words at a, four at b, three that both mean.
worded() # FOLDER OWNER
{
    stop_all
    enter "$1"
    start_sim a --seed 1
    start_sim b --seed 2
    write_config a b
    sed -i "s|^      phone: .*|&\n      status: {owner: $2, values: words}|" loopless.yaml
    cat >>loopless.yaml <<'END'
values:
  words:
    a: {new: new, open: working, pending: working, hold: working, solved: done, closed: done}
    b: {New: new, Working: working, Escalated: working, Closed: done}
END
    new_state
    try sync-ctl check || cat err
    add a '{"email":"t@example.com","status":"pending"}'
    run
}
word() # SYSTEM: the status there
{
    dump "$1" '.[0].status'
}
becomes() # NAME A B
{
    run
    is "$1" "$2 $3" "$(word a) $(word b)"
}

worded any any
is "a record is made with the first word of that meaning" '"Working"' "$(word b)"
before="$(writes a) $(writes b)"
edit a t@example.com '{"status":"hold"}'
becomes "another word of the same meaning is no change elsewhere" '"hold"' '"Working"'
edit b t@example.com '{"status":"Escalated"}'
becomes "on neither side" '"hold"' '"Escalated"'
is "and nothing was written" "$before" "$(writes a) $(writes b)"
edit b t@example.com '{"status":"Closed"}'
becomes "a new meaning is written as the first word with it" '"solved"' '"Closed"'
edit b t@example.com '{"status":"Working"}'
becomes "the finer word is lost with that" '"open"' '"Working"'
edit a t@example.com '{"status":"closed"}'
becomes "what only a has is told as what it means" '"closed"' '"Closed"'
before="$(writes a) $(writes b)"
run
is "and a table that loses words makes no loop" "$before" "$(writes a) $(writes b)"

worded owned b
edit b t@example.com '{"status":"Closed"}'
becomes "the owner's meaning goes" '"solved"' '"Closed"'
edit a t@example.com '{"status":"closed"}'
becomes "a finer word beside the owner's stays" '"closed"' '"Closed"'
edit a t@example.com '{"status":"open"}'
becomes "another meaning is not told to the owner" '"open"' '"Closed"'

worded unknown any
edit b t@example.com '{"status":"Parked","phone":"5"}'
run
is "an unknown word refuses the record" '"pending"' "$(word a)"
is "and is kept for a person" 1 "$(sql "SELECT count(*) FROM sync_rejects")"
done_testing
