/* SPDX-License-Identifier: Apache-2.0
 *
 * The main of a fuzz target in ordinary builds: runs the target once for every file of the corpus
 * directories given, so that whatever a fuzzer once found stays found. No file at all is a fault.
 */
#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES_MAX ((size_t)1 << 20)

static int replay_file(const char *path)
{
    FILE *from = fopen(path, "rb");
    uint8_t *room = malloc(INPUT_BYTES_MAX);

    if (!from || !room) {
        perror(path);
        return 1;
    }
    size_t size = fread(room, 1, INPUT_BYTES_MAX, from);
    uint8_t *exact = malloc(size > 0 ? size : 1); /* so that reading past the end is seen */
    for (size_t i = 0; exact && i < size; i++)
        exact[i] = room[i];
    if (exact)
        (void)LLVMFuzzerTestOneInput(exact, size); /* always 0 by contract */
    free(exact);
    free(room);
    fclose(from);
    return 0;
}

static int replay_directory(const char *name, unsigned *count)
{
    DIR *directory = opendir(name);
    int failed = 0;

    if (!directory) {
        perror(name);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[PATH_MAX];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
        failed |= replay_file(path);
        ++*count;
    }
    closedir(directory);
    return failed;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= replay_directory(argv[i], &count);
    printf("%u inputs\n", count);
    return failed || count == 0;
}
