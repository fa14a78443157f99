#include "cli/harmless_name.h"
#include <stdio.h>
#include <string.h>

void harmless_name(const char *name, char harmless[HARMLESS_NAME_SIZE]) {
    const char *slash = strrchr(name, '/');
    snprintf(harmless, HARMLESS_NAME_SIZE, "%s", slash ? slash + 1 : name);
    for (unsigned char *p = (unsigned char *)harmless; *p; p++)
        if (*p < 0x20 || *p == 0x7F || strchr("\\:*?\"<>|", *p))
            *p = '_';
    if (harmless[0] == '.' || !harmless[0])
        harmless[0] = '_';
}
