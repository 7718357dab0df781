/*
 * Random expressions against a naive recursive evaluator.
 *
 * A random tree is written as text (parentheses where needed, and some where not), compiled, and run beside the tree
 * over random observations: at every instant both must say the same. Between two instants that expression_next_change
 * names, the verdict must not move. WARDGATE_SEED in the environment repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/micro.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/expression_bench.h"

#define TREES      9000 /* a third of them joins what is in different units */
#define TREE_DEPTH 5
#define NODES_MAX  256
#define SHARES_MAX 3 /* each is asked twice, by the expression and by the tree; a series keeps 8 */
#define RUN_MS     40000

/* --- trees --- */

enum node_kind {
    NODE_NUMBER,
    NODE_PARAMETER,
    NODE_WINDOW,
    NODE_NEGATE,
    NODE_ARITHMETIC,
    NODE_COMPARE,
    NODE_NOT,
    NODE_LOGIC
};

struct node {
    enum node_kind kind;
    unsigned tenths;            /* NODE_NUMBER */
    unsigned parameter;         /* NODE_PARAMETER */
    char sign;                  /* NODE_ARITHMETIC: + - * /; NODE_LOGIC: & | */
    enum comparison comparison; /* NODE_COMPARE; of a share */
    struct window_spec spec;    /* NODE_WINDOW */
    struct window *window;
    struct answer threshold;         /* of a share */
    const struct node *left, *right; /* right alone: unary operand, threshold of a share */
};

static struct node nodes[NODES_MAX];
static size_t node_count, share_count;
static bool age_in_arithmetic;

static struct node *new_node(enum node_kind kind)
{
    assert_true(node_count < NODES_MAX);
    nodes[node_count] = (struct node){.kind = kind};
    return &nodes[node_count++];
}

static enum comparison any_comparison(void)
{
    return (enum comparison)draw(COMPARISON_NE + 1);
}

static const struct node *any_literal(void)
{
    struct node *node = new_node(chance(75) ? NODE_NUMBER : NODE_PARAMETER);
    node->tenths = (unsigned)(chance(70) ? 850 + draw(300) : draw(100)); /* near the observations, or small */
    node->parameter = (unsigned)draw(bench_names.count);
    return node;
}

/* Constants nest to two operators at most. */
static const struct node *any_constant(void)
{
    const struct node *value = any_literal();
    for (uint64_t i = draw(3); i > 0; i--) {
        struct node *sum = new_node(NODE_ARITHMETIC);
        sum->sign = "+-*/"[draw(4)];
        sum->left = value;
        sum->right = any_literal();
        value = sum;
    }
    return value;
}

static void choose_span(struct window_spec *spec)
{
    const bool episodic_in_time =
        spec->vital == VITAL_nibp_sys && spec->aggregate != AGGREGATE_LAST && spec->aggregate != AGGREGATE_COUNT;
    if (chance(50) || episodic_in_time) {
        spec->count = (uint32_t)(1 + draw(6));
    } else {
        spec->span_ms = (uint32_t)(500 + 500 * draw(12));
    }
}

static const struct node *any_window(bool compared)
{
    static const enum vital vitals[] = {VITAL_hr, VITAL_spo2, VITAL_nibp_sys};
    struct node *node = new_node(NODE_WINDOW);
    node->spec.vital = vitals[draw(3)];
    node->spec.aggregate = (enum aggregate)draw(AGGREGATE_AGE + 1);
    node->spec.coverage_permille = 700;
    if (node->spec.aggregate == AGGREGATE_SHARE && ++share_count > SHARES_MAX) {
        node->spec.aggregate = AGGREGATE_MEAN;
    }
    if (node->spec.aggregate == AGGREGATE_SHARE) {
        node->comparison = any_comparison();
        node->right = any_constant();
    }
    node->spec.bare = node->spec.aggregate == AGGREGATE_LAST && chance(40);
    const bool needs_no_span = node->spec.bare || node->spec.aggregate == AGGREGATE_AGE ||
                               (node->spec.aggregate == AGGREGATE_LAST && chance(40));
    if (!needs_no_span) {
        choose_span(&node->spec);
    }
    age_in_arithmetic |= node->spec.aggregate == AGGREGATE_AGE && !compared;
    return node;
}

static const struct node *any_number(unsigned depth) /* NOLINT(misc-no-recursion) */
{
    if (depth == 0 || chance(40)) {
        return chance(60) ? any_window(false) : any_literal();
    }
    struct node *node = new_node(chance(15) ? NODE_NEGATE : NODE_ARITHMETIC);
    node->sign = "+-*/"[draw(4)];
    node->left = node->kind == NODE_NEGATE ? NULL : any_number(depth - 1);
    node->right = any_number(depth - 1);
    return node;
}

static const struct node *any_comparison_node(unsigned depth)
{
    struct node *node = new_node(NODE_COMPARE);
    node->comparison = any_comparison();
    const uint64_t form = draw(3);
    node->left = form == 0 ? any_window(true) : form == 1 ? any_constant() : any_number(depth);
    node->right = form == 0 ? any_constant() : form == 1 ? any_window(true) : any_number(depth);
    return node;
}

static const struct node *any_condition(unsigned depth) /* NOLINT(misc-no-recursion) */
{
    if (depth == 0 || chance(30)) {
        return any_comparison_node(depth < 2 ? depth : 2);
    }
    struct node *node = new_node(chance(20) ? NODE_NOT : NODE_LOGIC);
    node->sign = "&|"[draw(2)];
    node->left = node->kind == NODE_NOT ? NULL : any_condition(depth - 1);
    node->right = any_condition(depth - 1);
    return node;
}

/* --- trees as text --- */

struct writer {
    char text[4096];
    size_t length;
};

static const char *const comparison_words[] = {"<", "<=", ">", ">=", "==", "!="};
static const char *const aggregate_words[] = {"mean",  "max",   "min",   "share", "stddev",
                                              "slope", "delta", "count", "last",  "age"};

static void put(struct writer *writer, const char *word)
{
    const int more = snprintf(writer->text + writer->length, sizeof writer->text - writer->length, "%s%s", word,
                              chance(20) ? " " : "");
    writer->length += (size_t)more;
    assert_true(writer->length < sizeof writer->text);
}

static unsigned binding(const struct node *node)
{
    switch (node->kind) {
    case NODE_LOGIC:
        return node->sign == '|' ? 1 : 2;
    case NODE_NOT:
        return 3;
    case NODE_COMPARE:
        return 4;
    case NODE_ARITHMETIC:
        return node->sign == '+' || node->sign == '-' ? 5 : 6;
    case NODE_NEGATE:
        return 7;
    case NODE_NUMBER:
    case NODE_PARAMETER:
    case NODE_WINDOW:
        break;
    }
    return 8;
}

static const char *infix(const struct node *node)
{
    static const char *const words[] = {
        ['&'] = " and ", ['|'] = " or ", ['+'] = "+", ['-'] = "-", ['*'] = "*", ['/'] = "/"};
    return node->kind == NODE_COMPARE ? comparison_words[node->comparison] : words[(unsigned char)node->sign];
}

static void write_tree(struct writer *writer, const struct node *node, unsigned least);

static void write_window(struct writer *writer, const struct node *node) /* NOLINT(misc-no-recursion) */
{
    const char *vital = vital_info(node->spec.vital)->name;
    char span[16];
    if (node->spec.bare) {
        put(writer, vital);
        return;
    }
    put(writer, aggregate_words[node->spec.aggregate]);
    put(writer, "(");
    put(writer, vital);
    if (node->spec.aggregate == AGGREGATE_SHARE) {
        put(writer, comparison_words[node->comparison]);
        write_tree(writer, node->right, 5);
    }
    if (node->spec.span_ms + node->spec.count > 0) {
        put(writer, ",");
        snprintf(span, sizeof span, node->spec.span_ms > 0 ? "%ums" : "%u", node->spec.span_ms + node->spec.count);
        put(writer, span);
    }
    put(writer, ")");
}

static void write_leaf(struct writer *writer, const struct node *node) /* NOLINT(misc-no-recursion) */
{
    char number[16];
    if (node->kind == NODE_WINDOW) {
        write_window(writer, node);
    } else if (node->kind == NODE_PARAMETER) {
        put(writer, bench_names.names[node->parameter]);
    } else {
        snprintf(number, sizeof number, "%u.%u", node->tenths / 10, node->tenths % 10);
        put(writer, number);
    }
}

/* `least`: how tightly it must bind to stand here without parentheses. */
static void write_tree(struct writer *writer, const struct node *node, unsigned least) /* NOLINT(misc-no-recursion) */
{
    const unsigned binds = binding(node);
    const bool wrap = binds < least || chance(5);
    if (wrap) {
        put(writer, "(");
    }
    if (binds == 8) {
        write_leaf(writer, node);
    } else if (node->left == NULL) {
        put(writer, node->kind == NODE_NOT ? "not " : "-");
        write_tree(writer, node->right, binds);
    } else {
        write_tree(writer, node->left, node->kind == NODE_COMPARE ? binds + 1 : binds);
        put(writer, infix(node));
        write_tree(writer, node->right, binds + 1);
    }
    if (wrap) {
        put(writer, ")");
    }
}

/* --- what a tree says --- */

static bool compare_numbers(enum comparison comparison, int64_t left, int64_t right)
{
    const bool answers[] = {left<right, left <= right, left> right, left >= right, left == right, left != right};
    return answers[comparison];
}

static struct answer tree_number(const struct node *node, int64_t now_ms);

static struct answer tree_arithmetic(const struct node *node, int64_t now_ms) /* NOLINT(misc-no-recursion) */
{
    const struct answer left = node->left == NULL ? (struct answer){true, 0} : tree_number(node->left, now_ms);
    const struct answer right = tree_number(node->right, now_ms);
    struct answer result = {false, 0};
    if (!left.known || !right.known) {
        return result;
    }
    switch (node->kind == NODE_NEGATE ? '-' : node->sign) {
    case '+':
        result.known = !__builtin_add_overflow(left.value_micro, right.value_micro, &result.value_micro);
        break;
    case '-':
        result.known = !__builtin_sub_overflow(left.value_micro, right.value_micro, &result.value_micro);
        break;
    case '*':
        result.known = micro_multiply(left.value_micro, right.value_micro, &result.value_micro);
        break;
    default:
        result.known = micro_divide(left.value_micro, right.value_micro, &result.value_micro);
        break;
    }
    return result;
}

static struct answer tree_number(const struct node *node, int64_t now_ms) /* NOLINT(misc-no-recursion) */
{
    switch (node->kind) {
    case NODE_NUMBER:
        return (struct answer){true, (int64_t)node->tenths * (MICRO_ONE / 10)};
    case NODE_PARAMETER:
        return (struct answer){true, bench_parameters_micro[node->parameter]};
    case NODE_WINDOW:
        return node->spec.aggregate == AGGREGATE_SHARE && !node->threshold.known ? (struct answer){false, 0}
                                                                                 : window_answer(node->window, now_ms);
    case NODE_NEGATE:
    case NODE_ARITHMETIC:
    case NODE_COMPARE:
    case NODE_NOT:
    case NODE_LOGIC:
        break;
    }
    return tree_arithmetic(node, now_ms);
}

static bool is_constant(const struct node *node) /* NOLINT(misc-no-recursion) */
{
    if (node->kind == NODE_NUMBER || node->kind == NODE_PARAMETER) {
        return true;
    }
    return node->kind != NODE_WINDOW && (node->left == NULL || is_constant(node->left)) && is_constant(node->right);
}

static enum verdict compare_window(const struct node *window, enum comparison comparison, struct answer threshold,
                                   int64_t now_ms)
{
    const bool is_share = window->spec.aggregate == AGGREGATE_SHARE;
    if (!threshold.known || (is_share && !window->threshold.known)) {
        return VERDICT_UNKNOWN;
    }
    return window_compare(window->window, comparison, threshold.value_micro, now_ms);
}

static enum verdict tree_comparison(const struct node *node, int64_t now_ms)
{
    static const enum comparison mirrored[] = {COMPARISON_GT, COMPARISON_GE, COMPARISON_LT,
                                               COMPARISON_LE, COMPARISON_EQ, COMPARISON_NE};
    const struct answer left = tree_number(node->left, now_ms), right = tree_number(node->right, now_ms);
    if (node->left->kind == NODE_WINDOW && is_constant(node->right)) {
        return compare_window(node->left, node->comparison, right, now_ms);
    }
    if (node->right->kind == NODE_WINDOW && is_constant(node->left)) {
        return compare_window(node->right, mirrored[node->comparison], left, now_ms);
    }
    if (!left.known || !right.known) {
        return VERDICT_UNKNOWN;
    }
    return compare_numbers(node->comparison, left.value_micro, right.value_micro) ? VERDICT_MET : VERDICT_CLEAR;
}

/* Kleene: with clear 0, unknown 1 and met 2, `and` is the smaller, `or` the larger, `not` the mirror. */
static int tree_truth(const struct node *node, int64_t now_ms) /* NOLINT(misc-no-recursion) */
{
    static const int truths[] = {[VERDICT_CLEAR] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_MET] = 2};
    if (node->kind == NODE_COMPARE) {
        return truths[tree_comparison(node, now_ms)];
    }
    const int right = tree_truth(node->right, now_ms);
    if (node->kind == NODE_NOT) {
        return 2 - right;
    }
    const int left = tree_truth(node->left, now_ms);
    return (node->sign == '&') == (left < right) ? left : right;
}

static enum verdict tree_verdict(const struct node *node, int64_t now_ms)
{
    static const enum verdict verdicts[] = {VERDICT_CLEAR, VERDICT_UNKNOWN, VERDICT_MET};
    return verdicts[tree_truth(node, now_ms)];
}

/* --- both side by side --- */

static struct bench bench;

static void bind_tree(void)
{
    for (size_t i = 0; i < node_count; i++) {
        struct node *node = &nodes[i];
        if (node->kind != NODE_WINDOW) {
            continue;
        }
        node->window = window_make(&bench.arena, bench.series[node->spec.vital], &node->spec);
        if (node->spec.aggregate == AGGREGATE_SHARE) {
            node->threshold = tree_number(node->right, 0);
            if (node->threshold.known) {
                window_set_share(node->window, node->comparison, node->threshold.value_micro);
            }
        }
    }
}

static void observe(enum vital vital, int64_t at_ms)
{
    if (bench.series[vital] == NULL || chance(20)) {
        return;
    }
    if (chance(10)) {
        series_put_invalid(bench.series[vital], at_ms);
    } else {
        bench_put(&bench, vital, at_ms,
                  (int32_t)(chance(70) ? 90000 + 1000 * (int32_t)draw(20) : (int32_t)draw(200000)));
    }
}

static unsigned verdict_counts[3];

static void check_at(const char *text, const struct node *tree, int64_t now_ms)
{
    const enum verdict verdict = bench_verdict(&bench, now_ms), wanted = tree_verdict(tree, now_ms);
    if (verdict != wanted) {
        fail_msg("%s at %lld: %d, the tree says %d", text, (long long)now_ms, verdict, wanted);
    }
    verdict_counts[verdict]++;
}

/* Up to `until_ms`, where the next observation comes: looks now and then; the verdict moves only where announced. */
static void check_silence(const char *text, const struct node *tree, int64_t from_ms, int64_t until_ms)
{
    enum verdict verdict = bench_verdict(&bench, from_ms);
    int64_t change_ms = expression_next_change(&bench.bound, bench.parameters_micro, from_ms);
    assert_true(change_ms > from_ms);
    for (int64_t now_ms = from_ms + 1 + (int64_t)draw(300); now_ms < until_ms; now_ms += 1 + (int64_t)draw(300)) {
        check_at(text, tree, now_ms);
        const enum verdict now = bench_verdict(&bench, now_ms);
        if (now_ms < change_ms && now != verdict && !age_in_arithmetic) {
            fail_msg("%s at %lld: %d became %d, announced for %lld", text, (long long)now_ms, verdict, now,
                     (long long)change_ms);
        }
        if (now_ms >= change_ms) {
            verdict = now;
            change_ms = expression_next_change(&bench.bound, bench.parameters_micro, now_ms);
            assert_true(change_ms > now_ms);
        }
    }
}

static void run_beside(const char *text, const struct node *tree)
{
    for (int64_t now_ms = 0; now_ms < RUN_MS;) {
        observe(VITAL_hr, now_ms);
        observe(VITAL_spo2, now_ms);
        if (chance(15)) {
            observe(VITAL_nibp_sys, now_ms);
        }
        check_at(text, tree, now_ms);
        const int64_t next_ms = now_ms + (chance(90) ? 500 + 250 * (int64_t)draw(4) : 1 + (int64_t)draw(9000));
        check_silence(text, tree, now_ms, next_ms);
        now_ms = next_ms;
    }
}

/* False when the random text is beyond a bound of the language, or joins different units. */
static bool compile_tree(const struct writer *writer)
{
    struct expression_fault fault;
    memset(&bench, 0, sizeof bench);
    memcpy(bench.parameters_micro, bench_parameters_micro, sizeof bench.parameters_micro);
    if (expression_compile(writer->text, &bench_names, 700, &bench.expression, &fault)) {
        bench_bind(&bench, 1);
        bind_tree();
        return true;
    }
    if (strstr(fault.message, "more than") == NULL && strstr(fault.message, "longer than") == NULL &&
        strstr(fault.message, "no vital") == NULL && strstr(fault.message, "on its left and") == NULL) {
        fail_msg("%s: at %zu: %s", writer->text, fault.offset, fault.message);
    }
    return false;
}

static void test_random_expressions_against_a_tree(void **state)
{
    (void)state;
    draw_seed(20061101);
    const unsigned trees = emulated_share(TREES);
    unsigned compiled = 0;
    for (unsigned i = 0; i < trees; i++) {
        struct writer writer = {.length = 0};
        node_count = share_count = 0;
        age_in_arithmetic = false;
        const struct node *tree = any_condition((unsigned)draw(TREE_DEPTH));
        write_tree(&writer, tree, 0);
        if (compile_tree(&writer)) {
            compiled++;
            run_beside(writer.text, tree);
        }
    }
    print_message("%u of %u trees compiled; %u clear, %u met, %u unknown\n", compiled, trees,
                  verdict_counts[VERDICT_CLEAR], verdict_counts[VERDICT_MET], verdict_counts[VERDICT_UNKNOWN]);
    assert_true(compiled > trees / 2);
    assert_true(verdict_counts[VERDICT_CLEAR] > trees && verdict_counts[VERDICT_MET] > trees);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_expressions_against_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
