// SPDX-License-Identifier: Apache-2.0
// The reference firmware's protocol on a computer: standard input and output are its line, and each level of a pin is
// told on standard error as "milliseconds side intensity".

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "gait_cue.h"

static uint32_t millis() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint32_t>(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void send(const char* line) {
  const size_t length = strlen(line);
  if (write(STDOUT_FILENO, line, length) != static_cast<ssize_t>(length)) _exit(1);
}

static void drive(gait_cue::Side side, uint8_t intensity) {
  dprintf(STDERR_FILENO, "%lu %c %u\n", static_cast<unsigned long>(millis()), side == gait_cue::LEFT ? 'L' : 'R',
          static_cast<unsigned>(intensity));
}

int main() {
  gait_cue::Device device(send, drive);
  device.start(millis());
  for (;;) {
    pollfd line = {STDIN_FILENO, POLLIN, 0};
    if (poll(&line, 1, 1) > 0) {
      char bytes[256];
      const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
      if (count <= 0) return 0;
      for (ssize_t i = 0; i < count; ++i) device.take(bytes[i], millis());
    }
    device.tick(millis());
  }
}
