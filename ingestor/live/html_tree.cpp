#include "ingestor/live/html_tree.hpp"

#include <csetjmp>
#include <cstddef>
#include <cstdlib>

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kMemoryBytes = 48 * 1024 * 1024;
constexpr std::size_t kMemoryPerByte = 8;  // of the input: a long text is copied while it grows
constexpr std::size_t kOpenElements = 640;
constexpr std::size_t kFormattingElements = 80;
constexpr std::size_t kAttributes = 256;

// Not as a fragment: gumbo's reading of those is older, <svg> without end swallows the rest.
constexpr std::string_view kBegin = "<!DOCTYPE html><body>";

// What the parser's two stacks begin with, one after the other (gumbo 0.10).
constexpr std::size_t kOpenBytes = 10 * sizeof(void*);
constexpr std::size_t kFormattingBytes = 5 * sizeof(void*);

const GumboNode* body_of(const GumboNode* html) {
  const GumboVector& children = html->v.element.children;
  for (unsigned i = 0; i < children.length; ++i) {
    const auto* child = static_cast<const GumboNode*>(children.data[i]);
    if (child->type == GUMBO_NODE_ELEMENT && child->v.element.tag == GUMBO_TAG_BODY) return child;
  }
  return nullptr;
}

}  // namespace

/// All that the parser allocates. Gumbo has no bounds of its own, and frees its tree by
/// recursion. Here it can be stopped whenever it allocates, and what it has then is freed one
/// by one. Its stacks double when they are full, which tells how deep the markup is: many
/// steps of the parser take time in proportion to that.
class HtmlTree::Memory {
 public:
  explicit Memory(std::size_t most) : most_{most} {}
  ~Memory() {
    while (first_ != nullptr) free(first_ + 1);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::jmp_buf& start() { return start_; }
  [[noreturn]] void stop() { std::longjmp(start_, 1); }

  void* allocate(std::size_t size) {
    if (!may_have(size)) stop();
    auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + size));
    if (block == nullptr) stop();
    *block = {first_, nullptr, size};
    if (first_ != nullptr) first_->before = block;
    first_ = block;
    used_ += sizeof(Block) + size;
    follow_stacks(block);
    return block + 1;
  }

  void free(void* memory) {
    if (memory == nullptr) return;
    Block* block = static_cast<Block*>(memory) - 1;
    (block->before != nullptr ? block->before->next : first_) = block->next;
    if (block->next != nullptr) block->next->before = block->before;
    used_ -= sizeof(Block) + block->size;
    // A stack that grows is copied to what was allocated last.
    if (block == open_) open_ = last_;
    if (block == formatting_) formatting_ = last_;
    std::free(block);
  }

 private:
  struct alignas(std::max_align_t) Block {
    Block* next;
    Block* before;
    std::size_t size;
  };

  bool may_have(std::size_t size) {
    if (size > most_ || used_ > most_ - size) return false;
    if (size == sizeof(GumboNode)) attributes_ = 0;
    return size != sizeof(GumboAttribute) || ++attributes_ <= kAttributes;
  }

  void follow_stacks(Block* block) {
    if (formatting_ == nullptr && block->size == kFormattingBytes && last_ != nullptr &&
        last_->size == kOpenBytes) {
      open_ = last_;
      formatting_ = block;
    }
    last_ = block;
    const bool deep = open_ != nullptr && open_->size > kOpenElements * sizeof(void*);
    const bool many =
        formatting_ != nullptr && formatting_->size > kFormattingElements * sizeof(void*);
    if (deep || many) stop();
  }

  std::jmp_buf start_{};
  const std::size_t most_;
  std::size_t used_ = 0;
  std::size_t attributes_ = 0;  // since the last node, so of one element at most
  Block* first_ = nullptr;
  Block* last_ = nullptr;  // allocated
  Block* open_ = nullptr;
  Block* formatting_ = nullptr;
};

thread_local HtmlTree::Memory* HtmlTree::parsing_ = nullptr;

void HtmlTree::stop_parsing() {
  if (parsing_ != nullptr) parsing_->stop();
}

HtmlTree::HtmlTree(std::string_view input)
    : page_{std::string{kBegin}.append(input)},
      memory_{std::make_unique<Memory>(kMemoryBytes + kMemoryPerByte * input.size())} {
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = [](void* memory, std::size_t size) {
    return static_cast<Memory*>(memory)->allocate(size);
  };
  options.deallocator = [](void* memory, void* block) {
    static_cast<Memory*>(memory)->free(block);
  };
  options.userdata = memory_.get();
  options.max_errors = 0;
  // No destructor is passed over: between here and stop() there is only C.
  if (setjmp(memory_->start()) == 0) {
    parsing_ = memory_.get();
    root_ = body_of(gumbo_parse_with_options(&options, page_.data(), page_.size())->root);
  }
  parsing_ = nullptr;
}

HtmlTree::~HtmlTree() = default;

}  // namespace pullwire::ingestor

// Debian builds gumbo with its assertions, and documents from outside can make some of them
// fail. The linker sends them here (ingestor/live/CMakeLists.txt).
extern "C" {
[[noreturn]] void __real___assert_fail(const char* what, const char* file, unsigned line,
                                       const char* function);
[[noreturn]] void __wrap___assert_fail(const char* what, const char* file, unsigned line,
                                       const char* function) {
  pullwire::ingestor::HtmlTree::stop_parsing();
  __real___assert_fail(what, file, line, function);
}
}
