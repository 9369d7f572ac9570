/*
 * Flips one bit at a random place of a trace, again and again, and reads the whole: it must end,
 * soon, and where what it says is not what it said of the undamaged trace, it must also say what is
 * in doubt, if a rule of the format or of the machine is broken. Which rule can be broken depends
 * on what the bit belongs to, so results are counted by that.
 *
 * usage: flip_trace FLIPS FIRST_SEED TRACE...   (the flips are shared among the traces)
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/decode/event_shape.h"
#include "analyzer/decode/record.h"
#include "analyzer/machine/contradictions.h"
#include "analyzer/views/summary.h"
#include "recording/files.h"
#include "tests/flips/random.h"

enum { KHZ = 2600000, MAX_MS = 20000 };

/* What a bit belongs to. */
enum target {
    WINDOW_WORD,
    WINDOW_PCPU,
    WINDOW_SIZE,
    RECORD_SHAPE,  /* bits 28 to 31 of a header: how long the record is */
    RECORD_CLASS,  /* bits 16 to 27 */
    RECORD_EVENT,  /* bits 0 to 15 */
    TIME_OUTSIDE,  /* a time that leaves those of the records before and after it */
    TIME_WITHIN,   /* ... or does not, or is the first or last one of its window */
    RUNSTATE,      /* of which vCPU a run state record tells */
    RUNSTATE_EDGE, /* ... that is the first or the last one of its vCPU */
    LOSS,          /* how many records were lost, and when */
    RAN,           /* how long a vCPU ran by the scheduler */
    HYPERCALL,     /* which one, and its arguments */
    FILLER,
    PAYLOAD, /* all other words */
    TARGETS,
};

/*
 * Where a rule covers every bit, a difference may not go untold. Of the others, some bits make
 * something else that can be as well: another event of the same shape, another hypercall, a pCPU
 * that happens to have the same vCPUs.
 */
static const struct {
    const char *name;
    bool covered;
} targets[TARGETS] = {
    [WINDOW_WORD] = {"window header", true},
    [WINDOW_PCPU] = {"window's pCPU", true},
    [WINDOW_SIZE] = {"window's size", true},
    [RECORD_SHAPE] = {"record's length and time flag", true},
    [RECORD_CLASS] = {"record's class", true},
    [RECORD_EVENT] = {"record's event", false},
    [TIME_OUTSIDE] = {"time, out of order then", true},
    [TIME_WITHIN] = {"time, still in order", false},
    [RUNSTATE] = {"run state's vCPU", true},
    [RUNSTATE_EDGE] = {"vCPU's first or last run state", false},
    [LOSS] = {"loss", false},
    [RAN] = {"time run", false},
    [HYPERCALL] = {"hypercall", false},
    [FILLER] = {"filler", true},
    [PAYLOAD] = {"other words", false},
};

struct result {
    uint64_t flips, equal, told, untold;
};

struct trace {
    const char *path;
    uint8_t *data;
    size_t size;
    char *text; /* what is said of it undamaged */
};

static enum target word_target(uint32_t header)
{
    switch (xph_event_shape(header & 0x0fffffff).kind) {
    case XPH_KIND_RUNSTATE:
    case XPH_KIND_CONTINUE:
        return RUNSTATE;
    case XPH_KIND_LOST:
        return LOSS;
    case XPH_KIND_RAN:
        return RAN;
    case XPH_KIND_HYPERCALL:
    case XPH_KIND_SUBCALL:
        return HYPERCALL;
    case XPH_KIND_FILLER:
        return FILLER;
    default:
        return PAYLOAD;
    }
}

/* A window of the undamaged trace, and a record in it. */
struct place {
    const uint8_t *data;
    size_t record, end;
    uint64_t tsc_before; /* of the timed record before it in the window, 0 if there is none */
};

static uint32_t header_at(const uint8_t *data, size_t at)
{
    uint32_t header;

    memcpy(&header, data + at, sizeof(header));
    return header;
}

static bool has_time(uint32_t header)
{
    return header >> 31 && word_target(header) != FILLER;
}

static uint64_t tsc_at(const uint8_t *data, size_t at)
{
    uint64_t tsc;

    memcpy(&tsc, data + at + sizeof(uint32_t), sizeof(tsc));
    return tsc;
}

static enum target time_target(const struct place *place, uint64_t flipped)
{
    size_t next = place->record;

    do
        next += xph_header_length(header_at(place->data, next));
    while (next < place->end && !has_time(header_at(place->data, next)));
    if (place->tsc_before == 0 || next >= place->end)
        return TIME_WITHIN;
    return flipped < place->tsc_before || flipped > tsc_at(place->data, next) ? TIME_OUTSIDE
                                                                              : TIME_WITHIN;
}

static enum target record_target(const struct place *place, size_t byte, unsigned bit)
{
    uint32_t header = header_at(place->data, place->record);
    size_t at = byte - place->record;
    unsigned bit_of_word = (unsigned)(at % 4) * 8 + bit;

    if (at < 4)
        return bit_of_word >= 28 ? RECORD_SHAPE : bit_of_word >= 16 ? RECORD_CLASS : RECORD_EVENT;
    if (word_target(header) == FILLER)
        return FILLER;
    if (header >> 31 && at < 12)
        return time_target(place, tsc_at(place->data, place->record) ^ UINT64_C(1)
                                                                           << ((at - 4) * 8 + bit));
    return word_target(header);
}

/* Has the vCPU of the run state record at `at` others before and after it? */
static bool has_neighbours(const struct trace *trace, size_t at)
{
    uint64_t tsc = tsc_at(trace->data, at);
    uint32_t vcpu = header_at(trace->data, at + 12), window[3];
    bool before = false, after = false;

    for (size_t start = 0, end; start < trace->size; start = end) {
        memcpy(window, trace->data + start, sizeof(window));
        end = start + sizeof(window) + window[2];
        for (size_t i = start + sizeof(window); i < end;
             i += xph_header_length(header_at(trace->data, i))) {
            if (word_target(header_at(trace->data, i)) != RUNSTATE ||
                header_at(trace->data, i + 12) != vcpu)
                continue;
            before |= tsc_at(trace->data, i) < tsc;
            after |= tsc_at(trace->data, i) > tsc;
        }
    }
    return before && after;
}

/* What the bit of the undamaged trace belongs to. */
static enum target find_target(const struct trace *trace, size_t byte, unsigned bit)
{
    struct place place = {.data = trace->data};
    uint32_t window[3], header;
    size_t at = 0;

    for (;; at = place.end) {
        memcpy(window, trace->data + at, sizeof(window));
        if (byte < at + sizeof(window))
            return (enum target)(WINDOW_WORD + (byte - at) / 4);
        place.end = at + sizeof(window) + window[2];
        if (byte < place.end)
            break;
    }
    for (place.record = at + sizeof(window);; place.record += xph_header_length(header)) {
        header = header_at(trace->data, place.record);
        if (byte < place.record + xph_header_length(header)) {
            enum target target = record_target(&place, byte, bit);

            return target == RUNSTATE && !has_neighbours(trace, place.record) ? RUNSTATE_EDGE
                                                                              : target;
        }
        if (has_time(header))
            place.tsc_before = tsc_at(trace->data, place.record);
    }
}

/* All that is said of a trace; the caller's to free. */
static char *summarize(const uint8_t *data, size_t size, bool *doubtful)
{
    struct xph_doubts doubts = {0};
    struct xph_summary summary;
    struct xph_summary_view view = {.summary = &summary, .doubts = &doubts};
    struct xph_error err = {0};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    if (!out || !xph_summary_read_memory(&summary, data, size, 1, &err)) {
        fprintf(stderr, "flip_trace: %s\n", err.text);
        exit(1);
    }
    view.clock = (struct xph_clock){summary.first_tsc, KHZ, 0};
    xph_doubts_of_damage(&doubts, &summary.damage);
    xph_doubts_of_machine(&doubts, summary.machine.contradictions);
    *doubtful = doubts.count > 0;
    if (!xph_summary_text(out, &view, &err)) {
        fprintf(stderr, "flip_trace: %s\n", err.text);
        exit(1);
    }
    fclose(out);
    xph_summary_close(&summary);
    return text;
}

static void load(struct trace *trace, const char *path)
{
    struct xph_mapped_file file;
    struct xph_error err;
    bool doubtful;

    if (!xph_map_file(AT_FDCWD, path, &file, &err)) {
        fprintf(stderr, "flip_trace: %s\n", err.text);
        exit(1);
    }
    trace->path = path;
    trace->size = file.size;
    trace->data = malloc(file.size);
    memcpy(trace->data, file.data, file.size);
    xph_unmap_file(&file);
    trace->text = summarize(trace->data, trace->size, &doubtful);
    if (doubtful) {
        fprintf(stderr, "flip_trace: %s is doubtful as it is\n", path);
        exit(1);
    }
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * The bit to flip. Of windows there are few, so each eighth flip goes into the header of one: the
 * next one after a random place.
 */
static uint64_t choose_bit(const struct trace *trace, uint64_t seed)
{
    uint64_t state = seed, bit = next_random(&state) % (trace->size * 8), at = 0;
    uint32_t window[3];

    if (seed % 8 != 0)
        return bit;
    while (at < trace->size && at * 8 < bit) {
        memcpy(window, trace->data + at, sizeof(window));
        at += sizeof(window) + window[2];
    }
    return (at < trace->size ? at : 0) * 8 + next_random(&state) % (sizeof(window) * 8);
}

/* False if what must be told was not. */
static bool flip(const struct trace *trace, uint64_t seed, struct result *results)
{
    uint64_t bit = choose_bit(trace, seed), start = now_ms(), took;
    enum target target = find_target(trace, bit / 8, bit % 8);
    struct result *result = &results[target];
    bool doubtful, equal;
    char *text;

    trace->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    text = summarize(trace->data, trace->size, &doubtful);
    trace->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    took = now_ms() - start;
    equal = strcmp(text, trace->text) == 0;
    free(text);
    result->flips++;
    if (doubtful)
        result->told++;
    else if (equal)
        result->equal++;
    else
        result->untold++;
    if (took > MAX_MS)
        printf("seed %" PRIu64 ", %s: took %" PRIu64 " ms\n", seed, trace->path, took);
    if (!doubtful && !equal && targets[target].covered)
        printf("seed %" PRIu64 ", %s: byte %" PRIu64 " bit %" PRIu64 ", %s: not told\n", seed,
               trace->path, bit / 8, bit % 8, targets[target].name);
    return took <= MAX_MS && (doubtful || equal || !targets[target].covered);
}

static void print_results(const struct result *results)
{
    printf("%-30s %8s %8s %8s %8s\n", "bit of a", "flips", "told", "no matter", "untold");
    for (unsigned i = 0; i < TARGETS; i++)
        printf("%-30s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n", targets[i].name,
               results[i].flips, results[i].told, results[i].equal, results[i].untold);
}

int main(int argc, char **argv)
{
    uint64_t flips = argc > 3 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t first_seed = argc > 3 ? strtoull(argv[2], NULL, 10) : 0;
    size_t trace_count = argc > 3 ? (size_t)argc - 3 : 0;
    struct result results[TARGETS] = {0};
    uint64_t failed = 0;
    struct trace *traces;

    if (flips == 0) {
        fputs("usage: flip_trace FLIPS FIRST_SEED TRACE...\n", stderr);
        return 2;
    }
    traces = calloc(trace_count, sizeof(*traces));
    for (size_t i = 0; i < trace_count; i++)
        load(&traces[i], argv[3 + i]);
    for (uint64_t i = 0; i < flips; i++)
        failed += !flip(&traces[i % trace_count], first_seed + i, results);
    print_results(results);
    printf("%" PRIu64 " of %" PRIu64 " flips are as they must be\n", flips - failed, flips);
    for (size_t i = 0; i < trace_count; i++) {
        free(traces[i].data);
        free(traces[i].text);
    }
    free(traces);
    return failed > 0;
}
