#include "app/flow/status_key.h"

#include <stdio.h>

void status_key(enum status status, char text[STATUS_KEY_MAX])
{
    static const char *const names[STATUS_COUNT] = {
#define STATUS_NAME(name, text) #name,
        STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    };
    (void)snprintf(text, STATUS_KEY_MAX, "%s", names[status]);
    for (char *c = text; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
}
