# shellcheck shell=bash
# Tests in shell that say what they claim, in the Test Anything Protocol. Source this, then:
#   claim "TEXT" COMMAND...     the command must succeed
#   claim_exit CODE "TEXT" COMMAND...   it must exit with CODE; its output is in $output
#   finish                      at the end

claims=0
failures=0
output=''

report_claim() {
    claims=$((claims + 1))
    # prove keeps back what it prints; whoever waits for minutes wants to see something now.
    if [[ -n ${TAP_PROGRESS-} ]]; then
        echo "  $SECONDS s: $2$([[ $1 == 0 ]] || echo ': FAILED')" >&2
        [[ $1 == 0 ]] || tail -n 15 <<<"$output" | cat -v | cut -c 1-300 >&2
    fi
    if [[ $1 == 0 ]]; then
        echo "ok $claims - $2"
    else
        failures=$((failures + 1))
        echo "not ok $claims - $2"
        while IFS= read -r line; do echo "# $line"; done <<<"$output"
    fi
}

claim() {
    local text=$1 status=0
    shift
    output=$("$@" 2>&1) || status=$?
    report_claim "$status" "$text"
}

claim_exit() {
    local wanted=$1 text=$2 status=0
    shift 2
    output=$("$@" 2>&1) || status=$?
    [[ $status == "$wanted" ]] || output="exit status $status, not $wanted: $output"
    [[ $status == "$wanted" ]]
    report_claim $? "$text"
}

# The last command's output has this in it.
claim_says() {
    [[ $output == *"$1"* ]]
    report_claim $? "... and says: $1"
}

finish() {
    echo "1..$claims"
    [[ $failures == 0 ]]
}
