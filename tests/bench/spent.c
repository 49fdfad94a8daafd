#include <config.h>

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * spent COMMAND...: runs it; on stderr, last: the time it had of a processor (user and system, ms)
 * and its largest size in memory (KiB). So figures are the same on a busy machine. Ends as it does.
 */
static long
ms(struct timeval t)
{
    return t.tv_sec * 1000L + t.tv_usec / 1000;
}

int
main(int argc, char **argv)
{
    struct rusage used;
    int status;
    pid_t pid;

    if (argc < 2)
        return 64;
    pid = fork();
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
        perror("spent");
        return 70;
    }
    fprintf(stderr, "%ld %ld\n", ms(used.ru_utime) + ms(used.ru_stime), used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}
