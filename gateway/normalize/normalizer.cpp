#include "gateway/normalize/normalizer.h"

#include <algorithm>

#include "gateway/normalize/checksum.h"
#include "gateway/normalize/csv_source.h"
#include "gateway/normalize/event_reader.h"
#include "gateway/normalize/jq_worker.h"
#include "gateway/normalize/json_source.h"
#include "gateway/normalize/pairs_source.h"
#include "gateway/normalize/plan.h"
#include "gateway/normalize/text_source.h"
#include "gateway/normalize/unmatched.h"
#include "gateway/normalize/xml_source.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t reason_size_max = 300;

Fate quarantined(std::string schema, Refusal refusal) {
  return {Fate::Kind::quarantined, std::move(schema), std::move(refusal.field),
          excerpt(refusal.reason, reason_size_max - 3)};
}

/// A payload in one format, opened when the first schema asks for it, and once for all of them.
template <class Format>
class Once {
 public:
  void forget() { opened_ = false; }

  template <class Open>
  const std::optional<Refusal>& open(const Open& open) {
    if (!opened_) refusal_ = open(source_);
    opened_ = true;
    return refusal_;
  }
  Format& source() { return source_; }

 private:
  Format source_;
  bool opened_ = false;
  std::optional<Refusal> refusal_;
};

bool is_any(const std::vector<Scalar>& wanted, const Value& value) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const Scalar& one) { return is_same(one, value); });
}

bool is_wanted(const WhenPlan& when, const Value& value) {
  if (!value.present()) return false;
  if (when.matches != nullptr) return value.kind != Value::Kind::structure && when.matches->matches(value.text);
  return is_any(when.is, value);
}

/// A condition with a wildcard: whether any of the values is the one.
class AnyValue final : public Source::Visitor {
 public:
  explicit AnyValue(const WhenPlan& when) : when_(when) {}
  bool visit(const Value& value) override {
    found = is_wanted(when_, value);
    return !found;
  }
  bool found = false;

 private:
  const WhenPlan& when_;
};

}  // namespace

struct Normalizer::State {
  State(std::shared_ptr<const Library> the_library, const Options& options)
      : library(std::move(the_library)),
        unmatched(options.unmatched),
        reader(find_zone(options.timezone).value_or(cctz::local_time_zone())),
        jq(library->plan().jq) {}

  /// What a schema is read from, null where jq left nothing; or why it does not get that far.
  struct Opened {
    Source* source = nullptr;
    std::optional<Refusal> refusal;
  };

  Fate normalize(const Message& message, std::vector<Record>& out);
  Fate normalize_cut(const Message& message) const;
  std::optional<Fate> attempt(const Route& route, const Message& message, std::vector<Record>& out);
  Opened open(const MessagePlan& plan, const std::string& payload);
  Opened open_text(const MessagePlan& plan, const std::string& payload);
  Opened open_json(const MessagePlan& plan, const std::string& payload);
  bool applies(const MessagePlan& plan, Source& source);
  bool holds(const WhenPlan& when, Source& source);

  const MessageSchema& schema_of(std::uint32_t target) const { return *plan_of(library->plan().routes[target]).schema; }
  const MessagePlan& plan_of(const Route& route) const { return library->plan().messages[route.message]; }

  std::shared_ptr<const Library> library;
  Unmatched unmatched;
  Trace* trace = nullptr;  ///< of the message at hand; null: nobody asks
  EventReader reader;
  JqWorker jq;
  Once<JsonSource> json;
  Once<XmlSource> xml;
  Once<TextSource> text;
  JsonSource reshaped;
  CsvSource csv;
  PairsSource pairs;
  std::vector<std::string_view> levels;
  std::vector<std::uint32_t> targets;
  std::vector<std::string_view> names;
  Bindings bindings;
};

Normalizer::Normalizer(std::shared_ptr<const Library> library, Options options)
    : state_(std::make_unique<State>(std::move(library), options)) {}

Normalizer::~Normalizer() = default;

Fate Normalizer::normalize(const Message& message, std::vector<Record>& out, Trace* trace) {
  state_->trace = trace;
  return state_->normalize(message, out);
}

Fate Normalizer::State::normalize(const Message& message, std::vector<Record>& out) {
  split_levels(message.topic, levels);
  library->plan().topics.find(levels, targets);
  if (std::find(targets.begin(), targets.end(), Plan::command) != targets.end()) {
    if (trace != nullptr) trace->command = true;
    return {};
  }
  if (message.cut()) return normalize_cut(message);
  json.forget();
  xml.forget();
  text.forget();
  for (const std::uint32_t target : targets) {
    const Route& route = library->plan().routes[target];
    if (trace != nullptr) trace->asked.push_back({&schema_of(target), {}});
    std::optional<Fate> fate = attempt(route, message, out);
    if (!fate) continue;
    if (trace != nullptr) trace->applied = true;
    return *std::move(fate);
  }
  switch (unmatched) {
    case Unmatched::ignore:
      return {};
    case Unmatched::quarantine:
      return quarantined("", {"no schema applies to this message", ""});
    case Unmatched::raw:
      append_raw(message, out);
      break;
    case Unmatched::auto_:
      append_auto(message, json.source(), out);
      break;
  }
  return {Fate::Kind::understood, {}, {}, {}};
}

Fate Normalizer::State::normalize_cut(const Message& message) const {
  if (targets.empty() && unmatched == Unmatched::ignore) return {};
  return quarantined(targets.empty() ? "" : schema_of(targets[0]).full_name,
                     {"too large: " + std::to_string(message.payload_size) + " bytes, more than message_size_max", ""});
}

/// What becomes of the message by this schema; nothing where the schema does not apply.
std::optional<Fate> Normalizer::State::attempt(const Route& route, const Message& message, std::vector<Record>& out) {
  const MessagePlan& plan = plan_of(route);
  bindings.assign(plan.slots, {});
  route.topic.bind(levels, names);
  for (std::size_t i = 0; i < names.size(); ++i) bindings[route.slots[i]].text = names[i];
  Opened opened = open(plan, message.payload);
  if (opened.source == nullptr) return plan.applies_to_all() ? std::optional<Fate>(Fate{}) : std::nullopt;
  if (!opened.refusal && !applies(plan, *opened.source)) return std::nullopt;
  if (opened.refusal && !plan.applies_to_all()) {
    if (trace != nullptr) trace->asked.back().unreadable = opened.refusal->reason;
    return std::nullopt;
  }
  const std::size_t before = out.size();
  if (!opened.refusal) opened.refusal = reader.read(plan, *opened.source, bindings, message, out);
  if (opened.refusal) return quarantined(plan.schema->full_name, std::move(*opened.refusal));
  return Fate{out.size() > before ? Fate::Kind::understood : Fate::Kind::ignored, {}, {}, {}};
}

Normalizer::State::Opened Normalizer::State::open(const MessagePlan& plan, const std::string& payload) {
  switch (plan.schema->format) {
    case Format::json:
      return open_json(plan, payload);
    case Format::csv:
      return {&csv, csv.open(payload, plan.schema->csv, plan.columns)};
    case Format::xml:
      return {&xml.source(), xml.open([&](XmlSource& source) { return source.open(payload); })};
    case Format::text:
      break;
  }
  return open_text(plan, payload);
}

Normalizer::State::Opened Normalizer::State::open_text(const MessagePlan& plan, const std::string& payload) {
  Opened opened{&text.source(), text.open([&](TextSource& source) { return source.open(payload); })};
  std::string_view content = text.source().text();
  if (!opened.refusal && plan.schema->checksum) opened.refusal = take_checksum(content);
  if (opened.refusal) return opened;
  if (plan.schema->pairs) {
    opened = {&pairs, pairs.open(content, *plan.schema->pairs, plan.columns)};
  } else if (!text.source().match(plan.pattern.get(), content)) {
    opened.refusal = Refusal{"does not match: '" + excerpt(payload, 100) + "'", "pattern"};
  }
  return opened;
}

Normalizer::State::Opened Normalizer::State::open_json(const MessagePlan& plan, const std::string& payload) {
  const std::optional<Refusal>& refusal = json.open([&](JsonSource& source) { return source.open(payload); });
  if (refusal || plan.jq == 0) return {&json.source(), refusal};
  const Result<std::string> shaped = jq.run(plan.jq - 1, payload);
  if (!shaped) return {&reshaped, Refusal{"jq: " + shaped.error().message, "jq"}};
  if (shaped->empty()) return {};
  return {&reshaped, reshaped.open(*shaped)};
}

bool Normalizer::State::applies(const MessagePlan& plan, Source& source) {
  return std::all_of(plan.when.begin(), plan.when.end(), [&](const WhenPlan& when) { return holds(when, source); });
}

bool Normalizer::State::holds(const WhenPlan& when, Source& source) {
  if (when.pattern) return true;
  if (when.is.empty() && when.matches == nullptr) return source.exists(when.at, bindings);
  if (!when.at.has_wildcard) return is_wanted(when, source.first(when.at, bindings));
  AnyValue any(when);
  source.visit(when.at, bindings, any);
  return any.found;
}

}  // namespace sluice::normalize
