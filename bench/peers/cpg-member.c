/*
 * A member of a CPG group: cpg-member GROUP MEMBERS BYTES. Says 'ready' once all are in; on 'send' it sends as fast as
 * Corosync takes it, on 'sample' it says how much it has delivered, own messages included.
 */
#include <corosync/cpg.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Between two looks at what has arrived, and between two looks at what is to be sent. */
#define SENDS_MAX 64
#define DISPATCHES_MAX 256
#define RETRY_MICROS 50000

static unsigned long long messages, delivered_bytes;
static int members, is_ready;

static void deliver(cpg_handle_t handle, const struct cpg_name *group, uint32_t node, uint32_t pid, void *message,
                    size_t length) {
  (void)handle, (void)group, (void)node, (void)pid, (void)message;
  messages++, delivered_bytes += length;
}

static void change(cpg_handle_t handle, const struct cpg_name *group, const struct cpg_address *list, size_t count,
                   const struct cpg_address *left, size_t left_count, const struct cpg_address *joined,
                   size_t joined_count) {
  (void)handle, (void)group, (void)list, (void)left, (void)left_count, (void)joined, (void)joined_count;
  if (is_ready || (int)count < members) return;
  is_ready = 1;
  puts("ready");
}

static void check(cs_error_t result, const char *what) {
  if (result == CS_OK) return;
  fprintf(stderr, "%s: error %d\n", what, result);
  exit(1);
}

/* A daemon that is about to form its ring wants to be asked again. */
static void insist_on_joining(cpg_handle_t *handle, cpg_callbacks_t *callbacks, const struct cpg_name *name) {
  cs_error_t result;
  while ((result = cpg_initialize(handle, callbacks)) == CS_ERR_TRY_AGAIN) usleep(RETRY_MICROS);
  check(result, "cpg_initialize");
  while ((result = cpg_join(*handle, name)) == CS_ERR_TRY_AGAIN) usleep(RETRY_MICROS);
  check(result, "cpg_join");
}

/* Reads commands; returns whether to send. */
static int obey(int is_sending) {
  static char line[64];
  static size_t at;
  ssize_t got = read(0, line + at, sizeof line - 1 - at);
  if (got <= 0) exit(0); /* who gave the commands has gone */
  line[at += got] = 0;
  for (char *end; (end = strchr(line, '\n'));) {
    *end = 0;
    if (strcmp(line, "sample") == 0) {
      struct timespec now;
      clock_gettime(CLOCK_MONOTONIC, &now);
      printf("{\"atMs\":%lld.%06ld,\"messages\":%llu,\"bytes\":%llu}\n",
             now.tv_sec * 1000LL + now.tv_nsec / 1000000, now.tv_nsec % 1000000, messages, delivered_bytes);
    } else {
      is_sending = 1;
    }
    at -= end + 1 - line;
    memmove(line, end + 1, at + 1);
  }
  return is_sending;
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: cpg-member GROUP MEMBERS BYTES\n"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  members = atoi(argv[2]);
  struct iovec payload = {malloc(atoi(argv[3])), atoi(argv[3])};
  memset(payload.iov_base, 1, payload.iov_len);
  struct cpg_name name = {.length = strlen(argv[1])};
  strcpy(name.value, argv[1]);
  cpg_callbacks_t callbacks = {deliver, change};
  cpg_handle_t handle;
  insist_on_joining(&handle, &callbacks, &name);
  int fd, is_sending = 0;
  check(cpg_fd_get(handle, &fd), "cpg_fd_get");

  for (;;) {
    int sent = 0;
    cs_error_t result = CS_OK;
    while (is_sending && sent < SENDS_MAX && result == CS_OK) {
      result = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &payload, 1);
      if (result == CS_OK) sent++;
      else if (result != CS_ERR_TRY_AGAIN) check(result, "cpg_mcast_joined");
    }
    struct pollfd ready[] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
    poll(ready, 2, !is_sending ? -1 : sent > 0 ? 0 : 1);
    for (int i = 0; i < DISPATCHES_MAX; i++) {
      cs_error_t result = cpg_dispatch(handle, CS_DISPATCH_ONE_NONBLOCKING);
      if (result == CS_ERR_TRY_AGAIN) break;
      check(result, "cpg_dispatch");
    }
    if (ready[1].revents) is_sending = obey(is_sending);
  }
}
