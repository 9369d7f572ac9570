/* What the recorder keeps of domains, and when it sees them end. Synthetic: the samples are made
 * up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tracer/domain_list.h"
#include "tracer/trigger.h"

enum {
    PAGES = 1000,
    SUSPEND = 2 << 16,
    SOFT_RESET = 5 << 16,
    POWEROFF = 0,
    CRASH = 3 << 16,
    DOMID = 5
};

static struct xph_sample_domain sample_of(uint32_t flags, uint64_t pages)
{
    return (struct xph_sample_domain){.flags = flags, .tot_pages = pages, .cpu_time_ns = 1};
}

static void feed(struct domain_end *end, uint32_t flags, uint64_t pages, uint64_t now_ns)
{
    struct xph_sample_domain sample = sample_of(flags, pages);

    domain_end_add(end, &sample, now_ns);
}

static void test_end_begins_with_the_pause_once_memory_falls(void **state)
{
    struct domain_end end = {.certain = false};

    (void)state;
    feed(&end, 0, PAGES, 1);
    feed(&end, XPH_DOMAIN_PAUSED, PAGES, 2);
    feed(&end, XPH_DOMAIN_PAUSED, PAGES, 3);
    assert_false(end.certain);
    feed(&end, XPH_DOMAIN_PAUSED, PAGES - 1, 4);
    assert_true(end.certain);
    assert_int_equal(end.since_ns, 2);
    feed(&end, XPH_DOMAIN_DYING, 0, 5);
    assert_int_equal(end.since_ns, 2);
}

static void test_pause_that_ends_is_no_end(void **state)
{
    struct domain_end end = {.certain = false};

    (void)state;
    feed(&end, XPH_DOMAIN_PAUSED, PAGES, 1);
    feed(&end, 0, PAGES, 2);
    /* The balloon driver gives memory back while the guest runs. */
    feed(&end, 0, PAGES - 1, 3);
    assert_false(end.certain);
    assert_int_equal(end.since_ns, 0);
    feed(&end, XPH_DOMAIN_PAUSED, PAGES - 1, 4);
    assert_false(end.certain);
    assert_int_equal(end.stopped_ns, 4);
}

static void test_shutdown_ends_running_but_a_suspension_does_not(void **state)
{
    struct domain_end end = {.certain = false};

    (void)state;
    feed(&end, XPH_DOMAIN_SHUTDOWN | SUSPEND, PAGES, 1);
    feed(&end, XPH_DOMAIN_SHUTDOWN | SOFT_RESET, PAGES, 1);
    assert_false(end.certain);
    assert_int_equal(end.stopped_ns, 0);
    feed(&end, XPH_DOMAIN_SHUTDOWN | POWEROFF, PAGES, 2);
    assert_true(end.certain);
    assert_false(end.taken_apart);
    assert_int_equal(end.stopped_ns, 2);
}

static void test_kept_domain_is_taken_apart_from_its_pause_on(void **state)
{
    struct domain_end end = {.certain = false};

    (void)state;
    feed(&end, XPH_DOMAIN_SHUTDOWN | CRASH, PAGES, 1);
    feed(&end, XPH_DOMAIN_SHUTDOWN | CRASH, PAGES, 100);
    assert_int_equal(end.since_ns, 0);
    feed(&end, XPH_DOMAIN_SHUTDOWN | CRASH | XPH_DOMAIN_PAUSED, PAGES, 101);
    assert_false(end.taken_apart);
    feed(&end, XPH_DOMAIN_SHUTDOWN | CRASH | XPH_DOMAIN_PAUSED, PAGES - 1, 102);
    assert_true(end.taken_apart);
    assert_int_equal(end.since_ns, 101);
}

/* Paused or dying before anybody looked: since when, nobody knows. */
static void test_end_that_began_before_is_not_timed(void **state)
{
    struct domain_end end = {.certain = false};

    (void)state;
    feed(&end, XPH_DOMAIN_PAUSED, PAGES, 1);
    feed(&end, XPH_DOMAIN_PAUSED, PAGES - 1, 50);
    assert_true(end.taken_apart);
    assert_int_equal(end.since_ns, 50);
    end = (struct domain_end){.certain = false};
    feed(&end, XPH_DOMAIN_DYING, 1, 1);
    feed(&end, XPH_DOMAIN_DYING, 1, 50);
    assert_int_equal(end.since_ns, 0);
}

static void test_domain_that_is_being_made_does_not_end(void **state)
{
    struct domain_end end = {.certain = false};
    struct xph_sample_domain sample = sample_of(XPH_DOMAIN_PAUSED, PAGES);

    (void)state;
    sample.cpu_time_ns = 0;
    domain_end_add(&end, &sample, 1);
    sample.tot_pages--;
    domain_end_add(&end, &sample, 2);
    assert_false(end.certain);
    sample.flags |= XPH_DOMAIN_DYING;
    domain_end_add(&end, &sample, 3);
    assert_true(end.certain);
}

static struct sampled_domain *add(struct domain_list *list, uint32_t domid, uint64_t first_ns)
{
    struct sampled_domain *domain = domain_list_add(list);

    assert_non_null(domain);
    domain->last.header.domid = domid;
    domain->first.monotonic_ns = first_ns;
    return domain;
}

static void test_domid_used_again_is_another_domain(void **state)
{
    struct domain_list list = {.living = NULL};

    (void)state;
    add(&list, 0, 1);
    domain_list_end(&list, add(&list, DOMID, 2));
    assert_null(domain_list_find(&list, DOMID));
    add(&list, DOMID, 3);
    assert_int_equal(domain_list_find(&list, DOMID)->first.monotonic_ns, 3);
    assert_int_equal(domain_list_find(&list, 0)->first.monotonic_ns, 1);
    assert_int_equal(domain_list_count(&list), 3);
    assert_int_equal(domain_list_at(&list, 0)->first.monotonic_ns, 2);
    assert_int_equal(domain_list_at(&list, 2)->first.monotonic_ns, 3);
    domain_list_free(&list);
}

static void test_domid_taken_between_two_samples_is_another_domain(void **state)
{
    struct sampled_domain domain = {.last = {.cpu_time_ns = 100, .handle = "first"}};
    struct xph_sample_domain later = {.cpu_time_ns = 200, .handle = "first"},
                             renamed = {.cpu_time_ns = 200, .handle = "other"},
                             skewed = {.cpu_time_ns = 99, .handle = "first"},
                             another = {.cpu_time_ns = 0, .handle = "other"};

    (void)state;
    assert_true(sampled_domain_is(&domain, &later));
    assert_true(sampled_domain_is(&domain, &renamed));
    assert_true(sampled_domain_is(&domain, &skewed));
    assert_false(sampled_domain_is(&domain, &another));
}

static void test_past_domains_are_bounded_and_those_dropped_counted(void **state)
{
    enum { TOO_MANY = 100 };
    struct domain_list list = {.living = NULL};

    (void)state;
    add(&list, 0, 0);
    for (uint32_t i = 1; i <= DOMAIN_LIST_MAX_PAST + TOO_MANY; i++) {
        struct sampled_domain *domain = add(&list, i, i);

        assert_true(idle_watch_open(&domain->idle_watch, 1));
        domain_list_end(&list, domain);
    }
    assert_int_equal(domain_list_count(&list), DOMAIN_LIST_MAX_PAST + 1);
    assert_int_equal(list.dropped, TOO_MANY);
    for (size_t i = 0; i < DOMAIN_LIST_MAX_PAST; i++)
        assert_int_equal(domain_list_at(&list, i)->last.header.domid, TOO_MANY + 1 + i);
    assert_int_equal(domain_list_at(&list, DOMAIN_LIST_MAX_PAST)->last.header.domid, 0);
    domain_list_free(&list);
}

/* A second of CLOCK_MONOTONIC. */
#define SECOND UINT64_C(1000000000)

static bool fires(const struct domain_list *list, uint64_t now_ns, char what[128])
{
    struct trigger trigger;
    struct trigger_hit hit;
    struct xph_error err;

    assert_true(trigger_parse(&trigger, "destroy>10s", &err));
    if (!trigger_fired(&trigger, list, now_ns, &hit))
        return false;
    trigger_text(&hit, what, 128);
    return true;
}

static void test_slow_operation_is_followed_to_its_end(void **state)
{
    struct domain_list list = {.living = NULL};
    struct sampled_domain *domain = add(&list, DOMID, 100 * SECOND);
    struct trigger trigger;
    struct trigger_hit hit;
    struct xph_error err;
    char what[128];

    (void)state;
    domain->is_new = true;
    assert_true(trigger_parse(&trigger, "create>10", &err));
    assert_false(trigger_fired(&trigger, &list, 109 * SECOND, &hit));
    assert_true(trigger_fired(&trigger, &list, 110 * SECOND, &hit));
    trigger_text(&hit, what, sizeof(what));
    assert_string_equal(what, "create of domain 5 takes more than 10.000 s");
    assert_false(trigger_ended(&hit, &list, 150 * SECOND));
    assert_false(trigger_overdue(&hit, 199 * SECOND));
    assert_true(trigger_overdue(&hit, 200 * SECOND));
    domain->ran_ns = 160 * SECOND;
    domain_list_end(&list, domain);
    /* Another domain has its domid. */
    add(&list, DOMID, 161 * SECOND)->is_new = true;
    assert_true(trigger_ended(&hit, &list, 170 * SECOND));
    assert_int_equal(hit.ended_ns, 160 * SECOND);
    assert_false(trigger_overdue(&hit, 1000 * SECOND));
    trigger_text(&hit, what, sizeof(what));
    assert_string_equal(what, "create of domain 5 took 60.000 s");
    domain_list_free(&list);
    /* Of what is not listed any more, nobody waits for the end. */
    hit.ended_ns = 0;
    assert_true(trigger_ended(&hit, &list, 170 * SECOND));
}

static void test_slow_destruction_is_timed_from_the_pause(void **state)
{
    struct domain_list list = {.living = NULL};
    struct sampled_domain *domain = add(&list, DOMID, SECOND);
    char what[128];

    (void)state;
    feed(&domain->end, 0, PAGES, SECOND);
    feed(&domain->end, XPH_DOMAIN_PAUSED, PAGES, 2 * SECOND);
    feed(&domain->end, XPH_DOMAIN_PAUSED, PAGES, 20 * SECOND);
    assert_false(fires(&list, 20 * SECOND, what));
    feed(&domain->end, XPH_DOMAIN_PAUSED, PAGES - 1, 21 * SECOND);
    assert_true(fires(&list, 21 * SECOND, what));
    assert_string_equal(what, "destroy of domain 5 takes more than 10.000 s");
    domain->gone.monotonic_ns = 23 * SECOND;
    domain_list_end(&list, domain);
    assert_true(fires(&list, 30 * SECOND, what));
    assert_string_equal(what, "destroy of domain 5 took 21.000 s");
    domain_list_free(&list);
}

static void test_kept_crashed_domain_does_not_fire(void **state)
{
    struct domain_list list = {.living = NULL};
    struct sampled_domain *domain = add(&list, DOMID, SECOND);
    char what[128];

    (void)state;
    feed(&domain->end, XPH_DOMAIN_SHUTDOWN | CRASH, PAGES, SECOND);
    feed(&domain->end, XPH_DOMAIN_SHUTDOWN | CRASH, PAGES, 100 * SECOND);
    assert_false(fires(&list, 100 * SECOND, what));
    feed(&domain->end, XPH_DOMAIN_SHUTDOWN | CRASH | XPH_DOMAIN_PAUSED, PAGES, 101 * SECOND);
    feed(&domain->end, XPH_DOMAIN_SHUTDOWN | CRASH | XPH_DOMAIN_DYING, 0, 102 * SECOND);
    assert_false(fires(&list, 102 * SECOND, what));
    assert_true(fires(&list, 112 * SECOND, what));
    domain_list_free(&list);
}

static void test_quick_destruction_does_not_fire(void **state)
{
    struct domain_list list = {.living = NULL};
    struct sampled_domain *domain = add(&list, DOMID, SECOND);
    char what[128];

    (void)state;
    feed(&domain->end, XPH_DOMAIN_PAUSED, PAGES, 2 * SECOND);
    feed(&domain->end, XPH_DOMAIN_PAUSED, PAGES - 1, 3 * SECOND);
    domain->gone.monotonic_ns = 4 * SECOND;
    domain_list_end(&list, domain);
    /* So short that no sample showed its end. */
    domain = add(&list, DOMID + 1, SECOND);
    domain->gone.monotonic_ns = 50 * SECOND;
    domain_list_end(&list, domain);
    assert_false(fires(&list, 100 * SECOND, what));
    domain_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end_begins_with_the_pause_once_memory_falls),
        cmocka_unit_test(test_pause_that_ends_is_no_end),
        cmocka_unit_test(test_shutdown_ends_running_but_a_suspension_does_not),
        cmocka_unit_test(test_kept_domain_is_taken_apart_from_its_pause_on),
        cmocka_unit_test(test_end_that_began_before_is_not_timed),
        cmocka_unit_test(test_kept_crashed_domain_does_not_fire),
        cmocka_unit_test(test_domain_that_is_being_made_does_not_end),
        cmocka_unit_test(test_domid_used_again_is_another_domain),
        cmocka_unit_test(test_slow_destruction_is_timed_from_the_pause),
        cmocka_unit_test(test_slow_operation_is_followed_to_its_end),
        cmocka_unit_test(test_quick_destruction_does_not_fire),
        cmocka_unit_test(test_domid_taken_between_two_samples_is_another_domain),
        cmocka_unit_test(test_past_domains_are_bounded_and_those_dropped_counted),
    };

    return cmocka_run_group_tests_name("domains", tests, NULL, NULL);
}
