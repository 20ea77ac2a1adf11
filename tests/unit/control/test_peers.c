/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket's file, who may do what, and peers that mean no good or are just gone: a thousand at
 * once, closed in the middle, half closed, silent, reading nothing.
 */
#include "control_case.h"

#include <grp.h>
#include <sys/resource.h>
#include <sys/wait.h>

static unsigned gone, made;
static char actor[HZ_ACTOR_BYTES_MAX + 1];

static void begin_who(void *ctx, struct hz_control_request *request)
{
    (void)ctx;
    strcpy(actor, hz_control_actor(request));
    hz_control_end(request);
}

static void count_gone(void *state)
{
    (void)state;
    gone++;
}

static void begin_follow(void *ctx, struct hz_control_request *request)
{
    struct hz_control_stream stream = {NULL, count_gone, NULL};

    (void)ctx;
    hz_control_stream(request, &stream);
}

static void next_line(void *state, struct hz_control_request *request)
{
    static const char row[] = "{\"row\":\"0123456789012345678901234567890123456789\"}";

    (void)state;
    made++;
    hz_control_line(request, row, sizeof(row) - 1);
}

static void begin_flood(void *ctx, struct hz_control_request *request)
{
    struct hz_control_stream stream = {next_line, count_gone, NULL};

    (void)ctx;
    hz_control_stream(request, &stream);
}

static const struct hz_control_row rows[] = {
    {"who", HZ_RIGHT_READ, NULL, begin_who},       {"follow", HZ_RIGHT_READ, NULL, begin_follow},
    {"flood", HZ_RIGHT_READ, NULL, begin_flood},   {"ack", HZ_RIGHT_ACK, NULL, begin_who},
    {"shutdown", HZ_RIGHT_ADMIN, NULL, begin_who}, {NULL, HZ_RIGHT_READ, NULL, NULL},
};

#define END    "{\"end\":true}"
#define DENIED "{\"error\":\"'%s' is not permitted: it needs root or %s\",\"code\":-1012}"

static struct control_case *its;

static int begin(void **state)
{
    (void)state;
    gone = made = 0;
    its = case_new(rows, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    case_free(its);
    return 0;
}

/* --- the file --- */

static void the_file_is_for_owner_and_group(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(lstat(its->path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0660);
}

static void a_living_socket_is_left_alone(void **state)
{
    struct hz_control *second = NULL;

    (void)state;
    assert_int_equal(hz_control_new(&its->loop, its->path, rows, NULL, &second), -EADDRINUSE);
    assert_null(second);
    int fd = case_connect(its);
    case_ask(its, fd, "who\n", END);
    close(fd);
}

static void a_dead_socket_is_replaced(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    case_stop(its);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(address.sun_path, its->path);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
    close(dead);
    assert_int_equal(hz_control_new(&its->loop, its->path, rows, NULL, &its->control), 0);
    int fd = case_connect(its);
    case_ask(its, fd, "who\n", END);
    close(fd);
}

static void what_is_no_socket_is_left_alone(void **state)
{
    struct hz_control *control = NULL;
    struct stat status;

    (void)state;
    case_stop(its);
    FILE *file = fopen(its->path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(hz_control_new(&its->loop, its->path, rows, NULL, &control), -ENOTSOCK);
    assert_int_equal(lstat(its->path, &status), 0);
    assert_int_equal(unlink(its->path), 0);
}

static void paths_that_can_not_be_are_refused(void **state)
{
    struct hz_control *control = NULL;
    char path[120];

    (void)state;
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[108] = '\0';
    assert_int_equal(hz_control_new(&its->loop, path, rows, NULL, &control), -ENAMETOOLONG);
    assert_int_equal(hz_control_new(&its->loop, "", rows, NULL, &control), -EINVAL);
    assert_int_equal(hz_control_new(&its->loop, "/nowhere/at/all/s", rows, NULL, &control),
                     -ENOENT);
}

static void the_file_of_another_daemon_stays(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(unlink(its->path), 0); /* a stray rm; then somebody else starts */
    struct control_case *second = case_new(rows, NULL);
    assert_int_equal(rename(second->path, its->path), 0);
    case_stop(its);
    assert_int_equal(lstat(its->path, &status), 0);
    assert_int_equal(rename(its->path, second->path), 0);
    case_free(second);
}

/* --- rights --- */

static void rights_by_user_and_groups(void **state)
{
    static const struct control_rights rights = {.own = 100, .readers = 7, .admins = 8};
    static const gid_t none[] = {1, 2}, reader[] = {1, 7}, admin[] = {8}, both[] = {7, 8};
    static const struct control_rights bare = {100, CONTROL_NO_GROUP, CONTROL_NO_GROUP};
    static const gid_t overflow[] = {CONTROL_NO_GROUP};

    (void)state;
    assert_int_equal(control__right(&rights, 0, none, 2), HZ_RIGHT_ADMIN);
    assert_int_equal(control__right(&rights, 100, none, 2), HZ_RIGHT_ADMIN);
    assert_int_equal(control__right(&rights, 101, none, 2), 0);
    assert_int_equal(control__right(&rights, 101, reader, 0), 0);
    assert_int_equal(control__right(&rights, 101, reader, 2), HZ_RIGHT_ACK);
    assert_int_equal(control__right(&rights, 101, admin, 1), HZ_RIGHT_ADMIN);
    assert_int_equal(control__right(&rights, 101, both, 2), HZ_RIGHT_ADMIN);
    assert_int_equal(control__right(&bare, 101, overflow, 1), 0);
}

static void a_user_has_a_name_or_a_number(void **state)
{
    char name[HZ_ACTOR_BYTES_MAX + 1];

    (void)state;
    control__user_name(0, name);
    assert_string_equal(name, "root");
    control__user_name(3999999999u, name);
    assert_string_equal(name, "uid 3999999999");
}

/* A child with another user and other groups connects and keeps the connection, which is handed over
 * by fork's shared descriptor: the kernel's credentials stay those of the child. */
static int connect_as(uid_t uid, gid_t gid, size_t count, const gid_t *groups)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), status;

    strcpy(address.sun_path, its->path);
    assert_int_equal(chmod(its->path, 0666), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(setgroups(count, groups) < 0 || setresgid(gid, gid, gid) < 0 ||
              setresuid(uid, uid, uid) < 0 ||
              connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return fd;
}

static void expect_denied(int fd, const char *verb, const char *group)
{
    char request[64], answer[256];

    snprintf(request, sizeof(request), "%s\n", verb);
    snprintf(answer, sizeof(answer), DENIED, verb, group);
    case_ask(its, fd, request, answer);
}

static void the_kernel_says_who_asks(void **state)
{
    gid_t many[200] = {0};
    int fd;

    (void)state;
    if (geteuid() != 0)
        skip();
    its->control->rights.readers = 40007;
    its->control->rights.admins = 40008;

    fd = connect_as(40001, 40001, 0, NULL);
    expect_denied(fd, "who", "group hazard or hazard-admin");
    expect_denied(fd, "ack", "group hazard or hazard-admin");
    expect_denied(fd, "shutdown", "group hazard-admin");
    close(fd);

    fd = connect_as(40001, 40007, 0, NULL); /* by the primary group */
    case_ask(its, fd, "who\n", END);
    assert_string_equal(actor, "uid 40001");
    case_ask(its, fd, "ack\n", END);
    expect_denied(fd, "shutdown", "group hazard-admin");
    close(fd);

    for (gid_t i = 0; i < 200; i++)
        many[i] = 50000 + i;
    many[199] = 40008; /* by the last of many */
    fd = connect_as(40001, 40001, 200, many);
    case_ask(its, fd, "shutdown\n", END);
    close(fd);

    its->control->rights.own = 40001;
    fd = connect_as(40001, 40001, 0, NULL);
    case_ask(its, fd, "shutdown\n", END);
    close(fd);
    assert_int_equal(case_counts(its).denied, 4);
}

static void root_is_called_by_name(void **state)
{
    int fd = case_connect(its);

    (void)state;
    if (geteuid() != 0)
        skip();
    case_ask(its, fd, "shutdown\n", END);
    assert_string_equal(actor, "root");
    close(fd);
}

static uv_sem_t held;

static void work_held(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&held);
}

static void work_done(uv_work_t *work, int status)
{
    (void)work;
    (void)status;
}

/* All threads of libuv's pool are busy, as when a name service hangs: the request waits two ticks, then
 * the number has to do; that the name comes after the connection is gone harms nobody. */
static void a_name_service_that_hangs_holds_nobody_up(void **state)
{
    enum { THREADS = 4 }; /* libuv's default */
    static uv_work_t works[THREADS];
    char number[32];
    int fd;

    (void)state;
    assert_int_equal(uv_sem_init(&held, 0), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(uv_queue_work(&its->loop, &works[i], work_held, work_done), 0);
    fd = case_connect(its);
    assert_int_equal(send(fd, "who\n", 4, 0), 4);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    CASE_UNTIL(its, its->control->connections[0] && its->control->connections[0]->read_ended);
    control__tick(its->control);
    for (int i = 0; i < 20; i++)
        uv_run(&its->loop, UV_RUN_NOWAIT);
    assert_int_equal(case_counts(its).requests, 0);
    control__tick(its->control);
    case_expect(its, fd, END);
    snprintf(number, sizeof(number), "uid %lu", (unsigned long)geteuid());
    assert_string_equal(actor, number);
    CASE_UNTIL(its, case_counts(its).open == 0);
    for (int i = 0; i < THREADS; i++)
        uv_sem_post(&held);
    close(fd);
}

/* --- hostile and unlucky peers --- */

static void a_thousand_connect_and_the_others_are_told(void **state)
{
    enum { COUNT = 1000 };
    static int fds[COUNT];
    struct rlimit limit;
    unsigned told = 0, count = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (; count < COUNT && count + 100 < limit.rlim_cur; count++) {
        while ((fds[count] = case_try_connect(its->path)) == -EAGAIN)
            case_turn(its, -1, 0); /* the backlog is full */
        assert_true(fds[count] >= 0);
    }
    CASE_UNTIL(its, case_counts(its).connections + case_counts(its).turned_away == count);
    assert_int_equal(case_counts(its).open, CONTROL_CONNECTIONS_MAX);
    for (unsigned i = 0; i < count; i++) {
        ssize_t sent = send(fds[i], "who\n", 4, MSG_NOSIGNAL);
        const char *said = case_line(its, fds[i]);

        if (strcmp(said, END) == 0 && sent == 4)
            continue;
        assert_string_equal(said,
                            "{\"error\":\"too many connections, try again later\",\"code\":-1003}");
        case_expect(its, fds[i], "");
        told++;
    }
    assert_int_equal(told, count - CONTROL_CONNECTIONS_MAX);
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    CASE_UNTIL(its, case_counts(its).open == 0);
    int fd = case_connect(its);
    case_ask(its, fd, "who\n", END);
    close(fd);
}

static void without_descriptors_accepting_pauses(void **state)
{
    struct rlimit limit, tight;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int fd = case_connect(its);
    tight = limit;
    tight.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    CASE_UNTIL(its, its->control->accept_pauses);
    assert_int_equal(case_counts(its).open, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    control__tick(its->control);
    case_ask(its, fd, "who\n", END);
    close(fd);
}

/* Connected, and its user's name known: what it asks is begun at once. */
static int connect_named(void)
{
    int fd = case_connect(its);

    CASE_UNTIL(its, its->control->connections[0] && its->control->connections[0]->named);
    return fd;
}

static void a_peer_may_leave_at_any_moment(void **state)
{
    static const char *const said[] = {"",         "wh",      "who\n",
                                       "follow\n", "flood\n", "follow\nwho\nwho\n"};
    uint64_t connections = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        for (int turns = 0; turns < 12; turns++) {
            int fd = turns % 2 ? connect_named() : case_connect(its);

            case_send(its, fd, said[i]);
            for (int turn = 0; turn < turns; turn++)
                uv_run(&its->loop, UV_RUN_NOWAIT);
            (void)uv_timer_stop(&its->control->tick); /* by the event, not by the tick */
            close(fd);
            connections++;
            CASE_UNTIL(its, case_counts(its).connections == connections);
            CASE_UNTIL(its, case_counts(its).open == 0);
        }
    }
    assert_true(gone >= 6);
    assert_true(case_counts(its).cut_off >= gone);
}

/* Its input is full, so that nothing is read; its going is seen all the same. */
static void a_peer_that_shouts_and_leaves_is_seen(void **state)
{
    char text[3 * CONTROL_LINE_BYTES_MAX];
    int fd = connect_named();

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "who\n"[i % 4];
    case_send(its, fd, "follow\n");
    case_send_bytes(its, fd, text, sizeof(text));
    CASE_UNTIL(its, its->control->connections[0]->input_length == CONTROL_LINE_BYTES_MAX + 1);
    assert_int_equal(case_counts(its).requests, 1);
    (void)uv_timer_stop(&its->control->tick); /* by the event, not by the tick */
    close(fd);
    CASE_UNTIL(its, gone == 1);
    assert_int_equal(case_counts(its).open, 0);
    assert_int_equal(case_counts(its).cut_off, 1);
}

static void a_peer_that_only_listens_on_is_answered(void **state)
{
    int fd = case_connect(its);

    (void)state;
    assert_int_equal(send(fd, "who\nwho\nhalf", 12, 0), 12);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    case_expect(its, fd, END);
    case_expect(its, fd, END);
    case_expect(its, fd, "");
    close(fd);
    CASE_UNTIL(its, case_counts(its).open == 0);
    assert_int_equal(case_counts(its).cut_off, 0);
}

/* No event tells that a half-closed peer has left altogether: the tick looks. */
static void a_half_closed_peer_that_leaves_is_found(void **state)
{
    int fd = case_connect(its);

    (void)state;
    case_send(its, fd, "follow\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    CASE_UNTIL(its, case_counts(its).requests == 1);
    CASE_UNTIL(its, its->control->connections[0]->half_closed);
    for (int i = 0; i < 20; i++)
        uv_run(&its->loop, UV_RUN_NOWAIT);
    control__tick(its->control);
    assert_int_equal(gone, 0);
    close(fd);
    control__tick(its->control);
    assert_int_equal(gone, 1);
    assert_int_equal(case_counts(its).open, 0);
}

static void tick(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        control__tick(its->control);
}

static void who_keeps_a_place_without_asking_is_sent_away(void **state)
{
    int silent = case_connect(its), half = case_connect(its), follows = case_connect(its);

    (void)state;
    case_send(its, half, "wh");
    case_send(its, follows, "follow\n");
    CASE_UNTIL(its, case_counts(its).requests == 1);
    CASE_UNTIL(its, its->control->connections[0]->named && its->control->connections[1]->named);
    tick(CONTROL_IDLE_TICKS - 1);
    case_send(its, half, "o"); /* more of the half line does not count */
    assert_int_equal(case_counts(its).timed_out, 0);
    tick(1);
    assert_int_equal(case_counts(its).timed_out, 2);
    case_expect(its, silent, "");
    case_expect(its, half, "");
    tick(3 * CONTROL_STALLED_TICKS);
    assert_int_equal(case_counts(its).open, 1); /* who waits for us has all the time */
    close(silent);
    close(half);
    close(follows);
}

/* Until all that the kernel holds for the peer is full. */
static void turn_until_stuck(void)
{
    unsigned before;

    do {
        before = made;
        for (int i = 0; i < 100; i++)
            uv_run(&its->loop, UV_RUN_NOWAIT);
    } while (made == 0 || made != before);
}

static void who_reads_nothing_is_sent_away_late(void **state)
{
    int fd = case_connect(its);

    (void)state;
    case_send(its, fd, "flood\n");
    turn_until_stuck();
    tick(CONTROL_STALLED_TICKS - 1);
    assert_int_equal(case_counts(its).timed_out, 0);
    for (int i = 0; i < 10000; i++) /* half a megabyte taken: the patience begins anew */
        (void)case_line(its, fd);
    turn_until_stuck();
    tick(CONTROL_STALLED_TICKS - 1);
    assert_int_equal(case_counts(its).timed_out, 0);
    tick(1);
    assert_int_equal(case_counts(its).timed_out, 1);
    assert_int_equal(gone, 1);
    close(fd);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(the_file_is_for_owner_and_group),
        T(a_living_socket_is_left_alone),
        T(a_dead_socket_is_replaced),
        T(what_is_no_socket_is_left_alone),
        T(paths_that_can_not_be_are_refused),
        T(the_file_of_another_daemon_stays),
        cmocka_unit_test(rights_by_user_and_groups),
        cmocka_unit_test(a_user_has_a_name_or_a_number),
        T(the_kernel_says_who_asks),
        T(root_is_called_by_name),
        T(a_name_service_that_hangs_holds_nobody_up),
        T(a_thousand_connect_and_the_others_are_told),
        T(without_descriptors_accepting_pauses),
        T(a_peer_may_leave_at_any_moment),
        T(a_peer_that_shouts_and_leaves_is_seen),
        T(a_peer_that_only_listens_on_is_answered),
        T(a_half_closed_peer_that_leaves_is_found),
        T(who_keeps_a_place_without_asking_is_sent_away),
        T(who_reads_nothing_is_sent_away_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
