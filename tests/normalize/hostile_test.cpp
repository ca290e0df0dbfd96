#include <cstdlib>
#include <fstream>
#include <memory>

#include <gtest/gtest.h>

#include "gateway/core/json_text.h"
#include "gateway/normalize/base64.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::SchemaStage;

/// A schema of every format that takes whatever topic it gets and uses everything the language has.
const std::vector<std::string> greedy_messages = {
    R"({ name: m, topic: '{device...}', format: json, time: /Time, rest: keep, readings: { t: { at: /t, unit: W }, v: '',
         '{a}': '/{a}', '{a}.{b}': '/{a}/{b}', '{a}.{b}.{c}': { at: '/{a}/{b}/{c}', unit: { at: '/{a}/u' } } } })",
    R"({ name: m, topic: '{device...}', format: json, each: '', rest: keep, readings: { v: '', '{a}': '/{a}' } })",
    R"({ name: m, topic: '{device...}', format: xml, each: '//*', rest: keep, time: '../time', readings: { v: ., up: '../*',
         n: 'count(.//*)', deep: './/*[.//*[1]]', text: 'string(.)' } })",
    R"({ name: m, topic: '{device...}', format: csv, rest: keep, csv: { comment: "#" }, readings: { a: 1, b: { at: t, unit: W }, c: 9999 } })",
    R"({ name: m, topic: '{device...}', format: csv, csv: { header: false, delimiter: ';', decimal: ',' }, readings: { '{device}': 1, b: 2 } })",
    R"({ name: m, topic: '{device...}', format: json, each: '', carry: [/a, /t], rest: keep, readings: { '{/t}': '', 'x{n}': { at: '/k{n}/b/c',
         unit: { at: '/k{n}1' } }, '{n}': { at: '/a{n}', unit: { at: '/b{n}' } } } })",
    R"({ name: m, topic: '{device...}', format: xml, each: '//{e}', rest: keep, readings: { 'b{n}': '@b{n}', '{n}': '{n}' } })",
    R"({ name: m, topic: '{device...}', format: csv, checksum: nmea, rest: keep, readings: { 'c{n}': { at: 'c{n}', unit: { at: 't{n}' } }, '{n}': '{n}' } })",
    R"({ name: m, topic: '{device...}', format: csv, rest: keep, readings: { 'c{n}': { at: 'c{n}', unit: { at: 'c{n}0' } } } })",
    R"({ name: m, topic: '{device...}', format: text, pairs: { delimiter: ',', sign: ' ', encoding: form }, rest: keep, readings: {
         'c{n}': { at: 'c{n}', unit: { at: 'a{n}' } }, '{n}': '{n}' } })",
    R"({ name: m, topic: '{device...}', format: text, pattern: '(?s)(?P<a>(x+x+)+y|.*?)(?P<b>\d*)', readings: { v: value, a: a, b: { at: b, unit: W } } })",
};

std::string greedy(std::size_t i) {
  return "family: t\nmessages:\n- " + greedy_messages[i] + "\n";
}

/// Normalises under every greedy schema and every policy for unmatched messages, and sees to it that each message ends
/// in exactly one fate and that everything that comes out is good JSON.
class Gauntlet {
 public:
  Gauntlet() {
    for (std::size_t i = 0; i < greedy_messages.size(); ++i) add({greedy(i)}, Unmatched::auto_);
    for (const Unmatched unmatched : {Unmatched::auto_, Unmatched::raw, Unmatched::quarantine, Unmatched::ignore})
      add({}, unmatched);
  }

  void run(const std::string& topic, const std::string& payload, const std::string& what) {
    const Message message = SchemaStage::message(topic, payload);
    for (const auto& normalizer : normalizers_) {
      std::vector<Record> records;
      const Fate fate = normalizer->normalize(message, records);
      ASSERT_EQ(fate.kind == Fate::Kind::understood, !records.empty()) << what;
      ASSERT_EQ(fate.kind == Fate::Kind::quarantined, !fate.reason.empty()) << what;
      ASSERT_LE(fate.reason.size(), 300u) << what;
      ASSERT_TRUE(is_utf8(fate.reason) && is_utf8(fate.field)) << what;
      for (const Record& record : records)
        ASSERT_TRUE(json::accept(record.data)) << what << ": " << record.data.substr(0, 500);
    }
  }

 private:
  void add(const std::vector<std::string>& files, Unmatched unmatched) {
    const Normalizer::Options options{unmatched, "Europe/Berlin"};
    normalizers_.push_back(std::make_unique<Normalizer>(SchemaStage(files, options).library(), options));
  }
  std::vector<std::unique_ptr<Normalizer>> normalizers_;
};

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

/// Payloads that grow with `n`: each takes some program quadratic time, all memory or its whole stack.
std::vector<std::pair<std::string, std::string>> growing(std::size_t n) {
  std::string members, twins, columns;
  for (std::size_t i = 0; i < n; ++i) {
    members += "\"k" + std::to_string(i) + "\":{\"b\":{\"c\":" + std::to_string(i) + "}},";
    twins += "\"a" + std::string(i % 7, ' ') + "\":1,";
    columns += "c" + std::to_string(i) + ",";
  }
  return {
      {"brackets", std::string(n, '[')},
      {"closed brackets", std::string(n, '[') + std::string(n, ']')},
      {"objects", repeated("{\"a\":", n)},
      {"many members", "{" + members + "\"z\":0}"},
      {"twins", "{" + twins + "\"z\":0}"},
      {"numbers", "[" + repeated("0,", n) + "0]"},
      {"digits", "{\"t\":" + std::string(n, '9') + "}"},
      {"fraction", "{\"t\":0." + std::string(n, '9') + "}"},
      {"long key", "{\"" + std::string(n, 'k') + "\":{\"a\":1,\"b\":2}}"},
      {"long text", "{\"t\":\"" + std::string(n, 'x') + "\"}"},
      {"escapes", "{\"t\":\"" + repeated("\\u0000", n) + "\"}"},
      {"elements", "<a>" + repeated("<t>1</t>", n) + "</a>"},
      {"deep elements", repeated("<a>", n)},
      {"bushy elements", repeated("<a>", 60) + repeated("<a/>", n) + repeated("</a>", 60)},
      {"attributes", "<a " + repeated("b='1' ", n) + "/>"},
      {"comments", "<a>" + repeated("x<!-- -->", n) + "</a>"},
      {"ampersands", "<a>" + repeated("&amp;", n) + "</a>"},
      {"bad ampersands", "<a>" + std::string(n, '&') + "</a>"},
      {"open tags", std::string(n, '<')},
      {"laughs", "<!DOCTYPE l [<!ENTITY a \"" + std::string(n, 'A') + "\">]><l>&a;&a;&a;</l>"},
      {"rows", repeated("1,2\n", n)},
      {"columns", columns + "\n" + columns + "\n" + columns},
      {"commas", std::string(n, ',')},
      {"quotes", std::string(n, '"')},
      {"comment rows", repeated("#\n", n)},
      {"line ends", repeated("\r\n", n)},
      {"x without y", std::string(n, 'x')},
      {"nul bytes", std::string(n, '\0')},
      {"bad utf-8", std::string(n, '\xc3')},
      {"dashes", std::string(n, '-')},
      {"words", repeated("word ", n)},
      {"pairs", repeated("a b,", n)},
      {"encoded", "a b," + repeated("%41+%", n)},
  };
}

TEST(Hostile, payloads_of_one_mebibyte_that_grow_in_one_thing) {
  // Where the work grew with the square of such a payload, this test would not end in its time.
  Gauntlet gauntlet;
  for (const auto& [what, payload] : growing(150'000)) {
    gauntlet.run("a/b/c", payload, what);
    if (HasFatalFailure()) return;
  }
}

TEST(Hostile, topics_of_every_kind) {
  Gauntlet gauntlet;
  std::vector<std::string> topics = {"/",
                                     "//",
                                     "a//b",
                                     "a/",
                                     "/a",
                                     " ",
                                     "$SYS/x",
                                     "a\nb",
                                     "K\xc3\xbc"
                                     "che/t",
                                     "\xff\xfe",
                                     "../../etc/passwd",
                                     "home/${jndi:ldap://x}/t",
                                     "home/'; DROP TABLE queue;--/t",
                                     "\xe2\x80\xae"
                                     "abc",
                                     std::string(65'535, 't'),
                                     std::string(65'535, '/'),
                                     repeated("a/", 32'767)};
  for (const std::string& topic : topics)
    for (const std::string payload :
         {"1", "{\"t\":1,\"a\":{\"b\":{\"c\":1}}}", "<a><b>1</b></a>", "a,t\n1,2\n3,4\n", ""})
      gauntlet.run(topic, payload, topic.substr(0, 40) + " " + payload);
}

TEST(Hostile, a_long_topic_in_many_events_is_refused_before_it_is_a_flood) {
  SchemaStage stage(
      {"family: t\nmessages:\n- { name: m, topic: '{device...}', format: csv, csv: { header: false }, readings: { a: 1 "
       "} }\n"});
  const Fate fate = stage.fate(SchemaStage::message(std::string(65'535, 't'), repeated("1\n", 10'000)));
  EXPECT_EQ(fate.reason, "too large: its events would take more than 32 MiB");
}

TEST(Hostile, names_that_are_too_long_are_refused) {
  SchemaStage stage({SchemaStage::file_with("format: json, readings: { '{a}.{a}': '/{a}' }")});
  EXPECT_EQ(stage.fate(SchemaStage::message("t/d", "{\"" + std::string(127, 'k') + "\":1}")).kind,
            Fate::Kind::understood);
  EXPECT_EQ(stage.fate(SchemaStage::message("t/d", "{\"" + std::string(128, 'k') + "\":1}")).reason.substr(0, 32),
            "too long: the name of a reading ");
}

TEST(Hostile, single_bytes_and_cut_off_messages) {
  Gauntlet gauntlet;
  for (int byte = 0; byte < 256; ++byte)
    gauntlet.run("t", std::string(1, static_cast<char>(byte)), "byte " + std::to_string(byte));
  for (const std::string whole :
       {R"({"Time":"2026-03-01T10:00:00","a":{"b":{"c":1.5e3}},"t":"é\u00e9"})",
        R"(<?xml version="1.0" encoding="UTF-8"?><a b="1">x<![CDATA[y]]><!-- z --><c/>&amp;&#65;</a>)",
        "t;u\n# c\n\"a;\"\"b\";2,5\n"})
    for (std::size_t size = 0; size <= whole.size(); ++size)
      gauntlet.run("t", whole.substr(0, size), whole.substr(0, size));
}

TEST(Hostile, the_same_message_becomes_the_same_after_any_other) {
  // Buffers are reused between messages: nothing of one may show in the next.
  SchemaStage used({greedy(0)});
  const std::string payload = R"({"t":1,"a":{"b":{"c":1},"u":"W"},"x":[true]})";
  const json expected = SchemaStage({greedy(0)}).send("t", payload);
  for (const auto& other : growing(300)) {
    used.send("t", other.second);
    EXPECT_EQ(used.send("t", payload), expected) << "after " << other.first;
  }
}

TEST(Hostile, every_line_of_the_folder_in_SLUICE_CORPUS) {
  const char* folder = std::getenv("SLUICE_CORPUS");
  const std::filesystem::path corpus = folder != nullptr ? folder : SLUICE_SOURCE_DIR "/tests/normalize/corpus";
  Gauntlet gauntlet;
  std::size_t lines = 0;
  for (const auto& file : std::filesystem::directory_iterator(corpus)) {
    if (file.path().extension() != ".ndjson") continue;
    std::ifstream in(file.path());
    for (std::string line; std::getline(in, line); ++lines) {
      const json message = json::parse(line);
      const std::string payload = message.contains("payload_b64")
                                      ? parse_base64(message["payload_b64"].get<std::string>()).value_or("")
                                      : message["payload"].get<std::string>();
      gauntlet.run(message["topic"], payload, file.path().filename().string() + ":" + std::to_string(lines + 1));
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(lines, 0u);
}

}  // namespace
}  // namespace sluice::normalize
