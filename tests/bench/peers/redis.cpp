// The relay through Redis Streams: a stream and a consumer group a hop, commands pipelined.
// Events are added in transactions: otherwise a waiting reader is served after each of them, and
// batches shrink to one. What was acknowledged is trimmed off; credit is a list that is popped.
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hiredis/hiredis.h>

#include "tests/bench/event.hpp"
#include "tests/bench/peers/roles.hpp"

namespace pullwire::bench {
namespace {

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string_view text_of(const redisReply& reply) {
  return {reply.str, reply.len};
}

class Redis {
 public:
  explicit Redis(std::uint16_t port) : context_{redisConnect("127.0.0.1", port)} {
    if (!context_ || context_->err != 0) fail();
  }

  /// Queues a command; it is sent when a reply is waited for.
  void command(const std::vector<std::string_view>& words) {
    data_.clear();
    sizes_.clear();
    for (const std::string_view word : words) {
      data_.push_back(word.data());
      sizes_.push_back(word.size());
    }
    if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), data_.data(),
                               sizes_.data()) != REDIS_OK) {
      fail();
    }
    ++queued_;
  }

  /// That of the last command. Those before it have succeeded then, too.
  Reply last_reply() {
    Reply reply;
    for (; queued_ > 0; --queued_) {
      void* next = nullptr;
      if (redisGetReply(context_.get(), &next) != REDIS_OK) fail();
      reply.reset(static_cast<redisReply*>(next));
      check(*reply);
    }
    return reply;
  }

 private:
  static void check(const redisReply& reply) {
    if (reply.type == REDIS_REPLY_ERROR) throw std::runtime_error{reply.str};
    for (std::size_t i = 0; i < reply.elements; ++i) check(*reply.element[i]);
  }
  [[noreturn]] void fail() const {
    throw std::runtime_error{context_ ? context_->errstr : "no memory for a connection"};
  }

  std::unique_ptr<redisContext, FreeContext> context_;
  std::vector<const char*> data_;
  std::vector<std::size_t> sizes_;
  std::size_t queued_ = 0;
};

/// The end of a hop that adds events. Of the credit it uses what it has.
class Sender {
 public:
  Sender(Redis& redis, std::string stream)
      : redis_{redis}, stream_{std::move(stream)}, list_{stream_ + ".credit"} {}

  /// Waits for credit, if there is none.
  std::size_t credit() {
    if (credit_ > 0) return credit_;
    redis_.command({"BLPOP", list_, "0"});
    const Reply popped = redis_.last_reply();
    return credit_ = std::stoul(popped->element[1]->str);
  }
  void begin() { redis_.command({"MULTI"}); }
  void add(std::string_view event) {
    redis_.command({"XADD", stream_, "*", "e", event});
    --credit_;
  }
  void end() { redis_.command({"EXEC"}); }

 private:
  Redis& redis_;
  std::string stream_;
  std::string list_;
  std::size_t credit_ = 0;
};

/// The end of a hop that takes events, as the only one in its group, in order.
class Receiver {
 public:
  Receiver(Redis& redis, std::string stream)
      : redis_{redis}, stream_{std::move(stream)}, list_{stream_ + ".credit"} {
    redis_.command({"XGROUP", "CREATE", stream_, "group", "$", "MKSTREAM"});
    redis_.command({"RPUSH", list_, std::to_string(kWindow)});
    (void)redis_.last_reply();
  }

  /// Waits for events.
  void read(std::size_t most) {
    redis_.command({"XREADGROUP", "GROUP", "group", "consumer", "COUNT", std::to_string(most),
                    "BLOCK", "0", "STREAMS", stream_, ">"});
    batch_ = redis_.last_reply();
    const redisReply& entries = *batch_->element[0]->element[1];
    entries_ = {entries.element, entries.element + entries.elements};
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const {
    return text_of(*entries_[i]->element[1]->element[1]);
  }

  /// All that was read; by the batch.
  void acknowledge() {
    for (const redisReply* entry : entries_) ids_.emplace_back(text_of(*entry->element[0]));
    if (ids_.size() < kBatch) return;
    const std::string& last = ids_.back();
    const std::size_t dash = last.find('-') + 1;  // milliseconds-number
    const std::string next =
        last.substr(0, dash) + std::to_string(std::stoull(last.substr(dash)) + 1);
    std::vector<std::string_view> words{"XACK", stream_, "group"};
    words.insert(words.end(), ids_.begin(), ids_.end());
    redis_.command(words);
    redis_.command({"XTRIM", stream_, "MINID", next});
    redis_.command({"RPUSH", list_, std::to_string(ids_.size())});
    ids_.clear();
  }

 private:
  Redis& redis_;
  std::string stream_;
  std::string list_;
  Reply batch_;
  std::vector<const redisReply*> entries_;
  std::vector<std::string> ids_;  // read and not acknowledged
};

void source(const Options& options) {
  Redis redis{options.port};
  Sender up{redis, "up"};
  say_ready();
  for (std::uint64_t made = 0;;) {
    std::size_t count = up.credit();
    up.begin();
    for (; count > 0; --count) up.add(make_event(++made, clock_ns()));
    up.end();
  }
}

void relay(const Options& options) {
  Redis redis{options.port};
  Receiver up{redis, "up"};
  Sender down{redis, "down"};
  say_ready();
  while (true) {
    up.read(std::min(down.credit(), kBatch));
    down.begin();
    for (std::size_t i = 0; i < up.size(); ++i) down.add(up[i]);
    down.end();
    (void)redis.last_reply();  // now they are further down
    up.acknowledge();
  }
}

void sink(const Options& options) {
  Redis redis{options.port};
  Receiver down{redis, "down"};
  Meter meter = options.meter();
  say_ready();
  while (true) {
    down.read(kBatch);
    const std::uint64_t now = clock_ns();
    meter.arrived(down.size(), now, now - time_of(down[0]));
    down.acknowledge();
  }
}

}  // namespace
}  // namespace pullwire::bench

int main(int argc, char** argv) {
  using namespace pullwire::bench;
  return run_roles("bench_redis", {.source = source, .relay = relay, .sink = sink}, argc, argv);
}
