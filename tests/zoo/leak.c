/* The zoo's entry: `leak PROGRAM [--option value]…`; without a known program it says what there is. */
#include "zoo.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char USAGE[] =
    "usage: leak adopt|sleepy|probe|worker|own|clean [options]\n"
    "  adopt    PID 1 waits for its killed helpers only, not for the children they leave behind\n"
    "  sleepy   PID 1 that never waits, to be given `leak probe` as its exec probe\n"
    "  probe    forks children and outlives any timeout\n"
    "  worker   PID 1 reaps, its worker forks and never waits\n"
    "  own      PID 1 itself forks and never waits\n"
    "  clean    like adopt, but PID 1 reaps once a round\n"
    "options: --period-ms N  --children N  --child-ms N  --middle-ms N  --own-session\n";

static void leave(int signal)
{
    (void)signal;
    _exit(0);
}

static void usage(void)
{
    fputs(USAGE, stderr);
    exit(2);
}

static long number(const char *text)
{
    char *end = NULL;
    long value = text ? strtol(text, &end, 10) : -1;
    if (value < 0 || end == text || *end != '\0')
        usage();
    return value;
}

static struct options read_options(char **argument)
{
    struct options options = {.period_ms = 1000, .children = 1, .child_ms = 50, .middle_ms = 0, .own_session = false};
    for (; *argument; argument++) {
        if (strcmp(*argument, "--own-session") == 0)
            options.own_session = true;
        else if (strcmp(*argument, "--period-ms") == 0)
            options.period_ms = number(*++argument);
        else if (strcmp(*argument, "--children") == 0)
            options.children = number(*++argument);
        else if (strcmp(*argument, "--child-ms") == 0)
            options.child_ms = number(*++argument);
        else if (strcmp(*argument, "--middle-ms") == 0)
            options.middle_ms = number(*++argument);
        else
            usage();
    }
    return options;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        usage();
    struct options options = read_options(argv + 2);
    /* As PID 1 a process has no default action for SIGTERM: without this every pod would take its grace period. */
    signal(SIGTERM, leave);
    if (strcmp(argv[1], "adopt") == 0)
        adopt(&options, false);
    if (strcmp(argv[1], "clean") == 0)
        adopt(&options, true);
    if (strcmp(argv[1], "sleepy") == 0)
        sleepy();
    if (strcmp(argv[1], "probe") == 0)
        probe(&options);
    if (strcmp(argv[1], "worker") == 0)
        worker(&options);
    if (strcmp(argv[1], "own") == 0)
        own(&options);
    usage();
}
