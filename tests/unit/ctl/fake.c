/* SPDX-License-Identifier: Apache-2.0
 *
 * The fake daemon and the runs of hazardctl.
 */
#include "fake.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define DEADLINE_S 30

const char *fake_program;

static void turn_until(struct fake *fake, bool (*done)(const void *with), const void *with);

/* --- the daemon's side --- */

static void remember(struct fake *fake, struct hz_control_request *request, const char *verb,
                     const char *names)
{
    struct hz_text text = hz_text_in(fake->request, sizeof(fake->request));
    char list[128];

    strcpy(list, names);
    hz_text_puts(&text, verb);
    for (char *rest = list, *name; (name = strsep(&rest, " "));) {
        const char *value = hz_control_argument(request, name + (*name == '!'));

        if (value)
            hz_text_format(&text, "|%s=%s", name + (*name == '!'), value);
    }
}

static void answer(struct hz_control_request *request, const char *lines)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");

        hz_control_line(request, lines, length);
        lines += length + 1;
    }
}

#define COMMAND(verb, names)                                                                       \
    static void begin_##verb(void *ctx, struct hz_control_request *request)                        \
    {                                                                                              \
        remember(ctx, request, #verb, names);                                                      \
        answer(request, fake_answer(#verb));                                                       \
        hz_control_end(request);                                                                   \
    }

COMMAND(feeds, "")
COMMAND(coverage, "by below")
COMMAND(unknown, "")
COMMAND(metrics, "prometheus")

static void not_held(void *state)
{
    struct fake *fake = state;

    fake->held = NULL;
}

static void hold(struct fake *fake, struct hz_control_request *request)
{
    struct hz_control_stream stream = {.gone = not_held, .state = fake};

    fake->held = request;
    hz_control_stream(request, &stream);
}

static void answer_many(struct hz_control_request *request, const char *name)
{
    for (int i = 0; i < 5000; i++) {
        char line[64];

        (void)snprintf(line, sizeof(line), "{\"%s\":\"a-%d\",\"sev\":\"blue\"}", name, i);
        hz_control_line(request, line, strlen(line));
    }
}

static bool is(const char *value, const char *word)
{
    return value && strcmp(value, word) == 0;
}

static void begin_status(void *ctx, struct hz_control_request *request)
{
    struct fake *fake = ctx;

    remember(ctx, request, "status", "");
    if (fake->mute) {
        hold(ctx, request);
        return;
    }
    answer(request, fake_answer("status"));
    hz_control_end(request);
}

/* Enterprise "empty" has no alarms, "silent" gets no answer, "many" has five thousand. */
static void begin_alarms(void *ctx, struct hz_control_request *request)
{
    const char *enterprise = hz_control_argument(request, "enterprise");

    remember(ctx, request, "alarms", "severity enterprise all limit");
    if (is(enterprise, "silent")) {
        hold(ctx, request);
        return;
    }
    if (is(enterprise, "many"))
        answer_many(request, "alarm");
    else if (!is(enterprise, "empty"))
        answer(request, fake_answer("alarms"));
    hz_control_end(request);
}

static void begin_ack(void *ctx, struct hz_control_request *request)
{
    const char *alarm = hz_control_argument(request, "alarm");

    remember(ctx, request, "ack", "!alarm reason");
    if (strcmp(alarm, "none") == 0) {
        hz_control_fail(request, HZ_ENOTFOUND, "there is no alarm 'none\x1b[0m'");
        return;
    }
    answer(request, fake_answer("ack"));
    hz_control_end(request);
}

static void begin_points(void *ctx, struct hz_control_request *request)
{
    remember(ctx, request, "points", "enterprise hazard glob stale invalid");
    if (is(hz_control_argument(request, "enterprise"), "many"))
        answer_many(request, "point");
    else
        answer(request, fake_answer("points"));
    hz_control_end(request);
}

static void begin_tail(void *ctx, struct hz_control_request *request)
{
    remember(ctx, request, "tail", "from follow count");
    if (hz_control_argument(request, "follow")) {
        hold(ctx, request);
        return;
    }
    answer(request, fake_answer("tail"));
    hz_control_end(request);
}

static const struct hz_control_row rows[] = {
    {"status", HZ_RIGHT_READ, NULL, begin_status},
    {"feeds", HZ_RIGHT_READ, NULL, begin_feeds},
    {"alarms", HZ_RIGHT_READ, "severity enterprise all limit", begin_alarms},
    {"ack", HZ_RIGHT_ACK, "!alarm reason", begin_ack},
    {"points", HZ_RIGHT_READ, "enterprise hazard glob stale invalid", begin_points},
    {"coverage", HZ_RIGHT_READ, "by below", begin_coverage},
    {"unknown", HZ_RIGHT_READ, NULL, begin_unknown},
    {"metrics", HZ_RIGHT_READ, "prometheus", begin_metrics},
    {"tail", HZ_RIGHT_READ, "from follow count", begin_tail},
    {NULL, HZ_RIGHT_READ, NULL, NULL},
};

struct fake *fake_new(void)
{
    struct fake *fake = calloc(1, sizeof(*fake));

    assert_non_null(fake);
    hz_role_take(&hz_output);
    (void)signal(SIGPIPE, SIG_IGN);
    strcpy(fake->directory, "/tmp/hz-ctl-XXXXXX");
    assert_non_null(mkdtemp(fake->directory));
    (void)snprintf(fake->path, sizeof(fake->path), "%s/s", fake->directory);
    assert_int_equal(uv_loop_init(&fake->loop), 0);
    fake_start(fake);
    return fake;
}

void fake_start(struct fake *fake)
{
    assert_int_equal(hz_control_new(&fake->loop, fake->path, rows, fake, &fake->control), 0);
}

static bool has_closed(const void *flag)
{
    return *(const bool *)flag;
}

static void set_closed(void *flag)
{
    *(bool *)flag = true;
}

/* hazardctl may run on. */
void fake_stop(struct fake *fake)
{
    bool closed = false;

    hz_control_stop(fake->control, set_closed, &closed);
    fake->control = NULL;
    turn_until(fake, has_closed, &closed);
}

static void stop_control(struct fake *fake)
{
    if (fake->control)
        hz_control_stop(fake->control, NULL, NULL);
    fake->control = NULL;
    (void)uv_run(&fake->loop, UV_RUN_DEFAULT);
}

void fake_free(struct fake *fake)
{
    stop_control(fake);
    assert_int_equal(uv_loop_close(&fake->loop), 0);
    (void)unlink(fake->path); /* when somebody else spoke there */
    assert_int_equal(rmdir(fake->directory), 0);
    free(fake);
}

/* --- hazardctl's side --- */

struct stream {
    uv_pipe_t pipe;
    char *text;
    size_t length;
    bool ended;
};

static struct run {
    uv_process_t process;
    struct stream out, err;
    bool exited;
    int code;
    struct ran ran;
} run;

static char out_room[FAKE_OUT_BYTES], err_room[1 << 16];

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct stream *stream = handle->data;
    size_t room = stream == &run.out ? sizeof(out_room) : sizeof(err_room);

    (void)suggested;
    *ret_buffer = uv_buf_init(stream->text + stream->length, (unsigned)(room - 1 - stream->length));
}

static void take(uv_stream_t *handle, ssize_t got, const uv_buf_t *buffer)
{
    struct stream *stream = handle->data;

    (void)buffer;
    if (got > 0) {
        stream->length += (size_t)got;
        stream->text[stream->length] = '\0';
    } else if (got < 0) {
        assert_int_equal(got, UV_EOF);
        stream->ended = true;
        uv_close((uv_handle_t *)handle, NULL);
    }
}

static void begin_stream(struct fake *fake, struct stream *stream, char *room)
{
    *stream = (struct stream){.text = room};
    room[0] = '\0';
    assert_int_equal(uv_pipe_init(&fake->loop, &stream->pipe, 0), 0);
    stream->pipe.data = stream;
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    run.exited = true;
    run.code = signal ? -signal : (int)status;
    uv_close((uv_handle_t *)process, NULL);
}

static void spawn(struct fake *fake, const uv_stdio_container_t *stdio,
                  const char *const *environment, const char *const *arguments)
{
    char *argv[32] = {(char *)(uintptr_t)fake_program}, *env[16] = {0}, socket[128];
    unsigned count = 0;

    for (unsigned i = 0; arguments[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    (void)snprintf(socket, sizeof(socket), "HAZARDD_SOCKET=%s", fake->path);
    for (; environment && *environment; environment++) /* the first of a name counts */
        env[count++] = (char *)(uintptr_t)*environment;
    env[count++] = socket;
    env[count++] = (char *)(uintptr_t) "TZ=UTC";
    uv_process_options_t options = {.exit_cb = on_exit_of,
                                    .file = fake_program,
                                    .args = argv,
                                    .env = env,
                                    .stdio_count = 3,
                                    .stdio = (uv_stdio_container_t *)(uintptr_t)stdio};
    assert_int_equal(uv_spawn(&fake->loop, &run.process, &options), 0);
}

void fake_begin(struct fake *fake, const char *const *environment, const char *const *arguments)
{
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}};

    run = (struct run){0};
    begin_stream(fake, &run.out, out_room);
    begin_stream(fake, &run.err, err_room);
    stdio[1].flags = stdio[2].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
    stdio[1].data.stream = (uv_stream_t *)&run.out.pipe;
    stdio[2].data.stream = (uv_stream_t *)&run.err.pipe;
    spawn(fake, stdio, environment, arguments);
    assert_int_equal(uv_read_start((uv_stream_t *)&run.out.pipe, allocate, take), 0);
    assert_int_equal(uv_read_start((uv_stream_t *)&run.err.pipe, allocate, take), 0);
}

static void ring(uv_timer_t *timer)
{
    (void)timer;
    (void)fprintf(stderr, "out:\n%s\nerr:\n%s\n", out_room, err_room);
    fail_msg("waited for hazardctl in vain");
}

/* Turns the loop until `done`; a timer is the dead-line. */
static void turn_until(struct fake *fake, bool (*done)(const void *with), const void *with)
{
    uv_timer_t timer;

    assert_int_equal(uv_timer_init(&fake->loop, &timer), 0);
    assert_int_equal(uv_timer_start(&timer, ring, DEADLINE_S * 1000, 0), 0);
    while (!done(with))
        (void)uv_run(&fake->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&fake->loop, UV_RUN_NOWAIT); /* the timer lies on this stack */
}

static bool has_ended(const void *with)
{
    (void)with;
    return run.exited && run.out.ended && run.err.ended;
}

static bool shows(const void *text)
{
    return strstr(out_room, text) != NULL;
}

void fake_wait_output(struct fake *fake, const char *text)
{
    turn_until(fake, shows, text);
}

static void set_true(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static bool is_true(const void *flag)
{
    return *(const bool *)flag;
}

void fake_pass_ms(struct fake *fake, unsigned ms)
{
    bool passed = false;
    uv_timer_t timer = {.data = &passed};

    assert_int_equal(uv_timer_init(&fake->loop, &timer), 0);
    assert_int_equal(uv_timer_start(&timer, set_true, ms, 0), 0);
    turn_until(fake, is_true, &passed);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&fake->loop, UV_RUN_NOWAIT); /* the timer lies on this stack */
}

void fake_signal(int signal)
{
    assert_int_equal(uv_process_kill(&run.process, signal), 0);
}

const struct ran *fake_end(struct fake *fake)
{
    turn_until(fake, has_ended, NULL);
    run.ran = (struct ran){run.code, out_room, err_room};
    return &run.ran;
}

const struct ran *fake_run(struct fake *fake, const char *const *environment,
                           const char *const *arguments)
{
    fake_begin(fake, environment, arguments);
    return fake_end(fake);
}

static bool has_exited(const void *with)
{
    (void)with;
    return run.exited;
}

const struct ran *fake_run_on_terminal(struct fake *fake, const char *const *environment,
                                       const char *const *arguments)
{
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}};
    int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    assert_true(ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0);
    int its = open(ptsname(ours), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(its >= 0);
    run = (struct run){0};
    stdio[1] = stdio[2] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = its};
    spawn(fake, stdio, environment, arguments);
    turn_until(fake, has_exited, NULL);
    close(its); /* the last one: what is on the way still comes, then EIO */
    size_t length = 0;
    for (ssize_t got; (got = read(ours, out_room + length, sizeof(out_room) - 1 - length)) > 0;)
        length += (size_t)got;
    out_room[length] = '\0';
    close(ours);
    run.ran = (struct ran){run.code, out_room, NULL};
    return &run.ran;
}

/* --- a terminal, with keys --- */

static struct {
    int ours, its;
    uv_poll_t poll;
    struct termios before;
} pty;

static void take_screen(uv_poll_t *poll, int status, int events)
{
    ssize_t got = read(pty.ours, out_room + run.out.length, sizeof(out_room) - 1 - run.out.length);

    (void)poll;
    (void)status;
    (void)events;
    run.out.length += got > 0 ? (size_t)got : 0;
    out_room[run.out.length] = '\0';
}

void fake_resize(unsigned width, unsigned height)
{
    struct winsize size = {.ws_col = (unsigned short)width, .ws_row = (unsigned short)height};

    assert_int_equal(ioctl(pty.its, TIOCSWINSZ, &size), 0);
    if (!run.exited && run.process.pid > 0)
        fake_signal(SIGWINCH); /* it is nobody's controlling terminal */
}

void fake_begin_on_terminal(struct fake *fake, unsigned width, unsigned height,
                            const char *const *environment, const char *const *arguments)
{
    uv_stdio_container_t stdio[3];

    run = (struct run){0};
    out_room[0] = err_room[0] = '\0';
    pty.ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(pty.ours >= 0 && grantpt(pty.ours) == 0 && unlockpt(pty.ours) == 0);
    pty.its = open(ptsname(pty.ours), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(pty.its >= 0);
    assert_int_equal(tcgetattr(pty.its, &pty.before), 0);
    fake_resize(width, height);
    stdio[0] = stdio[1] = stdio[2] =
        (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = pty.its};
    spawn(fake, stdio, environment, arguments);
    assert_int_equal(uv_poll_init(&fake->loop, &pty.poll, pty.ours), 0);
    assert_int_equal(uv_poll_start(&pty.poll, UV_READABLE, take_screen), 0);
}

void fake_type(const char *keys)
{
    assert_int_equal(write(pty.ours, keys, strlen(keys)), (ssize_t)strlen(keys));
}

void fake_forget_output(void)
{
    run.out.length = 0;
    out_room[0] = '\0';
}

const char *fake_output(void)
{
    return out_room;
}

const struct ran *fake_end_on_terminal(struct fake *fake, bool *ret_as_before)
{
    struct termios after;

    turn_until(fake, has_exited, NULL);
    uv_close((uv_handle_t *)&pty.poll, NULL);
    (void)uv_run(&fake->loop, UV_RUN_NOWAIT);
    assert_int_equal(tcgetattr(pty.its, &after), 0);
    *ret_as_before = after.c_lflag == pty.before.c_lflag && after.c_iflag == pty.before.c_iflag;
    close(pty.its); /* the last one: what is on the way still comes, then EIO */
    for (ssize_t got; (got = read(pty.ours, out_room + run.out.length,
                                  sizeof(out_room) - 1 - run.out.length)) > 0;)
        run.out.length += (size_t)got;
    out_room[run.out.length] = '\0';
    close(pty.ours);
    run.ran = (struct ran){run.code, out_room, err_room};
    return &run.ran;
}

static bool is_stopped(void)
{
    char path[64], state = '?';

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", run.process.pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
    (void)fclose(file);
    return state == 'T';
}

void fake_wait_stopped(struct fake *fake)
{
    for (int i = 0; !is_stopped(); i++) {
        assert_true(i < DEADLINE_S * 100);
        fake_pass_ms(fake, 10);
    }
}

/* --- somebody else behind the socket --- */

static const char *to_say;
static uv_pipe_t speaker;

static void speak(uv_stream_t *server, int status)
{
    static uv_pipe_t client;
    uv_buf_t bytes = uv_buf_init((char *)(uintptr_t)to_say, (unsigned)strlen(to_say));

    assert_int_equal(status, 0);
    assert_int_equal(uv_pipe_init(server->loop, &client, 0), 0);
    assert_int_equal(uv_accept(server, (uv_stream_t *)&client), 0);
    assert_int_equal(uv_try_write((uv_stream_t *)&client, &bytes, 1), bytes.len);
    uv_close((uv_handle_t *)&client, NULL);
    uv_close((uv_handle_t *)server, NULL);
}

void fake_say_and_close(struct fake *fake, const char *bytes)
{
    stop_control(fake);
    to_say = bytes;
    assert_int_equal(uv_pipe_init(&fake->loop, &speaker, 0), 0);
    assert_int_equal(uv_pipe_bind(&speaker, fake->path), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&speaker, 8, speak), 0);
}
