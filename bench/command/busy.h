/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the machine does something else already: figures taken beside it are too low.
 */
#ifndef BUSY_H
#define BUSY_H

/* Share of the processors' time that is in use, looked at for a moment; NaN: not known. */
double busy_share(void);

#endif
