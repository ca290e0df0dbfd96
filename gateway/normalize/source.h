#pragma once

#include <optional>
#include <span>
#include <string>

#include "gateway/normalize/address.h"
#include "gateway/normalize/value.h"

namespace sluice::normalize {

/// An opened payload, whatever its format, as a row of elements: each becomes one event. Addresses are asked of the
/// whole payload until `begin`, and from then on of the element that the last `next` moved to. One thread.
class Source {
 public:
  class Visitor {
   public:
    /// Whether to go on.
    virtual bool visit(const Value& value) = 0;

   protected:
    ~Visitor() = default;
  };

  virtual ~Source() = default;

  /// The first value at the address; absent if there is none. Wildcards leave their slots bound to what was found.
  virtual Value first(const Address& address, Bindings& bindings) = 0;

  /// Every key that stands anywhere in the payload; null where addresses are not made of keys.
  virtual const KeySet* keys() const { return nullptr; }

  /// Whether there is anything at the address, as a condition means it.
  virtual bool exists(const Address& address, Bindings& bindings) { return first(address, bindings).present(); }

  /// Whether a JSON object or list, or an XML node, stands at the address. Elsewhere there is always what holds a
  /// value: the row, the text. It does not count as asked for.
  virtual bool holds(const Address& address, const Bindings& bindings) = 0;

  /// Every value at an address with wildcards that was not taken before, the slots bound; stops where the visitor says
  /// so.
  virtual void visit(const Address& address, Bindings& bindings, Visitor& visitor) = 0;

  /// Goes before the first element. Without `each` the whole payload is the one element (of CSV: each row is one).
  /// `remember`: from here on what was asked for is taken, for `append_rest`, and so that wildcards pass it over.
  virtual std::optional<Refusal> begin(const Address* each, Bindings& bindings, bool remember) = 0;

  /// Goes to the next element and binds the slots of `each`. False after the last.
  virtual bool next(Bindings& bindings) = 0;

  /// Appends what nobody asked for in this element as JSON; false and nothing where there is nothing left.
  virtual bool append_rest(std::string& out) = 0;
};

/// What an earlier element of a message said, and later ones have too.
struct CarriedValue {
  Value::Kind kind = Value::Kind::absent;
  std::string text;
};

/// The first value at the address, or where nothing stands there at those that it says otherwise; where the schema
/// carries an address on, also what an earlier element said. What holds values is no value yet.
inline Value first_of(Source& source, const Address& address, Bindings& bindings,
                      std::span<const CarriedValue> carried) {
  const auto at = [&](const Address& one) {
    const Value said = source.first(one, bindings);
    if (said.present() || !one.carried) return said;
    return Value{carried[*one.carried].kind, carried[*one.carried].text};
  };
  Value found = at(address);
  for (const Address& other : address.otherwise) {
    if (found.present() && found.kind != Value::Kind::structure) break;
    if (const Value next = at(other); next.present()) found = next;
  }
  return found;
}

/// Stops at the first value.
class FirstValue final : public Source::Visitor {
 public:
  bool visit(const Value& found) override {
    value = found;
    return false;
  }
  Value value;
};

/// At most so many elements or rows become events, and so many readings stand in one.
inline constexpr std::size_t elements_max = 10'000;

}  // namespace sluice::normalize
