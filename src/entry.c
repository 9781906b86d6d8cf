/*
 * Whether SIGPIPE was ignored when qli started, which its script must inherit.
 *
 * Rust's runtime ignores it before `main`, whatever it was, and stable Rust has no safe
 * way to look earlier. So this runs before the runtime, and leaves the answer where safe
 * code can read it: SIGPIPE is blocked if it was ignored. The signal handlers read the
 * mask and replace it (src/host/handlers.rs).
 */
#include <signal.h>
#include <stddef.h>

__attribute__((constructor)) static void keep_ignored_sigpipe(void)
{
    struct sigaction found;
    sigset_t set;

    if (sigaction(SIGPIPE, NULL, &found) != 0 || found.sa_handler != SIG_IGN)
        return;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
}
