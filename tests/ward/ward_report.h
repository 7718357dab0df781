/*
 * ward_report.h: what the ward saw, as one line of JSON.
 *
 * {"lines":[{"name","kind":"serial","requests","answered","unknown_unit","writes_refused","lost","gap_violations",
 *            "smallest_gap_us" (null before the first),"collisions","bad_crc","wrong_speed"},
 *           {"name","kind":"tcp","port","requests","answered","unknown_unit","writes_refused","lost","connections",
 *            "bad_headers"},
 *           {"name","kind":"oximeter","received","lost","wrong_speed"},
 *           {"name","kind":"hl7","connections","messages","accepted" (AA),"failed" (AE),"rejected" (AR),
 *            "unexpected" (acknowledgements),"lost" (acknowledgements),"sent_again" (after a lost connection)}],
 *  "monitors":[{"name","line","unit","requests","answered","ignored","exceptions","writes_refused"},
 *              {"name","line","told" (frames or messages of one that talks unasked)}]}
 */
#ifndef WARD_REPORT_H
#define WARD_REPORT_H

struct ward;

/* Belongs to the caller, who gives it to ward_report_free; NULL when memory is out. */
char *ward_report_make(const struct ward *ward);
void ward_report_free(char *report);

#endif
