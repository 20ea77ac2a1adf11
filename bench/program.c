/* SPDX-License-Identifier: Apache-2.0
 *
 * The search. A program of the build folder looks there first, so that what was just built is what is
 * measured; an installed one has no such neighbours. sbin is looked at besides the path: mosquitto is
 * there, and a user's path often leaves it out.
 */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static bool in_folder(const char *folder, size_t length, const char *name, char *ret_path)
{
    int needed = snprintf(ret_path, PROGRAM_PATH_BYTES, "%.*s/%s", (int)length, folder, name);

    return length > 0 && needed < PROGRAM_PATH_BYTES && is_program(ret_path);
}

static bool in_list(const char *folders, const char *name, char *ret_path)
{
    for (size_t length; *folders != '\0'; folders += length + (folders[length] == ':')) {
        length = strcspn(folders, ":");
        if (in_folder(folders, length, name, ret_path))
            return true;
    }
    return false;
}

/* Beside this program, or where its build folder has the daemon. */
static bool beside(const char *name, char *ret_path)
{
    char self[PROGRAM_PATH_BYTES - 16];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length <= 0)
        return false;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    *slash = '\0';
    if (in_folder(self, strlen(self), name, ret_path))
        return true;
    memcpy(slash, "/../daemon", sizeof("/../daemon"));
    return in_folder(self, strlen(self), name, ret_path);
}

bool program_look(const char *name, char ret_path[PROGRAM_PATH_BYTES])
{
    const char *named = strcmp(name, "hazardd") == 0 ? getenv("HAZARDD") : NULL;
    const char *path = getenv("PATH");

    if (named) {
        (void)snprintf(ret_path, PROGRAM_PATH_BYTES, "%s", named);
        return is_program(ret_path);
    }
    return beside(name, ret_path) || in_list(HZ_PROGRAM_FOLDERS, name, ret_path) ||
           in_list(path ? path : "", name, ret_path) ||
           in_list("/usr/local/sbin:/usr/sbin:/sbin", name, ret_path);
}

bool program_find(const char *name, char ret_path[PROGRAM_PATH_BYTES])
{
    static const struct {
        const char *name, *hint;
    } hints[] = {{"hazardd", "install the package hazardd, or name one: HAZARDD=/path/to/hazardd"},
                 {"mosquitto", "apt-get install mosquitto"},
                 {"redis-server", "apt-get install redis-server"}};

    if (program_look(name, ret_path))
        return true;
    if (strcmp(name, "hazardd") == 0 && getenv("HAZARDD")) {
        fprintf(stderr, "hazard-bench: HAZARDD=%s is no program\n", getenv("HAZARDD"));
        return false;
    }
    fprintf(stderr, "hazard-bench: %s is needed and not there", name);
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
        if (strcmp(name, hints[i].name) == 0)
            fprintf(stderr, ": %s", hints[i].hint);
    fputc('\n', stderr);
    return false;
}
