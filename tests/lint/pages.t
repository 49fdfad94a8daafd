#!/bin/sh
# Pages are clean mdoc, and say what --help says.
set -eu
srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
builddir=${top_builddir:-$srcdir}
command -v mandoc >/dev/null || { echo "1..0 # SKIP mandoc is not installed" && exit 0; }

pages=$(cd "$srcdir" && ls man/*.[0-9])
programs=$(cd "$srcdir/src/cmd" && ls sync-*.c | sed 's/\.c$//')
set -- $pages
set -- "$@" $programs
echo "1..$#"
n=0
for page in $pages; do
    n=$((n + 1))
    if bad=$(mandoc -Tlint -Wwarning "$srcdir/$page"); then :; else printf '%s\n' "$bad" | sed 's/^/# /' && printf 'not '; fi
    echo "ok $n - $page is clean mdoc"
done
for program in $programs; do
    n=$((n + 1))
    page=$srcdir/man/$program.1
    bad=
    if [ -f "$page" ]; then
        text=$(mandoc -Tutf8 "$page" | col -b)
        for option in $("$builddir/$program" --help | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}--\([a-z-]*\).*/\2/p'); do
            printf '%s' "$text" | grep -q -e "--$option" || bad="$bad --$option"
        done
        for option in $(printf '%s' "$text" | grep -oE -e '--[a-z][a-z-]+' | sort -u); do
            case $option in --help | --version) continue ;; esac
            "$builddir/$program" --help | grep -q -e "$option" ||
                printf '%s' "$text" | grep -qE -e "sync-[a-z]+ [^|]*$option" || bad="$bad ($option is not in --help)"
        done
    else
        bad=" there is no page"
    fi
    [ -z "$bad" ] || { echo "# $program:$bad" && printf 'not '; }
    echo "ok $n - $program(1) and --help name the same options"
done
