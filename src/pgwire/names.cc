#include "pgwire/names.h"

#include <algorithm>
#include <functional>

namespace pgsidecar::pgwire {

NameHash HashName(std::string_view name) {
  if (name.empty()) return 0;
  return std::hash<std::string_view>()(name.substr(0, 63)) | 1;
}

void Portal::Add(const StatementEnd& segment) {
  so_far.duration += segment.duration;
  so_far.stall += segment.stall;
  so_far.rows_returned += segment.rows_returned;
  so_far.rows_affected += segment.rows_affected;
  so_far.reply_bytes += segment.reply_bytes;
}

void PreparedStatements::Set(NameHash name, Prepared prepared) {
  prepared.last_use = ++uses_;
  if (name == 0) {
    unnamed_ = std::move(prepared);
    return;
  }
  if (named_.size() >= limit_ && !named_.contains(name)) ForgetLeastRecentlyUsed();
  named_[name] = std::move(prepared);
}

const Prepared& PreparedStatements::Find(NameHash name) const {
  static const Prepared kNone;
  if (name == 0) return unnamed_;
  const auto found = named_.find(name);
  if (found == named_.end()) return kNone;
  found->second.last_use = ++uses_;
  return found->second;
}

void PreparedStatements::Erase(NameHash name) {
  if (name == 0) {
    unnamed_ = Prepared();
  } else {
    named_.erase(name);
  }
}

void PreparedStatements::Clear() {
  unnamed_ = Prepared();
  named_.clear();
}

void PreparedStatements::ForgetLeastRecentlyUsed() {
  const auto oldest = std::min_element(
      named_.begin(), named_.end(),
      [](const auto& a, const auto& b) { return a.second.last_use < b.second.last_use; });
  if (oldest != named_.end()) named_.erase(oldest);
}

Portal* Portals::Set(NameHash name, const Prepared& prepared) {
  if (name == 0) {
    has_unnamed_ = true;
    unnamed_.prepared = prepared;
    unnamed_.suspended = false;
    return &unnamed_;
  }
  if (named_.size() >= limit_ && !named_.contains(name)) return nullptr;
  Portal& portal = named_[name];
  portal.prepared = prepared;
  portal.suspended = false;
  return &portal;
}

Portal* Portals::Find(NameHash name) {
  if (name == 0) return has_unnamed_ ? &unnamed_ : nullptr;
  const auto found = named_.find(name);
  return found == named_.end() ? nullptr : &found->second;
}

const Portal* Portals::Find(NameHash name) const { return const_cast<Portals*>(this)->Find(name); }

void Portals::Erase(NameHash name) {
  if (name == 0) {
    has_unnamed_ = false;  // what it referred to is replaced by the next Bind
  } else {
    named_.erase(name);
  }
}

void Portals::Clear() {
  has_unnamed_ = false;
  if (!named_.empty()) named_.clear();
}

}  // namespace pgsidecar::pgwire
