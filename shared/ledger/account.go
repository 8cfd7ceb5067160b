package ledger

import "slices"

// Account is what a record says of credentials, by key id, each once and sorted.
type Account struct {
	Found, Kept, Removed, Added []string
}

// AccountOf sums a record up. The intent of a removal counts: whether it took effect when the answer was lost is what the
// last look of an operation tells, and one that ended well had it.
func AccountOf(entries []Entry) Account {
	var a Account
	for _, e := range entries {
		a.Found, a.Kept = append(a.Found, e.Found...), append(a.Kept, e.Kept...)
		a.Removed, a.Added = append(a.Removed, e.Removed...), append(a.Added, e.Added...)
	}
	for _, ids := range []*[]string{&a.Found, &a.Kept, &a.Removed, &a.Added} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	return a
}

// Unaccounted returns the credentials that were found, and are said neither to stay nor to be gone nor to be new. Also are
// ids that stay by what is written elsewhere.
func (a Account) Unaccounted(also []string) []string {
	var out []string
	for _, id := range a.Found {
		if !slices.Contains(a.Kept, id) && !slices.Contains(a.Removed, id) && !slices.Contains(a.Added, id) && !slices.Contains(also, id) {
			out = append(out, id)
		}
	}
	return out
}
