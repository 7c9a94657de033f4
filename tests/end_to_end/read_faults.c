// Preloaded into a bridge: while the file that READ_FAULTS names exists, every eighth read of a RocksDB table fails.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef ssize_t (*Read)(int, void*, size_t, off64_t);

static int Fails(int fd) {
  static unsigned reads = 0;
  const char* wanted = getenv("READ_FAULTS");
  if (wanted == NULL || access(wanted, F_OK) != 0) return 0;
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path);
  if (length < 4 || memcmp(path + length - 4, ".sst", 4) != 0) return 0;
  return __atomic_add_fetch(&reads, 1, __ATOMIC_RELAXED) % 8 == 0;
}

static ssize_t ReadOrFail(const char* name, int fd, void* bytes, size_t count, off64_t at) {
  if (Fails(fd)) {
    errno = EIO;
    return -1;
  }
  return ((Read)dlsym(RTLD_NEXT, name))(fd, bytes, count, at);
}

ssize_t pread(int fd, void* bytes, size_t count, off_t at) {
  return ReadOrFail("pread", fd, bytes, count, at);
}
ssize_t pread64(int fd, void* bytes, size_t count, off64_t at) {
  return ReadOrFail("pread64", fd, bytes, count, at);
}
