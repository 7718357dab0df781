#include "app/box/facts.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/flow/local_connection.h"
#include "app/flow/local_socket.h"
#include "app/gateway.h"
#include "hal/clock.h"

#define ANSWER_MAX  ((size_t)2 * 1024 * 1024)
#define ROOM_LEAST  (UINT64_C(1) << 20)
#define NOTE_FILES  16
#define FOUND_BY_US INT64_C(30000000) /* since power-on: udev has gone through all devices */

void facts_init(struct facts *facts)
{
    assert(facts != NULL);
    facts->gateway = STATUS_NOT_FOUND;
}

/* ---- the gateway ---- */

/* Where it listens; the file is read again only when it is another. */
static void find_socket(struct facts *facts, const struct box_places *places)
{
    char path[PUBLISH_PATH_MAX];
    struct stat about;
    struct settings *settings = NULL;
    if (!publish_path(path, places->data, BOX_CONFIGURATION) || stat(path, &about) != 0) {
        facts->socket[0] = '\0';
        facts->inode = 0;
        return;
    }
    if (about.st_ino == facts->inode && about.st_mtim.tv_sec == facts->changed.tv_sec &&
        about.st_mtim.tv_nsec == facts->changed.tv_nsec) {
        return;
    }
    struct settings_report *report = calloc(1, sizeof *report);
    facts->socket[0] = '\0';
    if (report != NULL && settings_load(path, gateway_profiles(), &settings, report)) {
        (void)snprintf(facts->socket, sizeof facts->socket, "%s", settings->status_socket);
    }
    facts->inode = about.st_ino;
    facts->changed = about.st_mtim;
    settings_free(settings);
    free(report);
}

static void ask_gateway(struct facts *facts, const struct box_places *places)
{
    find_socket(facts, places);
    watch_ward_init(&facts->ward);
    facts->gateway = STATUS_NOT_FOUND;
    char *answer = facts->socket[0] != '\0' ? malloc(ANSWER_MAX) : NULL;
    size_t length = 0;
    if (answer == NULL) {
        return;
    }
    facts->gateway = connection_ask(facts->socket, "rows", LOCAL_ANSWER_MS, answer, ANSWER_MAX, &length);
    if (facts->gateway == STATUS_OK) {
        struct watch_reader reader;
        watch_reader_init(&reader, &facts->ward);
        watch_reader_feed(&reader, answer, length);
        facts->gateway = facts->ward.is_whole ? STATUS_OK : STATUS_CLOSED;
    }
    free(answer);
}

/* Whether there is one, answering or not: the first of those that systemd has started for it. */
static void find_process(struct facts *facts, const struct box_places *places)
{
    char line[32];
    FILE *stream = places->processes != NULL ? fopen(places->processes, "re") : NULL;
    facts->process = stream != NULL && fgets(line, sizeof line, stream) != NULL ? strtol(line, NULL, 10) : 0;
    if (facts->gateway == STATUS_OK) {
        facts->answered = facts->process;
    }
    if (stream != NULL) {
        (void)fclose(stream);
    }
}

/* ---- the box ---- */

static struct facts_interface *find_interface(struct facts *facts, const char *name)
{
    for (unsigned i = 0; i < facts->interface_count; i++) {
        if (strncmp(facts->interfaces[i].name, name, sizeof facts->interfaces[i].name) == 0) {
            return &facts->interfaces[i];
        }
    }
    if (facts->interface_count == FACTS_INTERFACES_MAX) {
        return NULL;
    }
    struct facts_interface *made = &facts->interfaces[facts->interface_count++];
    *made = (struct facts_interface){.is_up = false};
    (void)snprintf(made->name, sizeof made->name, "%s", name);
    return made;
}

static unsigned count_bits(const unsigned char *bytes, size_t size)
{
    unsigned count = 0;
    for (size_t i = 0; i < size; i++) {
        count += (unsigned)__builtin_popcount(bytes[i]);
    }
    return count;
}

static void add_address(struct facts_interface *in, const struct ifaddrs *entry)
{
    const bool is_6 = entry->ifa_addr->sa_family == AF_INET6;
    struct sockaddr_in6 address_6 = {.sin6_family = AF_INET6}, mask_6 = address_6;
    struct sockaddr_in address_4 = {.sin_family = AF_INET}, mask_4 = address_4;
    char text[INET6_ADDRSTRLEN];
    unsigned slot = 0, length = 0;
    while (slot < FACTS_ADDRESSES_MAX && in->addresses[slot][0] != '\0') {
        slot++;
    }
    if (is_6) {
        memcpy(&address_6, entry->ifa_addr, sizeof address_6);
        memcpy(&mask_6, entry->ifa_netmask, sizeof mask_6);
        length = count_bits(mask_6.sin6_addr.s6_addr, sizeof mask_6.sin6_addr);
    } else {
        memcpy(&address_4, entry->ifa_addr, sizeof address_4);
        memcpy(&mask_4, entry->ifa_netmask, sizeof mask_4);
        length = count_bits((const unsigned char *)&mask_4.sin_addr, sizeof mask_4.sin_addr);
    }
    const void *bytes = is_6 ? (const void *)&address_6.sin6_addr : (const void *)&address_4.sin_addr;
    if (slot < FACTS_ADDRESSES_MAX && inet_ntop(is_6 ? AF_INET6 : AF_INET, bytes, text, sizeof text) != NULL) {
        (void)snprintf(in->addresses[slot], sizeof in->addresses[slot], "%s/%u", text, length);
    }
}

static void add_hardware(struct facts_interface *in, const struct ifaddrs *entry)
{
    struct sockaddr_ll link;
    memcpy(&link, entry->ifa_addr, sizeof link);
    in->is_up = (entry->ifa_flags & IFF_UP) != 0;
    in->has_link = (entry->ifa_flags & IFF_RUNNING) != 0;
    (void)snprintf(in->mac, sizeof in->mac, "%02x:%02x:%02x:%02x:%02x:%02x", link.sll_addr[0], link.sll_addr[1],
                   link.sll_addr[2], link.sll_addr[3], link.sll_addr[4], link.sll_addr[5]);
}

static void take_interfaces(struct facts *facts)
{
    struct ifaddrs *all = NULL;
    facts->interface_count = 0;
    if (getifaddrs(&all) != 0) {
        return;
    }
    for (const struct ifaddrs *entry = all; entry != NULL; entry = entry->ifa_next) {
        const bool is_wanted = entry->ifa_addr != NULL && (entry->ifa_flags & IFF_LOOPBACK) == 0;
        struct facts_interface *in = is_wanted ? find_interface(facts, entry->ifa_name) : NULL;
        if (in == NULL) {
            continue;
        }
        if (entry->ifa_addr->sa_family == AF_PACKET) {
            add_hardware(in, entry);
        } else if ((entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6) &&
                   entry->ifa_netmask != NULL) {
            add_address(in, entry);
        }
    }
    freeifaddrs(all);
}

static bool has_interface(const struct facts *facts, const char *name, size_t length)
{
    unsigned i = 0;
    while (i < facts->interface_count &&
           (strlen(facts->interfaces[i].name) != length || memcmp(facts->interfaces[i].name, name, length) != 0)) {
        i++;
    }
    return i < facts->interface_count;
}

/* A line for each interface that the network.yaml in force names and this box has not: it has another name here, or is unplugged. */
static void note_missing(struct facts *facts)
{
    char here[FACTS_INTERFACES_MAX * sizeof facts->interfaces[0].name + 8] = "none";
    const bool is_known = facts->has_outcome && facts->interface_count < FACTS_INTERFACES_MAX;
    for (unsigned i = 0, used = 0; i < facts->interface_count; i++) {
        used +=
            (unsigned)snprintf(here + used, sizeof here - used, "%s%s", i > 0 ? " " : "", facts->interfaces[i].name);
    }
    for (const char *name = is_known && clock_boot_us() > FOUND_BY_US ? facts->outcome.interfaces : "";
         *name != '\0';) {
        const size_t length = strcspn(name, "\n");
        if (!has_interface(facts, name, length)) {
            box_add_line(
                facts->wrong, sizeof facts->wrong,
                "network.yaml names the interface %.*s, and this box has %s -> correct the name, or plug it in",
                (int)length, name, here);
        }
        name += length + (name[length] == '\n');
    }
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void take_note(char *lines, const char *folder, const char *name)
{
    char path[PUBLISH_PATH_MAX], line[256];
    FILE *stream = publish_path(path, folder, name) ? fopen(path, "re") : NULL;
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL) {
        box_add_line(lines, BOX_NOTES_MAX, "%.*s", (int)strcspn(line, "\n"), line);
    }
    if (stream != NULL) {
        (void)fclose(stream);
    }
}

/* The files of a folder, by their names, but for one. */
static void take_folder(char *lines, const char *run, const char *name, const char *but)
{
    char folder[PUBLISH_PATH_MAX];
    struct dirent **entries = NULL;
    const int count = publish_path(folder, run, name) ? scandir(folder, &entries, is_visible, alphasort) : -1;
    for (int i = 0; i < count; i++) {
        if (i < NOTE_FILES && strcmp(entries[i]->d_name, but) != 0) {
            take_note(lines, folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
}

/* The store has its room from the start; what is written beside it has none then. */
static void take_room(struct facts *facts, const struct box_places *places)
{
    struct statvfs room;
    facts->is_full = statvfs(places->data, &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize < ROOM_LEAST;
    if (facts->is_full) {
        box_add_line(facts->notes, sizeof facts->notes,
                     "THE DISK IS FULL (%s) -> the ward is watched, but changed files are not taken and no log is "
                     "kept: look at what fills it",
                     places->data);
    }
}

static void take_notes(struct facts *facts, const struct box_places *places)
{
    facts->wrong[0] = '\0';
    facts->notes[0] = '\0';
    char lost[PUBLISH_PATH_MAX], restore[PUBLISH_PATH_MAX];
    const bool waits = publish_path(restore, places->data, "etc.restore") && access(restore, F_OK) == 0;
    facts->is_data_lost = publish_path(lost, places->run, "data-lost") && access(lost, F_OK) == 0;
    take_note(facts->wrong, places->run, "data-lost");
    take_folder(facts->wrong, places->run, "wrong.d", waits ? "" : "restore-waits"); /* ended by hand since */
    note_missing(facts);
    take_room(facts, places);
    take_folder(facts->notes, places->run, "report.d", "");
}

void facts_take(struct facts *facts, const struct box_places *places)
{
    assert(facts != NULL && places != NULL);
    char path[PUBLISH_PATH_MAX];
    facts->has_outcome = box_outcome_read(places->run, &facts->outcome);
    facts->has_request = publish_path(path, places->data, "etc/keys/gateway.csr") && access(path, F_OK) == 0;
    facts->is_synchronised = clock_is_synchronised();
    facts->wall_ms = clock_wall_ms();
    ask_gateway(facts, places);
    find_process(facts, places);
    take_interfaces(facts);
    (void)slots_started(SLOTS_KERNEL, facts->slot);
    facts->has_failed_update = record_read(places->data, "failed", &facts->failed_update);
    take_notes(facts, places);
}

/* ---- as a whole ---- */

static bool has_answering(const struct watch_ward *ward)
{
    unsigned monitors = 0, answering = 0;
    for (unsigned b = 0; b < ward->bus_count; b++) {
        monitors += ward->buses[b].monitor_count;
        answering += ward->buses[b].answering_count;
    }
    return monitors == 0 || answering > 0;
}

static bool has_broker(const struct watch_ward *ward)
{
    for (unsigned b = 0; b < ward->broker_count; b++) {
        if (ward->brokers[b].is_in_use && strcmp(ward->brokers[b].state, "connected") == 0) {
            return true;
        }
    }
    return false;
}

bool facts_are_kept(const struct facts *facts)
{
    assert(facts != NULL);
    return !facts->is_data_lost && facts->ward.store_error[0] == '\0';
}

enum box_state facts_state(const struct facts *facts)
{
    assert(facts != NULL);
    if (facts->gateway != STATUS_OK && facts->process != 0 && facts->process != facts->answered) {
        return BOX_STATE_STARTING;
    }
    if (facts->gateway != STATUS_OK) {
        return facts->has_outcome && facts->outcome.ward == BOX_NONE ? BOX_STATE_NOTHING : BOX_STATE_NOT_RUNNING;
    }
    if (!has_broker(&facts->ward) && !facts_are_kept(facts)) {
        return BOX_STATE_LOST;
    }
    if (facts->outcome.ward_problems[0] != '\0' || facts->outcome.network_problems[0] != '\0') {
        return BOX_STATE_WRONG;
    }
    if (!has_answering(&facts->ward)) {
        return BOX_STATE_NO_MONITORS;
    }
    if (!has_broker(&facts->ward)) {
        return BOX_STATE_NO_BROKER;
    }
    if (!facts_are_kept(facts)) {
        return BOX_STATE_NOT_KEPT;
    }
    if (facts->wrong[0] != '\0' || facts->outcome.network_warnings[0] != '\0') {
        return BOX_STATE_FAULTY;
    }
    return facts->is_full ? BOX_STATE_FULL : BOX_STATE_WATCHES;
}

const char *facts_state_text(enum box_state state)
{
    static const char *const texts[] = {
#define BOX_STATE_TEXT(name, text) text,
        BOX_STATE_LIST(BOX_STATE_TEXT)
#undef BOX_STATE_TEXT
    };
    assert((unsigned)state < sizeof texts / sizeof texts[0]);
    return texts[state];
}
