#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

namespace sluice::store {

/// A disk that fails when told to: a SQLite VFS over the system's, under a name of its own while it lives. Any thread.
class FaultyDisk {
 public:
  enum class Call { write, sync };
  enum class Fault { io_error, full, hang };

  FaultyDisk();
  ~FaultyDisk();  ///< every store that uses it is closed by now
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  const std::string& name() const { return name_; }

  /// From now on the nth such call and all after it fail or hang, until mend().
  void break_down(Call call, Fault fault, int nth = 1);
  void mend();

  /// Whether a call has failed, or hangs, since break_down().
  bool struck() const { return struck_; }
  bool wait_until_struck();  ///< false if that does not come within a generous while

  /// For the VFS: lets one call pass (0), or tells the SQLite error it fails with.
  int pass(Call call);

 private:
  struct Vfs;
  std::string name_;
  std::unique_ptr<Vfs> vfs_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool broken_ = false;
  Call call_ = Call::write;
  Fault fault_ = Fault::io_error;
  int left_ = 0;
  std::atomic<bool> struck_{false};
};

}  // namespace sluice::store
