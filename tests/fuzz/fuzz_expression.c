/*
 * libFuzzer: any bytes as the text of an expression. A fault must point into the text; what compiles must keep its
 * bounds.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_expression.c
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/expression.h"
#include "app/engine/expression_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
    static const struct parameter_names names = {.names = {"limit", "low"}, .count = 2};
    static struct expression expression;
    struct expression_fault fault = {.offset = SIZE_MAX};
    if (!expression_compile(text, &names, 700, &expression, &fault)) {
        assert(fault.offset <= strlen(text) && fault.length <= strlen(text) - fault.offset);
        assert(fault.message[0] != '\0');
        return;
    }
    assert(expression.op_count > 0 && expression.op_count <= EXPRESSION_OPS_MAX);
    assert(expression.threshold_op_count <= EXPRESSION_OPS_MAX);
    assert(expression.window_count <= EXPRESSION_WINDOWS_MAX);
    assert((expression.window_count > 0) == (expression.vitals != 0));
    const int64_t parameters_micro[PARAMETERS_MAX] = {90000000, 1};
    struct expression_sure sure;
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        if (expression_find_sure(&expression, parameters_micro, (enum patient_class)c, &sure)) {
            assert(sure.length > 0 && sure.offset + sure.length <= strlen(text) && sure.window != NULL);
        }
    }
    assert(expression.vitals != 0 ? (expression.vitals >> expression.first_vital & 1U) != 0 : expression.scores != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    check(text);
    free(text);
    return 0;
}
