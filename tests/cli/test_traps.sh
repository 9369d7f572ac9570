#!/usr/bin/env bash
# Each test that tests/traps.md names is there, in the file that it names, and is run.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/tap.sh
source tests/tap.sh

# "FILE TEST" for each: a file's name goes for all tests behind it, up to the next one's or the end of the cell.
named_tests() {
    grep '^|' tests/traps.md | awk -F'|' '{
        count = split($3, words, /[ ,;]+/)
        for (i = 1; i <= count; i++) {
            if (words[i] ~ /^[a-z0-9_]+:$/) file = substr(words[i], 1, length(words[i]) - 1)
            if (words[i] ~ /^`test_/) { gsub(/`/, "", words[i]); print file, words[i] }
        }
    }' | sort -u
}

is_run() {
    grep -q "cmocka_unit_test.*($2)" "tests/unit/test_$1.c" || grep -q "cmocka_unit_test.*($2," "tests/unit/test_$1.c"
}

claim "traps have tests" test "$(named_tests | wc -l)" -gt 30
while read -r file name; do
    claim "$file: $name" is_run "$file" "$name"
done < <(named_tests)
while read -r text; do
    claim "the command line's: $text" grep -qF "\"$text\"" tests/cli/test_xenphase.sh
done < <(grep '^|' tests/traps.md | grep -o 'cli: "[^"]*"' | cut -d '"' -f 2)
while read -r text; do
    claim "the lab's: $text" grep -qF "\"$text\"" tests/lab/test_lab.sh tests/lab/test_recorder.sh tests/lab/test_recorder_traps.sh
done < <(grep '^|' tests/traps.md | grep -o 'lab: "[^"]*"' | cut -d '"' -f 2)
finish
