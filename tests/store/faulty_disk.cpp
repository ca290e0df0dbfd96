#include "tests/store/faulty_disk.h"

#include <chrono>

#include <sqlite3.h>

#include "gateway/core/assert.h"

namespace sluice::store {

namespace {

struct File {
  sqlite3_file base;
  FaultyDisk* disk;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* mine(sqlite3_file* file) {
  return reinterpret_cast<File*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return mine(file)->real();
}
const sqlite3_io_methods* of(sqlite3_file* file) {
  return real(file)->pMethods;
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  const int refused = mine(file)->disk->pass(FaultyDisk::Call::write);
  return refused != SQLITE_OK ? refused : of(file)->xWrite(real(file), data, size, at);
}

int sync(sqlite3_file* file, int flags) {
  const int refused = mine(file)->disk->pass(FaultyDisk::Call::sync);
  return refused != SQLITE_OK ? refused : of(file)->xSync(real(file), flags);
}

// All else goes to the system's VFS as it is.
using F = sqlite3_file*;
const sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = [](F f) { return of(f)->xClose(real(f)); },
    .xRead = [](F f, void* data, int size, sqlite3_int64 at) { return of(f)->xRead(real(f), data, size, at); },
    .xWrite = write,
    .xTruncate = [](F f, sqlite3_int64 size) { return of(f)->xTruncate(real(f), size); },
    .xSync = sync,
    .xFileSize = [](F f, sqlite3_int64* size) { return of(f)->xFileSize(real(f), size); },
    .xLock = [](F f, int level) { return of(f)->xLock(real(f), level); },
    .xUnlock = [](F f, int level) { return of(f)->xUnlock(real(f), level); },
    .xCheckReservedLock = [](F f, int* out) { return of(f)->xCheckReservedLock(real(f), out); },
    .xFileControl = [](F f, int op, void* value) { return of(f)->xFileControl(real(f), op, value); },
    .xSectorSize = [](F f) { return of(f)->xSectorSize(real(f)); },
    .xDeviceCharacteristics = [](F f) { return of(f)->xDeviceCharacteristics(real(f)); },
    .xShmMap = [](F f, int page, int size, int extend,
                  void volatile** at) { return of(f)->xShmMap(real(f), page, size, extend, at); },
    .xShmLock = [](F f, int from, int count, int flags) { return of(f)->xShmLock(real(f), from, count, flags); },
    .xShmBarrier = [](F f) { of(f)->xShmBarrier(real(f)); },
    .xShmUnmap = [](F f, int remove) { return of(f)->xShmUnmap(real(f), remove); },
    .xFetch = [](F f, sqlite3_int64 at, int size, void** out) { return of(f)->xFetch(real(f), at, size, out); },
    .xUnfetch = [](F f, sqlite3_int64 at, void* page) { return of(f)->xUnfetch(real(f), at, page); },
};

sqlite3_vfs* system_vfs() {
  static sqlite3_vfs* const found = sqlite3_vfs_find("unix");
  return found;
}

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  file->pMethods = nullptr;
  mine(file)->disk = static_cast<FaultyDisk*>(vfs->pAppData);
  const int status = system_vfs()->xOpen(system_vfs(), path, real(file), flags, flags_out);
  if (real(file)->pMethods != nullptr) file->pMethods = &methods;
  return status;
}

}  // namespace

struct FaultyDisk::Vfs {
  sqlite3_vfs table;
};

FaultyDisk::FaultyDisk() {
  static std::atomic<int> count{0};
  name_ = "faulty-disk-" + std::to_string(++count);
  vfs_ = std::make_unique<Vfs>(Vfs{*system_vfs()});
  vfs_->table.szOsFile += static_cast<int>(sizeof(File));
  vfs_->table.zName = name_.c_str();
  vfs_->table.pAppData = this;
  vfs_->table.pNext = nullptr;
  vfs_->table.xOpen = open;
  SLUICE_ASSERT(sqlite3_vfs_register(&vfs_->table, 0) == SQLITE_OK);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs_->table);
}

void FaultyDisk::break_down(Call call, Fault fault, int nth) {
  const std::lock_guard lock(mutex_);
  broken_ = true;
  call_ = call;
  fault_ = fault;
  left_ = nth - 1;
  struck_ = false;
}

void FaultyDisk::mend() {
  {
    const std::lock_guard lock(mutex_);
    broken_ = false;
  }
  changed_.notify_all();
}

bool FaultyDisk::wait_until_struck() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return struck_.load(); });
}

int FaultyDisk::pass(Call call) {
  std::unique_lock lock(mutex_);
  if (!broken_ || call != call_ || left_-- > 0) return SQLITE_OK;
  struck_ = true;
  changed_.notify_all();
  switch (fault_) {
    case Fault::hang:
      changed_.wait(lock, [&] { return !broken_; });
      return SQLITE_OK;
    case Fault::full:
      return SQLITE_FULL;
    case Fault::io_error:
      return call == Call::write ? SQLITE_IOERR_WRITE : SQLITE_IOERR_FSYNC;
  }
  return SQLITE_ERROR;
}

}  // namespace sluice::store
