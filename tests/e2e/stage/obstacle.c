// Preloaded into a gateway under test: lets its disk hang or fail, and name lookups hang.
// OBSTACLE names a file. While it holds "hang", fsync and fdatasync do not return; while it holds "fail", they fail with EIO.
// FILE.reached is made when a call meets the obstacle. Host names that end in ".hangs" are never found, those that end in
// ".slow" are not found after ten seconds. CLOCK_SYNCED is "yes" or "no", whatever the machine's clock is.
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
#include <unistd.h>

static int obstacle_is(const char* kind) {
  char text[16] = {0};
  const char* path = getenv("OBSTACLE");
  const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return 0;
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  return size > 0 && strncmp(text, kind, strlen(kind)) == 0;
}

static void tell_reached(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s.reached", getenv("OBSTACLE"));
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file >= 0) close(file);
}

static int sync_file(long call, int file) {
  if (obstacle_is("fail")) {
    tell_reached();
    errno = EIO;
    return -1;
  }
  while (obstacle_is("hang")) {
    tell_reached();
    usleep(10000);
  }
  return (int)syscall(call, file);
}

int fsync(int file) { return sync_file(SYS_fsync, file); }
int fdatasync(int file) { return sync_file(SYS_fdatasync, file); }

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
