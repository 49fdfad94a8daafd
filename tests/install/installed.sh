#!/bin/sh
# Is what `make install` put there whole? Two systems and a sync, by the installed programs with
# their own models and providers, and their pages. Called by `make installcheck`, from a folder of
# its own; nothing of the source or build tree is read.
#
# usage: installed.sh BINDIR MANDIR "PROGRAM..." "PAGE..." (as make lists them)
set -u
bindir=$1 mandir=$2 programs=$3 pages=$4
bad=0
PATH=$bindir:/usr/bin:/bin
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY MANPATH
for name in $(env | sed -n 's/^\(LOOPLESS_[A-Z_]*\)=.*/\1/p'); do
    unset "$name"
done
LC_ALL=C
export PATH LC_ALL
sims=
tmp=$(mktemp -d) || exit 99

end()
{
    for sim in $sims; do
        kill "$sim" && wait "$sim"
    done 2>/dev/null
    cd / && rm -rf "$tmp"
}
trap end EXIT
trap 'exit 130' INT TERM HUP
cd "$tmp" || exit 99

fail()
{
    echo "installed.sh: $*" >&2
    bad=1
}

# ---- programs and pages ----
for program in $programs; do
    [ "$(command -v "$program")" = "$bindir/$program" ] || fail "$program: not in $bindir"
    "$program" --version >out 2>err || fail "$program --version: $(cat err)"
    [ -f "$mandir/man1/$program.1" ] || fail "$program: has no page"
done
for page in $pages; do
    page=${page##*/}
    file=$mandir/man${page##*.}/$page
    [ -f "$file" ] || fail "$page: not in $mandir"
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -Wwarning "$file" >out 2>&1 || fail "$page: $(head -n 3 out)"
    fi
    if command -v man >/dev/null; then
        [ "$(man -M "$mandir" -w "${page##*.}" "${page%.*}" 2>err)" = "$file" ] ||
            fail "$page: man does not find it: $(cat err)"
    fi
done

# ---- two systems, one sync ----
if ! command -v curl >/dev/null || ! command -v jq >/dev/null; then
    echo "installed.sh: no curl or no jq: nothing is synced"
    exit $bad
fi

start_sim() # NAME
{
    touch "$1.ndjson"
    mkfifo "$1.fifo"
    (umask 077 && echo "$1-secret" >"$1.token")
    sync-sim --ready-file "$1.ready" --token "$1-secret" --account "$1-1" \
        --load "contacts=$1.ndjson" >"$1.fifo" 2>"$1.log" &
    sims="$sims $!"
    head -n 1 "$1.fifo" >"$1.said" # once it is ready
    [ -s "$1.said" ] || fail "sync-sim: $(cat "$1.log")"
    eval "url_$1=\$(jq -r .url <\"\$1.ready\")"
}

dump() # URL
{
    curl -sS "$1/_sim/dump/contacts" |
        jq -c 'map({first_name, last_name, email, phone}) | sort_by(.email)'
}

jq -nc 'range(1; 6) | {id: ., first_name: "F\(.)", last_name: "L\(.)", email: "p\(.)@example.com",
    phone: "\(.)", updated_at: "2026-01-01T00:00:0\(.).000Z"}' >a.ndjson
start_sim a
start_sim b
# shellcheck disable=SC2154 # url_a and url_b come from start_sim
cat >loopless.yaml <<END
version: 1
state: sqlite:state.db
systems:
  a: {provider: rest, account: a-1, base_url: "$url_a", auth: {type: bearer, token: "\${file:a.token}"}}
  b: {provider: rest, account: b-1, base_url: "$url_b", auth: {type: bearer, token: "\${file:b.token}"}}
sync:
  crm/contacts:
    between: [a, b]
    match: [email]
    first_contact: a
    create: {a: true, b: true}
    fields:
      first_name: {owner: any}
      last_name: {owner: any}
      email: {owner: any}
      phone: {owner: any}
jobs:
  contacts: {system: a, resource: crm/contacts, every: 4h}
  b-contacts: {system: b, resource: crm/contacts, every: 15m}
END

works() # COMMAND...
{
    "$@" >out 2>err || fail "$*: status $?: $(cat err)"
}

works sync-ctl check
works sync-ctl init
works sync-reconcile run
a=$(dump "$url_a") b=$(dump "$url_b")
[ "$(echo "$b" | jq length)" = 5 ] || fail "b has not got five contacts: $b"
[ "$a" = "$b" ] || fail "the systems differ: $a and $b"
works sync-ctl audit
[ $bad -ne 0 ] || echo "installed.sh: $(echo "$programs" | wc -w) programs and $(echo "$pages" | wc -w) pages are fine"
exit $bad
