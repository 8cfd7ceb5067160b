package posture

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/objects"
	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/posture"
	"rekey/shared/store"
)

// Directory is what is read of Microsoft Graph. A token is what the page before returned; "" asks for the first page, and
// is returned with the last.
type Directory interface {
	// Applications returns a page of the tenant's applications, without their owners; at most 999.
	Applications(ctx context.Context, token string) (page []posture.Application, next string, err error)
	// Principals returns a page of the tenant's service principals, without owners and grants.
	Principals(ctx context.Context, token string) (page []posture.Principal, next string, err error)
	// Complete adds what lists do not have: the service principals of an application, the owners of all, and what the
	// principals were granted. Grants that may not be read stay nil; what is gone is an error of kind fault.NotFound.
	Complete(ctx context.Context, f posture.Facts) (posture.Facts, error)
}

// Resolver asks the domain name system.
type Resolver interface {
	Lookup(ctx context.Context, host string) posture.Name
}

// Config is what the look works with.
type Config struct {
	Directory  Directory
	Resolver   Resolver
	Principals principals.Store
	Findings   findings.Store
	Objects    *objects.Store
	Progress   store.Table // the inventory table
	World      posture.World
	Hasher     *baseline.Hasher // with which sign-ins were learned; nil: the use of single credentials and roles is unknown
	Every      time.Duration    // default a week
	Budget     time.Duration    // how long one run works; default 20 s: the timer of sweep must not wait for it
	Now        func() time.Time
}

// Posture is the weekly look.
type Posture struct{ Config }

// New makes it.
func New(c Config) *Posture {
	if c.Every == 0 {
		c.Every = 7 * 24 * time.Hour
	}
	if c.Budget == 0 {
		c.Budget = 20 * time.Second
	}
	return &Posture{c}
}

const (
	chunk = 16 // applications between two looks at the clock
	lanes = 8  // of them side by side

	// hold is how long the row is held: longer than a chunk may take, so that nobody else begins meanwhile.
	hold = 2 * time.Minute
	// backOff is how long nobody tries again after the directory failed: a missing permission would fail every two minutes.
	backOff = time.Hour
	// limit is the time that gathering one application may take, all its names included.
	limit = 10 * time.Second
)

// Run works on the look for a while, if one is due. It is called often.
func (p *Posture) Run(ctx context.Context) error {
	at, err := p.load(ctx)
	if err != nil || !at.due(p.Now(), p.Every) {
		return err
	}
	err = p.hold(ctx, at)
	if err == nil {
		err = p.work(ctx, at)
	}
	if errors.Is(err, fault.Conflict) {
		return nil // somebody else works on it
	}
	return err
}

// hold takes the row. A look that begins first asks whether the log of sign-ins has gaps.
func (p *Posture) hold(ctx context.Context, at *progress) error {
	now := p.Now()
	began := at.begin(now)
	at.Held = now.Add(hold)
	if err := p.save(ctx, at); err != nil || !began {
		return err
	}
	flow, err := p.flow(ctx, now)
	at.Flows = flow.Known()
	return err
}

// maxSampled bounds how many rows are read to see whether sign-ins are logged: the first few hundred show it, if any do.
const maxSampled = 5000

// flow looks at some principals' sign-ins for days on which nobody signed in.
func (p *Posture) flow(ctx context.Context, now time.Time) (posture.Flow, error) {
	var flow posture.Flow
	rows, until := 0, now.Add(p.Budget/2)
	err := p.Principals.Table.Scan(ctx, func(row store.Row) bool {
		rows++
		var profile baseline.Profile
		if name, _, _ := strings.Cut(row.Key, "~"); name == "baseline" && profile.UnmarshalBinary(row.Data) == nil {
			flow.Add(&profile, baseline.DayOf(now))
		}
		return rows < maxSampled && !flow.Known() && p.Now().Before(until)
	})
	if err != nil {
		return flow, fmt.Errorf("looking for gaps in the log of sign-ins: %w", err)
	}
	return flow, nil
}

// work judges page after page until the time is over, and lets go of the row.
func (p *Posture) work(ctx context.Context, at *progress) error {
	until := p.Now().Add(p.Budget)
	var failed error
	for p.Now().Before(until) && !at.Begun.IsZero() && failed == nil {
		if failed = p.page(ctx, at, until); errors.Is(failed, fault.Conflict) {
			return failed
		}
	}
	at.Held = time.Time{}
	if failed != nil && ctx.Err() == nil { // when the process ends, another goes on at once
		at.Wait = p.Now().Add(backOff) // a page whose token the directory has forgotten is begun anew when the look is a day old
	}
	return errors.Join(failed, p.save(context.WithoutCancel(ctx), at))
}

// page judges what is left of a page, as far as there is time.
func (p *Posture) page(ctx context.Context, at *progress, until time.Time) error {
	items, next, err := p.items(ctx, at)
	if err != nil {
		return err
	}
	for at.Done < len(items) { // at least once, however long the list took
		part := items[at.Done:min(len(items), at.Done+chunk)]
		if err := p.judgeAll(ctx, at, part); err != nil {
			return err
		}
		at.Done += len(part)
		at.Held = p.Now().Add(hold)
		if err := p.save(ctx, at); err != nil {
			return err
		}
		if at.Done < len(items) && !p.Now().Before(until) {
			return nil
		}
	}
	if at.List == listApplications && next == "" {
		if err := p.Objects.Trim(ctx, at.Page+1); err != nil {
			return err
		}
	}
	if at.turn(next, p.Now()) {
		funchost.Count(ctx, "posture_looked", int64(at.Looked))
		funchost.Count(ctx, "posture_failed", int64(at.Failed))
	}
	return p.save(ctx, at)
}
