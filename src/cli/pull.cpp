#include "store/pull.h"

#include "cli/store_support.h"

namespace accelerate::cli {
namespace {

struct PullCommandOptions {
  StoreArguments store;
  std::string cid;
  store::PullOptions pull;
  std::string output;
};

void pull(const Cli& cli, PullCommandOptions o) {
  const auto store = o.store.open(false);
  const store::IpfsPath path = store::IpfsPath::parse(o.cid);
  if (path.path.find_first_not_of('/') != std::string::npos) {
    fail(ErrorCode::invalid_argument, "\"{}\" has a path; a whole tree is pulled by its CID", printable(o.cid));
  }
  store::PullResult result;
  {
    TransferProgress progress("pulling " + path.cid.text(), cli.cancel);
    result = store::pull(*store, path.cid, o.pull, progress.call());
  }
  if (!o.output.empty()) {
    TransferProgress progress("writing " + printable(o.output), cli.cancel);
    store::export_tree(*store, path.cid, o.output, {}, progress.call());
  }
  if (cli.json) {
    Json sources = Json::array();
    for (const store::PulledFrom& s : result.sources) {
      Json one = {{"url", s.url}, {"blocks", s.blocks}, {"bytes", s.bytes}};
      if (!s.dropped.empty()) one["dropped"] = s.dropped;
      sources.push_back(std::move(one));
    }
    const Json out = {{"cid", path.cid.text()},
                      {"fetched_blocks", result.fetched_blocks},
                      {"fetched_bytes", result.fetched_bytes},
                      {"sources", std::move(sources)}};
    write_out(out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  std::string out = fmt::format("{}: {} blocks, {} fetched\n", path.cid.text(), result.fetched_blocks,
                                bytes_text(static_cast<double>(result.fetched_bytes)));
  for (const store::PulledFrom& s : result.sources) {
    out += fmt::format("  {}: {} blocks, {}{}\n", printable(s.url), s.blocks, bytes_text(static_cast<double>(s.bytes)),
                       s.dropped.empty() ? "" : "; given up: " + printable(s.dropped, 500));
  }
  write_out(out);
}

}  // namespace

void register_pull(Cli& cli) {
  auto o = std::make_shared<PullCommandOptions>();
  CLI::App* command =
      cli.command("pull", "Fetch a tree by its CID into the store, verified, from one source or several",
                  [&cli, o] { pull(cli, *o); });
  command->add_option("cid", o->cid, "CID, or ipfs://CID")->required()->type_name("CID");
  command->add_option("--from", o->pull.sources, "a trustless gateway: http://HOST:PORT; may be repeated")
      ->required()
      ->type_name("URL")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--connections", o->pull.connections, "at once, of each source")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  command->add_option("--max-bytes", o->pull.max_bytes, "refuse larger content")->type_name("BYTES");
  command->add_option("--name", o->pull.pin_name, "name of the pin")->type_name("NAME");
  command->add_option("-o,--output", o->output, "write it there too")->type_name("PATH");
  command->add_option("--quota", o->store.quota_bytes, "most bytes that the store may take on its disk")
      ->type_name("BYTES");
  command->add_flag("--json", cli.json, "print JSON");
  o->store.add_to(*command);
}

}  // namespace accelerate::cli
