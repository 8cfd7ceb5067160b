package detect

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"rekey/shared/score"
)

// maxKeyIDs bounds the credentials a detection names.
const maxKeyIDs = 16

// Raise joins what is stored with what was found now: of each contribution the larger stays and the score is summed
// anew, the maximum of the levels stays, times widen, records and key ids are united. It reports whether anything
// changed. Both must have the same ID. The order in which detections are joined does not matter.
func Raise(stored, found Detection) (Detection, bool) {
	out := stored
	if found.Bits > stored.Bits || found.Bits == stored.Bits && found.Fleet > stored.Fleet {
		out.Fleet = found.Fleet
	}
	out.Tenant = max(stored.Tenant, found.Tenant) // records of a vault name neither a tenant nor the principal's name
	out.Principal.Name = max(stored.Principal.Name, found.Principal.Name)
	out.Principal.AppID = max(stored.Principal.AppID, found.Principal.AppID)
	out.By = max(stored.By, found.By)
	if found.First.Before(out.First) {
		out.First = found.First
	}
	if found.Last.After(out.Last) {
		out.Last = found.Last
	}
	if found.Detected.Before(out.Detected) {
		out.Detected = found.Detected
	}
	if found.Raised.After(out.Raised) {
		out.Raised = found.Raised
	}
	out.Judged = laterJudgement(stored.Judged, found.Judged)
	out.ActiveDays = max(stored.ActiveDays, found.ActiveDays)
	out.Statement = clearest(stored, found)
	out.KeyIDs = unite(stored.KeyIDs, found.KeyIDs, maxKeyIDs, cmp.Compare[string])
	out.Records = unite(stored.Records, found.Records, MaxRecords, earlier)
	out.Resources = firstUses(stored.Resources, found.Resources)
	out.weigh(stored, found)
	return out, !reflect.DeepEqual(out, stored)
}

// clearest returns what the stronger of two findings of one rule says. Of equally strong ones the first in the order of
// the alphabet is kept, so that it does not matter which one was stored.
func clearest(a, b Detection) string {
	switch {
	case a.Statement == "" || b.Statement == "":
		return cmp.Or(a.Statement, b.Statement)
	case a.Level != b.Level && a.Level.AtLeast(b.Level):
		return a.Statement
	case a.Level != b.Level:
		return b.Statement
	}
	return min(a.Statement, b.Statement)
}

// weigh sums the joined contributions. A finding of somebody else's has none, and keeps its level.
func (d *Detection) weigh(stored, found Detection) {
	d.Contributions = score.Unite(stored.Contributions, found.Contributions)
	times := make([]time.Time, len(d.Resources))
	for i, u := range d.Resources {
		times[i] = u.Time
	}
	if c, ok := score.Burst(times); ok {
		d.Contributions = score.Unite(d.Contributions, []score.Contribution{c})
	}
	s := score.Sum(d.Contributions, d.ActiveDays)
	d.Bits = s.Bits
	if len(d.Contributions) == 0 {
		d.Contributions, d.Bits = []score.Contribution{}, max(stored.Bits, found.Bits)
	}
	d.Level = score.Max(score.Max(stored.Level, found.Level), s.Level)
}

// firstUses unites first uses: each resource once, at its earliest time, and the earliest of them.
func firstUses(a, b []Use) []Use {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y Use) int { return cmp.Or(cmp.Compare(x.Resource, y.Resource), x.Time.Compare(y.Time)) })
	all = slices.CompactFunc(all, func(x, y Use) bool { return x.Resource == y.Resource })
	slices.SortFunc(all, func(x, y Use) int { return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Resource, y.Resource)) })
	return slices.Clip(all[:min(len(all), MaxResources)])
}

// earlier orders records by time, id, and what else they say: a total order, so that it does not matter which of two
// comes first.
func earlier(a, b Record) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Resource, b.Resource),
		cmp.Compare(a.IPAddress, b.IPAddress), cmp.Compare(a.UserAgent, b.UserAgent), cmp.Compare(a.KeyID, b.KeyID))
}

// unite returns the n smallest of both lists, each once.
func unite[T any](a, b []T, n int, order func(T, T) int) []T {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, order)
	all = slices.CompactFunc(all, func(x, y T) bool { return order(x, y) == 0 })
	return append(make([]T, 0, min(len(all), n)), all[:min(len(all), n)]...)
}
