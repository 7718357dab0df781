#include "tests/ward/ward_serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { PTY_NAME_MAX = 64 };

static const struct {
    unsigned baud;
    speed_t speed;
} speeds[] = {{1200, B1200},   {2400, B2400},   {4800, B4800},     {9600, B9600},    {19200, B19200},
              {38400, B38400}, {57600, B57600}, {115200, B115200}, {230400, B230400}};

static speed_t serial_speed(unsigned baud)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].baud == baud) {
            return speeds[i].speed;
        }
    }
    return B0;
}

bool ward_serial_knows_baud(unsigned baud)
{
    return serial_speed(baud) != B0;
}

/* Replaces what an earlier ward left behind, but only a symlink. */
static bool symlink_make(const char *target, const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISLNK(status.st_mode)) {
        errno = EEXIST;
        return false;
    }
    char fresh[PATH_MAX + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    (void)unlink(fresh);
    return symlink(target, fresh) == 0 && rename(fresh, path) == 0;
}

/* Another ward may have taken the path meanwhile: only our own symlink goes. */
static void symlink_remove(const char *target, const char *path)
{
    char found[PTY_NAME_MAX] = {0};
    if (readlink(path, found, sizeof found - 1) > 0 && strcmp(found, target) == 0) {
        (void)unlink(path);
    }
}

static bool pty_open(struct ward_serial *serial)
{
    char name[PTY_NAME_MAX];
    struct termios raw;
    serial->slave = -1;
    serial->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (serial->master < 0 || grantpt(serial->master) != 0 || unlockpt(serial->master) != 0 ||
        ptsname_r(serial->master, name, sizeof name) != 0) {
        return false;
    }
    serial->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (serial->slave < 0 || tcgetattr(serial->slave, &raw) != 0) {
        return false;
    }
    cfmakeraw(&raw);
    cfsetspeed(&raw, serial_speed(serial->baud));
    return tcsetattr(serial->slave, TCSANOW, &raw) == 0 && symlink_make(name, serial->path);
}

static bool serial_has_speed(const struct ward_serial *serial)
{
    struct termios now;
    return tcgetattr(serial->slave, &now) == 0 && cfgetospeed(&now) == serial_speed(serial->baud);
}

/* False when the request began too soon for a strict line. */
static bool serial_judge_gap(struct ward_link *link, const struct ward_frame *frame)
{
    struct ward_serial *serial = &link->serial;
    int64_t answers_ns = 0;
    const bool answered = ward_outlet_busy_until(&serial->outlet, frame->start_ns, &answers_ns);
    if (!answered && !frame->follows) {
        return true;
    }
    const int64_t quiet_ns =
        answered && (!frame->follows || answers_ns > frame->before_ns) ? answers_ns : frame->before_ns;
    const int64_t gap_ns = frame->start_ns - quiet_ns;
    if (gap_ns < 0) { /* while an answer was still on the wire */
        link->counts.collisions++;
        return !serial->strict;
    }
    if (gap_ns < link->counts.smallest_gap_ns) {
        link->counts.smallest_gap_ns = gap_ns;
    }
    if (gap_ns < serial->framer.silence_ns) {
        link->counts.gap_violations++;
        return !serial->strict;
    }
    return true;
}

static void serial_answer(struct ward_link *link, const struct ward_frame *frame, const struct ward_reply *reply)
{
    struct ward_serial *serial = &link->serial;
    const int64_t silence_ns = serial->framer.silence_ns;
    const int64_t pause_ns = link->turnaround_ns > silence_ns ? link->turnaround_ns : silence_ns;
    const int64_t step_ns = reply->step_ns > 0 ? reply->step_ns : serial->framer.char_ns;
    uint8_t adu[WARD_ADU_MAX];
    const size_t length = ward_rtu_wrap(reply, adu);
    if (!ward_outlet_add(&serial->outlet, frame->end_ns + pause_ns + reply->late_ns, step_ns, adu, length)) {
        link->counts.lost++;
    }
}

static void serial_take(struct ward_link *link, int64_t now_ns, const struct ward_frame *frame)
{
    ward_link_log(link, frame->start_ns, '>', frame->bytes, frame->length);
    if (!frame->sound) {
        link->counts.bad_crc++;
        return;
    }
    struct ward_reply reply;
    if (serial_judge_gap(link, frame) &&
        ward_link_ask(link, now_ns, frame->bytes[0], frame->bytes + 1, frame->length - 3, &reply)) {
        serial_answer(link, frame, &reply);
    }
}

static void serial_on_ready(void *owner, int64_t now_ns)
{
    struct ward_link *link = owner;
    struct ward_serial *serial = &link->serial;
    uint8_t bytes[512];
    struct ward_frame frame;
    const ssize_t length = read(serial->master, bytes, sizeof bytes);
    if (length <= 0) {
        return;
    }
    if (link->kind == WARD_OXIMETER) {
        link->counts.received += (uint64_t)length;
        return;
    }
    if (!serial_has_speed(serial)) {
        link->counts.wrong_speed++;
        return;
    }
    if (ward_framer_end(&serial->framer, now_ns, &frame)) {
        serial_take(link, now_ns, &frame);
    }
    for (ssize_t i = 0; i < length; i++) {
        if (ward_framer_put(&serial->framer, now_ns, bytes[i], &frame)) {
            serial_take(link, now_ns, &frame);
        }
    }
}

bool ward_serial_plug(struct ward_link *link)
{
    struct ward_serial *serial = &link->serial;
    const int64_t char_ns = ward_link_char_ns(serial->baud, serial->parity != 'N', serial->stop_bits);
    ward_framer_init(&serial->framer, char_ns, ward_link_silence_ns(serial->baud, char_ns));
    ward_outlet_clear(&serial->outlet);
    if (pty_open(serial)) {
        serial->watch = (struct ward_watch){.fd = serial->master, .on_ready = serial_on_ready, .owner = link};
        if (ward_loop_watch(link->loop, &serial->watch)) {
            return true;
        }
    }
    const int error = errno;
    ward_serial_unplug(link);
    errno = error;
    return false;
}

void ward_serial_unplug(struct ward_link *link)
{
    struct ward_serial *serial = &link->serial;
    char name[PTY_NAME_MAX];
    if (serial->master < 0) {
        return;
    }
    if (ptsname_r(serial->master, name, sizeof name) == 0) {
        symlink_remove(name, serial->path);
    }
    if (serial->slave >= 0) {
        close(serial->slave);
    }
    close(serial->master);
    serial->master = serial->slave = serial->watch.fd = -1;
    ward_outlet_clear(&serial->outlet);
    serial->framer.length = 0;
}

bool ward_serial_send(struct ward_link *link, int64_t now_ns, const uint8_t *bytes, size_t length)
{
    struct ward_serial *serial = &link->serial;
    return serial->master >= 0 && ward_outlet_add(&serial->outlet, now_ns, serial->framer.char_ns, bytes, length);
}

bool ward_serial_say(struct ward_link *link, int64_t now_ns, uint8_t *bytes, size_t length)
{
    if (!serial_has_speed(&link->serial)) {
        link->counts.wrong_speed++;
        for (size_t i = 0; i < length; i++) {
            bytes[i] = ward_link_noise(link);
        }
    }
    return ward_serial_send(link, now_ns, bytes, length);
}

int64_t ward_serial_next(const struct ward_link *link)
{
    const struct ward_serial *serial = &link->serial;
    const int64_t silence_ns = ward_framer_deadline(&serial->framer);
    const int64_t byte_ns = ward_outlet_next(&serial->outlet);
    return silence_ns < byte_ns ? silence_ns : byte_ns;
}

void ward_serial_run(struct ward_link *link, int64_t now_ns)
{
    struct ward_serial *serial = &link->serial;
    struct ward_frame frame;
    if (ward_framer_end(&serial->framer, now_ns, &frame)) {
        serial_take(link, now_ns, &frame);
    }
    (void)ward_link_pump(link, &serial->outlet, serial->master, now_ns);
}
