#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "cli/store_support.h"
#include "store/car_file.h"
#include "store/gateway_server.h"
#include "store/hub_cache.h"
#include "store/unixfs_read.h"

namespace accelerate::cli {
namespace {

using store::Cid;

struct StoreCommandOptions {
  StoreArguments store;
  ImportArguments import;
  std::vector<std::string> paths;
  std::string source;
  std::string target;
  std::string name;
  bool copy = false;
  bool no_pin = false;
  bool follow_links = false;
  bool hidden = false;
  bool link = false;
  int car_version = 1;
  store::GatewayServerOptions gateway;
  uint64_t offset = 0;
  uint64_t length = ~uint64_t{0};
};

void print_json(const Json& json) {
  write_out(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void add(const Cli& cli, const StoreCommandOptions& o) {
  const auto store = o.store.open(false);
  store::AddOptions options;
  options.import = o.import.options();
  options.copy = o.copy;
  options.pin = !o.no_pin;
  options.pin_name = o.name;
  options.follow_links = o.follow_links;
  options.hidden = o.hidden;
  Executor executor;
  Json list = Json::array();
  for (const std::string& path : o.paths) {
    TransferProgress progress("adding " + printable(path), cli.cancel);
    const store::ImportedTree tree =
        path == "-" ? store->add_stream(
                          [](std::span<char> into) {
                            const ssize_t got = read(STDIN_FILENO, into.data(), into.size());
                            if (got < 0 && errno != EINTR) {
                              fail(ErrorCode::io_error, "cannot read standard input: {}", std::strerror(errno));
                            }
                            return static_cast<size_t>(std::max<ssize_t>(got, 0));
                          },
                          options, executor, progress.call())
                    : store->add(path, options, executor, progress.call());
    if (cli.json) {
      list.push_back({{"path", path},
                      {"cid", tree.cid.text()},
                      {"file_bytes", tree.file_bytes},
                      {"total_bytes", tree.total_bytes}});
    } else {
      write_out(fmt::format("{} {}\n", tree.cid.text(), printable(path, 4096)));
    }
  }
  if (cli.json) print_json({{"added", std::move(list)}});
}

void cat(const Cli& cli, const StoreCommandOptions& o) {
  const auto store = o.store.open(true);
  for (const std::string& path : o.paths) {
    const Cid cid = resolve_path(*store, path);
    store::UnixFsReader(*store).read(cid, o.offset, o.length, [&](std::string_view bytes) {
      CallLimits{std::nullopt, cli.cancel}.check();
      write_out(bytes);
    });
  }
}

void get(const Cli& cli, const StoreCommandOptions& o) {
  const auto store = o.store.open(true);
  const Cid cid = resolve_path(*store, o.paths[0]);
  std::string target = o.target;
  if (target.empty()) {
    const std::string last = std::filesystem::path(store::IpfsPath::parse(o.paths[0]).path).filename().native();
    target = last.empty() ? cid.text() : last;
  }
  store::ExportOptions options;
  options.link = o.link;
  TransferProgress progress("writing " + printable(target), cli.cancel);
  store::export_tree(*store, cid, target, options, progress.call());
  if (cli.json) {
    print_json({{"cid", cid.text()}, {"path", target}});
  } else {
    write_out(fmt::format("{} {}\n", cid.text(), printable(target, 4096)));
  }
}

std::string_view kind_name(store::UnixFsInfo::Kind kind) {
  switch (kind) {
    case store::UnixFsInfo::Kind::file: return "file";
    case store::UnixFsInfo::Kind::folder: return "folder";
    case store::UnixFsInfo::Kind::symlink: return "symlink";
  }
  return "";
}

void list(const Cli& cli, const StoreCommandOptions& o) {
  const auto store = o.store.open(true);
  store::UnixFsReader reader(*store);
  Json out = Json::array();
  std::vector<std::vector<std::string>> rows = {{"cid", "kind", "name", "size"}};
  for (const store::UnixFsEntry& entry : reader.list(resolve_path(*store, o.paths[0]))) {
    // A folder may be known without all that is in it.
    if (!store->has(entry.cid)) {
      out.push_back(
          {{"name", entry.name}, {"cid", entry.cid.text()}, {"kind", nullptr}, {"total_bytes", entry.total_bytes}});
      rows.push_back({entry.cid.text(), "missing", fitted(entry.name, 60), ""});
      continue;
    }
    const store::UnixFsInfo info = reader.info(entry.cid);
    Json one = {{"name", entry.name},
                {"cid", entry.cid.text()},
                {"kind", kind_name(info.kind)},
                {"total_bytes", entry.total_bytes}};
    if (info.kind == store::UnixFsInfo::Kind::file) one["file_bytes"] = info.size_bytes;
    if (info.kind == store::UnixFsInfo::Kind::symlink) one["target"] = info.target;
    out.push_back(std::move(one));
    rows.push_back(
        {entry.cid.text(), std::string(kind_name(info.kind)), fitted(entry.name, 60),
         info.kind == store::UnixFsInfo::Kind::file ? bytes_text(static_cast<double>(info.size_bytes)) : ""});
  }
  if (cli.json) {
    print_json({{"entries", std::move(out)}});
  } else {
    write_out(table(rows, 3));
  }
}

void pin_list(const Cli& cli, const StoreCommandOptions& o) {
  Json out = Json::array();
  std::string text;
  for (const store::Pin& pin : o.store.open(true)->pins()) {
    out.push_back({{"cid", pin.cid.text()}, {"name", pin.name}});
    text += fmt::format("{} {}\n", pin.cid.text(), printable(pin.name));
  }
  if (cli.json) {
    print_json({{"pins", std::move(out)}});
  } else {
    write_out(text);
  }
}

void pin_change(const Cli& cli, const StoreCommandOptions& o, bool pin) {
  const auto store = o.store.open(false);
  Json out = Json::array();
  for (const std::string& path : o.paths) {
    const Cid cid = pin ? resolve_path(*store, path) : store::IpfsPath::parse(path).cid;
    if (pin) {
      TransferProgress progress("pinning " + cid.text(), cli.cancel);
      store->pin(cid, o.name, progress.call());
    } else {
      store->unpin(cid);
    }
    out.push_back(cid.text());
    if (!cli.json) write_out(fmt::format("{} {}\n", pin ? "pinned" : "unpinned", cid.text()));
  }
  if (cli.json) print_json({{pin ? "pinned" : "unpinned", std::move(out)}});
}

void gc(const Cli& cli, const StoreCommandOptions& o) {
  const auto store = o.store.open(false);
  TransferProgress progress("collecting garbage", cli.cancel);
  const store::GcResult r = store->gc(progress.call());
  if (cli.json) {
    print_json({{"removed_blocks", r.removed_blocks},
                {"removed_files", r.removed_files},
                {"freed_bytes", r.freed_bytes},
                {"kept_blocks", r.kept_blocks}});
  } else {
    write_out(fmt::format("removed {} blocks and {} records of files, freed {}; {} blocks are left\n", r.removed_blocks,
                          r.removed_files, bytes_text(static_cast<double>(r.freed_bytes)), r.kept_blocks));
  }
}

void verify(Cli& cli, const StoreCommandOptions& o) {
  std::error_code ignored;
  const auto store = o.store.open(false);
  TransferProgress progress("verifying", cli.cancel);
  const store::VerifyResult r = store->verify(progress.call());
  if (!r.faults.empty()) cli.exit_code = 1;
  if (cli.json) {
    Json faults = Json::array();
    for (const store::VerifyFault& f : r.faults) faults.push_back({{"what", f.what}, {"reason", f.reason}});
    print_json({{"blocks", r.blocks}, {"bytes", r.bytes}, {"faults", std::move(faults)}});
    return;
  }
  std::string out;
  for (const store::VerifyFault& f : r.faults) out += fmt::format("wrong: {}: {}\n", printable(f.what, 4096), f.reason);
  write_out(out + fmt::format("{} blocks with {} are verified; {} faults\n", r.blocks,
                              bytes_text(static_cast<double>(r.bytes)), r.faults.size()));
}

void stat(const Cli& cli, const StoreCommandOptions& o) {
  const store::StoreStat s = o.store.open(true)->stat();
  if (cli.json) {
    print_json({{"folder", s.folder.native()},
                {"blocks", s.blocks},
                {"block_bytes", s.block_bytes},
                {"leaves", s.leaves},
                {"leaf_bytes", s.leaf_bytes},
                {"referenced_files", s.referenced_files},
                {"owned_files", s.owned_files},
                {"pins", s.pins},
                {"disk_bytes", s.disk_bytes}});
    return;
  }
  write_out(fmt::format(
      "store {}\n{} blocks with {} in the index\n{} blocks with {} in {} files of yours and {} of the store\n"
      "{} pins\n{} on disk\n",
      printable(s.folder.native(), 4096), s.blocks, bytes_text(static_cast<double>(s.block_bytes)), s.leaves,
      bytes_text(static_cast<double>(s.leaf_bytes)), s.referenced_files, s.owned_files, s.pins,
      bytes_text(static_cast<double>(s.disk_bytes))));
}

void export_car(const Cli& cli, const StoreCommandOptions& o) {
  const auto store = o.store.open(true);
  std::vector<Cid> roots;
  for (const std::string& path : o.paths) roots.push_back(resolve_path(*store, path));
  TransferProgress progress("writing " + printable(o.target), cli.cancel);
  const store::CarSummary summary = store::write_car_file(*store, roots, o.target, o.car_version, progress.call());
  if (cli.json) {
    print_json({{"path", o.target}, {"blocks", summary.blocks}, {"bytes", summary.bytes}});
  } else {
    write_out(fmt::format("{} blocks, {} in {}\n", summary.blocks, bytes_text(static_cast<double>(summary.bytes)),
                          printable(o.target, 4096)));
  }
}

void import_car(const Cli& cli, const StoreCommandOptions& o) {
  const auto store = o.store.open(false);
  Json out = Json::array();
  for (const std::string& path : o.paths) {
    TransferProgress progress("reading " + printable(path), cli.cancel);
    const store::CarSummary summary = store::read_car_file(*store, path, !o.no_pin, o.name, progress.call());
    Json roots = Json::array();
    for (const Cid& root : summary.roots) {
      roots.push_back(root.text());
      if (!cli.json) write_out(root.text() + "\n");
    }
    out.push_back({{"path", path}, {"roots", std::move(roots)}, {"blocks", summary.blocks}, {"bytes", summary.bytes}});
  }
  if (cli.json) print_json({{"imported", std::move(out)}});
}

void serve(const Cli& cli, const StoreCommandOptions& o) {
  const store::GatewayServer server(o.store.open(true), o.gateway);
  if (cli.json) {
    print_json({{"url", server.url()}});
  } else {
    write_out(fmt::format("serving blocks at {}; Ctrl-C ends it\n", server.url()));
  }
  finish_out();
  while (!cli.cancel.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

void hub_list(const Cli& cli) {
  const store::HubCache cache(store::HubCache::default_folder());
  Json out = Json::array();
  std::vector<std::vector<std::string>> rows = {{"repository", "commit", "refs"}};
  for (const store::HubSnapshot& s : cache.list()) {
    std::string refs;
    for (const std::string& ref : s.refs) refs += (refs.empty() ? "" : ", ") + printable(ref);
    rows.push_back({s.repository.id, printable(s.commit, 40), refs});
    out.push_back(
        {{"repository", s.repository.id}, {"commit", s.commit}, {"refs", s.refs}, {"folder", s.folder.native()}});
  }
  if (cli.json) {
    print_json({{"snapshots", std::move(out)}});
  } else {
    write_out(table(rows, 3));
  }
}

void hub_put(const Cli& cli, const StoreCommandOptions& o) {
  const auto store = o.store.open(true);
  const auto repository = store::HubRepository::parse(o.target);
  const store::HubCache cache(store::HubCache::default_folder());
  TransferProgress progress("writing " + o.target, cli.cancel);
  const auto folder =
      cache.put(*store, resolve_path(*store, o.source), repository, o.name.empty() ? "main" : o.name, progress.call());
  if (cli.json) {
    print_json({{"repository", repository.id}, {"folder", folder.native()}});
  } else {
    write_out(printable(folder.native(), 4096) + "\n");
  }
}

}  // namespace

void register_store(Cli& cli) {
  auto o = std::make_shared<StoreCommandOptions>();
  CLI::App* const store = cli.app.add_subcommand("store", "Content-addressed files: add, read, pin, verify, export");
  store->require_subcommand(1);
  const auto command = [&cli, o](CLI::App* parent, const std::string& name, const std::string& doc,
                                 std::function<void()> run) {
    CLI::App* const sub = parent->add_subcommand(name, doc);
    sub->callback([&cli, run = std::move(run)] { cli.action = run; });
    sub->add_flag("--json", cli.json, "print JSON");
    o->store.add_to(*sub);
    return sub;
  };
  const auto paths = [o](CLI::App* sub, const std::string& type, const std::string& doc, int least, int most) {
    sub->add_option("paths", o->paths, doc)->required()->expected(least, most)->type_name(type);
  };
  constexpr int kMany = 1'000'000;

  CLI::App* sub = command(store, "add", "Add files or folders; large files stay where they are and are referenced",
                          [&cli, o] { add(cli, *o); });
  paths(sub, "PATH", "file or folder; - is standard input", 1, kMany);
  sub->add_flag("--copy", o->copy, "copy large files into the store");
  sub->add_flag("--no-pin", o->no_pin, "let garbage collection remove it");
  sub->add_flag("--follow-links", o->follow_links, "add the files that symlinks lead to");
  sub->add_flag("--hidden", o->hidden, "add names that begin with a dot");
  sub->add_option("--name", o->name, "name of the pin")->type_name("NAME");
  sub->add_option("--quota", o->store.quota_bytes, "most bytes that the store may take on its disk")
      ->type_name("BYTES");
  o->import.add_to(*sub);

  sub = command(store, "cat", "Write files to standard output", [&cli, o] { cat(cli, *o); });
  paths(sub, "CID[/PATH]", "file", 1, kMany);
  sub->add_option("--offset", o->offset, "first byte")->type_name("N");
  sub->add_option("--length", o->length, "most bytes")->type_name("N");

  sub = command(store, "get", "Write a file or folder to disk", [&cli, o] { get(cli, *o); });
  paths(sub, "CID[/PATH]", "file or folder", 1, 1);
  sub->add_option("-o,--output", o->target, "name of what is written")->type_name("PATH");
  sub->add_flag("--link", o->link, "hard links to the store's files, which you must not change");

  sub = command(store, "ls", "List a folder", [&cli, o] { list(cli, *o); });
  paths(sub, "CID[/PATH]", "folder", 1, 1);

  CLI::App* const pin = store->add_subcommand("pin", "What garbage collection keeps");
  pin->require_subcommand(1);
  sub = command(pin, "add", "Keep a tree", [&cli, o] { pin_change(cli, *o, true); });
  paths(sub, "CID[/PATH]", "root of the tree", 1, kMany);
  sub->add_option("--name", o->name, "name of the pin")->type_name("NAME");
  sub = command(pin, "rm", "Keep it no longer", [&cli, o] { pin_change(cli, *o, false); });
  paths(sub, "CID", "root of the tree", 1, kMany);
  command(pin, "ls", "List the pins", [&cli, o] { pin_list(cli, *o); });

  command(store, "gc", "Remove what no pin reaches", [&cli, o] { gc(cli, *o); });
  command(store, "verify", "Read and hash everything; exit code 1 if something is wrong",
          [&cli, o] { verify(cli, *o); });
  command(store, "stat", "Numbers of the store", [&cli, o] { stat(cli, *o); });

  sub = command(store, "export", "Write trees as a CAR archive", [&cli, o] { export_car(cli, *o); });
  paths(sub, "CID[/PATH]", "root of a tree", 1, kMany);
  sub->add_option("-o,--output", o->target, "the archive")->required()->type_name("FILE");
  sub->add_option("--car-version", o->car_version, "1, or 2 with an index")->type_name("N")->check(CLI::Range(1, 2));

  sub = command(store, "import", "Read CAR archives; each block is verified", [&cli, o] { import_car(cli, *o); });
  paths(sub, "FILE", "archive", 1, kMany);
  sub->add_flag("--no-pin", o->no_pin, "do not pin the roots");
  sub->add_option("--name", o->name, "name of the pins")->type_name("NAME");

  sub = command(store, "serve", "Serve the blocks of the store over HTTP as a trustless gateway",
                [&cli, o] { serve(cli, *o); });
  sub->add_option("--address", o->gateway.address, "IP address to listen on; whoever reaches it reads the store")
      ->type_name("IP");
  sub->add_option("--port", o->gateway.port, "0 chooses a free one")->type_name("N");
  sub->add_option("--max-connections", o->gateway.max_connections, "at once")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000));

  CLI::App* const hub = store->add_subcommand("hub", "The Hugging Face hub's cache on this machine");
  hub->require_subcommand(1);
  command(hub, "ls", "List what the cache has", [&cli] { hub_list(cli); });
  sub = command(hub, "put", "Write a tree of the store into the cache, so that transformers finds it",
                [&cli, o] { hub_put(cli, *o); });
  sub->add_option("cid", o->source, "folder of the store")->required()->type_name("CID[/PATH]");
  sub->add_option("repository", o->target, "its name there")->required()->type_name("ORG/NAME");
  sub->add_option("--ref", o->name, "name of the revision")->type_name("NAME");
}

}  // namespace accelerate::cli
