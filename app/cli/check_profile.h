/*
 * check_profile.h: `wardgate check --profile`: one profile by itself, and what it makes of registers that somebody has
 * read, so that a profile can be written without a monitor at hand.
 */
#ifndef WARDGATE_CHECK_PROFILE_H
#define WARDGATE_CHECK_PROFILE_H

/* `given`: registers as registers.h reads them, or the name of a file with them; NULL for none. Prints; returns the exit
 * status. */
int check_profile(const char *file, const char *given);

#endif
