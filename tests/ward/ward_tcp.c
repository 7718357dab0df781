#include "tests/ward/ward_tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RTU_REQUEST_CHARS = 8, RTU_OVERHEAD_CHARS = 3, BACKLOG = 64 };

static void connection_close(struct ward_connection *connection)
{
    close(connection->fd);
    connection->fd = connection->watch.fd = -1;
}

/* When the answer is there: at once after the turnaround, or when a serial line behind the gateway has carried it. */
static int64_t tcp_answer_time(struct ward_link *link, int64_t now_ns, size_t pdu_length)
{
    struct ward_tcp *tcp = &link->tcp;
    if (tcp->char_ns == 0) {
        return now_ns + link->turnaround_ns;
    }
    const int64_t pause_ns = link->turnaround_ns > tcp->silence_ns ? link->turnaround_ns : tcp->silence_ns;
    const int64_t chars = RTU_REQUEST_CHARS + RTU_OVERHEAD_CHARS + (int64_t)pdu_length;
    const int64_t start_ns = tcp->busy_ns > now_ns ? tcp->busy_ns : now_ns;
    tcp->busy_ns = start_ns + chars * tcp->char_ns + pause_ns + tcp->silence_ns;
    return tcp->busy_ns;
}

static void connection_answer(struct ward_connection *connection, int64_t now_ns, const uint8_t *frame, size_t length)
{
    struct ward_link *link = connection->link;
    const uint8_t unit = frame[WARD_MBAP_LEN - 1];
    const uint8_t *pdu = frame + WARD_MBAP_LEN;
    connection->transaction = (uint16_t)(frame[0] << 8 | frame[1]);
    ward_link_log(link, now_ns, '>', frame, length);
    struct ward_reply reply;
    if (!ward_link_ask(link, now_ns, unit, pdu, length - WARD_MBAP_LEN, &reply)) {
        if (link->by_unit[unit] != NULL) {
            return;
        }
        reply = (struct ward_reply){.unit = unit};
        reply.length = ward_pdu_exception(pdu[0] & 0x7FU, WARD_TARGET_SILENT, reply.pdu);
    }
    uint8_t adu[WARD_ADU_MAX];
    const size_t adu_length = ward_tcp_wrap(&reply, connection->transaction, adu);
    const int64_t at_ns = tcp_answer_time(link, now_ns, reply.length) + reply.late_ns;
    if (!ward_outlet_add(&connection->outlet, at_ns, reply.step_ns, adu, adu_length)) {
        link->counts.lost++;
    }
}

static void connection_parse(struct ward_connection *connection, int64_t now_ns)
{
    size_t at = 0;
    int length = 0;
    while ((length = ward_tcp_frame_length(connection->in + at, connection->in_length - at)) > 0) {
        connection_answer(connection, now_ns, connection->in + at, (size_t)length);
        at += (size_t)length;
    }
    if (length < 0) {
        connection->link->counts.bad_headers++;
        connection_close(connection);
        return;
    }
    connection->in_length -= at;
    memmove(connection->in, connection->in + at, connection->in_length);
}

static void connection_on_ready(void *owner, int64_t now_ns)
{
    struct ward_connection *connection = owner;
    uint8_t *end = connection->in + connection->in_length;
    const ssize_t length = read(connection->fd, end, sizeof connection->in - connection->in_length);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (length <= 0) {
        connection_close(connection);
        return;
    }
    connection->in_length += (size_t)length;
    connection_parse(connection, now_ns);
}

void ward_pool_init(struct ward_pool *pool)
{
    pool->high = 0;
    for (size_t i = 0; i < WARD_CONNECTIONS_MAX; i++) {
        pool->connections[i].fd = -1;
    }
}

static struct ward_connection *pool_take(struct ward_pool *pool)
{
    for (size_t i = 0; i < WARD_CONNECTIONS_MAX; i++) {
        if (pool->connections[i].fd < 0) {
            pool->high = i < pool->high ? pool->high : i + 1;
            return &pool->connections[i];
        }
    }
    return NULL;
}

static bool slots_are_taken(const struct ward_link *link)
{
    const struct ward_pool *pool = link->tcp.pool;
    size_t taken = 0;
    for (size_t i = 0; i < pool->high && link->tcp.slots > 0; i++) {
        taken += pool->connections[i].fd >= 0 && pool->connections[i].link == link ? 1 : 0;
    }
    return link->tcp.slots > 0 && taken >= link->tcp.slots;
}

static void listener_on_ready(void *owner, int64_t now_ns)
{
    (void)now_ns;
    struct ward_link *link = owner;
    const int fd = accept4(link->tcp.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct ward_connection *connection = pool_take(link->tcp.pool);
    if (fd < 0) {
        return;
    }
    if (connection == NULL || slots_are_taken(link)) {
        close(fd);
        return;
    }
    const int yes = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connection->fd = fd;
    connection->link = link;
    connection->in_length = 0;
    connection->transaction = 0;
    ward_outlet_clear(&connection->outlet);
    connection->watch = (struct ward_watch){.fd = fd, .on_ready = connection_on_ready, .owner = connection};
    link->counts.connections++;
    if (!ward_loop_watch(link->loop, &connection->watch)) {
        connection_close(connection);
    }
}

bool ward_tcp_listen(struct ward_link *link)
{
    struct ward_tcp *tcp = &link->tcp;
    const int yes = 1;
    socklen_t size = sizeof tcp->address;
    if (tcp->listener >= 0) {
        return true;
    }
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    tcp->watch = (struct ward_watch){.fd = fd, .on_ready = listener_on_ready, .owner = link};
    if (bind(fd, (const struct sockaddr *)&tcp->address, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&tcp->address, &size) != 0 || !ward_loop_watch(link->loop, &tcp->watch)) {
        const int error = errno;
        close(fd);
        errno = error;
        return false;
    }
    tcp->listener = fd;
    return true;
}

void ward_tcp_refuse(struct ward_link *link)
{
    if (link->tcp.listener >= 0) {
        close(link->tcp.listener);
        link->tcp.listener = link->tcp.watch.fd = -1;
    }
}

/* This link's connections, one after another: from NULL to NULL. */
static struct ward_connection *tcp_each(const struct ward_link *link, struct ward_connection *after)
{
    struct ward_pool *pool = link->tcp.pool;
    struct ward_connection *c = after == NULL ? pool->connections : after + 1;
    for (; c < pool->connections + pool->high; c++) {
        if (c->fd >= 0 && c->link == link) {
            return c;
        }
    }
    return NULL;
}

static void connection_reset(struct ward_connection *connection)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0}; /* close then sends a reset */
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    connection_close(connection);
}

void ward_tcp_reset(struct ward_link *link)
{
    for (struct ward_connection *c = NULL; (c = tcp_each(link, c)) != NULL;) {
        connection_reset(c);
    }
}

/* After an answer, where that ends the connection. */
static void connection_part(struct ward_connection *connection)
{
    const enum ward_tcp_manners manners = connection->link->tcp.manners;
    if (manners == WARD_TCP_KEEPS || !connection->outlet.used || connection->outlet.count > 0) {
        return;
    }
    if (manners == WARD_TCP_RESETS) {
        connection_reset(connection);
    } else {
        connection_close(connection);
    }
}

bool ward_tcp_send(struct ward_link *link, int64_t now_ns, const uint8_t *bytes, size_t length)
{
    bool sent = false;
    for (struct ward_connection *c = NULL; (c = tcp_each(link, c)) != NULL;) {
        if (!ward_outlet_add(&c->outlet, now_ns, 0, bytes, length)) {
            return false;
        }
        sent = true;
    }
    return sent;
}

bool ward_tcp_send_reply(struct ward_link *link, int64_t now_ns, const struct ward_reply *reply)
{
    bool sent = false;
    uint8_t adu[WARD_ADU_MAX];
    for (struct ward_connection *c = NULL; (c = tcp_each(link, c)) != NULL;) {
        const size_t length = ward_tcp_wrap(reply, c->transaction, adu);
        if (!ward_outlet_add(&c->outlet, now_ns, 0, adu, length)) {
            return false;
        }
        sent = true;
    }
    return sent;
}

int64_t ward_pool_next(const struct ward_pool *pool)
{
    int64_t next_ns = WARD_NEVER;
    for (size_t i = 0; i < pool->high; i++) {
        const struct ward_connection *c = &pool->connections[i];
        const int64_t at_ns = c->fd >= 0 ? ward_outlet_next(&c->outlet) : WARD_NEVER;
        next_ns = at_ns < next_ns ? at_ns : next_ns;
    }
    return next_ns;
}

void ward_pool_run(struct ward_pool *pool, int64_t now_ns)
{
    for (size_t i = 0; i < pool->high; i++) {
        struct ward_connection *c = &pool->connections[i];
        if (c->fd >= 0 && !ward_link_pump(c->link, &c->outlet, c->fd, now_ns)) {
            connection_close(c);
        } else if (c->fd >= 0) {
            connection_part(c);
        }
    }
}
