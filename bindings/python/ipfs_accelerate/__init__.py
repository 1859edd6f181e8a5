"""Python side of IPFS Accelerate."""
