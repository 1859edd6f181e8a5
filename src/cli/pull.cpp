#include "store/pull.h"

#include "base/open_file.h"
#include "cli/store_support.h"
#include "store/hub_client.h"
#include "store/trust.h"

namespace accelerate::cli {
namespace {

struct PullCommandOptions {
  StoreArguments store;
  std::string cid;
  store::PullOptions pull;
  std::string output;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::vector<std::string> signed_by;
  std::string record;
};

/// The user's policy, narrowed by --signed-by.
store::TrustPolicy policy_of(const PullCommandOptions& o) {
  store::TrustPolicy out = store::TrustPolicy::load();
  if (o.signed_by.empty()) return out;
  out.require_signature = true;
  std::vector<store::TrustedKey> keys;
  for (const std::string& key : o.signed_by) {
    store::check_public_key(key);
    keys.push_back({key, ""});
  }
  out.keys = std::move(keys);
  return out;
}

/// Keeps the signatures that a CID has, and throws if none of them is what the policy wants.
std::string check_signatures(const Cli& cli, const PullCommandOptions& o, store::Store& store, const store::Cid& cid,
                             const std::vector<std::string>& sources) {
  const store::TrustPolicy policy = policy_of(o);
  if (!o.record.empty()) {
    const std::string record = read_regular_file(o.record, o.record, store::kMaxRecordBytes);
    if (const store::Publication p = store::verify_publication(record); p.cid != cid) {
      fail(ErrorCode::invalid_model, "{} is the signature of {}, not of {}", printable(o.record), p.cid.text(),
           cid.text());
    }
    store.add_signature(cid, record);
  }
  store::fetch_signatures(store, cid, sources, CallLimits{std::nullopt, cli.cancel});
  return policy.check(store, cid);
}

void pull_hub(const Cli& cli, const PullCommandOptions& o) {
  const store::HubName name = store::HubName::parse(o.cid);
  store::HubOptions options = store::HubOptions::from_environment();
  if (o.pull.sources.size() > 1) fail(ErrorCode::invalid_argument, "a hub repository is pulled from one --from URL");
  if (!o.pull.sources.empty()) options.endpoint = o.pull.sources[0];
  options.connections = o.pull.connections;
  options.max_bytes = o.pull.max_bytes;
  options.include = o.include;
  options.exclude = o.exclude;
  const store::HubDownload got = download(name, options, cli.cancel);
  // Its files are referenced where the hub's cache has them.
  const auto store = o.store.open(false);
  store::AddOptions add;
  add.follow_links = true;
  add.pin_name = o.pull.pin_name.empty() ? name.repository.id : o.pull.pin_name;
  Executor executor;
  store::ImportedTree tree;
  {
    TransferProgress progress("adding " + name.repository.id, cli.cancel);
    tree = store->add(got.folder, add, executor, progress.call());
  }
  const std::string signer = check_signatures(cli, o, *store, tree.cid, {});
  if (!o.output.empty()) {
    TransferProgress progress("writing " + printable(o.output), cli.cancel);
    store::export_tree(*store, tree.cid, o.output, {}, progress.call());
  }
  if (cli.json) {
    Json out = {{"cid", tree.cid.text()},
                {"repository", name.repository.id},
                {"commit", got.commit},
                {"folder", got.folder.native()},
                {"files", got.files},
                {"fetched_files", got.fetched_files},
                {"fetched_bytes", got.fetched_bytes},
                {"left_out", got.left_out}};
    if (!signer.empty()) out["signed_by"] = signer;
    if (!got.from_cache_reason.empty()) out["from_cache_reason"] = got.from_cache_reason;
    write_out(out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  std::string out =
      fmt::format("{}: {} at {}; {} of {} files fetched, {}\n", tree.cid.text(), name.repository.id, got.commit,
                  got.fetched_files, got.files, bytes_text(static_cast<double>(got.fetched_bytes)));
  if (!got.from_cache_reason.empty()) out += "from the cache: " + printable(got.from_cache_reason, 500) + "\n";
  for (const std::string& left : got.left_out) out += "  left out: " + printable(left) + "\n";
  write_out(out);
}

void pull(const Cli& cli, const PullCommandOptions& o) {
  if (store::HubName::is_one(o.cid)) return pull_hub(cli, o);
  const auto store = o.store.open(false);
  const store::IpfsPath path = store::IpfsPath::parse(o.cid);
  if (path.path.find_first_not_of('/') != std::string::npos) {
    fail(ErrorCode::invalid_argument, "\"{}\" has a path; a whole tree is pulled by its CID", printable(o.cid));
  }
  // Before anything is fetched.
  const std::string signer = check_signatures(cli, o, *store, path.cid, o.pull.sources);
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
    Json out = {{"cid", path.cid.text()},
                {"fetched_blocks", result.fetched_blocks},
                {"fetched_bytes", result.fetched_bytes},
                {"sources", std::move(sources)}};
    if (!signer.empty()) out["signed_by"] = signer;
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
      cli.command("pull", "Fetch a tree by its CID, or a repository of the Hugging Face hub, verified, into the store",
                  [&cli, o] { pull(cli, *o); });
  command->add_option("cid", o->cid, "CID, ipfs://CID, or ORGANISATION/NAME[@REVISION] of a hub")
      ->required()
      ->type_name("CID|ID");
  command
      ->add_option("--from", o->pull.sources,
                   "a trustless gateway, http://HOST:PORT, may be repeated; of a hub: in place of HF_ENDPOINT")
      ->type_name("URL")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--connections", o->pull.connections, "at once, of each source")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  const auto patterns = [command](const std::string& flag, std::vector<std::string>& into, const std::string& doc) {
    command->add_option(flag, into, doc)
        ->type_name("PATTERN")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  patterns("--include", o->include, "of a hub: only files like this; may be repeated");
  patterns("--exclude", o->exclude, "of a hub: no files like this; may be repeated");
  command->add_option("--signed-by", o->signed_by, "refuse it unless this key has signed it; may be repeated")
      ->type_name("KEY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--signature", o->record, "a signature record of it")->type_name("FILE");
  command->add_option("--max-bytes", o->pull.max_bytes, "refuse larger content")->type_name("BYTES");
  command->add_option("--name", o->pull.pin_name, "name of the pin")->type_name("NAME");
  command->add_option("-o,--output", o->output, "write it there too")->type_name("PATH");
  command->add_option("--quota", o->store.quota_bytes, "most bytes that the store may take on its disk")
      ->type_name("BYTES");
  command->add_flag("--json", cli.json, "print JSON");
  o->store.add_to(*command);
}

}  // namespace accelerate::cli
