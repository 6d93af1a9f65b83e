"""Times the peer of attention_benchmark's paged_decode: plain attention in PyTorch, float32, CPU."""

import time

import torch

torch.set_num_threads(2)
heads, rows, context, dim = 8, 16 * 4, 16384, 128
q = torch.randn(heads, rows, dim)
k = torch.randn(heads, context, dim)
v = torch.randn(heads, context, dim)
mask = torch.arange(context) < context - 3 + (torch.arange(rows) // 16)[:, None]


def plain():
    return torch.softmax(q @ k.transpose(1, 2) * dim**-0.5, -1) @ v


def masked():
    scores = (q @ k.transpose(1, 2) * dim**-0.5).masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, -1) @ v


for attend in plain, masked:
    times = []
    for _ in range(15):
        start = time.perf_counter()
        attend()
        times.append(time.perf_counter() - start)
    print(f"torch {torch.__version__} {attend.__name__}: median {sorted(times)[7] * 1e3:.1f} ms")
