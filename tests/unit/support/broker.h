/*
 * broker.h: a real mosquitto on a port of its own, and an independent client that writes down what it receives, for
 * tests of the uplink.
 *
 * Everything lives in a folder under /tmp that broker_close removes. A step that cannot work (no mosquitto, no port)
 * fails the test at once.
 */
#ifndef WARDGATE_TESTS_BROKER_H
#define WARDGATE_TESTS_BROKER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/clock.h"

#define BROKER_WAIT_MS    10000
#define OBSERVER_LINE_MAX 16384

struct broker {
    char folder[64];
    char url[64];
    int port;
    pid_t pid; /* 0: not running */
};

/* What one line of the observer says. */
struct seen {
    bool retained; /* as it was published */
    int qos;
    int expiry_s; /* -1: none */
    char topic[256];
    char payload[OBSERVER_LINE_MAX];
};

struct observer {
    pid_t pid;
    int fd;
    size_t length;
    char buffer[4 * OBSERVER_LINE_MAX];
};

static inline void test_need(bool works, const char *what)
{
    if (!works) {
        (void)fprintf(stderr, "test set-up: %s does not work\n", what);
        abort();
    }
}

static inline int64_t test_now_ms(void)
{
    return clock_boot_us() / 1000;
}

static inline struct sockaddr_in test_address(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A listening socket on a free port of this host; connections to it succeed and are never answered. */
static inline int test_mute_listener(int *port)
{
    struct sockaddr_in address = test_address(0);
    socklen_t length = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    test_need(fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 8) == 0 &&
                  getsockname(fd, (struct sockaddr *)&address, &length) == 0,
              "a listening socket");
    *port = ntohs(address.sin_port);
    return fd;
}

static inline int test_free_port(void)
{
    int port;
    (void)close(test_mute_listener(&port));
    return port;
}

static inline bool test_port_answers(int port)
{
    const struct sockaddr_in address = test_address(port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answers = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return answers;
}

/* output: a descriptor for standard output, or -1 for nowhere. It dies with the test, however that ends. */
static inline pid_t test_spawn(int output, const char *const *arguments)
{
    const pid_t pid = fork();
    test_need(pid >= 0, "fork");
    if (pid > 0) {
        return pid;
    }
    union {
        const char *const *given;
        char *const *wanted;
    } list = {.given = arguments};
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)dup2(nowhere, STDIN_FILENO);
    (void)dup2(output >= 0 ? output : nowhere, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
    sigset_t none;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execvp(arguments[0], list.wanted);
    _exit(127);
}

static inline int test_run(const char *const *arguments)
{
    int state = -1;
    const pid_t pid = test_spawn(-1, arguments);
    test_need(waitpid(pid, &state, 0) == pid, "waitpid");
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

static inline void test_write_file(const char *folder, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    test_need(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

/* Starts on the port it had before, if any. */
static inline void broker_start(struct broker *broker)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/mosquitto.conf", broker->folder);
    const char *const arguments[] = {"/usr/sbin/mosquitto", "-c", path, NULL};
    broker->pid = test_spawn(-1, arguments);
    const int64_t until_ms = test_now_ms() + BROKER_WAIT_MS;
    while (!test_port_answers(broker->port) && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    test_need(test_port_answers(broker->port), "mosquitto");
}

/* options: lines of mosquitto.conf behind its listener; @ in them is the folder. Takes effect at the next start. */
static inline void broker_configure(struct broker *broker, const char *options)
{
    char text[2048];
    int length = snprintf(text, sizeof text, "user root\nset_tcp_nodelay true\nlistener %d 127.0.0.1\n", broker->port);
    for (const char *c = options; *c != '\0' && length < (int)sizeof text - (int)sizeof broker->folder; ++c) {
        length += *c == '@' ? snprintf(text + length, sizeof text - (size_t)length, "%s", broker->folder)
                            : snprintf(text + length, sizeof text - (size_t)length, "%c", *c);
    }
    test_write_file(broker->folder, "mosquitto.conf", text);
}

/* Does not start it; anybody may do anything. */
static inline void broker_open(struct broker *broker)
{
    memset(broker, 0, sizeof *broker);
    (void)snprintf(broker->folder, sizeof broker->folder, "/tmp/wardgate-broker-XXXXXX");
    test_need(mkdtemp(broker->folder) != NULL && chmod(broker->folder, 0755) == 0, "a temporary folder");
    broker->port = test_free_port();
    (void)snprintf(broker->url, sizeof broker->url, "mqtt://127.0.0.1:%d", broker->port);
    broker_configure(broker, "allow_anonymous true\n");
}

/* Ends it by that signal, stopped or not, and waits. SIGKILL lets it do nothing more, not even acknowledge. */
static inline void broker_signal(struct broker *broker, int signal)
{
    if (broker->pid > 0) {
        (void)kill(broker->pid, signal);
        if (signal != SIGKILL) {
            (void)kill(broker->pid, SIGCONT);
        }
        (void)waitpid(broker->pid, NULL, 0);
        broker->pid = 0;
    }
}

static inline void broker_close(struct broker *broker)
{
    broker_signal(broker, SIGKILL);
    const char *const arguments[] = {"rm", "-rf", broker->folder, NULL};
    (void)test_run(arguments);
}

/* Publishes from a client of its own: a retained message, or an empty one when `text` is NULL. */
static inline void broker_publish(const struct broker *broker, const char *topic, const char *text)
{
    char port[16];
    (void)snprintf(port, sizeof port, "%d", broker->port);
    const char *const with[] = {"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-q", "1", "-r", "-t",
                                topic,           "-m", text,        NULL};
    const char *const empty[] = {"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-q", "1", "-r", "-t",
                                 topic,           "-n", NULL};
    test_need(test_run(text != NULL ? with : empty) == 0, "mosquitto_pub");
}

static inline bool observer_parse(char *line, struct seen *out)
{
    char *field[5] = {line};
    for (int i = 1; i < 5; ++i) {
        field[i] = strchr(field[i - 1], '|');
        if (field[i] == NULL) {
            return false;
        }
        *field[i]++ = '\0';
    }
    out->retained = field[0][0] == '1';
    out->qos = (int)strtol(field[1], NULL, 10);
    out->expiry_s = field[2][0] != '\0' ? (int)strtol(field[2], NULL, 10) : -1;
    (void)snprintf(out->topic, sizeof out->topic, "%s", field[3]);
    (void)snprintf(out->payload, sizeof out->payload, "%s", field[4]);
    return true;
}

static inline bool observer_take_line(struct observer *observer, struct seen *out)
{
    char *end = memchr(observer->buffer, '\n', observer->length);
    if (end == NULL) {
        return false;
    }
    *end = '\0';
    const bool parsed = observer_parse(observer->buffer, out);
    const size_t taken = (size_t)(end - observer->buffer) + 1;
    observer->length -= taken;
    memmove(observer->buffer, end + 1, observer->length);
    return parsed;
}

/* The next message within the time; false when none came. */
static inline bool observer_next(struct observer *observer, int timeout_ms, struct seen *out)
{
    const int64_t until_ms = test_now_ms() + timeout_ms;
    while (!observer_take_line(observer, out)) {
        const int64_t left_ms = until_ms - test_now_ms();
        struct pollfd descriptor = {.fd = observer->fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&descriptor, 1, (int)left_ms) <= 0) {
            return false;
        }
        const ssize_t got =
            read(observer->fd, observer->buffer + observer->length, sizeof observer->buffer - observer->length);
        if (got <= 0) {
            return false;
        }
        observer->length += (size_t)got;
    }
    return true;
}

/* Subscribes by MQTT 5 and returns when the subscription stands; retained messages come first. Under an id, the broker
 * keeps the subscription and what comes for it while the observer is closed. */
static inline void observer_open_as(struct observer *observer, const struct broker *broker, const char *filter,
                                    const char *id)
{
    int ends[2];
    char port[16];
    struct seen seen;
    (void)snprintf(port, sizeof port, "%d", broker->port);
    const char *const arguments[] = {"mosquitto_sub",
                                     "-h",
                                     "127.0.0.1",
                                     "-V",
                                     "5",
                                     "-p",
                                     port,
                                     "-q",
                                     "1",
                                     "--retain-as-published",
                                     "-F",
                                     "%r|%q|%E|%t|%p",
                                     "-t",
                                     "zz/ready",
                                     "-t",
                                     filter,
                                     id != NULL ? "-c" : NULL,
                                     "-x",
                                     "3600",
                                     "-i",
                                     id,
                                     NULL};
    broker_publish(broker, "zz/ready", "1");
    test_need(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
    memset(observer, 0, sizeof *observer);
    observer->pid = test_spawn(ends[1], arguments);
    observer->fd = ends[0];
    (void)close(ends[1]);
    if (id == NULL) {
        test_need(observer_next(observer, BROKER_WAIT_MS, &seen) && strcmp(seen.topic, "zz/ready") == 0,
                  "mosquitto_sub");
    }
}

static inline void observer_open(struct observer *observer, const struct broker *broker, const char *filter)
{
    observer_open_as(observer, broker, filter, NULL);
}

static inline void observer_close(struct observer *observer)
{
    (void)kill(observer->pid, SIGKILL);
    (void)waitpid(observer->pid, NULL, 0);
    (void)close(observer->fd);
}

/* Reads on until a message on the topic, skipping others. */
static inline bool observer_find(struct observer *observer, const char *topic, int timeout_ms, struct seen *out)
{
    const int64_t until_ms = test_now_ms() + timeout_ms;
    while (observer_next(observer, (int)(until_ms - test_now_ms()), out)) {
        if (strcmp(out->topic, topic) == 0) {
            return true;
        }
    }
    return false;
}

#endif
