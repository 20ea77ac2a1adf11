/* SPDX-License-Identifier: Apache-2.0
 *
 * A full screen, without a library: the alternate screen, keys as they are pressed, the size. Signals
 * come through a descriptor, so that one poll waits for all there is. What must stay true: the terminal
 * is given back as it was at every end but SIGKILL's, also when stopped by Ctrl-Z and when we crash.
 */
#include "ctl_top.h"

#include "hz_clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#define ENTER "\x1b[?1049h\x1b[?25l\x1b[2J" /* alternate screen, no cursor */
#define LEAVE "\x1b[0m\x1b[?25h\x1b[?1049l"

static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/* Of the process: the handler of a crash must find it. */
static struct {
    struct termios before;
    volatile sig_atomic_t taken;
    bool keys; /* stdin is a terminal */
    int signals;
    sigset_t mask_before;
} terminal = {.signals = -1};

static void write_all(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t done = write(STDOUT_FILENO, text, length);

        if (done < 0 && errno != EINTR)
            return;
        text += done > 0 ? done : 0;
        length -= done > 0 ? (size_t)done : 0;
    }
}

/* Calls only what signal-safety(7) allows. */
static void give_back(void)
{
    if (!terminal.taken)
        return;
    terminal.taken = 0;
    write_all(LEAVE, sizeof(LEAVE) - 1);
    if (terminal.keys)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.before);
}

static void take(void)
{
    struct termios raw = terminal.before;

    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* Ctrl-C and Ctrl-Z stay signals */
    raw.c_iflag &= ~(tcflag_t)IXON;            /* Ctrl-S would hold a write for ever */
    if (terminal.keys)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    terminal.taken = 1;
    write_all(ENTER, sizeof(ENTER) - 1);
}

static void crashed(int signal)
{
    give_back();
    (void)raise(signal); /* SA_RESETHAND: this one is fatal */
}

static void measure(struct ctl_screen *screen)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;

    screen->width = known ? size.ws_col : 80;
    screen->height = known ? size.ws_row : 24;
}

int ctl_screen_open(struct ctl_screen *ret_screen)
{
    static const int ours[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT};
    struct sigaction crash = {.sa_handler = crashed, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
    sigset_t mask;

    *ret_screen = (struct ctl_screen){0};
    (void)sigemptyset(&mask);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        (void)sigaddset(&mask, ours[i]);
    terminal.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (terminal.signals < 0)
        return -errno;
    (void)sigprocmask(SIG_BLOCK, &mask, &terminal.mask_before);
    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        (void)sigaction(fatal[i], &crash, NULL);
    terminal.keys = tcgetattr(STDIN_FILENO, &terminal.before) == 0;
    measure(ret_screen);
    take();
    return 0;
}

/* Dies of the signal that ended it, so that whoever started us sees that. */
void ctl_screen_close(struct ctl_screen *screen)
{
    give_back();
    (void)close(terminal.signals);
    terminal.signals = -1;
    if (screen->signal != 0)
        (void)signal(screen->signal, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &terminal.mask_before, NULL);
    if (screen->signal != 0)
        (void)raise(screen->signal);
}

/* Ctrl-Z: the shell gets its terminal; we are here again when it says so. */
static void stop(void)
{
    give_back();
    (void)raise(SIGSTOP);
    take();
}

/* True: to be drawn anew. */
static bool take_signals(struct ctl_screen *screen)
{
    struct signalfd_siginfo what;
    bool anew = false;

    while (read(terminal.signals, &what, sizeof(what)) == (ssize_t)sizeof(what)) {
        switch (what.ssi_signo) {
        case SIGWINCH:
        case SIGCONT:
            measure(screen);
            anew = true;
            break;
        case SIGTSTP:
            stop();
            measure(screen);
            anew = true;
            break;
        case SIGINT:
            screen->quit = true;
            break;
        default:
            screen->quit = true;
            screen->signal = (int)what.ssi_signo;
        }
    }
    return anew;
}

static bool take_keys(struct ctl_screen *screen)
{
    char keys[64];
    bool anew = false;
    ssize_t got = read(STDIN_FILENO, keys, sizeof(keys));

    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
        screen->quit = true; /* nobody sits there any more */
    for (ssize_t i = 0; i < got; i++) {
        screen->quit |= keys[i] == 'q' || keys[i] == 'Q' || keys[i] == 4 /* Ctrl-D */;
        anew |= keys[i] == ' ' || keys[i] == '\n' || keys[i] == 12 /* Ctrl-L */;
    }
    return anew;
}

static int64_t now_ms(void)
{
    return hz_mono_ns(&hz_clock_real) / HZ_NS_PER_MS;
}

int ctl_screen_wait(void *ctx, int fd, int ms)
{
    struct ctl_screen *screen = ctx;
    int64_t until = now_ms() + ms;

    while (!screen->quit) {
        struct pollfd wait[] = {{.fd = terminal.signals, .events = POLLIN},
                                {.fd = terminal.keys ? STDIN_FILENO : -1, .events = POLLIN},
                                {.fd = fd, .events = POLLIN}};
        int64_t left = until - now_ms();
        bool anew = false;

        if (left < 0 || poll(wait, 3, (int)left) == 0)
            return 0;
        if (wait[0].revents)
            anew |= take_signals(screen);
        if (wait[1].revents)
            anew |= take_keys(screen);
        if (!screen->quit && (wait[2].revents || (anew && fd < 0)))
            return 1;
    }
    return -1;
}

void ctl_screen_write(struct ctl_screen *screen, const char *text, size_t length)
{
    (void)screen;
    write_all(text, length);
}
