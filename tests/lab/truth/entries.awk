# Of a report as JSON whose only operation this is: what each entry of its budget took, as "ENTRY<tab>ns", an entry being
# "phase|layer|actor|activity"; and the whole as "total". What the guest does when it has been created is left out.
function text(line) {
    sub(/^ *"[a-z_]*": /, "", line)
    sub(/,$/, "", line)
    gsub(/^"|"$/, "", line)
    sub(/^domain [0-9]+$/, "domain N", line) # has another number in each run
    return line
}
$1 == "\"name\":" { phase = text($0) }
$1 == "\"layer\":" { layer = text($0) }
$1 == "\"actor\":" { actor = text($0) }
$1 == "\"activity\":" { activity = text($0) }
$1 == "\"ns\":" && phase !~ /^guest boot/ { total += $2; printf "%s|%s|%s|%s\t%.0f\n", phase, layer, actor, activity, $2 + 0 }
END { printf "total\t%.0f\n", total }
