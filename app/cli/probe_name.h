/*
 * probe_name.h: names of what is probed: an address with a port, and the lasting name of a serial adapter.
 */
#ifndef WARDGATE_PROBE_NAME_H
#define WARDGATE_PROBE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#define PROBE_NAME_MAX 512

/* "10.7.0.32", "10.7.0.32:503", "[::1]:503"; port_alone: "2575" means all of this box's addresses. False: it is none of these. */
bool probe_name_split(const char *text, bool port_alone, uint16_t usual_port, char host[64], uint16_t *out_port);

/* The name under /dev/serial/by-id that leads to the device, which stays whatever it is plugged into; else the name as given. */
void probe_name_lasting(const char *device, char out[PROBE_NAME_MAX]);

#endif
