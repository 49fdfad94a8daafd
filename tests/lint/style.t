#!/bin/sh
# Rules of the house that a program can check.
set -eu
cd "${top_srcdir:-$(dirname "$0")/../..}"

n=0
check() # NAME FAULTS
{
    n=$((n + 1))
    [ -z "$2" ] || { printf '%s\n' "$2" | head -20 | sed 's/^/# /' && printf 'not '; }
    echo "ok $n - $1"
}

echo 1..5
check "no file is over 800 lines" "$(
    find src tests -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 800 {print $2 ": " $1}'
)"
check "no function is over 120 lines" "$(
    find src -name '*.c' -exec awk '
        /^[a-z_].*\)$/ && !/;/ {name = $0; start = FNR}
        /^}/ {if (start && FNR - start > 120) print FILENAME ":" start ": " name; start = 0}' {} +
)"
check "guards are paths" "$(
    find src -name '*.h' | sort | while read -r f; do
        guard=$(printf '%s' "${f#src/}" | tr 'a-z/.-' 'A-Z___')
        grep -q "^#ifndef $guard\$" "$f" || echo "$f: the guard is not $guard"
    done
)"
check "comments are whole, and config.h comes first" "$(
    grep -rnE '^[[:space:]]*//|[;{}][[:space:]]*//' src tests --include='*.[ch]' || true
    find src -name '*.c' -exec grep -L '#include <config.h>' {} + | sed 's/$/: no config.h/'
)"
check "nothing is left for later by its own words" "$(
    grep -rnwE 'TODO|FIXME|XXX' src man examples || true
)"
