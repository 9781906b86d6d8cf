/* `peak PROGRAM [ARG]...` runs a program in silence and prints how much memory
 * it used at its peak, in KiB. A process counts what it was before it became
 * another (getrusage(2)), so this one has to be small. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words) {
    (void)count;
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
            dup2(nowhere, fd);
        execv(words[1], words + 1);
        _exit(127);
    }
    int status = 1;
    struct rusage used = {0};
    if (child < 0 || wait4(child, &status, 0, &used) != child || status != 0)
        return 1;
    printf("%ld\n", used.ru_maxrss);
    return 0;
}
