// Crashes the program while it holds a user's text. Preload it with LD_PRELOAD.
//
//   SGLORAD_CRASH_IN    where: "store", when a text is bound to a statement of SQLite; "encode", in the first matrix
//                       product on a thread after that; "connect", when a socket is connected
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

void cblas_sgemm(int order, int left, int right, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc) {
    void (*real)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int) =
        dlsym(RTLD_NEXT, "cblas_sgemm");
    if (atomic_load(&armed) && is_place("encode")) crash((const char *)a);
    real(order, left, right, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    if (address->sa_family == AF_UNIX && is_place("connect")) crash((const char *)address);
    return real(descriptor, address, length);
}
