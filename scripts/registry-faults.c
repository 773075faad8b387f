// Lets the n-th file operation below one folder fail, or ends the process at it. Loaded before a program:
//
//   FAULT_ROOT=/folder FAULT_AT=17 FAULT_MODE=fail|fail-after|kill LD_PRELOAD=./registry-faults.so program ...
//
// fail: that operation alone; fail-after: it and all later ones; kill: the process ends, a write half done.
// FAULT_COUNT names a file that gets the number of operations. Built and driven by check-registry-faults.py. Linux only.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long operations;

static int concerns_path(const char *path) {
    const char *root = getenv("FAULT_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int concerns_descriptor(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return concerns_path(path);
}

// Whether this operation is to fail; 2 where the process is to end.
static int strikes(int concerned) {
    const char *at = getenv("FAULT_AT"), *mode = getenv("FAULT_MODE");
    if (!concerned) return 0;
    long number = atomic_fetch_add(&operations, 1) + 1;
    if (!at || !mode) return 0;
    if (strcmp(mode, "fail-after") == 0) return number >= atol(at);
    if (number != atol(at)) return 0;
    return strcmp(mode, "kill") == 0 ? 2 : 1;
}

static void end(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define ORIGINAL(name) \
    static __typeof__(&name) original; \
    if (!original) original = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define STRIKE(concerned, reason, result) \
    switch (strikes(concerned)) { \
    case 2: end(); \
    case 1: errno = reason; return result; \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        ORIGINAL(name); \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0; \
        va_end(list); \
        STRIKE((flags & O_CREAT) && concerns_path(path), ENOSPC, -1) \
        return original(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *bytes, size_t count, offset_type offset) { \
        ORIGINAL(name); \
        switch (strikes(concerns_descriptor(fd))) { \
        case 2: original(fd, bytes, count / 2, offset); end(); \
        case 1: errno = ENOSPC; return -1; \
        } \
        return original(fd, bytes, count, offset); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t count) {
    ORIGINAL(write);
    switch (strikes(concerns_descriptor(fd))) {
    case 2: original(fd, bytes, count / 2); end();
    case 1: errno = ENOSPC; return -1;
    }
    return original(fd, bytes, count);
}

int fsync(int fd) { ORIGINAL(fsync); STRIKE(concerns_descriptor(fd), EIO, -1) return original(fd); }
int fdatasync(int fd) { ORIGINAL(fdatasync); STRIKE(concerns_descriptor(fd), EIO, -1) return original(fd); }
int ftruncate(int fd, off_t size) { ORIGINAL(ftruncate); STRIKE(concerns_descriptor(fd), EIO, -1) return original(fd, size); }
int ftruncate64(int fd, off64_t size) { ORIGINAL(ftruncate64); STRIKE(concerns_descriptor(fd), EIO, -1) return original(fd, size); }
int rename(const char *a, const char *b) { ORIGINAL(rename); STRIKE(concerns_path(b), EIO, -1) return original(a, b); }
int link(const char *a, const char *b) { ORIGINAL(link); STRIKE(concerns_path(b), EIO, -1) return original(a, b); }
int unlink(const char *path) { ORIGINAL(unlink); STRIKE(concerns_path(path), EIO, -1) return original(path); }
int mkdir(const char *path, mode_t mode) { ORIGINAL(mkdir); STRIKE(concerns_path(path), ENOSPC, -1) return original(path, mode); }
int chmod(const char *path, mode_t mode) { ORIGINAL(chmod); STRIKE(concerns_path(path), EIO, -1) return original(path, mode); }

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("FAULT_COUNT");
    if (!path) return;
    FILE *file = fopen(path, "w");
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&operations));
    fclose(file);
}
