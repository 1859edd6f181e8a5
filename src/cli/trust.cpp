#include "store/trust.h"

#include <algorithm>

#include "cli/store_support.h"

namespace accelerate::cli {
namespace {

namespace fs = std::filesystem;
using store::SigningKey;
using store::TrustPolicy;

struct TrustOptions {
  std::string key;
  std::string name;
  bool create = false;
};

void print(const Cli& cli, const Json& json, const std::string& text) {
  write_out(cli.json ? json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" : text);
}

void list(const Cli& cli) {
  const TrustPolicy policy = TrustPolicy::load();
  Json keys = Json::array();
  std::string text = policy.require_signature ? "models by CID must be signed by one of these keys\n"
                                              : "models by CID need no signature\n";
  for (const store::TrustedKey& key : policy.keys) {
    keys.push_back({{"key", key.key}, {"name", key.name}});
    text += fmt::format("{} {}\n", key.key, printable(key.name));
  }
  print(cli,
        {{"require_signature", policy.require_signature},
         {"keys", std::move(keys)},
         {"file", TrustPolicy::default_file().native()}},
        text);
}

void change(const Cli& cli, const TrustOptions& o, bool add) {
  store::check_public_key(o.key);
  TrustPolicy policy = TrustPolicy::load();
  const size_t before = policy.keys.size();
  std::erase_if(policy.keys, [&](const store::TrustedKey& key) { return key.key == o.key; });
  if (add) {
    policy.keys.push_back({o.key, o.name});
  } else if (policy.keys.size() == before) {
    fail(ErrorCode::not_found, "{} is not among the trusted keys", o.key);
  }
  policy.save();
  list(cli);
}

void require(const Cli& cli, bool signature) {
  TrustPolicy policy = TrustPolicy::load();
  policy.require_signature = signature;
  policy.save();
  list(cli);
}

void own_key(const Cli& cli, const TrustOptions& o) {
  const fs::path file = default_key_file();
  std::error_code ignored;
  if (o.create && !fs::exists(file, ignored)) {
    fs::create_directories(file.parent_path(), ignored);
    SigningKey::generate().save(file);
  }
  if (!fs::exists(file, ignored)) {
    fail(ErrorCode::not_found, "you have no key yet; trust key --create makes one");
  }
  const std::string text = SigningKey::load(file).public_text();
  print(cli, {{"key", text}, {"file", file.native()}}, text + "\n");
}

}  // namespace

void register_trust(Cli& cli) {
  auto o = std::make_shared<TrustOptions>();
  CLI::App* const trust =
      cli.app.add_subcommand("trust", "Whose models are run: keys, and whether one must have signed");
  trust->require_subcommand(1);
  const auto command = [&cli, trust](const std::string& name, const std::string& doc, std::function<void()> run) {
    CLI::App* const sub = trust->add_subcommand(name, doc);
    sub->callback([&cli, run = std::move(run)] { cli.action = run; });
    sub->add_flag("--json", cli.json, "print JSON");
    return sub;
  };
  command("ls", "Show the policy", [&cli] { list(cli); });
  CLI::App* sub = command("add", "Trust a key", [&cli, o] { change(cli, *o, true); });
  sub->add_option("key", o->key, "public key: did:key:z6Mk...")->required()->type_name("KEY");
  sub->add_option("--name", o->name, "whose it is")->type_name("NAME");
  sub = command("rm", "Trust a key no longer", [&cli, o] { change(cli, *o, false); });
  sub->add_option("key", o->key, "public key")->required()->type_name("KEY");
  command("require", "Use what has a CID only if a trusted key has signed it", [&cli] { require(cli, true); });
  command("allow", "Use it without a signature too", [&cli] { require(cli, false); });
  sub = command("key", "Print your own public key, which publish --sign signs with", [&cli, o] { own_key(cli, *o); });
  sub->add_flag("--create", o->create, "make one if there is none");
}

}  // namespace accelerate::cli
