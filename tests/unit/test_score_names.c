/* The names of all scores that ever were: over a restart, and when there are too many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/commit.h"
#include "app/flow/score_names.h"
#include "tests/unit/support/store_folder.h"

static struct bed_config beds[2];
static struct estimate_model models[ESTIMATE_MODELS_MAX];
static char model_names[ESTIMATE_MODELS_MAX][SCORE_NAME_MAX];
static struct engine_config config;

/* An adult and a newborn with all scores, and so many models, numbered from `first` on. */
static void configure(unsigned model_count, unsigned first)
{
    for (unsigned i = 0; i < model_count; i++) {
        (void)snprintf(model_names[i], sizeof model_names[i], "m%u", first + i);
        models[i].name = model_names[i];
    }
    beds[0] = (struct bed_config){.id = "b01", .patient_class = CLASS_adult, .scores = UINT16_MAX};
    beds[1] = (struct bed_config){.id = "b02", .patient_class = CLASS_neonate, .scores = UINT16_MAX};
    config =
        (struct engine_config){.beds = beds, .bed_count = 2, .models = models, .model_count = (uint8_t)model_count};
}

static void test_which_are_kept(void **state)
{
    (void)state;
    configure(1, 0);
    assert_true(score_name_is_kept(&config, "news2") && score_name_is_kept(&config, "bedside_pews"));
    assert_true(score_name_is_kept(&config, "m0"));
    assert_false(score_name_is_kept(&config, "m1") || score_name_is_kept(&config, "blood_pressure"));
    assert_true(score_name_is_kept_at(&config, 0, "news2") && score_name_is_kept_at(&config, 0, "m0"));
    assert_false(score_name_is_kept_at(&config, 1, "news2") || score_name_is_kept_at(&config, 1, "m0"));
    config.pressure_scheme = PRESSURE_esc_2024;
    assert_true(score_name_is_kept(&config, "blood_pressure"));
    beds[0].patient_class = CLASS_child; /* nobody left whom they are for */
    assert_false(score_name_is_kept(&config, "blood_pressure") || score_name_is_kept(&config, "m0") ||
                 score_name_is_kept(&config, "news2"));
}

static void test_over_a_restart(void **state)
{
    (void)state;
    static struct score_names names, found;
    struct store_folder folder;
    store_folder_init(&folder);
    struct store *store = store_folder_open(&folder);
    memset(&found, 0xFF, sizeof found);
    score_names_read(&found, store);
    assert_int_equal(found.count, 0);
    configure(2, 0);
    memset(&names, 0, sizeof names);
    score_names_add(&names, &config);
    score_names_add(&names, &config);
    assert_int_equal(names.count, SCORE_COUNT + 2); /* each once */
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_state(store, STATE_SCORES, &names, sizeof names), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    score_names_read(&found, store);
    assert_memory_equal(&found, &names, sizeof names);
    assert_int_equal(store_begin(store), STATUS_OK); /* of another size: none of ours */
    assert_int_equal(store_put_state(store, STATE_SCORES, &names, sizeof names - 1), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    score_names_read(&found, store);
    assert_int_equal(found.count, 0);
    store_close(store);
    store_folder_fini(&folder);
}

/* A full list forgets the oldest that is gone, never one that is kept. */
static void test_too_many(void **state)
{
    (void)state;
    static struct score_names names;
    memset(&names, 0, sizeof names);
    for (unsigned round = 0; round < 40; round++) {
        configure(ESTIMATE_MODELS_MAX, round * ESTIMATE_MODELS_MAX);
        score_names_add(&names, &config);
        assert_true(names.count <= SCORE_NAMES_MAX);
        unsigned kept = 0;
        for (uint32_t i = 0; i < names.count; i++) {
            kept += score_name_is_kept(&config, names.names[i]) ? 1U : 0U;
        }
        assert_int_equal(kept, SCORE_COUNT + ESTIMATE_MODELS_MAX);
    }
    assert_int_equal(names.count, SCORE_NAMES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_are_kept),
        cmocka_unit_test(test_over_a_restart),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
