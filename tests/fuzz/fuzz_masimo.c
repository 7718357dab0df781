/*
 * libFuzzer: any bytes as what a Masimo oximeter says, to both kinds of lines.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_masimo.c
 */
#include "tests/fuzz/serial_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_protocol(&masimo_ascii1_protocol, data, size);
    fuzz_protocol(&masimo_rad8_protocol, data, size);
    return 0;
}
