/*
 * reference_drain: a bare Paho loop: publishes as many messages as it may have in flight, each acknowledgement makes
 * room for the next. What a backlog could be drained by if nothing had to be read, marked or noted.
 *
 *     reference_drain PORT COUNT BYTES WINDOW BEDS     prints {"rate": messages/s, "cpu_us": of a message}
 *
 * MQTT 5, QoS 1, without TCP delays of its own; payloads of one size, to BEDS topics by turns.
 */
#include <MQTTClient.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BYTES_MAX = 4096, TOPIC_ROOM = 64, IN_FLIGHT_MOST = 65535 };

struct drain {
    long port, count, bytes, window, beds;
};

static sem_t room;

static double seconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* On Paho's thread. */
static void on_published(void *context, int token, int packet_type, MQTTProperties *properties,
                         enum MQTTReasonCodes reason)
{
    (void)context;
    (void)token;
    (void)packet_type;
    (void)properties;
    (void)reason;
    (void)sem_post(&room);
}

static int on_message(void *context, char *topic, int length, MQTTClient_message *message)
{
    (void)context;
    (void)length;
    MQTTClient_freeMessage(&message);
    MQTTClient_free(topic);
    return 1;
}

static MQTTClient connect_to(long port)
{
    MQTTClient client = NULL;
    MQTTClient_createOptions creation = MQTTClient_createOptions_initializer;
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer5;
    char url[TOPIC_ROOM];
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%ld", port);
    creation.MQTTVersion = MQTTVERSION_5;
    options.maxInflightMessages = IN_FLIGHT_MOST;
    options.reliable = 0;
    if (MQTTClient_createWithOptions(&client, url, "bench-drain", MQTTCLIENT_PERSISTENCE_NONE, NULL, &creation) != 0) {
        return NULL;
    }
    (void)MQTTClient_setCallbacks(client, NULL, NULL, on_message, NULL);
    (void)MQTTClient_setPublished(client, NULL, on_published);
    MQTTResponse response = MQTTClient_connect5(client, &options, NULL, NULL);
    const int reason = (int)response.reasonCode;
    MQTTResponse_free(response);
    return reason == 0 ? client : NULL;
}

static int publish(MQTTClient client, const struct drain *drain, long number)
{
    static char payload[BYTES_MAX];
    char topic[TOPIC_ROOM];
    MQTTClient_message message = MQTTClient_message_initializer;
    (void)snprintf(topic, sizeof topic, "wardgate/bench/w1/b%ld/alert", 1 + number % drain->beds);
    memset(payload, 'x', (size_t)drain->bytes);
    message.payload = payload;
    message.payloadlen = (int)drain->bytes;
    message.qos = 1;
    return (int)MQTTClient_publishMessage5(client, topic, &message, NULL).reasonCode;
}

/* The window's places are taken once more at the end: then everything is acknowledged. */
static int run(MQTTClient client, const struct drain *drain)
{
    int failed = 0;
    for (long i = 0; i < drain->count && failed == 0; i++) {
        (void)sem_wait(&room);
        failed = publish(client, drain, i);
    }
    for (long i = 0; i < drain->window && failed == 0; i++) {
        (void)sem_wait(&room);
    }
    return failed;
}

int main(int argc, char **argv)
{
    long numbers[5] = {0};
    for (int i = 1; i < argc && i <= 5; i++) {
        numbers[i - 1] = strtol(argv[i], NULL, 10);
    }
    const struct drain drain = {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
    if (argc != 6 || drain.count < 1 || drain.bytes < 1 || drain.bytes > BYTES_MAX || drain.window < 1 ||
        drain.beds < 1) {
        (void)fprintf(stderr, "usage: reference_drain PORT COUNT BYTES WINDOW BEDS\n");
        return 2;
    }
    (void)sem_init(&room, 0, (unsigned)drain.window);
    MQTTClient client = connect_to(drain.port);
    if (client == NULL) {
        (void)fprintf(stderr, "reference_drain: no broker at port %ld\n", drain.port);
        return 1;
    }
    const double began_s = seconds(CLOCK_MONOTONIC);
    const double used_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (run(client, &drain) != 0) {
        (void)fprintf(stderr, "reference_drain: a publish failed\n");
        return 1;
    }
    (void)printf("{\"rate\": %.1f, \"cpu_us\": %.2f}\n", (double)drain.count / (seconds(CLOCK_MONOTONIC) - began_s),
                 (seconds(CLOCK_PROCESS_CPUTIME_ID) - used_s) * 1e6 / (double)drain.count);
    (void)MQTTClient_disconnect5(client, 100, MQTTREASONCODE_SUCCESS, NULL);
    MQTTClient_destroy(&client);
    return 0;
}
