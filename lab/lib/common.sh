# shellcheck shell=bash
# Settings, messages and bounded waiting, shared by all parts of xenlab.

readonly SUITES='bookworm trixie bullseye'
readonly DEFAULT_SUITE=bookworm

# Where Debian has mke2fs, sfdisk and their like, which is not in an ordinary user's path.
PATH=$PATH:/usr/sbin:/sbin

: "${XENLAB_DIR:=$(dirname "$XENLAB_HOME")/build/lab}"
: "${XENLAB_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/xenphase}"
: "${XENLAB_HOST:=a}"
: "${XENLAB_PORT:=}"
: "${XENLAB_MEMORY:=4096}"
: "${XENLAB_DOM0_MEMORY:=1024}"
: "${XENLAB_CPUS:=3}"
: "${XENLAB_DOM0_VCPUS:=2}"
: "${XENLAB_ACCEL:=auto}"
: "${XENLAB_XEN:=$DEFAULT_SUITE}"
: "${XENLAB_KERNEL:=}"
: "${XENLAB_QEMU:=machine}"
: "${XENLAB_LOW_NOISE:=no}"
: "${XENLAB_ONE_THREAD:=no}"
: "${XENLAB_XEN_OPTIONS:=}"
: "${XENLAB_QEMU_OPTIONS:=}"
: "${XENLAB_DOM0_OPTIONS:=}"
: "${XENPHASE_BUILD:=$(dirname "$XENLAB_HOME")/build}"

die() {
    echo "xenlab: $*" >&2
    exit 1
}

say() {
    echo "xenlab: $*" >&2
}

set_option() {
    case $1 in
    --dir) XENLAB_DIR=$2 ;;
    --host) XENLAB_HOST=$2 ;;
    --port) XENLAB_PORT=$2 ;;
    --memory) XENLAB_MEMORY=$2 ;;
    --dom0-memory) XENLAB_DOM0_MEMORY=$2 ;;
    --cpus) XENLAB_CPUS=$2 ;;
    --dom0-vcpus) XENLAB_DOM0_VCPUS=$2 ;;
    --accel) XENLAB_ACCEL=$2 ;;
    --xen) XENLAB_XEN=$2 ;;
    --kernel) XENLAB_KERNEL=$2 ;;
    --qemu) XENLAB_QEMU=$2 ;;
    --low-noise) XENLAB_LOW_NOISE=$2 ;;
    --one-thread) XENLAB_ONE_THREAD=$2 ;;
    --qemu-options) XENLAB_QEMU_OPTIONS=$2 ;;
    --xen-options) XENLAB_XEN_OPTIONS=$2 ;;
    --dom0-options) XENLAB_DOM0_OPTIONS=$2 ;;
    *)
        echo "xenlab: unknown option $1 (see xenlab help)" >&2
        exit 2
        ;;
    esac
}

check_number() {
    [[ $2 =~ ^[0-9]+$ && $2 -ge $3 && $2 -le $4 ]] || die "$1 must be a number from $3 to $4, not '$2'"
}

check_settings() {
    check_number --memory "$XENLAB_MEMORY" 1024 1048576
    check_number --dom0-memory "$XENLAB_DOM0_MEMORY" 512 "$XENLAB_MEMORY"
    check_number --cpus "$XENLAB_CPUS" 2 64
    check_number --dom0-vcpus "$XENLAB_DOM0_VCPUS" 1 "$((XENLAB_CPUS - 1))"
    [[ -z $XENLAB_PORT ]] || check_number --port "$XENLAB_PORT" 1 65535
    [[ $XENLAB_ACCEL =~ ^(auto|kvm|tcg)$ ]] || die "--accel must be auto, kvm or tcg, not '$XENLAB_ACCEL'"
    [[ $XENLAB_LOW_NOISE =~ ^(yes|no)$ ]] || die "--low-noise must be yes or no, not '$XENLAB_LOW_NOISE'"
    [[ $XENLAB_ONE_THREAD =~ ^(yes|no)$ ]] || die "--one-thread must be yes or no, not '$XENLAB_ONE_THREAD'"
    [[ " machine $SUITES " == *" $XENLAB_QEMU "* ]] || die "--qemu must be machine or one of $SUITES, not '$XENLAB_QEMU'"
    [[ $XENLAB_DOM0_OPTIONS != *,* ]] || die "QEMU's boot loader ends a command line at a comma: none can be in --dom0-options"
    case $XENLAB_XEN in
    */*) [[ -r $XENLAB_XEN ]] || die "cannot read the hypervisor $XENLAB_XEN" ;;
    *) [[ " $SUITES " == *" $XENLAB_XEN "* ]] || die "--xen must be one of $SUITES, or a hypervisor's file with a / in its name" ;;
    esac
    XENLAB_DIR=$(realpath -m "$XENLAB_DIR")
    # A Unix socket's path has 107 bytes at most, a checkout's may be longer.
    SOCKETS=/tmp/xenlab-$UID-$(sha256sum <<<"$XENLAB_DIR" | cut -c1-16)
}

need_program() {
    command -v "$1" >/dev/null || die "$1 not found: apt-get install $2"
}

# Says how long a step has taken so far: one line that is kept up to date on a terminal, a line now and then elsewhere.
show_progress() {
    local what=$1 seconds=$2
    if [[ -t 2 ]]; then
        printf '\rxenlab: %s: %d s ' "$what" "$seconds" >&2
    elif ((seconds % 15 == 0)); then
        say "$what: $seconds s"
    fi
}

end_progress() {
    [[ -t 2 ]] && printf '\r\033[K' >&2
    say "$1"
}
