// Things of C libraries, each with the function that ends it.
#pragma once

#include <memory>

namespace sluice {

template <auto end>
struct EndedBy {
  template <typename T>
  void operator()(T* owned) const {
    end(owned);
  }
};

template <typename T, auto end>
using Freed = std::unique_ptr<T, EndedBy<end>>;

}  // namespace sluice
