# shellcheck shell=bash
# One emulated host for a test: the one that runs already, or one that is put away at the end. Source this after tests/tap.sh.
# shellcheck disable=SC2034 # for the tests
xenlab=lab/xenlab

# Recording switches tracepoints again and again, which hangs a host of several threads now and then (docs/lab.md).
export XENLAB_ONE_THREAD=${XENLAB_ONE_THREAD-yes}

started=no
$xenlab status >/dev/null 2>&1 || started=yes
trap '[[ $started == no ]] || $xenlab down' EXIT

# A command in dom0.
run() {
    $xenlab run "$@"
}

no_kernel_tracing_is_left() {
    run 'cd /sys/kernel/tracing && ls instances && cat kprobe_events uprobe_events && test -z "$(ls instances)" && ! grep xenphase kprobe_events uprobe_events'
}
