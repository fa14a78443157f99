/* Names of files that a site chose, before they come near a folder. */
#pragma once

#define HARMLESS_NAME_SIZE 101

/* No folder, no hidden file, nothing but plain characters. */
void harmless_name(const char *name, char harmless[HARMLESS_NAME_SIZE]);
