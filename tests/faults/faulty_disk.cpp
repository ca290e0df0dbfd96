#include "tests/faults/faulty_disk.h"

#include <chrono>

#include <sqlite3.h>
#include <unistd.h>

#include "gateway/core/assert.h"

namespace sluice::store {

namespace {

using Call = FaultyDisk::Call;
using Fault = FaultyDisk::Fault;
using Kind = DiskChange::Kind;

struct File {
  sqlite3_file base;
  FaultyDisk* disk;
  const char* path;  ///< SQLite's, which lives as long as the file is open; null: a temporary one
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

/// What such a call answers on such a disk; 0: it does not meet that fault.
int error_of(Fault fault, Call call) {
  const bool io = fault == Fault::io_error;
  const bool read_only = fault == Fault::read_only;
  switch (call) {
    case Call::open:
      return io ? SQLITE_CANTOPEN : SQLITE_OK;
    case Call::open_to_write:
      return io ? SQLITE_CANTOPEN : read_only ? SQLITE_READONLY : SQLITE_OK;
    case Call::create:
      return SQLITE_CANTOPEN;
    case Call::remove:
      return io || read_only ? SQLITE_IOERR_DELETE : SQLITE_OK;
    case Call::access:
      return io ? SQLITE_IOERR_ACCESS : SQLITE_OK;
    case Call::read:
      return io ? SQLITE_IOERR_READ : SQLITE_OK;
    case Call::write:
      return fault == Fault::full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    case Call::truncate:
      return io || read_only ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
    case Call::sync:
      return read_only ? SQLITE_OK : SQLITE_IOERR_FSYNC;
    case Call::file_size:
      return io ? SQLITE_IOERR_FSTAT : SQLITE_OK;
    case Call::lock:
      return io ? SQLITE_IOERR_LOCK : SQLITE_OK;
    case Call::shm_map:
      return io ? SQLITE_IOERR_SHMMAP : SQLITE_OK;
    case Call::shm_grow:
      return SQLITE_IOERR_SHMSIZE;
    case Call::shm_lock:
      return io ? SQLITE_IOERR_SHMLOCK : SQLITE_OK;
  }
  return SQLITE_ERROR;
}

/// Makes the call unless it is to fail, and tells of it if it changed something.
template <class Make>
int try_call(sqlite3_file* file, Call call, const Make& make) {
  const int refused = mine(file)->disk->pass(call);
  return refused != SQLITE_OK ? refused : make();
}

template <class Make>
int try_change(sqlite3_file* file, Call call, Kind kind, std::int64_t at, std::string_view data, const Make& make) {
  const int status = try_call(file, call, make);
  if (status == SQLITE_OK && mine(file)->path != nullptr) mine(file)->disk->changed(kind, mine(file)->path, at, data);
  return status;
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  const std::string_view text(static_cast<const char*>(data), static_cast<std::size_t>(size));
  return try_change(file, Call::write, Kind::write, at, text,
                    [&] { return of(file)->xWrite(real(file), data, size, at); });
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return try_change(file, Call::truncate, Kind::truncate, size, {},
                    [&] { return of(file)->xTruncate(real(file), size); });
}

int sync(sqlite3_file* file, int flags) {
  return try_change(file, Call::sync, Kind::sync, 0, {}, [&] { return of(file)->xSync(real(file), flags); });
}

// All else goes to the system's VFS, if it is let pass.
using F = sqlite3_file*;
const sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = [](F f) { return of(f)->xClose(real(f)); },
    .xRead =
        [](F f, void* data, int size, sqlite3_int64 at) {
          return try_call(f, Call::read, [&] { return of(f)->xRead(real(f), data, size, at); });
        },
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize =
        [](F f, sqlite3_int64* size) {
          return try_call(f, Call::file_size, [&] { return of(f)->xFileSize(real(f), size); });
        },
    .xLock = [](F f, int level) { return try_call(f, Call::lock, [&] { return of(f)->xLock(real(f), level); }); },
    .xUnlock = [](F f, int level) { return of(f)->xUnlock(real(f), level); },
    .xCheckReservedLock = [](F f, int* out) { return of(f)->xCheckReservedLock(real(f), out); },
    .xFileControl = [](F f, int op, void* value) { return of(f)->xFileControl(real(f), op, value); },
    .xSectorSize = [](F f) { return of(f)->xSectorSize(real(f)); },
    .xDeviceCharacteristics = [](F f) { return of(f)->xDeviceCharacteristics(real(f)); },
    .xShmMap =
        [](F f, int page, int size, int extend, void volatile** at) {
          return try_call(f, extend != 0 ? Call::shm_grow : Call::shm_map,
                          [&] { return of(f)->xShmMap(real(f), page, size, extend, at); });
        },
    .xShmLock =
        [](F f, int from, int count, int flags) {
          const auto make = [&] { return of(f)->xShmLock(real(f), from, count, flags); };
          return (flags & SQLITE_SHM_UNLOCK) != 0 ? make() : try_call(f, Call::shm_lock, make);
        },
    .xShmBarrier = [](F f) { of(f)->xShmBarrier(real(f)); },
    .xShmUnmap = [](F f, int remove) { return of(f)->xShmUnmap(real(f), remove); },
    .xFetch = [](F f, sqlite3_int64 at, int size, void** out) { return of(f)->xFetch(real(f), at, size, out); },
    .xUnfetch = [](F f, sqlite3_int64 at, void* page) { return of(f)->xUnfetch(real(f), at, page); },
};

sqlite3_vfs* system_vfs() {
  static sqlite3_vfs* const found = sqlite3_vfs_find("unix");
  return found;
}

FaultyDisk* disk_of(sqlite3_vfs* vfs) {
  return static_cast<FaultyDisk*>(vfs->pAppData);
}

Call call_of(const char* path, int flags) {
  if ((flags & SQLITE_OPEN_READWRITE) == 0) return Call::open;
  const bool creates = path != nullptr && (flags & SQLITE_OPEN_CREATE) != 0 && ::access(path, F_OK) != 0;
  return creates ? Call::create : Call::open_to_write;
}

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  FaultyDisk* disk = disk_of(vfs);
  file->pMethods = nullptr;
  mine(file)->disk = disk;
  mine(file)->path = path;
  const Call call = call_of(path, flags);
  const int refused = disk->pass(call);
  // As the system's VFS does it where it may read alone.
  if (refused == SQLITE_READONLY)
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  else if (refused != SQLITE_OK)
    return refused;
  const int status = system_vfs()->xOpen(system_vfs(), path, real(file), flags, flags_out);
  if (real(file)->pMethods != nullptr) file->pMethods = &methods;
  if (status == SQLITE_OK && call == Call::create) disk->changed(Kind::create, path);
  return status;
}

int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  FaultyDisk* disk = disk_of(vfs);
  if (const int refused = disk->pass(Call::remove); refused != SQLITE_OK) return refused;
  const int status = system_vfs()->xDelete(system_vfs(), path, sync_folder);
  if (status == SQLITE_OK) disk->changed(Kind::remove, path, sync_folder);
  return status;
}

int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  const int refused = disk_of(vfs)->pass(Call::access);
  return refused != SQLITE_OK ? refused : system_vfs()->xAccess(system_vfs(), path, flags, out);
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
  vfs_->table.xDelete = remove;
  vfs_->table.xAccess = access;
  SLUICE_ASSERT(sqlite3_vfs_register(&vfs_->table, 0) == SQLITE_OK);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs_->table);
}

void FaultyDisk::break_down(Call call, Fault fault, int nth) {
  break_down({.call = call, .fault = fault, .lasting = Lasting::for_good, .left = nth - 1});
}

void FaultyDisk::break_down_at(int nth, Fault fault, Lasting lasting) {
  break_down({.call = std::nullopt, .fault = fault, .lasting = lasting, .left = nth - 1});
}

void FaultyDisk::break_down(const Breakage& breakage) {
  const std::lock_guard lock(mutex_);
  broken_ = breakage;
  struck_ = false;
}

void FaultyDisk::mend() {
  {
    const std::lock_guard lock(mutex_);
    broken_.reset();
  }
  changed_.notify_all();
}

bool FaultyDisk::wait_until_struck() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return struck_.load(); });
}

void FaultyDisk::record(std::vector<DiskChange>* changes) {
  const std::lock_guard lock(mutex_);
  changes_ = changes;
}

int FaultyDisk::pass(Call call) {
  std::unique_lock lock(mutex_);
  if (!broken_ || (broken_->call && *broken_->call != call)) return SQLITE_OK;
  const Fault fault = broken_->fault;
  if (fault != Fault::hang && error_of(fault, call) == SQLITE_OK) return SQLITE_OK;
  if (broken_->left > 0) return --broken_->left, SQLITE_OK;
  if (!struck_) struck_at_ = call;
  struck_ = true;
  changed_.notify_all();
  if (broken_->lasting == Lasting::once) broken_.reset();
  if (fault != Fault::hang) return error_of(fault, call);
  changed_.wait(lock, [&] { return !broken_; });
  return SQLITE_OK;
}

void FaultyDisk::changed(DiskChange::Kind kind, std::string_view path, std::int64_t at, std::string_view data) {
  const std::lock_guard lock(mutex_);
  if (changes_ == nullptr) return;
  changes_->push_back({kind, std::string(path.substr(path.rfind('/') + 1)), at, std::string(data)});
}

}  // namespace sluice::store
