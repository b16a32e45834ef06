// Publishes documents as files of a folder over WebDAV (RFC 4918): PUT, the same bytes at the
// same place however often, so that a repetition does no harm.
#pragma once

#include <memory>
#include <string>

#include "republisher/platforms/publisher.hpp"

namespace pullwire::republisher {

struct WebdavOptions {
  std::string folder;         ///< URL; made if it is not there, but not what is above it
  std::string authorization;  ///< header's value; "": none
};

std::unique_ptr<Publisher> make_webdav(WebdavOptions options);

}  // namespace pullwire::republisher
