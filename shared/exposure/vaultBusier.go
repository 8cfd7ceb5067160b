package exposure

import (
	"fmt"
	"math"
	"math/bits"
)

// A day is busier when so many values, and so many times the busiest day's before, are handed out, and when a week is known.
const (
	busier        = 3
	busierLeast   = 20
	busierMedium  = 60
	busierWatched = 7
)

// vaultBusier looks at the number of distinct objects a day, whether they are new or not: a workload that reads a few of
// its many secrets each day, and then all of them. How often each was read is not kept, and would say little.
var vaultBusier = &Rule{
	ID: "vaultBusier", Title: "A workload reads far more of its vaults than on any day before",
	RiskType: TypeActivity, Covers: []string{"K03"}, Techniques: []string{"T1555.006", "T1213"},
	Event:          "AuditEvent of a vault: SecretGet, SecretBackup, KeyBackup, CertificateBackup, KeyRelease with status 200",
	Levels:         "low from 20 values that are 3 times as many as on the busiest day before, medium from 60; nothing where secretMassRead tells it, or before 7 days are known",
	FalsePositives: []string{"A restart of everything at once, after weeks.", "A backup or migration that somebody started."},
	Ask:            []string{"Was anything deployed or restarted that day?", "Did the values go to the usual address?"},
	Find: func(v View, a *Activity) []Finding {
		reads := a.Exposed()
		objects := objectsOf(reads)
		if len(objects) < busierLeast || v.Watched < busierWatched || len(secretMassRead.Find(v, a)) > 0 {
			return nil
		}
		most := v.busiestBefore()
		if float64(len(objects)) < busier*most {
			return nil
		}
		level := low
		if len(objects) >= busierMedium {
			level = medium
		}
		what := fmt.Sprintf("read %d values, on the busiest day before at most %.0f: %s", len(objects), most, names(objects))
		return []Finding{find(v, level, "day", what, reads)}
	},
}

// busiestBefore returns how many distinct objects the busiest of the 64 days before had, at most: everything that is
// remembered by the day counts, not only values that were handed out. Where there was no room for all, those that stayed are
// a fair sample, because hashes are keyed, and stand for the others.
func (v View) busiestBefore() float64 {
	var days [64]int
	most := 0
	for i := range v.index.objects.slots {
		for rest := v.index.objects.slots[i].before(v.day); rest != 0; rest &= rest - 1 {
			at := bits.TrailingZeros64(rest)
			days[at]++
			most = max(most, days[at])
		}
	}
	if limit := v.index.objects.limit; limit != 0 {
		return float64(most) * (math.MaxUint32 + 1) / float64(limit)
	}
	return float64(most)
}
