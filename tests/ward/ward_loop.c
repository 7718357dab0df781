#include "tests/ward/ward_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/ward/ward_text.h"

enum { EVENTS_MAX = 32 };

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * WARD_S + now.tv_nsec;
}

/* A timerfd, because epoll's own time-out is too coarse and both are subject to timer slack: a timerfd is not. */
bool ward_loop_open(struct ward_loop *loop)
{
    loop->epoch_ns = clock_ns();
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    return loop->epoll >= 0 && loop->timer >= 0 && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->timer, &event) == 0;
}

void ward_loop_close(struct ward_loop *loop)
{
    close(loop->timer);
    close(loop->epoll);
}

bool ward_loop_watch(struct ward_loop *loop, struct ward_watch *watch)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) == 0;
}

void ward_loop_forget(struct ward_loop *loop, const struct ward_watch *watch)
{
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

int64_t ward_loop_now(const struct ward_loop *loop)
{
    return clock_ns() - loop->epoch_ns;
}

int64_t ward_loop_wall_ms(const struct ward_loop *loop, int64_t now_ns)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t wall_ns = now.tv_sec * WARD_S + now.tv_nsec;
    return (wall_ns - (ward_loop_now(loop) - now_ns)) / WARD_MS;
}

/* Setting the timer also clears an expiry that nobody read. */
static void loop_arm(struct ward_loop *loop, int64_t due_ns)
{
    struct itimerspec at = {0};
    if (due_ns != INT64_MAX) {
        const int64_t absolute_ns = due_ns + loop->epoch_ns;
        at.it_value.tv_sec = absolute_ns / WARD_S;
        at.it_value.tv_nsec = absolute_ns % WARD_S;
    }
    timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

void ward_loop_wait(struct ward_loop *loop, int64_t due_ns)
{
    struct epoll_event events[EVENTS_MAX];
    loop_arm(loop, due_ns);
    const int count = epoll_wait(loop->epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
        struct ward_watch *watch = events[i].data.ptr;
        if (watch != NULL && watch->fd >= 0) { /* an earlier one of this batch may have closed it */
            watch->on_ready(watch->owner, ward_loop_now(loop));
        }
    }
}
