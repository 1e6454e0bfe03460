/*
 * The ceiling in C: the packets, trains, window and acknowledgements of member.ts, so that the price of Node is known.
 * native MEMBERS SENDERS BYTES MILLISECONDS WARM_UP_MS PADDED PACKET_BYTES TRAIN_PACKETS WINDOW_BYTES ACK_BYTES
 *        RECEIVE_BUFFER_BYTES TRAINS INTERFACE GROUP PORT
 * prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HEADER 32
#define PREFIX 4
#define MAGIC 0x7475
#define GROUP_TAG 0x63656c67u
#define DATA 1
#define CONTROL 3
#define MEMBERS_MAX 64
/* Received packets and assembled messages stay valid for as long as a window's packets would: whoever delivers them
 * may need them for a repair, and the application for itself. So memory is not used again at once, nor always warm. */
static uint32_t kept_bytes;
#define UDP_SEGMENT_OPTION 103
#define UDP_GRO_OPTION 104

static int members, senders, padded, trains;
static uint32_t message_bytes, packet_bytes, train_packets, window_packets, ack_packets;
static struct sockaddr_in group;

struct counters {
  volatile uint64_t messages, bytes, lost;
};
static struct counters *shared;
static struct counters *mine;
static volatile uint8_t touched;

__attribute__((noinline)) static void deliver(const uint8_t *bytes, uint32_t offset, uint32_t length) {
  mine->messages++;
  mine->bytes += length;
  touched ^= bytes[offset];
}
/* Called through a pointer, as an application's handler would be. */
static void (*volatile handler)(const uint8_t *, uint32_t, uint32_t) = deliver;

static void put16(uint8_t *b, uint16_t v) { v = htons(v), memcpy(b, &v, 2); }
static void put32(uint8_t *b, uint32_t v) { v = htonl(v), memcpy(b, &v, 4); }
static uint16_t get16(const uint8_t *b) { uint16_t v; return memcpy(&v, b, 2), ntohs(v); }
static uint32_t get32(const uint8_t *b) { uint32_t v; return memcpy(&v, b, 4), ntohl(v); }

static uint32_t checksum(const uint8_t *b) {
  uint32_t h = MAGIC;
  for (int i = 0; i < 28; i += 4) {
    uint32_t k = b[i] | b[i + 1] << 8 | b[i + 2] << 16 | (uint32_t)b[i + 3] << 24;
    k *= 0xcc9e2d51, k = k << 15 | k >> 17, k *= 0x1b873593;
    h ^= k, h = h << 13 | h >> 19, h = h * 5 + 0xe6546b64;
  }
  h ^= HEADER, h ^= h >> 16, h *= 0x85ebca6b, h ^= h >> 13, h *= 0xc2b2ae35;
  return h ^ h >> 16;
}

static void seal(uint8_t *b, int kind, int rank, uint32_t seq, uint16_t first, uint16_t length) {
  memset(b, 0, HEADER);
  put16(b, MAGIC), b[2] = 1, b[3] = kind, put32(b + 4, GROUP_TAG), put32(b + 8, 1), put16(b + 12, rank);
  put16(b + 14, length), put32(b + 16, seq), put16(b + 24, first), put32(b + 28, checksum(b));
}

static int judged(const uint8_t *b, size_t left) {
  if (left < HEADER || get16(b) != MAGIC || get32(b + 4) != GROUP_TAG || b[2] != 1) return 0;
  uint16_t length = get16(b + 14);
  return length >= HEADER && length <= left && get32(b + 28) == checksum(b) && b[3] >= DATA && b[3] <= CONTROL;
}

/* One sender's packets, taken apart. */
struct reader {
  uint32_t next, told, slab_at, length, missing;
  uint8_t *slab;
};

static const uint8_t *gather(struct reader *r, const uint8_t *from, const uint8_t *end) {
  uint32_t n = end - from < r->missing ? end - from : r->missing;
  memcpy(r->slab + r->slab_at, from, n);
  r->slab_at += n, r->missing -= n;
  if (!r->missing) handler(r->slab, r->slab_at - r->length, r->length);
  return from + n;
}

static void read_packet(struct reader *r, const uint8_t *packet, const uint8_t *end) {
  uint32_t seq = get32(packet + 16);
  const uint8_t *from = packet + HEADER;
  if (seq != r->next) mine->lost += seq - r->next, r->missing = 0, from += get16(packet + 24);
  r->next = seq + 1;
  if (r->missing) from = gather(r, from, end);
  while (end - from >= PREFIX) {
    uint32_t length = get32(from);
    if (!length) return;
    from += PREFIX;
    if (length <= end - from) {
      handler(packet, from - packet, length);
      from += length;
    } else {
      if (kept_bytes - r->slab_at < length) r->slab_at = 0;
      r->length = r->missing = length;
      from = gather(r, from, end);
    }
  }
}

static uint32_t written;
static uint8_t *message;

static void finish(void) { written = 0, handler(message, 0, message_bytes); }

static void write_packet(uint8_t *packet, int rank, uint32_t seq) {
  uint8_t *to = packet + HEADER, *body = to, *end = packet + packet_bytes;
  if (written) {
    uint32_t rest = message_bytes - written, n = rest < end - to ? rest : end - to;
    memcpy(to, message + written, n), to += n, written += n;
    if (n == rest) finish();
  }
  uint16_t first = to - body;
  uint32_t room = padded && message_bytes + PREFIX <= packet_bytes - HEADER ? message_bytes : 1;
  while (end - to >= PREFIX + room) {
    put32(to, message_bytes), to += PREFIX;
    if (end - to >= message_bytes) {
      memcpy(to, message, message_bytes), to += message_bytes, finish();
    } else {
      if (padded && to - body > PREFIX) { to -= PREFIX; break; }
      written = end - to;
      memcpy(to, message, written), to = end;
    }
  }
  if (end - to >= PREFIX) put32(to, 0);
  seal(packet, DATA, rank, seq, first, packet_bytes);
}

static void fail(const char *what) { perror(what), exit(1); }

static void set(int fd, int level, int name, const void *value, socklen_t length, int required) {
  if (setsockopt(fd, level, name, value, length) && required) fail("setsockopt");
}

static int open_socket(const struct sockaddr_in *to, int buffer_bytes, int share) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
  if (fd < 0) fail("socket");
  if (share) set(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on, 1);
  set(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes, 0);
  set(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes, 0);
  int send_bytes = 4 << 20;
  set(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_bytes, sizeof send_bytes, 0);
  if (bind(fd, (const struct sockaddr *)to, sizeof *to)) fail("bind");
  return fd;
}

static void ignore(int fd, struct sockaddr_in from) {
  struct sock_filter code[] = {
    {BPF_LD | BPF_H | BPF_ABS, 0, 0, 0}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ntohs(from.sin_port)},
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, SKF_NET_OFF + 12}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, ntohl(from.sin_addr.s_addr)},
    {BPF_RET | BPF_K, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, 0xffffffff},
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  set(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program, 1);
}

static void transmit(int fd, const uint8_t *bytes, size_t length) {
  size_t step = trains ? length : packet_bytes;
  for (size_t at = 0; at < length; at += step) {
    size_t n = length - at < step ? length - at : step;
    while (sendto(fd, bytes + at, n, 0, (struct sockaddr *)&group, sizeof group) < 0) {
      if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR) fail("sendto");
    }
  }
}

static uint32_t write_ack(uint8_t *to, int rank, struct reader *readers) {
  for (int i = 0; i < senders; i++) put32(to + HEADER + 4 * i, readers[i].told = readers[i].next);
  seal(to, CONTROL, rank, 0, 0, HEADER + 4 * senders);
  return HEADER + 4 * senders;
}

static void run(int rank, struct in_addr local, int buffer_bytes, volatile int *ready, volatile int *go) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = local};
  socklen_t size = sizeof own;
  int out = open_socket(&own, buffer_bytes, 0), in = open_socket(&group, buffer_bytes, 1), on = 1, segment = packet_bytes;
  getsockname(out, (struct sockaddr *)&own, &size);
  set(out, IPPROTO_IP, IP_MULTICAST_IF, &local, sizeof local, 1);
  ignore(in, own);
  if (trains) {
    set(out, IPPROTO_UDP, UDP_SEGMENT_OPTION, &segment, sizeof segment, 1);
    set(in, IPPROTO_UDP, UDP_GRO_OPTION, &on, sizeof on, 1);
  }
  struct ip_mreq join = {group.sin_addr, local};
  set(in, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join, 1);

  struct reader readers[MEMBERS_MAX] = {0};
  for (int i = 0; i < senders; i++) readers[i].slab = malloc(kept_bytes);
  uint32_t acknowledged[MEMBERS_MAX] = {0}, seq = 0;
  uint32_t slots = (window_packets / train_packets + 2) * train_packets;
  uint8_t *memory = malloc((size_t)(slots + 1) * packet_bytes), *received = malloc((size_t)kept_bytes * senders + 65536), ack[HEADER + 4 * MEMBERS_MAX];
  size_t received_at = 0;
  message = malloc(message_bytes), memset(message, rank + 1, message_bytes);
  __sync_fetch_and_add(ready, 1);
  while (!*go) usleep(1000);

  for (;;) {
    for (int i = 0; i < 32; i++) {
      uint8_t *datagram = received + received_at;
      ssize_t got = recv(in, datagram, 65536, MSG_DONTWAIT);
      if (got < 0) break;
      received_at = received_at + got < (size_t)kept_bytes * senders ? received_at + got : 0;
      uint8_t *end = datagram + got;
      for (uint8_t *at = datagram; at < end;) {
        if (!judged(at, end - at)) break;
        uint16_t length = get16(at + 14);
        int from = get16(at + 12);
        if (at[3] == DATA) read_packet(&readers[from], at, at + length);
        else if (rank < senders) acknowledged[from] = get32(at + HEADER + 4 * rank);
        at += length;
      }
    }
    int due = 0, sent = 0;
    for (int i = 0; i < senders; i++) due |= readers[i].next - readers[i].told >= ack_packets;
    if (rank < senders) {
      uint32_t open = UINT32_MAX;
      for (int i = 0; i < members; i++)
        if (i != rank && acknowledged[i] < open) open = acknowledged[i];
      for (open += window_packets; seq + train_packets <= open; sent = 1, due = 0) {
        uint8_t *train = memory + (size_t)(seq % slots) * packet_bytes;
        uint32_t length = train_packets * packet_bytes;
        for (uint32_t i = 0; i < train_packets; i++, seq++) write_packet(train + i * packet_bytes, rank, seq);
        if (due) length += write_ack(train + length, rank, readers);
        transmit(out, train, length);
      }
    }
    if (due) transmit(out, ack, write_ack(ack, rank, readers));
    if (!sent) {
      struct pollfd wait = {in, POLLIN, 0};
      poll(&wait, 1, 100);
    }
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(pid_t *pids) {
  double ticks = 0;
  for (int i = 0; i < members; i++) {
    char path[64], line[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pids[i]);
    FILE *file = fopen(path, "r");
    unsigned long user = 0, system = 0;
    if (file && fgets(line, sizeof line, file) && strrchr(line, ')'))
      sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    if (file) fclose(file);
    ticks += user + system;
  }
  return ticks / sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv) {
  if (argc != 16) return fprintf(stderr, "usage: see the head of native.c\n"), 2;
  members = atoi(argv[1]), senders = atoi(argv[2]), message_bytes = atoi(argv[3]);
  int ms = atoi(argv[4]), warm_up_ms = atoi(argv[5]), buffer_bytes = atoi(argv[11]);
  padded = atoi(argv[6]), packet_bytes = atoi(argv[7]), train_packets = atoi(argv[8]);
  window_packets = atoi(argv[9]) / packet_bytes, ack_packets = atoi(argv[10]) / packet_bytes, trains = atoi(argv[12]);
  kept_bytes = window_packets * packet_bytes;
  if (window_packets < train_packets) window_packets = train_packets;
  if (!ack_packets) ack_packets = 1;
  struct in_addr local;
  inet_pton(AF_INET, argv[13], &local);
  group = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[15]))};
  inet_pton(AF_INET, argv[14], &group.sin_addr);

  size_t bytes = sizeof *shared * MEMBERS_MAX + 2 * sizeof(int);
  shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  volatile int *ready = (int *)(shared + MEMBERS_MAX), *go = ready + 1;
  pid_t pids[MEMBERS_MAX];
  for (int i = 0; i < members; i++) {
    if (!(pids[i] = fork())) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      mine = &shared[i];
      run(i, local, buffer_bytes, ready, go);
    }
  }
  while (*ready < members) {
    if (waitpid(-1, NULL, WNOHANG) > 0) exit(1);
    usleep(1000);
  }
  *go = 1;
  usleep(warm_up_ms * 1000);
  uint64_t m0 = 0, b0 = 0, all0 = 0, m1 = 0, b1 = 0, all1 = 0, lost = 0;
  int first = senders == members ? 0 : senders;
  double c0 = cpu(pids), t0 = now();
  for (int i = 0; i < members; i++) all0 += shared[i].messages;
  for (int i = first; i < members; i++) m0 += shared[i].messages, b0 += shared[i].bytes;
  usleep(ms * 1000);
  double c1 = cpu(pids), t1 = now();
  for (int i = 0; i < members; i++) all1 += shared[i].messages, lost += shared[i].lost;
  for (int i = first; i < members; i++) m1 += shared[i].messages, b1 += shared[i].bytes;
  for (int i = 0; i < members; i++) kill(pids[i], SIGKILL);
  double per = (t1 - t0) * (members - first);
  printf("{\"messagesPerSecond\":%.0f,\"megabytesPerSecond\":%.1f,\"cpuMicrosPerMessage\":%.4f,\"packetsLost\":%llu}\n",
         (m1 - m0) / per, (b1 - b0) / per / 1e6, (c1 - c0) * 1e6 / (all1 - all0), (unsigned long long)lost);
}
