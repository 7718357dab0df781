/*
 * hl7_profile.h: the profiles that come with the HL7 driver: what PCD-01 can give, and how often it is expected.
 *
 * A profile's period decides how long a value stands (1.5 of it), so it has to fit the sender:
 *   hl7-pcd       a bedside monitor, or a gateway of such, that sends at least every 5 s. Temperatures come from a
 *                 probe.
 *   hl7-pcd-fast  the same that sends every second, when no value of a dip shall be passed over.
 *   hl7-pcd-spot  a vital signs monitor or a gateway that sends every minute. Temperatures are single measurements, as
 *                 cuff pressures and glucose always are.
 * A sender in between fits the longer one: what it sends more often is thinned (values.h). Constant data.
 */
#ifndef WARDGATE_HL7_PROFILE_H
#define WARDGATE_HL7_PROFILE_H

#include "drivers/monitor/profile.h"

extern const struct profile *const hl7_profiles[]; /* ended by NULL */

#endif
