# shellcheck shell=bash
# Into dom0 and back: everything goes by ssh, with one connection that stays open, as emulated handshakes are slow.

SSH_OPTIONS=()

set_ssh_options() {
    SSH_OPTIONS=(-i "$XENLAB_CACHE/key" -o "Port=$HOST_PORT" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
        -o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=15
        -o ServerAliveCountMax=8 -o ControlMaster=auto -o "ControlPath=$SOCKETS/$HOST.ssh" -o ControlPersist=yes
        -o Ciphers=chacha20-poly1305@openssh.com)
}

dom0() {
    ssh "${SSH_OPTIONS[@]}" root@127.0.0.1 "$@"
}

close_connection() {
    [[ ! -S $SOCKETS/$HOST.ssh ]] || ssh -o "ControlPath=$SOCKETS/$HOST.ssh" -O exit root@127.0.0.1 2>/dev/null || true
}

# ssh joins its arguments with spaces and lets a shell read them again: quoted, they arrive as they were given.
quote_command() {
    local words=()
    words=("${@@Q}")
    echo "${words[*]}"
}

cmd_run() {
    local input=/dev/null
    [[ ${1-} == -i ]] && { input=/dev/stdin; shift; }
    [[ $# -gt 0 ]] || die "run wants a command"
    load_host
    if [[ $# -eq 1 ]]; then
        dom0 "$1" <"$input"
    else
        dom0 "$(quote_command "$@")" <"$input"
    fi
}

cmd_ssh() {
    load_host
    ssh -t "${SSH_OPTIONS[@]}" root@127.0.0.1 "$@"
}

cmd_push() {
    [[ $# -ge 2 ]] || die "push wants FILE... DIR"
    load_host
    scp -q -r "${SSH_OPTIONS[@]}" "${@:1:$#-1}" "root@127.0.0.1:${*: -1}"
}

cmd_pull() {
    [[ $# -ge 2 ]] || die "pull wants FILE... DIR"
    load_host
    local sources=("${@:1:$#-1}")
    scp -q -r "${SSH_OPTIONS[@]}" "${sources[@]/#/root@127.0.0.1:}" "${@: -1}"
}
