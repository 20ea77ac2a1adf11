/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a broker is: "host:port", "[v6 address]:port", "unix:/path". The configuration has checked the
 * text; here it is taken apart, and taken as it is where nobody need be asked for an address.
 */
#include "feed_priv.h"

#include <errno.h>
#include <stdlib.h>

static int parse_unix(const char *path, struct feed_address *address)
{
    size_t length = strlen(path);

    if (path[0] != '/' || length >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return -EINVAL;
    address->is_unix = true;
    memcpy(address->host, path, length + 1);
    return 0;
}

static int parse_port(const char *text, uint16_t *ret_port)
{
    char *end;

    if (*text < '0' || *text > '9')
        return -EINVAL; /* strtoul takes signs and blanks */
    unsigned long port = strtoul(text, &end, 10);
    if (*end != '\0' || port == 0 || port > UINT16_MAX)
        return -EINVAL;
    *ret_port = (uint16_t)port;
    return 0;
}

int feed__address_parse(const char *text, struct feed_address *ret_address)
{
    struct feed_address address = {0};
    int error;

    if (strncmp(text, "unix:", 5) == 0) {
        error = parse_unix(text + 5, &address);
    } else {
        bool bracketed = text[0] == '[';
        const char *host = text + (bracketed ? 1 : 0);
        const char *end = bracketed ? strchr(host, ']') : strrchr(host, ':');

        if (!end || end == host || (size_t)(end - host) >= sizeof(address.host) ||
            (bracketed && end[1] != ':'))
            return -EINVAL;
        memcpy(address.host, host, (size_t)(end - host));
        error = parse_port(end + (bracketed ? 2 : 1), &address.port);
    }
    if (error == 0)
        *ret_address = address;
    return error;
}

bool feed__address_literal(const struct feed_address *address, struct feed_endpoint *ret_endpoint)
{
    struct feed_endpoint endpoint = {.length = 0};

    if (address->is_unix) {
        endpoint.at.un.sun_family = AF_UNIX;
        memcpy(endpoint.at.un.sun_path, address->host, strlen(address->host) + 1);
        endpoint.length = sizeof(endpoint.at.un);
    } else if (uv_ip4_addr(address->host, address->port, &endpoint.at.v4) == 0) {
        endpoint.length = sizeof(endpoint.at.v4);
    } else if (uv_ip6_addr(address->host, address->port, &endpoint.at.v6) == 0) {
        endpoint.length = sizeof(endpoint.at.v6);
    } else {
        return false;
    }
    *ret_endpoint = endpoint;
    return true;
}

void feed__endpoint_text(const struct feed_endpoint *endpoint, char *to, size_t size)
{
    char address[INET6_ADDRSTRLEN] = "?";
    struct hz_text text = hz_text_in(to, size);

    switch (endpoint->at.any.sa_family) {
    case AF_INET:
        (void)uv_ip4_name(&endpoint->at.v4, address, sizeof(address)); /* has the room */
        hz_text_format(&text, "%s:%u", address, ntohs(endpoint->at.v4.sin_port));
        break;
    case AF_INET6:
        (void)uv_ip6_name(&endpoint->at.v6, address, sizeof(address));
        hz_text_format(&text, "[%s]:%u", address, ntohs(endpoint->at.v6.sin6_port));
        break;
    default:
        hz_text_format(&text, "unix:%s", endpoint->at.un.sun_path);
    }
}
