#include "tests/ward/ward_central.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_NS     (100 * WARD_MS) /* between two looks at the beds */
#define CALL_NS     WARD_S
#define PATIENCE_NS (5 * WARD_S)
#define CONTINUE_NS (10 * WARD_S)

void ward_central_init(struct ward_central *central)
{
    central->fd = central->watch.fd = -1;
    central->every_ns = WARD_S;
    central->give_up_ns = WARD_NEVER;
}

bool ward_central_add(struct ward_central *central, struct ward_monitor *monitor)
{
    if (central->bed_count == WARD_BEDS_MAX) {
        return false;
    }
    central->beds[central->bed_count++] = (struct ward_central_bed){.monitor = monitor};
    return true;
}

/* --- the connection ------------------------------------------------------------------------------------------ */

/* What was not acknowledged is sent again, from its beginning. */
static void central_hang_up(struct ward_link *link, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    if (c->fd >= 0) {
        close(c->fd);
    }
    c->fd = c->watch.fd = -1;
    c->sent = 0;
    c->answers_due = 0;
    c->answer_length = 0;
    c->give_up_ns = WARD_NEVER;
    c->call_ns = now_ns + CALL_NS;
}

static void central_on_ready(void *owner, int64_t now_ns);

static void central_call(struct ward_link *link, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    const int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        central_hang_up(link, now_ns);
        return;
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->watch = (struct ward_watch){.fd = c->fd, .on_ready = central_on_ready, .owner = link};
    c->spoken = false;
    c->again = c->length > 0;
    c->give_up_ns = now_ns + PATIENCE_NS;
    if ((connect(c->fd, (const struct sockaddr *)&c->address, sizeof c->address) != 0 && errno != EINPROGRESS) ||
        (!c->deaf && !ward_loop_watch(link->loop, &c->watch))) {
        central_hang_up(link, now_ns);
    }
}

void ward_central_unplug(struct ward_link *link)
{
    central_hang_up(link, 0);
    link->central.unplugged = true;
}

void ward_central_replug(struct ward_link *link, int64_t now_ns)
{
    central_hang_up(link, now_ns);
    link->central.unplugged = false;
    link->central.call_ns = now_ns;
}

void ward_central_reset(struct ward_link *link, int64_t now_ns)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0}; /* close then sends a reset */
    if (link->central.fd >= 0) {
        (void)setsockopt(link->central.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    central_hang_up(link, now_ns);
}

void ward_central_deafen(struct ward_link *link, int64_t now_ns, bool deaf)
{
    struct ward_central *c = &link->central;
    if (deaf && !c->deaf && c->fd >= 0) {
        ward_loop_forget(link->loop, &c->watch);
        c->length = c->answers_due > 0 ? 0 : c->length;
        c->answers_due = 0;
        c->give_up_ns = WARD_NEVER;
    } else if (!deaf && c->deaf) {
        central_hang_up(link, now_ns);
    }
    c->deaf = deaf;
}

/* --- what to say --------------------------------------------------------------------------------------------- */

static void note_measured(struct ward_measured *measured, uint16_t counter, int64_t wall_ms)
{
    if (measured->counter != counter) {
        *measured = (struct ward_measured){counter, wall_ms};
    }
}

static int64_t central_wall_ms(const struct ward_link *link, int64_t now_ns)
{
    return ward_loop_wall_ms(link->loop, now_ns) + link->central.clock_ns / WARD_MS;
}

/* Also while nobody listens: what was measured meanwhile has its instant. */
static void central_look(struct ward_link *link, int64_t now_ns)
{
    const int64_t wall_ms = central_wall_ms(link, now_ns);
    for (size_t i = 0; i < link->central.bed_count; i++) {
        struct ward_central_bed *bed = &link->central.beds[i];
        const struct ward_bank *bank = &bed->monitor->bank;
        ward_monitor_show(bed->monitor, now_ns);
        note_measured(&bed->cuff, bank->holding[WARD_CUFF_COUNTER], wall_ms);
        note_measured(&bed->glucose, bank->input[WARD_GLUCOSE_COUNTER], wall_ms);
    }
}

static struct ward_message central_message(struct ward_link *link, struct ward_monitor *monitor, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    const int64_t wall_ms = central_wall_ms(link, now_ns);
    (void)snprintf(c->control_id, sizeof c->control_id, "%s-%" PRIx64 "-%" PRIu64, link->name,
                   (uint64_t)(ward_loop_wall_ms(link->loop, 0)), ++c->number);
    return (struct ward_message){.station = link->name,
                                 .monitor = monitor->name,
                                 .place = monitor->place,
                                 .device = monitor->identity,
                                 .control_id = c->control_id,
                                 .wall_ms = wall_ms,
                                 .test = ward_monitor_spoils(monitor, WARD_FAULT_TEST),
                                 .unknown_encoding = ward_monitor_spoils(monitor, WARD_FAULT_ENCODING),
                                 .bank = &monitor->bank};
}

static void central_begin(struct ward_link *link, struct ward_monitor *monitor, size_t length)
{
    struct ward_central *c = &link->central;
    c->length = length;
    c->sent = 0;
    c->copies = ward_monitor_spoils(monitor, WARD_FAULT_DUPLICATE) ? 1 : 0;
    c->half = ward_monitor_spoils(monitor, WARD_FAULT_HALF);
    monitor->counts.told++;
    link->counts.messages++;
}

/* True when there is something to tell of this alarm now. */
static bool alarm_step(struct ward_told_alarm *alarm, bool holds, int64_t now_ns, enum ward_phase *out_phase)
{
    if (holds == alarm->told && (!holds || now_ns < alarm->next_ns)) {
        return false;
    }
    *out_phase = !holds ? WARD_PHASE_END : alarm->told ? WARD_PHASE_CONTINUE : WARD_PHASE_START;
    alarm->told = holds;
    alarm->next_ns = now_ns + CONTINUE_NS;
    return true;
}

static bool bed_tell_alarm(struct ward_link *link, struct ward_central_bed *bed, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    enum ward_phase phase = WARD_PHASE_START;
    for (unsigned b = 0; b < WARD_BITS; b++) {
        const enum ward_bit bit = (enum ward_bit)b;
        struct ward_told_alarm *alarm = &bed->alarms[b];
        if (!ward_hl7_is_alarm(bit) ||
            !alarm_step(alarm, ward_bank_has_bit(&bed->monitor->bank, bit), now_ns, &phase) ||
            ward_monitor_spoils(bed->monitor, WARD_FAULT_LOSE_ALARM)) {
            continue;
        }
        const struct ward_message message = central_message(link, bed->monitor, now_ns);
        if (phase == WARD_PHASE_START) {
            memcpy(alarm->parent, c->control_id, sizeof alarm->parent);
        }
        central_begin(link, bed->monitor, ward_hl7_alarm(&message, bit, phase, alarm->parent, c->message));
        return true;
    }
    return false;
}

static bool bed_tell_values(struct ward_link *link, struct ward_central_bed *bed, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    if (now_ns < bed->next_ns) {
        return false;
    }
    const bool late = now_ns - bed->next_ns >= c->every_ns;
    const struct ward_message message = central_message(link, bed->monitor, now_ns);
    bed->next_ns = (late ? now_ns : bed->next_ns) + c->every_ns;
    central_begin(link, bed->monitor, ward_hl7_values(&message, &bed->cuff, &bed->glucose, c->message));
    return true;
}

/* The next message, if there is any. */
static bool central_tell(struct ward_link *link, int64_t now_ns)
{
    static bool (*const kinds[])(struct ward_link *, struct ward_central_bed *, int64_t) = {bed_tell_alarm,
                                                                                            bed_tell_values};
    struct ward_central *c = &link->central;
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        for (size_t i = 0; i < c->bed_count; i++) {
            const size_t at = (c->turn + i) % c->bed_count;
            struct ward_central_bed *bed = &c->beds[at];
            if (now_ns >= bed->monitor->silent_until_ns && kinds[kind](link, bed, now_ns)) {
                c->turn = at + 1;
                return true;
            }
        }
    }
    return false;
}

/* --- sending and acknowledgements ---------------------------------------------------------------------------- */

static void central_sent_all(struct ward_link *link, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    ward_link_log(link, now_ns, '<', (const uint8_t *)c->message, c->length);
    if (c->half) { /* and never the rest of it */
        c->length = 0;
        central_hang_up(link, now_ns);
        return;
    }
    c->answers_due += c->deaf ? 0 : 1;
    c->give_up_ns = c->deaf ? WARD_NEVER : now_ns + PATIENCE_NS;
    c->sent = c->length;
    if (c->copies > 0) {
        c->copies--;
        c->sent = 0;
    } else if (c->deaf) {
        c->length = 0;
    }
}

/* False when nothing more can be sent now. */
static bool central_pump(struct ward_link *link, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    const size_t whole = c->half ? c->length / 2 : c->length;
    const ssize_t written = send(c->fd, c->message + c->sent, whole - c->sent, MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN && errno != EINTR) {
        central_hang_up(link, now_ns);
    }
    if (written <= 0) {
        return false;
    }
    if (!c->spoken) {
        c->spoken = true;
        c->give_up_ns = WARD_NEVER;
        link->counts.connections++;
        link->counts.sent_again += c->again ? 1 : 0;
    }
    c->sent += (size_t)written;
    if (c->sent == whole) {
        central_sent_all(link, now_ns);
    }
    return true;
}

static bool central_is_connected(const struct ward_central *c)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    return c->fd >= 0 && (c->spoken || getpeername(c->fd, (struct sockaddr *)&peer, &size) == 0);
}

static void central_speak(struct ward_link *link, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    bool goes_on = central_is_connected(c);
    while (goes_on && c->fd >= 0 && (c->length == 0 || c->sent < c->length)) {
        goes_on = (c->length > 0 || central_tell(link, now_ns)) && central_pump(link, now_ns);
    }
}

static void central_take_answer(struct ward_link *link, const char *bytes, size_t length)
{
    struct ward_central *c = &link->central;
    struct ward_link_counts *counts = &link->counts;
    char code[3] = "";
    char id[WARD_CONTROL_ID_MAX];
    if (!ward_hl7_read_answer(bytes, length, code, id) || c->answers_due == 0 || strcmp(id, c->control_id) != 0) {
        counts->unexpected++;
        return;
    }
    counts->accepted += strcmp(code, "AA") == 0 ? 1 : 0;
    counts->failed += strcmp(code, "AE") == 0 ? 1 : 0;
    counts->rejected += strcmp(code, "AR") == 0 ? 1 : 0;
    c->answers_due--;
    if (c->answers_due == 0 && c->sent == c->length) {
        c->length = 0;
        c->give_up_ns = WARD_NEVER;
    }
}

static void central_take_answers(struct ward_link *link, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    char *at = c->answer;
    char *const end = c->answer + c->answer_length;
    for (char *stop; (stop = memchr(at, WARD_MLLP_END, (size_t)(end - at))) != NULL; at = stop + 1) {
        ward_link_log(link, now_ns, '>', (const uint8_t *)at, (size_t)(stop - at) + 1);
        central_take_answer(link, at, (size_t)(stop - at));
    }
    c->answer_length = (size_t)(end - at);
    memmove(c->answer, at, c->answer_length);
}

static void central_on_ready(void *owner, int64_t now_ns)
{
    struct ward_link *link = owner;
    struct ward_central *c = &link->central;
    const ssize_t length = read(c->fd, c->answer + c->answer_length, sizeof c->answer - c->answer_length);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (length <= 0) {
        central_hang_up(link, now_ns);
        return;
    }
    c->answer_length += (size_t)length;
    central_take_answers(link, now_ns);
}

int64_t ward_central_next(const struct ward_link *link)
{
    const struct ward_central *c = &link->central;
    int64_t next_ns = c->next_ns < c->give_up_ns ? c->next_ns : c->give_up_ns;
    if (c->fd < 0 && !c->unplugged && c->call_ns < next_ns) {
        next_ns = c->call_ns;
    }
    return next_ns;
}

void ward_central_run(struct ward_link *link, int64_t now_ns)
{
    struct ward_central *c = &link->central;
    if (now_ns >= c->next_ns) {
        central_look(link, now_ns);
        c->next_ns = now_ns + LOOK_NS;
    }
    if (now_ns >= c->give_up_ns) {
        link->counts.lost += c->answers_due > 0 ? 1 : 0;
        central_hang_up(link, now_ns);
    }
    if (c->fd < 0 && !c->unplugged && now_ns >= c->call_ns) {
        central_call(link, now_ns);
    }
    central_speak(link, now_ns);
}
