# Where an injected delay landed. Input: "base" or "row", the run's number, and a line of entries.awk. Variables: row, expected
# (ms; 0: as much as the whole grew by), pattern (of the entries in which it must land), cost (of those that what makes the delay
# costs besides; may be empty). Fails if it landed elsewhere by more
# than 5 % or 10 ms, or if another entry moved by more than that and more than it does by itself.
BEGIN { FS = "\t" }
{
    key = $3
    seen[key] = 1
    runs[$1] = $2 > runs[$1] ? $2 : runs[$1]
    ms[$1, key, $2] += $4 / 1e6
}
# The middle one; what a run does not have is 0 there.
function median(kind, key,    n, i, j, value, sorted) {
    n = runs[kind]
    for (i = 1; i <= n; i++) {
        value = ms[kind, key, i] + 0
        for (j = i - 1; j > 0 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = value
    }
    lowest = sorted[1]
    highest = sorted[n]
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}
function limit(of) { return of * 0.05 > 10 ? of * 0.05 : 10 }
END {
    grown = median("row", "total") - median("base", "total")
    wanted = expected ? expected : grown
    for (key in seen) {
        if (key == "total") continue
        base = median("base", key)
        noise = highest - lowest
        moved = median("row", key) - base
        if (key ~ pattern) landed += moved
        else if (cost != "" && key ~ cost) besides += moved
        else if ((moved < 0 ? -moved : moved) > (noise > limit(wanted) ? noise : limit(wanted)))
            elsewhere = elsewhere sprintf("\n    elsewhere: %+.1f ms in %s (its own noise: %.1f ms)", moved, key, noise)
        if (key ~ pattern && moved > 1) where = where sprintf("\n    %+.1f ms in %s", moved, key)
    }
    printf "%s: the whole grew by %.1f ms, of %.1f ms landed where they must %.1f ms; besides %+.1f ms%s%s\n", row, grown, wanted, landed, besides, where, elsewhere
    exit !(runs["base"] > 0 && runs["row"] > 0 && wanted > 20 && landed - wanted <= limit(wanted) && wanted - landed <= limit(wanted) && elsewhere == "")
}
