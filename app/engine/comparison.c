#include "app/engine/comparison.h"

#include <assert.h>

bool comparison_holds(enum comparison comparison, int64_t left, int64_t right)
{
    switch (comparison) {
    case COMPARISON_LT:
        return left < right;
    case COMPARISON_LE:
        return left <= right;
    case COMPARISON_GT:
        return left > right;
    case COMPARISON_GE:
        return left >= right;
    case COMPARISON_EQ:
        return left == right;
    case COMPARISON_NE:
        return left != right;
    }
    assert(false && "a comparison on the list");
    return false;
}
