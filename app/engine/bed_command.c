#include "app/engine/bed_command.h"

#define WORD_OF(words, index) ((index) < sizeof(words) / sizeof(words)[0] ? (words)[index] : "unknown")
#define MAY(kind)             (1U << COMMAND_##kind)

_Static_assert(COMMAND_KIND_COUNT <= 32, "what a role may do is kept in 32 bits");

const char *command_word(unsigned kind)
{
    static const char *const words[] = {
#define COMMAND_WORD(name) #name,
        COMMAND_LIST(COMMAND_WORD)
#undef COMMAND_WORD
    };
    return WORD_OF(words, kind);
}

const char *role_word(unsigned role)
{
    static const char *const words[] = {
#define ROLE_WORD(name) #name,
        ROLE_LIST(ROLE_WORD)
#undef ROLE_WORD
    };
    return WORD_OF(words, role);
}

const char *verdict_word(unsigned verdict)
{
    static const char *const words[] = {
#define VERDICT_WORD(name, word, text) word,
        VERDICT_LIST(VERDICT_WORD)
#undef VERDICT_WORD
    };
    return WORD_OF(words, verdict);
}

const char *verdict_text(unsigned verdict)
{
    static const char *const texts[] = {
#define VERDICT_TEXT(name, word, text) text,
        VERDICT_LIST(VERDICT_TEXT)
#undef VERDICT_TEXT
    };
    return WORD_OF(texts, verdict);
}

bool role_may(unsigned role, unsigned kind)
{
    static const uint32_t all = MAY(resend);
    static const uint32_t nurse = all | MAY(admit) | MAY(discharge) | MAY(transfer) | MAY(away) | MAY(back) |
                                  MAY(acknowledge) | MAY(observe) | MAY(retract) | MAY(describe) | MAY(pause) |
                                  MAY(resume);
    static const uint32_t charge = MAY(set_limit) | MAY(reset_limit) | MAY(set_scale) | MAY(set_staff);
    static const uint32_t biomed = all | MAY(assign) | MAY(test_alert);
    const uint32_t may[ROLE_COUNT] = {[ROLE_nurse] = nurse,
                                      [ROLE_charge] = nurse | charge,
                                      [ROLE_biomed] = biomed,
                                      [ROLE_local] = nurse | charge | biomed};
    return role < ROLE_COUNT && kind < COMMAND_KIND_COUNT && (may[role] >> kind & 1U) != 0;
}
