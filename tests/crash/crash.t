#!/bin/sh
# Every scenario, stopped at every crash point of every program; see tests/crash/run. Programs with
# sanitizers are ten times slower: each eleventh point then.
if grep -q __asan_init "${top_builddir:-.}/sync-push"; then
    exec "${top_srcdir:-.}/tests/crash/run" --every 11 --floor 100
fi
exec "${top_srcdir:-.}/tests/crash/run" --floor 1500
