// SPDX-License-Identifier: Apache-2.0
// Device side of the gait_cue protocol, version 1: bytes in, answers and pin levels out. Plain C++11, needs no Arduino.
// What each line means is in docs/hardware/gait_cue.md. Give it every byte that comes, and call tick() in every loop.

#ifndef GAIT_CUE_H
#define GAIT_CUE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

namespace gait_cue {

enum Side : uint8_t { LEFT = 0, RIGHT = 1 };
typedef void (*Write)(const char* line);                // sends a line, its LF included
typedef void (*Drive)(Side side, uint8_t intensity);    // drives a side's actuator; 0 is off

const uint32_t PROTOCOL = 1;
const uint32_t LONGEST_MS = 2000;      // no cue is longer
const uint32_t SILENCE_MS = 500;       // of the host, after which all is switched off
const uint32_t LARGEST_SEQUENCE = 65535;
const size_t LONGEST_LINE_BYTES = 40;  // without LF
const size_t MOST_FIELDS = 4;          // behind the letter

class Device {
 public:
  Device(Write write, Drive drive) : write_(write), drive_(drive) {}

  // Switch all off and tell the host. Times are milliseconds since start and may wrap.
  void start(uint32_t now_ms) {
    heard_ms_ = now_ms;
    switch_off("B");
    identify(0);
  }

  void take(char byte, uint32_t now_ms) {
    if (byte != '\n') {
      if (length_ < LONGEST_LINE_BYTES) line_[length_++] = byte;
      else is_overlong_ = true;
      return;
    }
    if (length_ > 0 && line_[length_ - 1] == '\r') --length_;
    line_[length_] = '\0';
    if (is_overlong_) refuse(0, "FORM");
    else read_line(now_ms);
    length_ = 0;
    is_overlong_ = false;
  }

  // End what has run its time, and everything when the host has been silent.
  void tick(uint32_t now_ms) {
    const bool is_host_silent = now_ms - heard_ms_ > SILENCE_MS;
    for (uint8_t side = LEFT; side <= RIGHT; ++side) {
      const bool is_over = static_cast<int32_t>(now_ms - off_ms_[side]) >= 0;
      if (is_on_[side] && (is_over || is_host_silent)) switch_off(side == LEFT ? "L" : "R");
    }
  }

 private:
  void read_line(uint32_t now_ms) {
    uint8_t check = 0;
    const size_t body = length_ >= 3 ? length_ - 3 : 0;  // the star and two digits behind it
    if (body < 3 || line_[body] != '*' || !has_form(body)) return refuse(0, "FORM");
    for (size_t i = 0; i < body; ++i) check ^= static_cast<uint8_t>(line_[i]);
    if (check != hex(line_[body + 1]) * 16 + hex(line_[body + 2])) return refuse(0, "CHECK");
    heard_ms_ = now_ms;
    line_[body] = '\0';
    const char* field[MOST_FIELDS];
    size_t count = 0;
    for (char* at = line_ + 1; at != nullptr && count < MOST_FIELDS; at = strchr(at, ',')) {
      *at++ = '\0';
      field[count++] = at;
    }
    uint32_t sequence;
    if (!number(field[0], LARGEST_SEQUENCE, &sequence)) return refuse(0, "FORM");
    const bool is_more = strchr(field[count - 1], ',') != nullptr;
    obey(line_[0], sequence, field + 1, is_more ? MOST_FIELDS : count - 1, now_ms);
  }

  void obey(char letter, uint32_t sequence, const char* const* field, size_t count, uint32_t now_ms) {
    const bool is_side = count > 0 && field[0][0] != '\0' && field[0][1] == '\0' && strchr("LRB", field[0][0]);
    if (letter == 'C' && count == 3 && is_side && field[0][0] != 'B') {
      uint32_t intensity, duration_ms;
      if (!number(field[1], 255, &intensity) || !number(field[2], LONGEST_MS, &duration_ms)) {
        return refuse(sequence, "RANGE");
      }
      const Side side = field[0][0] == 'L' ? LEFT : RIGHT;
      is_on_[side] = true;
      off_ms_[side] = now_ms + duration_ms;
      drive_(side, static_cast<uint8_t>(intensity));
    } else if (letter == 'S' && count == 1 && is_side) {
      switch_off(field[0]);
    } else if (letter == 'Q' && count == 0) {
      switch_off("B");
      return identify(sequence);
    } else if (letter != 'P' || count != 0) {
      return refuse(sequence, "FORM");
    }
    acknowledge(sequence, now_ms);
  }

  void switch_off(const char* sides) {
    for (uint8_t side = LEFT; side <= RIGHT; ++side) {
      if (sides[0] != 'B' && sides[0] != (side == LEFT ? 'L' : 'R')) continue;
      is_on_[side] = false;
      drive_(static_cast<Side>(side), 0);
    }
  }

  void identify(uint32_t sequence) {
    char body[LONGEST_LINE_BYTES];
    snprintf(body, sizeof body, "I,%lu,%lu,%lu,%lu", wide(sequence), wide(PROTOCOL), wide(LONGEST_MS), wide(SILENCE_MS));
    send(body);
  }

  void acknowledge(uint32_t sequence, uint32_t now_ms) {
    char body[LONGEST_LINE_BYTES];
    snprintf(body, sizeof body, "A,%lu,%lu", wide(sequence), wide(now_ms));
    send(body);
  }

  void refuse(uint32_t sequence, const char* why) {
    char body[LONGEST_LINE_BYTES];
    snprintf(body, sizeof body, "E,%lu,%s", wide(sequence), why);
    send(body);
  }

  void send(const char* body) {
    char line[LONGEST_LINE_BYTES + 5];  // with star, check, LF and end
    uint8_t check = 0;
    for (const char* at = body; *at != '\0'; ++at) check ^= static_cast<uint8_t>(*at);
    snprintf(line, sizeof line, "%s*%02X\n", body, static_cast<unsigned>(check));
    write_(line);
  }

  static unsigned long wide(uint32_t number) { return number; }  // what %lu takes, whatever the board

  // A capital letter, a comma, then capital letters, digits and commas; capital hex digits behind the star.
  bool has_form(size_t body) const {
    if (!is_capital(line_[0]) || line_[1] != ',') return false;
    for (size_t i = 2; i < body; ++i) {
      if (!is_capital(line_[i]) && !is_digit(line_[i]) && line_[i] != ',') return false;
    }
    return hex(line_[body + 1]) >= 0 && hex(line_[body + 2]) >= 0;
  }

  static bool is_capital(char byte) { return byte >= 'A' && byte <= 'Z'; }
  static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
  static int hex(char byte) { return is_digit(byte) ? byte - '0' : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1; }

  // Read a number from 1 to `largest` up to the next comma or the end.
  static bool number(const char* text, uint32_t largest, uint32_t* value) {
    *value = 0;
    for (; is_digit(*text); ++text) {
      *value = *value * 10 + static_cast<uint32_t>(*text - '0');
      if (*value > largest) return false;
    }
    return *value > 0 && *text == '\0';
  }

  Write write_;
  Drive drive_;
  char line_[LONGEST_LINE_BYTES + 1];
  size_t length_ = 0;
  bool is_overlong_ = false;
  uint32_t heard_ms_ = 0;
  bool is_on_[2] = {false, false};
  uint32_t off_ms_[2] = {0, 0};
};

}  // namespace gait_cue

#endif
