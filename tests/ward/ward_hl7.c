#include "tests/ward/ward_hl7.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { STAMP_MAX = 32, DEVICE_MAX = 2 * WARD_IDENTITY_LENGTH + 1, NUMBER_MAX = 24 };

struct page {
    char *out;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void put(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(page->out + page->length, WARD_MESSAGE_MAX - page->length, format, arguments);
    va_end(arguments);
    page->length += (size_t)length;
    assert(page->length < WARD_MESSAGE_MAX);
}

/* 20260727124424.000+0000 */
static void write_stamp(int64_t wall_ms, char stamp[STAMP_MAX])
{
    struct tm when;
    const time_t seconds = (time_t)(wall_ms / 1000);
    (void)gmtime_r(&seconds, &when);
    const size_t length = strftime(stamp, STAMP_MAX, "%Y%m%d%H%M%S", &when);
    (void)snprintf(stamp + length, STAMP_MAX - length, ".%03d+0000", (int)(wall_ms % 1000));
}

static void write_device(const char *identity, char device[DEVICE_MAX])
{
    const size_t length = strlen(identity);
    for (size_t i = 0; i < WARD_IDENTITY_LENGTH; i++) {
        (void)snprintf(device + 2 * i, 3, "%02X", i < length ? (unsigned)(unsigned char)identity[i] : 0U);
    }
}

/* Everything up to the order: whose message, whose place, which monitor. */
static void put_head(struct page *page, const struct ward_message *m, const char *type, const char *profile)
{
    char stamp[STAMP_MAX];
    write_stamp(m->wall_ms, stamp);
    put(page, "%cMSH|^~\\&|%s^%s^L|WARD|||%s||%s|%s|%c|2.6|||AL|NE||%s|||%s\r", WARD_MLLP_BEGIN, m->station, m->station,
        stamp, type, m->control_id, m->test ? 'T' : 'P', m->unknown_encoding ? "ISO IR87" : "UNICODE UTF-8", profile);
    put(page, "PID|||^^^Hospital^PI||^^^^^^L\rPV1||I|%s\r", m->place);
}

static void put_end(struct page *page)
{
    put(page, "%c\r", WARD_MLLP_END);
}

/* --- values -------------------------------------------------------------------------------------------------- */

#define BEATS   "264864^MDC_DIM_BEAT_PER_MIN^MDC"
#define BREATHS "264928^MDC_DIM_RESP_PER_MIN^MDC"
#define PERCENT "262688^MDC_DIM_PERCENT^MDC"
#define MMHG    "266016^MDC_DIM_MMHG^MDC"
#define CELSIUS "268192^MDC_DIM_DEGC^MDC"
#define MMOL    "266866^MDC_DIM_MILLI_MOLE_PER_L^MDC"

static const struct {
    const char *id, *unit;
    int decimals;
} numerics[WARD_VITALS] = {
    [WARD_hr] = {"147842^MDC_ECG_HEART_RATE^MDC", BEATS, 0},
    [WARD_spo2] = {"150456^MDC_PULS_OXIM_SAT_O2^MDC", PERCENT, 0},
    [WARD_resp] = {"151578^MDC_TTHOR_RESP_RATE^MDC", BREATHS, 0},
    [WARD_temp] = {"150364^MDC_TEMP_BODY^MDC", CELSIUS, 1},
    [WARD_nibp_sys] = {"150021^MDC_PRESS_BLD_NONINV_SYS^MDC", MMHG, 0},
    [WARD_nibp_dia] = {"150022^MDC_PRESS_BLD_NONINV_DIA^MDC", MMHG, 0},
    [WARD_nibp_mean] = {"150023^MDC_PRESS_BLD_NONINV_MEAN^MDC", MMHG, 0},
    [WARD_pulse] = {"149530^MDC_PULS_OXIM_PULS_RATE^MDC", BEATS, 0},
    [WARD_perfusion] = {"150488^MDC_BLD_PERF_INDEX^MDC", PERCENT, 2},
    [WARD_glucose] = {"160184^MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD^MDC", MMOL, 1},
};

/* Rounded half up to so many places. */
static void write_number(int32_t milli, int decimals, char text[NUMBER_MAX])
{
    static const int32_t steps[] = {1000, 100, 10};
    const char *sign = milli < 0 ? "-" : "";
    const int32_t magnitude = ((milli < 0 ? -milli : milli) + steps[decimals] / 2) / steps[decimals] * steps[decimals];
    if (decimals == 0) {
        (void)snprintf(text, NUMBER_MAX, "%s%d", sign, magnitude / 1000);
    } else {
        (void)snprintf(text, NUMBER_MAX, "%s%d.%0*d", sign, magnitude / 1000, decimals,
                       magnitude % 1000 / steps[decimals]);
    }
}

/* The first also names the device. */
static void put_numeric(struct page *page, const struct ward_message *m, enum ward_vital vital, unsigned number,
                        const struct ward_measured *measured)
{
    char value[NUMBER_MAX] = "";
    char stamp[STAMP_MAX];
    char device[DEVICE_MAX];
    const int32_t milli = ward_bank_get(m->bank, vital);
    write_stamp(measured != NULL ? measured->wall_ms : m->wall_ms, stamp);
    write_device(m->device, device);
    if (milli != WARD_ABSENT) {
        write_number(milli, numerics[vital].decimals, value);
    }
    put(page, "OBX|%u|NM|%s|1.0.0.%u|%s|%s||%s|||%c|||%s|||%s", number, numerics[vital].id, number, value,
        numerics[vital].unit, ward_bank_has_bit(m->bank, WARD_BIT_demo) ? "DEMO" : "", milli == WARD_ABSENT ? 'X' : 'R',
        stamp, measured != NULL ? "^APERIODIC" : "");
    if (number == 1) {
        put(page, "|%s^^%s^EUI-64", device, device);
    }
    put(page, "\r");
}

/* NULL: it is measured all the time. */
static const struct ward_measured *measured_of(enum ward_vital vital, const struct ward_measured *cuff,
                                               const struct ward_measured *glucose)
{
    return ward_vital_is_cuff(vital) ? cuff : vital == WARD_glucose ? glucose : NULL;
}

size_t ward_hl7_values(const struct ward_message *message, const struct ward_measured *cuff,
                       const struct ward_measured *glucose, char out[WARD_MESSAGE_MAX])
{
    struct page page = {.out = out};
    char stamp[STAMP_MAX];
    char device[DEVICE_MAX];
    unsigned number = 0;
    write_stamp(message->wall_ms, stamp);
    write_device(message->device, device);
    put_head(&page, message, "ORU^R01^ORU_R01", "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO");
    put(&page, "OBR|1|%s^%s|%s^%s^%s^EUI-64|182777000^monitoring of patient^SCT|||%s\r", message->control_id,
        message->monitor, message->control_id, message->monitor, device, stamp);
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        const struct ward_measured *measured = measured_of((enum ward_vital)v, cuff, glucose);
        if (measured == NULL || measured->wall_ms != 0) {
            put_numeric(&page, message, (enum ward_vital)v, ++number, measured);
        }
    }
    put_end(&page);
    return page.length;
}

/* --- alarms -------------------------------------------------------------------------------------------------- */

/* NULL: of no alarm. */
static const struct {
    const char *event, *text, *source, *priority, *kind;
} alarms[WARD_BITS] = {
    [WARD_BIT_probe_off] = {"196916^MDC_EVT_SENSOR_DISCONN^MDC", "SpO2 SENSOR OFF", "150456^MDC_PULS_OXIM_SAT_O2^MDC",
                            "PL", "ST"},
    [WARD_BIT_leads_off] = {"196882^MDC_EVT_LEADS_OFF^MDC", "ECG LEADS OFF", "147842^MDC_ECG_HEART_RATE^MDC", "PL",
                            "ST"},
    [WARD_BIT_asystole] = {"199684^MDC_EVT_ECG_ASYSTOLE^MDC", "ASYSTOLE", "147842^MDC_ECG_HEART_RATE^MDC", "PH", "SP"},
    [WARD_BIT_vtach] = {"199832^MDC_EVT_ECG_V_TACHY^MDC", "VENTRICULAR TACHYCARDIA", "147842^MDC_ECG_HEART_RATE^MDC",
                        "PH", "SP"},
    [WARD_BIT_apnoea] = {"199680^MDC_EVT_APNEA^MDC", "APNEA", "151578^MDC_TTHOR_RESP_RATE^MDC", "PH", "SP"},
    [WARD_BIT_battery_low] = {"196802^MDC_EVT_BATT_LO^MDC", "BATTERY LOW",
                              "69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC", "PL", "ST"},
};

bool ward_hl7_is_alarm(enum ward_bit bit)
{
    return alarms[bit].event != NULL;
}

size_t ward_hl7_alarm(const struct ward_message *message, enum ward_bit bit, enum ward_phase phase,
                      const char *parent_id, char out[WARD_MESSAGE_MAX])
{
    static const char *const phases[] = {
        [WARD_PHASE_START] = "start", [WARD_PHASE_CONTINUE] = "continue", [WARD_PHASE_END] = "end"};
    struct page page = {.out = out};
    char stamp[STAMP_MAX];
    char device[DEVICE_MAX];
    assert(ward_hl7_is_alarm(bit));
    write_stamp(message->wall_ms, stamp);
    write_device(message->device, device);
    put_head(&page, message, "ORU^R40^ORU_R40", "IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.4.1^ISO");
    put(&page, "OBR|1||%s^%s^%s^EUI-64|196616^MDC_EVT_ALARM^MDC|||%s||||||||||||||||||||||%s^%s\r", message->control_id,
        message->monitor, device, stamp, parent_id, parent_id);
    put(&page, "OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.0.0.0.1|%s^^^^^^%s|||A~%s~%s|||R|||%s||||%s^^%s^EUI-64\r",
        alarms[bit].event, alarms[bit].text, alarms[bit].priority, alarms[bit].kind, stamp, device, device);
    put(&page, "OBX|2|CWE|68480^MDC_ATTR_ALERT_SOURCE^MDC|1.0.0.0.2|%s||||||R\r", alarms[bit].source);
    put(&page, "OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.0.0.0.3|%s||||||R\r", phases[phase]);
    put(&page, "OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.0.0.0.4|%s||||||R\r",
        phase == WARD_PHASE_END ? "inactive" : "active");
    put(&page, "OBX|5|ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.0.0.0.5|enabled||||||R\r");
    put(&page, "OBX|6|ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|1.0.0.0.6|%s||||||R\r", alarms[bit].priority);
    put(&page, "OBX|7|ST|68485^MDC_ATTR_ALERT_TYPE^MDC|1.0.0.0.7|%s||||||R\r", alarms[bit].kind);
    put_end(&page);
    return page.length;
}

/* --- answers ------------------------------------------------------------------------------------------------- */

static void copy_field(const char **at, const char *end, char *out, size_t size)
{
    size_t used = 0;
    for (; *at < end && **at != '|' && **at != '\r'; (*at)++) {
        if (used + 1 < size) {
            out[used++] = **at;
        }
    }
    out[used] = '\0';
    *at += *at < end && **at == '|' ? 1 : 0;
}

bool ward_hl7_read_answer(const char *bytes, size_t length, char out_code[3], char out_id[WARD_CONTROL_ID_MAX])
{
    static const char head[] = "\rMSA|";
    const char *at = memmem(bytes, length, head, sizeof head - 1);
    if (at == NULL) {
        return false;
    }
    at += sizeof head - 1;
    copy_field(&at, bytes + length, out_code, 3);
    copy_field(&at, bytes + length, out_id, WARD_CONTROL_ID_MAX);
    return true;
}
