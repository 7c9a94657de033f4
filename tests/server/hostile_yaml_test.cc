#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Repeated(const std::string& text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

TEST(HostileYaml, DeepNestingIsRefused) {
  const std::string open = "defaults: {connect: {data: ";
  EXPECT_THAT(Read(open + Repeated("[", 40) + Repeated("]", 40) + "}}").findings.errors(),
              ElementsAre(HasSubstr("32 levels")));
  for (const char* nest : {"[", "{a: ", "- ", "? ", "[{", "{? ", "!!a ", "&a "}) {
    const std::string yaml = Repeated(nest, 100'000);
    EXPECT_THAT(Read(yaml).findings.errors(), SizeIs(1)) << nest;
    EXPECT_THAT(Read(open + yaml).findings.errors(), SizeIs(1)) << nest;
  }
}

// yaml-cpp's own loop over such a text does not end.
TEST(HostileYaml, DocumentsWithoutEndAreRefused) {
  for (const char* yaml : {",", ",a: 1", "a: 1\n,", "---\n,\n"}) {
    EXPECT_THAT(Read(yaml).findings.errors(), SizeIs(1)) << yaml;
  }
}

TEST(HostileYaml, AliasesThatMultiplyAreRefused) {
  std::string yaml = "defaults: {connect: {data: {l0: &l0 [x, x, x, x, x, x, x, x, x, x]";
  for (int i = 1; i < 10; ++i) {
    absl::StrAppend(&yaml, ", l", i, ": &l", i, " [", Repeated(absl::StrCat("*l", i - 1, ", "), 9),
                    "*l", i - 1, "]");
  }
  EXPECT_THAT(Read(yaml + "}}}").findings.errors(), ElementsAre(HasSubstr("100000 values")));
}

TEST(HostileYaml, AnAliasOfItselfIsRefused) {
  EXPECT_THAT(Read("defaults: {connect: {data: &a [*a]}}").findings.errors(), SizeIs(1));
}

TEST(HostileYaml, AHugeFileIsRefused) {
  EXPECT_THAT(Read("service_name: " + std::string(2 << 20, 'x')).findings.errors(),
              ElementsAre("sluice.yaml: is larger than 1048576 bytes"));
}

TEST(HostileYaml, ManyFaultsAreCutShort) {
  std::string yaml;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&yaml, "wrong_", i, ": 1\n");
  const ReadConfig read = Read(yaml);
  EXPECT_THAT(read.findings.errors(), SizeIs(51));
  EXPECT_EQ(read.findings.errors().back(), "(there is more)");
}

TEST(HostileYaml, BytesThatAreNoTextAreRefusedOrReplacedNeverMore) {
  for (const std::string& bytes :
       {std::string("\0\0\0\0", 4), std::string("\xff\xfe"), std::string("\xef\xbb\xbf"),
        std::string("a: \xff"), std::string("service_name: \x01"), std::string("\t"),
        std::string("%YAML 9.9\n---\n"), std::string("service_name: \"\\x00\"")}) {
    Read(bytes);
  }
}

}  // namespace
}  // namespace sluice
