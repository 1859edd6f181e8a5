#include <gtest/gtest.h>

#include <csignal>

#include "base/process.h"
#include "tests/unit/error_matchers.h"

namespace accelerate::test {
namespace {

CallLimits within(std::chrono::milliseconds time) {
  CallLimits out;
  out.deadline = std::chrono::steady_clock::now() + time;
  return out;
}

TEST(Process, TalksLineByLine) {
  Process cat({.command = {"cat"}});
  cat.write("one\ntwo\nlast");
  EXPECT_EQ(cat.read_line(), "one");
  EXPECT_EQ(cat.read_line(), "two");
  cat.close_input();
  EXPECT_EQ(cat.read_line(), "last");
  EXPECT_EQ(cat.read_line(), std::nullopt);
  EXPECT_EQ(cat.wait().code, 0);
}

TEST(Process, CarriesMoreThanAPipeHolds) {
  Process cat({.command = {"cat"}});
  std::string text(3 << 20, 'x');
  cat.write(text + "\n");
  EXPECT_EQ(cat.read_line(), text);
}

TEST(Process, ReportsExitCodesSignalsAndErrors) {
  Process failing({.command = {"sh", "-c", "echo gone wrong >&2; exit 7"}});
  ProcessExit exit = failing.wait();
  EXPECT_EQ(exit.code, 7);
  EXPECT_EQ(failing.error_tail(), "gone wrong\n");
  Process crashing({.command = {"sh", "-c", "kill -SEGV $$"}});
  EXPECT_EQ(crashing.wait().signal, SIGSEGV);
}

TEST(Process, SetsVariables) {
  Process shell(
      {.command = {"sh", "-c", "echo $ACCELERATE_TEST_VALUE"}, .environment = {{"ACCELERATE_TEST_VALUE", "given"}}});
  EXPECT_EQ(shell.read_all(), "given\n");
}

TEST(Process, HoldsADeadlineAndKillsTheWholeGroup) {
  auto begin = std::chrono::steady_clock::now();
  {
    Process slow({.command = {"sh", "-c", "sleep 60 & sleep 60"}});
    EXPECT_TRUE(throws_error(ErrorCode::deadline_exceeded, {},
                             [&] { slow.read_line(within(std::chrono::milliseconds(100))); }));
    EXPECT_TRUE(
        throws_error(ErrorCode::deadline_exceeded, {}, [&] { slow.wait(within(std::chrono::milliseconds(100))); }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Process, LimitsMemory) {
  Process greedy({.command = {"sh", "-c", "head -c 1000000000 /dev/zero | tail -c 900000000 | wc -c"},
                  .memory_limit_bytes = 200 << 20});
  EXPECT_NE(greedy.read_all(), "900000000\n");
}

TEST(Process, SaysWhyItDoesNotStart) {
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"no-such-program-anywhere"},
                           [] { Process({.command = {"no-such-program-anywhere"}}); }));
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"/etc/passwd"}, [] { Process({.command = {"/etc/passwd"}}); }));
}

TEST(Process, ReadsNoMoreOnceTheChildIsGone) {
  Process gone({.command = {"true"}});
  gone.wait();
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"no longer reads"}, [&] { gone.write(std::string(1 << 20, 'x')); }));
}

}  // namespace
}  // namespace accelerate::test
