// Prints what the latest campaign of a database ran and found, for scripts to compare.
#include <iostream>

#include "tests/store.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::cout << wavefuzz::story_of(argv[1]);
  return 0;
}
