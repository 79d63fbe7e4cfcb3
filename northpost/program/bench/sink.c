/* An SMTP sink for benchmarks: one process, one thread, epoll, no parsing beyond what SMTP needs.
 *
 *     sink RECORDS SAMPLES EVERY DELAY_MS ADDRESS
 *
 * Listens on a free port of ADDRESS (IPv4) and prints it. Answers like a server with PIPELINING, 8BITMIME and SIZE; each
 * answer leaves DELAY_MS after what it answers came in. Of each mail that ended with its dot it writes one line to
 * RECORDS, "recipient sender bytes"; of every EVERYth also the content to SAMPLES, after a line with its length.
 * A line on standard input makes it flush both and print "mails bytes broken cpu_microseconds"; the end of standard
 * input ends it. Broken are connections that ended inside a mail and mails of more than one recipient.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 18, PATH = 512, OUT = 1 << 14 };

struct link {
    int fd, recipients, in_data, at_start, sampling, late; /* late: answers on their way */
    long size;
    size_t held, out_held, sample_held, sample_room;
    char in[ROOM], out[OUT], sender[PATH], recipient[PATH];
    char *sample;
};

struct late { long long due; struct link *to; size_t length; struct late *next; char text[]; };

static long long mails, bytes, broken;
static long every, delay_ms;
static int epoll;
static FILE *records, *samples;
static struct late *first_late, *last_late;

static void fail(const char *what) { perror(what); exit(1); }

static long long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void close_link(struct link *link) {
    if (link->fd < 0) return;
    if (link->in_data) broken++;
    close(link->fd);
    link->fd = -1;
}

static void let_go(struct link *link) {
    if (link->fd >= 0 || link->late > 0) return;
    free(link->sample);
    free(link);
}

static void write_now(struct link *link, const char *text, size_t length) {
    if (link->fd < 0 || length == 0) return;
    if (send(link->fd, text, length, MSG_NOSIGNAL) != (ssize_t)length) close_link(link);
}

static void flush_answers(struct link *link) {
    if (delay_ms == 0) {
        write_now(link, link->out, link->out_held);
    } else if (link->out_held) {
        struct late *late = malloc(sizeof *late + link->out_held);
        if (!late) fail("malloc");
        /* The clock is cut to whole milliseconds: one more, so that no answer is early. */
        late->due = milliseconds() + delay_ms + 1;
        late->to = link; late->length = link->out_held; late->next = NULL;
        link->late++;
        memcpy(late->text, link->out, link->out_held);
        if (last_late) last_late->next = late; else first_late = late;
        last_late = late;
    }
    link->out_held = 0;
}

static void answer(struct link *link, const char *text) {
    size_t length = strlen(text);
    if (link->out_held + length > OUT) flush_answers(link);
    memcpy(link->out + link->out_held, text, length);
    link->out_held += length;
}

static void keep_sample(struct link *link, const char *from, size_t length) {
    if (link->sample_held + length > link->sample_room) {
        link->sample_room = (link->sample_held + length) * 2;
        link->sample = realloc(link->sample, link->sample_room);
        if (!link->sample) fail("realloc");
    }
    memcpy(link->sample + link->sample_held, from, length);
    link->sample_held += length;
}

static void take_content(struct link *link, const char *from, size_t length) {
    link->size += (long)length;
    if (link->sampling) keep_sample(link, from, length);
}

static void end_mail(struct link *link) {
    mails++;
    bytes += link->size;
    if (link->recipients != 1) broken++;
    fprintf(records, "%s %s %ld\n", link->recipient, link->sender, link->size);
    if (link->sampling) {
        fprintf(samples, "%zu\n", link->sample_held);
        fwrite(link->sample, 1, link->sample_held, samples);
    }
    link->in_data = link->recipients = 0;
    answer(link, "250 2.0.0 taken\r\n");
}

static void take_path(const char *line, size_t length, char *into) {
    const char *open = memchr(line, '<', length), *shut = open ? memchr(open, '>', length - (size_t)(open - line)) : NULL;
    size_t size = shut ? (size_t)(shut - open - 1) : 0;
    if (size >= PATH) size = PATH - 1;
    memcpy(into, open ? open + 1 : line, size);
    into[size] = 0;
}

static void command(struct link *link, const char *line, size_t length) {
    if (length >= 4 && !strncasecmp(line, "MAIL", 4)) {
        take_path(line, length, link->sender);
        link->recipients = 0;
        answer(link, "250 2.1.0 ok\r\n");
    } else if (length >= 4 && !strncasecmp(line, "RCPT", 4)) {
        take_path(line, length, link->recipient);
        link->recipients++;
        answer(link, "250 2.1.5 ok\r\n");
    } else if (length >= 4 && !strncasecmp(line, "DATA", 4)) {
        if (!link->recipients) { answer(link, "503 5.5.1 no recipient\r\n"); return; }
        link->in_data = link->at_start = 1;
        link->size = 0;
        link->sample_held = 0;
        link->sampling = every > 0 && mails % every == 0;
        answer(link, "354 go on\r\n");
    } else if (length >= 4 && !strncasecmp(line, "EHLO", 4)) {
        answer(link, "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 52428800\r\n250 ENHANCEDSTATUSCODES\r\n");
    } else if (length >= 4 && !strncasecmp(line, "QUIT", 4)) {
        answer(link, "221 2.0.0 bye\r\n");
    } else {
        answer(link, "250 2.0.0 ok\r\n"); /* HELO, RSET, NOOP */
    }
}

/* "\r\n.\r\n", or NULL. By its dot, of which a mail has few: memmem() looks at each byte, and takes as long as all the
 * rest of the sink's work. */
static const char *find_end(const char *from, size_t length) {
    if (length < 5) return NULL;
    const char *at = from + 2, *last = from + length - 2;
    while (at < last && (at = memchr(at, '.', (size_t)(last - at)))) {
        if (at[-1] == '\n' && at[-2] == '\r' && at[1] == '\r' && at[2] == '\n') return at - 2;
        at++;
    }
    return NULL;
}

/* How much of the buffer was used up. */
static size_t content(struct link *link, const char *from, size_t length) {
    if (link->at_start) {
        if (length < 3) return 0;
        link->at_start = 0;
        if (!memcmp(from, ".\r\n", 3)) { end_mail(link); return 3; }
    }
    const char *end = find_end(from, length);
    if (end) {
        take_content(link, from, (size_t)(end - from) + 2);
        end_mail(link);
        return (size_t)(end - from) + 5;
    }
    if (length <= 4) return 0;
    take_content(link, from, length - 4); /* the end may be cut by the packet's */
    return length - 4;
}

static void work(struct link *link) {
    ssize_t got = recv(link->fd, link->in + link->held, ROOM - link->held, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) close_link(link);
        return;
    }
    link->held += (size_t)got;
    size_t at = 0;
    while (at < link->held) {
        size_t left = link->held - at, used = 0;
        if (link->in_data) {
            used = content(link, link->in + at, left);
        } else {
            const char *end = memchr(link->in + at, '\n', left);
            if (end) {
                used = (size_t)(end - (link->in + at)) + 1;
                command(link, link->in + at, used);
            }
        }
        if (!used) break;
        at += used;
    }
    memmove(link->in, link->in + at, link->held - at);
    link->held -= at;
    if (link->held == ROOM) close_link(link);
    flush_answers(link);
}

static int send_late(void) {
    while (first_late) {
        long long wait = first_late->due - milliseconds();
        if (wait > 0) return (int)wait;
        struct late *late = first_late;
        first_late = late->next;
        if (!first_late) last_late = NULL;
        write_now(late->to, late->text, late->length);
        late->to->late--;
        let_go(late->to);
        free(late);
    }
    return -1;
}

static void tell(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    fflush(records);
    fflush(samples);
    printf("%lld %lld %lld %lld\n", mails, bytes, broken,
           (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    fflush(stdout);
}

int main(int count, char **given) {
    if (count != 6) { fprintf(stderr, "sink RECORDS SAMPLES EVERY DELAY_MS ADDRESS\n"); return 2; }
    if (!(records = fopen(given[1], "w")) || !(samples = fopen(given[2], "w"))) fail("open");
    setvbuf(records, NULL, _IOFBF, 1 << 20);
    every = atol(given[3]);
    delay_ms = atol(given[4]);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(given[5]) };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) || listen(listener, 512)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    epoll = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL }, ready[64];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    event.data.ptr = stdin;
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        int many = epoll_wait(epoll, ready, 64, send_late());
        for (int each = 0; each < many; each++) {
            if (ready[each].data.ptr == NULL) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0) continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                struct link *link = calloc(1, sizeof *link);
                if (!link) fail("calloc");
                link->fd = fd;
                event.data.ptr = link;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
                answer(link, "220 sink ESMTP\r\n");
                flush_answers(link);
            } else if (ready[each].data.ptr == stdin) {
                char line[64];
                if (read(0, line, sizeof line) <= 0) { tell(); return 0; }
                tell();
            } else {
                struct link *link = ready[each].data.ptr;
                if (link->fd >= 0) work(link);
                let_go(link);
            }
        }
    }
}
