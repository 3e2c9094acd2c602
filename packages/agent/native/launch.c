/*
 * launch: starts the programs of a job's steps for the agent (process/launcher.ts).
 *
 * To start a program a process copies its own page tables first. The agent is a Node of 60 to 150 MB, which is
 * milliseconds for each step; this one is a page of code. It is started once and gets its orders on descriptor 3.
 *
 * For each order it makes a session of its own, whose leader is a copy of this program and never has the terminal as its
 * own stdin: a session leader without a controlling terminal gets the one that it opens, bash opens that of its stdin
 * at every start, and then its end would hang up all that a step left in the background. The leader's child becomes the
 * program; the leader ends with its exit code, or with 128 + the signal that killed it. Only SIGKILL ends the leader
 * before: everything else reaches the program alone.
 *
 * Order, numbers little-endian: u32 bytes that follow; u32 its number, not 0; u32 number of arguments; then texts, each
 * with a closing zero: terminal, working directory, path of the program, its arguments with the name it is called by, its
 * variables.
 *
 * Reports, four 32 bit numbers each: kind, number of the order, pid of the leader, value.
 *   1  started; value 0
 *   2  ended; value is the exit code. The leader says so itself, whatever became of this process. Of a leader that was
 *      killed this process says it, with 0 for the number.
 *   3  the system refused it; value is its error. Also instead of 1, with pid 0.
 *
 * It ends when descriptor 3 is closed on the other side. It uses no library: it runs in any image.
 */

__attribute__((used)) static const char source[] = SOURCE; /* its SHA-256: build.ts */

typedef unsigned int u32;
typedef unsigned long u64;

#if defined(__x86_64__)
enum { sys_read = 0, sys_write = 1, sys_close = 3, sys_mmap = 9, sys_munmap = 11, sys_sigprocmask = 14, sys_clone = 56,
       sys_execve = 59, sys_wait4 = 61, sys_fcntl = 72, sys_chdir = 80, sys_setsid = 112, sys_exit = 231,
       sys_openat = 257, sys_ppoll = 271, sys_signalfd = 289, sys_dup3 = 292 };

static long call(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum { sys_dup3 = 24, sys_fcntl = 25, sys_chdir = 49, sys_openat = 56, sys_close = 57, sys_read = 63, sys_write = 64,
       sys_ppoll = 73, sys_signalfd = 74, sys_exit = 94, sys_sigprocmask = 135, sys_setsid = 157, sys_munmap = 215,
       sys_clone = 220, sys_execve = 221, sys_mmap = 222, sys_wait4 = 260 };

static long call(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = 0;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "add the numbers of its system calls"
#endif

enum { control = 3, none = -1 };
enum { started = 1, ended = 2, refused = 3 };
enum { eintr = 4, enoexec = 8, einval = 22 };
enum { sigchld = 17, sig_block = 0, sig_setmask = 2 };
enum { here = -100, read_write = 2, no_ctty = 0400, close_on_exec = 02000000 };
enum { pollin = 1, nohang = 1 };
/* What Linux takes as one program's arguments and variables is less. */
enum { longest = 8 * 1024 * 1024 };

static void say(u32 kind, u32 number, long pid, long value) {
  u32 words[4] = {kind, number, (u32)pid, (u32)value};
  call(sys_write, control, (long)words, sizeof words, 0, 0);
}

static void end(long code) {
  for (;;) call(sys_exit, code, 0, 0, 0, 0);
}

/* Shared, so that everybody who comes from this process may have it without a copy. */
static void *room(u64 bytes) {
  long address = call(sys_mmap, 0, (long)bytes, 3 /* read, write */, 0x21 /* shared, anonymous */, none);
  return address < 0 && address > -4096 ? 0 : (void *)address;
}

static int take(void *target, u64 bytes) {
  char *at = target;
  while (bytes > 0) {
    long got = call(sys_read, control, (long)at, (long)bytes, 0, 0);
    if (got == -eintr) continue;
    if (got <= 0) return 0;
    at += got;
    bytes -= (u64)got;
  }
  return 1;
}

/* Lies at the beginning of a room; behind it the texts, then the lists. */
struct order {
  const char *terminal, *directory, *path;
  /* One word before the first argument is free. */
  char **arguments, **variables;
  /* Written by the child that could not become the program. */
  volatile u32 error;
  u32 number, count;
  char texts[];
};

/* Finds the parts in `length` bytes of texts. Answers 0 when they are not what they should be. */
static int understand(struct order *order, u64 length, char **lists) {
  char *at = order->texts, *stop = at + length;
  u64 strings = 0, first = 3, count = order->count;
  if (length == 0 || stop[-1] != 0) return 0;
  for (char *one = at; one < stop; one++) strings += *one == 0;
  if (count < 1 || strings < first + count) return 0;
  order->terminal = at;
  while (*at++ != 0) {}
  order->directory = at;
  while (*at++ != 0) {}
  order->path = at;
  while (*at++ != 0) {}
  *lists++ = 0;
  order->arguments = lists;
  for (; count > 0; count--) {
    *lists++ = at;
    while (*at++ != 0) {}
  }
  *lists++ = 0;
  order->variables = lists;
  while (at < stop) {
    *lists++ = at;
    while (*at++ != 0) {}
  }
  *lists = 0;
  return 1;
}

/* Becomes the program, or answers why not. */
static long become(struct order *order, long terminal, const u64 *mask) {
  static const char shell[] = "/bin/sh";
  for (long descriptor = 0; descriptor < 3; descriptor++) call(sys_dup3, terminal, descriptor, 0, 0, 0);
  long result = call(sys_chdir, (long)order->directory, 0, 0, 0, 0);
  if (result < 0) return -result;
  call(sys_sigprocmask, sig_setmask, (long)mask, 0, sizeof *mask, 0);
  result = call(sys_execve, (long)order->path, (long)order->arguments, (long)order->variables, 0, 0);
  if (result != -enoexec) return -result;
  order->arguments[0] = (char *)order->path;
  order->arguments[-1] = (char *)shell;
  return -call(sys_execve, (long)shell, (long)(order->arguments - 1), (long)order->variables, 0, 0);
}

static long copy_process(void) {
  return call(sys_clone, sigchld, 0, 0, 0, 0);
}

static void lead(struct order *order, long terminal, const u64 *mask) {
  long own = call(sys_setsid, 0, 0, 0, 0, 0);
  long child = copy_process();
  if (child == 0) {
    order->error = (u32)become(order, terminal, mask);
    end(126);
  }
  call(sys_close, terminal, 0, 0, 0, 0);
  int status = 0;
  if (child < 0) order->error = (u32)-child;
  else while (call(sys_wait4, child, (long)&status, 0, 0, 0) == -eintr) {}
  long code = (status & 127) != 0 ? 128 + (status & 127) : (status >> 8) & 255;
  if (order->error != 0) say(refused, order->number, own, order->error);
  else say(ended, order->number, own, code);
  end(code);
}

static void carry_out(u32 length, const u64 *mask) {
  const u64 numbers = 2 * sizeof(u32);
  /* Each text has its closing zero, so there are no more of them than bytes; three more words close the lists. */
  u64 size = sizeof(struct order) + length + sizeof(char *) + ((u64)length + 3) * sizeof(char *);
  struct order *order = length <= numbers || length > longest ? 0 : room(size);
  if (order == 0 || !take((void *)&order->number, length)) end(1);
  u64 texts = length - numbers;
  char **lists = (char **)(((u64)order->texts + texts + 7) & ~7ul);
  long terminal = -einval;
  if (understand(order, texts, lists)) {
    terminal = call(sys_openat, here, (long)order->terminal, read_write | no_ctty | close_on_exec, 0, 0);
  }
  long leader = terminal < 0 ? terminal : copy_process();
  if (leader == 0) lead(order, terminal, mask);
  if (terminal >= 0) call(sys_close, terminal, 0, 0, 0, 0);
  if (leader < 0) say(refused, order->number, 0, -leader);
  else say(started, order->number, leader, 0);
  call(sys_munmap, (long)order, (long)size, 0, 0, 0);
}

/* Leaders that came to their end have told it. */
static void bury(void) {
  int status;
  for (;;) {
    long pid = call(sys_wait4, none, (long)&status, nohang, 0, 0);
    if (pid <= 0) return;
    if ((status & 127) != 0) say(ended, 0, pid, 128 + (status & 127));
  }
}

struct poll {
  int descriptor;
  short events, happened;
};

void _start(void) {
  u64 all = ~0ul, mask = 0, child = 1ul << (sigchld - 1);
  char information[128];
  call(sys_sigprocmask, sig_block, (long)&all, (long)&mask, sizeof mask, 0);
  call(sys_fcntl, control, 2 /* set flags */, 1 /* close on exec */, 0, 0);
  long signals = call(sys_signalfd, none, (long)&child, sizeof child, close_on_exec, 0);
  if (signals < 0) end(1);
  for (;;) {
    struct poll both[2] = {{control, pollin, 0}, {(int)signals, pollin, 0}};
    if (call(sys_ppoll, (long)both, 2, 0, 0, 0) < 0) continue;
    if (both[1].happened != 0) {
      call(sys_read, signals, (long)information, sizeof information, 0, 0);
      bury();
    }
    if (both[0].happened != 0) {
      u32 length;
      if (!take(&length, sizeof length)) end(0);
      carry_out(length, &mask);
    }
  }
}
