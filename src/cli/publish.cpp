#include "base/file.h"
#include "cli/store_support.h"
#include "store/trust.h"

namespace accelerate::cli {
namespace {

struct PublishOptions {
  StoreArguments store;
  ImportArguments import;
  std::string folder;
  std::string name;
  bool copy = false;
  bool sign = false;
  std::string key;
  std::string record;
};

void publish(const Cli& cli, const PublishOptions& o) {
  // What cannot be signed is not published.
  std::optional<store::SigningKey> key;
  if (o.sign || !o.key.empty() || !o.record.empty()) {
    key.emplace(store::SigningKey::load(o.key.empty() ? default_key_file() : std::filesystem::path(o.key)));
  }
  const auto store = o.store.open(false);
  store::AddOptions options;
  options.import = o.import.options();
  options.copy = o.copy;
  options.follow_links = true;
  options.pin_name =
      o.name.empty() ? std::filesystem::absolute(o.folder).lexically_normal().filename().native() : o.name;
  Executor executor;
  TransferProgress progress("publishing " + printable(o.folder), cli.cancel);
  const store::ImportedTree tree = store->add(o.folder, options, executor, progress.call());
  if (key) {
    const std::string record = store::sign_publication(*key, tree.cid, options.pin_name);
    store->add_signature(tree.cid, record);
    if (!o.record.empty()) write_file_atomic(o.record, record + "\n");
  }
  if (cli.json) {
    Json out = {{"cid", tree.cid.text()},
                {"name", options.pin_name},
                {"file_bytes", tree.file_bytes},
                {"total_bytes", tree.total_bytes}};
    if (key) out["signed_by"] = key->public_text();
    write_out(out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    write_out(fmt::format("{}\n", tree.cid.text()));
  }
}

}  // namespace

void register_publish(Cli& cli) {
  auto o = std::make_shared<PublishOptions>();
  CLI::App* command =
      cli.command("publish", "Add a model folder to the store and print its CID; its files stay where they are",
                  [&cli, o] { publish(cli, *o); });
  command->add_option("folder", o->folder, "folder of the model")->required()->type_name("FOLDER");
  command->add_option("--name", o->name, "name of the pin")->type_name("NAME");
  command->add_flag("--copy", o->copy, "copy large files into the store");
  command->add_flag("--sign", o->sign, "sign it with your key (trust key --create makes one)");
  command->add_option("--key", o->key, "sign it with this key: a PEM file of Ed25519")->type_name("FILE");
  command->add_option("--signature", o->record, "write the signature record there too")->type_name("FILE");
  command->add_flag("--json", cli.json, "print JSON");
  o->store.add_to(*command);
  o->import.add_to(*command);
}

}  // namespace accelerate::cli
