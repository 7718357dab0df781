#include "drivers/uplink/haste.h"

#include "hal/clock.h"
#include "hal/thread.h"

static void choose_way(bool keeps_way)
{
    if (keeps_way) {
        thread_keep_way();
    } else {
        thread_give_way();
    }
}

void haste_acknowledged(struct haste *haste, bool *keeps_way)
{
    const bool wanted = atomic_load_explicit(&haste->keeps_way, memory_order_relaxed);
    if (atomic_load_explicit(&haste->raised_us, memory_order_relaxed) == 0) {
        atomic_store_explicit(&haste->raised_us, clock_boot_us(), memory_order_relaxed);
    }
    if (wanted != *keeps_way) {
        *keeps_way = wanted;
        choose_way(wanted);
    }
}

void haste_asleep(struct haste *haste)
{
    atomic_store_explicit(&haste->raised_us, 0, memory_order_relaxed);
}

void haste_awake(struct haste *haste)
{
    const int64_t raised_us = atomic_load_explicit(&haste->raised_us, memory_order_relaxed);
    const int64_t now_us = clock_boot_us();
    if (raised_us != 0 && now_us - raised_us > HASTE_LATE_US) {
        haste->until_us = now_us + HASTE_US;
    }
    const bool wanted = now_us < haste->until_us;
    if (wanted != atomic_load_explicit(&haste->keeps_way, memory_order_relaxed)) {
        atomic_store_explicit(&haste->keeps_way, wanted, memory_order_relaxed);
        choose_way(wanted);
    }
}
