#!/bin/sh
# Every scenario, stopped at each ninth crash point, those of the means of writing at every one: the part
# of tests/crash/run for `make check`.
# Programs with sanitizers are ten times slower: each twentieth point then, and less haste.
if grep -q __asan_init "${top_builddir:-.}/sync-push"; then
    exec "${top_srcdir:-.}/tests/crash/run" --every 20 --haste 10 --floor 100
fi
exec "${top_srcdir:-.}/tests/crash/run" --every 9 --often --jobs 3 --floor 1800
