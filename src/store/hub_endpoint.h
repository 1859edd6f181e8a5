#pragma once
#include "store/gateway.h"

namespace accelerate::store {

/// The part of a Hugging Face hub that downloads use, over a store: with HF_ENDPOINT set to a server of it,
/// transformers and huggingface_hub load a model whose repository is a CID, or the name of a pin ("ORG/NAME"). Served:
/// GET and HEAD of /api/models/REPOSITORY[/revision/REVISION|/tree/REVISION] and /REPOSITORY/resolve/REVISION/FILE, the
/// latter with ranges. A revision is "main" or the commit, which is made from the CID. Files are checked against their
/// CIDs by the store, not by the client: serve it on this machine only. Errors are replies, with the hub's
/// X-Error-Code.
GatewayReply answer_hub(Store& store, const GatewayRequest& request);

/// True for the paths that answer_hub serves.
bool is_hub_path(std::string_view target);

}  // namespace accelerate::store
