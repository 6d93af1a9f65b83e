// Inlined into source_lines.hip. The test finds lines by the words behind them.
#pragma once

__device__ inline float load_row(const float* rows, unsigned row) {
  return rows[row];  // LOAD
}

__device__ inline void store_row(float* rows, unsigned row, float value) {
  rows[row] = value;  // STORE
}
