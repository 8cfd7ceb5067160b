package posture

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/posture"
)

// items reads the page at hand. Of applications it also keeps the ids.
func (p *Posture) items(ctx context.Context, at *progress) ([]posture.Facts, string, error) {
	if at.List == listApplications {
		return p.applications(ctx, at)
	}
	page, next, err := p.Directory.Principals(ctx, at.Token)
	if err != nil {
		return nil, "", fmt.Errorf("listing service principals: %w", err)
	}
	var out []posture.Facts
	for _, sp := range page {
		if p.alone(&sp) {
			out = append(out, posture.Facts{Principals: []posture.Principal{sp}})
		}
	}
	return out, next, nil
}

func (p *Posture) applications(ctx context.Context, at *progress) ([]posture.Facts, string, error) {
	page, next, err := p.Directory.Applications(ctx, at.Token)
	if err != nil {
		return nil, "", fmt.Errorf("listing applications: %w", err)
	}
	ids := make(map[string]string, len(page))
	out := make([]posture.Facts, len(page))
	for i := range page {
		ids[page[i].ID] = page[i].AppID
		out[i] = posture.Facts{Application: &page[i]}
	}
	return out, next, p.Objects.Keep(ctx, at.Page, ids)
}

// alone reports whether a principal is judged by itself: its application is not of this tenant, or it has none.
// Microsoft's own are Microsoft's.
func (p *Posture) alone(sp *posture.Principal) bool {
	own := strings.EqualFold(sp.AppOwnerOrganizationID, p.World.Tenant) && sp.ServicePrincipalType == "Application"
	return !own && !posture.Microsofts(sp)
}

// judgeAll judges some applications side by side. One that fails is counted and left for the next week; when all do, it is
// the directory or the state that fails.
func (p *Posture) judgeAll(ctx context.Context, at *progress, part []posture.Facts) error {
	failures := make([]error, len(part))
	group := funchost.NewGroup(ctx, lanes)
	for i, f := range part {
		group.Go(func(ctx context.Context) error {
			failures[i] = p.judge(ctx, f, at.Flows)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	failed := 0
	for _, err := range failures {
		if err != nil {
			failed++
		}
	}
	if failed == len(part) || ctx.Err() != nil {
		return errors.Join(failures[0], ctx.Err())
	}
	at.Looked += len(part)
	at.Failed += failed
	return nil
}

// judge gathers what is known of one application, and keeps what is found. It rings for nobody.
func (p *Posture) judge(ctx context.Context, f posture.Facts, flows bool) error {
	in, err := p.gather(ctx, f, flows)
	if errors.Is(err, fault.NotFound) {
		return nil // it was deleted since
	}
	if err != nil {
		return err
	}
	for _, d := range posture.Judge(in) {
		if _, err := p.Findings.Keep(ctx, d, in.Now); err != nil {
			return err
		}
		funchost.Count(ctx, "posture_found", 1)
	}
	return nil
}

func (p *Posture) gather(ctx context.Context, f posture.Facts, flows bool) (posture.Input, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	in := posture.Input{World: p.World, Now: p.Now()}
	var err error
	if in.Facts, err = p.Directory.Complete(ctx, f); err != nil {
		return in, fmt.Errorf("reading application: %w", err)
	}
	h, err := p.history(ctx, in.Facts)
	if err != nil {
		return in, err
	}
	in.Use = posture.UseOf(in.Facts, h, flows, in.Now)
	in.Names, err = p.names(ctx, posture.Hosts(in.Facts))
	return in, err
}

// history reads what was learned of an application and its principals.
func (p *Posture) history(ctx context.Context, f posture.Facts) (posture.History, error) {
	h := posture.History{Profile: &baseline.Profile{}, Exposure: &exposure.Index{}, Users: &baseline.Dependence{}, Hasher: p.Hasher}
	keys := []string{event.Principal{AppID: f.Principal().AppID}.Key()}
	for i := range f.Principals {
		keys = append(keys, event.Principal{ObjectID: strings.ToLower(f.Principals[i].ID)}.Key())
	}
	for _, key := range keys {
		if key == "" {
			continue
		}
		state, err := p.Principals.Load(ctx, key)
		if err != nil {
			return h, err
		}
		h.Profile.Merge(&state.Profile)
		h.Exposure.Merge(&state.Exposure)
		h.Users.Merge(&state.Users)
	}
	return h, nil
}

// names asks for the hosts of one application, a few side by side. What is not answered in time is unresolved.
func (p *Posture) names(ctx context.Context, hosts []string) (map[string]posture.Name, error) {
	const atOnce = 4
	out := make(map[string]posture.Name, len(hosts))
	var mu sync.Mutex
	group := funchost.NewGroup(ctx, atOnce)
	for _, host := range hosts {
		group.Go(func(ctx context.Context) error {
			name := p.Resolver.Lookup(ctx, host)
			mu.Lock()
			defer mu.Unlock()
			out[host] = name
			return nil
		})
	}
	return out, group.Wait()
}
