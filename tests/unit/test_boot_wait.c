/* How long --until idle waits, and what it says of the end. Synthetic: the domains are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tracer/boot_wait.h"

#define SECOND UINT64_C(1000000000)

enum { PAGES = 1000, SHUT_REBOOT = 1 << 16 | XPH_DOMAIN_SHUTDOWN };
enum { SHUT_CRASH = 3 << 16 | XPH_DOMAIN_SHUTDOWN, COMMAND_END = 5 };

/* A host with dom0 and a domain that ran before. */
struct host {
    struct domain_list domains;
    char text[128];
};

static struct sampled_domain *add(struct host *host, uint32_t domid, bool is_new)
{
    struct sampled_domain *domain = domain_list_add(&host->domains);

    assert_non_null(domain);
    domain->is_new = is_new;
    domain->last = (struct xph_sample_domain){
        .header = {.domid = domid}, .cpu_time_ns = 1, .tot_pages = PAGES};
    domain_end_add(&domain->end, &domain->last, SECOND);
    return domain;
}

static struct host host_of_one_domain(void)
{
    struct host host = {.text = ""};

    add(&host, 0, false);
    add(&host, 1, false);
    return host;
}

static void sample(struct host *host, uint32_t domid, uint32_t flags, uint64_t second)
{
    struct sampled_domain *domain = domain_list_find(&host->domains, domid);

    domain->last.flags = flags;
    domain_end_add(&domain->end, &domain->last, second * SECOND);
}

static void gone(struct host *host, uint32_t domid, uint64_t second)
{
    struct sampled_domain *domain = domain_list_find(&host->domains, domid);

    domain->gone.monotonic_ns = second * SECOND;
    domain_list_end(&host->domains, domain);
}

static enum boot_progress judge(struct host *host, uint64_t second)
{
    struct boot_look look;
    enum boot_progress progress;

    boot_wait_look(&look, &host->domains);
    progress = boot_wait_judge(&look, COMMAND_END * SECOND, second * SECOND);
    boot_wait_text(&look, progress, host->text, sizeof(host->text));
    return progress;
}

static void test_new_domain_is_waited_for_until_it_is_idle(void **state)
{
    struct host host = host_of_one_domain();

    (void)state;
    add(&host, 2, true);
    assert_int_equal(judge(&host, COMMAND_END), BOOT_GOES_ON);
    assert_int_equal(judge(&host, COMMAND_END + 1000), BOOT_GOES_ON);
    domain_list_find(&host.domains, 2)->idle_watch.idle = true;
    assert_int_equal(judge(&host, COMMAND_END), BOOT_DONE);
    assert_string_equal(host.text, "");
    domain_list_free(&host.domains);
}

static void test_without_a_new_domain_the_wait_ends_and_says_so(void **state)
{
    struct host host = host_of_one_domain();

    (void)state;
    assert_int_equal(judge(&host, COMMAND_END + BOOT_WAIT_SECONDS - 1), BOOT_GOES_ON);
    assert_int_equal(judge(&host, COMMAND_END + BOOT_WAIT_SECONDS), BOOT_NO_DOMAIN);
    assert_string_equal(host.text, "no new domain came within 10 s of the command's end");
    domain_list_free(&host.domains);
}

/* xl reboot returns at once; the guest takes 9 s to shut down, and 8 s later its successor is made.
 */
static void test_reboot_is_followed_to_its_successor(void **state)
{
    struct host host = host_of_one_domain();

    (void)state;
    sample(&host, 1, SHUT_REBOOT, COMMAND_END + 9);
    assert_int_equal(judge(&host, COMMAND_END + 12), BOOT_GOES_ON);
    gone(&host, 1, COMMAND_END + 13);
    assert_int_equal(judge(&host, COMMAND_END + 20), BOOT_GOES_ON);
    add(&host, 2, true);
    assert_int_equal(judge(&host, COMMAND_END + 60), BOOT_GOES_ON);
    domain_list_find(&host.domains, 2)->idle_watch.idle = true;
    assert_int_equal(judge(&host, COMMAND_END + 61), BOOT_DONE);
    assert_string_equal(host.text, "");
    domain_list_free(&host.domains);
}

static void test_crashed_domain_that_is_kept_is_not_waited_for(void **state)
{
    struct host host = host_of_one_domain();

    (void)state;
    add(&host, 2, true);
    sample(&host, 2, SHUT_CRASH, COMMAND_END + 1);
    assert_int_equal(judge(&host, COMMAND_END + 10), BOOT_GOES_ON);
    assert_int_equal(judge(&host, COMMAND_END + 11), BOOT_NO_DOMAIN);
    assert_string_equal(host.text, "domain 2 crashed before it was idle, and no other came");
    domain_list_free(&host.domains);
}

static void test_crashed_domain_that_is_started_anew_is_told(void **state)
{
    struct host host = host_of_one_domain();

    (void)state;
    add(&host, 2, true);
    sample(&host, 2, SHUT_CRASH, COMMAND_END + 1);
    gone(&host, 2, COMMAND_END + 2);
    add(&host, 3, true);
    assert_int_equal(judge(&host, COMMAND_END + 30), BOOT_GOES_ON);
    domain_list_find(&host.domains, 3)->idle_watch.idle = true;
    assert_int_equal(judge(&host, COMMAND_END + 30), BOOT_DONE);
    assert_string_equal(host.text, "domain 2 crashed before it was idle");
    domain_list_free(&host.domains);
}

/* It was shut down, or a zombie, when the recording began: nothing comes of it. */
static void test_end_of_before_is_no_end(void **state)
{
    struct host host = host_of_one_domain();
    struct sampled_domain *domain = domain_list_find(&host.domains, 1);

    (void)state;
    domain->end = (struct domain_end){.certain = false};
    sample(&host, 1, SHUT_CRASH, 1);
    add(&host, 2, true)->idle_watch.idle = true;
    assert_int_equal(judge(&host, COMMAND_END), BOOT_DONE);
    assert_string_equal(host.text, "");
    domain_list_free(&host.domains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_domain_is_waited_for_until_it_is_idle),
        cmocka_unit_test(test_without_a_new_domain_the_wait_ends_and_says_so),
        cmocka_unit_test(test_reboot_is_followed_to_its_successor),
        cmocka_unit_test(test_crashed_domain_that_is_kept_is_not_waited_for),
        cmocka_unit_test(test_crashed_domain_that_is_started_anew_is_told),
        cmocka_unit_test(test_end_of_before_is_no_end),
    };

    return cmocka_run_group_tests_name("boot_wait", tests, NULL, NULL);
}
