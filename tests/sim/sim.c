/*
 * The gateway in one thread on a virtual clock, with everything around it failing from one seed; DESIGN.md ("Simulated wards") says what must hold.
 *
 *     sim [-v] [SEED [DAYS]]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/powerloss/chance.h"
#include "tests/sim/bedside.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/faults.h"
#include "tests/sim/hal.h"
#include "tests/sim/invariant.h"
#include "tests/sim/judge.h"
#include "tests/sim/nurse.h"
#include "tests/sim/process.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)
#define CONFIG    "tests/sim/config/ward.yaml"

/* An assertion of the gateway's, or its crash. */
static void on_fault(int number)
{
    /* NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c): of one thread, which goes no further */
    (void)signal(number, SIG_DFL);
    (void)fprintf(stderr, "sim: BROKEN: the gateway ends by %s in %s\n", strsignal(number),
                  scheduler_name(scheduler_self()));
    invariant_print_repeat();
    /* NOLINTEND(bugprone-signal-handler,cert-sig30-c) */
    (void)raise(number);
}

static void live_until(int64_t until_us)
{
    int64_t second_us = scheduler_now_us() + SECOND_US;
    while (scheduler_now_us() < until_us) {
        const int64_t fault_us = faults_next_us();
        scheduler_run_until(fault_us < second_us ? fault_us : second_us);
        faults_step();
        if (scheduler_now_us() >= second_us) {
            judge_second();
            second_us += SECOND_US;
        }
    }
}

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void print_summary(double days, double seconds)
{
    (void)printf(
        "sim: %g ward-days in %.1f s of CPU (%.1f a minute), %llu alerts, %llu arrivals, %llu commits, %llu commands\n",
        days, seconds, days * 60 / seconds, (unsigned long long)witness_alerts(),
        (unsigned long long)witness_arrivals(), (unsigned long long)disk_commits(),
        (unsigned long long)nurse_commands());
    faults_print_counts();
    invariant_print_counts();
}

int main(int argc, char **argv)
{
    const bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    const char *const *words = (const char *const *)argv + verbose;
    const int count = argc - verbose;
    const uint64_t seed = count > 1 && *words[1] != '\0' ? strtoull(words[1], NULL, 10) : (uint64_t)time(NULL);
    const double days = count > 2 && *words[2] != '\0' ? strtod(words[2], NULL) : 1;
    invariant_set_repeat(seed, days);
    (void)printf("sim: make test-sim SIM_SEED=%llu SIM_DAYS=%g\n", (unsigned long long)seed, days);
    (void)fflush(stdout);
    (void)signal(SIGABRT, on_fault);
    (void)signal(SIGSEGV, on_fault);
    chance_seed(seed);
    chance_names_seed(chance_mix(seed, 1));
    process_show_log(verbose);
    if (!process_configure(CONFIG)) {
        return EXIT_FAILURE;
    }
    bedside_init();
    hal_boot(HARDWARE_RIGHT);
    hal_set_wall_ms(hal_true_wall_ms());
    hal_set_synced(true);
    faults_init();
    process_start();
    live_until((int64_t)(days * (double)DAY_US));
    print_summary(days, cpu_s());
    return EXIT_SUCCESS;
}
