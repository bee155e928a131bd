#pragma once

#include <cassert>
#include <cstdint>
#include <utility>

namespace pgsidecar {

/// Base of a record that its owner must keep while anybody refers to it. The count is not atomic:
/// record and references belong to one thread. Reaching zero destroys nothing; it only tells the
/// owner that the place may be used again.
struct Referenced {
  std::uint32_t references = 0;
};

/// A counted reference to a record derived from Referenced, or nothing. Loop thread only.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* target) : target_(target) { Retain(); }
  Ref(const Ref& other) : target_(other.target_) { Retain(); }
  Ref(Ref&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(target_, other.target_);
    return *this;
  }
  ~Ref() {
    if (target_ == nullptr) return;
    assert(target_->references > 0);
    --target_->references;
  }

  T* get() const { return target_; }
  T* operator->() const { return target_; }
  T& operator*() const { return *target_; }
  explicit operator bool() const { return target_ != nullptr; }
  void reset() { *this = Ref(); }

 private:
  void Retain() {
    if (target_ != nullptr) ++target_->references;
  }

  T* target_ = nullptr;
};

}  // namespace pgsidecar
