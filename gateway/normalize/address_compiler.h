#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/plan.h"

namespace sluice::normalize {

/// Compiles the addresses and placeholders of one message, and gives slots to the names they bring. Used while a schema
/// is compiled, once.
class AddressCompiler {
 public:
  /// The plan's pattern must be there already. `topics` are the message's own.
  AddressCompiler(const MessageSchema& schema, const std::vector<TopicPattern>& topics, MessagePlan& plan,
                  Problems& problems);

  /// The names that are known at one place of the schema: the topic's, those of `each`, those of a reading's own
  /// address.
  using Names = std::vector<std::string>;
  const Names& topic_names() const { return topic_names_; }  ///< those that all of the message's topics have

  std::size_t slot(std::string_view name);

  /// `binds`: names that are not known are wildcards, and known from then on. Null: they are problems.
  std::optional<Address> address(const Text& text, Names& known, bool binds);

  /// The same with those that are asked otherwise. All must have the same wildcards.
  std::optional<Address> address(const AddressText& text, Names& known, bool binds);

  /// What holds the value at a JSON or XML address: the object, the parent element. Nothing where it has no parent,
  /// which is a problem.
  std::optional<Address> holder(const Text& text, Names& known);

  /// Relative to an element of `each`: an absolute XPath is a problem.
  void set_relative(bool relative) { relative_ = relative; }

  /// Addresses like these are carried on from one element to the next, from here on.
  void set_carried(const std::vector<Text>& carried) { carried_ = &carried; }

  std::optional<TextParts> text_parts(const Text& text, Names& known);

  /// Whether `name` can stand for something here, without an address: a topic's name, a group, a column given.
  bool knows(std::string_view name, const Names& known) const;

 private:
  std::optional<JsonAddress> json(const Text& text, Names& known, bool binds);
  std::optional<JsonStep> json_step(std::string_view token, const Text& text, Names& known, bool binds);
  std::optional<XmlAddress> xml(const Text& text, Names& known, bool binds);
  /// What a placeholder in an address is: a wildcard, or a name that is known already. Nothing: a problem.
  struct Placeholder {
    std::size_t slot;
    bool is_wildcard;
  };
  std::optional<Placeholder> placeholder(const NamePart& part, const Text& text, Names& known, bool binds);
  std::optional<ColumnAddress> column(const Text& text, Names& known, bool binds);
  std::optional<ColumnAddress> columns(const NamePart& part, const Text& text, Names& known, bool binds);
  std::string why_no_column(const Column& column) const;
  std::optional<TextAddress> group(const Text& text);
  std::optional<TextPart> part(const Text& inside, Names& known);
  bool stands_in_some_topics_only(const Text& text, std::string_view name);
  void unknown(const Text& text, std::string_view name, const Names& known);

  const MessageSchema& schema_;
  MessagePlan& plan_;
  Problems& problems_;
  Names topic_names_;
  Names some_topics_names_;
  Names slots_;                     ///< slot i belongs to this name
  std::vector<NamePart> found_as_;  ///< and the last wildcard for it looked so
  bool relative_ = false;
  const std::vector<Text>* carried_ = nullptr;
};

}  // namespace sluice::normalize
