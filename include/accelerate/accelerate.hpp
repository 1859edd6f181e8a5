#pragma once
/// The C++ API: graphs (Graph, TensorType, ops::...), sessions (InferenceSession, Model) and model folders (import::open).
#include "accelerate/ops.h"
#include "import/open.h"
#include "runtime/session.h"
