/*
 * witness: looks into the store from outside at the moment an alert arrives: was it committed before it was published?
 *
 *     witness BROKER BASE STORE COUNT SECONDS      ends after COUNT alerts (or SECONDS); exit status 0 if all were there
 *
 * Opens the gateway's LMDB environment for reading while the gateway runs, and compares what arrived byte for byte with what is
 * stored. An alert that says durable:false is passed over.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <MQTTClient.h>
#include <lmdb.h>

#include "drivers/store/rows.h"

enum { BEAT_MS = 200 };

static MDB_env *open_store(const char *path)
{
    char folder[512];
    MDB_env *env = NULL;
    (void)snprintf(folder, sizeof folder, "%s/alerts", path);
    if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 8) != 0 ||
        mdb_env_open(env, folder, MDB_RDONLY | MDB_NOTLS, 0) != 0) {
        return NULL;
    }
    return env;
}

static bool holds(MDB_txn *txn, const char *database, const char *json, size_t length)
{
    MDB_dbi dbi = 0;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    bool found = false;
    if (mdb_dbi_open(txn, database, 0, &dbi) != 0 || mdb_cursor_open(txn, dbi, &cursor) != 0) {
        return false;
    }
    while (!found && mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        struct store_alert alert;
        found = row_decode_alert(value.mv_data, value.mv_size, &alert) == STATUS_OK && alert.json_length == length &&
                memcmp(alert.json, json, length) == 0;
    }
    mdb_cursor_close(cursor);
    return found;
}

static bool is_stored(MDB_env *env, const char *json, size_t length)
{
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0) {
        return false;
    }
    const bool found = holds(txn, "outbox", json, length) || holds(txn, "history", json, length);
    mdb_txn_abort(txn);
    return found;
}

/* The content that is stored: the payload without its `delivery`. */
static bool check(MDB_env *env, const char *payload, size_t length)
{
    char content[STORE_VALUE_MAX];
    char text[STORE_VALUE_MAX];
    (void)snprintf(text, sizeof text, "%.*s", (int)length, payload);
    const char *delivery = strstr(text, ",\"delivery\":");
    if (delivery == NULL) {
        return false;
    }
    if (strstr(delivery, "\"durable\":false") != NULL) {
        return true;
    }
    const int content_length = snprintf(content, sizeof content, "%.*s}", (int)(delivery - text), text);
    const bool stored = content_length > 0 && is_stored(env, content, (size_t)content_length);
    if (!stored) {
        (void)printf("published before it was committed: %s\n", content);
    }
    return stored;
}

static int listen_for(MQTTClient client, MDB_env *env, long count, long seconds)
{
    const time_t end = time(NULL) + seconds;
    long seen = 0;
    while (seen < count && time(NULL) < end) {
        char *topic = NULL;
        int topic_length = 0;
        MQTTClient_message *message = NULL;
        if (MQTTClient_receive(client, &topic, &topic_length, &message, BEAT_MS) < 0 || message == NULL) {
            continue;
        }
        seen++;
        if (!check(env, message->payload, (size_t)message->payloadlen)) {
            return 1;
        }
        MQTTClient_freeMessage(&message);
        MQTTClient_free(topic);
    }
    (void)printf("%ld alerts, each in the store when it arrived\n", seen);
    return seen > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    MQTTClient client = NULL;
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    char bed_alerts[256];
    if (argc != 6) {
        (void)fprintf(stderr, "usage: witness BROKER BASE STORE COUNT SECONDS\n");
        return 2;
    }
    (void)snprintf(bed_alerts, sizeof bed_alerts, "%s/+/alert", argv[2]);
    MDB_env *env = open_store(argv[3]);
    if (env == NULL) {
        (void)fprintf(stderr, "witness: no store at %s\n", argv[3]);
        return 2;
    }
    if (MQTTClient_create(&client, argv[1], "witness", MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTCLIENT_SUCCESS ||
        MQTTClient_connect(client, &options) != MQTTCLIENT_SUCCESS ||
        MQTTClient_subscribe(client, bed_alerts, 1) != MQTTCLIENT_SUCCESS) {
        (void)fprintf(stderr, "witness: no broker at %s\n", argv[1]);
        return 2;
    }
    const int result = listen_for(client, env, strtol(argv[4], NULL, 10), strtol(argv[5], NULL, 10));
    (void)MQTTClient_disconnect(client, 100);
    MQTTClient_destroy(&client);
    mdb_env_close(env);
    return result;
}
