/*
 * libFuzzer: any bytes as what a Nonin oximeter says, to each of its formats.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_nonin.c
 */
#include "tests/fuzz/serial_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_protocol(&nonin_df2_protocol, data, size);
    fuzz_protocol(&nonin_df7_protocol, data, size);
    fuzz_protocol(&nonin_df8_protocol, data, size);
    fuzz_protocol(&nonin_df13_protocol, data, size);
    return 0;
}
