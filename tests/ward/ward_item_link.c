#include "tests/ward/ward_item.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/ward/ward_central.h"
#include "tests/ward/ward_oximeter.h"
#include "tests/ward/ward_serial.h"
#include "tests/ward/ward_tcp.h"

#define EVERY_NS_MIN (100 * WARD_MS)

/* A new link, not yet counted: NULL when there is no room or its name is not free. */
static struct ward_link *link_new(struct item *item, enum ward_link_kind kind)
{
    struct ward *ward = item->ward;
    if (item->count < 3) {
        static const char *const forms[] = {[WARD_SERIAL] = "line NAME PATH [OPTIONS]",
                                            [WARD_TCP] = "tcp NAME HOST:PORT [OPTIONS]",
                                            [WARD_OXIMETER] = "oximeter NAME PATH FORMAT [OPTIONS]",
                                            [WARD_CENTRAL] = "hl7 NAME HOST:PORT [OPTIONS]"};
        item_fail(item, "write %s", forms[kind]);
        return NULL;
    }
    if (ward->link_count == WARD_LINKS_MAX) {
        item_fail(item, "more than %d lines, start a second ward", WARD_LINKS_MAX);
        return NULL;
    }
    if (!item_name_is_free(item, item->words[1])) {
        return NULL;
    }
    struct ward_link *link = &ward->links[ward->link_count];
    memset(link, 0, sizeof *link);
    link->kind = kind;
    link->loop = &ward->loop;
    link->random = (uint32_t)ward->link_count;
    snprintf(link->name, sizeof link->name, "%s", item->words[1]);
    link->counts.smallest_gap_ns = WARD_NEVER;
    return link;
}

static bool serial_options(struct item *item, struct ward_link *link)
{
    static const char *const keys[] = {"baud=", "parity=", "stop=", "turnaround=", "strict", NULL};
    int64_t baud = 19200;
    int64_t stop_bits = 1;
    const char *parity = item_option(item, 3, "parity");
    parity = parity == NULL ? "even" : parity;
    if (!item_options_known(item, 3, keys)) {
        return false;
    }
    if (!item_option_number(item, 3, "baud", 1200, 230400, &baud) || !ward_serial_knows_baud((unsigned)baud)) {
        return item_fail(item, "baud is none a terminal has, use 9600, 19200 ...");
    }
    if (!item_option_number(item, 3, "stop", 1, 2, &stop_bits)) {
        return item_fail(item, "stop is 1 or 2");
    }
    if (strcmp(parity, "even") != 0 && strcmp(parity, "odd") != 0 && strcmp(parity, "none") != 0) {
        return item_fail(item, "parity is even, odd or none");
    }
    if (!item_option_duration(item, 3, "turnaround", &link->turnaround_ns)) {
        return item_fail(item, "turnaround is a duration like 2ms");
    }
    link->serial.baud = (unsigned)baud;
    link->serial.stop_bits = (unsigned)stop_bits;
    link->serial.parity = strcmp(parity, "even") == 0 ? 'E' : strcmp(parity, "odd") == 0 ? 'O' : 'N';
    for (size_t i = 3; i < item->count; i++) {
        link->serial.strict = link->serial.strict || strcmp(item->words[i], "strict") == 0;
    }
    return true;
}

static bool serial_plug(struct item *item, struct ward_link *link)
{
    link->serial.master = link->serial.slave = -1;
    if ((size_t)snprintf(link->serial.path, sizeof link->serial.path, "%s", item->words[2]) >=
        sizeof link->serial.path) {
        return item_fail(item, "the path is too long");
    }
    if (!ward_serial_plug(link)) {
        return item_fail(item, "cannot make a pty at %.100s (%s), choose a path in a folder that exists",
                         item->words[2], strerror(errno));
    }
    item->ward->link_count++;
    return true;
}

bool item_line(struct item *item)
{
    struct ward_link *link = link_new(item, WARD_SERIAL);
    return link != NULL && serial_options(item, link) && serial_plug(item, link);
}

bool item_oximeter(struct item *item)
{
    static const char *const keys[] = {"seed=", "baud=", "identity=", NULL};
    struct ward_link *link = link_new(item, WARD_OXIMETER);
    int64_t baud = 9600;
    int64_t seed = (int64_t)item->ward->link_count;
    if (link == NULL || !item_options_known(item, 4, keys)) {
        return false;
    }
    link->oximeter.format = item->count > 3 ? ward_format_by_name(item->words[3]) : NULL;
    if (link->oximeter.format == NULL) {
        return item_fail(item, "write oximeter NAME PATH nonin-df2|nonin-df7|nonin-df8|masimo-ascii1|masimo-rad8");
    }
    if (!item_option_number(item, 4, "seed", 0, INT32_MAX, &seed)) {
        return item_fail(item, "seed is a number");
    }
    if (!item_option_number(item, 4, "baud", 1200, 230400, &baud) || !ward_serial_knows_baud((unsigned)baud) ||
        !ward_format_fits(link->oximeter.format, (unsigned)baud)) {
        return item_fail(item, "baud is none a terminal has, or too slow for what it says, use 9600");
    }
    link->serial.baud = (unsigned)baud;
    link->serial.stop_bits = 1;
    link->serial.parity = 'N';
    link->oximeter.monitor = item_monitor_of(item, link, (uint32_t)seed);
    return link->oximeter.monitor != NULL && serial_plug(item, link);
}

static bool tcp_address(const char *text, struct sockaddr_in *out)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    int64_t port = 0;
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    if (colon == NULL || (size_t)(colon - text) >= sizeof host || !ward_text_number(colon + 1, 0, 65535, &port)) {
        return false;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    out->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

bool item_tcp(struct item *item)
{
    static const char *const keys[] = {"turnaround=", "baud=", NULL};
    struct ward_link *link = link_new(item, WARD_TCP);
    int64_t baud = 0;
    if (link == NULL || !item_options_known(item, 3, keys)) {
        return false;
    }
    if (!item_option_duration(item, 3, "turnaround", &link->turnaround_ns) ||
        !item_option_number(item, 3, "baud", 1200, 230400, &baud)) {
        return item_fail(item, "turnaround is a duration like 1ms, baud a number");
    }
    if (!tcp_address(item->words[2], &link->tcp.address)) {
        return item_fail(item, "%.60s is not an address, write 127.0.0.1:15021", item->words[2]);
    }
    link->tcp.listener = -1;
    link->tcp.pool = &item->ward->pool;
    link->tcp.char_ns = baud == 0 ? 0 : ward_link_char_ns((unsigned)baud, true, 1);
    link->tcp.silence_ns = ward_link_silence_ns((unsigned)baud, link->tcp.char_ns);
    if (!ward_tcp_listen(link)) {
        return item_fail(item, "cannot listen on %.60s (%s), choose another port", item->words[2], strerror(errno));
    }
    item->ward->link_count++;
    return true;
}

bool item_hl7(struct item *item)
{
    static const char *const keys[] = {"every=", NULL};
    struct ward_link *link = link_new(item, WARD_CENTRAL);
    if (link == NULL || !item_options_known(item, 3, keys)) {
        return false;
    }
    struct ward_central *central = &link->central;
    ward_central_init(central);
    if (!item_option_duration(item, 3, "every", &central->every_ns) || central->every_ns < EVERY_NS_MIN) {
        return item_fail(item, "every is a duration of at least 100ms");
    }
    if (!tcp_address(item->words[2], &central->address) || central->address.sin_port == 0) {
        return item_fail(item, "%.60s is not an address, write 127.0.0.1:2575", item->words[2]);
    }
    item->ward->link_count++;
    return true;
}
