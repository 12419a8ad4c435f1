// Reading and writing of model files. A file is not trusted: everything is checked against bounds before it is
// believed.
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "fluxgate/tasks/model.hpp"

namespace fluxgate::tasks {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxHeader = 8 * 1024 * 1024;
constexpr std::size_t kMaxFile = kMaxHeader + std::size_t{kBuckets} * (4 + 2 * kMaxTasks);
constexpr std::size_t kMaxTargets = 10'000;
constexpr const char* kFormat = "fluxgate-tasks";

Error bad_file(const std::string& name, const std::string& why) {
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, name + ": " + why};
}

void append_u16(std::string& out, std::uint16_t value) {
  out.push_back(static_cast<char>(value & 0xff));
  out.push_back(static_cast<char>(value >> 8));
}
void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, static_cast<std::uint16_t>(value & 0xffff));
  append_u16(out, static_cast<std::uint16_t>(value >> 16));
}
std::uint32_t read_u16(const char* at) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(at[0]) | (static_cast<unsigned char>(at[1]) << 8));
}
std::uint32_t read_u32(const char* at) { return read_u16(at) | (read_u16(at + 2) << 16); }

struct Header {
  std::vector<std::string> tasks;
  QualityTable quality;
  std::size_t rows = 0;
  double scale = 0;
  std::uint32_t crc = 0;
};

// Reads one header; `why` says what is wrong with it.
class HeaderReader {
 public:
  Result<Header> read(std::string_view line, const std::string& name) {
    const Json json = Json::parse(line, nullptr, false);
    Header header;
    if (!json.is_object() || json.value("format", Json()) != kFormat) {
      return bad_file(name, "not a task model (its first line is no header of `fluxgate train`)");
    }
    if (json.value("version", Json()) != 1) return bad_file(name, "made by another version; train it again");
    if (json.value("bucket_bits", Json()) != kBucketBits) return bad_file(name, "bucket_bits must be 18");
    if (!read_tasks(json.value("tasks", Json()), header) || !read_numbers(json, header) ||
        !read_quality(json.value("quality", Json::object()), header)) {
      return bad_file(name, why_);
    }
    return header;
  }

 private:
  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool read_tasks(const Json& json, Header& header) {
    if (!json.is_array() || json.empty() || json.size() > kMaxTasks) {
      return fail("tasks must be a list of 1 to 256 names");
    }
    for (const Json& item : json) {
      if (!item.is_string()) return fail("tasks must be names");
      const auto& name = item.get_ref<const std::string&>();
      if (name.empty() || name.size() > kMaxTaskName) return fail("a task's name must have 1 to 64 bytes");
      for (const std::string& other : header.tasks) {
        if (other == name) return fail("task '" + name + "' occurs twice");
      }
      header.tasks.push_back(name);
    }
    return true;
  }

  bool read_numbers(const Json& json, Header& header) {
    const Json rows = json.value("rows", Json());
    const Json crc = json.value("crc32", Json());
    const Json scale = json.value("scale", Json());
    if (!rows.is_number_unsigned() || rows.get<std::uint64_t>() > kBuckets) return fail("rows must be 0 to 262144");
    if (!crc.is_number_unsigned() || crc.get<std::uint64_t>() > 0xffffffffULL) {
      return fail("crc32 is no number of 32 bits");
    }
    if (!scale.is_number()) return fail("scale must be a number");
    header.rows = rows.get<std::size_t>();
    header.crc = crc.get<std::uint32_t>();
    header.scale = scale.get<double>();
    if (!std::isfinite(header.scale) || header.scale <= 0) return fail("scale must be positive");
    return true;
  }

  bool read_quality(const Json& json, Header& header) {
    if (!json.is_object() || json.size() > kMaxTasks + 1) return fail("quality must be an object of tasks");
    for (const auto& [task, row] : json.items()) {
      if (!row.is_object() || row.size() > kMaxTargets) {
        return fail("quality." + task + " must be an object of targets");
      }
      for (const auto& [target, cell] : row.items()) {
        if (!cell.is_object()) return fail("quality." + task + "." + target + " must have mean and count");
        const Json mean = cell.value("mean", Json());
        const Json count = cell.value("count", Json());
        if (!mean.is_number() || !(mean.get<double>() >= 0) || mean.get<double>() > 1) {
          return fail("quality." + task + "." + target + ": mean must be 0 to 1");
        }
        if (!count.is_number_unsigned()) return fail("quality." + task + "." + target + ": count must be a count");
        header.quality[task][target] = {mean.get<double>(), count.get<std::uint64_t>()};
      }
    }
    return true;
  }

  std::string why_;
};

}  // namespace

std::string TaskModel::serialise() const {
  std::string binary;
  binary.reserve(rows() * (4 + 2 * tasks_.size()));
  for (std::size_t row = 0; row < rows(); ++row) {
    append_u32(binary, bucket_of_[row]);
    for (std::size_t task = 0; task < tasks_.size(); ++task) {
      append_u16(binary, static_cast<std::uint16_t>(weights_[row * stride_ + task]));
    }
  }
  Json quality = Json::object();
  for (const auto& [task, row] : quality_) {
    for (const auto& [target, cell] : row) quality[task][target] = {{"mean", cell.mean}, {"count", cell.count}};
  }
  const Json header = {{"format", kFormat}, {"version", 1},    {"tasks", tasks_},         {"bucket_bits", kBucketBits},
                       {"rows", rows()},    {"scale", scale_}, {"crc32", crc32(binary)}, {"quality", quality}};
  return header.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" + binary;
}

Result<TaskModel> TaskModel::parse(std::string_view bytes, const std::string& name) {
  const std::size_t line_end = bytes.substr(0, kMaxHeader).find('\n');
  if (line_end == std::string_view::npos) return bad_file(name, "not a task model (it has no header line)");
  auto header = HeaderReader().read(bytes.substr(0, line_end), name);
  if (!header) return std::move(header).error();
  const std::string_view binary = bytes.substr(line_end + 1);
  const std::size_t row_size = 4 + 2 * header->tasks.size();
  if (binary.size() != header->rows * row_size) {
    return bad_file(name, "has " + std::to_string(binary.size()) + " bytes of weights instead of " +
                              std::to_string(header->rows * row_size));
  }
  if (crc32(binary) != header->crc) return bad_file(name, "the weights do not have the checksum of the header");
  TaskModel model;
  model.reserve(std::move(header->tasks), header->rows);
  model.quality_ = std::move(header->quality);
  model.scale_ = header->scale;
  std::vector<std::int16_t> weights(model.tasks_.size());
  for (std::size_t row = 0; row < header->rows; ++row) {
    const char* at = binary.data() + row * row_size;
    const std::uint32_t bucket = read_u32(at);
    if (bucket >= kBuckets || (row > 0 && bucket <= model.bucket_of_.back())) {
      return bad_file(name, "the buckets of its rows do not ascend");
    }
    for (std::size_t task = 0; task < weights.size(); ++task) {
      weights[task] = static_cast<std::int16_t>(read_u16(at + 4 + 2 * task));
    }
    model.add_row(bucket, weights);
  }
  model.index();
  return model;
}

Result<TaskModel> TaskModel::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return bad_file(path, std::strerror(errno));
  std::string bytes;
  char block[64 * 1024];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    bytes.append(block, static_cast<std::size_t>(file.gcount()));
    if (bytes.size() > kMaxFile) return bad_file(path, "too large for a task model");
  }
  if (file.bad()) return bad_file(path, "cannot be read");
  return parse(bytes, path);
}

Result<void> TaskModel::save(const std::string& path) const {
  const std::string temporary = path + ".new";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  if (!file) return bad_file(temporary, std::strerror(errno));
  const std::string bytes = serialise();
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return bad_file(temporary, "cannot be written");
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return bad_file(path, std::strerror(errno));
  return {};
}

}  // namespace fluxgate::tasks
