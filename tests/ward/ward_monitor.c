#include "tests/ward/ward_monitor.h"

#include <string.h>

void ward_monitor_advance(struct ward_monitor *monitor, int64_t now_ns)
{
    if (!monitor->recorded && !monitor->mapped) {
        ward_patient_advance(&monitor->patient, now_ns / WARD_MS);
    }
}

/* The bank as of now: the source first, then what a test put over it. */
static void monitor_refresh(struct ward_monitor *m, int64_t now_ns)
{
    ward_monitor_advance(m, now_ns);
    ward_bank_clear(&m->bank);
    if (m->recorded) {
        ward_recording_play(&m->recording, now_ns / WARD_MS, &m->bank);
    } else {
        ward_patient_write(&m->patient, &m->bank);
    }
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        if (m->overrides[v].set) {
            ward_bank_put(&m->bank, (enum ward_vital)v, m->overrides[v].milli);
        }
    }
    for (unsigned b = 0; b < WARD_BITS; b++) {
        if (m->bits[b]) {
            ward_bank_put_bit(&m->bank, (enum ward_bit)b, true);
        }
    }
    m->bank.holding[WARD_CUFF_COUNTER] = (uint16_t)(m->bank.holding[WARD_CUFF_COUNTER] + m->cuff_bumps);
    m->bank.input[WARD_GLUCOSE_COUNTER] = (uint16_t)(m->bank.input[WARD_GLUCOSE_COUNTER] + m->glucose_bumps);
    ward_bank_put_identity(&m->bank, m->identity);
}

/* True when the fault spoils this answer; counts it. */
static bool fault_strikes(struct ward_fault *fault)
{
    if (fault->left == 0) {
        return false;
    }
    fault->left -= fault->left > 0 ? 1 : 0;
    return true;
}

static void reply_spoil(struct ward_fault faults[WARD_FAULTS], struct ward_reply *reply)
{
    if (fault_strikes(&faults[WARD_FAULT_EXCEPTION])) {
        reply->length =
            ward_pdu_exception(reply->pdu[0] & 0x7FU, (uint8_t)faults[WARD_FAULT_EXCEPTION].value, reply->pdu);
    }
    if (fault_strikes(&faults[WARD_FAULT_WRONG_UNIT])) {
        reply->unit = (uint8_t)(reply->unit + 1U);
    }
    reply->wrong_crc = fault_strikes(&faults[WARD_FAULT_CRC]);
    reply->wrong_length = fault_strikes(&faults[WARD_FAULT_WRONG_LENGTH]);
    if (fault_strikes(&faults[WARD_FAULT_TRUNCATE])) {
        reply->cut = (uint16_t)faults[WARD_FAULT_TRUNCATE].value;
    }
    if (fault_strikes(&faults[WARD_FAULT_LATE])) {
        reply->late_ns = faults[WARD_FAULT_LATE].value;
    }
    if (fault_strikes(&faults[WARD_FAULT_DRIBBLE])) {
        reply->step_ns = faults[WARD_FAULT_DRIBBLE].value;
    }
}

bool ward_monitor_answer(struct ward_monitor *monitor, int64_t now_ns, const uint8_t *pdu, size_t length,
                         struct ward_reply *out)
{
    monitor->counts.requests++;
    monitor->counts.writes_refused += ward_pdu_is_write(pdu[0]) ? 1 : 0;
    if (now_ns < monitor->silent_until_ns) {
        monitor->counts.ignored++;
        return false;
    }
    struct ward_reply reply = {.unit = monitor->unit};
    if (monitor->mapped) {
        reply.length = ward_pdu_answer(&monitor->map.source, pdu, length, reply.pdu);
    } else {
        monitor_refresh(monitor, now_ns);
        reply.length = ward_pdu_answer(&monitor->bank.source, pdu, length, reply.pdu);
    }
    reply_spoil(monitor->faults, &reply);
    monitor->counts.answered++;
    monitor->counts.exceptions += (reply.pdu[0] & 0x80U) != 0 ? 1 : 0;
    *out = reply;
    return true;
}

void ward_monitor_heal(struct ward_monitor *monitor)
{
    memset(monitor->faults, 0, sizeof monitor->faults);
    monitor->silent_until_ns = 0;
}
