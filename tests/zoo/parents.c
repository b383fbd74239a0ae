/* Leaks of a living parent: it forks and never waits, so no init can help as long as it lives. */
#include "zoo.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void own(const struct options *options)
{
    for (;;) {
        for (long i = 0; i < options->children; i++)
            if (spawn() == 0) {
                nap(options->child_ms);
                die();
            }
        nap(options->period_ms);
    }
}

/* PID 1 reaps everything that is its own, as a good supervisor does; its worker does what `own` does. */
void worker(const struct options *options)
{
    for (;;) {
        pid_t pid = spawn();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            own(options);
        }
        while ((pid = waitpid(-1, NULL, 0)) > 0)
            say("death", pid, getpid());
        nap(100);
    }
}
