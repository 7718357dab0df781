#include "app/cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "hal/outlet.h"

#define ENTER "\033[?1049h\033[?25l\033[?7l" /* the other screen, no cursor, no going on in the next line */
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

#define LEAVE_WAIT_MS 200

#define ROWS_USUAL 24
#define COLS_USUAL 80

static struct {
    bool is_open;
    bool has_keys, has_gone;
    int out; /* does not wait where that can be had */
    struct termios before;
    sigset_t mask_before;
    volatile sig_atomic_t ends, stops, changes;
} terminal;

static const int ENDING[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
static const int CHANGING[] = {SIGWINCH, SIGCONT};
static const int CRASHING[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
#define COUNT_OF(list) (sizeof(list) / sizeof(list)[0])

/* Without waiting until all is shown, which a terminal that was stopped never does. */
static void set_keys(const struct termios *how)
{
    (void)tcsetattr(STDIN_FILENO, TCSANOW, how);
    (void)tcflush(STDIN_FILENO, TCIFLUSH);
}

/* May be called by a handler. A terminal that is slow has a moment to take it; one that is not read again goes without. */
static void leave(void)
{
    struct pollfd out = {.fd = terminal.out, .events = POLLOUT};
    const ssize_t written = poll(&out, 1, LEAVE_WAIT_MS) > 0 ? write(terminal.out, LEAVE, sizeof LEAVE - 1) : 0;
    (void)written;
    if (terminal.has_keys) {
        set_keys(&terminal.before);
    }
}

static void enter(void)
{
    if (terminal.has_keys) {
        struct termios raw = terminal.before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        set_keys(&raw);
    }
    (void)terminal_write(ENTER, sizeof ENTER - 1);
}

static void on_end(int signal_number)
{
    (void)signal_number;
    terminal.ends = 1;
}

static void on_stop(int signal_number)
{
    (void)signal_number;
    terminal.stops = 1;
}

static void on_change(int signal_number)
{
    (void)signal_number;
    terminal.changes = 1;
}

/* Then as if there were no handler. */
static void on_crash(int signal_number)
{
    leave();
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void handle(const int *signals, size_t count, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < count; i++) {
        (void)sigaction(signals[i], &action, NULL);
    }
}

static void handle_all(void (*end)(int), void (*stop)(int), void (*change)(int), void (*crash)(int))
{
    handle(ENDING, COUNT_OF(ENDING), end);
    handle(&(const int){SIGTSTP}, 1, stop);
    handle(CHANGING, COUNT_OF(CHANGING), change);
    handle(CRASHING, COUNT_OF(CRASHING), crash);
}

/* They come while terminal_wait waits, and only then. */
static void hold_signals(void)
{
    sigset_t held;
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGTSTP);
    for (size_t i = 0; i < COUNT_OF(ENDING); i++) {
        (void)sigaddset(&held, ENDING[i]);
    }
    for (size_t i = 0; i < COUNT_OF(CHANGING); i++) {
        (void)sigaddset(&held, CHANGING[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &held, &terminal.mask_before);
}

bool terminal_is_capable(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

enum status terminal_open(void)
{
    memset(&terminal, 0, sizeof terminal);
    terminal.has_keys = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &terminal.before) == 0;
    terminal.out = outlet_reopen(STDOUT_FILENO);
    terminal.out = terminal.out >= 0 ? terminal.out : STDOUT_FILENO;
    hold_signals();
    handle_all(on_end, on_stop, on_change, on_crash);
    handle(&(const int){SIGPIPE}, 1, SIG_IGN);
    enter();
    terminal.is_open = true;
    return terminal.has_gone ? STATUS_CLOSED : STATUS_OK;
}

void terminal_close(void)
{
    if (terminal.is_open) {
        terminal.is_open = false;
        leave();
        handle_all(SIG_DFL, SIG_DFL, SIG_DFL, SIG_DFL);
        if (terminal.out != STDOUT_FILENO) {
            (void)close(terminal.out); /* not before: a crash writes to it */
        }
        (void)sigprocmask(SIG_SETMASK, &terminal.mask_before, NULL);
    }
}

void terminal_size(int *out_rows, int *out_cols)
{
    struct winsize size = {.ws_row = 0};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
    *out_rows = known ? size.ws_row : ROWS_USUAL;
    *out_cols = known ? size.ws_col : COLS_USUAL;
}

bool terminal_write(const char *bytes, size_t length)
{
    while (length > 0 && !terminal.has_gone) {
        const ssize_t written = write(terminal.out, bytes, length);
        if (written >= 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd out = {.fd = terminal.out, .events = POLLOUT};
            (void)ppoll(&out, 1, &(const struct timespec){.tv_sec = 1}, &terminal.mask_before);
            terminal.has_gone = terminal.ends != 0; /* nobody has read it, and nobody need to any more */
        } else if (errno != EINTR) {
            terminal.has_gone = true;
        }
    }
    return !terminal.has_gone;
}

size_t terminal_read(char *out, size_t size)
{
    const ssize_t got = read(STDIN_FILENO, out, size);
    terminal.has_gone = terminal.has_gone || (got < 0 && errno != EINTR && errno != EAGAIN);
    return got > 0 ? (size_t)got : 0;
}

/* The shell has its terminal back until the program goes on. */
static void stop(void)
{
    leave();
    (void)kill(getpid(), SIGSTOP);
    terminal.changes = 1;
}

void terminal_wait(int fd, int wait_ms, struct terminal_events *out)
{
    struct pollfd ready[] = {{.fd = terminal.has_keys ? STDIN_FILENO : -1, .events = POLLIN},
                             {.fd = fd, .events = POLLIN}};
    const struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};
    const int found = ppoll(ready, 2, &wait, &terminal.mask_before);
    *out = (struct terminal_events){.keys = found > 0 && (ready[0].revents & POLLIN) != 0,
                                    .other = found > 0 && ready[1].revents != 0};
    if (found > 0 && (ready[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
        terminal.has_gone = true;
    }
    if (terminal.stops != 0) {
        terminal.stops = 0;
        stop();
    }
    if (terminal.changes != 0) {
        terminal.changes = 0;
        out->changed = true;
        enter();
    }
    out->ended = terminal.ends != 0 || terminal.has_gone;
}
