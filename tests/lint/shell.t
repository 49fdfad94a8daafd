#!/bin/sh
# Shell scripts are clean by shellcheck.
set -eu
cd "${top_srcdir:-$(dirname "$0")/../..}"
command -v shellcheck >/dev/null || { echo "1..0 # SKIP shellcheck is not installed" && exit 0; }

files=$(grep -rlE '^#!/bin/(ba)?sh' tests examples .ci 2>/dev/null | sort)
echo "1..$(printf '%s\n' "$files" | wc -l)"
n=0
for file in $files; do
    n=$((n + 1))
    bad=$(shellcheck -S warning -x "$file" 2>&1) || { printf '%s\n' "$bad" | sed 's/^/# /' && printf 'not '; }
    echo "ok $n - $file"
done
