# shellcheck shell=bash
# Does a report balance? Source this; $xenphase is the analyzer, if it is another one than build/xenphase.

# The first number of field $2 in the JSON text $1.
field() {
    sed -n "s/^ *\"$2\": \\([0-9]*\\).*/\\1/p" <<<"$1" | head -n 1
}

# The phases of the only operation in recording $1 add up to the wall time within 0.5 %, and the report has no doubts.
balances() {
    local json sum wall
    json=$(${xenphase:-build/xenphase} report --json "$1") || return 1
    sum=$(field "$json" sum_ns) wall=$(field "$json" wall_ns)
    echo "sum $sum wall $wall"
    [[ -n $sum && -n $wall && $wall -gt 0 ]] || return 1
    local difference=$((sum > wall ? sum - wall : wall - sum))
    ((difference * 200 <= wall))
}

# Of the report of recording $1 as JSON: the budget of each phase adds up to the phase, to the nanosecond, and less than 2 % of
# each operation is unexplained. With $2: there are so many operations. A downtime, beside the phases, is counted as one more.
budget_balances() {
    { ${xenphase:-build/xenphase} report --json "$1" || [[ $? == 3 ]]; } | awk -v wanted="${2-}" '
        { value = $2 + 0 }
        $1 == "\"length_ns\":" { wrong += length_ns != budget; whole += value; length_ns = value; budget = 0; phases++ }
        $1 == "\"ns\":" { budget += value }
        $1 == "\"unexplained_ns\":" {
            operations++
            wrong += length_ns != budget
            bad += $2 == "null," || value * 50 >= whole
            print phases " phases, " wrong + 0 " that do not balance, " $2 " of " whole " ns unexplained"
            length_ns = budget = whole = 0
        }
        END { exit !(phases > 3 && wrong == 0 && bad == 0 && operations > 0 && (wanted == "" || operations == wanted)) }'
}
