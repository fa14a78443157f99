/* `replinet api`: the process that serves HTTP: one loop, its lanes, its bus. */
#pragma once

int api_command(int count, char **arguments);
