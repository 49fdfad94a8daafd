#!/bin/sh
# What an operator does at night: pause, look, resume; wrong names; systems that are down.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need curl jq sqlite3

contacts 1 5 >crm.ndjson
contacts 1 5 >app.ndjson
start_sim crm --load contacts=crm.ndjson
start_sim app --load contacts=app.ndjson
write_config crm app
new_state
try sync-reconcile run
is "linked" "0 5" "$rc $(sql 'SELECT count(*) FROM sync_links')"

# ---- names ----
try sync-ctl pause ap
is "a system that is not there cannot be paused" "64 0" "$rc $(sql 'SELECT count(*) FROM sync_pauses')"
has "those there are, are named" "systems: crm, app"
try sync-ctl pause crm/contact
is "nor a resource" "64 0" "$rc $(sql 'SELECT count(*) FROM sync_pauses')"
sed 's/match:/macth:/' loopless.yaml >broken.yaml
try sync-ctl -c broken.yaml pause app
is "with a broken config a name is taken as it is" "0 1" "$rc $(sql 'SELECT count(*) FROM sync_pauses')"
has "and that is said" "names are not checked: broken.yaml:"
try sync-ctl history crm/contacts nowhere:1
is "history of a system that is not there" 64 "$rc"
try sync-ctl history crm/contacts crm:777
is "history of nothing is empty" 0 "$rc"
has "and says so" "nothing is recorded of crm/contacts crm:777"

# ---- pause and resume ----
try sync-ctl resume app
try sync-ctl pause app --until 2h
human crm PATCH /contacts/1 '{"phone":"99"}'
try sync-reconcile run contacts
is "what is decided in a pause is owed: exit 75" "75 1" "$rc $(sql 'SELECT count(*) FROM sync_owed')"
try sync-ctl status
is "status says that a person must act" 1 "$(grep -c '^pauses .*sync-ctl resume' out)"
try sync-ctl -n resume app
try sync-reconcile run contacts
is "a rehearsed resume changes nothing" 1 "$(sql 'SELECT count(*) FROM sync_owed')"
try sync-ctl resume app
try sync-reconcile run contacts
is "the next run after resume writes it, long before the pause would have ended" \
    '0 0 "99"' "$rc $(sql 'SELECT count(*) FROM sync_owed') $(record app p1@example.com .phone)"
try sync-ctl status
is "then nothing needs a person" 1 "$(grep -c '^nothing needs a person' out)"

# ---- secrets ----
try sync-ctl check
is "check reads the secrets" 1 "$(grep -c '^secrets  ok' out)"
mv crm.token kept.token
try sync-ctl check
is "a secret that is not there is said without a call" 1 "$(grep -c '^secrets  missing .*crm.token' out)"
mv kept.token crm.token

# ---- a system that lets nobody in, one that is down ----
echo wrong >crm.token
try sync-reconcile run contacts
is "a wrong token: exit 69" 69 "$rc"
has "what to look at" "hint: are the credentials (auth) of crm right?"
edit_config '/^  crm:/,/^  app:/s|base_url: .*|base_url: http://127.0.0.1:1|' # nobody is there, for certain
sync-ctl resume -q crm --accept-account 2>/dev/null
try sync-reconcile run contacts
is "a system that is down: exit 75" 75 "$rc"
has "it is named, with its job" "job contacts: crm: GET /account: "
has "with what to look at" "hint: is crm up, and is its base_url http://127.0.0.1:1 right?"
try sync-ctl status
is "status names the job that failed" 1 "$(grep -c '^job contacts failed .*sync-reconcile run contacts' out)"
done_testing
