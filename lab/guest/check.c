/*
 * Does the machine keep what it is given? Emulators have been seen to corrupt vector registers
 * while a nested guest runs, so this runs in dom0 and in guests while domains come, go and move,
 * and says how often it looked and how often it was wrong.
 *
 *   xenlab-check registers SECONDS   all vector registers, a checksum by vector instructions and by
 * plain ones, again and again xenlab-check memory MIB SECONDS  fills MIB with a known pattern, goes
 * on verifying it and rewrites a part each time round
 *
 * SECONDS 0: until a signal. Prints a line every ten seconds and at the end; exits with 1 as soon
 * as something was wrong.
 */
#include <emmintrin.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    REPORT_SECONDS = 10,
    DATA_WORDS = 1 << 17,
    SPINS = 20000,
    PAGE_WORDS = 512,
    REST_NS = 50000000
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A word that says where it stands and in which round it was written. */
static uint64_t pattern(uint64_t index, uint64_t round)
{
    uint64_t x = index * UINT64_C(0x9e3779b97f4a7c15) + round * UINT64_C(0xbf58476d1ce4e5b9) + 1;

    x ^= x >> 29;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 32;
}

/* Loads 16 registers, stays in user space for a while with them, and stores them again. */
static bool registers_survive(void)
{
    static uint64_t in[32] __attribute__((aligned(16))), out[32] __attribute__((aligned(16)));
    uint64_t spins = SPINS;

    for (unsigned i = 0; i < 32; i++)
        in[i] = pattern(i, 7);
    memset(out, 0, sizeof(out));
#define LOAD(n)  "movdqa " #n "*16(%1), %%xmm" #n "\n\t"
#define STORE(n) "movdqa %%xmm" #n ", " #n "*16(%2)\n\t"
#define ALL(op)                                                                                    \
    op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) op(14) \
        op(15)
    __asm__ volatile(ALL(LOAD) "1: pause\n\tdec %0\n\tjnz 1b\n\t" ALL(STORE)
                     : "+r"(spins)
                     : "r"(in), "r"(out)
                     : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return memcmp(in, out, sizeof(in)) == 0;
}

static bool checksums_agree(const uint64_t *data, uint64_t right)
{
    __m128i sum = _mm_setzero_si128();
    uint64_t halves[2];

    for (size_t i = 0; i < DATA_WORDS; i += 2)
        sum = _mm_add_epi64(sum, _mm_load_si128((const __m128i *)(const void *)(data + i)));
    _mm_storeu_si128((__m128i *)(void *)halves, sum);
    return halves[0] + halves[1] == right;
}

struct tally {
    const char *what;
    uint64_t looks, wrong;
    double end, next_report;
};

static void report(const struct tally *tally)
{
    printf("xenlab-check: %s: %llu looks, %llu wrong\n", tally->what,
           (unsigned long long)tally->looks, (unsigned long long)tally->wrong);
    fflush(stdout);
}

/* Counts one look; false when it is time to end. */
static bool go_on(struct tally *tally, bool right)
{
    double now = seconds();

    tally->looks++;
    tally->wrong += !right;
    if (!right || now >= tally->next_report) {
        report(tally);
        tally->next_report = now + REPORT_SECONDS;
    }
    return right && !stop && (tally->end == 0 || now < tally->end);
}

static void check_registers(struct tally *tally)
{
    static uint64_t data[DATA_WORDS] __attribute__((aligned(16)));
    uint64_t right = 0;

    for (size_t i = 0; i < DATA_WORDS; i++)
        right += data[i] = pattern(i, 0);
    while (go_on(tally, registers_survive() && checksums_agree(data, right)))
        nanosleep(&(struct timespec){0, REST_NS}, NULL);
}

static bool check_memory(struct tally *tally, size_t mib)
{
    size_t pages = mib * 256;
    uint64_t *memory = malloc(mib << 20);
    uint32_t *round_of = calloc(pages, sizeof(*round_of));
    uint32_t round = 0;
    bool right = true;

    if (!memory || !round_of) {
        fprintf(stderr, "xenlab-check: no %zu MiB of memory\n", mib);
        free(memory);
        free(round_of);
        return false;
    }
    for (size_t i = 0; i < pages * PAGE_WORDS; i++)
        memory[i] = pattern(i, 0);
    do {
        round++;
        for (size_t page = 0; right && !stop && page < pages; page++) {
            uint64_t *words = memory + page * PAGE_WORDS;
            /* Every eighth page is written anew, another eighth each time. */
            bool rewrite = page % 8 == round % 8;

            for (size_t i = 0; i < PAGE_WORDS; i++) {
                right &= words[i] == pattern(page * PAGE_WORDS + i, round_of[page]);
                if (rewrite)
                    words[i] = pattern(page * PAGE_WORDS + i, round);
            }
            if (rewrite)
                round_of[page] = round;
        }
        /* A guest that dirties its memory faster than it can be sent is never moved. */
        nanosleep(&(struct timespec){1, 0}, NULL);
    } while (go_on(tally, right));
    free(memory);
    free(round_of);
    return true;
}

int main(int argc, char **argv)
{
    bool memory = argc == 4 && strcmp(argv[1], "memory") == 0;
    struct tally tally = {.what = memory ? "memory" : "registers"};
    long run = argc > 2 ? atol(argv[argc - 1]) : -1;
    bool done = true;

    if (!(memory || (argc == 3 && strcmp(argv[1], "registers") == 0)) || run < 0) {
        fprintf(stderr,
                "usage: xenlab-check registers SECONDS | memory MIB SECONDS (0: until a signal)\n");
        return 2;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    tally.end = run ? seconds() + (double)run : 0;
    if (memory)
        done = check_memory(&tally, strtoul(argv[2], NULL, 10));
    else
        check_registers(&tally);
    report(&tally);
    return done && tally.wrong == 0 ? 0 : 1;
}
