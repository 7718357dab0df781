/*
 * signal.h: what a bit of a monitor means (a profile's `bits:`); a word of the vocabulary, shared by drivers and
 * engine.
 *
 * Thread: any; constant data.
 */
#ifndef WARDGATE_SIGNAL_H
#define WARDGATE_SIGNAL_H

#define SIGNAL_MEANING_LIST(X) \
    X(sensor_off)              \
    X(monitor_alarm_high)      \
    X(monitor_alarm_medium)    \
    X(monitor_alarm_low)       \
    X(alarms_paused)           \
    X(alarms_off)              \
    X(standby)                 \
    X(demo)                    \
    X(test)                    \
    X(calibrating)             \
    X(cuff_inflating)          \
    X(poor_signal)

enum signal_meaning {
#define SIGNAL_ENUM(name) SIGNAL_##name,
    SIGNAL_MEANING_LIST(SIGNAL_ENUM)
#undef SIGNAL_ENUM
        SIGNAL_COUNT
};

#endif
