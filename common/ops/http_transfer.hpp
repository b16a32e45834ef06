// One request of http_client.hpp, on its way.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/ops/http_client.hpp"

namespace pullwire {

/// One request under way.
class HttpClient::Transfer {
 public:
  Transfer(HttpRequest request, const HttpLimits& limits, Done done);

  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  void end(CURLcode code);

 private:
  struct Free {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  static std::size_t take_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t take_header(char* data, std::size_t, std::size_t size, void* self);
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address);
  bool read_header(std::string_view line);
  [[nodiscard]] std::string why(CURLcode code) const;

  HttpRequest request_;
  HttpLimits limits_;
  Done done_;
  HttpAnswer answer_;
  std::string own_failure_;  // why this side ended it
  std::size_t header_bytes_ = 0;
  bool whole_header_ = false;
  bool redirected_ = false;
  bool permanently_ = true;
  bool encrypted_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::unique_ptr<curl_slist, Free> headers_;
  std::unique_ptr<CURL, Free> easy_;
};

}  // namespace pullwire
