#include "cli/cli.h"

int main(int argc, char** argv) {
  return accelerate::cli::run(argc, argv);
}
