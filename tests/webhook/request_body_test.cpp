#include "connectors/webhook/request_body.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include "connectors/webhook/gzip.h"
#include "gateway/core/cloud_event.h"
#include "tests/webhook/peers.h"

namespace sluice::webhook {
namespace {

using nlohmann::json;

TEST(RequestBody, BatchIsAnArrayOfEvents) {
  RequestBody body(Format::cloudevents_batch, "/sluice/test");
  const auto records = make_records(3);
  ASSERT_EQ(body.fill(records, 1'000'000), 3U);
  EXPECT_EQ(body.content_type(), "application/cloudevents-batch+json");
  const json events = json::parse(body.text());
  ASSERT_EQ(events.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(events[i]["id"], records[i].id.text());
    EXPECT_EQ(events[i]["source"], "/sluice/test");
    EXPECT_EQ(events[i]["data"]["n"], i);
  }
}

TEST(RequestBody, LinesAreOneEventEach) {
  RequestBody body(Format::ndjson, "/sluice/test");
  const auto records = make_records(3);
  ASSERT_EQ(body.fill(records, 1'000'000), 3U);
  EXPECT_EQ(body.content_type(), "application/x-ndjson");
  std::istringstream lines(body.text());
  int i = 0;
  for (std::string line; std::getline(lines, line); ++i) EXPECT_EQ(json::parse(line)["id"], records.at(i).id.text());
  EXPECT_EQ(i, 3);
  EXPECT_EQ(body.text().back(), '\n');
}

TEST(RequestBody, SingleIsOneEvent) {
  RequestBody body(Format::cloudevents, "/sluice/test");
  const auto records = make_records(3);
  ASSERT_EQ(body.fill(records, 1'000'000), 1U);
  EXPECT_EQ(body.content_type(), "application/cloudevents+json");
  EXPECT_EQ(json::parse(body.text())["id"], records[0].id.text());
}

TEST(RequestBody, KeepsItsLimitToTheByte) {
  const auto records = make_records(3);
  for (const Format format : {Format::cloudevents_batch, Format::ndjson}) {
    RequestBody body(format, "/sluice/test");
    body.fill(records, 1'000'000);
    const std::size_t whole = body.text().size();
    EXPECT_EQ(body.fill(records, whole), 3U);
    EXPECT_EQ(body.fill(records, whole - 1), 2U);
    EXPECT_LE(body.text().size(), whole - 1);
    if (format == Format::cloudevents_batch) {
      EXPECT_EQ(json::parse(body.text()).size(), 2U);
    }
  }
}

TEST(RequestBody, HoldsARecordThatAloneIsTooLarge) {
  for (const Format format : {Format::cloudevents_batch, Format::ndjson, Format::cloudevents}) {
    RequestBody body(format, "/sluice/test");
    EXPECT_EQ(body.fill(make_records(2, 5000), 100), 1U);
    EXPECT_GT(body.text().size(), 5000U);
  }
}

TEST(RequestId, IsTheRecordsOwnForOne) {
  const auto records = make_records(1);
  EXPECT_EQ(request_id(records), records[0].id.text());
}

TEST(RequestId, IsTheSameForTheSameRecordsOnly) {
  const auto records = make_records(4);
  const std::span<const Record> all(records);
  EXPECT_EQ(request_id(all), request_id(make_records(4)));
  EXPECT_NE(request_id(all), request_id(all.first(3)));
  EXPECT_NE(request_id(all.first(3)), request_id(all.last(3)));
  auto middle = records;
  middle[1].id.bytes[0] ^= 1;  // the same first and last record
  EXPECT_NE(request_id(all), request_id(middle));
}

std::string gunzip(const std::string& text) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  std::string out(1'000'000, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  inflateEnd(&z);
  return out;
}

TEST(Gzip, RestoresEveryBodyAndIsTheSameEachTime) {
  Gzip gzip;
  for (const std::string& body :
       {std::string(), std::string("x"), std::string(300'000, 'a'), std::string("\0\xff", 2)}) {
    const std::string first = gzip.compress(body);
    EXPECT_EQ(gunzip(first), body);
    EXPECT_EQ(gzip.compress(body), first);
  }
}

}  // namespace
}  // namespace sluice::webhook
