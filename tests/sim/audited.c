#include "tests/sim/audited.h"

#include <inttypes.h>
#include <string.h>

#include "tests/sim/invariant.h"
#include "tests/sim/read.h"

enum { COMMANDS_KEPT = 512 };

static struct {
    uint64_t commands[COMMANDS_KEPT]; /* by what names them; the newest */
    unsigned command_count, starts;
    bool start_is_lost;
} a;

void audited_begin_process(void)
{
    a.starts = 0;
    a.start_is_lost = false;
}

void audited_are_lost(void)
{
    a.command_count = 0;
    a.start_is_lost = true;
}

void audited_chained(uint64_t row, bool fits)
{
    if (!fits) {
        invariant_broken(INVARIANT_audited, "row %" PRIu64 " of the audit log does not stand behind the one before",
                         row);
    }
    invariant_holds(INVARIANT_audited);
}

static void check_command(const char *id)
{
    const uint64_t name = read_digest(id, strlen(id));
    for (unsigned i = 0; i < COMMANDS_KEPT && i < a.command_count; i++) {
        if (a.commands[i] == name) {
            invariant_broken(INVARIANT_audited, "command %s has two rows in the audit log", id);
        }
    }
    a.commands[a.command_count++ % COMMANDS_KEPT] = name;
}

void audited_put(const char *json)
{
    char id[64];
    if (read_is(json, "kind", "start") && ++a.starts > 1) {
        invariant_broken(INVARIANT_audited, "one start has two rows in the audit log");
    }
    read_text(json, "id", id, sizeof id);
    if (id[0] == 'n') { /* the nurse's */
        check_command(id);
    }
    invariant_holds(INVARIANT_audited);
}

bool audited_lack_start(void)
{
    return a.starts == 0 && !a.start_is_lost;
}
