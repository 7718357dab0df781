/*
 * rows.h: how the store's values and keys are written as bytes. Pure; any thread; the caller owns every buffer.
 *
 * Every value is sealed: a CRC-32 (IEEE 802.3) of the body, then the body. Numbers are little-endian, texts carry their length and a
 * NUL, so that a decoded struct points straight into the row. Row numbers are big-endian keys, so that LMDB sorts them as numbers.
 *
 *     alert   seq u64, committed wall ms i64, json length u32, flags u16, bed length u8, alarm length u8, bed, alarm, json
 *     alarm   json length u32, snapshot length u32, priority u8, ended u8, bed length u8, alarm length u8, bed, alarm, json, snapshot
 *     audit   link 32 bytes, wall ms i64, json
 *     end     number u64, link 32 bytes; one of the two ends of the audit log
 *
 * The link of an audit row is the SHA-256 over the link of the row before, the row's number (as in its key), its wall ms and its json: so no row can be
 * changed, taken out or put elsewhere without the rest giving it away.
 *
 * Errors: STATUS_CORRUPT for anything that these functions did not write; STATUS_TOO_LARGE beyond the sizes of store.h.
 */
#ifndef WARDGATE_ROWS_H
#define WARDGATE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "drivers/store/digest.h"
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

/* An end of the log: the number and the link of the newest row there is, or of the newest that gave way; 0 and zeros before the first. */
struct row_end {
    uint64_t number;
    unsigned char link[DIGEST_SIZE];
};
#define ROW_END_SIZE (ROW_SEAL + 8 + DIGEST_SIZE)
void row_encode_end(const struct row_end *end, unsigned char out[ROW_END_SIZE]);
enum status row_decode_end(const void *bytes, size_t size, struct row_end *out) MUST_CHECK;

/* A row behind *before, which becomes the row itself. json up to STORE_AUDIT_MAX bytes. */
enum status row_encode_audit(uint64_t number, int64_t wall_ms, const char *json, size_t length, struct row_end *before,
                             struct row *out) MUST_CHECK;
struct row_audit {
    int64_t wall_ms;
    const char *json;
    uint32_t length;
    const unsigned char *link; /* as it stands in the row */
};
enum status row_decode_audit(const void *bytes, size_t size, struct row_audit *out) MUST_CHECK;
/* What the row's link has to be, behind that of the row before. */
void row_link_audit(uint64_t number, const struct row_audit *row, const unsigned char before[DIGEST_SIZE],
                    unsigned char out[DIGEST_SIZE]);
/* As stores before schema 4 have them: without a link, which is then NULL. */
enum status row_decode_audit_3(const void *bytes, size_t size, struct row_audit *out) MUST_CHECK;

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
