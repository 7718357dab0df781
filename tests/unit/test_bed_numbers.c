/* Numbers of beds that outlive changes of the configuration: they never come to mean another bed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "app/flow/bed_numbers.h"
#include "tests/unit/support/store_folder.h"

#define BEDS_MAX 256

static struct bed_config beds[BEDS_MAX];
static char ids[BEDS_MAX][33];
static struct bed_numbers numbers;
static uint16_t index_of[BED_NUMBERS_MAX], number_of[BEDS_MAX];

static struct engine_config config_of(const char *const *names, uint16_t count)
{
    for (uint16_t b = 0; b < count; b++) {
        beds[b] = (struct bed_config){.id = names[b]};
    }
    return (struct engine_config){.beds = beds, .bed_count = count};
}

static int set_up(void **state)
{
    (void)state;
    numbers = (struct bed_numbers){.count = 0};
    return 0;
}

static void test_numbers_stay(void **state)
{
    (void)state;
    const struct engine_config first = config_of((const char *const[]){"b1", "b2", "b3"}, 3);
    assert_true(bed_numbers_add(&numbers, &first));
    bed_numbers_numbers(&numbers, &first, number_of);
    assert_int_equal(number_of[2], 2);

    const struct engine_config second = config_of((const char *const[]){"b3", "b10", "b1"}, 3);
    assert_true(bed_numbers_add(&numbers, &second));
    assert_int_equal(numbers.count, 4);
    assert_memory_equal(numbers.text, "b1\0b2\0b3\0b10", numbers.size);
    bed_numbers_numbers(&numbers, &second, number_of);
    assert_int_equal(number_of[0], 2);
    assert_int_equal(number_of[1], 3);
    assert_int_equal(number_of[2], 0);
    bed_numbers_indices(&numbers, &second, index_of);
    const uint16_t wanted[] = {2, BED_NONE, 0, 1, BED_NONE};
    assert_memory_equal(index_of, wanted, sizeof wanted);
    assert_int_equal(index_of[BED_NUMBERS_MAX - 1], BED_NONE);
}

static void fill_with(unsigned from, uint16_t count, struct engine_config *out)
{
    for (uint16_t b = 0; b < count; b++) {
        (void)snprintf(ids[b], sizeof ids[b], "bed-%u", from + b);
        beds[b] = (struct bed_config){.id = ids[b]};
    }
    *out = (struct engine_config){.beds = beds, .bed_count = count};
}

static void test_a_full_list_is_left_as_it_is(void **state)
{
    (void)state;
    struct engine_config config;
    for (unsigned from = 0; from < BED_NUMBERS_MAX; from += BEDS_MAX) {
        fill_with(from, BEDS_MAX, &config);
        assert_true(bed_numbers_add(&numbers, &config));
    }
    assert_int_equal(numbers.count, BED_NUMBERS_MAX);
    const size_t size = numbers.size;
    fill_with(BED_NUMBERS_MAX - 1, 2, &config); /* one that it has, one that it has not */
    assert_false(bed_numbers_add(&numbers, &config));
    assert_int_equal(numbers.count, BED_NUMBERS_MAX);
    assert_int_equal(numbers.size, size);
    fill_with(BED_NUMBERS_MAX - 1, 1, &config);
    assert_true(bed_numbers_add(&numbers, &config));
    bed_numbers_numbers(&numbers, &config, number_of);
    assert_int_equal(number_of[0], BED_NUMBERS_MAX - 1);
}

/* Whatever stands in the store: an index in bounds, or none. */
static void test_reading_it_from_the_store(void **state)
{
    (void)state;
    static const char many[2 * (BED_NUMBERS_MAX + 1)] = "";
    const struct {
        const char *bytes;
        size_t size;
        uint16_t count;
    } cases[] = {{"b1\0b2", 6, 2}, {"b1\0b2", 5, 0}, {"", 1, 1}, {many, sizeof many, 0}};
    struct store_folder folder;
    store_folder_init(&folder);
    struct store *store = store_folder_open(&folder);
    bed_numbers_read(&numbers, store, "beds");
    assert_int_equal(numbers.count + numbers.size, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(store_begin(store), STATUS_OK);
        assert_int_equal(store_put_state(store, "beds", cases[i].bytes, cases[i].size), STATUS_OK);
        assert_int_equal(store_commit(store), STATUS_OK);
        bed_numbers_read(&numbers, store, "beds");
        assert_int_equal(numbers.count, cases[i].count);
        assert_int_equal(numbers.size, cases[i].count > 0 ? cases[i].size : 0);
    }
    store_close(store);
    store_folder_fini(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_numbers_stay, set_up),
        cmocka_unit_test_setup(test_a_full_list_is_left_as_it_is, set_up),
        cmocka_unit_test_setup(test_reading_it_from_the_store, set_up),
    };
    return cmocka_run_group_tests_name("bed_numbers", tests, NULL, NULL);
}
