/*
 * oximeter.h: what the profiles of pulse oximeters have in common: what their bits mean, and how a monitor's alarm reads.
 *
 * A sensor that is off makes the values invalid. poor_signal only tells that the monitor itself has its doubts: the values stand, and no alarm comes
 * of it.
 */
#ifndef WARDGATE_OXIMETER_H
#define WARDGATE_OXIMETER_H

#include "app/engine/signal.h"
#include "drivers/monitor/profile.h"

#define OXIMETER_VITALS (UINT32_C(1) << VITAL_pulse | UINT32_C(1) << VITAL_spo2 | UINT32_C(1) << VITAL_perfusion)

#define OXIMETER_BIT(bit_name, meaning, words)                                                              \
    {                                                                                                       \
        .name = #bit_name, .means = SIGNAL_##meaning, .vitals = OXIMETER_VITALS, .text = "Oximeter: " words \
    }
#define OXIMETER_SENSOR_OFF    OXIMETER_BIT(sensor_off, sensor_off, "sensor off or unplugged")
#define OXIMETER_LOW_BATTERY   OXIMETER_BIT(low_battery, monitor_alarm_low, "battery low")
#define OXIMETER_ARTIFACT      OXIMETER_BIT(artifact, poor_signal, "motion")
#define OXIMETER_OUT_OF_TRACK  OXIMETER_BIT(out_of_track, poor_signal, "no good pulses in a row")
#define OXIMETER_LOW_PERFUSION OXIMETER_BIT(low_perfusion, poor_signal, "weak pulses")
#define OXIMETER_LOW_SIGNAL_IQ OXIMETER_BIT(low_signal_iq, poor_signal, "doubtful signal")
#define OXIMETER_INTERFERENCE  OXIMETER_BIT(interference, poor_signal, "interference")
#define OXIMETER_AMBIENT_LIGHT OXIMETER_BIT(ambient_light, poor_signal, "too much light at the sensor")

#endif
