#include "skills/coverage.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "base/file.h"
#include "base/process.h"
#include "cli/cli.h"
#include "skills/capture_worker.h"
#include "skills/sweep.h"

namespace accelerate::cli {
namespace {

struct CoverageOptions {
  std::vector<std::string> classes;
  std::vector<std::string> modules;
  std::vector<std::string> modalities;
  size_t sample = 0;
  bool failed = false;
  bool resume = false;
  bool missing = false;
  bool summary = false;
  int jobs = 1;
  int seed = 0;
  double minutes = 0;
  double seconds = 150;
  bool keep = false;
  bool reuse = false;
  std::string device = "cpu";
  std::string python;
  std::string work;
  std::string out = "build/coverage/records.jsonl";
  std::string table = "docs/coverage/classes.tsv";
  std::string page;
  bool update_table = false;
};

/// Appends lines to a file and flushes each.
class RecordFile {
 public:
  RecordFile(const std::string& path, bool append) {
    std::filesystem::path parent = std::filesystem::path(path).parent_path();
    std::error_code ignored;
    if (!parent.empty()) std::filesystem::create_directories(parent, ignored);
    // A line that an interrupted write tore goes, so that the next one begins where it began.
    if (append && std::filesystem::exists(path)) {
      const std::string text = read_file(path);
      const size_t end = text.rfind('\n');
      std::filesystem::resize_file(path, end == std::string::npos ? 0 : end + 1, ignored);
    }
    file_ = std::fopen(path.c_str(), append ? "ab" : "wb");
    if (file_ == nullptr) fail(ErrorCode::io_error, "cannot write {}: {}", printable(path), std::strerror(errno));
  }
  ~RecordFile() { std::fclose(file_); }
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;
  void add(const skills::CoverageRecord& record) {
    std::string line = skills::to_json(record).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0)
      fail(ErrorCode::io_error, "cannot write the records: {}", std::strerror(errno));
  }

 private:
  std::FILE* file_ = nullptr;
};

bool matches(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

std::string totals_text(const std::vector<skills::CoverageTotal>& totals, const std::string& head) {
  std::vector<std::vector<std::string>> rows = {{head, "classes", "tried", "passed", "share of tried", "own reason"}};
  for (const auto& t : totals)
    rows.push_back({t.name, std::to_string(t.classes), std::to_string(t.classes - t.untried), std::to_string(t.passed),
                    t.classes == t.untried ? "" : fmt::format("{:.1f} %", 100.0 * t.passed / (t.classes - t.untried)),
                    std::to_string(t.own)});
  return table(rows);
}

Json totals_json(const std::vector<skills::CoverageTotal>& totals) {
  Json out = Json::array();
  for (const auto& t : totals)
    out.push_back(
        {{"name", t.name}, {"classes", t.classes}, {"untried", t.untried}, {"passed", t.passed}, {"own", t.own}});
  return out;
}

void print_summary(const Cli& cli, const skills::CoverageTable& records) {
  if (cli.json) {
    Json reasons = Json::array();
    for (const auto& f : skills::failures(records))
      reasons.push_back({{"stage", f.stage}, {"reason", f.reason}, {"own", f.own}, {"classes", f.classes}});
    Json out = {{"total", totals_json({skills::total_of(records)}).at(0)},
                {"by_modality", totals_json(skills::totals_by_modality(records))},
                {"by_auto_class", totals_json(skills::totals_by_auto_class(records))},
                {"by_family", totals_json(skills::totals_by_family(records))},
                {"failures", std::move(reasons)}};
    write_out(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  auto modalities = skills::totals_by_modality(records);
  modalities.push_back(skills::total_of(records));
  std::string out = totals_text(modalities, "modality") + "\n";
  auto failures = skills::failures(records);
  if (!failures.empty()) {
    std::vector<std::vector<std::string>> rows = {{"failed", "stage", "whose", "reason", "such as"}};
    for (size_t i = 0; i < failures.size() && i < 25; ++i)
      rows.push_back({std::to_string(failures[i].classes.size()), failures[i].stage, failures[i].own ? "own" : "ours",
                      fitted(failures[i].reason, 90), failures[i].classes.front()});
    out += table(rows, 5);
  }
  write_out(out);
}

std::string line_of(const skills::CoverageRecord& r, size_t done, size_t total) {
  return fmt::format("[{}/{}] {} {} ({:.1f} s){}\n", done, total, r.passed() ? "ok  " : "FAIL", r.model.name,
                     r.capture_s + (r.import_ms + r.compile_ms + r.execute_ms) / 1e3,
                     r.passed() ? "" : fmt::format(" {}: {}", r.stage, fitted(r.reason, 150)));
}

/// The table with the records, and a row for each class that has not been tried.
void update_table(const Cli& cli, const CoverageOptions& options, skills::CoverageTable& table) {
  for (auto& [name, record] : skills::read_records(options.out)) table[name] = record;
  skills::SweepOptions sweep;
  sweep.python = skills::capture_python(options.python);
  sweep.cancel = cli.cancel;
  for (const skills::ModelClass& model : skills::list_model_classes(sweep)) {
    skills::CoverageRecord& record = table[model.name];
    record.model = model;
    if (record.stage.empty()) record.stage = "untried";
  }
  std::filesystem::create_directories(std::filesystem::absolute(options.table).parent_path());
  write_file_atomic(options.table, skills::write_table(table));
}

void run_sweep(Cli& cli, const CoverageOptions& options) {
  skills::SweepOptions sweep;
  sweep.python = skills::capture_python(options.python);
  sweep.program = own_executable();
  sweep.work = options.work.empty() ? std::filesystem::path(options.out).parent_path() / "cases"
                                    : std::filesystem::path(options.work);
  sweep.keep = options.keep || options.reuse;
  sweep.reuse = options.reuse;
  sweep.jobs = options.jobs;
  sweep.seed = options.seed;
  sweep.device = options.device;
  sweep.capture_seconds = options.seconds;
  sweep.cancel = cli.cancel;

  std::vector<skills::ModelClass> all = skills::list_model_classes(sweep);
  for (const std::string& name : options.classes)
    if (std::none_of(all.begin(), all.end(), [&](const auto& m) { return m.name == name; }))
      fail(ErrorCode::not_found,
           "transformers has no public model class \"{}\"; `coverage --summary` lists what there is", printable(name));
  skills::CoverageTable records;
  if ((options.resume || options.failed) && std::filesystem::exists(options.out))
    records = skills::read_records(options.out);
  skills::CoverageTable known_table;
  if (options.missing && std::filesystem::exists(options.table)) known_table = skills::read_table(options.table);
  std::vector<skills::ModelClass> todo;
  for (const skills::ModelClass& m : all) {
    bool wanted = matches(options.classes, m.name) && matches(options.modules, m.module) &&
                  matches(options.modalities, m.modality);
    auto known = records.find(m.name);
    if (options.failed) wanted = wanted && known != records.end() && !known->second.passed();
    if (options.resume) wanted = wanted && known == records.end();
    if (options.missing) {
      auto row = known_table.find(m.name);
      wanted = wanted && (row == known_table.end() || !row->second.passed());
    }
    if (wanted) todo.push_back(m);
  }
  if (options.sample > 0) todo = skills::stratified_sample(std::move(todo), options.sample);

  RecordFile file(options.out, options.resume || options.failed);
  size_t done = 0;
  size_t failed = 0;
  auto begin = std::chrono::steady_clock::now();
  bool over = false;
  try {
    skills::sweep(todo, sweep, [&](const skills::CoverageRecord& record) {
      file.add(record);
      records[record.model.name] = record;
      ++done;
      failed += record.passed() || record.own ? 0 : 1;
      if (!cli.json) {
        write_out(line_of(record, done, todo.size()));
        finish_out();
      }
      over = options.minutes > 0 &&
             std::chrono::steady_clock::now() - begin > std::chrono::duration<double, std::ratio<60>>(options.minutes);
      if (over && done < todo.size()) fail(ErrorCode::cancelled, "the time is over");
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::cancelled || !over) throw;
    if (!cli.json)
      write_out(fmt::format("{} minutes are over with {} of {} classes done; --resume goes on\n", options.minutes, done,
                            todo.size()));
  }
  print_summary(cli, records);
  if (failed > 0) cli.exit_code = 1;
}

void coverage(Cli& cli, const CoverageOptions& options) {
  if (options.summary || options.update_table || !options.page.empty()) {
    skills::CoverageTable records;
    if (std::filesystem::exists(options.table)) records = skills::read_table(options.table);
    if (options.update_table) {
      update_table(cli, options, records);
    } else if (records.empty()) {
      fail(ErrorCode::not_found, "there are no results at {}; `coverage` makes them, --table names them",
           printable(options.table));
    }
    if (!options.page.empty()) write_file_atomic(options.page, skills::coverage_page(records));
    if (options.summary) print_summary(cli, records);
    return;
  }
  run_sweep(cli, options);
}

}  // namespace

void register_coverage(Cli& cli) {
  auto options = std::make_shared<CoverageOptions>();
  CLI::App* c = cli.command("coverage", "Capture and verify the model classes of transformers, or show the results",
                            [&cli, options] { coverage(cli, *options); });
  auto several = CLI::MultiOptionPolicy::TakeAll;
  c->add_option("--class", options->classes, "only this class; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(several);
  c->add_option("--module", options->modules, "only the classes of this module, such as bert")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(several);
  c->add_option("--modality", options->modalities, "only this modality, such as audio")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(several);
  c->add_option("--sample", options->sample, "about N classes that stand for all of them")->type_name("N");
  c->add_flag("--resume", options->resume, "go on: leave out classes that have a record");
  c->add_flag("--missing", options->missing, "only classes that the table lacks, or has as failures");
  c->add_flag("--failed", options->failed, "again those whose record is a failure");
  c->add_option("-j,--jobs", options->jobs, "classes at a time")->type_name("N")->check(CLI::Range(1, 256));
  c->add_option("--minutes", options->minutes, "stop after this time; --resume goes on")->type_name("N");
  c->add_option("--seconds", options->seconds, "most processor time to capture one class")->type_name("N");
  c->add_option("--seed", options->seed, "of weights and inputs")->type_name("N");
  c->add_option("--device", options->device, "device to verify on")->type_name("NAME");
  c->add_option("--python", options->python, "Python with torch, transformers and ipfs_accelerate (ACCELERATE_PYTHON)")
      ->type_name("FILE");
  c->add_option("--out", options->out, "records, a JSON object a line")->type_name("FILE");
  c->add_option("--work", options->work, "folder for case folders")->type_name("DIR");
  c->add_flag("--keep", options->keep, "keep the case folders");
  c->add_flag("--reuse", options->reuse, "verify the case folders that --keep left, without capturing again");
  c->add_option("--table", options->table, "the committed table")->type_name("FILE");
  c->add_flag("--update-table", options->update_table,
              "put the records into the table, and a row for each class that was not tried");
  c->add_option("--page", options->page, "write this page of totals from the table")->type_name("FILE");
  c->add_flag("--summary", options->summary, "print the totals of the table");
  c->add_flag("--json", cli.json, "print JSON");
}

}  // namespace accelerate::cli
