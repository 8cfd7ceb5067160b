package triage

import (
	"context"
	"slices"
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/remedy"
	"rekey/shared/streams"
	"rekey/shared/trail"
)

// watched is for how long before the window sign-ins must have come in without a gap, so that whoever was not seen is taken
// to be nobody. A consumer that comes once a month is not seen in it: the forecast says who is known, and the watch after
// an eviction finds who was left behind.
const watched = 14 * 24 * time.Hour

// outlook is what state knows of those who would notice: who uses which credential, and how many people sign in. What the
// logs cannot tell stays unknown.
func (t *Triage) outlook(ctx context.Context, s subject, c casefile.Case) (remedy.Facts, error) {
	var f remedy.Facts
	if t.Streams == nil || s.inventory == nil {
		return f, nil
	}
	memory, err := t.Streams(ctx)
	if err != nil {
		return f, err
	}
	state, err := t.states(ctx, s.keys)
	if err != nil {
		return f, err
	}
	health := memory.Health(t.Now())
	came := func(category string) bool {
		known, flowing := health.Flowing(category, c.Window.From.Add(-watched), c.Window.From)
		return known && flowing
	}
	if came(streams.SignIns) {
		f.Consumers = t.consumers(*s.inventory, c, &state.Profile)
	}
	if came(streams.UserSignIns) {
		users := state.Users.Busiest(baseline.DayOf(t.Now()))
		f.Users = &users
	}
	return f, nil
}

// consumers are the workloads behind the credentials, as far as sign-ins name them. A federated credential is not named by
// its sign-ins, nor is any key when there were too many to remember: then it is unknown who uses which.
//
// Of a credential that the intruder used, his last use hides the workload's: the last hour of the known source stands for it.
// A credential that was added in the window is told of, and nobody gets another one for it.
func (t *Triage) consumers(inv remedy.Inventory, c casefile.Case, p *baseline.Profile) remedy.List[remedy.Consumer] {
	var out remedy.List[remedy.Consumer]
	today := baseline.DayOf(t.Now())
	_, used := p.LastSeen()
	out.Known = !p.Before(today + 1).Overflows(baseline.CredentialKey)
	named, before := false, p.Before(baseline.DayOf(c.Window.From))
	for _, o := range inv.Objects() {
		if len(o.Federated) > 0 {
			return remedy.List[remedy.Consumer]{}
		}
		for _, id := range credentialIDs(o) {
			key := t.Hasher.String(baseline.CredentialKey, strings.ToLower(id))
			last, ok := p.LastOf(baseline.CredentialKey, key)
			if !ok {
				continue
			}
			named = true
			x := remedy.Consumer{KeyID: id, LastUse: last.Time().UTC(), Suspect: addedWithin(c, id)}
			switch own := c.OldSource.LastSeen; {
			case x.Suspect || x.LastUse.Before(c.Window.From.Truncate(time.Hour)):
			case !own.IsZero():
				x.LastUse = own.UTC()
			case before.DaysKnown(baseline.CredentialKey, key) == 0:
				continue // nobody but the intruder
			}
			out.Items = append(out.Items, x)
		}
	}
	out.Known = out.Known && (named || !used) // else its sign-ins do not say with which key
	return out
}

// addedWithin reports whether a credential was added since the case's window began.
func addedWithin(c casefile.Case, keyID string) bool {
	return slices.ContainsFunc(c.Prepared, func(e trail.Entry) bool {
		return e.Act == trail.CredentialAdded && strings.EqualFold(e.KeyID, keyID)
	})
}

// credentialIDs lists an object's keys and secrets.
func credentialIDs(o remedy.Object) []string {
	var out []string
	for _, k := range o.Keys {
		out = append(out, k.KeyID)
	}
	for _, p := range o.Passwords {
		out = append(out, p.KeyID)
	}
	return out
}
