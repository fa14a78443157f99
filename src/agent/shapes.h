/* The shapes of the script language (tables in shapes.c): targets, conditions, readings and each action's arguments. */
#pragma once

#include "agent/shape.h"

extern const struct shape shape_step, shape_target, shape_condition, shape_reading, shape_list, shape_table,
    shape_cookie;
extern const struct shape shape_goto, shape_click, shape_fill, shape_press, shape_wait_for, shape_extract,
    shape_screenshot, shape_download, shape_assert, shape_repeat;
extern const struct shape shape_select, shape_check_box, shape_uncheck, shape_hover, shape_scroll, shape_drag,
    shape_evaluate, shape_cookies, shape_history, shape_set, shape_if, shape_for_each, shape_call, shape_stop,
    shape_fail, shape_tab, shape_dialog, shape_upload, shape_file, shape_frame;

/* Whether an object has a criterion of a target in it. */
bool shapes_has_target(const json_t *object);

/* Whether it asks anything of the page or of values. */
bool shapes_has_condition(const json_t *object);

/* Checks of whole values that several shapes share. */
int shapes_check_target(const json_t *value, const char *path, struct error *e);
int shapes_check_condition(const json_t *value, const char *path, struct error *e);
int shapes_check_names(const json_t *value, const char *path, struct error *e);

/* The members of an object that belong to a target (a new object). */
json_t *shapes_target_of(const json_t *object);
