/* SPDX-License-Identifier: Apache-2.0
 *
 * Who the peer is and what he may do. What must stay true: the kernel says who he is, as he was when
 * he connected; nothing that he writes counts. Whoever is in none of the groups may nothing.
 */
#include "control_priv.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOKUP_BYTES_MAX ((size_t)1 << 20) /* a group line with all its members */

static gid_t group_of(const char *name)
{
    gid_t found = CONTROL_NO_GROUP;

    for (size_t size = 4096; size <= LOOKUP_BYTES_MAX; size *= 4) {
        struct group entry, *result = NULL;
        char *room = malloc(size);
        int error = room ? getgrnam_r(name, &entry, room, size, &result) : ENOMEM;

        if (result)
            found = entry.gr_gid;
        free(room);
        if (error != ERANGE)
            break;
    }
    return found;
}

struct control_rights control__rights(void)
{
    return (struct control_rights){geteuid(), group_of("hazard"), group_of("hazard-admin")};
}

void control__user_name(uid_t uid, char to[HZ_ACTOR_BYTES_MAX + 1])
{
    struct hz_text text = hz_text_in(to, HZ_ACTOR_BYTES_MAX + 1);

    for (size_t size = 4096; size <= LOOKUP_BYTES_MAX && text.length == 0; size *= 4) {
        struct passwd entry, *result = NULL;
        char *room = malloc(size);
        int error = room ? getpwuid_r(uid, &entry, room, size, &result) : ENOMEM;

        if (result)
            hz_text_puts(&text, entry.pw_name);
        free(room);
        if (error != ERANGE)
            break;
    }
    if (text.length > 0)
        return;
    text = hz_text_in(to, HZ_ACTOR_BYTES_MAX + 1); /* none, or longer than an actor can be */
    hz_text_format(&text, "uid %lu", (unsigned long)uid);
}

int control__right(const struct control_rights *rights, uid_t uid, const gid_t *groups,
                   size_t count)
{
    int right = 0;

    if (uid == 0 || uid == rights->own)
        return HZ_RIGHT_ADMIN;
    for (size_t i = 0; i < count; i++) {
        if (groups[i] == CONTROL_NO_GROUP)
            continue;
        if (groups[i] == rights->admins)
            return HZ_RIGHT_ADMIN;
        if (groups[i] == rights->readers)
            right = HZ_RIGHT_ACK;
    }
    return right;
}

/* The peer's groups with room for one more at the end. The kernel says how many there are by
 * refusing a buffer that is too short. */
static int read_groups(int fd, gid_t **ret_groups, size_t *ret_count)
{
    socklen_t bytes = 32 * sizeof(gid_t);

    for (;;) {
        gid_t *groups = malloc(bytes + sizeof(gid_t));
        socklen_t room = bytes;

        if (!groups)
            return -ENOMEM;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) == 0) {
            *ret_groups = groups;
            *ret_count = bytes / sizeof(gid_t);
            return 0;
        }
        int error = -errno;
        free(groups);
        if (error != -ERANGE || bytes <= room)
            return error;
    }
}

/* All groups, the primary one included, which need not be in the list. A kernel before 4.13 can't
 * tell the others: the peer is then judged by less than he has, the safe side. */
static int right_by_groups(int fd, const struct control_rights *rights,
                           const struct ucred *credentials, int *ret_right)
{
    gid_t *groups = NULL;
    size_t count = 0;

    int error = read_groups(fd, &groups, &count);
    if (error == -ENOPROTOOPT) {
        *ret_right = control__right(rights, credentials->uid, &credentials->gid, 1);
        return 0;
    }
    if (error < 0)
        return error;
    groups[count] = credentials->gid;
    *ret_right = control__right(rights, credentials->uid, groups, count + 1);
    free(groups);
    return 0;
}

int control__peer(int fd, const struct control_rights *rights, struct control_peer *ret_peer)
{
    struct ucred credentials;
    socklen_t length = sizeof(credentials);
    int right;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
        return -errno;
    int error = right_by_groups(fd, rights, &credentials, &right);
    if (error < 0)
        return error;
    *ret_peer = (struct control_peer){.uid = credentials.uid, .right = right};
    struct hz_text actor = hz_text_in(ret_peer->actor, sizeof(ret_peer->actor));
    hz_text_format(&actor, "uid %lu", (unsigned long)credentials.uid);
    return 0;
}
