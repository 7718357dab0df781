/*
 * local_socket.h: how the program's other commands talk to a running gateway on the same box.
 *
 * A request is one line, one a connection; the answer ends with the stream:
 *
 *     text, json              the report
 *     rows [BED]              the same for a program that shows it (report_rows.h), one bed in detail
 *     audit N                 the newest N rows of the audit log, a line each, oldest first
 *     command BED {...}       a command (command_read.h) under the role `local`: its reply
 *     test-alert BED [PRIORITY]   the same, then waits until a broker has the alert
 *     reload                  the configuration again (struct local_requests)
 *     indicator [WORDS]       the local alarm: `test PRIORITY`, `quiet`, or how it is (struct local_requests)
 *
 * All but reports begin with `ok` or `failed` and a space; then comes what there is to say: rows, a reply's payload, or words for a person. Whoever may open the
 * socket file (mode 0660) may ask; the audit log has the user's number.
 *
 * Thread: main's. A client that stalls holds it for at most LOCAL_CLIENT_MS each way, LOCAL_AUDIT_MS with the audit log, LOCAL_ROWS_MS with rows. What must wait for other threads
 * keeps its client in a list of LOCAL_CLIENTS_MAX, for at most REPLY_WAIT_MS for the commit and as long again for the broker.
 */
#ifndef WARDGATE_LOCAL_SOCKET_H
#define WARDGATE_LOCAL_SOCKET_H

#include <stdbool.h>

#include "app/engine/status.h"
#include "app/flow/reply.h"
#include "app/flow/report.h"
#include "hal/wake.h"

#define LOCAL_CLIENT_MS   200 /* longest that a client may hold the gateway */
#define LOCAL_AUDIT_MS    1000
#define LOCAL_ROWS_MS     400
#define LOCAL_ANSWER_MS   3000 /* longest that a client waits for what the gateway can say at once */
#define LOCAL_CLIENTS_MAX 8
#define LOCAL_REQUEST_MAX 1280
#define LOCAL_RECEIPT_MS  (2 * REPLY_WAIT_MS + 1000) /* and for what it cannot */

/* The parts of the gateway that it asks; others after a reload. */
struct local_parts {
    const struct report *report;
    struct ring *commands;    /* struct bed_command, to the engine's thread */
    struct ring *replies;     /* struct reply, from the store thread, which raises local_socket.wake */
    struct wake *engine_wake; /* raised behind a command */
};

/* What main does itself. */
struct local_requests {
    /* by: who asks. Words for a person into out, with a NUL; true: done. It may call local_attach. */
    bool (*reload)(void *context, const char *by, char *out, size_t size);
    bool (*indicator)(void *context, const char *by, const char *words, char *out, size_t size);
    void *context;
};

enum local_wait { LOCAL_FREE, LOCAL_FOR_COMMIT, LOCAL_FOR_BROKER };

struct local_client {
    enum local_wait wait;
    bool is_test;
    int fd;
    uint64_t ticket;
    uint64_t row_before, row; /* LOCAL_FOR_BROKER: as of its reply */
    int64_t until_us;
};

struct local_socket {
    const char *path;
    int fd;
    struct wake wake;
    struct local_parts parts;
    struct local_requests requests;
    uint64_t ticket; /* of the newest command */
    struct local_client clients[LOCAL_CLIENTS_MAX];
    char *buffer; /* REPORT_TEXT_MAX bytes, the caller's */
};

/* Opens and closes the wake, which other threads raise: before they start, after they have ended. */
enum status local_init(struct local_socket *local, const struct local_requests *requests, char *buffer) MUST_CHECK;
void local_fini(struct local_socket *local);

/* Before local_open, and when the parts are others: what the old ones still have to say is taken first. */
void local_attach(struct local_socket *local, const struct local_parts *parts);

/* Listens (local_connection.h); without a socket local_step and local_close do nothing. */
enum status local_open(struct local_socket *local, const char *path) MUST_CHECK;

/* Tells those that wait that nothing comes any more. */
void local_close(struct local_socket *local);

/* Takes a request, replies and time-outs. To be called when fd or wake are ready, and after local_wait_ms at the latest. */
void local_step(struct local_socket *local);
int local_wait_ms(const struct local_socket *local); /* -1: nobody waits */

#endif
