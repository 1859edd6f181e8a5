#pragma once
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace accelerate::test {

/// Passes if call() throws Error with this code and a text that holds every fragment.
template <typename Call>
testing::AssertionResult throws_error(ErrorCode code, std::initializer_list<std::string> fragments, Call&& call) {
  try {
    call();
  } catch (const Error& e) {
    if (e.code() != code) {
      return testing::AssertionFailure() << "threw " << name_of(e.code()) << ", expected " << name_of(code) << ": "
                                         << e.what();
    }
    for (const std::string& fragment : fragments) {
      if (std::string(e.what()).find(fragment) == std::string::npos) {
        return testing::AssertionFailure() << "'" << fragment << "' is not in the message: " << e.what();
      }
    }
    return testing::AssertionSuccess() << e.what();
  }
  return testing::AssertionFailure() << "threw nothing";
}

}  // namespace accelerate::test
