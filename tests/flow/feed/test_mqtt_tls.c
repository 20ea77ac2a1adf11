/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS at a real mosquitto: good certificates connect, every other is refused with the reason in words; a
 * replaced CA file is found without a restart.
 */
#include "broker.h"
#include "certificate.h"
#include "probe.h"
#include "stub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <mosquitto.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdio.h>

#define DAY 86400L

static struct broker broker;
static struct probe *probe;
static struct certificate *authority;
static char ca_file[128];

static int begin(void **state)
{
    (void)state;
    broker_init(&broker, "allow_anonymous true\nmax_queued_messages 100000\n",
                "certfile %s/cert.pem\nkeyfile %s/key.pem\n");
    authority = certificate_new("test authority", NULL, -DAY, DAY, NULL);
    snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", broker.directory);
    certificate_write(authority, ca_file, NULL);
    probe = probe_new();
    probe_address(probe, "localhost:%u", broker.port);
    probe->config.tls = true;
    probe->config.tls_ca_file = ca_file;
    probe->acks = true;
    return 0;
}

static int end(void **state)
{
    (void)state;
    probe_free(probe);
    broker_done(&broker);
    certificate_free(authority);
    return 0;
}

/* The broker with a certificate of its own. */
static void serve(const char *names, long from_s, long to_s, const struct certificate *issuer)
{
    struct certificate *own = certificate_new("broker", names, from_s, to_s, issuer);
    char path[128], key_path[128];

    snprintf(path, sizeof(path), "%s/cert.pem", broker.directory);
    snprintf(key_path, sizeof(key_path), "%s/key.pem", broker.directory);
    certificate_write(own, path, key_path);
    certificate_free(own);
    broker_start(&broker);
}

static void refused(const char *words)
{
    probe_start(probe);
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, words);
    assert_int_equal(probe->connected, 0);
    assert_int_equal(probe_counts(probe).connects, 0);
}

static uint64_t wanted;

static bool has_wanted(struct probe *of)
{
    return of->messages >= wanted;
}

/* A plain listener beside, for the publisher. */
static struct broker plain_listener(void)
{
    struct broker plain = broker;

    plain.port = broker_free_port();
    snprintf(broker.settings + strlen(broker.settings),
             sizeof(broker.settings) - strlen(broker.settings), "listener %u 127.0.0.1\n",
             plain.port);
    return plain;
}

static void messages_come(const struct broker *plain)
{
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    assert_non_null(strstr(probe->how, "by TLS"));
    broker_publish(plain, "t/a", NULL, 0, 1, false, 400);
    wanted = probe->messages + 400;
    probe_wait(probe, has_wanted);
    for (unsigned i = 0; i < 400; i++) {
        char number[16];

        snprintf(number, sizeof(number), "%u", i);
        assert_string_equal(probe->kept[i].payload, number);
    }
    assert_int_equal(probe_counts(probe).acks_sent, 400);
    assert_int_equal(probe->lost, 0);
}

static void by_name(void **state)
{
    (void)state;
    struct broker plain = plain_listener();
    serve("DNS:localhost", -DAY, DAY, authority);
    messages_come(&plain);
}

static void by_address(void **state)
{
    (void)state;
    struct broker plain = plain_listener();
    serve("IP:127.0.0.1", -DAY, DAY, authority);
    probe_address(probe, "127.0.0.1:%u", broker.port);
    messages_come(&plain);
}

static void by_another_name(void **state)
{
    (void)state;
    struct broker plain = plain_listener();
    serve("DNS:broker.example", -DAY, DAY, authority);
    probe->config.tls_server_name = "broker.example";
    messages_come(&plain);
}

/* More than a TLS record, and than a read, in one message and in many. */
static void large_messages(void **state)
{
    static char large[200 << 10];

    (void)state;
    struct broker plain = plain_listener();
    serve("DNS:localhost", -DAY, DAY, authority);
    probe->config.coalesce_ns = HZ_NS_PER_MS;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    probe->pause_at_message = true;
    broker_publish(&plain, "t/large", large, sizeof(large), 0, false, 20);
    wanted = 1;
    probe_wait(probe, has_wanted);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&probe->loop, UV_RUN_ONCE);
    assert_int_equal(probe->messages, 1);
    probe_pause(probe, false);
    broker_publish(&plain, "t/larger", large, sizeof(large), 1, false, 20);
    wanted = 40;
    probe_wait(probe, has_wanted);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(probe->kept[i].payload_length, sizeof(large));
}

static void an_unknown_authority(void **state)
{
    struct certificate *other = certificate_new("another authority", NULL, -DAY, DAY, NULL);

    (void)state;
    serve("DNS:localhost", -DAY, DAY, other);
    refused("unknown CA");
    probe_assert_reason(probe, ca_file);
    /* the operator puts the right one there: no restart is needed */
    certificate_write(other, ca_file, NULL);
    probe_wait(probe, probe_is_online);
    certificate_free(other);
}

static void a_certificate_that_signs_itself(void **state)
{
    (void)state;
    serve("DNS:localhost", -DAY, DAY, NULL);
    refused("unknown CA");
}

static void an_expired_certificate(void **state)
{
    (void)state;
    serve("DNS:localhost", -2 * DAY, -DAY, authority);
    refused("certificate has expired (20");
}

static void a_certificate_of_the_future(void **state)
{
    (void)state;
    serve("DNS:localhost", DAY, 2 * DAY, authority);
    refused("not valid yet");
}

static void another_host_name(void **state)
{
    (void)state;
    serve("DNS:elsewhere.example", -DAY, DAY, authority);
    refused("host name does not match: the certificate is not for \"localhost\" but for "
            "elsewhere.example");
}

static void another_address(void **state)
{
    (void)state;
    serve("DNS:localhost,IP:127.0.0.2", -DAY, DAY, authority);
    probe_address(probe, "127.0.0.1:%u", broker.port);
    refused("host name does not match");
}

/* A common name is no name (RFC 9525); neither is a part of a wildcard. */
static void only_a_part_of_a_wildcard(void **state)
{
    (void)state;
    serve("DNS:lo*.broker.example", -DAY, DAY, authority);
    probe->config.tls_server_name = "localhost.broker.example";
    refused("host name does not match");
}

static void a_ca_file_that_is_not_there(void **state)
{
    (void)state;
    serve("DNS:localhost", -DAY, DAY, authority);
    probe->config.tls_ca_file = "/nonexistent/ca.pem";
    refused("tls_ca_file /nonexistent/ca.pem can not be used: No such file or directory");
}

static void an_empty_ca_file(void **state)
{
    (void)state;
    serve("DNS:localhost", -DAY, DAY, authority);
    FILE *to = fopen(ca_file, "w");
    assert_non_null(to);
    assert_int_equal(fclose(to), 0);
    refused("can not be used");
}

/* The system's authorities do not know ours. */
static void without_a_ca_file(void **state)
{
    (void)state;
    serve("DNS:localhost", -DAY, DAY, authority);
    probe->config.tls_ca_file = NULL;
    refused("unknown CA: the broker's certificate leads to none in the system's");
}

static void tls_to_a_plain_port(void **state)
{
    (void)state;
    broker.listener[0] = '\0';
    broker_start(&broker);
    probe->config.connect_timeout_ns = 5 * HZ_NS_PER_S;
    refused("during the TLS handshake");
}

static void answer_in_clear(int fd, unsigned connection, void *ctx)
{
    (void)connection;
    (void)ctx;
    (void)stub_send(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    stub_wait(fd);
}

static void tls_to_something_else(void **state)
{
    struct stub *stub = stub_new(NULL, answer_in_clear, NULL);

    (void)state;
    assert_non_null(stub);
    probe_address(probe, "localhost:%u", stub_port(stub));
    refused("TLS: wrong version number during the TLS handshake");
    probe_stop(probe);
    stub_free(stub);
}

static void plain_to_a_tls_port(void **state)
{
    (void)state;
    serve("DNS:localhost", -DAY, DAY, authority);
    probe->config.tls = false;
    refused("while waiting for CONNACK");
}

static void by_tls_1_2(void **state)
{
    (void)state;
    snprintf(broker.listener + strlen(broker.listener),
             sizeof(broker.listener) - strlen(broker.listener), "tls_version tlsv1.2\n");
    serve("DNS:localhost", -DAY, DAY, authority);
    probe_start(probe);
    probe_wait(probe, probe_is_online);
}

/* A server of our own: of TLS 1.1 alone, or one that notes the name asked for. */
static int newest_version;
static char indicated[64];
static _Atomic bool was_indicated; /* stored behind `indicated` */

static void accept_tls(int fd, unsigned connection, void *ctx)
{
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    char path[160];

    (void)connection;
    SSL_CTX_set_security_level(server, 0);
    (void)SSL_CTX_set_min_proto_version(server, TLS1_VERSION);
    (void)SSL_CTX_set_max_proto_version(server, newest_version);
    snprintf(path, sizeof(path), "%s/cert.pem", (const char *)ctx);
    (void)SSL_CTX_use_certificate_file(server, path, SSL_FILETYPE_PEM);
    snprintf(path, sizeof(path), "%s/key.pem", (const char *)ctx);
    (void)SSL_CTX_use_PrivateKey_file(server, path, SSL_FILETYPE_PEM);
    SSL *ssl = SSL_new(server);
    if (SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
        const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        snprintf(indicated, sizeof(indicated), "%s", name ? name : "");
        atomic_store(&was_indicated, true);
    }
    SSL_free(ssl);
    SSL_CTX_free(server);
}

static bool has_been_indicated(struct probe *of)
{
    (void)of;
    return atomic_load(&was_indicated);
}

/* Server name indication: the name, but never an address (RFC 6066, 3). */
static void the_name_is_indicated(void **state)
{
    static const struct {
        const char *host, *indicated;
    } rows[] = {{"localhost", "localhost"}, {"127.0.0.1", ""}};

    (void)state;
    serve("DNS:localhost,IP:127.0.0.1", -DAY, DAY, authority);
    newest_version = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        atomic_store(&was_indicated, false);
        struct stub *stub = stub_new(NULL, accept_tls, broker.directory);
        assert_non_null(stub);
        probe_address(probe, "%s:%u", rows[i].host, stub_port(stub));
        probe_start(probe);
        probe_wait(probe, has_been_indicated);
        probe_stop(probe);
        stub_free(stub);
        assert_string_equal(indicated, rows[i].indicated);
    }
}

static void tls_1_1_is_refused(void **state)
{
    (void)state;
    serve("DNS:localhost", -DAY, DAY, authority);
    newest_version = TLS1_1_VERSION;
    struct stub *stub = stub_new(NULL, accept_tls, broker.directory);
    assert_non_null(stub);
    probe_address(probe, "localhost:%u", stub_port(stub));
    refused("protocol version");
    probe_stop(probe);
    stub_free(stub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_name, begin, end),
        cmocka_unit_test_setup_teardown(by_address, begin, end),
        cmocka_unit_test_setup_teardown(by_another_name, begin, end),
        cmocka_unit_test_setup_teardown(large_messages, begin, end),
        cmocka_unit_test_setup_teardown(an_unknown_authority, begin, end),
        cmocka_unit_test_setup_teardown(a_certificate_that_signs_itself, begin, end),
        cmocka_unit_test_setup_teardown(an_expired_certificate, begin, end),
        cmocka_unit_test_setup_teardown(a_certificate_of_the_future, begin, end),
        cmocka_unit_test_setup_teardown(another_host_name, begin, end),
        cmocka_unit_test_setup_teardown(another_address, begin, end),
        cmocka_unit_test_setup_teardown(only_a_part_of_a_wildcard, begin, end),
        cmocka_unit_test_setup_teardown(a_ca_file_that_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_ca_file, begin, end),
        cmocka_unit_test_setup_teardown(without_a_ca_file, begin, end),
        cmocka_unit_test_setup_teardown(tls_to_a_plain_port, begin, end),
        cmocka_unit_test_setup_teardown(tls_to_something_else, begin, end),
        cmocka_unit_test_setup_teardown(plain_to_a_tls_port, begin, end),
        cmocka_unit_test_setup_teardown(by_tls_1_2, begin, end),
        cmocka_unit_test_setup_teardown(tls_1_1_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(the_name_is_indicated, begin, end),
    };
    (void)mosquitto_lib_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)mosquitto_lib_cleanup();
    return failed;
}
