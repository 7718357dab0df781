/*
 * status.h: every way of failing has one name, shared by all rooms of the house.
 *
 * A function that can fail returns an enum status and writes its outputs only on STATUS_OK. A status may not be
 * ignored (MUST_CHECK). Faults of the world (a cable, a disk, a file) are returned; our own bugs are asserted.
 * Thread: any. Owns nothing.
 */
#ifndef WARDGATE_STATUS_H
#define WARDGATE_STATUS_H

#define MUST_CHECK                             __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))

/* name, text for a person */
#define STATUS_LIST(X)                                    \
    X(OK, "ok")                                           \
    X(FULL, "no room left")                               \
    X(EMPTY, "nothing there")                             \
    X(NOT_FOUND, "not found")                             \
    X(INVALID, "not valid")                               \
    X(TOO_LARGE, "too large")                             \
    X(NO_MEMORY, "out of memory")                         \
    X(IO, "input/output error")                           \
    X(BUSY, "in use by another program")                  \
    X(DENIED, "permission denied")                        \
    X(CLOSED, "not open")                                 \
    X(TIMEOUT, "no answer in time")                       \
    X(SHORT_FRAME, "answer too short")                    \
    X(LONG_FRAME, "answer too long")                      \
    X(BAD_CHECKSUM, "checksum wrong")                     \
    X(WRONG_ADDRESS, "answer from another address")       \
    X(WRONG_FUNCTION, "answer to another function")       \
    X(WRONG_LENGTH, "answer of another length")           \
    X(BAD_HEADER, "answer with a wrong header")           \
    X(TOO_SOON, "answer sooner than the wire allows")     \
    X(UNASKED, "bytes on the line that nobody asked for") \
    X(EXCEPTION, "monitor answered with an exception")    \
    X(CORRUPT, "damaged")                                 \
    X(WRONG_VERSION, "of another version")                \
    X(WRONG_PROTOCOL, "another protocol on the line")     \
    X(OUTDATED, "value that is not current")              \
    X(TOO_SLOW, "pauses inside an answer")                \
    X(HUNG_UP, "hung up by the other side")               \
    X(RESET, "connection reset by the other side")        \
    X(REFUSED, "connection refused by the other side")    \
    X(OTHER_MASTER, "another master asks here")           \
    X(OTHER_MACHINE, "of another kind of machine")

enum status {
#define STATUS_ENUM(name, text) STATUS_##name,
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
        STATUS_COUNT
};

/* The text of a status for a message to a person; never NULL. */
const char *status_text(enum status status);

#endif
