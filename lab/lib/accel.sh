# shellcheck shell=bash
# May the host run under KVM? /dev/kvm can exist, and even make a VM, on machines where no guest runs: only running one
# tells, and Xen's own HVM and PVH guests need nested virtualisation on top.

readonly PROBE_NO_NESTING=3 PROBE_SVM=5 PROBE_VMX=7

# Runs the probe under accelerator $1 with CPU $2; prints why not and fails, or prints what was found.
probe_accelerator() {
    local accel=$1 cpu=$2 work code=0
    work=$(mktemp -d)
    if ! { as --32 -o "$work/probe.o" "$XENLAB_HOME/kvm-probe.S" &&
        ld -m elf_i386 --oformat binary -Ttext 0x7c00 -o "$work/probe.bin" "$work/probe.o"; } 2>"$work/log"; then
        rm -rf "$work"
        echo "the probe cannot be assembled (apt-get install binutils)"
        return 1
    fi
    timeout 20 "$(qemu_program qemu-system-x86_64)" -accel "$accel" -cpu "$cpu" -m 16 -display none -no-reboot -nodefaults \
        -device isa-debug-exit,iobase=0xf4,iosize=1 -drive "file=$work/probe.bin,format=raw,if=floppy" \
        >"$work/log" 2>&1 || code=$?
    rm -rf "$work"
    case $code in
    "$PROBE_SVM") echo "a guest runs and is offered SVM" ;;
    "$PROBE_VMX") echo "a guest runs and is offered VMX" ;;
    "$PROBE_NO_NESTING") echo "a guest runs, but is not offered nested virtualisation"; return 1 ;;
    124) echo "a guest does not get anywhere"; return 1 ;;
    *) echo "a guest does not run"; return 1 ;;
    esac
}

# Prints the accelerator to use. The probe's answer holds for as long as the run directory.
choose_accelerator() {
    local answer
    if [[ $XENLAB_ACCEL != auto ]]; then
        echo "$XENLAB_ACCEL"
    elif [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
        echo tcg
    elif answer=$(probe_accelerator kvm host); then
        say "KVM: $answer"
        echo kvm
    else
        say "no KVM: $answer; emulating (slow, and marked so in recordings)"
        echo tcg
    fi
}

# QEMU's options for accelerator $1; with low noise ($2 is yes) virtual time counts instructions; $3: one thread for all CPUs.
# Why each CPU flag is there: docs/lab.md.
accelerator_options() {
    local threads=thread=multi
    [[ $3 == yes ]] && threads=thread=single
    [[ $2 == yes ]] && threads="thread=single -icount shift=2,sleep=off"
    case $1 in
    kvm) echo "-accel kvm -cpu host" ;;
    tcg) echo "-accel tcg,$threads -cpu EPYC,+svm,+npt,-monitor,-rdtscp,-xsave,-xsaveopt,-xsavec,-xgetbv1,-avx,-avx2,-f16c,-fma,-smap,-smep" ;;
    esac
}
