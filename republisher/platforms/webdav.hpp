// Publishes documents as files of a folder over WebDAV (RFC 4918): PUT, the same bytes at the
// same place however often: a repetition does no harm, and heals what was cut off before.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "republisher/platforms/publisher.hpp"

namespace pullwire::republisher {

struct WebdavOptions {
  std::string folder;                  ///< URL; made if it is not there, but not what is above it
  std::string authorization;           ///< header's value; "": none
  std::vector<std::string> secrets{};  ///< what is not to be repeated
};

std::unique_ptr<Publisher> make_webdav(WebdavOptions options);

}  // namespace pullwire::republisher
