#include "drivers/uplink/probe.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/certificate.h"
#include "drivers/uplink/client.h"
#include "drivers/uplink/dial.h"
#include "hal/clock.h"
#include "hal/net.h"
#include "hal/thread.h"

#define CLOSE_WAIT_US 200000
#define ID_MAX        96

enum probe_turn { PROBE_IDLE, PROBE_ASKED, PROBE_TOLD };
enum { PACKET_CONNECT = 0x10, PACKET_CONNACK = 0x20, KEEP_ALIVE_S = 10 };

struct probe {
    int version;
    char client_id[ID_MAX];
    pthread_mutex_t mutex;
    struct wake *wake; /* the caller's; under the mutex; NULL once it is closed */
    struct wake asked; /* what its thread waits for */
    struct wake ended; /* raised when the thread is about to end */
    struct thread thread;
    atomic_int turn; /* enum probe_turn: whose target and outcome are */
    atomic_bool stop;
    atomic_bool left; /* by the closer, who then frees nothing, or by the thread */
    struct client_target target;
    struct uplink_probed outcome;
    unsigned char packet[PROBE_PACKET_MAX];
};

/* ---- packets ---- */

static size_t put_text(unsigned char *out, size_t at, const char *text, size_t length)
{
    if (length > UINT16_MAX || at == 0 || length + 2 > PROBE_PACKET_MAX - at) {
        return 0;
    }
    out[at] = (unsigned char)(length >> 8);
    out[at + 1] = (unsigned char)length;
    memcpy(out + at + 2, text, length);
    return at + 2 + length;
}

size_t probe_write_connect(int version, const char *client_id, const char *username, const char *password,
                           unsigned char out[PROBE_PACKET_MAX])
{
    enum { HEADER = 3, CLEAN = 0x02, WITH_PASSWORD = 0x40, WITH_USERNAME = 0x80, SHORT = 128 };
    size_t at = put_text(out, HEADER, "MQTT", 4);
    out[at++] = (unsigned char)version;
    out[at++] =
        (unsigned char)(CLEAN | (username != NULL ? WITH_USERNAME : 0) | (password != NULL ? WITH_PASSWORD : 0));
    out[at++] = 0;
    out[at++] = KEEP_ALIVE_S;
    if (version == 5) {
        out[at++] = 0; /* no properties */
    }
    at = put_text(out, at, client_id, strlen(client_id));
    at = username != NULL ? put_text(out, at, username, strlen(username)) : at;
    at = password != NULL ? put_text(out, at, password, strlen(password)) : at;
    const size_t length = at != 0 ? at - HEADER : 0;
    out[0] = PACKET_CONNECT;
    if (length < SHORT) { /* a length takes no more bytes than it needs */
        out[1] = (unsigned char)length;
        memmove(out + 2, out + HEADER, length);
        return at != 0 ? at - 1 : 0;
    }
    out[1] = (unsigned char)(SHORT | length % SHORT);
    out[2] = (unsigned char)(length / SHORT);
    return at;
}

size_t probe_connack_size(int version)
{
    return version == 5 ? 5 : 4; /* the length may take two bytes where properties follow */
}

int probe_read_connack(const unsigned char *bytes, size_t length, int version)
{
    if (length < probe_connack_size(version) || bytes[0] != PACKET_CONNACK || bytes[1] < 2) {
        return -1;
    }
    const size_t flags = (bytes[1] & 0x80U) != 0 ? 3 : 2;
    return (bytes[flags] & 0xFEU) == 0 ? bytes[flags + 1] : -1;
}

/* ---- one conversation ---- */

static bool talk_plain(struct probe *probe, struct certificate_talk *talk, struct credential_text *why)
{
    const int64_t until_us = clock_boot_us() + CERTIFICATE_PROBE_US;
    struct dial_place place;
    int fd = -1;
    if (!dial_split(probe->target.broker.url, &place) || !dial_connect(&place, until_us, &fd, why)) {
        return false;
    }
    bool talks = net_send_whole(fd, talk->said, talk->said_length) == STATUS_OK;
    while (talks && talk->heard_length < talk->heard_size && dial_await(fd, POLLIN, until_us)) {
        size_t got = 0;
        talks =
            net_receive(fd, talk->heard + talk->heard_length, talk->heard_size - talk->heard_length, &got) == STATUS_OK;
        talk->heard_length += got;
    }
    net_close(fd);
    return true;
}

static bool talk(struct probe *probe, struct certificate_talk *talk, struct credential_text *why)
{
    if (!probe->target.is_tls) {
        return talk_plain(probe, talk, why);
    }
    if (!certificate_check(&probe->target.broker, certificate_now_ms(), why)) {
        return false;
    }
    const struct certificate_probe shown = certificate_probe(&probe->target.broker, false, talk);
    probe->outcome.ends_ms = shown.shook_hands ? shown.ends_ms : 0;
    *why = shown.why;
    return shown.shook_hands;
}

static bool write_packet(struct probe *probe, size_t *out_length, struct credential_text *why)
{
    const struct uplink_broker *broker = &probe->target.broker;
    char password[CREDENTIAL_PASSWORD_MAX];
    if (broker->password_file != NULL && !credential_read_password(broker->password_file, password, why)) {
        return false;
    }
    *out_length = probe_write_connect(probe->version, probe->client_id, broker->username,
                                      broker->password_file != NULL ? password : NULL, probe->packet);
    explicit_bzero(password, sizeof password);
    return *out_length > 0;
}

static void judge(struct probe *probe, const struct certificate_talk *heard, struct credential_text *why)
{
    const int reason = probe_read_connack(heard->heard, heard->heard_length, probe->version);
    probe->outcome.answers = reason == 0;
    if (reason > 0) {
        (void)snprintf(why->text, sizeof why->text, "the broker refuses the connection (reason %d)", reason);
    } else if (reason < 0 && why->text[0] == '\0') {
        (void)snprintf(why->text, sizeof why->text, "no answer");
    }
}

static void ask(struct probe *probe)
{
    unsigned char heard[8];
    struct credential_text why = {.text = ""};
    struct certificate_talk talked = {
        .said = probe->packet, .heard = heard, .heard_size = probe_connack_size(probe->version)};
    probe->outcome = (struct uplink_probed){.answers = false};
    if (write_packet(probe, &talked.said_length, &why) && talk(probe, &talked, &why)) {
        judge(probe, &talked, &why);
    }
    explicit_bzero(probe->packet, sizeof probe->packet);
    memcpy(probe->outcome.text, why.text, sizeof why.text);
}

/* ---- its thread, and its caller ---- */

static void tell(struct probe *probe)
{
    pthread_mutex_lock(&probe->mutex);
    atomic_store(&probe->turn, PROBE_TOLD);
    if (probe->wake != NULL) {
        wake_raise(probe->wake);
    }
    pthread_mutex_unlock(&probe->mutex);
}

static void free_probe(struct probe *probe)
{
    wake_close(&probe->asked);
    wake_close(&probe->ended);
    (void)pthread_mutex_destroy(&probe->mutex);
    free(probe);
}

static void *run(void *argument)
{
    struct probe *probe = argument;
    thread_give_way();
    while (!atomic_load(&probe->stop)) {
        if (atomic_load(&probe->turn) == PROBE_ASKED) {
            ask(probe);
            tell(probe);
        }
        (void)wake_wait_until(&probe->asked, INT64_MAX);
    }
    if (atomic_exchange(&probe->left, true)) {
        free_probe(probe);
    } else {
        wake_raise(&probe->ended);
    }
    return NULL;
}

enum status probe_ask(struct probe *probe, const struct uplink_broker *broker)
{
    if (atomic_load(&probe->turn) != PROBE_IDLE) {
        return STATUS_BUSY;
    }
    const enum status status = client_target_set(&probe->target, broker, 0);
    if (status == STATUS_OK) {
        atomic_store(&probe->turn, PROBE_ASKED);
        wake_raise(&probe->asked);
    }
    return status;
}

bool probe_take(struct probe *probe, struct uplink_probed *out)
{
    if (atomic_load(&probe->turn) != PROBE_TOLD) {
        return false;
    }
    *out = probe->outcome;
    atomic_store(&probe->turn, PROBE_IDLE);
    return true;
}

enum status probe_open(const struct uplink_config *config, struct wake *wake, struct probe **out)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return STATUS_NO_MEMORY;
    }
    probe->version = config->version;
    probe->wake = wake;
    probe->asked.fd = probe->ended.fd = -1;
    (void)snprintf(probe->client_id, sizeof probe->client_id, "%.80s-probe", config->client_id);
    const int failed = pthread_mutex_init(&probe->mutex, NULL);
    assert(failed == 0); /* it cannot on Linux */
    (void)failed;
    enum status status = wake_open(&probe->asked);
    if (status == STATUS_OK) {
        status = wake_open(&probe->ended);
    }
    if (status == STATUS_OK) {
        status = thread_start(&probe->thread, "probe", run, probe);
    }
    if (status != STATUS_OK) {
        free_probe(probe);
        return status;
    }
    *out = probe;
    return STATUS_OK;
}

void probe_close(struct probe *probe)
{
    if (probe == NULL) {
        return;
    }
    pthread_mutex_lock(&probe->mutex);
    probe->wake = NULL;
    pthread_mutex_unlock(&probe->mutex);
    atomic_store(&probe->stop, true);
    wake_raise(&probe->asked);
    const pthread_t id = probe->thread.id; /* left, it may be freed at once */
    const bool in_time = wake_wait_until(&probe->ended, clock_boot_us() + CLOSE_WAIT_US);
    if (in_time || atomic_exchange(&probe->left, true)) {
        thread_join(&probe->thread);
        free_probe(probe);
    } else {
        (void)pthread_detach(id);
    }
}
