/*
 * ward.c: a simulated ward: the monitors that the gateway is shown on and tested against.
 *
 *     ward [-q] FILE        -q: do not tell on standard error what happens
 *
 * Serial lines are ptys paced like wires, TCP monitors are sockets; those that are asked serve the register map of
 * config/profiles/generic-vitals.yaml. Oximeters talk on lines of their own, and central stations call the gateway,
 * both unasked. Prints `ward: NAME ADDRESS` for each line and socket, then `ward: ready`.
 * SIGTERM, SIGINT and SIGHUP print the report (ward_report.h) and end it. Exit status 0, 1 the system refused, 2 wrong
 * usage or description.
 *
 * FILE has one item a line; # begins a comment. ${NAME} is an environment variable, ${NAME+N} its number plus N, so
 * that several wards can run at once on their own folders and ports. Paths are relative to the current folder.
 * Durations are 250us, 20ms, 10s, 5min, 1h; a bare number is milliseconds.
 *
 *     line NAME PATH [baud=19200] [parity=even|odd|none] [stop=1|2] [turnaround=2ms] [strict]
 *         A serial line; clients open the symlink PATH. strict: a request that begins sooner than 3.5 characters
 *         after the wire was last busy is ignored (it is counted in any case). A client at another speed is noise.
 *     tcp NAME HOST:PORT [turnaround=1ms] [baud=N]
 *         A socket with many unit ids; port 0 is chosen by the system. baud: a gateway with a serial line behind it.
 *     monitor NAME LINE UNIT generated [seed=N] [cuff=5min] [identity=TEXT]
 *     monitor NAME LINE UNIT recording FILE map=COLUMN=vital,...,COLUMN=time [absent=0] [speed=N] [offset=1680s]
 *             [identity=TEXT]
 *         offset: where to begin, in the recording's own time. identity: 8 characters, by default the name.
 *     monitor NAME LINE UNIT registers FILE
 *         Any device: serves the registers of the file and no others (ward_map.h).
 *     monitor NAME LINE UNIT counting
 *         Shows other values in every answer (ward_monitor.h), for measurements.
 *     oximeter NAME PATH nonin-df2|nonin-df7|nonin-df8|masimo-ascii1|masimo-rad8 [seed=N] [baud=9600] [identity=TEXT]
 *         A serial pulse oximeter with a generated patient, a monitor and its line in one: commands for either take
 *         its name.
 *     hl7 NAME HOST:PORT [every=1s]
 *         A central station that calls the gateway and sends HL7 messages for its beds, one at a time, over one
 *         connection.
 *     monitor NAME CENTRAL POC^ROOM^BED generated|recording ...
 *         A bed of it: its values every so often, its own alarms when they start, every 10 s, and when they end.
 *     at TIME [every PERIOD] COMMAND
 *     control PATH              a unix socket that takes commands, several clients at a time
 *
 * Commands come at their time, on standard input or through the socket (answered `ok` or `error: why`), as
 * SUBJECT VERB ... or VERB SUBJECT ...; `report` and `quit` come alone. COUNT: how many answers; left out: until
 * `answer`; 0 ends it.
 *
 *     MONITOR desaturation | tachycardia | bradycardia | apnoea | hypotension | fever | asystole | probe_off |
 *             leads_off [DURATION]   of a generated patient; left out: until `recover`
 *     MONITOR recover                ends all of them
 *     MONITOR value VITAL NUMBER|absent|auto ...   in the profile's units, until auto; a pressure is one measurement
 *     MONITOR bit NAME on|off   a bit of the profile; off leaves it to the events
 *     MONITOR identity TEXT
 *     MONITOR silence [DURATION]                   no answers
 *     MONITOR crc [COUNT]       wrong CRC          MONITOR truncate BYTES [COUNT]       answers cut to BYTES
 *     MONITOR late DURATION [COUNT]                MONITOR dribble [DURATION [COUNT]]   from byte to byte, 100ms
 *     MONITOR exception CODE [COUNT]               MONITOR wrong_unit [COUNT]           the next unit id
 *     MONITOR missing REGISTER [COUNT]             whatever asks for it is answered with exception 02
 *     MONITOR wrong_length [COUNT]                 byte count (serial) or header length (TCP) one too many
 *     MONITOR wrong_number [COUNT]                 TCP: that of the transaction before
 *     MONITOR answer            ends silence and all faults of its answers
 *     LINE noise [BYTES]        8 random bytes     LINE unasked      an answer nobody asked for: all registers 77
 *     LINE flood [FRAMES]       50 such answers    LINE log FILE|off the wire: MM:SS.mmm > hex (request), < (answer)
 *     LINE unplug | replug      serial             TCP refuse | accept | reset
 *     LINE stamp FILE|off       when the last byte of each answer went out: NANOSECONDS HEX, CLOCK_MONOTONIC
 *     TCP after close|reset|keep                   what it does with a connection after each answer
 *     TCP slots NUMBER          connections at a time, more are dropped at once; 0: any number
 *
 * Of these faults an oximeter has silence, crc (Nonin 2 and 7), truncate, noise and unplug; a bed of a central station
 * has silence and, COUNT being messages, its own:
 *
 *     MONITOR duplicate [COUNT] sent twice         MONITOR encoding [COUNT]  in an unknown character set
 *     MONITOR test [COUNT]      marked as a test   MONITOR half [COUNT]      cut, and the connection closed
 *     MONITOR bit demo on|off   its values marked as DEMO
 *     MONITOR lose_alarms [COUNT]                  messages of its alarms, not sent
 *     MONITOR move POC^ROOM^BED                    the same device at another place
 *     CENTRAL unplug | replug   no connection      CENTRAL reset             it calls again
 *     CENTRAL deaf on|off       acknowledgements are not read                CENTRAL clock SECONDS  its clock is ahead
 */
#include "tests/ward/ward.h"

#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tests/ward/ward_central.h"
#include "tests/ward/ward_file.h"
#include "tests/ward/ward_oximeter.h"
#include "tests/ward/ward_report.h"
#include "tests/ward/ward_serial.h"
#include "tests/ward/ward_tcp.h"

enum { EXIT_DONE, EXIT_SYSTEM, EXIT_USAGE };

static struct ward ward;

static void signal_on_ready(void *owner, int64_t now_ns)
{
    (void)now_ns;
    ((struct ward *)owner)->stop = true;
}

static bool signals_watch(struct ward_watch *watch)
{
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    *watch = (struct ward_watch){.fd = signalfd(-1, &ending, SFD_CLOEXEC), .on_ready = signal_on_ready, .owner = &ward};
    return watch->fd >= 0 && ward_loop_watch(&ward.loop, watch);
}

/* So that whatever else the machine does stretches the wires less. Without the permission it stays as it is. */
static void priority_raise(void)
{
    const struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    (void)sched_setscheduler(0, SCHED_FIFO, &lowest);
}

static int64_t timed_next(void)
{
    int64_t next_ns = WARD_NEVER;
    for (size_t i = 0; i < ward.timed_count; i++) {
        next_ns = ward.timed[i].due_ns < next_ns ? ward.timed[i].due_ns : next_ns;
    }
    return next_ns;
}

static void timed_run(int64_t now_ns)
{
    for (size_t i = 0; i < ward.timed_count; i++) {
        struct ward_timed *timed = &ward.timed[i];
        if (timed->due_ns > now_ns) {
            continue;
        }
        const char *why = ward_command_run(&ward, &timed->command, now_ns);
        if (why != NULL) {
            fprintf(stderr, "ward: %s: %s\n", timed->command.text, why);
        }
        timed->due_ns = timed->period_ns == 0 ? WARD_NEVER : timed->due_ns + timed->period_ns;
    }
}

static int64_t link_next(const struct ward_link *link)
{
    switch (link->kind) {
    case WARD_SERIAL:
        return ward_serial_next(link);
    case WARD_OXIMETER:
        return ward_oximeter_next(link);
    case WARD_CENTRAL:
        return ward_central_next(link);
    case WARD_TCP: /* its connections are in the pool */
        break;
    }
    return WARD_NEVER;
}

static void link_run(struct ward_link *link, int64_t now_ns)
{
    if (link->kind == WARD_OXIMETER) {
        ward_oximeter_run(link, now_ns);
    }
    if (ward_link_is_wire(link)) {
        ward_serial_run(link, now_ns);
    } else if (link->kind == WARD_CENTRAL) {
        ward_central_run(link, now_ns);
    }
}

static int64_t ward_next(void)
{
    const int64_t timed_ns = timed_next();
    const int64_t pool_ns = ward_pool_next(&ward.pool);
    int64_t next_ns = timed_ns < pool_ns ? timed_ns : pool_ns;
    for (size_t i = 0; i < ward.link_count; i++) {
        const int64_t at_ns = link_next(&ward.links[i]);
        next_ns = at_ns < next_ns ? at_ns : next_ns;
    }
    return next_ns;
}

static void ward_run(int64_t now_ns)
{
    timed_run(now_ns);
    for (size_t i = 0; i < ward.link_count; i++) {
        link_run(&ward.links[i], now_ns);
    }
    ward_pool_run(&ward.pool, now_ns);
}

static void ward_tell(void)
{
    char host[INET_ADDRSTRLEN];
    for (size_t i = 0; i < ward.link_count; i++) {
        const struct ward_link *link = &ward.links[i];
        const struct sockaddr_in *address = link->kind == WARD_CENTRAL ? &link->central.address : &link->tcp.address;
        if (ward_link_is_wire(link)) {
            printf("ward: %s %s\n", link->name, link->serial.path);
        } else {
            inet_ntop(AF_INET, &address->sin_addr, host, sizeof host);
            printf("ward: %s %s:%u\n", link->name, host, ntohs(address->sin_port));
        }
    }
    printf("ward: ready\n");
    fflush(stdout);
}

static void ward_print_report(void)
{
    char *report = ward_report_make(&ward);
    if (report != NULL) {
        fputs(report, stdout);
        fflush(stdout);
    }
    ward_report_free(report);
}

static void ward_close(void)
{
    ward_console_close(&ward);
    for (size_t i = ward.link_count; i > 0; i--) {
        struct ward_link *link = &ward.links[i - 1];
        (void)ward_link_log_to(link, NULL);
        (void)ward_link_stamp_to(link, NULL);
        if (ward_link_is_wire(link)) {
            ward_serial_unplug(link);
        } else if (link->kind == WARD_CENTRAL) {
            ward_central_unplug(link);
        } else {
            ward_tcp_refuse(link);
            ward_tcp_reset(link);
        }
    }
    for (size_t i = 0; i < ward.monitor_count; i++) {
        ward_recording_free(&ward.monitors[i].recording);
    }
}

/* What was due at 0 has happened before anybody is told that the ward is ready. */
static void ward_live(void)
{
    ward_run(ward_loop_now(&ward.loop));
    ward_tell();
    ward_console_start(&ward);
    while (!ward.stop) {
        ward_loop_wait(&ward.loop, ward_next());
        ward_run(ward_loop_now(&ward.loop));
    }
    ward_print_report();
}

/* The smallest ward there is; every verb is told at the head of this file. */
static const char help[] = "usage: ward [-q] FILE\n\n"
                           "Simulates the monitors that FILE describes, until Ctrl-C. -q: does not tell the events.\n"
                           "tests/ward/ward.c tells every line that a description may have; two are a ward:\n\n"
                           "  line a /tmp/ttyA baud=19200 parity=even\n"
                           "  monitor b01 a 1 generated\n\n"
                           "The gateway opens /tmp/ttyA as its device and asks address 1, profile generic-vitals.\n";

int main(int argc, char *argv[])
{
    struct ward_watch signals;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)fputs(help, stdout);
        return EXIT_DONE;
    }
    ward.quiet = argc == 3 && strcmp(argv[1], "-q") == 0;
    if (argc != (ward.quiet ? 3 : 2) || argv[argc - 1][0] == '-') {
        fprintf(stderr, "ward: usage: ward [-q] FILE, a ward description (see ward --help)\n");
        return EXIT_USAGE;
    }
    if (!ward_loop_open(&ward.loop) || !signals_watch(&signals)) {
        fprintf(stderr, "ward: the system gives no timer or signal descriptors\n");
        return EXIT_SYSTEM;
    }
    ward_pool_init(&ward.pool);
    ward_console_init(&ward);
    const bool loaded = ward_file_load(&ward, argv[argc - 1]);
    if (loaded) {
        priority_raise();
        ward_live();
    }
    ward_close();
    close(signals.fd);
    ward_loop_close(&ward.loop);
    return loaded ? EXIT_DONE : EXIT_USAGE;
}
