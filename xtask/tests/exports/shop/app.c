/* A server that shows what it was given. One static program, so that it runs in a container without anything else.

   app PORT [--needs FILE] [--asks HOST:PORT] [--late MS] [--inherit] [REST…]

   Ends with 3 if FILE is missing, or nothing listens at the other address: it was started too early. Listens on all addresses,
   MS after its start. Answers with the bytes of its environment (/environ), arguments (/cmdline), directory (/cwd), pid (/pid),
   or with `ok`. --inherit: it listens on the socket that it was passed (LISTEN_FDS). SIGTERM ends it between two answers. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0 if somebody listens there. Changes the text. */
static int asks(char *address) {
    char *port = strrchr(address, ':');
    if (!port) return -1;
    *port++ = 0;
    struct addrinfo only = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(address, port, &only, &found)) return -1;
    int asking = socket(AF_INET, SOCK_STREAM, 0);
    int failed = connect(asking, found->ai_addr, found->ai_addrlen);
    close(asking);
    freeaddrinfo(found);
    port[-1] = ':';
    return failed;
}

static size_t whole(const char *path, char *into, size_t room) {
    int file = open(path, O_RDONLY);
    size_t length = 0;
    ssize_t more;
    while ((more = read(file, into + length, room - length)) > 0) length += more;
    close(file);
    return length;
}

int main(int n, char **words) {
    int inherits = 0;
    for (int i = 2; i < n; i++) inherits |= !strcmp(words[i], "--inherit");
    for (int i = 2; i + 1 < n; i++) {
        if (!strcmp(words[i], "--needs") && access(words[i + 1], F_OK)) return 3;
        if (!strcmp(words[i], "--late")) usleep(1000 * atoi(words[i + 1]));
        if (!strcmp(words[i], "--asks") && asks(words[i + 1])) return 3;
    }
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
    int server = inherits ? 3 : socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (!inherits) {
        setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(server, (void *)&any, sizeof any) || listen(server, 64)) return 1;
    }
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    printf("listening on %s\n", words[1]);
    fflush(stdout);
    for (;;) {
        static char request[4096], body[1 << 20];
        fd_set waiting;
        FD_ZERO(&waiting);
        FD_SET(server, &waiting);
        if (pselect(server + 1, &waiting, 0, 0, 0, &before) < 0) continue;
        int client = accept(server, 0, 0);
        /* All of it: who writes to a closed connection is killed. */
        ssize_t length = 0, more = 1;
        request[0] = 0;
        while (!strstr(request, "\r\n\r\n") && more > 0) {
            more = read(client, request + length, sizeof request - 1 - length);
            if (more > 0) request[length += more] = 0;
        }
        if (length > 0) {
            size_t size;
            if (!strncmp(request, "GET /environ ", 13)) size = whole("/proc/self/environ", body, sizeof body);
            else if (!strncmp(request, "GET /cmdline ", 13)) size = whole("/proc/self/cmdline", body, sizeof body);
            else if (!strncmp(request, "GET /cwd ", 9)) size = getcwd(body, sizeof body) ? strlen(body) : 0;
            else if (!strncmp(request, "GET /pid ", 9)) size = sprintf(body, "%d", getpid());
            else size = sprintf(body, "ok");
            char head[128];
            int head_size = sprintf(head, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
            if (write(client, head, head_size) < 0 || write(client, body, size) < 0) { /* it has gone */ }
        }
        close(client);
    }
}
