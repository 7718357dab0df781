/*
 * ward_oximeter.h: a serial pulse oximeter: it talks on a line of its own, whether anybody listens or not.
 *
 * Its frames leave at their times, byte by byte. What is sent to it is not read, only counted. A client at another
 * speed reads noise; what is said while the line is unplugged was said to nobody.
 */
#ifndef WARD_OXIMETER_H
#define WARD_OXIMETER_H

#include "tests/ward/ward_link.h"

/* NULL when there is no format of that name. */
const struct ward_format *ward_format_by_name(const char *name);

/* True when a line of that speed carries it, 10 bits a byte. */
bool ward_format_fits(const struct ward_format *format, unsigned baud);

/* True when its frames have a checksum. */
bool ward_format_has_checksum(const struct ward_format *format);

int64_t ward_oximeter_next(const struct ward_link *link);

/* Puts what is due on the line; ward_serial_run sends it. */
void ward_oximeter_run(struct ward_link *link, int64_t now_ns);

#endif
