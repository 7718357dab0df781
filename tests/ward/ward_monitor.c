#include "tests/ward/ward_monitor.h"

#include <string.h>

void ward_monitor_advance(struct ward_monitor *monitor, int64_t now_ns)
{
    if (!monitor->recorded && !monitor->mapped && !monitor->counting) {
        ward_patient_advance(&monitor->patient, now_ns / WARD_MS);
    }
}

static void show_count(struct ward_monitor *monitor)
{
    const uint32_t span = WARD_COUNTING_HIGH - WARD_COUNTING_LOW;
    const uint32_t turn = monitor->shown++ % (2 * span);
    const uint32_t up = turn < span ? turn : 2 * span - turn;
    for (unsigned i = 0; i < WARD_COUNTING_REGISTERS; i++) {
        monitor->bank.holding[i] = (uint16_t)(WARD_COUNTING_LOW + up);
    }
    monitor->bank.holding[WARD_COUNTING_REGISTERS] = turn % 2 == 0 ? WARD_COUNTING_LOW : WARD_COUNTING_HIGH;
}

/* The bank as of now: the source first, then what a test put over it. */
void ward_monitor_show(struct ward_monitor *monitor, int64_t now_ns)
{
    ward_monitor_advance(monitor, now_ns);
    ward_bank_clear(&monitor->bank);
    if (monitor->counting) {
        show_count(monitor);
    } else if (monitor->recorded) {
        ward_recording_play(&monitor->recording, now_ns / WARD_MS, &monitor->bank);
    } else {
        ward_patient_write(&monitor->patient, &monitor->bank);
    }
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        if (monitor->overrides[v].set) {
            ward_bank_put(&monitor->bank, (enum ward_vital)v, monitor->overrides[v].milli);
        }
    }
    for (unsigned b = 0; b < WARD_BITS; b++) {
        if (monitor->bits[b]) {
            ward_bank_put_bit(&monitor->bank, (enum ward_bit)b, true);
        }
    }
    monitor->bank.holding[WARD_CUFF_COUNTER] =
        (uint16_t)(monitor->bank.holding[WARD_CUFF_COUNTER] + monitor->cuff_bumps);
    monitor->bank.input[WARD_GLUCOSE_COUNTER] =
        (uint16_t)(monitor->bank.input[WARD_GLUCOSE_COUNTER] + monitor->glucose_bumps);
    ward_bank_put_identity(&monitor->bank, monitor->identity);
}

bool ward_monitor_spoils(struct ward_monitor *monitor, enum ward_fault_kind kind)
{
    struct ward_fault *fault = &monitor->faults[kind];
    if (fault->left == 0) {
        return false;
    }
    fault->left -= fault->left > 0 ? 1 : 0;
    return true;
}

static void reply_spoil(struct ward_monitor *monitor, struct ward_reply *reply)
{
    const struct ward_fault *faults = monitor->faults;
    if (ward_monitor_spoils(monitor, WARD_FAULT_EXCEPTION)) {
        reply->length =
            ward_pdu_exception(reply->pdu[0] & 0x7FU, (uint8_t)faults[WARD_FAULT_EXCEPTION].value, reply->pdu);
    }
    if (ward_monitor_spoils(monitor, WARD_FAULT_WRONG_UNIT)) {
        reply->unit = (uint8_t)(reply->unit + 1U);
    }
    reply->wrong_crc = ward_monitor_spoils(monitor, WARD_FAULT_CRC);
    reply->wrong_length = ward_monitor_spoils(monitor, WARD_FAULT_WRONG_LENGTH);
    reply->wrong_number = ward_monitor_spoils(monitor, WARD_FAULT_WRONG_NUMBER);
    if (ward_monitor_spoils(monitor, WARD_FAULT_TRUNCATE)) {
        reply->cut = (uint16_t)faults[WARD_FAULT_TRUNCATE].value;
    }
    if (ward_monitor_spoils(monitor, WARD_FAULT_LATE)) {
        reply->late_ns = faults[WARD_FAULT_LATE].value;
    }
    if (ward_monitor_spoils(monitor, WARD_FAULT_DRIBBLE)) {
        reply->step_ns = faults[WARD_FAULT_DRIBBLE].value;
    }
}

static bool pdu_asks_for(const uint8_t *pdu, size_t length, int64_t at)
{
    if (length != 5) {
        return false;
    }
    const int64_t first = pdu[1] << 8 | pdu[2];
    const int64_t count = pdu[3] << 8 | pdu[4];
    return first <= at && at < first + count;
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
        ward_monitor_show(monitor, now_ns);
        reply.length = ward_pdu_answer(&monitor->bank.source, pdu, length, reply.pdu);
    }
    if (pdu_asks_for(pdu, length, monitor->faults[WARD_FAULT_MISSING].value) &&
        ward_monitor_spoils(monitor, WARD_FAULT_MISSING)) {
        reply.length = ward_pdu_exception(pdu[0], WARD_ILLEGAL_ADDRESS, reply.pdu);
    }
    reply_spoil(monitor, &reply);
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
