// Crashes the program while it holds a user's text. Preload it with LD_PRELOAD.
//
//   SGLORAD_CRASH_IN    where: "store", when a text is bound to a statement of SQLite; "encode", where the
//                       encoder gets its working memory after that; "connect", when a socket is connected
//   SGLORAD_CRASH_WORD  only texts that contain this word count for "store" and "encode"
//   SGLORAD_CRASH_BY    how: "null" reads through a null pointer, "trap" executes an illegal instruction; otherwise the
//                       number of the signal that is raised
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static atomic_int armed;

static int is_place(const char *name) {
    const char *place = getenv("SGLORAD_CRASH_IN");
    return place && !strcmp(place, name);
}

// The text's address is in a register here.
__attribute__((noinline)) static void crash(const char *volatile text) {
    const char *how = getenv("SGLORAD_CRASH_BY");
    if (!how || !strcmp(how, "null")) {
        *(volatile char *)0 = *text;
    } else if (!strcmp(how, "trap")) {
        __builtin_trap();
    } else {
        // Some threads of a pool block signals.
        sigset_t number;
        sigemptyset(&number);
        sigaddset(&number, atoi(how));
        pthread_sigmask(SIG_UNBLOCK, &number, NULL);
        raise(atoi(how));
    }
}

static void see(const char *text, int length) {
    const char *word = getenv("SGLORAD_CRASH_WORD");
    if (!word || !text || length <= 0 || !memmem(text, (size_t)length, word, strlen(word))) return;
    atomic_store(&armed, 1);
    if (is_place("store")) crash(text);
}

int sqlite3_bind_blob(void *statement, int index, const void *value, int length, void (*destroy)(void *)) {
    int (*real)(void *, int, const void *, int, void (*)(void *)) = dlsym(RTLD_NEXT, "sqlite3_bind_blob");
    see(value, length);
    return real(statement, index, value, length, destroy);
}

int sqlite3_bind_text(void *statement, int index, const char *value, int length, void (*destroy)(void *)) {
    int (*real)(void *, int, const char *, int, void (*)(void *)) = dlsym(RTLD_NEXT, "sqlite3_bind_text");
    see(value, length >= 0 || !value ? length : (int)strlen(value));
    return real(statement, index, value, length, destroy);
}

// The text encoder's working memory is what is allocated with the alignment of a cache line.
static void encode(size_t alignment) {
    if (alignment >= 64 && atomic_load(&armed) && is_place("encode")) crash((const char *)&armed);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    int (*real)(void **, size_t, size_t) = dlsym(RTLD_NEXT, "posix_memalign");
    encode(alignment);
    return real(memory, alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    void *(*real)(size_t, size_t) = dlsym(RTLD_NEXT, "aligned_alloc");
    encode(alignment);
    return real(alignment, size);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    if (address->sa_family == AF_UNIX && is_place("connect")) crash((const char *)address);
    return real(descriptor, address, length);
}
