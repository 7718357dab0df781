/*
 * rows.h: how the store's values and keys are written as bytes. Pure; any thread; the caller owns every buffer.
 *
 * Every value is sealed: a CRC-32 (IEEE 802.3) of the body, then the body. Numbers are little-endian, texts carry their length and a
 * NUL, so that a decoded struct points straight into the row. Row numbers are big-endian keys, so that LMDB sorts them as numbers.
 *
 *     alert   seq u64, committed wall ms i64, json length u32, flags u16, bed length u8, alarm length u8, bed, alarm, json
 *     alarm   json length u32, snapshot length u32, priority u8, ended u8, bed length u8, alarm length u8, bed, alarm, json, snapshot
 *     audit   wall ms i64, json
 *
 * Errors: STATUS_CORRUPT for anything that these functions did not write; STATUS_TOO_LARGE beyond the sizes of store.h.
 */
#ifndef WARDGATE_ROWS_H
#define WARDGATE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "drivers/store/store.h"

#define ROW_KEY_SIZE 8
#define ROW_SEAL     4                       /* bytes in front of every body */
#define ROW_MAX      (STORE_VALUE_MAX + 144) /* an alert or alarm of the largest json with its names */

struct row {
    size_t size;
    unsigned char bytes[ROW_MAX];
};

/* The row number of *alert stands in its key, not in the row. */
enum status row_encode_alert(const struct store_alert *alert, struct row *out) MUST_CHECK;
enum status row_decode_alert(const void *bytes, size_t size, struct store_alert *out) MUST_CHECK;

enum status row_encode_alarm(const struct store_alarm *alarm, struct row *out) MUST_CHECK;
enum status row_decode_alarm(const void *bytes, size_t size, struct store_alarm *out) MUST_CHECK;

/* json up to STORE_AUDIT_MAX bytes. */
enum status row_encode_audit(int64_t wall_ms, const char *json, size_t length, struct row *out) MUST_CHECK;
enum status row_decode_audit(const void *bytes, size_t size, int64_t *out_wall_ms, const char **out_json,
                             uint32_t *out_length) MUST_CHECK;

/* Seals any body; out holds ROW_SEAL + size bytes. */
void row_seal(const void *body, size_t size, void *out);
/* Finds the body of a sealed value; *out_body points into `bytes`. */
enum status row_unseal(const void *bytes, size_t size, const void **out_body, size_t *out_size) MUST_CHECK;

void row_key_write(uint64_t number, unsigned char key[ROW_KEY_SIZE]);
uint64_t row_key_read(const unsigned char key[ROW_KEY_SIZE]);

/* "<bed>\0<alarm>", for the gateway's own "/<alarm>"; TOO_LARGE beyond STORE_KEY_MAX. */
enum status row_alarm_key(const char *bed, const char *alarm, unsigned char key[STORE_KEY_MAX],
                          size_t *out_size) MUST_CHECK;

#endif
