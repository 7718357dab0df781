/*
 * uplink_bench.h: an uplink and a broker of its own, for one test.
 */
#ifndef WARDGATE_TESTS_UPLINK_BENCH_H
#define WARDGATE_TESTS_UPLINK_BENCH_H

#include "drivers/uplink/uplink.h"
#include "tests/unit/support/broker.h"

#define WAIT_MS 8000

static const char will_topic[] = "ward/gateway/gw/status";

struct bench {
    struct broker broker;
    struct uplink_broker address;
    struct wake wake;
    struct uplink *uplink;
};

/* filters: NULL-terminated, or NULL. */
static inline void bench_attach_with(struct bench *bench, int version, const char *const *filters,
                                     const char *presence_filter)
{
    uint8_t filter_count = 0;
    while (filters != NULL && filters[filter_count] != NULL) {
        ++filter_count;
    }
    const struct uplink_config config = {.client_id = "gw",
                                         .version = version,
                                         .keep_alive_s = 10,
                                         .will_topic = will_topic,
                                         .will_payload = "{\"state\":\"offline\"}",
                                         .filters = filters,
                                         .filter_count = filter_count,
                                         .presence_filter = presence_filter};
    bench->address = (struct uplink_broker){.url = bench->broker.url};
    assert_int_equal(wake_open(&bench->wake), STATUS_OK);
    assert_int_equal(uplink_open(&config, &bench->wake, &bench->uplink), STATUS_OK);
}

static inline void bench_attach_listening(struct bench *bench, int version, const char *const *filters)
{
    bench_attach_with(bench, version, filters, NULL);
}

static inline void bench_attach(struct bench *bench, int version)
{
    bench_attach_listening(bench, version, NULL);
}

static inline void bench_open(struct bench *bench, int version)
{
    broker_open(&bench->broker);
    bench_attach(bench, version);
}

/* With a broker that accepts a connection and says nothing: the socket of it, to be closed. */
static inline int bench_open_mute(struct bench *bench, int version)
{
    bench_open(bench, version);
    const int mute = test_mute_listener(&bench->broker.port);
    (void)snprintf(bench->broker.url, sizeof bench->broker.url, "mqtt://127.0.0.1:%d", bench->broker.port);
    return mute;
}

static inline void bench_close(struct bench *bench)
{
    uplink_close(bench->uplink);
    wake_close(&bench->wake);
    broker_close(&bench->broker);
}

static inline bool next_event(struct bench *bench, int timeout_ms, struct uplink_event *out)
{
    const int64_t until_us = clock_boot_us() + (int64_t)timeout_ms * 1000;
    while (!uplink_next_event(bench->uplink, out)) {
        if (clock_boot_us() >= until_us) {
            return false;
        }
        (void)wake_wait_until(&bench->wake, until_us);
    }
    return true;
}

static inline struct uplink_event expect(struct bench *bench, enum uplink_event_kind kind)
{
    struct uplink_event event;
    assert_true(next_event(bench, WAIT_MS, &event));
    assert_int_equal(event.kind, kind);
    assert_int_equal(event.connection, uplink_connection(bench->uplink));
    return event;
}

static inline struct uplink_event connect_up(struct bench *bench)
{
    assert_int_equal(uplink_connect(bench->uplink, &bench->address), STATUS_OK);
    return expect(bench, UPLINK_CONNECTED);
}

static inline enum status publish(struct bench *bench, const char *topic, const char *text, uint8_t qos,
                                  uint32_t expiry_s, uint64_t tag)
{
    const struct uplink_message message = {.topic = topic,
                                           .payload = text,
                                           .length = strlen(text),
                                           .qos = qos,
                                           .retained = expiry_s != 0 || text[0] == '\0',
                                           .expiry_s = expiry_s,
                                           .tag = tag};
    return uplink_publish(bench->uplink, &message);
}

#endif
