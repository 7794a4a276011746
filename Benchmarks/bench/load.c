// A load client for servers that answer one message with one message on a Unix socket, written so that it takes next to
// nothing of the cores it shares with the server. Each connection has one call under way at a time.
//
//   load SOCKET MESSAGES COUNT CONNECTIONS [newline]
//
// MESSAGES is a file with one JSON object a line; call i sends line i modulo the number of lines, with every "@" replaced by
// i (for seeds). A message ends with a NUL (varlink) or, with "newline", with a line feed. Sixteen calls come first and are
// not counted. Prints one line of JSON: times in milliseconds; an answer counts as an error where it contains "error".
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, WARMUP = 16 };

struct connection {
    int descriptor;
    double start;
    char *answer;
    size_t length, capacity;
};

static char *lines[4096];
static int line_count;
static char end_of_message;
static int errors;
static char first_error[200];

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void read_messages(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while (line_count < 4096 && (length = getline(&line, &size, file)) > 0) {
        if (line[length - 1] == '\n') line[length - 1] = 0;
        lines[line_count++] = strdup(line);
    }
    free(line);
    fclose(file);
    if (!line_count) {
        fprintf(stderr, "load: %s has no lines\n", path);
        exit(1);
    }
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "load: %s is too long for the name of a socket\n", path);
        exit(1);
    }
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address)) fail(path);
    return descriptor;
}

static void call(struct connection *c, long number) {
    char message[65536];
    size_t length = 0;
    for (const char *p = lines[number % line_count]; *p && length < sizeof message - 32; p++) {
        if (*p == '@') length += sprintf(message + length, "%ld", number);
        else message[length++] = *p;
    }
    message[length++] = end_of_message;
    c->length = 0;
    c->start = now();
    for (size_t done = 0; done < length;) {
        ssize_t written = write(c->descriptor, message + done, length - done);
        if (written < 0 && errno != EINTR) fail("write");
        if (written > 0) done += written;
    }
}

// Whether the answer is complete.
static int receive(struct connection *c) {
    if (c->capacity - c->length < 65536) {
        c->capacity += 1 << 17;
        if (!(c->answer = realloc(c->answer, c->capacity))) fail("memory");
    }
    ssize_t got = read(c->descriptor, c->answer + c->length, c->capacity - c->length - 1);
    if (got < 0 && errno == EINTR) return 0;
    if (got <= 0) fail("the server closed a connection");
    c->length += got;
    if (c->answer[c->length - 1] != end_of_message) return 0;
    c->answer[c->length - 1] = 0;
    if (strstr(c->answer, "\"error\"") && !errors++) snprintf(first_error, sizeof first_error, "%s", c->answer);
    return 1;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double run(struct connection *all, int connections, long from, long count, double *times) {
    struct pollfd polled[MOST];
    long next = from, done = 0;
    double start = now();
    for (int i = 0; i < connections; i++) {
        polled[i] = (struct pollfd){.fd = all[i].descriptor, .events = POLLIN};
        if (next < from + count) call(&all[i], next++);
    }
    while (done < count) {
        if (poll(polled, connections, -1) < 0 && errno != EINTR) fail("poll");
        for (int i = 0; i < connections; i++) {
            if (!polled[i].revents || !receive(&all[i])) continue;
            times[done++] = now() - all[i].start;
            if (next < from + count) call(&all[i], next++);
        }
    }
    return now() - start;
}

int main(int argc, char **argv) {
    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: load SOCKET MESSAGES COUNT CONNECTIONS [newline]\n");
        return 64;
    }
    long count = atol(argv[3]);
    int connections = atoi(argv[4]);
    if (count < 1 || connections < 1 || connections > MOST) {
        fprintf(stderr, "load: COUNT must be at least 1, CONNECTIONS 1 to %d\n", MOST);
        return 64;
    }
    end_of_message = argc == 6 ? '\n' : 0;
    read_messages(argv[2]);
    struct connection *all = calloc(connections, sizeof *all);
    for (int i = 0; i < connections; i++) all[i].descriptor = connect_to(argv[1]);
    double *times = calloc(count > WARMUP ? count : WARMUP, sizeof *times);
    run(all, connections, 1000000, WARMUP, times);
    errors = 0;
    double took = run(all, connections, 0, count, times);
    qsort(times, count, sizeof *times, ascending);
    printf("{\"count\":%ld,\"connections\":%d,\"minimum\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"per_second\":%.1f,\"errors\":%d",
           count, connections, times[0], times[count / 2], times[count * 99 / 100], count / took * 1e3, errors);
    if (errors) {
        for (char *p = first_error; *p; p++) if (*p == '"' || *p == '\\' || (unsigned char)*p < 32) *p = '\'';
        printf(",\"first_error\":\"%s\"", first_error);
    }
    printf("}\n");
    return 0;
}
