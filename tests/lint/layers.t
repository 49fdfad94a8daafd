#!/bin/sh
# src/LAYERS says which folder may include which; nothing includes upwards or sideways.
set -eu
cd "${top_srcdir:-$(dirname "$0")/../..}"

echo 1..3
bad=$(
    for file in src/*/*.[ch] src/*/*/*.[ch]; do
        [ -f "$file" ] || continue
        folder=${file#src/}
        folder=${folder%%/*}
        allowed=" $(sed -n "s/^$folder://p" src/LAYERS) $folder "
        sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file" | while read -r include; do
            from=${include%%/*}
            case $include in
            */*) ;;
            *) echo "$file: \"$include\" is not root-relative" && continue ;;
            esac
            case $allowed in
            *" $from "*) ;;
            *) echo "$file: includes \"$include\"; src/LAYERS does not let $folder see $from" ;;
            esac
            case $include in
            */internal.h) [ "$from" = "$folder" ] || echo "$file: $include is private to $from" ;;
            esac
        done
    done
)
[ -z "$bad" ] || { printf '%s\n' "$bad" | sed 's/^/# /' && printf 'not '; }
echo "ok 1 - folders include only what src/LAYERS allows"

bad=$(
    for dir in src/*/; do
        folder=$(basename "$dir")
        case $folder in providers | models) continue ;; esac
        grep -q "^$folder:" src/LAYERS || echo "$folder is not in src/LAYERS"
    done
    grep -rlE '#include <sodium' src | grep -vE '^src/(crypto/|sim/sign\.c$)' | sed 's/$/: libsodium outside src\/crypto/' || true
    grep -rlE '#include <openssl' src | grep -vE '^src/(crypto/|sim/proof\.c$)' | sed 's/$/: libcrypto outside src\/crypto/' || true
    grep -rlE '#include <sqlite3' src | grep -v '^src/store/sqlite/' | sed 's/$/: SQLite outside src\/store\/sqlite/' || true
    grep -rlE '#include <curl' src | grep -vE '^src/(http/|sim/sender\.c$)' | sed 's/$/: libcurl outside src\/http/' || true
    grep -rlE '#include <microhttpd' src | grep -vE '^src/(http|sim)/' | sed 's/$/: libmicrohttpd outside/' || true
    grep -rlE '#include <yaml' src | grep -v '^src/config/' | sed 's/$/: libyaml outside src\/config/' || true
)
[ -z "$bad" ] || { printf '%s\n' "$bad" | sed 's/^/# /' && printf 'not '; }
echo "ok 2 - each library is seen by its own folder only"

bad=$(grep -rnwiE 'hubspot|salesforce|zendesk|shopify|stripe|github|linear|bamboo' src --include='*.[ch]' \
    | grep -viE 'rfc|^[^:]*:[0-9]*: \*|/\*' || true)
[ -z "$bad" ] || { printf '%s\n' "$bad" | sed 's/^/# /' && printf 'not '; }
echo "ok 3 - no provider has its name in C code"
