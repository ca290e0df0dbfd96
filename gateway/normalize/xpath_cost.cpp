#include "gateway/normalize/xpath_cost.h"

#include <algorithm>
#include <vector>

namespace sluice::normalize {

namespace {

constexpr std::size_t expression_size_max = 1000;
constexpr std::size_t predicates_max = 2;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c) || c == '-' || c == '.';
}

struct Token {
  enum class Kind { end, name, literal, number, symbol };
  Kind kind = Kind::end;
  std::string_view text;

  bool is(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
};

/// XPath 1.0 section 3.7, as far as costs need it. What is wrong in itself, pugixml refuses.
std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  const auto take = [&](Token::Kind kind, std::size_t size) {
    tokens.push_back({kind, text.substr(0, size)});
    text.remove_prefix(size);
  };
  while (!text.empty()) {
    const char c = text[0];
    std::size_t size = 1;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      text.remove_prefix(1);
    } else if (c == '"' || c == '\'') {
      const std::size_t end = text.find(c, 1);
      take(Token::Kind::literal, end == std::string_view::npos ? text.size() : end + 1);
    } else if (is_digit(c) || (c == '.' && text.size() > 1 && is_digit(text[1]))) {
      while (size < text.size() && (is_digit(text[size]) || text[size] == '.')) ++size;
      take(Token::Kind::number, size);
    } else if (is_name_start(c)) {
      // A colon belongs to the name, two are the end of an axis.
      while (size < text.size() && (is_name_part(text[size]) ||
                                    (text[size] == ':' && size + 1 < text.size() && is_name_start(text[size + 1]))))
        ++size;
      take(Token::Kind::name, size);
    } else {
      const std::string_view two = text.substr(0, 2);
      const bool pair = two == "//" || two == ".." || two == "::" || two == "!=" || two == "<=" || two == ">=";
      take(Token::Kind::symbol, pair ? 2 : 1);
    }
  }
  return tokens;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

class CostCheck {
 public:
  CostCheck(std::string_view expression, bool relative) : tokens_(tokens_of(expression)), relative_(relative) {
    tokens_.emplace_back();
  }

  std::string run() {
    for (at_ = 0; at_ + 1 < tokens_.size() && wrong_.empty(); ++at_) read(tokens_[at_]);
    return wrong_;
  }

 private:
  struct Bracket {
    bool predicate = false;
    bool function = false;
    int level = 0;  ///< of the path that goes on behind it
  };

  const Token& next() const { return tokens_[at_ + 1]; }
  const Token& previous() const { return at_ == 0 ? tokens_.back() : tokens_[at_ - 1]; }
  bool in_predicate() const {
    return std::any_of(brackets_.begin(), brackets_.end(), [](const Bracket& one) { return one.predicate; });
  }

  void read(const Token& token) {
    if (token.kind == Token::Kind::name)
      read_name(token.text);
    else if (token.kind != Token::Kind::symbol)
      operand_ = true;
    else
      read_symbol(token.text);
  }

  void read_name(std::string_view name) {
    if (operand_ && is_one_of(name, {"and", "or", "div", "mod"})) return read_operator();
    if (next().is("::")) return read_axis(name);
    const bool node_test = is_one_of(name, {"text", "node", "comment", "processing-instruction"});
    function_next_ = next().is("(") && !node_test;
    if (function_next_ && name == "id") wrong_ = "the function id() has no meaning here";
    if (!function_next_) step();
    operand_ = true;
  }

  void read_axis(std::string_view axis) {
    steps_down_ = !is_one_of(axis, {"self", "descendant-or-self"});
    if (!is_one_of(axis, {"child", "descendant", "descendant-or-self", "self", "attribute"}))
      wrong_ = "the axis " + std::string(axis) + ":: could cost too much; use child, descendant, self, attribute or ..";
  }

  void step() {
    if (steps_down_) ++level_;
    steps_down_ = true;
  }

  void read_operator() {
    if (begins_upwards_ && brackets_.empty()) wrong_ = "an address that begins with '..' must be a single path";
    begin_operand();
  }

  void read_symbol(std::string_view symbol) {
    if (symbol == "/" || symbol == "//")
      read_slash();
    else if (symbol == "..")
      read_upwards();
    else if (symbol == ".")
      operand_ = true;
    else if (symbol == "*" && !operand_)
      read_star();
    else if (symbol == "(" || symbol == "[")
      open(symbol == "[");
    else if (symbol == ")" || symbol == "]")
      close();
    else if (symbol == "$")
      wrong_ = "variables have no value here";
    else if (is_one_of(symbol, {"=", "!=", "<", "<=", ">", ">="}))
      compare();
    else if (symbol == ",")
      begin_operand();
    else if (symbol != "@" && symbol != "::")
      read_operator();
  }

  void read_star() {
    step();
    operand_ = true;
  }

  void read_slash() {
    if (!operand_ && in_predicate())
      wrong_ = "inside [ ] a path from the root could cost too much";
    else if (!operand_ && relative_)
      wrong_ = "beside 'each' an address is relative to the element: it must not begin with /";
    operand_ = false;
  }

  void read_upwards() {
    const bool leading = std::all_of(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(at_),
                                     [](const Token& token) { return token.is("..") || token.is("/"); });
    begins_upwards_ = begins_upwards_ || leading;
    if (leading && !relative_) wrong_ = "there is nothing above the whole message";
    if (!leading && --level_ < 0)
      wrong_ = "'..' may stand at the beginning, or go back within the path, but not leave its node elsewhere";
    operand_ = true;
  }

  void open(bool predicate) {
    brackets_.push_back({predicate, !predicate && function_next_, level_});
    function_next_ = false;
    const auto predicates =
        std::count_if(brackets_.begin(), brackets_.end(), [](const Bracket& one) { return one.predicate; });
    if (static_cast<std::size_t>(predicates) > predicates_max) wrong_ = "[ ] stands three times within one another";
    begin_operand();
  }

  void close() {
    operand_ = true;
    if (brackets_.empty()) return;  // pugixml has the words for it
    const Bracket& bracket = brackets_.back();
    closed_function_ = bracket.function;
    // Behind a group the path may stand anywhere in it.
    level_ = bracket.predicate ? bracket.level : 0;
    brackets_.pop_back();
  }

  void compare() {
    const Token& after = next();
    const bool calls = after.kind == Token::Kind::name && at_ + 2 < tokens_.size() && tokens_[at_ + 2].is("(") &&
                       !is_one_of(after.text, {"text", "node", "comment", "processing-instruction"});
    const auto is_plain = [](const Token& token) {
      return token.kind == Token::Kind::literal || token.kind == Token::Kind::number;
    };
    const bool plain =
        is_plain(after) || after.is("-") || is_plain(previous()) || calls || (previous().is(")") && closed_function_);
    if (!plain) wrong_ = "compare with a literal, a number or a function: two sets of nodes could cost too much";
    read_operator();
  }

  void begin_operand() {
    operand_ = false;
    level_ = 0;
  }

  std::vector<Token> tokens_;
  bool relative_;
  std::size_t at_ = 0;
  std::string wrong_;
  std::vector<Bracket> brackets_;
  int level_ = 0;           ///< how far below its beginning the path surely is
  bool operand_ = false;    ///< an operand, or a step of a path, is complete
  bool steps_down_ = true;  ///< the axis of the next step leads away from its node
  bool begins_upwards_ = false;
  bool function_next_ = false;
  bool closed_function_ = false;
};

}  // namespace

std::string why_costly(std::string_view expression, bool relative) {
  if (expression.size() > expression_size_max) return "longer than " + std::to_string(expression_size_max) + " bytes";
  return CostCheck(expression, relative).run();
}

}  // namespace sluice::normalize
