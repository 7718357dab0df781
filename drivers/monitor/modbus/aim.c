#include "drivers/monitor/modbus/aim.h"

enum { SOONER_SHARE = 4, LATER_US = 32, RUN_BOLD = 128, RUN_MAX = 256, DOUBLINGS_MAX = 8 };

struct aim aim_from(uint32_t by_us)
{
    return (struct aim){.at_us = by_us, .run = RUN_BOLD};
}

void aim_sooner(struct aim *aim)
{
    aim->run = (int16_t)(aim->run < 0 ? 1 : aim->run < RUN_MAX ? aim->run + 1 : RUN_MAX);
    const uint32_t step_us = (uint32_t)aim->run / SOONER_SHARE;
    aim->at_us -= step_us < aim->at_us ? step_us : aim->at_us;
}

void aim_later(struct aim *aim, uint32_t most_us)
{
    const int again = aim->run < 0 ? -aim->run : 0;
    const uint32_t step_us = (uint32_t)LATER_US << (again < DOUBLINGS_MAX ? again : DOUBLINGS_MAX);
    aim->run = (int16_t)(again < RUN_MAX ? -again - 1 : -RUN_MAX);
    aim->at_us += step_us < most_us ? step_us : most_us;
}
