"""Pure judging: (planned scenario, lab, events, samples) -> verdict. Reads no file, no clock, no engine."""
