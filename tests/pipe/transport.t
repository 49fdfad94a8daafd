#!/bin/sh
# What lies between us and a system: TLS, HTTP/2, connections that end, answers that are cut, slow, huge
# or from elsewhere, proxies. nginx with certificates of our own stands before a sync-sim.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
PATH=$PATH:/usr/sbin
need curl jq sqlite3 openssl nginx

# ---- certificates ----

issue() # NAME SUBJECT-ALT-NAME DAYS
{
    echo "subjectAltName=$2" >names
    openssl x509 -req -in any.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days "$3" -extfile names \
        -out "$1.pem" 2>/dev/null
}

curve='ec -pkeyopt ec_paramgen_curve:prime256v1'
# shellcheck disable=SC2086 # a list of words
openssl req -x509 -newkey $curve -nodes -keyout ca.key -out ca.pem -subj /CN=authority -days 2 2>/dev/null &&
    openssl req -newkey $curve -nodes -keyout any.key -out any.csr -subj /CN=peer 2>/dev/null &&
    issue good IP:127.0.0.1,DNS:localhost 2 && issue other DNS:elsewhere.example 2 &&
    issue expired IP:127.0.0.1 -1 || exit 99

# ---- the peers ----

# A relay of tests/tools by this name; the URL is that of `url NAME`, what it saw is in NAME.seen.
start_relay() # NAME [OPTION...]
{
    lib_name=$1
    shift
    rm -f "$tmp/$lib_name.ready"
    "$top_builddir/tests/tools/relay" --ready-file "$tmp/$lib_name.ready" "$@" >"$tmp/$lib_name.seen" &
    eval "lib_pid_$lib_name=\$!"
    lib_sims="$lib_sims $lib_name"
    await $! test -e "$tmp/$lib_name.ready" || exit 99
    eval "lib_url_$lib_name=\$(jq -r .url <\"\$tmp/\$lib_name.ready\")"
}

server() # NUMBER LISTEN-WORDS CERTIFICATE MORE
{
    echo "server { listen 127.0.0.1:$(port "$1") $2; ssl_certificate $tmp/$3.pem; ssl_certificate_key $tmp/any.key; $4 }"
}

port() # NUMBER
{
    echo $((base + $1))
}

h1=0 h2=1 goaway=2 closing=3 other=4 expired=5 away=6 huge=7 flood=8 slow=9 cutting=10 resetting=11 mute=12 mute2=13

# Answers of 40 MB, one as it is asked for, one after a write.
write_nginx()
{
    sim="location / { proxy_pass $(url app); }"
    cut="location / { proxy_buffering off; proxy_pass $(url cutter); }"
    file="{ gzip_static always; root $tmp/gzip; default_type application/json; }"
    wordless="location / { proxy_pass $(url app); error_page 502 = @mute; } location @mute { return 444; }"
    cat <<END
daemon off;
master_process off;
pid $tmp/nginx.pid;
error_log $tmp/nginx.err;
events { worker_connections 256; }
http {
    log_format seen '\$server_port \$server_protocol \$connection \$request_method \$status';
    access_log $tmp/nginx.seen seen;
    client_body_temp_path $tmp/nginx.tmp;
    proxy_temp_path $tmp/nginx.tmp;
    fastcgi_temp_path $tmp/nginx.tmp;
    uwsgi_temp_path $tmp/nginx.tmp;
    scgi_temp_path $tmp/nginx.tmp;
    proxy_set_header Host \$http_host;
    $(server $h1 ssl good "$sim")
    $(server $h2 'ssl http2' good "$sim")
    $(server $goaway 'ssl http2' good "keepalive_requests 3; $sim")
    $(server $closing ssl good "keepalive_timeout 2ms; $sim")
    $(server $other ssl other "$sim")
    $(server $expired ssl expired "$sim")
    $(server $away ssl good "location / { return 307 $(url elsewhere)\$request_uri; }")
    $(server $huge 'ssl http2' good "location = /huge $file location / { proxy_pass $(url app);
        proxy_intercept_errors on; error_page 500 =200 /huge; }")
    $(server $flood ssl good "location /contacts $file $sim")
    $(server $slow 'ssl http2' good "location / { proxy_pass $(url tardy); }")
    $(server $cutting ssl good "$cut")
    $(server $resetting 'ssl http2' good "$cut")
    $(server $mute ssl good "$wordless")
    $(server $mute2 'ssl http2' good "$wordless")
}
END
}

answers() # NUMBER
{
    curl -s -o none --cacert "$tmp/ca.pem" "https://127.0.0.1:$(port "$1")/account"
}

start_nginx()
{
    mkdir nginx.tmp gzip
    head -c 40000000 /dev/zero | tr '\0' ' ' | gzip -1 >gzip/contacts.gz
    cp gzip/contacts.gz gzip/huge.gz
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        base=$((20000 + ($(od -An -N2 -tu2 /dev/urandom) % 12000)))
        write_nginx >nginx.conf
        nginx -c "$tmp/nginx.conf" -p "$tmp" 2>nginx.out &
        await $! answers $mute2 && return # it ends if one of its ports is taken
    done
    echo "Bail out! nginx: $(cat nginx.out nginx.err)"
    exit 99
}

contacts 1 12 | jq -c '.email |= "c" + .' >crm.ndjson
start_sim crm --load contacts=crm.ndjson
start_sim app
start_sim tardy --token app-secret --account app-1
start_sink elsewhere
start_relay cutter --to "$(url app | sed 's/.*://')" --cut "$tmp/cut"
start_nginx

# ---- one deployment a fact ----

# Nothing but us keeps a create from being done twice.
sed 's/, idempotency: {[^}]*}//' "$LOOPLESS_PROVIDERS/rest.yaml" >own.yaml
if grep -q idempotency own.yaml; then exit 99; fi

# A folder with a config and a state; app is at the peer NUMBER, by our own authority.
by() # NAME NUMBER [SED-SCRIPT]
{
    enter "$1"
    cp ../crm.token ../app.token .
    write_config crm app
    edit_config "s/create: .*/create: {crm: false, app: true}/; s/first_name: .*/first_name: {owner: any}/
        /^  app:/,/^sync/s|provider: rest|provider: $tmp/own.yaml|
        s|base_url: $(url app)\$|base_url: https://127.0.0.1:$(port "$2")\n    ca_file: ../ca.pem|"
    edit_config "${3-}"
    new_state
    minutes=0
}

creations() # PREFIX COUNT
{
    for i in $(seq "$2"); do
        creation crm app "$1$i" "$1$i@x"
    done
}

updates() # PREFIX PHONE : of all that were created so
{
    sqlite3 -json state.db "SELECT l.link_id AS link, l.external_id AS x, generation, record_id AS target_record_id
        FROM sync_links l JOIN sync_metadata m USING (link_id) WHERE l.external_id LIKE 'x-$1%' AND
        external_system = 'app'" | jq -c --arg phone "$2" '.[] |
        {v:1,system:"crm",account:"crm-1",resource:"crm/contacts",record_id:.x[2:],event_type:"updated",
        fields:null,link,generation,rules:{phone:{rule:"changed-same",source:"crm"}},
        ends:[{system:"crm",account:"crm-1",record_id:.x[2:],covered:{phone:$phone},state:"live"}],
        writes:[{target:"app",account:"app-1",action:"update",target_record_id,set:{phone:$phone},
            sources:{phone:"crm"},before:{phone:null}}],map_hash:"m"}'
}

push() # LINES [NAME=VALUE of the environment...]
{
    lib_lines=$1
    shift
    try timeout 60 env "$@" sync-push <"$lib_lines"
}

later() # a run when all waits are over, each time twenty minutes on
{
    minutes=$((minutes + 20))
    try env LOOPLESS_NOW="$(date -u -d "+$minutes minutes" +%Y-%m-%dT%H:%M:%S.000Z)@$(awk '{printf "%d", $1 * 1000}' /proc/uptime)*1" \
        sync-reconcile run -q --yes
}

finish() # runs until all is done: what was cut off twice waits
{
    for _ in 1 2 3 4 5; do
        later
        [ $rc -ne 0 ] || return
    done
}

people() # PREFIX COUNT : so many contacts are added to crm
{
    for i in $(seq "$2"); do add crm "{\"email\":\"$1$i@x\"}"; done
}

call_all() # PHONE : a person edits the contacts of crm
{
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        human crm PATCH "/contacts/$i" "{\"phone\":\"$1 $i\"}"
    done
}

statuses() # of the results: how many of each
{
    jq -r .status out | sort | uniq -c | awk '{print $1, $2}' | paste -sd ' '
}

why() # the codes of the results
{
    jq -r '.error.code // empty' out | sort -u | paste -sd ' '
}

# How many there are, and how many of them are different.
made() # PREFIX [SYSTEM]
{
    dump "${2:-app}" "map(.email | select(. != null and startswith(\"$1\"))) | \"\(length) \(unique | length)\"" | tr -d '"'
}

left() # open intents, fields that are owed, events without an end
{
    sql "SELECT (SELECT count(*) FROM sync_intents WHERE state IN ('prepared', 'sent', 'unknown')) || ' ' ||
        (SELECT count(*) FROM sync_owed) || ' ' || (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL)"
}

seen() # NUMBER : lines of the peer's log
{
    awk -v port="$(port "$1")" '$1 == port' "$tmp/nginx.seen"
}

connections() # NUMBER
{
    seen "$1" | awk '{print $3}' | sort -u | wc -l
}

both() # what both systems have of the contacts of crm
{
    for name in crm app; do
        dump $name 'map(select((.email // "") | startswith("c"))) | sort_by(.email) | map([.email, .first_name, .phone])'
    done | uniq | wc -l
}

# ---- what takes its time: see the end of this script ----
by tardy $slow
creations tardy 1 >lines
quirk tardy slow-ms 60000
began=$(date +%s)
sync-push <lines >out 2>err &
tardy=$!
has_come() { [ "$(count tardy .creates)" = 1 ]; }
ok "a request is with a system that is slow" await $tardy has_come
quirk tardy slow-ms null

by bad $h2
creations bad 1 >lines
https_proxy=bogus://ann:geheim@proxy.example sync-push <lines >out 2>err &
bad=$!

# ---- TLS ----
by plain $h1
creations plain 6 >lines
push lines
is "writes go over TLS by an authority of our own" "0 6 done 6 6 0 0 0" "$rc $(statuses) $(made plain) $(left)"

refused() # NAME NUMBER TEXT [SED-SCRIPT]
{
    by "$1" "$2" "${4-}"
    creations "$1" 3 >lines
    push lines
    is "$1: nothing goes out" "0 3 retry 0 0" "$rc $(statuses) $(made "$1")"
    is "$1: and nothing is lost" "0 6 0" "$(left)"
    is "$1: said in one line" "untrusted POST /contacts: the certificate is not trusted: $3" \
        "$(why) $(jq -r .error.text out | uniq)"
}
refused "unknown authority" $h1 "SSL certificate problem: unable to get local issuer certificate" /ca_file/d
refused "another host" $other "SSL: no alternative certificate subject name matches target host name '127.0.0.1'"
refused "expired" $expired "SSL certificate problem: certificate has expired"
refused "no certificates" $h1 "error setting certificate file: ../app.token" 's|ca_file: .*|ca_file: ../app.token|'

by trust $h1 /ca_file/d
run --yes
is "a run without trust ends with 75, and writes nothing" "75 0 0" "$rc $(made c)"
is "and says why once" 1 "$(grep -c 'the certificate is not trusted: .*local issuer' err)"
edit_config "s|auth: .*app.token.*|&\n    ca_file: ../ca.pem|"
later
is "with ca_file the next one does it all" "0 12 12 1" "$rc $(made c) $(both)"

# ---- HTTP/2 ----
by h2 $h2
creations h2- 20 >lines
push lines
is "HTTP/2: each is made once" "0 20 done 20 20 0 0 0" "$rc $(statuses) $(made h2-) $(left)"
is "by HTTP/2 indeed" "HTTP/2.0" "$(seen $h2 | awk '{print $2}' | sort -u)"
ok "many on one connection" test "$(connections $h2)" -le 4

# A connection takes three requests; what was sent on it beyond is not served, and all that is told is
# the number of the last one that was.
by goaway $goaway
people goaway 20
finish
is "GOAWAY in the midst: each is made once" "0 20 20 0 0 0" "$rc $(made goaway) $(left)"
ok "on many connections" test "$(connections $goaway)" -ge 7
call_all +49
before=$(connections $goaway)
finish
is "GOAWAY in the midst: no edit is lost" "0 1 0 0 0" "$rc $(both) $(left)"
is "they are the edits" "+49 12" "$(record app cp12@example.com .phone | tr -d '"')"
ok "which needed connections" test "$(connections $goaway)" -gt "$before"

# ---- connections that end ----
by closing $closing 's|^    ca_file.*|&\n    concurrency: 1|'
finish
call_all +50
people closing 6
finish
is "closed between two requests: no edit is lost" "0 1 0 0 0" "$rc $(both) $(left)"
is "and each is made once" "6 6" "$(made closing)"
ok "on another connection" test "$(connections $closing)" -gt 10

cut_off() # NAME NUMBER TEXT : in the midst of the answer to a write
{
    by "$1" "$2"
    creations "$1" 3 >lines
    touch "$tmp/cut"
    push lines
    is "$1: what was made is found" "0 3 done 3 3 0 0 0" "$rc $(statuses) $(made "$1") $(left)"
    is "$1: an answer was cut" "no cut, 1" "$(test -e "$tmp/cut" || echo no cut), $(seen "$2" | grep -c 'GET 200')"
    updates "$1" 77 >lines
    touch "$tmp/cut"
    push lines
    is "$1: an update is decided anew" "0 2 done 1 lost" "$rc $(statuses)"
    like "$1: and says why" "$3" "$(jq -r '.error.text // empty' out)"
}
cut_off "TLS cut" $cutting 'transfer closed with [0-9]+ bytes remaining'
cut_off "stream reset" $resetting 'HTTP/2 stream [0-9]+ was not closed cleanly'


no_answer() # NAME NUMBER : done, and closed without a word, also on a connection that was kept
{
    by "$1" "$2" 's|^    ca_file.*|&\n    concurrency: 1|'
    creations "$1" 4 >lines
    quirk app apply-then-drop 4
    push lines
    is "$1: what was made is found" "0 4 done 4 4 0 0 0" "$rc $(statuses) $(made "$1") $(left)"
    is "$1: none of it was asked for twice" 4 "$(seen "$2" | grep -c POST)"
}
no_answer "TLS, no answer" $mute
no_answer "stream, no answer" $mute2

# ---- answers from elsewhere, and too large ones ----
by away $h1
creations away 1 >lines
push lines
edit_config "s|base_url: https.*|base_url: https://127.0.0.1:$(port $away)|"
updates away 77 >lines
push lines
is "redirect to another host: an answer that is none" "1 lost http-307 null" \
    "$(statuses) $(why) $(record app away1@x .phone)"
like "with a hint" "redirects are not followed: is base_url right" "$(jq -r .error.text out)"
try sync-reconcile fetch app-contacts
is "nor for a read" "69 1" "$rc $(grep -c 'HTTP 307.*redirects are not followed' err)"
is "nobody there has heard of us" 0 "$(wc -l <"$tmp/elsewhere.ndjson")"

by huge $huge
creations huge 1 >lines
quirk app apply-then-fail 1
push lines
is "answer over the limit: what was made is found" "0 1 done 1 1 0 0 0" "$rc $(statuses) $(made huge) $(left)"
updates huge 77 >lines
quirk app apply-then-fail 1
push lines
is "or decided anew" "0 1 lost too-big" "$rc $(statuses) $(why)"
is "said in one line" "the answer is over 33554432 bytes" "$(jq -r .error.text out | sed 's/.*: //')"
by flood $flood
try sync-reconcile fetch app-contacts
is "a listing ends with it" "69 1" "$rc $(grep -c 'the answer is over 33554432 bytes' err)"

# ---- proxies ----
at() { url "$1" | sed 's|.*//||'; }
start_relay proxy
by proxy $h2
creations proxy 3 >lines
push lines "https_proxy=http://ann:geheim@$(at proxy)"
is "https_proxy: writes go through" "0 3 done 3 3 0 0 0" "$rc $(statuses) $(made proxy) $(left)"
is "by a tunnel, with its credentials" "CONNECT 127.0.0.1:$(port $h2) HTTP/1.1 Basic $(printf ann:geheim | base64)" \
    "$(sort -u "$tmp/proxy.seen")"
updates proxy 77 >lines
before=$(wc -l <"$tmp/proxy.seen")
push lines "https_proxy=$(url proxy)" no_proxy=localhost,127.0.0.1
is "no_proxy: it is not asked" "0 3 done $before" "$rc $(statuses) $(wc -l <"$tmp/proxy.seen")"
by direct $h2 "s|base_url: https.*|base_url: $(url app)|; /ca_file/d"
creations direct 3 >lines
push lines "http_proxy=$(url proxy)"
is "http_proxy: writes go through" "0 3 done 3 3 0 0 0" "$rc $(statuses) $(made direct) $(left)"
is "as they are" "POST $(url app)/contacts HTTP/1.1" "$(tail -n 3 "$tmp/proxy.seen" | sort -u)"

by down $h2
add crm '{"email":"down@x","first_name":"D"}'
stop_sim proxy
env "https_proxy=$(url proxy)" sync-reconcile run --yes >out 2>err &
down=$!

start_relay strict --refuse 407
for way in http https; do
    by "strict-$way" $h2 "$([ $way = https ] || echo "s|base_url: https.*|base_url: $(url app)|; /ca_file/d")"
    creations "strict-$way" 3 >lines
    push lines "${way}_proxy=http://ann:geheim@$(at strict)"
    is "${way}_proxy wants other credentials: nothing is lost" "0 3 retry proxy-login 0 6 0" "$rc $(statuses) $(why) $(left)"
    is "${way}_proxy: that is said" "by the proxy of ${way}_proxy: it wants other credentials (HTTP 407)" \
        "$(jq -r .error.text out | uniq | sed 's/.*contacts: //')"
done
is "they are not tried again and again" 6 "$(wc -l <"$tmp/strict.seen")"

cd "$tmp/down" || exit 99
wait $down
is "a proxy that is down: 75" 75 $?
has "and it is said whose" "by the proxy of https_proxy: Failed to connect to $(at proxy | sed 's/:/ port /')"
later
is "nothing is lost" "0 1 1 0 0 0" "$rc $(made down) $(left)"
cd "$tmp/bad" || exit 99
wait $bad
is "a proxy that is none: its password is in nothing" "1 retry 0" "$(statuses) $(cat out err state.db* | grep -c geheim)"

# ---- the deadline is over ----
cd "$tmp/tardy" || exit 99
wait $tardy
is "slow answer: the deadline ends it, and what was made is found" "0 done pushed 1 0 0 0" \
    "$? $(jq -r '"\(.status) \(.disposition)"' out) $(dump tardy length) $(left)"
ok "after its 20 s" test $(($(date +%s) - began)) -ge 20
done_testing
