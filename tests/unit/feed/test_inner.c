/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner socket: private from its first moment, for one connection of this very process, gone
 * afterwards.
 */
#include "feed_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64], path[108];
static struct feed_inner inner;
static struct feed_reason why;

static int begin(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/hz-inner-XXXXXX");
    assert_non_null(mkdtemp(directory));
    assert_int_equal(feed__inner_path(directory, "city", path, sizeof(path)), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    feed__inner_close(&inner);
    assert_int_equal(rmdir(directory), 0); /* no name is left */
    return 0;
}

static int connect_to_it(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void it_is_private(void **state)
{
    struct stat seen;
    mode_t mask = umask(0); /* the mode is not the mask's doing */

    (void)state;
    assert_int_equal(feed__inner_listen(&inner, path, &why), 0);
    (void)umask(mask);
    assert_int_equal(stat(path, &seen), 0);
    assert_true(S_ISSOCK(seen.st_mode));
    assert_int_equal(seen.st_mode & 0777, 0600);
}

static void it_takes_one_connection(void **state)
{
    char byte = 0;

    (void)state;
    assert_int_equal(feed__inner_listen(&inner, path, &why), 0);
    int fd = connect_to_it();
    assert_true(fd >= 0);
    assert_int_equal(feed__inner_accept(&inner, &why), 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(connect_to_it(), -1);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(read(inner.fd, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(fd);
}

/* Should one of the same user be quicker: refused, and said. */
static void it_refuses_another_process(void **state)
{
    int status, told[2];
    char expected[64], byte = 0;

    (void)state;
    assert_int_equal(pipe(told), 0);
    assert_int_equal(feed__inner_listen(&inner, path, &why), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = connect_to_it();
        (void)!write(told[1], fd >= 0 ? "y" : "n", 1);
        (void)!read(fd, &byte, 1); /* until it is thrown out */
        _exit(0);
    }
    assert_int_equal(read(told[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(feed__inner_accept(&inner, &why), HZ_EDENIED);
    snprintf(expected, sizeof(expected), "process %d was there first", (int)child);
    assert_non_null(strstr(why.text, expected));
    assert_int_equal(inner.fd, -1);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(told[0]);
    close(told[1]);
}

static void without_a_connection(void **state)
{
    (void)state;
    assert_int_equal(feed__inner_listen(&inner, path, &why), 0);
    assert_int_equal(feed__inner_accept(&inner, &why), -EAGAIN);
    assert_int_equal(access(path, F_OK), -1);
}

static void without_a_directory(void **state)
{
    (void)state;
    assert_int_equal(feed__inner_listen(&inner, "/nonexistent/x.sock", &why), -ENOENT);
    assert_non_null(strstr(why.text, "/nonexistent/x.sock: bind: No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_private, begin, end),
        cmocka_unit_test_setup_teardown(it_takes_one_connection, begin, end),
        cmocka_unit_test_setup_teardown(it_refuses_another_process, begin, end),
        cmocka_unit_test_setup_teardown(without_a_connection, begin, end),
        cmocka_unit_test_setup_teardown(without_a_directory, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
