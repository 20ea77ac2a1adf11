/* SPDX-License-Identifier: Apache-2.0
 *
 * How long does another set hold hazardd up? First a whole daemon under load, then the engine alone.
 * Each half's file says what it measures.
 */
#include "reload.h"

#include <stdlib.h>

int main(void)
{
    reload_daemon(); /* its children take over the processors of this thread: it comes first */
    reload_engine();
    return EXIT_SUCCESS;
}
