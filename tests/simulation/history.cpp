#include "tests/simulation/history.hpp"

#include <algorithm>

namespace pullwire::simulated {
namespace {

constexpr std::uint64_t kPosts = 200;
constexpr std::size_t kFaults = 20;
constexpr std::size_t kMostRepublishers = 4;
constexpr Time kPatience = 90s;  // many times what any recovery takes, the end included

}  // namespace

History::History(std::uint64_t seed) : world_{seed} {
  world_.demand = static_cast<std::uint32_t>(1 + world_.below(12));
  world_.budget = static_cast<std::uint32_t>(kMostRepublishers + world_.below(20));
  world_.max_span = 1 + world_.below(60);
  world_.concurrency = 1 + world_.below(8);
  world_.sources.resize(1 + world_.below(2));
  for (std::size_t i = 0; i < world_.sources.size(); ++i) {
    places_.push_back({Kind::Ingestor, i});
    if (world_.one_in(4)) world_.poison.insert(i * kSource + 1 + world_.below(kPosts));
  }
  places_.push_back({Kind::Reporter});
  const std::size_t republishers = 1 + world_.below(kMostRepublishers);
  places_.insert(places_.end(), republishers, {Kind::Republisher});
  processes_.resize(places_.size());
  for (std::size_t i = 0; i < places_.size(); ++i) start(i);
  disturbed_ = world_.now();
  faults_ = kFaults + world_.below(20);
}

std::map<std::string, std::uint64_t> History::seen() const {
  return world_.seen;
}

std::uint64_t History::posts() const {
  std::uint64_t posts = 0;
  for (const Source& source : world_.sources) posts += source.given;
  return posts;
}

std::string History::describe() const {
  std::string text = "at " + std::to_string(world_.now() / 1ms) + " ms";
  for (const auto& process : processes_) {
    text += "\n  " + (process ? process->describe() : "nobody");
  }
  return text;
}

void History::run() {
  for (; faults_ > 0; --faults_) {
    const Time next = world_.now() + world_.within(world_.one_in(3) ? 3s : 300ms);
    while (world_.now() < next) step(next);
    fault();
    disturbed_ = world_.now();
  }
  while (posts() < kPosts) step(world_.now() + kPatience);
  calm_ = true;
  end_sources();
  while (!everything_is_settled()) step(Time::max());
  check_complete();
  check_nothing_leaked();
  farewell();
}

// -- Processes ---------------------------------------------------------------------------

void History::step(Time until) {
  for (const Place& place : places_) {
    if (place.starts_at > Time{}) until = std::min(until, place.starts_at);
  }
  world_.step(processes_, until);
  expect(world_.now() - disturbed_ < kPatience, "L1: stuck");
  look_after_places();
  for (const auto& process : processes_) {
    if (process) process->check();
  }
}

/// Starts who is to start; takes away who has crashed, and who has ended after a drain.
void History::look_after_places() {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (processes_[i]) {
      if (processes_[i]->crashed) {
        kill(i, world_.within(1s));
      } else if (processes_[i]->ended()) {
        ++world_.seen["ended well"];
        kill(i, places_[i].leaves ? Time::max() : world_.within(200ms));
      }
    } else if (places_[i].starts_at <= world_.now()) {
      start(i);
    }
  }
  for (std::size_t i = places_.size(); i-- > 0;) {
    if (processes_[i] || places_[i].starts_at != Time::max()) continue;
    places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(i));
    processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void History::start(std::size_t i) {
  Place& place = places_[i];
  place.starts_at = {};
  place.leaves = false;
  switch (place.kind) {
    case Kind::Ingestor: processes_[i] = make_ingestor(world_, place.source); break;
    case Kind::Reporter: processes_[i] = make_reporter(world_); break;
    case Kind::Republisher: processes_[i] = make_republisher(world_); break;
  }
  processes_[i]->ahead = world_.within(100s);  // every host has its own clock
  world_.settle_down(*processes_[i]);
}

/// Ends a process, whose place is empty for a while. What it was writing has reached its
/// disk, or is gone.
void History::kill(std::size_t i, Time absent) {
  world_.kill(*processes_[i]);
  processes_[i].reset();
  Place& place = places_[i];
  place.starts_at = absent == Time::max() ? absent : world_.now() + absent;
  const bool late = world_.one_in(2);
  if (place.kind == Kind::Ingestor) {
    Source& source = world_.sources[place.source];
    if (source.disk.under_way) ++world_.seen[late ? "late write" : "torn write"];
    source.disk.lose_power(late, [&](const State& state) { source.state = state; });
  } else if (place.kind == Kind::Reporter) {
    if (world_.database.under_way) ++world_.seen[late ? "late commit" : "torn commit"];
    world_.database.lose_power(late, [&](const auto& records) { world_.store(records); });
  }
}

// -- Faults ------------------------------------------------------------------------------

void History::fault() {
  const Time time = world_.within(kLongestFault);
  switch (world_.below(20)) {
    case 0: ++world_.seen["suspended"]; return suspend(time);
    case 1:
    case 2: ++world_.seen["cut"]; return world_.cut();
    case 3:
    case 4: ++world_.seen["held up"]; return world_.hold(time);
    case 5:
    case 6: return join();
    case 7:
      ++world_.seen["disk trouble"];
      if (world_.one_in(2)) {
        world_.database.trouble_until = world_.now() + time;
      } else {
        world_.sources[world_.below(world_.sources.size())].disk.trouble_until =
            world_.now() + time;
      }
      return;
    default: return fault_of_a_process(world_.below(places_.size()));
  }
}

void History::fault_of_a_process(std::size_t i) {
  if (!processes_[i] || processes_[i]->hung_until > world_.now()) return;
  Process& process = *processes_[i];
  const Time time = world_.within(kLongestFault);
  switch (world_.below(6)) {
    case 0:
    case 1: ++world_.seen["kill"]; return kill(i, world_.within(1s));
    case 2:
      ++world_.seen["hung"];
      process.hung_until = world_.now() + time;
      return;
    case 3:
      ++world_.seen["cut off"];
      process.cut_off_until = world_.now() + time;
      return;
    case 4:
      ++world_.seen["clock jump"];
      process.ahead += time;
      return;
    default:
      ++world_.seen["drained"];
      places_[i].leaves =
          places_[i].kind == Kind::Republisher && world_.one_in(2) && republishers() > 1;
      process.drain();
      world_.settle_down(process);
  }
}

/// That are to stay.
std::size_t History::republishers() const {
  return static_cast<std::size_t>(std::count_if(
      places_.begin(), places_.end(),
      [](const Place& place) { return place.kind == Kind::Republisher && !place.leaves; }));
}

void History::join() {
  if (places_.size() - world_.sources.size() - 1 >= kMostRepublishers) return;
  ++world_.seen["joined"];
  places_.push_back({Kind::Republisher});
  processes_.emplace_back();
  start(places_.size() - 1);
}

/// The whole machine sleeps; the clocks count on.
void History::suspend(Time time) {
  for (const auto& process : processes_) {
    if (process) process->hung_until = std::max(process->hung_until, world_.now() + time);
  }
}

// -- The end -----------------------------------------------------------------------------

void History::end_sources() {
  for (Source& source : world_.sources) source.end = source.given;
  for (const auto& process : processes_) {
    if (process) world_.settle_down(*process);
  }
}

bool History::everything_is_settled() const {
  const bool all_there = std::all_of(processes_.begin(), processes_.end(), [this](const auto& p) {
    return p && p->hung_until <= world_.now() && !p->ended();
  });
  return all_there && std::all_of(world_.sources.begin(), world_.sources.end(),
                                  [](const Source& source) { return source.done(); });
}

void History::check_complete() const {
  std::size_t records = 0;
  for (std::size_t i = 0; i < world_.sources.size(); ++i) {
    for (std::uint64_t number = 1; number <= *world_.sources[i].end; ++number) {
      expect(is_stored(world_, i * kSource + number), "a post was lost");
      records += records_of(i * kSource + number);
    }
  }
  expect(world_.stored.size() == records, "something is stored that no source gave");
}

/// All settled and nobody disturbed: whoever is there has its sessions, and all credit.
void History::check_nothing_leaked() {
  const Time quiet = world_.now() + 8s;
  while (world_.now() < quiet) step(quiet);
  world_.republishers = republishers();
  for (const auto& process : processes_) {
    expect(process != nullptr, "somebody has gone");
    process->check_idle();
  }
}

/// All leave, in some order, the reporter last: what was begun is finished and reported.
void History::farewell() {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].kind != Kind::Reporter) order.push_back(i);
  }
  for (std::size_t left = order.size(); left > 1; --left) {
    std::swap(order[world_.below(left)], order[left - 1]);
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].kind == Kind::Reporter) order.push_back(i);
  }
  for (const std::size_t i : order) {
    processes_[i]->drain();
    world_.settle_down(*processes_[i]);
    for (const Time began = world_.now(); !processes_[i]->ended();) {
      world_.step(processes_, Time::max());
      expect(world_.now() - began < 20s, "a farewell takes for ever");
    }
    world_.kill(*processes_[i]);
    processes_[i].reset();
  }
}

}  // namespace pullwire::simulated
