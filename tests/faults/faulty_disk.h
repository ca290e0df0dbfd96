#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

/// Something that changed what the disk holds. `file` is its name without the folder.
struct DiskChange {
  enum class Kind { create, write, truncate, sync, remove };
  Kind kind;
  std::string file;
  std::int64_t at = 0;    ///< write: where; truncate: the new size; remove: 1 if it is durable on return
  std::string data = {};  ///< write
};

/// A disk that fails when told to, and puts down what is done to it: a SQLite VFS over the system's, under a name of
/// its own while it lives. Any thread.
class FaultyDisk {
 public:
  enum class Call {
    open,
    open_to_write,
    create,
    remove,
    access,
    read,
    write,
    truncate,
    sync,
    file_size,
    lock,
    shm_map,
    shm_grow,
    shm_lock
  };
  enum class Fault { io_error, full, read_only, hang };
  enum class Lasting { once, for_good };

  FaultyDisk();
  ~FaultyDisk();  ///< every store that uses it is closed by now
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  const std::string& name() const { return name_; }

  /// From now on the nth such call and all after it fail or hang, until mend().
  void break_down(Call call, Fault fault, int nth = 1);
  /// The same of calls of any kind that can meet such a fault: a full disk can be read. Or the nth alone.
  void break_down_at(int nth, Fault fault, Lasting lasting);
  void mend();

  /// Whether a call has failed, or hangs, since break_down().
  bool struck() const { return struck_; }
  bool wait_until_struck();  ///< false if that does not come within a generous while
  Call struck_at() const { return struck_at_; }

  /// From now on every change is added there; null: no more.
  void record(std::vector<DiskChange>* changes);

  /// For the VFS: lets one call pass (0), or tells the SQLite error it fails with.
  int pass(Call call);
  /// For the VFS: after a call that worked.
  void changed(DiskChange::Kind kind, std::string_view path, std::int64_t at = 0, std::string_view data = {});

 private:
  struct Vfs;
  struct Breakage {
    std::optional<Call> call;
    Fault fault;
    Lasting lasting;
    int left;  ///< calls before it
  };
  void break_down(const Breakage& breakage);

  std::string name_;
  std::unique_ptr<Vfs> vfs_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Breakage> broken_;
  std::vector<DiskChange>* changes_ = nullptr;
  std::atomic<bool> struck_{false};
  std::atomic<Call> struck_at_{Call::open};
};

}  // namespace sluice::store
