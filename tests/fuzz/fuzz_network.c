/*
 * libFuzzer: any bytes as network.yaml. What is taken becomes the files of the services, each of whole lines that hold nothing which was not checked.
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/box/generate.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/dev/shm/wardgate-fuzz-XXXXXX";
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    (void)snprintf(path, sizeof path, "%s/network.yaml", folder);
    return 0;
}

/* Printable, and with as many lines as there are texts in it. */
static void check(char *text, unsigned lines_most)
{
    unsigned lines = 0;
    assert(text != NULL && text[0] != '\0' && text[strlen(text) - 1] == '\n');
    for (const char *at = text; *at != '\0'; at++) {
        lines += *at == '\n' ? 1U : 0U;
        assert(*at == '\n' || (unsigned char)*at >= ' ');
    }
    assert(lines <= lines_most);
    free(text);
}

static void generate(const struct network_settings *network)
{
    for (unsigned i = 0; i < network->interface_count; i++) {
        const struct network_interface *in = &network->interfaces[i];
        check(generate_network(in), 30);
        if (in->vlan != 0) {
            check(generate_tagged_device(in), 8);
            check(generate_tagged_network(in), 30);
        }
    }
    check(generate_firewall(network, NULL), 30);
    check(generate_time(network, "/data/chrony", "/run/box/time-ca.pem"), 10 + NETWORK_TIME_SERVERS_MAX);
    if (network->syslog_host != NULL) {
        check(generate_syslog(network, "gw-7e", "/run/box/syslog-ca.pem"), 3);
    }
    if (network->ssh_key_count > 0) {
        check(generate_authorized_keys(network), network->ssh_key_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings_report report;
    struct network_settings network;
    struct pool pool;
    FILE *stream = fopen(path, "w");
    if (stream == NULL || fwrite(data, 1, size, stream) != size || fclose(stream) != 0) {
        abort();
    }
    pool_init(&pool, (size_t)4 * 1024 * 1024);
    const bool is_good = network_read(path, &pool, &network, &report);
    assert(is_good == (report.fault_count == 0));
    if (is_good) {
        generate(&network);
    }
    pool_fini(&pool);
    return 0;
}
