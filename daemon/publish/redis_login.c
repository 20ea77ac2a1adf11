/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a connection leads and as whom: address, user, password. What must stay true: the password's
 * file is read here alone, by whoever makes the login and not by the loop of the connection; a login
 * that cannot be used says why in words.
 */
#include "redis_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int keep_host(struct hz_redis_login *login, const char *host, size_t length)
{
    if (length == 0 || length >= sizeof(login->host))
        return -EINVAL;
    memcpy(login->host, host, length);
    login->host[length] = '\0';
    return 0;
}

/* "host:port", "[v6]:port" or "unix:/path". */
static int read_address(struct hz_redis_login *login, const char *address)
{
    const char *colon;
    size_t length;

    if (strncmp(address, "unix:/", 6) == 0)
        return keep_host(login, address + 5, strlen(address + 5));
    colon = strrchr(address, ':');
    if (!colon || colon == address)
        return -EINVAL;
    login->port = atoi(colon + 1);
    if (login->port < 1 || login->port > 65535)
        return -EINVAL;
    length = (size_t)(colon - address);
    if (address[0] == '[') {
        if (length < 3 || colon[-1] != ']')
            return -EINVAL;
        address++;
        length -= 2;
    }
    return keep_host(login, address, length);
}

int hz_redis_login(const struct hz_redis_config *config, struct hz_redis_login *ret_login)
{
    struct hz_redis_login *login = ret_login;

    memset(login, 0, sizeof(*login));
    int error = read_address(login, config->address);
    if (error < 0)
        return error;
    if (config->user && strlen(config->user) >= sizeof(login->user))
        return -EINVAL;
    login->has_user = config->user != NULL;
    if (config->user)
        memcpy(login->user, config->user, strlen(config->user) + 1);
    login->has_secret = config->password_file != NULL;
    if (!config->password_file)
        return 0;
    struct hz_text fault = hz_text_in(login->fault, sizeof(login->fault));
    error = hz_secret_read(config->password_file, login->secret, sizeof(login->secret));
    if (error < 0)
        hz_secret_fault(config->password_file, error, &fault);
    return 0;
}

bool redis__same_server(const struct hz_redis_login *a, const struct hz_redis_login *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port && a->has_user == b->has_user &&
           strcmp(a->user, b->user) == 0;
}

bool redis__same_secret(const struct hz_redis_login *a, const struct hz_redis_login *b)
{
    return a->has_secret == b->has_secret && strcmp(a->secret, b->secret) == 0 &&
           strcmp(a->fault, b->fault) == 0;
}
