#!/bin/sh
# Every scenario, stopped at each third crash point: the part of tests/crash/run for `make check`.
# Programs with sanitizers are ten times slower: each eleventh point then, and less haste.
if grep -q __asan_init "${top_builddir:-.}/sync-push"; then
    exec "${top_srcdir:-.}/tests/crash/run" --every 11 --haste 10 --floor 100
fi
exec "${top_srcdir:-.}/tests/crash/run" --every 3 --jobs 3 --floor 500
