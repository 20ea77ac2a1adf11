/* SPDX-License-Identifier: Apache-2.0
 *
 * P-256 certificates by libcrypto.
 */
#include "certificate.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
};

static void add_extension(const struct certificate *certificate, const struct certificate *issuer,
                          int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer->x509, certificate->x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate->x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

struct certificate *certificate_new(const char *common_name, const char *names, long from_s,
                                    long to_s, const struct certificate *issuer)
{
    static long serial = 1;
    struct certificate *certificate = calloc(1, sizeof(*certificate));

    assert_non_null(certificate);
    certificate->key = EVP_EC_gen("P-256");
    certificate->x509 = X509_new();
    assert_true(certificate->key && certificate->x509);
    const struct certificate *signer = issuer ? issuer : certificate;
    X509 *x509 = certificate->x509;
    X509_NAME *name = X509_get_subject_name(x509);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), from_s));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), to_s));
    assert_int_equal(X509_set_pubkey(x509, certificate->key), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)common_name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(signer->x509)), 1);
    add_extension(certificate, signer, NID_basic_constraints,
                  issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names)
        add_extension(certificate, signer, NID_subject_alt_name, names);
    assert_true(X509_sign(x509, signer->key, EVP_sha256()) > 0);
    return certificate;
}

void certificate_free(struct certificate *certificate)
{
    if (!certificate)
        return;
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    free(certificate);
}

void certificate_write(const struct certificate *certificate, const char *path,
                       const char *key_path)
{
    FILE *to = fopen(path, "w");

    assert_non_null(to);
    assert_int_equal(PEM_write_X509(to, certificate->x509), 1);
    assert_int_equal(fclose(to), 0);
    if (!key_path)
        return;
    to = fopen(key_path, "w");
    assert_non_null(to);
    assert_int_equal(PEM_write_PrivateKey(to, certificate->key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(to), 0);
}
