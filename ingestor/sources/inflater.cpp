#include "ingestor/sources/inflater.hpp"

#include <new>

namespace pullwire::ingestor {

Inflater::Inflater() {
  constexpr int kGzipOnly = 15 + 16;  // window bits, and no raw zlib data
  if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc{};
}

Inflater::~Inflater() {
  inflateEnd(&stream_);
}

void Inflater::feed(std::string_view compressed) {
  // zlib's field is not const, but it never writes there.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream_.avail_in = static_cast<uInt>(compressed.size());
}

// gzip itself accepts zeros behind a member: tapes and disks were padded so.
void Inflater::skip_padding() {
  while (!first_ && stream_.avail_in > 0 && *stream_.next_in == 0) {
    ++stream_.next_in;
    --stream_.avail_in;
  }
}

std::size_t Inflater::inflate(char* to, std::size_t size) {
  stream_.next_out = reinterpret_cast<Bytef*>(to);
  stream_.avail_out = static_cast<uInt>(size);
  while (!broken_ && stream_.avail_out > 0) {
    if (!inside_) {
      skip_padding();
      if (stream_.avail_in == 0) break;
      inside_ = true;
    }
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      inside_ = false;
      first_ = false;
      inflateReset(&stream_);
    } else if (result == Z_BUF_ERROR) {
      break;  // more input is needed
    } else if (result != Z_OK) {
      broken_ = true;
    }
  }
  full_ = !broken_ && stream_.avail_out == 0;
  return size - stream_.avail_out;
}

void Inflater::restart() {
  inflateReset(&stream_);
  stream_.avail_in = 0;
  full_ = inside_ = broken_ = false;
  first_ = true;
}

}  // namespace pullwire::ingestor
