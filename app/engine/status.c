#include "app/engine/status.h"

const char *status_text(enum status status)
{
    static const char *const texts[STATUS_COUNT] = {
#define STATUS_TEXT(name, text) text,
        STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    };
    return (unsigned)status < (unsigned)STATUS_COUNT ? texts[status] : "unknown status";
}
