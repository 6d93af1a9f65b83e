"""Times the peer of mqa_logits_benchmark: the plain computation in PyTorch, float32, CPU."""

import time

import torch

torch.set_num_threads(2)
heads, context, dim = 64, 16384, 128
q = torch.randn(heads, dim)
k = torch.randn(context, dim)
weights = torch.randn(heads)
scales = torch.rand(context)


def logits():
    return (torch.relu(q @ k.T) * weights[:, None]).sum(0) * scales


times = []
for _ in range(100):
    start = time.perf_counter()
    logits()
    times.append(time.perf_counter() - start)
times.sort()
print(f"torch {torch.__version__}: least {times[0] * 1e3:.2f} ms, median {times[50] * 1e3:.2f} ms")
