// Package eval is the command `rekey eval`: it proves the detection on simulated tenants, beside published detectors on
// the very same records, and on a user's own logs.
//
// Everything follows from seeds, so two people who run it see the same figures. The seeds on which thresholds and
// weights were chosen (TuningSeeds) are not the ones on which they are judged (JudgingSeeds).
package eval
