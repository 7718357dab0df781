#include "tests/ward/ward_console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/ward/ward.h"
#include "tests/ward/ward_report.h"

enum { WORDS_MAX = 32, WHY_MAX = 160, PATIENCE_US = 200000 };

/* A client that does not read its answers loses them: the wires must not wait for it. */
static void client_say(const struct ward_client *client, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        const ssize_t written = write(client->out, text, left);
        if (written <= 0) {
            return;
        }
        text += written;
        left -= (size_t)written;
    }
}

static void client_command(struct ward_client *client, char *words[], size_t count, int64_t now_ns)
{
    char why[WHY_MAX];
    struct ward_command command;
    const char *error = why;
    if (ward_command_parse(client->ward, words, count, &command, why, sizeof why)) {
        error = ward_command_run(client->ward, &command, now_ns);
    }
    char answer[WHY_MAX + 16];
    snprintf(answer, sizeof answer, "error: %s\n", error == NULL ? "" : error);
    client_say(client, error == NULL ? "ok\n" : answer);
}

static void client_report(const struct ward_client *client)
{
    char *text = ward_report_make(client->ward);
    if (text != NULL) {
        client_say(client, text);
    }
    ward_report_free(text);
}

static void client_line(struct ward_client *client, char *line, int64_t now_ns)
{
    char *words[WORDS_MAX];
    const size_t count = ward_text_split(line, words, WORDS_MAX);
    if (count == 0) {
        return;
    }
    if (count > WORDS_MAX) {
        client_say(client, "error: too many words\n");
    } else if (count == 1 && strcmp(words[0], "report") == 0) {
        client_report(client);
    } else if (count == 1 && strcmp(words[0], "quit") == 0) {
        client->ward->stop = true;
        client_say(client, "ok\n");
    } else {
        client_command(client, words, count, now_ns);
    }
}

/* Runs the whole lines that are there. */
static void client_lines(struct ward_client *client, int64_t now_ns)
{
    char *line = client->line;
    char *end = client->line + client->length;
    for (char *stop; (stop = memchr(line, '\n', (size_t)(end - line))) != NULL; line = stop + 1) {
        *stop = '\0';
        client_line(client, line, now_ns);
    }
    client->length = (size_t)(end - line);
    memmove(client->line, line, client->length);
    if (client->length == sizeof client->line) {
        client_say(client, "error: line too long\n");
        client->length = 0;
    }
}

/* False at the end of what it will ever say. */
static bool client_read(struct ward_client *client, int64_t now_ns)
{
    const ssize_t got = read(client->watch.fd, client->line + client->length, sizeof client->line - client->length);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (got <= 0) {
        return false;
    }
    client->length += (size_t)got;
    client_lines(client, now_ns);
    return true;
}

static void client_on_ready(void *owner, int64_t now_ns)
{
    struct ward_client *client = owner;
    if (!client_read(client, now_ns)) {
        ward_loop_forget(&client->ward->loop, &client->watch);
        close(client->watch.fd);
        client->watch.fd = -1;
    }
}

static void stdin_on_ready(void *owner, int64_t now_ns)
{
    struct ward_client *client = owner;
    if (!client_read(client, now_ns)) {
        ward_loop_forget(&client->ward->loop, &client->watch);
    }
}

static void listener_on_ready(void *owner, int64_t now_ns)
{
    (void)now_ns;
    struct ward *ward = owner;
    const struct timeval patience = {.tv_usec = PATIENCE_US};
    const int fd = accept4(ward->console.listener.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (size_t i = 0; i < WARD_CLIENTS_MAX; i++) {
        struct ward_client *client = &ward->console.clients[i];
        if (client->watch.fd < 0) {
            client->watch = (struct ward_watch){.fd = fd, .on_ready = client_on_ready, .owner = client};
            client->out = fd;
            client->length = 0;
            (void)ward_loop_watch(&ward->loop, &client->watch);
            return;
        }
    }
    close(fd);
}

void ward_console_init(struct ward *ward)
{
    struct ward_console *console = &ward->console;
    console->listener.fd = -1;
    for (size_t i = 0; i < WARD_CLIENTS_MAX; i++) {
        console->clients[i].watch.fd = -1;
        console->clients[i].ward = ward;
    }
}

bool ward_console_listen(struct ward *ward, const char *path)
{
    struct ward_console *console = &ward->console;
    struct stat status;
    console->address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof console->address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(console->address.sun_path, path, strlen(path) + 1);
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) { /* left behind by an earlier ward */
        (void)unlink(path);
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    console->listener = (struct ward_watch){.fd = fd, .on_ready = listener_on_ready, .owner = ward};
    if (bind(fd, (const struct sockaddr *)&console->address, sizeof console->address) == 0 &&
        listen(fd, WARD_CLIENTS_MAX) == 0 && ward_loop_watch(&ward->loop, &console->listener)) {
        return true;
    }
    const int error = errno;
    close(fd);
    console->listener.fd = -1;
    errno = error;
    return false;
}

void ward_console_start(struct ward *ward)
{
    struct ward_client *client = &ward->console.stdin_client;
    client->ward = ward;
    client->watch = (struct ward_watch){.fd = STDIN_FILENO, .on_ready = stdin_on_ready, .owner = client};
    client->out = STDOUT_FILENO;
    if (ward_loop_watch(&ward->loop, &client->watch) || errno != EPERM) {
        return;
    }
    while (client_read(client, ward_loop_now(&ward->loop))) { /* a file: all of it is there already */
    }
}

void ward_console_close(struct ward *ward)
{
    struct ward_console *console = &ward->console;
    for (size_t i = 0; i < WARD_CLIENTS_MAX; i++) {
        if (console->clients[i].watch.fd >= 0) {
            close(console->clients[i].watch.fd);
        }
    }
    if (console->listener.fd >= 0) {
        close(console->listener.fd);
        (void)unlink(console->address.sun_path);
    }
}
