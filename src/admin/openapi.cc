#include "admin/openapi.h"

#include <nlohmann/json.hpp>
#include <string>

namespace pgsidecar::admin {
namespace {

using executor::OperationSpec;
using executor::ParameterSpec;
using executor::ParameterType;
using Json = nlohmann::ordered_json;

Json ElementSchema(ParameterType type) {
  switch (type) {
    case ParameterType::kInt2:
      return {{"type", "integer"}, {"minimum", -32768}, {"maximum", 32767}};
    case ParameterType::kInt4:
      return {{"type", "integer"}, {"format", "int32"}};
    case ParameterType::kInt8:
      return {{"type", "integer"}, {"format", "int64"}};
    case ParameterType::kFloat8:
      return {{"type", "number"}, {"format", "double"}};
    case ParameterType::kNumeric:
      return {{"type", {"number", "string"}}};
    case ParameterType::kText:
      return {{"type", "string"}};
    case ParameterType::kBool:
      return {{"type", "boolean"}};
    case ParameterType::kUuid:
      return {{"type", "string"}, {"format", "uuid"}};
    case ParameterType::kTimestamptz:
      return {{"type", "string"}, {"format", "date-time"}};
    case ParameterType::kDate:
      return {{"type", "string"}, {"format", "date"}};
    case ParameterType::kJson:
      return Json::object();
    case ParameterType::kBytea:
      return {{"type", "string"}, {"pattern", "^\\\\x([0-9A-Fa-f]{2})*$"}};
  }
  return Json::object();
}

Json SchemaOf(const ParameterSpec& parameter) {
  Json schema = ElementSchema(parameter.type);
  if (parameter.array) schema = {{"type", "array"}, {"items", std::move(schema)}};
  if (!parameter.nullable || !schema.contains("type")) return schema;
  Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
  types.push_back("null");
  schema["type"] = std::move(types);
  return schema;
}

Json BodyOf(const OperationSpec& spec) {
  Json schema{{"type", "object"}, {"additionalProperties", false}};
  Json& properties = schema["properties"] = Json::object();
  Json required = Json::array();
  for (const ParameterSpec& parameter : spec.parameters) {
    properties[parameter.name] = SchemaOf(parameter);
    if (!parameter.nullable) required.push_back(parameter.name);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json JsonContent(Json schema, const char* type = "application/json") {
  return {{type, {{"schema", std::move(schema)}}}};
}

Json Reference(const char* name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }

Json ResponsesOf(const char* schema) {
  Json responses;
  responses["200"] = {{"description", "Done."}, {"content", JsonContent(Reference(schema))}};
  responses["default"] = {
      {"description", "Why it was not done."},
      {"content", JsonContent(Reference("Problem"), "application/problem+json")}};
  return responses;
}

Json PathOf(const OperationSpec& spec) {
  Json post;
  post["operationId"] = spec.name;
  if (!spec.description.empty()) post["description"] = spec.description;
  post["requestBody"] = {{"required", !spec.parameters.empty()},
                         {"content", JsonContent(BodyOf(spec))}};
  post["responses"] = ResponsesOf("Answer");
  post["responses"]["200"]["headers"]["X-Cache"] = {
      {"schema", {{"type", "string"}, {"enum", {"HIT", "STALE", "MISS", "BYPASS"}}}}};
  if (!spec.read_only) post["security"] = Json::array({{{"token", Json::array()}}, Json::object()});
  return {{"post", std::move(post)}};
}

Json BatchPath() {
  Json call{
      {"type", "object"},
      {"required", Json::array({"operation"})},
      {"additionalProperties", false},
      {"properties", {{"operation", {{"type", "string"}}}, {"parameters", {{"type", "object"}}}}}};
  Json calls{{"type", "array"}, {"minItems", 1}, {"maxItems", 32}, {"items", std::move(call)}};
  Json body{{"type", "object"}, {"required", {"calls"}}, {"additionalProperties", false}};
  body["properties"]["calls"] = std::move(calls);
  Json post;
  post["operationId"] = "callBatch";
  post["description"] = "Calls operations one after the other, each for itself.";
  post["requestBody"] = {{"required", true}, {"content", JsonContent(std::move(body))}};
  post["responses"] = ResponsesOf("Batch");
  return {{"post", std::move(post)}};
}

Json Components() {
  Json rows{{"type", "array"}, {"items", {{"type", "object"}}}};
  Json answer{{"type", "object"}, {"required", {"rows", "row_count"}}};
  answer["properties"] = {{"rows", std::move(rows)}, {"row_count", {{"type", "integer"}}}};
  Json result{{"type", "object"}, {"required", {"status"}}};
  result["properties"] = {{"status", {{"type", "integer"}}},
                          {"x_cache", {{"type", "string"}}},
                          {"rows", {{"type", "array"}, {"items", {{"type", "object"}}}}},
                          {"row_count", {{"type", "integer"}}},
                          {"problem", Reference("Problem")}};
  Json batch{{"type", "object"}, {"required", Json::array({"results"})}};
  batch["properties"]["results"] = {{"type", "array"}, {"items", std::move(result)}};
  Json problem{{"type", "object"}, {"required", {"type", "title", "status", "detail"}}};
  problem["properties"] = {{"type", {{"type", "string"}}},
                           {"title", {{"type", "string"}}},
                           {"status", {{"type", "integer"}}},
                           {"detail", {{"type", "string"}}},
                           {"sqlstate", {{"type", "string"}}}};
  Json components;
  components["schemas"] = {
      {"Answer", std::move(answer)}, {"Batch", std::move(batch)}, {"Problem", std::move(problem)}};
  components["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
  return components;
}

}  // namespace

Response OpenApiAnswer(const executor::CachedOperations* operations, std::string_view version) {
  Json out;
  out["openapi"] = "3.1.0";
  out["info"] = {{"title", "pgsidecar operations"}, {"version", version}};
  Json& paths = out["paths"] = Json::object();
  if (operations != nullptr) {
    paths["/api/v1/operations"] = BatchPath();
    for (const OperationSpec& spec : operations->specs()) {
      paths["/api/v1/operations/" + spec.name] = PathOf(spec);
    }
  }
  out["components"] = Components();
  return JsonAnswer(out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace pgsidecar::admin
