// Package rival holds detectors that others published, so that Rekey is compared with what its users would take
// instead: Elastic's new-terms rule, a count of unfamiliar properties as Microsoft describes its own detection, the
// likelihood ratio of Freeman et al., the burst detector MIDAS-F, and plain surprise.
//
// Each is written at full strength: where a publication leaves something open it is filled in the rival's favour, its
// parameters were searched for on the laboratory's tuning seeds, and it reads every field the stream has. What is
// published, what was left open and how it was filled stands at each type, the values found at its options.
//
// All of them treat a field that a record lacks as unknown, never as new. Unless the publication says otherwise, a
// failed sign-in is scored and teaches nothing. A rival keeps strings only as 64-bit hashes that are the same in
// every process; two values that share a hash are taken for one, which at a million values is unlikely to happen once.
package rival

import "rekey/shared/lab"

// All returns the rivals of the evaluation with tuned options: new terms once for all networks and once as Elastic
// ships the rule, without Microsoft's own.
func All() []lab.Detector {
	return []lab.Detector{
		NewNewTerms(TunedNewTerms()),
		NewNewTerms(ShippedNewTerms()),
		NewUnfamiliar(TunedUnfamiliar()),
		NewFreeman(TunedFreeman()),
		NewMIDAS(TunedMIDAS()),
		NewSurprise(TunedSurprise()),
	}
}
