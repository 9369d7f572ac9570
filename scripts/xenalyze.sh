# shellcheck shell=bash
# Where is xenalyze? Source this.

# $XENALYZE, or the one on the PATH, or one that is fetched. It is in a package that would bring all of dom0's tools along:
# the program alone will do. $1 is a directory for what need not be kept.
find_xenalyze() {
    local work=$1 found
    found=${XENALYZE-$(command -v xenalyze || true)}
    if [[ -z $found && ! -x build/xenalyze ]]; then
        (cd "$work" && apt-get download -q xen-utils-common >/dev/null 2>&1 && dpkg -x xen-utils-common_*.deb package) || true
        [[ ! -x $work/package/usr/bin/xenalyze ]] || install -D "$work/package/usr/bin/xenalyze" build/xenalyze
    fi
    found=${found:-build/xenalyze}
    command -v "$found" || { echo "$(basename "$0"): $found not found, and package xen-utils-common cannot be had: XENALYZE=PROGRAM" >&2; return 1; }
}
