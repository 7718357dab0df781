/*
 * Preloaded into the gateway: counts allocations by who asked, the program itself or a library, after COUNT_AFTER_MS of its
 * life; appends a line for each at the end to COUNT_FILE. Built by 65-allocations.sh.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* glibc's own names. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static uintptr_t program_from, program_to;
static int64_t count_from_ms;
static atomic_uint by_program, by_libraries;
static _Atomic(uintptr_t) first_caller;

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The first object is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
            program_from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            program_to = program_from + info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *after = getenv("COUNT_AFTER_MS");
    (void)dl_iterate_phdr(find_program, NULL);
    count_from_ms = now_ms() + (after != NULL ? strtol(after, NULL, 10) : 0);
}

__attribute__((destructor)) static void end(void)
{
    const char *name = getenv("COUNT_FILE");
    FILE *file = name != NULL ? fopen(name, "a") : NULL;
    if (file != NULL) {
        const uintptr_t caller = atomic_load(&first_caller);
        (void)fprintf(file, "program %u first 0x%zx\nlibraries %u\n", atomic_load(&by_program),
                      (size_t)(caller != 0 ? caller - program_from : 0), atomic_load(&by_libraries));
        (void)fclose(file);
    }
}

static void count(const void *caller)
{
    if (count_from_ms == 0 || now_ms() < count_from_ms) {
        return;
    }
    const uintptr_t at = (uintptr_t)caller;
    if (at < program_from || at >= program_to) {
        atomic_fetch_add(&by_libraries, 1);
        return;
    }
    atomic_fetch_add(&by_program, 1);
    uintptr_t none = 0;
    (void)atomic_compare_exchange_strong(&first_caller, &none, at);
}

void *malloc(size_t size)
{
    count(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t nmemb, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_calloc(nmemb, size);
}

void *realloc(void *ptr, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_realloc(ptr, size);
}
