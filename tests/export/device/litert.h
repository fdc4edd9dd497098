// A stand-in for the C++ headers of LiteRT 2: what infer.cc calls, with the signatures of
// google-ai-edge/LiteRT@f674577. Outputs are read from stdin in the order of a signature.
#ifndef STAND_IN_LITERT_H_
#define STAND_IN_LITERT_H_

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace litert {

struct Unexpected {};

template <typename T>
class Expected {
 public:
  Expected(T value) : value_(std::move(value)), good_(true) {}
  Expected(Unexpected) {}
  explicit operator bool() const { return good_; }
  T&& Take() { return std::move(value_); }

 private:
  T value_{};
  bool good_ = false;
};

template <>
class Expected<void> {
 public:
  Expected() : good_(true) {}
  Expected(Unexpected) : good_(false) {}
  explicit operator bool() const { return good_; }

 private:
  bool good_;
};

template <typename T>
struct Span {
  T* at;
  std::size_t size;
};

struct Option {};
enum class HwAccelerators { kNone, kCpu };

class Environment {
 public:
  static Expected<Environment> Create(std::vector<Option>) { return Environment(); }
};

class TensorBuffer {
 public:
  template <typename T>
  Expected<void> Write(Span<const T> values) {
    bytes_.assign(reinterpret_cast<const char*>(values.at), values.size * sizeof(T));
    return {};
  }
  template <typename T>
  Expected<void> Read(Span<T> values) {
    if (values.size * sizeof(T) != bytes_.size()) return Unexpected();
    bytes_.copy(reinterpret_cast<char*>(values.at), bytes_.size());
    return {};
  }
  std::string bytes_;
};

// NAMES and SIZES are of the outputs, in the order of the signature.
class CompiledModel {
 public:
  static Expected<CompiledModel> Create(Environment&, const std::string& path, HwAccelerators) {
    if (path.empty()) return Unexpected();
    return CompiledModel();
  }
  Expected<std::vector<TensorBuffer>> CreateInputBuffers(std::string_view) const {
    return std::vector<TensorBuffer>(1);
  }
  Expected<std::vector<TensorBuffer>> CreateOutputBuffers(std::string_view) const {
    std::vector<TensorBuffer> made;
    for (std::size_t size : std::vector<std::size_t>{SIZES}) {
      made.emplace_back();
      made.back().bytes_.resize(size);
    }
    return made;
  }
  Expected<std::vector<std::string_view>> GetSignatureOutputNames(std::string_view) const {
    return std::vector<std::string_view>{NAMES};
  }
  Expected<void> Run(std::string_view, const std::vector<TensorBuffer>& inputs,
                     const std::vector<TensorBuffer>& outputs) const {
    std::fwrite(inputs[0].bytes_.data(), 1, inputs[0].bytes_.size(), stderr);
    for (const TensorBuffer& one : outputs) {
      char* at = const_cast<char*>(one.bytes_.data());
      if (std::fread(at, 1, one.bytes_.size(), stdin) != one.bytes_.size()) return Unexpected();
    }
    return {};
  }
};

}  // namespace litert

#define LITERT_JOINED(a, b) a##b
#define LITERT_NAMED(line) LITERT_JOINED(expected_, line)
#define LITERT_ASSIGN_OR_RETURN(declared, made)        \
  auto LITERT_NAMED(__LINE__) = made;                  \
  if (!LITERT_NAMED(__LINE__)) return litert::Unexpected(); \
  declared = LITERT_NAMED(__LINE__).Take()
#define LITERT_RETURN_IF_ERROR(done) \
  if (!(done)) return litert::Unexpected()

#endif  // STAND_IN_LITERT_H_
