#include "admin/call_body.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace pgsidecar::admin {
namespace {

using executor::OperationValue;
using executor::OperationValues;
using Json = nlohmann::json;

constexpr std::string_view kNotJson = "the body is not JSON";

std::string Quoted(const std::string& text) { return Json(text).dump(); }

/// Turns the events of one JSON value into an OperationValue. Lists are kept as such, objects are
/// written as text again.
class ValueBuilder {
 public:
  /// Each returns whether the value is complete. Problems leave it with `problem`.
  bool Put(OperationValue value, const std::string& text) {
    if (text_levels_ > 0) {
      Separate();
      text_ += text;
      return false;
    }
    return Add(std::move(value));
  }
  void Key(const std::string& name) {
    Separate();
    text_ += Quoted(name) + ":";
    after_key_ = true;
  }
  bool BeginObject() {
    if (text_levels_ == 0) text_.clear();
    return Begin('{');
  }
  bool EndObject() { return End('}'); }
  bool BeginArray() {
    if (text_levels_ > 0) return Begin('[');
    if (lists_.size() >= kListLevelsMax) return Fail("lists are nested too deep");
    lists_.emplace_back();
    return false;
  }
  bool EndArray() {
    if (text_levels_ > 0) return End(']');
    OperationValue::List list = std::move(lists_.back());
    lists_.pop_back();
    return Add({std::move(list)});
  }

  bool in_object() const { return text_levels_ > 0; }
  OperationValue Take() { return std::move(value_); }
  const std::string& problem() const { return problem_; }

 private:
  bool Fail(const char* problem) {
    problem_ = problem;
    return true;
  }
  bool Begin(char bracket) {
    Separate();
    text_ += bracket;
    if (++text_levels_ > kJsonLevelsMax) return Fail("a value is nested too deep");
    first_ = true;
    return false;
  }
  bool End(char bracket) {
    text_ += bracket;
    first_ = false;
    if (--text_levels_ > 0) return false;
    return Add({OperationValue::Json{std::move(text_)}});
  }
  void Separate() {
    if (text_levels_ > 0 && !first_ && !after_key_) text_ += ',';
    first_ = after_key_ = false;
  }
  bool Add(OperationValue value) {
    if (lists_.empty()) {
      value_ = std::move(value);
      return true;
    }
    lists_.back().push_back(std::move(value));
    return false;
  }

  std::vector<OperationValue::List> lists_;
  std::string text_;
  std::size_t text_levels_ = 0;
  bool first_ = true;
  bool after_key_ = false;
  OperationValue value_;
  std::string problem_;
};

/// Passes the events of scalars on as a value and the text it had.
class Events : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Scalar({nullptr}, "null"); }
  bool boolean(bool value) override { return Scalar({value}, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Number(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Number(std::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return Number(text);
  }
  bool string(string_t& value) override {
    std::string quoted = Quoted(value);
    return Scalar({std::move(value)}, quoted);
  }
  bool binary(binary_t& /*value*/) override { return Fail(kNotJson); }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return Fail(kNotJson);
  }
  const std::string& problem() const { return problem_; }

 protected:
  virtual bool Scalar(OperationValue value, const std::string& text) = 0;
  bool Fail(std::string_view problem) {
    if (problem_.empty()) problem_ = problem;
    return false;
  }

 private:
  bool Number(const std::string& digits) {
    return Scalar({OperationValue::Number{digits}}, digits);
  }
  std::string problem_;
};

/// An object of parameters, of which only the values have levels.
class ParameterEvents final : public Events {
 public:
  bool start_object(std::size_t /*size*/) override {
    if (!open_) return Open();
    return Step(builder_.BeginObject());
  }
  bool end_object() override {
    if (builder_.in_object()) return Step(builder_.EndObject());
    return true;
  }
  bool start_array(std::size_t /*size*/) override {
    if (!open_) return Fail("the body is not an object");
    return Step(builder_.BeginArray());
  }
  bool end_array() override { return Step(builder_.EndArray()); }
  bool key(string_t& name) override {
    if (builder_.in_object()) {
      builder_.Key(name);
    } else {
      name_ = std::move(name);
    }
    return true;
  }

  OperationValues Take() { return std::move(values_); }

 private:
  bool Open() {
    open_ = true;
    return true;
  }
  bool Scalar(OperationValue value, const std::string& text) override {
    if (!open_) return Fail("the body is not an object");
    return Step(builder_.Put(std::move(value), text));
  }
  bool Step(bool complete) {
    if (!builder_.problem().empty()) return Fail(builder_.problem());
    if (complete) values_.emplace_back(std::move(name_), builder_.Take());
    return true;
  }

  bool open_ = false;
  ValueBuilder builder_;
  std::string name_;
  OperationValues values_;
};

/// `{"calls": [{"operation": …, "parameters": {…}}]}`: what stands on levels 1 to 4 is ours.
class BatchEvents final : public Events {
 public:
  bool start_object(std::size_t /*size*/) override {
    if (level_ == 4) return Step(builder_.BeginObject());
    if (level_ == 0) return Enter();
    if (level_ == 2) {
      calls_.emplace_back();
      return calls_.size() > kBatchCallsMax ? Fail("there are more than 32 calls") : Enter();
    }
    if (level_ == 3 && name_ == "parameters") return Enter();
    return Fail(kShape);
  }
  bool end_object() override {
    if (builder_.in_object()) return Step(builder_.EndObject());
    if (level_ == 3 && calls_.back().operation.empty()) return Fail(kShape);
    --level_;
    return true;
  }
  bool start_array(std::size_t /*size*/) override {
    if (level_ == 4) return Step(builder_.BeginArray());
    if (level_ == 1 && name_ == "calls") return Enter();
    return Fail(kShape);
  }
  bool end_array() override {
    if (level_ == 4) return Step(builder_.EndArray());
    --level_;
    return true;
  }
  bool key(string_t& name) override {
    if (builder_.in_object()) {
      builder_.Key(name);
      return true;
    }
    name_ = std::move(name);
    return true;
  }

  std::vector<BatchCall> Take() { return std::move(calls_); }

 private:
  static constexpr std::string_view kShape =
      "the body is not {\"calls\": [{\"operation\": NAME, \"parameters\": {…}}, …]}";

  bool Enter() {
    ++level_;
    return true;
  }
  bool Scalar(OperationValue value, const std::string& text) override {
    if (level_ == 4) return Step(builder_.Put(std::move(value), text));
    auto* name = std::get_if<std::string>(&value.value);
    if (level_ != 3 || name_ != "operation" || name == nullptr) return Fail(kShape);
    calls_.back().operation = std::move(*name);
    return true;
  }
  bool Step(bool complete) {
    if (!builder_.problem().empty()) return Fail(builder_.problem());
    if (complete) calls_.back().values.emplace_back(std::move(name_), builder_.Take());
    return true;
  }

  int level_ = 0;
  ValueBuilder builder_;
  std::string name_;
  std::vector<BatchCall> calls_;
};

template <class Reader>
Error ErrorOf(const Reader& reader) {
  return {reader.problem().empty() ? std::string(kNotJson) : reader.problem()};
}

}  // namespace

Result<OperationValues> ReadCallBody(std::string_view body) {
  if (body.empty()) return OperationValues();
  ParameterEvents events;
  if (!Json::sax_parse(body, &events) || !events.problem().empty()) return ErrorOf(events);
  return events.Take();
}

Result<std::vector<BatchCall>> ReadBatchBody(std::string_view body) {
  BatchEvents events;
  if (!Json::sax_parse(body, &events) || !events.problem().empty()) return ErrorOf(events);
  std::vector<BatchCall> calls = events.Take();
  if (calls.empty()) return Error{"there are no calls"};
  return calls;
}

}  // namespace pgsidecar::admin
