/* What the gate tells about its decisions, made safe against pages that cause thousands of them: a refusal equal to a
 * recent one is counted instead of told, and beyond a rate all decisions are. What was left out is told with the next
 * event of its kind or by a summary, never dropped unsaid. Loop thread only. */
#pragma once

#include "browsers/keeper/gate.h"

#define GATE_REPORT_BURST       300 /* events told at once */
#define GATE_REPORT_PER_SECOND  10  /* and then */
#define GATE_REPORT_COALESCE_MS 5000
#define GATE_REPORT_RECENT      32 /* refusals remembered */

struct gate_report;

struct gate_report *gate_report_new(uv_loop_t *loop, gate_on_event on_event, void *context);
void gate_report_stop(struct gate_report *report); /* its memory goes on the next turn of the loop; NULL is fine */
void gate_report_tell(struct gate_report *report, const struct gate_event *event);
/* Tells now what was left out. */
void gate_report_flush(struct gate_report *report);
