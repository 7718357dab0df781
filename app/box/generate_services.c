#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/box/generate.h"

static char *finish(FILE *stream, char **text)
{
    if (fclose(stream) != 0) {
        free(*text);
        return NULL;
    }
    return *text;
}

/*
 * It steps at the first answers only: later it slews, for windows and delays run on another clock, but alerts bear this one. A box without
 * a clock of its own begins in the past, where no certificate holds yet: until the first answers those of NTS are not held against
 * the time.
 */
char *generate_time(const struct network_settings *network, const char *state, const char *ca)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < network->time_server_count; i++) {
        (void)fprintf(stream, "server %s iburst%s\n", network->time_servers[i], network->nts ? " nts" : "");
    }
    if (network->time_server_count == 0) {
        (void)fputs("sourcedir /run/chrony-dhcp\n", stream);
    }
    if (network->nts) {
        if (network->time_ca != NULL) {
            (void)fprintf(stream, "ntstrustedcerts %s\n", ca);
        }
        (void)fputs("nosystemcert\nnocerttimecheck 1\n", stream);
    }
    (void)fprintf(stream, "driftfile %s/drift\nntsdumpdir %s\nmakestep 1 3\nrtcsync\nport 0\ncmdport 0\n", state,
                  state);
    return finish(stream, &text);
}

/* A target that does not answer costs memory for a bounded queue, never flash, and holds nobody up. */
char *generate_syslog(const struct network_settings *network, const char *host_name, const char *ca)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = network->syslog_host != NULL ? open_memstream(&text, &size) : NULL;
    if (stream == NULL) {
        return NULL;
    }
    const bool is_tls = network->syslog_transport == SYSLOG_TLS;
    (void)fprintf(stream, "global(localHostname=\"%s\"", host_name);
    if (is_tls) {
        (void)fprintf(stream, " defaultNetstreamDriver=\"ossl\" defaultNetstreamDriverCAFile=\"%s\"", ca);
    }
    (void)fprintf(
        stream,
        ")\nmodule(load=\"imuxsock\")\n"
        "action(type=\"omfwd\" target=\"%s\" port=\"%u\" protocol=\"%s\" template=\"RSYSLOG_SyslogProtocol23Format\"",
        network->syslog_host, network->syslog_port, network->syslog_transport == SYSLOG_UDP ? "udp" : "tcp");
    if (network->syslog_transport != SYSLOG_UDP) {
        (void)fputs(" TCP_Framing=\"octet-counted\" KeepAlive=\"on\"", stream);
    }
    if (is_tls) {
        (void)fprintf(stream,
                      " StreamDriver=\"ossl\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"x509/name\""
                      " StreamDriverPermittedPeers=\"%s\"",
                      network->syslog_host);
    }
    (void)fputs(" queue.type=\"LinkedList\" queue.size=\"4000\" queue.discardMark=\"3900\" queue.discardSeverity=\"0\""
                " queue.timeoutEnqueue=\"0\" action.resumeRetryCount=\"-1\" action.resumeInterval=\"10\""
                " action.resumeIntervalMax=\"60\")\n",
                stream);
    return finish(stream, &text);
}

char *generate_authorized_keys(const struct network_settings *network)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = network->ssh_key_count > 0 ? open_memstream(&text, &size) : NULL;
    if (stream == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < network->ssh_key_count; i++) {
        (void)fprintf(stream, "%s\n", network->ssh_keys[i]);
    }
    return finish(stream, &text);
}
