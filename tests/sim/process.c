#include "tests/sim/process.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/flow/log.h"
#include "app/gateway.h"
#include "tests/powerloss/chance.h"
#include "tests/sim/apart.h"
#include "tests/sim/audited.h"
#include "tests/sim/bedside.h"
#include "tests/sim/box.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/hal.h"
#include "tests/sim/made.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define SIGNAL_US INT64_C(120000000) /* what it asks for is done by then */
enum { SIGNAL_FD = 0x6FFF, MAGIC = 0x5A5A1234 };

/* Before each block: 64 bytes, so that what is aligned to them stays so. */
struct block {
    struct block *before, *after;
    size_t size;
    unsigned magic;
    bool of_process;
    char fill[64 - 2 * sizeof(struct block *) - sizeof(size_t) - 2 * sizeof(unsigned)];
};
_Static_assert(sizeof(struct block) == 64, "aligned blocks stay aligned");

static struct {
    struct settings *settings;
    struct block *blocks; /* of the process */
    int main;
    int64_t started_us, settled_us, signalled_us;
    bool up, dying, shows_log, starts_anew;
    unsigned signals; /* bit per SIGTERM (0), SIGHUP (1) */
} process;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): --wrap of the linker gives these names */
void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);
ssize_t __real_read(int fd, void *bytes, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *memory);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *address, size_t size);
int __wrap_madvise(void *address, size_t size, int advice);
int __wrap_mallopt(int parameter, int value);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);
int __wrap_poll(struct pollfd *fds, nfds_t count, int wait_ms);
int __wrap_signalfd(int fd, const sigset_t *set, int flags);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
_Noreturn void __wrap__exit(int status);

/* ---- memory ---- */

void *world_take(size_t size)
{
    void *memory = __real_malloc(size);
    if (memory == NULL) {
        abort();
    }
    memset(memory, 0, size);
    return memory;
}

void *world_more(void *memory, size_t size)
{
    memory = __real_realloc(memory, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

void world_give(void *memory)
{
    __real_free(memory);
}

static void *enter_block(struct block *block, size_t size)
{
    if (block == NULL) {
        return NULL;
    }
    *block = (struct block){.size = size, .magic = MAGIC, .of_process = scheduler_self() >= 0};
    if (block->of_process) {
        block->after = process.blocks;
        if (process.blocks != NULL) {
            process.blocks->before = block;
        }
        process.blocks = block;
    }
    return block + 1;
}

void *__wrap_malloc(size_t size)
{
    return enter_block(__real_malloc(size + sizeof(struct block)), size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *memory = __wrap_malloc(count * size);
    return memory != NULL ? memset(memory, 0, count * size) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    assert(alignment <= sizeof(struct block));
    return enter_block(__real_aligned_alloc(alignment, size + sizeof(struct block)), size);
}

void __wrap_free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    struct block *block = (struct block *)memory - 1;
    assert(block->magic == MAGIC);
    if (block->before != NULL) {
        block->before->after = block->after;
    } else if (block->of_process) {
        process.blocks = block->after;
    }
    if (block->after != NULL) {
        block->after->before = block->before;
    }
    block->magic = 0;
    __real_free(block);
}

void *__wrap_realloc(void *memory, size_t size)
{
    void *moved = __wrap_malloc(size);
    if (memory != NULL && moved != NULL) {
        const size_t kept = ((struct block *)memory - 1)->size;
        memcpy(moved, memory, kept < size ? kept : size);
        __wrap_free(memory);
    }
    return moved;
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    (void)address;
    (void)protection;
    (void)flags;
    (void)fd;
    (void)offset;
    void *memory = __wrap_aligned_alloc(64, size);
    return memory != NULL ? memset(memory, 0, size) : MAP_FAILED;
}

int __wrap_munmap(void *address, size_t size)
{
    (void)size;
    __wrap_free(address);
    return 0;
}

int __wrap_madvise(void *address, size_t size, int advice)
{
    (void)advice;
    memset(address, 0, size);
    return 0;
}

int __wrap_mallopt(int parameter, int value)
{
    (void)parameter;
    (void)value;
    return 1;
}

static void free_blocks(void)
{
    while (process.blocks != NULL) {
        __wrap_free(process.blocks + 1);
    }
}

/* ---- what it asks of the system ---- */

ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < size; i++) {
        ((unsigned char *)bytes)[i] = (unsigned char)chance_names(256);
    }
    return (ssize_t)size;
}

/* Of main's loop: signals, the local socket (there is none) and its wake. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int wait_ms)
{
    assert(count == 3);
    fds[0].revents = fds[1].revents = fds[2].revents = 0;
    if (process.signals == 0 && hal_poll(&fds[2].fd, 1, wait_ms * INT64_C(1000))) {
        fds[2].revents = POLLIN;
    }
    if (process.signals != 0) {
        fds[0].revents = POLLIN;
    }
    return (fds[0].revents != 0) + (fds[2].revents != 0);
}

int __wrap_signalfd(int fd, const sigset_t *set, int flags)
{
    (void)fd;
    (void)set;
    (void)flags;
    return SIGNAL_FD;
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    (void)how;
    (void)set;
    (void)old;
    return 0;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    if (fd != SIGNAL_FD) {
        return __real_read(fd, bytes, size);
    }
    struct signalfd_siginfo *signal = bytes;
    if (process.signals == 0 || size < sizeof *signal) {
        return -1;
    }
    const bool term = (process.signals & 1U) != 0;
    *signal = (struct signalfd_siginfo){.ssi_signo = term ? SIGTERM : SIGHUP};
    process.signals &= term ? ~1U : ~2U;
    return sizeof *signal;
}

_Noreturn void __wrap__exit(int status)
{
    (void)status;
    process_die();
    abort();
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- its log ---- */

void process_show_log(bool show)
{
    process.shows_log = show;
}

static void PRINTF_LIKE(1, 0) show(const char *format, va_list arguments)
{
    if (process.shows_log) {
        (void)fprintf(stderr, "%12.3f %s: ", (double)scheduler_now_us() / 1e6, scheduler_name(scheduler_self()));
        (void)vfprintf(stderr, format, arguments);
        (void)fputc('\n', stderr);
    }
}

void process_tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    show(format, arguments);
    va_end(arguments);
}

void log_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    show(format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    show(format, arguments);
    va_end(arguments);
}

void log_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    show(format, arguments);
    va_end(arguments);
}

/* ---- its life ---- */

bool process_configure(const char *file)
{
    struct settings_report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        abort();
    }
    const bool good = settings_load(file, gateway_profiles(), &process.settings, report);
    settings_print_report(report, stderr, false);
    free(report);
    return good;
}

static void *run(void *argument)
{
    struct plan plan;
    (void)argument;
    const enum status status = plan_make(process.settings, &plan);
    assert(status == STATUS_OK); /* the sim's own configuration */
    (void)status;
    process.starts_anew = gateway_run(process.settings, &plan, NULL) == GATEWAY_STARTS_ANEW;
    process_die();
    return NULL;
}

void process_start(void)
{
    assert(!process.up);
    process.up = true;
    process.dying = false;
    process.signals = 0;
    process.signalled_us = 0;
    box_begin_process(process.starts_anew);
    audited_begin_process();
    apart_begin_process();
    process.starts_anew = false;
    process.started_us = process.settled_us = scheduler_now_us();
    process.main = scheduler_spawn("main", run, NULL);
}

void process_signal(int number)
{
    process.signals |= number == SIGTERM ? 1U : 2U;
    process.signalled_us = scheduler_now_us();
    box_note_signal();
    if (process.up) {
        scheduler_wake(process.main);
    }
}

void process_kill(void)
{
    process.starts_anew = false;
    if (!process.up) {
        return;
    }
    apart_end_process();
    process.up = process.dying = false;
    scheduler_end_all();
    box_forget_process();
    bedside_forget_process();
    hal_forget_wakes();
    free_blocks();
    disk_forget_process();
    made_forget_process();
    broker_forget_process();
}

bool process_is_up(void)
{
    return process.up;
}

int64_t process_life_us(void)
{
    return process.up ? scheduler_now_us() - process.started_us : 0;
}

int64_t process_up_us(void)
{
    return process.up && !box_holds() ? scheduler_now_us() - process.settled_us : 0;
}

void process_disturb(void)
{
    process.settled_us = scheduler_now_us();
}

bool process_was_signalled(void)
{
    return process.signalled_us != 0 && scheduler_now_us() - process.signalled_us < SIGNAL_US;
}

void process_go_on_in_place(void)
{
    process_kill();
    process.starts_anew = true;
}

bool process_starts_anew(void)
{
    return process.starts_anew;
}

void process_die(void)
{
    process.dying = true;
    for (;;) {
        scheduler_leave();
    }
}

bool process_is_dying(void)
{
    return process.dying;
}
