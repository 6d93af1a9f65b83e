"""Times the peer of attention_benchmark's paged_decode: plain attention in PyTorch, float32, CPU.

With Debian's PyTorch look at `OPENBLAS_VERBOSE=2`: where it says Prescott on a newer CPU, set
OPENBLAS_CORETYPE=SkylakeX (or Haswell), or the products run without AVX.
"""

import time

import torch

torch.set_num_threads(2)
heads, rows, context, dim = 8, 16 * 4, 16384, 128
q, k, v = (torch.randn(heads, n, dim) for n in (rows, context, context))

wall, cpu = [], []
for _ in range(15):
    start = time.perf_counter(), time.process_time()
    torch.softmax(q @ k.transpose(1, 2) * dim**-0.5, -1) @ v
    wall.append(time.perf_counter() - start[0])
    cpu.append(time.process_time() - start[1])
print(f"torch {torch.__version__}: wall {min(wall) * 1e3:.0f} ms, CPU {min(cpu) * 1e3:.0f} ms, least of 15")
