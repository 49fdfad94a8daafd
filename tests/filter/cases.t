#!/bin/sh
# Golden cases: tests/filter/TOOL/CASE/.
#
#   args     the command line, as a shell would read it (nothing: no argument)
#   in       standard input (nothing: empty)
#   out      standard output, byte for byte
#   err      standard error, if it matters
#   status   the exit status, if it is not 0
#   filter   a shell command that takes out what cannot be the same twice
#   setup    a shell script that fills the state which `sync-ctl init` made
#   state    SQL for that state, after setup; neither is there: no state
#   want.X   what the file X holds afterwards
#   query    SQL to look at the state afterwards; rows: what it gives
#
# All other files are copied to the work folder, the folder models, too. A file of TOOL/ itself is in
# all its cases, below their own. The cases of webhooks/ are sync-ingest's. LOOPLESS_WRITE=1 in the environment writes out, err, rows, want.X instead of comparing them.
write=${LOOPLESS_WRITE:-}
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need jq sqlite3

LOOPLESS_NOW=2026-01-02T03:04:05.000Z
A_TOKEN=hush-a
B_TOKEN=hush-b
export LOOPLESS_NOW A_TOKEN B_TOKEN

make_state()
{
    sync-ctl init >/dev/null || return 1
    if [ -f setup ]; then sh -eu setup >/dev/null || return 1; fi
    if [ -f state ]; then sqlite3 -bail state.db <state; fi
}

set_up() # TOOL-FOLDER CASE-FOLDER
{
    rm -rf "$tmp/work"
    mkdir "$tmp/work" && cd "$tmp/work" || return 1
    for file in "$1"/* "$2"/*; do
        [ ! -f "$file" ] || cp "$file" . || return 1
    done
    [ ! -d "$1/models" ] || cp -R "$1/models" . || return 1
    chmod -R u+w .
    touch in args out
    if [ -f setup ] || [ -f state ]; then make_state; fi
}

# An expected file against what came; with LOOPLESS_WRITE it is written.
compare() # CASE-FOLDER FILE HAVE
{
    if [ -n "$write" ] && { [ "$2" = out ] || [ -f "$1/$2" ]; }; then
        cp "$3" "$1/$2"
    elif ! cmp -s "$2" "$3"; then
        echo "$2 differs:"
        diff -a -u "$2" "$3"
    fi
}

run_case() # TOOL CASE-FOLDER
{
    want=0
    [ ! -f status ] || want=$(cat status)
    eval "set -- \"\$@\" $(cat args)"
    tool=$1 folder=$2
    shift 2
    "$tool" "$@" <in >have.out 2>have.err
    have=$?
    [ "$have" -eq "$want" ] || { echo "status $have, not $want" && sed 's/^/stderr: /' have.err; }
    if [ -f filter ]; then
        sh filter <have.out >have.filtered && mv have.filtered have.out
        sh filter <have.err >have.filtered && mv have.filtered have.err
    fi
    compare "$folder" out have.out
    [ ! -f err ] || compare "$folder" err have.err
    for file in want.*; do
        [ ! -f "$file" ] || compare "$folder" "$file" "${file#want.}"
    done
    if [ -f query ]; then
        sqlite3 state.db <query >have.rows
        compare "$folder" rows have.rows
    fi
}

for tool_folder in "$top_srcdir"/tests/filter/sync-*/ "$top_srcdir"/tests/filter/webhooks/; do
    what=$(basename "$tool_folder")
    tool=$what
    [ "$what" != webhooks ] || tool=sync-ingest
    for folder in "$tool_folder"*/; do
        folder=${folder%/}
        [ "${folder##*/}" != models ] || continue
        name="$what: $(basename "$folder" | tr _ ' ')"
        if ! why=$(set_up "${tool_folder%/}" "$folder" 2>&1); then
            fail "$name" "no setup: $why"
            continue
        fi
        cd "$tmp/work" || exit 99
        why=$(run_case "$tool" "$folder" 2>&1)
        if [ -z "$why" ]; then pass "$name"; else fail "$name" "$why"; fi
    done
done
done_testing
