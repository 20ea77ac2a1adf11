/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two halves of the measuring of a reload share: the size of the set. engine.c is the engine
 * alone, by processor time; daemon.c is a whole daemon under load, by the clock on the wall.
 */
#ifndef RELOAD_H
#define RELOAD_H

#define RELOAD_POINTS 100000u
#define RELOAD_RULES  1000u /* one for each enterprise, of 100 points */

void reload_daemon(void);
void reload_engine(void); /* the calling thread stays on one processor from here on */

#endif
