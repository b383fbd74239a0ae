/* The zoo: small programs that leak zombies in one known way each, and one that does not.
 *
 * Every process that is forked, dies or is adopted says so on the container's log, one JSON object a line, so that a
 * test can compare what the program did with what the operator claims. This header is what the files share.
 */
#ifndef ZOO_H
#define ZOO_H

#include <stdbool.h>
#include <sys/types.h>

struct options {
    long period_ms;   /* time between two rounds */
    long children;    /* processes forked in one round */
    long child_ms;    /* how long a child lives: after its adoption where it is to be an orphan */
    long middle_ms;   /* how long a middle process and its children are together before it is killed */
    bool own_session; /* the middle process calls setsid, as a daemon's helper or an exec'd probe has done for it */
};

/* log.c: what everybody uses */
void say(const char *event, pid_t pid, pid_t ppid);
void send_log_to_init(void); /* for a process whose stdout is not the container's log: an exec probe */
void relay_log_forever(void) __attribute__((noreturn));
void nap(long milliseconds);
pid_t spawn(void); /* fork that logs and never returns -1 */
void die(void) __attribute__((noreturn));

/* orphans.c: nobody waits for what PID 1 adopts */
void adopt(const struct options *options, bool reap) __attribute__((noreturn));
void sleepy(void) __attribute__((noreturn));
void probe(const struct options *options) __attribute__((noreturn));

/* parents.c: a parent does not wait for its own children */
void own(const struct options *options) __attribute__((noreturn));
void worker(const struct options *options) __attribute__((noreturn));

#endif
