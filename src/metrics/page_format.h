#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "metrics/exemplars.h"
#include "metrics/exposition.h"
#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// What differs between the formats of a page; sample lines are the same in all. Stateless.
class PageFormat {
 public:
  virtual ~PageFormat() = default;

  virtual std::string_view content_type() const = 0;
  /// Whether buckets carry exemplars.
  virtual bool has_exemplars() const = 0;
  /// Appends the lines before the samples of a family.
  virtual void AppendMetadata(const Declaration& declaration, std::string& page) const = 0;
  /// Appends an exemplar to a bucket line. Requires: has_exemplars().
  virtual void AppendExemplar(const TakenExemplar& exemplar, std::string& page) const = 0;
  /// Appends what ends a page.
  virtual void AppendEnd(std::string& page) const = 0;
};

/// Prometheus text 0.0.4.
class TextFormat final : public PageFormat {
 public:
  std::string_view content_type() const override;
  bool has_exemplars() const override { return false; }
  void AppendMetadata(const Declaration& declaration, std::string& page) const override;
  void AppendExemplar(const TakenExemplar& exemplar, std::string& page) const override;
  void AppendEnd(std::string& page) const override;
};

/// OpenMetrics 1.0.
class OpenMetricsFormat final : public PageFormat {
 public:
  std::string_view content_type() const override;
  bool has_exemplars() const override { return true; }
  void AppendMetadata(const Declaration& declaration, std::string& page) const override;
  void AppendExemplar(const TakenExemplar& exemplar, std::string& page) const override;
  void AppendEnd(std::string& page) const override;
};

/// Appends `text` with a backslash before each backslash and each character of `also`, and newlines
/// as `\n`.
void AppendEscaped(std::string_view text, std::string_view also, std::string& page);

}  // namespace pgsidecar::metrics
