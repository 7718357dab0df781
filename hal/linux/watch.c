#include "hal/watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum status watch_open(int *out_watch)
{
    const int watch = epoll_create1(EPOLL_CLOEXEC);
    if (watch < 0) {
        return STATUS_IO;
    }
    *out_watch = watch;
    return STATUS_OK;
}

void watch_close(int watch)
{
    (void)close(watch);
}

enum status watch_set(int watch, int fd, uint32_t token, bool reads, bool writes)
{
    struct epoll_event event = {.events = (reads ? EPOLLIN : 0U) | (writes ? EPOLLOUT : 0U), .data = {.u32 = token}};
    if (epoll_ctl(watch, EPOLL_CTL_MOD, fd, &event) == 0) {
        return STATUS_OK;
    }
    return errno == ENOENT && epoll_ctl(watch, EPOLL_CTL_ADD, fd, &event) == 0 ? STATUS_OK : STATUS_IO;
}

void watch_end(int watch, int fd)
{
    const int saved_errno = errno;
    (void)epoll_ctl(watch, EPOLL_CTL_DEL, fd, NULL);
    errno = saved_errno;
}

/* epoll_wait alone counts in milliseconds; kernels before 5.11, and some sandboxes, have no other. */
static int wait_finely(int watch, int64_t wait_us, struct epoll_event *events, int size)
{
    const struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000};
    const int count = epoll_pwait2(watch, events, size, &wait, NULL);
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) {
        return count;
    }
    struct pollfd descriptor = {.fd = watch, .events = POLLIN};
    return ppoll(&descriptor, 1, &wait, NULL) > 0 ? epoll_wait(watch, events, size, 0) : 0;
}

size_t watch_wait(int watch, int64_t wait_us, struct watch_ready *out, size_t size)
{
    struct epoll_event events[WATCH_READY_MAX];
    const int most = size < WATCH_READY_MAX ? (int)size : WATCH_READY_MAX;
    const int count = wait_us > 0 ? wait_finely(watch, wait_us, events, most) : epoll_wait(watch, events, most, 0);
    for (int i = 0; i < count; i++) {
        out[i] = (struct watch_ready){.token = events[i].data.u32,
                                      .readable = (events[i].events & EPOLLIN) != 0,
                                      .writable = (events[i].events & EPOLLOUT) != 0,
                                      .broken = (events[i].events & (EPOLLHUP | EPOLLERR)) != 0};
    }
    return count > 0 ? (size_t)count : 0;
}
