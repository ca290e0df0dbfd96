// Preloaded into a gateway under test: lets its disk hang or fail, and name lookups hang.
// OBSTACLE names a file. While it holds "hang", fsync and fdatasync do not return; while it holds "fail", they fail with EIO;
// while it holds "readonly", they and every write to a place in a file fail with EROFS.
// FILE.reached is made when a call meets the obstacle. Host names that end in ".hangs" are never found, those that end in
// ".slow" are not found after ten seconds. CLOCK_SYNCED is "yes" or "no", whatever the machine's clock is; CLOCK_AHEAD names a
// file with the seconds by which the calendar is ahead. A write that holds the text of POISON kills the process.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/// The beginning of the file that `variable` names; empty if there is none.
static void read_named(const char* variable, char* text, size_t size) {
  const char* path = getenv(variable);
  const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  text[0] = 0;
  if (file < 0) return;
  const ssize_t count = read(file, text, size - 1);
  close(file);
  text[count > 0 ? count : 0] = 0;
}

static int obstacle_is(const char* kind) {
  char text[16];
  read_named("OBSTACLE", text, sizeof text);
  return strncmp(text, kind, strlen(kind)) == 0;
}

static void tell_reached(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s.reached", getenv("OBSTACLE"));
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file >= 0) close(file);
}

static int refused(int error) {
  tell_reached();
  errno = error;
  return -1;
}

static int sync_file(long call, int file) {
  if (obstacle_is("fail")) return refused(EIO);
  if (obstacle_is("readonly")) return refused(EROFS);
  while (obstacle_is("hang")) {
    tell_reached();
    usleep(10000);
  }
  return (int)syscall(call, file);
}

int fsync(int file) { return sync_file(SYS_fsync, file); }
int fdatasync(int file) { return sync_file(SYS_fdatasync, file); }

ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t offset) {
  const char* poison = getenv("POISON");
  if (poison && memmem(bytes, count, poison, strlen(poison))) abort();
  if (obstacle_is("readonly")) return refused(EROFS);
  return syscall(SYS_pwrite64, file, bytes, count, offset);
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  static int (*next)(clockid_t, struct timespec*);
  if (!next) next = dlsym(RTLD_NEXT, "clock_gettime");
  const int result = next(clock, now);
  if (clock != CLOCK_REALTIME || !getenv("CLOCK_AHEAD")) return result;
  char text[24];
  read_named("CLOCK_AHEAD", text, sizeof text);
  now->tv_sec += atoll(text);
  return result;
}

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints, struct addrinfo** found) {
  static const char ending[] = ".hangs";
  const size_t length = node ? strlen(node) : 0;
  while (length >= sizeof ending - 1 && strcmp(node + length - (sizeof ending - 1), ending) == 0) pause();
  if (length >= 5 && strcmp(node + length - 5, ".slow") == 0) {
    sleep(10);
    return EAI_NONAME;
  }
  int (*next)(const char*, const char*, const struct addrinfo*, struct addrinfo**) = dlsym(RTLD_NEXT, "getaddrinfo");
  return next(node, service, hints, found);
}

int adjtimex(struct timex* clock) {
  const char* synced = getenv("CLOCK_SYNCED");
  int (*next)(struct timex*) = dlsym(RTLD_NEXT, "adjtimex");
  const int state = next(clock);
  if (!synced) return state;
  const int yes = strcmp(synced, "yes") == 0;
  if (yes)
    clock->status &= ~STA_UNSYNC;
  else
    clock->status |= STA_UNSYNC;
  return yes ? TIME_OK : TIME_ERROR;
}
