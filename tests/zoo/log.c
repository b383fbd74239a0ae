/* The event log, and the few calls every animal of the zoo needs. */
#include "zoo.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* An exec probe's stdout goes to whoever runs the probe, so it sends its lines to `sleepy` over an abstract socket:
 * containers of a pod share the network namespace that such names live in, with or without a shared PID namespace. */
static const char ABSTRACT_NAME[] = "\0zombie-zoo-log";
static int to_init = -1;

static socklen_t log_address(struct sockaddr_un *address)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, ABSTRACT_NAME, sizeof ABSTRACT_NAME - 1);
    return offsetof(struct sockaddr_un, sun_path) + sizeof ABSTRACT_NAME - 1;
}

void say(const char *event, pid_t pid, pid_t ppid)
{
    struct timespec now;
    char line[160];
    clock_gettime(CLOCK_REALTIME, &now);
    int length = snprintf(line, sizeof line, "{\"event\":\"%s\",\"pid\":%d,\"ppid\":%d,\"t\":%lld.%03ld}\n", event,
                          (int)pid, (int)ppid, (long long)now.tv_sec, now.tv_nsec / 1000000);
    /* One write of less than PIPE_BUF: lines of concurrent processes never mix. */
    ssize_t written = write(to_init >= 0 ? to_init : STDOUT_FILENO, line, (size_t)length);
    (void)written;
}

void send_log_to_init(void)
{
    struct sockaddr_un address;
    socklen_t size = log_address(&address);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, size) == 0)
        to_init = fd;
    /* The runtime waits for the end of a killed probe's output: orphans that held it open would stall it. */
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
}

void relay_log_forever(void)
{
    struct sockaddr_un address;
    socklen_t size = log_address(&address);
    char line[256];
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0)
        perror("leak: no log socket; probes will be silent");
    for (;;) {
        ssize_t length = recv(fd, line, sizeof line, 0);
        if (length > 0) {
            ssize_t written = write(STDOUT_FILENO, line, (size_t)length);
            (void)written;
        } else {
            nap(1000);
        }
    }
}

void nap(long milliseconds)
{
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

pid_t spawn(void)
{
    for (;;) {
        pid_t pid = fork();
        if (pid > 0) /* the parent says it: the child may live to see another parent before it gets to run */
            say("fork", pid, getpid());
        if (pid >= 0)
            return pid;
        nap(100); /* the pod's PID limit is reached: a leak that goes on as soon as it can */
    }
}

void die(void)
{
    say("death", getpid(), getppid());
    _exit(0);
}
