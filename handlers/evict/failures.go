package evict

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/remedy"
)

// FailedSignIns reads a principal's failed sign-ins from what the streams keep of it, and sorts them by network: where the
// principal was at home before the time, it is a consumer left behind. The notes are few and the newest: enough to tell that
// somebody still tries, and from where.
func FailedSignIns(p principals.Store, h baseline.Hasher) func(context.Context, event.Principal, time.Time) ([]remedy.Failure, error) {
	return func(ctx context.Context, who event.Principal, since time.Time) ([]remedy.Failure, error) {
		s, err := p.Load(ctx, who.Key())
		if err != nil {
			return nil, err
		}
		return failures(&s.Evidence, s.Profile.Before(baseline.DayOf(since)), h, since), nil
	}
}

func failures(e *baseline.Evidence, known baseline.View, h baseline.Hasher, since time.Time) []remedy.Failure {
	var out []remedy.Failure
	for _, n := range e.Notes() { // newest first
		addr, err := netip.ParseAddr(n.Caller)
		if n.Kind != baseline.NoteFailure || n.Time.Before(since.Truncate(time.Hour)) || err != nil {
			continue
		}
		network := baseline.NetworkPrefix(addr)
		f := remedy.Failure{Network: network.String(), KeyID: n.KeyID, Known: known.Knows(h.Network(0, network)), Last: n.Time}
		if !slices.ContainsFunc(out, func(o remedy.Failure) bool { return o.Network == f.Network && strings.EqualFold(o.KeyID, f.KeyID) }) {
			out = append(out, f)
		}
	}
	return out
}
