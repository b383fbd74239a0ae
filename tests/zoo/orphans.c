/* Leaks of PID 1: it adopts what others leave behind, and does not wait for it. */
#include "zoo.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that outlives its parent: says so when the kernel has given it a new one, lives a little longer, dies. */
static void outlive(pid_t parent, const struct options *options)
{
    while (getppid() == parent)
        nap(5);
    say("adopted", getpid(), getppid());
    nap(options->child_ms);
    die();
}

static void fork_children(const struct options *options)
{
    pid_t self = getpid();
    for (long i = 0; i < options->children; i++)
        if (spawn() == 0)
            outlive(self, options);
}

/* The classical case: a daemon's helper forks, is killed, and the daemon waits for the helper only. */
static void one_round(const struct options *options)
{
    int ready[2];
    char byte = 0;
    if (pipe(ready) != 0)
        return;
    pid_t middle = spawn();
    if (middle == 0) {
        if (options->own_session)
            setsid();
        fork_children(options);
        ssize_t written = write(ready[1], &byte, 1);
        (void)written;
        for (;;)
            pause();
    }
    ssize_t got = read(ready[0], &byte, 1);
    (void)got;
    close(ready[0]);
    close(ready[1]);
    nap(options->middle_ms);
    kill(middle, SIGKILL);
    waitpid(middle, NULL, 0);
    say("death", middle, getpid());
}

void adopt(const struct options *options, bool reap)
{
    for (;;) {
        one_round(options);
        nap(options->period_ms);
        while (reap && waitpid(-1, NULL, WNOHANG) > 0)
            continue;
    }
}

void sleepy(void)
{
    say("start", getpid(), getppid());
    relay_log_forever();
}

/* Run as a liveness probe: it outlives any timeoutSeconds, is killed for that, and PID 1 inherits its children. */
void probe(const struct options *options)
{
    send_log_to_init();
    say("start", getpid(), getppid());
    fork_children(options);
    for (;;)
        pause();
}
