#!/bin/sh
# Every scenario, stopped at every crash point of every program; see tests/crash/run.
exec "${top_srcdir:-.}/tests/crash/run" --floor 1500
