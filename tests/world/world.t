#!/bin/sh
# Fifty worlds, always the same. Programs with sanitizers are ten times slower: fewer, and less haste.
if grep -q __asan_init "${top_builddir:-.}/sync-push"; then
    exec "${top_srcdir:-.}/tests/world/run" --from 1 --count 12 --jobs 2 --haste 10
fi
exec "${top_srcdir:-.}/tests/world/run" --from 1 --count 50 --jobs 3
