#include "bridge/base/log.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string Logged(log::Format format, const std::function<void()>& run,
                   log::Level level = log::Level::kDebug) {
  log::Configure(level, format);
  testing::internal::CaptureStderr();
  run();
  std::string output = testing::internal::GetCapturedStderr();
  log::Configure(log::Level::kInfo, log::Format::kText);
  return output;
}

nlohmann::json LoggedJson(const std::function<void()>& run) {
  return nlohmann::json::parse(Logged(log::Format::kJson, run));
}

TEST(Log, WritesOneTextLineWithTimeLevelEventAndFields) {
  const std::string line = Logged(log::Format::kText, [] {
    log::Info("stream opened", {{"topic", "conversation/42"}, {"streams", 3}, {"public", false}});
  });
  EXPECT_THAT(line, MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"
                                 " info stream opened topic=conversation/42 streams=3"
                                 " public=false\n"));
}

TEST(Log, WritesOneJsonObjectWithNumbersAndTruthValuesBare) {
  const nlohmann::json line = LoggedJson([] {
    log::Warning("publish refused", {{"peer", "[::1]:9"}, {"events", 12u}, {"kept", true}});
  });
  EXPECT_THAT(line.at("time").get<std::string>(), EndsWith("Z"));
  EXPECT_EQ(line.at("level"), "warning");
  EXPECT_EQ(line.at("event"), "publish refused");
  EXPECT_EQ(line.at("peer"), "[::1]:9");
  EXPECT_EQ(line.at("events"), 12);
  EXPECT_EQ(line.at("kept"), true);
}

// Everything a client could send to forge a line, a field or a terminal's colour.
const std::string kHostile[] = {"a\nb",
                                "a\r\n2026-01-01T00:00:00.000Z error forged",
                                "\"",
                                "\\",
                                "a=b",
                                "a b",
                                "",
                                std::string("nul\0nul", 7),
                                "\x1b[31mred",
                                "\x7f",
                                "\xc2\x9b"
                                "31m",
                                "\xe2\x80\xa8",
                                "\xe2\x80\xae"
                                "abc",
                                "\xff\xfe broken",
                                "\"},{\"level\":\"error"};

TEST(Log, NoValueCanBreakATextLineOrForgeAField) {
  for (const std::string& value : kHostile) {
    const std::string line = Logged(log::Format::kText, [&] {
      log::Info("refused", {{"topic", value}, {"end", "here"}});
    });
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
    EXPECT_TRUE(std::all_of(line.begin(), line.end() - 1, [](char c) {
      return c >= ' ' && c < 0x7f;
    })) << line;
    EXPECT_THAT(line, HasSubstr(" topic=\""));
    EXPECT_THAT(line, EndsWith("\" end=here\n"));
  }
}

TEST(Log, EveryValueComesBackOutOfAJsonLine) {
  for (const std::string& value : kHostile) {
    const std::string text = Logged(log::Format::kJson, [&] {
      log::Info("refused", {{"topic", value}});
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    const nlohmann::json line = nlohmann::json::parse(text);
    EXPECT_EQ(line.at("level"), "info");
    if (value.find('\xff') == std::string::npos) {
      EXPECT_EQ(line.at("topic").get<std::string>(), value);
    }
  }
}

TEST(Log, NumbersThatJsonLacksAreStrings) {
  const nlohmann::json line = LoggedJson([] {
    log::Info("measured", {{"a", std::nan("")}, {"b", -INFINITY}, {"c", 0.5}});
  });
  EXPECT_TRUE(line.at("a").is_string());
  EXPECT_TRUE(line.at("b").is_string());
  EXPECT_EQ(line.at("c"), 0.5);
}

TEST(Log, CutsAnEndlessValue) {
  const std::string endless(1 << 20, 'x');
  const std::string line = Logged(log::Format::kText, [&] {
    log::Info("refused", {{"target", endless}});
  });
  EXPECT_LT(line.size(), 1200u);
  EXPECT_THAT(line, EndsWith("xxx...\"\n"));
}

TEST(Log, SaysNothingBelowItsLevel) {
  EXPECT_EQ(Logged(
                log::Format::kText,
                [] {
                  EXPECT_FALSE(log::Enabled(log::Level::kInfo));
                  log::Debug("debug");
                  log::Info("info");
                },
                log::Level::kWarning),
            "");
  EXPECT_THAT(Logged(
                  log::Format::kText, [] { log::Error("error"); }, log::Level::kError),
              EndsWith(" error error\n"));
}

TEST(Log, LinesOfManyThreadsDoNotMix) {
  const std::string output = Logged(log::Format::kJson, [] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 100; ++i) log::Info("tick", {{"thread", t}, {"i", i}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  int lines = 0;
  for (absl::string_view line : absl::StrSplit(output, '\n', absl::SkipEmpty())) {
    EXPECT_EQ(nlohmann::json::parse(line.begin(), line.end()).at("event"), "tick");
    ++lines;
  }
  EXPECT_EQ(lines, 400);
}

TEST(Log, ParsesLevelsAndFormatsInEitherCase) {
  EXPECT_EQ(*log::ParseLevel("DEBUG"), log::Level::kDebug);
  EXPECT_EQ(*log::ParseLevel("Info"), log::Level::kInfo);
  EXPECT_EQ(*log::ParseLevel("WARNING"), log::Level::kWarning);
  EXPECT_EQ(*log::ParseLevel("warn"), log::Level::kWarning);
  EXPECT_EQ(*log::ParseLevel("error"), log::Level::kError);
  EXPECT_EQ(*log::ParseFormat("JSON"), log::Format::kJson);
  EXPECT_EQ(*log::ParseFormat("text"), log::Format::kText);
  EXPECT_EQ(log::ParseLevel("loud").status().message(),
            "\"loud\" is not a level: debug, info, warning or error");
  EXPECT_EQ(log::ParseFormat("").status().message(), "\"\" is not a format: text or json");
}

}  // namespace
}  // namespace sluice
