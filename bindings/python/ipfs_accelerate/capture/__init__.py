"""Capture: a transformers model class as a `torch.export` program that the C++ program runs.

`exporter` traces a model, `archive` writes the `.pt2`, `weights` maps parameters to checkpoint tensors, `case` builds a
folder that holds a capture with reference inputs and outputs, `worker` builds such folders on request, and
`python -m ipfs_accelerate.capture FOLDER` captures a Hugging Face folder. Importing this package loads neither torch nor
transformers.
"""
