/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates for tests: made on the spot, so that none of them expires in the repository.
 */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

struct certificate; /* with its key */

/* `issuer` NULL: signs itself and may sign others. `names` as in a subject alternative name
 * ("DNS:localhost,IP:127.0.0.1") or NULL. Valid from..to, in seconds from now. */
struct certificate *certificate_new(const char *common_name, const char *names, long from_s, long to_s,
                                    const struct certificate *issuer);
void certificate_free(struct certificate *certificate);
/* PEM files; `key_path` may be NULL. */
void certificate_write(const struct certificate *certificate, const char *path, const char *key_path);

#endif
