/*
 * aim.h: where to aim a timer so that what it is for has just happened, although nobody can see when it does. Pure.
 *
 * Each time it had happened it is aimed a little sooner, the longer that goes well the bolder; when it had not, later,
 * by more each time in a row. So about one in sixteen comes too soon and has to look twice, and the others hardly later
 * than they have to: this machine's own delays are learnt along with what is waited for.
 */
#ifndef WARDGATE_AIM_H
#define WARDGATE_AIM_H

#include <stdint.h>

struct aim {
    uint32_t at_us;
    int16_t run; /* so many times in a row it had happened, below 0: it had not */
};

/* It happens by then, maybe well before: aimed boldly sooner until it had not. */
struct aim aim_from(uint32_t by_us);

void aim_sooner(struct aim *aim);
void aim_later(struct aim *aim, uint32_t most_us); /* by no more than so much */

#endif
