# From trace-cmd report of a file with sched_switch and the clock x86-tsc: "PID CYCLES" for each thread that had a CPU.
# On each CPU the cycles up to an event are those of the thread that was there then; after the CPU's last event those of the
# thread that was switched to, up to the last event of all.
match($0, /-[0-9]+ +\[[0-9]+\] *[0-9]+:/) {
    split(substr($0, RSTART + 1, RLENGTH - 2), field, /[][ ]+/)
    pid = field[1]
    cpu = field[2]
    if (cpu in last)
        cycles[pid] += field[3] - last[cpu]
    last[cpu] = end = field[3]
    on[cpu] = pid
    if (match($0, /==> .*:[0-9]+ \[/)) {
        next_task = substr($0, RSTART, RLENGTH - 2)
        sub(/.*:/, "", next_task)
        on[cpu] = next_task
    }
}
END {
    for (cpu in last)
        cycles[on[cpu]] += end - last[cpu]
    for (pid in cycles)
        printf "%d %.0f\n", pid, cycles[pid]
}
