package rotate

import (
	"slices"
	"strings"
	"time"

	"rekey/shared/reach"
)

// Again takes in what is known now: a plan made from newer facts. What its tier 1 has and the journal does not is added; what
// the journal has in a later tier and has not begun moves into tier 1; what was rotated and read since begins another round.
// Tiers 2 and 3 stay as they were approved. It returns the keys of what changed. The same facts a second time change nothing.
func (j *Journal) Again(p Plan, now time.Time) []string {
	var changed []string
	for _, t := range p.Tiers[TierRead-1].Targets {
		i := j.Item(t.Key)
		if i == nil {
			i = j.same(&t)
		}
		if i == nil && t.Kind == OwnerAction && j.holds(t.Copies) {
			continue // its vault could not be listed this time, or its tags were taken off: what is known of it stays
		}
		if i == nil {
			j.add(t)
			changed = append(changed, t.Key)
			continue
		}
		j.touch(i)
		switch {
		case i.Tier > TierRead && i.Began.IsZero() && !i.settled():
			i.Tier, i.Why, i.Seen, i.Settle, i.Forecast, i.Attended = TierRead, t.Why, t.Seen, t.Settle, t.Forecast, t.Attended
			i.see(t)
		case i.readSince(&t):
			j.another(i, t)
		default:
			i.see(t)
			continue
		}
		changed = append(changed, t.Key)
	}
	if len(changed) > 0 {
		j.rehash()
		j.Updated = now
		j.Advance(now)
	}
	return changed
}

// same finds the item of a client secret whose tag names another credential by now, because a round has stored that: its key
// is of the credential that was there first.
func (j *Journal) same(t *Target) *Item {
	if t.Kind != ClientSecret {
		return nil
	}
	for _, i := range j.Items {
		shared := slices.ContainsFunc(i.Copies, func(c Copy) bool {
			return slices.ContainsFunc(t.Copies, func(x Copy) bool { return strings.EqualFold(x.Name(), c.Name()) })
		})
		if i.Kind == ClientSecret && strings.EqualFold(i.Provider, t.Provider) && shared {
			t.Key, t.Credential = i.Key, i.Credential
			return i
		}
	}
	return nil
}

// holds reports whether each of some copies belongs to an item already.
func (j *Journal) holds(copies []Copy) bool {
	return len(copies) > 0 && !slices.ContainsFunc(copies, func(c Copy) bool {
		return !slices.ContainsFunc(j.Items, func(i *Item) bool {
			return slices.ContainsFunc(i.Copies, func(x Copy) bool { return strings.EqualFold(x.Name(), c.Name()) })
		})
	})
}

// rehash gives the tiers the hashes of what is in them now. A yes to tier 1 that was not used yet was for less than that,
// and is dropped; of the others something may have gone, and a yes to more holds.
func (j *Journal) rehash() {
	for n := range j.Tiers {
		t := Tier{Number: n + 1, Cap: j.Tiers[n].Cap}
		for _, i := range j.Items {
			if i.Tier == t.Number {
				t.Targets = append(t.Targets, i.Target)
			}
		}
		if hash := t.hash(); hash != j.Tiers[n].Hash {
			j.Tiers[n].Hash = hash
			if t.Number == TierRead {
				j.Tiers[n].Approvals = nil
			}
		}
	}
}

// see keeps the newer reads of copies that are known.
func (i *Item) see(t Target) {
	if reach.Before(t.Seen, i.Seen) < 0 {
		i.Seen = t.Seen
	}
	for _, c := range t.Copies {
		if at := slices.IndexFunc(i.Copies, func(x Copy) bool { return x.Name() == c.Name() }); at >= 0 && c.Seen != nil {
			i.Copies[at].Seen = c.Seen
		}
	}
}

// readSince reports whether a read shows that the new value is known, too: its version was read, or something without
// a version (a backup, keys through Resource Manager) in a later hour than the one in which it was stored, because reads are
// known to the hour. A read that a round has answered already is no new one. A round that is not through is not broken off: it
// would leave an old credential behind that no later one knows of; the read is still there when Again is asked the next time.
func (i *Item) readSince(t *Target) bool {
	if i.Status != Rotated && i.Status != Done {
		return false
	}
	since := i.Stored
	if since.IsZero() {
		since = i.Ended
	}
	hour := since.Truncate(time.Hour).Add(time.Hour)
	later := func(s *reach.Seen) bool { return s != nil && s.Last.After(hour) && s.Last.After(i.Evidence) }
	if later(t.Direct) {
		return true
	}
	return slices.ContainsFunc(t.Copies, func(c Copy) bool {
		if c.Seen == nil || !c.Seen.Last.After(i.Evidence) {
			return false
		}
		held := slices.IndexFunc(i.Holds, func(h Holding) bool { return h.Name == c.Name() && h.New != "" })
		if held >= 0 && slices.Contains(c.Seen.Versions, i.Holds[held].New) {
			return true
		}
		unversioned := len(c.Seen.Versions) == 0 || strings.Contains(c.Seen.Operations, "backup")
		return unversioned && later(c.Seen)
	})
}

// another begins another round of an item, in tier 1.
func (j *Journal) another(i *Item, t Target) {
	evidence := i.Evidence
	for _, s := range append([]Copy{{Seen: t.Direct}}, t.Copies...) {
		if s.Seen != nil && s.Seen.Last.After(evidence) {
			evidence = s.Seen.Last
		}
	}
	kept := *i
	*i = Item{Target: t, Status: Pending, Round: kept.Round + 1, Order: kept.Order, Evidence: evidence, chunk: kept.chunk, Note: "read again"}
	i.Tier = TierRead
	if i.Kind == ClientSecret && kept.NewID != "" {
		i.Credential = kept.NewID // the one that has to go now
	}
}

// Close closes tier 1 when the log of each vault that the principal reached is whole up to the moment its access was
// cut, as a radius made since says. Logs are late: nothing is believed in the first quarter of an hour. After a day
// nobody waits any more, and what that means is said. It reports whether tier 1 is closed.
func (j *Journal) Close(r reach.Radius, now time.Time) bool {
	if !j.Closed.IsZero() {
		return true
	}
	if j.Cut.IsZero() || now.Before(j.Cut.Add(lateLogs)) || r.To.Before(j.Cut) {
		return false
	}
	var missing []string
	for i := range r.Vaults {
		if v := &r.Vaults[i]; v.Reachable() && v.Log != reach.LogComplete {
			missing = append(missing, plain(v.Name))
		}
	}
	if len(missing) > 0 && now.Before(j.Cut.Add(lastLogs)) {
		return false
	}
	j.Closed, j.Updated, j.ClosedWhy = now, now, "the vaults' logs are whole up to when access was cut"
	if len(missing) > 0 {
		j.ClosedWhy = "what was read from " + some(missing) + " is not known: there is no whole log. Take the secrets there for read"
	}
	j.Advance(now)
	return true
}
