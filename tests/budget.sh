# shellcheck shell=bash
# Do the budgets of a report balance? Source this; needs $xenphase.

# Of the report of recording $1 as JSON: the budget of each phase adds up to the phase, to the nanosecond, and less than 2 % of
# each operation is unexplained. With $2: there are so many operations.
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
