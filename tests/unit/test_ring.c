/* The ring: order, fullness and wrap-around by hand, then two threads in random batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/ring.h"
#include "tests/unit/support/draw.h"

#define STORAGE_BYTES 65536

static alignas(64) unsigned char storage[STORAGE_BYTES];

static void make_ring(struct ring *ring, uint32_t slots, size_t element_size)
{
    memset(storage, 0, sizeof storage);
    struct arena arena = {.base = storage, .size = sizeof storage};
    ring_init(ring, &arena, slots, element_size);
}

static void test_measures_without_touching(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct ring ring;
    memset(&ring, 0xA5, sizeof ring);
    ring_init(&ring, &arena, 8, 24);
    assert_int_equal(arena.used, 8 * 24);
    assert_int_equal(ring.mask, 0xA5A5A5A5);
}

static void test_first_in_first_out(void **state)
{
    (void)state;
    struct ring ring;
    uint32_t out[4] = {0};
    make_ring(&ring, 4, sizeof(uint32_t));
    assert_int_equal(ring_pop(&ring, out, 4), 0);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_true(ring_push(&ring, &i));
    }
    assert_int_equal(ring_count(&ring), 3);
    assert_int_equal(ring_room(&ring), 1);
    assert_int_equal(ring_pop(&ring, out, 2), 2);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 2);
    assert_int_equal(ring_pop(&ring, out, 4), 1);
    assert_int_equal(out[0], 3);
    assert_int_equal(ring_count(&ring), 0);
}

static void test_full_refuses_and_keeps(void **state)
{
    (void)state;
    struct ring ring;
    uint64_t out[8];
    make_ring(&ring, 8, sizeof(uint64_t));
    for (uint64_t i = 0; i < 8; i++) {
        assert_true(ring_push(&ring, &i));
    }
    const uint64_t refused = 99;
    assert_false(ring_push(&ring, &refused));
    assert_int_equal(ring_room(&ring), 0);
    assert_int_equal(ring_pop(&ring, out, 1), 1);
    assert_int_equal(out[0], 0);
    assert_true(ring_push(&ring, &refused));
    assert_int_equal(*(const uint64_t *)ring_at(&ring, 0), 1); /* where they lie, also over the ring's end */
    assert_int_equal(*(const uint64_t *)ring_at(&ring, 7), 99);
    assert_null(ring_at(&ring, 8));
    *(uint64_t *)ring_at(&ring, 3) = 77;
    assert_int_equal(ring_pop(&ring, out, 8), 8);
    assert_int_equal(out[3], 77);
    assert_null(ring_at(&ring, 0));
    assert_int_equal(out[0], 1);
    assert_int_equal(out[7], 99);
}

/* As many as there is room for, the first ones, also over the ring's end. */
static void test_batches(void **state)
{
    (void)state;
    struct ring ring;
    const uint32_t in[6] = {1, 2, 3, 4, 5, 6};
    uint32_t out[8];
    make_ring(&ring, 4, sizeof(uint32_t));
    assert_int_equal(ring_push_batch(&ring, in, 0), 0);
    assert_int_equal(ring_push_batch(&ring, in, 3), 3);
    assert_int_equal(ring_pop(&ring, out, 2), 2);
    assert_int_equal(ring_push_batch(&ring, in + 3, 3), 3);
    assert_int_equal(ring_push_batch(&ring, in, 1), 0);
    assert_int_equal(ring_pop(&ring, out, 8), 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(out[i], i + 3);
    }
    assert_int_equal(ring_push_batch(&ring, in, 6), 4);
    assert_int_equal(ring_pop(&ring, out, 8), 4);
    assert_int_equal(out[3], 4);
}

static void test_one_slot(void **state)
{
    (void)state;
    struct ring ring;
    make_ring(&ring, 1, 3);
    const unsigned char in[3] = {1, 2, 3};
    unsigned char out[3] = {0};
    for (unsigned round = 0; round < 5; round++) {
        assert_true(ring_push(&ring, in));
        assert_false(ring_push(&ring, in));
        assert_int_equal(ring_pop(&ring, out, 9), 1);
        assert_memory_equal(in, out, 3);
    }
}

/* Positions run past 2^32; set them shortly before. */
static void test_positions_wrap(void **state)
{
    (void)state;
    struct ring ring;
    uint16_t out[4];
    make_ring(&ring, 4, sizeof(uint16_t));
    atomic_store(&ring.head, UINT32_MAX - 2);
    atomic_store(&ring.tail, UINT32_MAX - 2);
    ring.head_cached = ring.tail_cached = UINT32_MAX - 2;
    uint16_t next_out = 0;
    uint16_t next_in = 0;
    for (unsigned round = 0; round < 10; round++) {
        while (ring_push(&ring, &next_in)) {
            next_in++;
        }
        assert_int_equal(ring_count(&ring), 4);
        const uint32_t got = ring_pop(&ring, out, 3);
        assert_int_equal(got, 3);
        for (uint32_t i = 0; i < got; i++) {
            assert_int_equal(out[i], next_out++);
        }
    }
}

/* Against a plain queue, any mix of calls. */
static void test_like_a_queue(void **state)
{
    (void)state;
    struct ring ring;
    uint32_t out[32];
    make_ring(&ring, 16, sizeof(uint32_t));
    uint32_t in = 0;
    uint32_t taken = 0;
    for (unsigned step = 0; step < 200000; step++) {
        const uint32_t room = 16 - (in - taken);
        if (chance(30)) {
            assert_int_equal(ring_push(&ring, &in), room > 0);
            in += room > 0;
        } else if (chance(30)) {
            uint32_t batch[20];
            const uint32_t count = (uint32_t)draw(20);
            for (uint32_t i = 0; i < count; i++) {
                batch[i] = in + i;
            }
            assert_int_equal(ring_push_batch(&ring, batch, count), count < room ? count : room);
            in += count < room ? count : room;
        } else {
            const uint32_t most = (uint32_t)draw(20);
            const uint32_t got = ring_pop(&ring, out, most);
            assert_int_equal(got, in - taken < most ? in - taken : most);
            for (uint32_t i = 0; i < got; i++) {
                assert_int_equal(out[i], taken++);
            }
        }
        assert_int_equal(ring_count(&ring), in - taken);
        assert_int_equal(ring_room(&ring), 16 - (in - taken));
    }
}

struct element {
    uint64_t number, check, filling;
};

#define ELEMENTS 2000000U

struct race {
    struct ring ring;
};

static void *produce(void *argument)
{
    struct race *race = argument;
    unsigned seed = 12345;
    for (uint64_t next = 0; next < ELEMENTS;) {
        struct element batch[100];
        const uint32_t wanted = (uint32_t)rand_r(&seed) % 100;
        uint32_t count = 0;
        for (; count < wanted && next + count < ELEMENTS; count++) {
            batch[count] = (struct element){next + count, ~(next + count), (next + count) * 3};
        }
        const uint32_t pushed =
            wanted % 4 == 0 && count > 0 ? ring_push(&race->ring, batch) : ring_push_batch(&race->ring, batch, count);
        next += pushed;
        if (pushed < count) {
            sched_yield();
        }
    }
    return NULL;
}

static void test_two_threads_lose_nothing(void **state)
{
    (void)state;
    static struct race race;
    struct element out[64];
    pthread_t producer;
    make_ring(&race.ring, 256, sizeof(struct element));
    assert_int_equal(pthread_create(&producer, NULL, produce, &race), 0);
    for (uint64_t next = 0; next < ELEMENTS;) {
        const uint32_t got = ring_pop(&race.ring, out, 1 + (uint32_t)draw(64));
        if (got == 0) {
            sched_yield();
        }
        for (uint32_t i = 0; i < got; i++, next++) {
            if (out[i].number != next || out[i].check != ~next || out[i].filling != next * 3) {
                fail_msg("element %llu came as %llu", (unsigned long long)next, (unsigned long long)out[i].number);
            }
        }
        assert_true(ring_count(&race.ring) <= 256);
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    assert_int_equal(ring_pop(&race.ring, out, 64), 0);
}

int main(void)
{
    draw_seed(20240611);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures_without_touching),
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_full_refuses_and_keeps),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_positions_wrap),
        cmocka_unit_test(test_like_a_queue),
        cmocka_unit_test(test_two_threads_lose_nothing),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
