package detect

import (
	"cmp"
	"reflect"
	"slices"

	"rekey/shared/score"
)

// maxKeyIDs bounds the credentials a detection names.
const maxKeyIDs = 16

// Raise joins what is stored with what was found now: the maximum of level and score stays, times widen, records and
// key ids are united. It reports whether anything changed. Both must have the same ID.
func Raise(stored, found Detection) (Detection, bool) {
	out := stored
	out.Level = score.Max(stored.Level, found.Level)
	if found.Bits > stored.Bits {
		out.Bits, out.Contributions, out.Fleet = found.Bits, found.Contributions, found.Fleet
	}
	if found.First.Before(out.First) {
		out.First = found.First
	}
	if found.Last.After(out.Last) {
		out.Last = found.Last
	}
	if found.Detected.Before(out.Detected) {
		out.Detected = found.Detected
	}
	out.KeyIDs = unite(stored.KeyIDs, found.KeyIDs, maxKeyIDs, cmp.Compare[string])
	out.Records = unite(stored.Records, found.Records, MaxRecords, earlier)
	return out, !reflect.DeepEqual(out, stored)
}

// earlier orders records by time and id.
func earlier(a, b Record) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
}

// unite returns the n smallest of both lists, each once.
func unite[T any](a, b []T, n int, order func(T, T) int) []T {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, order)
	all = slices.CompactFunc(all, func(x, y T) bool { return order(x, y) == 0 })
	return append(make([]T, 0, min(len(all), n)), all[:min(len(all), n)]...)
}
