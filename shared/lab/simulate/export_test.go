package simulate

import "slices"

// Staged makes a run with one episode, of a kind, however few principals there are.
func Staged(o Options, kind string) *Run {
	k := attacks[slices.Index(Attacks, kind)]
	return newRun(o.withDefaults(), []attack{k}, k.victims)
}
