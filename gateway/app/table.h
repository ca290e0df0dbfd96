#pragma once

#include <string>
#include <vector>

namespace sluice::app {

/// Rows for people, in columns that are as wide as need be; to standard output.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { add(std::move(head)); }
  /// As many cells as the head has.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sluice::app
