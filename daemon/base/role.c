/* SPDX-License-Identifier: Apache-2.0
 *
 * Roles at run time: one bit each in a set that belongs to the thread.
 */
#include "hz_role.h"

struct hz_role hz_ingest = {1 << 0};
struct hz_role hz_rule = {1 << 1};
struct hz_role hz_output = {1 << 2};
struct hz_role hz_write = {1 << 3};
struct hz_role hz_sync = {1 << 4};
struct hz_role hz_builder = {1 << 5};

static _Thread_local int roles;

void hz_role_take(struct hz_role *role)
{
    roles |= role->bit;
}

void hz_role_assert(const struct hz_role *role)
{
    hz_assert(roles & role->bit);
}
