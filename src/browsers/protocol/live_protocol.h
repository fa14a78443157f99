/* What a viewer and a keeper say to each other: the WebSocket GET /browsers/{id}/live of the door, which the api passes
 * on as it is. Ticket: scope "view", "browser", "sub" (who), "name" (what others may call them), "control" (true: may
 * take the browser over).
 *
 * Keeper -> viewer, text messages (JSON):
 *   {"type":"state","tabs":[{"id","title","url","active"}],"title","url","viewport":{"width","height"} (CSS pixels),
 *    "control":{"held","mine","by"},"run":"running|paused|none"}
 *   {"type":"chooser","id","multiple"}       to who has control: the page asks for files
 *   {"type":"dialog","id","kind","message","default"}   to who has control: alert, confirm, prompt, beforeunload
 *   {"type":"dialog_closed","id"}
 *   {"type":"clipboard","text"}              the answer to "copy"
 *   {"type":"error","code","detail"}
 *   {"type":"ended","reason","text"}         then the connection closes
 * Keeper -> viewer, binary messages: a picture of the tab in front, a head of LIVE_FRAME_HEAD bytes, big endian:
 *   u32 sequence, u16 width and height of the picture, u16 width and height of the view in CSS pixels, u32 milliseconds
 *   of a clock of the keeper's; then the JPEG.
 *
 * Viewer -> keeper, text messages (JSON):
 *   {"type":"ack","seq"}                     a picture was shown; at most LIVE_IN_FLIGHT are sent ahead of it
 *   {"type":"watch","max_width","max_height","quality"}   how large and how good pictures need to be
 *   {"type":"take_control"} {"type":"return_control"}
 * and, from who has control:
 *   {"type":"mouse","event":"move|down|up|wheel","x","y" (CSS pixels),"button":"none|left|middle|right|back|forward",
 *    "buttons","clicks","delta_x","delta_y","modifiers":["Alt","Control","Meta","Shift"]}
 *   {"type":"key","event":"down|up","key","code","key_code","text","location","modifiers","repeat"}
 *   {"type":"text","text"}                   inserted where the focus is: input methods, pasting
 *   {"type":"composition","text"}            what an input method shows so far; "" ends it
 *   {"type":"copy"}                          asks for the selected text
 *   {"type":"navigate","url"} or {"type":"navigate","action":"back|forward|reload|stop"}
 *   {"type":"tab","action":"activate|close|new","id"}
 *   {"type":"files","chooser","names":[...]}  of the transfer folder; an empty list closes the chooser
 *   {"type":"dialog","id","accept","text"} */
#pragma once

#define LIVE_FRAME_HEAD   16
#define LIVE_IN_FLIGHT    2
#define LIVE_MESSAGE_MAX  (1024 * 1024) /* bytes of a viewer's message */
#define LIVE_WIDTH_LEAST  160
#define LIVE_WIDTH_MOST   2560
#define LIVE_GRACE_MS     30000 /* whoever has control and loses the connection may come back within this */
#define LIVE_QUALITY_MOST 95
