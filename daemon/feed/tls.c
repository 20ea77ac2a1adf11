/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS 1.2 and 1.3 between two memory BIOs: cipher text is pushed in and pulled out, no socket is
 * touched. What must stay true: the peer's certificate is always verified, its name too; there is no
 * switch to turn that off. Why a peer is not trusted is said in words.
 *
 * OpenSSL's queue of errors belongs to the thread, all feeds share it: it is emptied before each call
 * whose error is looked at.
 */
#include "feed_priv.h"

#include "hz_log.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#define NAME_BYTES     256
#define NAMES_SAID_MAX 4 /* of a certificate, in a reason */

struct feed_tls {
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    char name[NAME_BYTES];
    char ca_file[NAME_BYTES];
    bool distrusted;
    struct feed_reason why;
};

/* The oldest error in the queue names the cause. */
static const char *first_error(void)
{
    unsigned long code = ERR_get_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;

    if (code &&
        ERR_SYSTEM_ERROR(code)) /* a file that can't be opened: OpenSSL has no words for it */
        text = strerror(ERR_GET_REASON(code));
    ERR_clear_error();
    return text ? text : "no reason given";
}

/* --- why a certificate is refused --- */

/* The names that it does carry, for the operator to compare. */
static void add_names(const X509 *certificate, struct hz_text *text)
{
    GENERAL_NAMES *names =
        certificate ? X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL) : NULL;
    char quoted[80];

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < NAMES_SAID_MAX; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type != GEN_DNS)
            continue;
        const char *bytes = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
        hz_text_format(text, " %s",
                       hz_log_quote(quoted, sizeof(quoted), bytes,
                                    (size_t)ASN1_STRING_length(name->d.dNSName)));
    }
    GENERAL_NAMES_free(names);
}

static void add_end(const X509 *certificate, struct hz_text *text)
{
    struct tm end;

    if (certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
        hz_text_format(text, " (%04d-%02d-%02d UTC)", end.tm_year + 1900, end.tm_mon + 1,
                       end.tm_mday);
}

static void say_distrust(struct feed_tls *tls, int verdict, const X509 *certificate)
{
    struct hz_text text = hz_text_in(tls->why.text, sizeof(tls->why.text));

    hz_text_puts(&text, "TLS: ");
    switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        hz_text_puts(&text, "the broker's certificate has expired");
        add_end(certificate, &text);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        hz_text_puts(&text, "the broker's certificate is not valid yet; look at both clocks");
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        hz_text_format(&text, "host name does not match: the certificate is not for \"%s\" but for",
                       tls->name);
        add_names(certificate, &text);
        hz_text_puts(&text, "; look at address and tls_server_name");
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        hz_text_format(&text,
                       "unknown CA: the broker's certificate leads to none in %s; look at "
                       "tls_ca_file",
                       tls->ca_file);
        break;
    default:
        hz_text_format(&text, "the broker's certificate is refused: %s",
                       X509_verify_cert_error_string(verdict));
    }
}

/* Says why, of the first certificate that is not good; never makes a bad one good. */
static int on_verify(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct feed_tls *tls = SSL_get_app_data(ssl);

    if (!good && !tls->distrusted)
        say_distrust(tls, X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store));
    tls->distrusted |= !good;
    return good;
}

/* --- connections --- */

int feed__trust_new(const char *ca_file, SSL_CTX **ret_trust, struct feed_reason *why)
{
    ERR_clear_error();
    SSL_CTX *trust = SSL_CTX_new(TLS_client_method());
    if (!trust) {
        feed__say(why, "TLS can not be set up: %s", first_error());
        return -ENOMEM;
    }
    int loaded = ca_file ? SSL_CTX_load_verify_locations(trust, ca_file, NULL)
                         : SSL_CTX_set_default_verify_paths(trust);
    if (loaded != 1 || SSL_CTX_set_min_proto_version(trust, TLS1_2_VERSION) != 1) {
        feed__say(why, "tls_ca_file %s can not be used: %s", ca_file ? ca_file : "of the system",
                  first_error());
        SSL_CTX_free(trust);
        return HZ_ETLS;
    }
    SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, on_verify);
    (void)SSL_CTX_set_mode(trust, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_options(trust, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    *ret_trust = trust;
    return 0;
}

/* An address is looked for among the certificate's addresses, and is no SNI (RFC 6066, 3). */
static bool expect_name(SSL *ssl, const char *name)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1)
        return true;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

int feed__tls_new(SSL_CTX *trust, const char *name, const char *ca_file, struct feed_tls **ret_tls)
{
    struct feed_tls *tls = calloc(1, sizeof(*tls));

    if (!tls)
        return -ENOMEM;
    struct hz_text text = hz_text_in(tls->name, sizeof(tls->name));
    hz_text_puts(&text, name);
    text = hz_text_in(tls->ca_file, sizeof(tls->ca_file));
    hz_text_puts(&text, ca_file ? ca_file : "the system's");
    tls->ssl = SSL_new(trust);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (!tls->ssl || !tls->in || !tls->out || !expect_name(tls->ssl, name)) {
        if (tls->ssl)
            SSL_free(tls->ssl);
        BIO_free(tls->in);
        BIO_free(tls->out);
        free(tls);
        return -ENOMEM;
    }
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    SSL_set_connect_state(tls->ssl);
    *ret_tls = tls;
    return 0;
}

void feed__tls_free(struct feed_tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl); /* with both BIOs */
    free(tls);
}

/* What a call's result of 0 or below means. */
static int result_of(struct feed_tls *tls, int result)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return FEED_TLS_WAIT;
    case SSL_ERROR_ZERO_RETURN:
        return FEED_TLS_ENDED;
    default:
        if (!tls->distrusted) /* else `why` is said already */
            feed__say(&tls->why, "TLS: %s", first_error());
        ERR_clear_error();
        return FEED_TLS_BROKEN;
    }
}

int feed__tls_handshake(struct feed_tls *tls)
{
    ERR_clear_error();
    int result = SSL_do_handshake(tls->ssl);
    return result == 1 ? 1 : result_of(tls, result);
}

ssize_t feed__tls_read(struct feed_tls *tls, uint8_t *to, size_t size)
{
    size_t length = 0;

    while (length < size) { /* a call gives one TLS record, 16 KiB at most */
        size_t got = 0;

        ERR_clear_error();
        int result = SSL_read_ex(tls->ssl, to + length, size - length, &got);
        if (result != 1) {
            int meaning = length > 0 ? FEED_TLS_WAIT : result_of(tls, result);
            return length > 0 ? (ssize_t)length : meaning;
        }
        length += got;
    }
    return (ssize_t)length;
}

ssize_t feed__tls_write(struct feed_tls *tls, const uint8_t *bytes, size_t length)
{
    size_t done = 0;

    ERR_clear_error();
    int result = SSL_write_ex(tls->ssl, bytes, length, &done);
    return result == 1 ? (ssize_t)done : result_of(tls, result);
}

void feed__tls_say_goodbye(struct feed_tls *tls)
{
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl); /* close_notify is queued; the peer's is not waited for */
    ERR_clear_error();
}

int feed__tls_push(struct feed_tls *tls, const uint8_t *bytes, size_t length)
{
    size_t done = 0;

    if (length > 0 && (BIO_write_ex(tls->in, bytes, length, &done) != 1 || done != length))
        return -ENOMEM;
    return 0;
}

size_t feed__tls_pull(struct feed_tls *tls, uint8_t *to, size_t size)
{
    size_t got = 0;

    return BIO_read_ex(tls->out, to, size, &got) == 1 ? got : 0;
}

void feed__tls_why(const struct feed_tls *tls, struct feed_reason *ret_why)
{
    *ret_why = tls->why;
}

bool feed__tls_distrusts(const struct feed_tls *tls)
{
    return tls->distrusted;
}
