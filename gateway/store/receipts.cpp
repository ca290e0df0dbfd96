#include "gateway/store/receipts.h"

#include <limits>
#include <unordered_map>

namespace sluice::store {

namespace {

constexpr auto sql_newest = "SELECT value FROM ledger WHERE owner = '' AND entry = 'receipts'";
constexpr auto sql_put_newest = "REPLACE INTO ledger (owner, entry, value) VALUES ('', 'receipts', ?)";
constexpr auto sql_forget_newest = "DELETE FROM ledger WHERE owner = '' AND entry = 'receipts'";
constexpr auto sql_put = "REPLACE INTO receipts (last, entries) VALUES (?, ?)";
constexpr auto sql_all = "SELECT entries FROM receipts ORDER BY last";
constexpr auto sql_erase = "DELETE FROM receipts WHERE last <= ?";

// A row of a table WITHOUT ROWID keeps 1002 bytes in its page and puts the rest elsewhere.
constexpr std::size_t newest_size_max = 900;
constexpr std::size_t entry_size = 18;

template <class Number>
void put_number(std::vector<std::uint8_t>& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

template <class Number>
Number take_number(Bytes& in) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = static_cast<Number>(number | Number{in[i]} << (8 * i));
  in = in.subspan(sizeof number);
  return number;
}

void put_entry(std::vector<std::uint8_t>& out, std::int64_t number, const Receipt& receipt) {
  put_number(out, static_cast<std::uint64_t>(number));
  put_number(out, receipt.packet_id);
  put_number(out, receipt.digest);
}

}  // namespace

Result<Receipts> Receipts::prepare(const Database& database) {
  Receipts receipts;
  const auto prepared = database.prepare({{receipts.newest_, sql_newest},
                                          {receipts.put_newest_, sql_put_newest},
                                          {receipts.forget_newest_, sql_forget_newest},
                                          {receipts.put_, sql_put},
                                          {receipts.all_, sql_all},
                                          {receipts.erase_, sql_erase}});
  if (!prepared) return prepared.error();
  return receipts;
}

Result<> Receipts::append(std::span<const Receipt> receipts, std::int64_t last) {
  if (receipts.empty()) return {};
  std::vector<std::uint8_t> entries;
  if (auto done = read_newest(entries); !done) return done;
  entries.reserve(entries.size() + receipts.size() * entry_size);
  std::int64_t number = last - static_cast<std::int64_t>(receipts.size());
  for (const Receipt& receipt : receipts) put_entry(entries, ++number, receipt);
  if (entries.size() <= newest_size_max) return put_newest_.bind(1, Bytes(entries)).run();

  if (auto done = put_.bind(1, last).bind(2, Bytes(entries)).run(); !done) return done;
  if (auto done = forget_newest_.run(); !done) return done;
  return erase_.bind(1, last - window).run();
}

Result<> Receipts::forget() {
  if (auto done = forget_newest_.run(); !done) return done;
  return erase_.bind(1, std::numeric_limits<std::int64_t>::max()).run();
}

Result<std::vector<Receipt>> Receipts::read(std::int64_t last) {
  std::unordered_map<std::uint16_t, std::uint64_t> latest;
  const auto take = [&](Bytes entries) {
    while (entries.size() >= entry_size) {
      const auto number = static_cast<std::int64_t>(take_number<std::uint64_t>(entries));
      const auto packet_id = take_number<std::uint16_t>(entries);
      const auto digest = take_number<std::uint64_t>(entries);
      if (last - number < window) latest[packet_id] = digest;
    }
  };
  const Rewind at_end(all_);
  for (;;) {
    const Result<bool> row = all_.next();
    if (!row) return row.error();
    if (!*row) break;
    take(all_.blob(0));
  }
  std::vector<std::uint8_t> newest;
  if (auto done = read_newest(newest); !done) return done.error();
  take(newest);

  std::vector<Receipt> receipts;
  receipts.reserve(latest.size());
  for (const auto& [packet_id, digest] : latest) receipts.push_back({packet_id, digest});
  return receipts;
}

Result<> Receipts::read_newest(std::vector<std::uint8_t>& entries) {
  const Rewind at_end(newest_);
  const Result<bool> row = newest_.next();
  if (!row) return row.error();
  if (*row) entries.assign(newest_.blob(0).begin(), newest_.blob(0).end());
  return {};
}

}  // namespace sluice::store
