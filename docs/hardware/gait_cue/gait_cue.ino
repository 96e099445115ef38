// SPDX-License-Identifier: Apache-2.0
// Reference firmware of gait_cue: two actuators on PWM pins, for any board with an Arduino core.
// The protocol is in gait_cue.h, beside this file; what to wire is in docs/hardware/gait_cue.md.

#include "gait_cue.h"
#if defined(__AVR__)
#include <avr/wdt.h>
#endif

const uint8_t LEFT_PIN = 5;
const uint8_t RIGHT_PIN = 6;

void send(const char* line) { Serial.print(line); }

void drive(gait_cue::Side side, uint8_t intensity) {
  analogWrite(side == gait_cue::LEFT ? LEFT_PIN : RIGHT_PIN, intensity);
}

gait_cue::Device device(send, drive);

void setup() {
#if defined(__AVR__)
  wdt_disable();  // some bootloaders leave it running
#endif
  pinMode(LEFT_PIN, OUTPUT);
  pinMode(RIGHT_PIN, OUTPUT);
  digitalWrite(LEFT_PIN, LOW);
  digitalWrite(RIGHT_PIN, LOW);
  Serial.begin(115200);
  device.start(millis());
#if defined(__AVR__)
  wdt_enable(WDTO_250MS);  // a loop that hangs resets the board, and its pins go low
#endif
}

void loop() {
#if defined(__AVR__)
  wdt_reset();
#endif
  while (Serial.available() > 0) {
    device.take(static_cast<char>(Serial.read()), millis());
    device.tick(millis());  // whatever the host sends, and however much of it
  }
  device.tick(millis());
}
