"""`MojoMaxTargetMixin` under the name that the original system gives it; see ipfs_accelerate.mojo_max."""

from ipfs_accelerate.mojo_max import MojoMaxTargetMixin

__all__ = ["MojoMaxTargetMixin"]
