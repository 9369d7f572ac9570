/* What dom0 stamps stands in its place on the time line, whatever the offset of its TSC. The
 * recording: build/data/destroy-pv.xph, see tests/data/README.md, made in a PV dom0, whose TSC is
 * Xen's; here it is given the TSC that a PVH dom0 could have had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/operation/operation.h"
#include "recording/samples.h"
#include "tests/unit/domain_lives.h"

#define RECORDING "build/data/destroy-pv.xph"
/* A PVH dom0's TSC begins near 0 when it is started, seconds after Xen's. */
#define OFFSET INT64_C(12345678901)

static struct xph_operation find_operation(const struct xph_recording *recording)
{
    struct xph_domain_lives lives;
    struct xph_operation *operations, found;
    struct xph_timeline timeline;
    struct xph_error err;
    size_t count;

    assert_true(xph_timeline_open_recording(&timeline, recording, NULL, &err));
    assert_true(read_domain_lives(&lives, &timeline, recording, &err));
    assert_true(xph_operations_find(&lives, &recording->manifest, &timeline.clock, NULL,
                                    &operations, &count, &err));
    assert_int_equal(count, 1);
    found = operations[0];
    free(operations);
    xph_domain_lives_free(&lives);
    xph_timeline_close(&timeline);
    return found;
}

/* A copy of the samples with another TSC, to be freed. */
static uint8_t *shift_samples(const struct xph_mapped_file *file, int64_t cycles)
{
    uint8_t *copy = malloc(file->size);
    struct xph_sample_header header;

    memcpy(copy, file->data, file->size);
    for (size_t at = strlen(XPH_SAMPLES_MAGIC); at + sizeof(header) <= file->size;
         at += header.size) {
        memcpy(&header, copy + at, sizeof(header));
        header.tsc += (uint64_t)cycles;
        memcpy(copy + at, &header, sizeof(header));
    }
    return copy;
}

static void test_offset_of_dom0s_clock_moves_no_phase(void **state)
{
    struct xph_recording recording, shifted;
    struct xph_operation first, second;
    struct xph_error err = {0};
    uint8_t *samples;

    (void)state;
    assert_true(xph_recording_open(&recording, RECORDING, &err));
    first = find_operation(&recording);
    shifted = recording;
    samples = shift_samples(&recording.samples, -OFFSET);
    shifted.samples.data = samples;
    shifted.manifest.recording_start.tsc -= OFFSET;
    shifted.manifest.recording_end.tsc -= OFFSET;
    shifted.manifest.command_start.tsc -= OFFSET;
    shifted.manifest.command_end.tsc -= OFFSET;
    shifted.manifest.clock_offset = (struct xph_clock_pair){true, true, OFFSET, 100};
    second = find_operation(&shifted);
    assert_in_range(first.phase_count, 3, XPH_MAX_PHASES);
    assert_int_equal(first.phase_count, second.phase_count);
    for (size_t i = 0; i < first.phase_count; i++) {
        assert_string_equal(first.phases[i].name, second.phases[i].name);
        assert_int_equal(first.phases[i].start_ns, second.phases[i].start_ns);
        assert_int_equal(first.phases[i].end_ns, second.phases[i].end_ns);
    }
    assert_non_null(first.domain);
    assert_ptr_equal(first.domain, second.domain);
    free(samples);
    xph_recording_close(&recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offset_of_dom0s_clock_moves_no_phase),
    };

    return cmocka_run_group_tests_name("dom0 clock", tests, NULL, NULL);
}
