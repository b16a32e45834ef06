#include "common/ops/http_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>

#include <sys/epoll.h>
#include <unistd.h>

#include "common/ops/http_transfer.hpp"

namespace pullwire {
namespace {

constexpr long kConnectionsKept = 32;

/// Out of memory or descriptors: nothing goes any more.
void check(CURLMcode code) {
  if (code != CURLM_OK) {
    throw std::runtime_error{std::string{"no HTTP request can be made: "} +
                             curl_multi_strerror(code)};
  }
}

}  // namespace

std::optional<std::string_view> HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

/// What the library calls.
struct HttpClient::Callbacks {
  static int socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto& client = *static_cast<HttpClient*>(self);
    if (what == CURL_POLL_REMOVE) {
      // The descriptor may be closed already: then the kernel has removed it.
      ::epoll_ctl(client.epoll_, EPOLL_CTL_DEL, socket, nullptr);
      return 0;
    }
    epoll_event event{};
    event.data.fd = socket;
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    const int operation = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (::epoll_ctl(client.epoll_, operation, socket, &event) != 0) return -1;
    curl_multi_assign(client.multi_.get(), socket, &client);  // known from now on
    return 0;
  }

  static int timer(CURLM*, long milliseconds, void* self) {
    auto& client = *static_cast<HttpClient*>(self);
    if (client.timer_) client.loop_.cancel(*client.timer_);
    client.timer_.reset();
    if (milliseconds < 0) return 0;
    client.timer_ =
        client.loop_.at(client.loop_.now() + std::chrono::milliseconds{milliseconds}, [&client] {
          client.timer_.reset();
          client.drive(CURL_SOCKET_TIMEOUT, 0);
        });
    return 0;
  }
};

HttpClient::HttpClient(net::Loop& loop)
    : loop_{loop}, epoll_{::epoll_create1(EPOLL_CLOEXEC)}, multi_{curl_multi_init()} {
  if (epoll_ < 0) throw std::system_error{errno, std::generic_category(), "epoll"};
  if (!multi_) throw std::bad_alloc{};
  CURLM* const multi = multi_.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Callbacks::socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Callbacks::timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kConnectionsKept);
  loop_.watch(epoll_, [this] { serve(); });
}

HttpClient::~HttpClient() {
  for (const auto& [id, transfer] : transfers_) {
    curl_multi_remove_handle(multi_.get(), transfer->easy());
  }
  transfers_.clear();
  multi_.reset();
  if (timer_) loop_.cancel(*timer_);
  for (const auto& [id, timer] : refused_) loop_.cancel(timer);
  loop_.forget(epoll_);
  ::close(epoll_);
}

HttpClient::Id HttpClient::fetch(HttpRequest request, const HttpLimits& limits, Done done) {
  const Id id = ++next_id_;
  std::unique_ptr<Transfer> transfer;
  try {
    transfer = std::make_unique<Transfer>(std::move(request), limits, done);
  } catch (const std::runtime_error& error) {
    refused_[id] = loop_.at(loop_.now(), [this, id, done, why = std::string{error.what()}] {
      refused_.erase(id);
      HttpAnswer answer;
      answer.failure = why;
      done(std::move(answer));
    });
    return id;
  }
  check(curl_multi_add_handle(multi_.get(), transfer->easy()));
  transfers_.emplace(id, std::move(transfer));
  return id;
}

void HttpClient::cancel(Id id) {
  const auto node = transfers_.extract(id);
  if (!node.empty()) curl_multi_remove_handle(multi_.get(), node.mapped()->easy());
  const auto refused = refused_.extract(id);
  if (!refused.empty()) loop_.cancel(refused.mapped());
}

void HttpClient::serve() {
  std::array<epoll_event, 32> events{};
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    int what = 0;
    if (event.events & EPOLLIN) what |= CURL_CSELECT_IN;
    if (event.events & EPOLLOUT) what |= CURL_CSELECT_OUT;
    if (event.events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
    drive(event.data.fd, what);
  }
}

void HttpClient::drive(curl_socket_t socket, int events) {
  int running = 0;
  check(curl_multi_socket_action(multi_.get(), socket, events, &running));
  collect();
}

void HttpClient::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CURL* const easy = message->easy_handle;
    const auto found =
        std::find_if(transfers_.begin(), transfers_.end(),
                     [easy](const auto& entry) { return entry.second->easy() == easy; });
    curl_multi_remove_handle(multi_.get(), easy);
    if (found == transfers_.end()) continue;
    const auto node = transfers_.extract(found);
    node.mapped()->end(code);
  }
}

}  // namespace pullwire
