#!/bin/bash
# The EXAMPLES of every page run: each in a deployment of its own, with a CRM and a product, some
# contacts that were synced once, an edit on each side since, and their events in the inbox.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
need jq sqlite3 mlr curl

cat >crm.base <<'END'
{"id":1001,"email":"ann@example.org","first_name":"Ann","phone":"+1 555 0100"}
{"id":1002,"email":"bob@example.org","first_name":"Bob","phone":"+1 555 0101"}
{"id":1003,"email":"cid@example.org","first_name":"Cid"}
END
cat >app.base <<'END'
{"id":42,"email":"ann@example.org","first_name":"Ann","score":7}
{"id":43,"email":"dot@example.org","first_name":"Dot"}
END

# The examples of a page, one file each: shell lines as they stand, in .Dl or .Bd -literal.
extract() # PAGE FOLDER
{
    rm -rf "$2" && mkdir "$2"
    awk -v folder="$2" '
        function out(line) {
            gsub(/\\\(dq/, "\"", line); gsub(/\\&/, "", line); gsub(/\\-/, "-", line)
            gsub(/\\e/, "\\", line)
            print line > file
        }
        function start() { file = sprintf("%s/%02d", folder, ++n) }
        /^\.Sh / { inside = $2 == "EXAMPLES"; next }
        !inside { next }
        /^\.Bd / { start(); block = 1; next }
        /^\.Ed/ { block = 0; next }
        block { out($0); next }
        /^\.D[l1] / { start(); sub(/^\.D[l1] /, ""); out($0) }
    ' "$1"
}

prepare()
{
    cp ../crm.base crm.ndjson && cp ../app.base app.ndjson
    deployment crm app &&
        sync-reconcile run -q --yes contacts app-contacts >/dev/null &&
        human crm PATCH /contacts/1002 '{"phone":"+1 555 0109"}' &&
        human app PATCH /contacts/42 '{"notes":"called"}' &&
        sync-ctl pause >/dev/null &&
        { sync-reconcile run -q contacts app-contacts >/dev/null || [ $? -eq 75 ]; } &&
        sync-ctl resume >/dev/null &&
        sync-reconcile fetch contacts | sync-diff -q --plan plan.ndjson
}

# Everything of an example must work: its last command, and nothing may complain on the way.
example() # NAME SCRIPT
{
    local status
    mkdir "$tmp/deployment" && cd "$tmp/deployment" || exit 99
    if prepare 2>prepare.err; then
        timeout 60 bash -e "$2" >out 2>err </dev/null
        status=$?
        if [ $status -eq 0 ] && ! grep -qE 'error|not found|syntax' err; then
            pass "$1"
        else
            fail "$1" "status $status
$(cat "$2" err)"
        fi
    else
        fail "$1" "no deployment: $(cat prepare.err)"
    fi
    cd "$tmp" || exit 99
    stop_all
    rm -rf "$tmp/deployment"
}

for page in "$top_srcdir"/man/*.[0-9]; do
    name=$(basename "$page")
    extract "$page" "$tmp/examples"
    set -- "$tmp"/examples/*
    ok "$name has examples" test -f "$1"
    for script; do
        [ ! -f "$script" ] || example "$name: $(head -n 1 "$script" | cut -c 1-60 | tr -d '#')" "$script"
    done
done

# And the config that README shows is one.
mkdir readme && cd readme || exit 99
sed -n '/^    version: 1$/,/^$/s/^    //p' "$top_srcdir/README" >loopless.yaml
ok "the config in README is a config" sync-ctl check

# And what it says of real time works as it stands, but for the port.
from_readme() { sed -n "s/^ *\\($1.*\\)/\\1/p" "$top_srcdir/README"; }
enter live
cp ../crm.base crm.ndjson && cp ../app.base app.ndjson
secret=whsec_$(head -c 24 /dev/urandom | base64)
(umask 077 && echo "$secret" >crm.hook)
start_sim crm --seed 1 --load contacts=crm.ndjson --webhook-secret "$secret"
start_sim app --seed 2 --load contacts=app.ndjson
write_config crm app
edit_config "/crm.token/a\\    $(from_readme webhook:)"
new_state
run --yes
sh -c "exec $(from_readme 'sync-ingest listen' | sed 's/:8080/:0/') --ready-file ready" 2>listen.err &
listener=$!
bash -c "$(from_readme 'sync-ingest emit --follow')" >results 2>pipe.err &
pipe=$!
await $listener test -s ready
sim crm /_sim/webhook -f -o /dev/null -d "{\"url\":\"$(jq -r .url ready)/hooks/crm\"}"
edit crm bob@example.org '{"phone":"+1 555 7777"}'
arrived() { [ "$(record app bob@example.org .phone)" = '"+1 555 7777"' ]; }
ok "an edit arrives by webhook" await $pipe arrived
kill "$(pgrep -P $pipe -x sync-ingest)" $listener
wait $listener && wait $pipe
is "both units end well" 0 $?
ok "the books balance" sync-ctl audit
done_testing
