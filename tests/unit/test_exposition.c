/* Prometheus' text format: what is written, whatever the names are, and that the reader by which it is checked is strict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/flow/exposition.h"
#include "tests/unit/support/exposition_check.h"

static char out[4096];

/* ---- the checker itself ---- */

#define HEAD "# HELP wardgate_a_total x\n# TYPE wardgate_a_total counter\n"

static void test_the_reader_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        HEAD,
        HEAD "wardgate_a_total 1",
        HEAD "wardgate_a_total 1\n\n",
        HEAD "wardgate_a_total 1.50\n",
        HEAD "wardgate_a_total -1\n",
        HEAD "wardgate_a_total 1e3\n",
        HEAD "wardgate_b_total 1\n",
        HEAD "wardgate_a_total{} 1\n",
        HEAD "wardgate_a_total{k=\"v\",} 1\n",
        HEAD "wardgate_a_total{k=\"v} 1\n",
        HEAD "wardgate_a_total{k=\"\\v\"} 1\n",
        HEAD "wardgate_a_total{k=\"a\nb\"} 1\n",
        HEAD "wardgate_a_total{k=v} 1\n",
        HEAD HEAD "wardgate_a_total 1\n",
        "wardgate_a_total 1\n",
        "# HELP wardgate_a x\n# TYPE wardgate_a counter\nwardgate_a 1\n",
        "# HELP wardgate_a_total x\n# TYPE wardgate_a_total gauge\nwardgate_a_total 1\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total 1\n",
        "# TYPE wardgate_a_total counter\nwardgate_a_total 1\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (exposition_problem(bad[i]) == NULL) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    assert_null(exposition_problem(HEAD "wardgate_a_total{k=\"a\\\\b\\n\\\"\",l=\"\"} 1.5\nwardgate_a_total 0\n"));
}

/* ---- the format ---- */

static void test_texts_and_numbers(void **state)
{
    (void)state;
    static const struct metric metric = {"wardgate_a_total", "a \"help\"\nof \\ two lines", METRIC_COUNTER};
    static const struct metric unused = {"wardgate_unused", "nothing", METRIC_GAUGE};
    struct exposition e;
    exposition_begin(&e, out, sizeof out);
    exposition_metric(&e, &unused);
    exposition_metric(&e, &metric);
    exposition_sample(&e, NULL, 0, UINT64_MAX, 1);
    exposition_sample(&e, (const struct exposition_label[]){{"k", "a\"b\\c\nd"}, {"l", ""}}, 2, 1500000, 1000000);
    exposition_sample(&e, (const struct exposition_label[]){{"k", "\xc3\xa4\xff\xc0\xaf\xed\xa0\x80\xe2\x82"}}, 1, 1,
                      1000000);
    exposition_sample(&e, (const struct exposition_label[]){{"k", "z"}}, 1, 1250, 1000);
    exposition_sample(&e, (const struct exposition_label[]){{"k", "y"}}, 1, 3000, 1000);
    exposition_sample(&e, (const struct exposition_label[]){{"k", "x"}}, 1, 0, 1000000);
    assert_true(exposition_end(&e) > 0);
    assert_string_equal(out, "# HELP wardgate_a_total a \"help\"\\nof \\\\ two lines\n"
                             "# TYPE wardgate_a_total counter\n"
                             "wardgate_a_total 18446744073709551615\n"
                             "wardgate_a_total{k=\"a\\\"b\\\\c\\nd\",l=\"\"} 1.5\n"
                             "wardgate_a_total{k=\"\xc3\xa4???"
                             "???"
                             "??\"} 0.000001\n"
                             "wardgate_a_total{k=\"z\"} 1.25\n"
                             "wardgate_a_total{k=\"y\"} 3\n"
                             "wardgate_a_total{k=\"x\"} 0\n");
    assert_null(exposition_problem(out));
}

static void test_what_does_not_fit_is_said(void **state)
{
    (void)state;
    static const struct metric metric = {"wardgate_a", "a", METRIC_GAUGE};
    struct exposition e;
    for (size_t size = 1; size < 60; size++) {
        exposition_begin(&e, out, size);
        exposition_metric(&e, &metric);
        exposition_sample(&e, NULL, 0, 7, 1);
        const size_t whole = strlen("# HELP wardgate_a a\n# TYPE wardgate_a gauge\nwardgate_a 7\n");
        assert_int_equal(exposition_end(&e), size > whole ? whole : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_reader_is_strict),
        cmocka_unit_test(test_texts_and_numbers),
        cmocka_unit_test(test_what_does_not_fit_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
