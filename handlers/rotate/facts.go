package rotate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rekey/handlers/principals"
	"rekey/shared/azure/arm"
	"rekey/shared/azure/vault"
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/reach"
	"rekey/shared/remedy"
	plan "rekey/shared/rotate"
	"rekey/shared/store"
	"rekey/shared/streams"
)

// Azure is what is read of Azure Resource Manager.
type Azure interface {
	Subscriptions(ctx context.Context) ([]arm.Subscription, error)
	Vaults(ctx context.Context, subscription string) ([]arm.Vault, error)
	Resources(ctx context.Context, subscriptions []string, types ...string) (arm.Listing, error)
	AssignedTo(ctx context.Context, scope, objectID string) ([]arm.Assignment, error)
	Role(ctx context.Context, id string) (arm.Role, error)
	Denies(ctx context.Context, scope string, objectIDs ...string) ([]arm.Deny, error)
	Diagnostics(ctx context.Context, resource string) (arm.Diagnostics, error)
}

// Sources is where facts come from. What may not be read stays unknown.
type Sources struct {
	Azure      Azure
	Groups     func(ctx context.Context, objectID string) ([]string, error)
	Open       func(ctx context.Context, vaultID string) (Vault, error)
	Principals principals.Store
	Bundles    store.Blobs // what evictions saved before their first change; nil: nothing is known of it
	Streams    func(ctx context.Context) (*streams.Memory, error)
	Whose      func(ctx context.Context, id string) (event.Principal, error) // by any of an application's ids; nil: tags name application ids
	Hasher     baseline.Hasher
	Tenant     string
	Own        []string // principals whose reads do not count: Rekey's
	Now        func() time.Time

	known sync.Map // application ids by what tags name
	scan  scan
}

// parallel is how many vaults are asked at a time.
const parallel = 8

// Facts gathers everything that a plan is made of.
func (s *Sources) Facts(ctx context.Context, sub Subject, o plan.Options) (plan.Facts, error) {
	index, err := s.index(ctx, sub)
	if err != nil {
		return plan.Facts{}, err
	}
	f := reach.Facts{
		Principal: sub.Principal.ObjectID, AppID: sub.Principal.AppID, Name: sub.Principal.Name, From: sub.From, To: s.Now(),
		Index: index, Hasher: s.Hasher,
	}
	was, err := s.before(ctx, sub)
	if err != nil {
		return plan.Facts{}, err
	}
	if f.Rights, err = s.rights(ctx, sub.Principal.ObjectID, was); err != nil {
		return plan.Facts{}, err
	}
	vaults, err := s.vaults(ctx, &f, sub)
	if err != nil {
		return plan.Facts{}, err
	}
	for i := range f.Vaults.Items {
		v := &f.Vaults.Items[i]
		if err := s.applications(ctx, v); err != nil {
			return plan.Facts{}, err
		}
		v.Policies.Items = append(v.Policies.Items, policies(was, v.ID)...)
	}
	if err := s.resources(ctx, &f); err != nil {
		return plan.Facts{}, err
	}
	reads, err := s.Readers(ctx, sub.From)
	if err != nil {
		return plan.Facts{}, err
	}
	out := plan.Facts{Case: sub.Case, Radius: reach.Of(f), Consumers: consumers(&f, reads, sub.Principal.Key()), Options: o}
	out.Guesses, err = s.guesses(ctx, &f, vaults)
	return out, err
}

// index is what the principal read while it was not itself, under both of its keys.
func (s *Sources) index(ctx context.Context, sub Subject) (*exposure.Index, error) {
	out := &exposure.Index{}
	for _, key := range []string{sub.Principal.Key(), event.Principal{AppID: sub.Principal.AppID}.Key()} {
		if key == "" || key == "app:" {
			continue
		}
		state, err := s.Principals.Load(ctx, key)
		if err != nil {
			return nil, err
		}
		out.Merge(&state.Exposure)
		if sub.Principal.AppID == "" || sub.Principal.ObjectID == "" {
			break // both keys are the same
		}
	}
	if !sub.Until.IsZero() {
		out = out.Until(sub.Until)
	}
	return out, nil
}

// unknown reports whether an error says that something may not be read, or is not there: then it is unknown, and no error.
func unknown(err error) bool { return errors.Is(err, fault.Denied) || errors.Is(err, fault.NotFound) }

// rights reads what the principal was given, itself and through groups, before the eviction took it.
func (s *Sources) rights(ctx context.Context, objectID string, was remedy.Bundle) (reach.Rights, error) {
	r := reach.Rights{Roles: map[string]reach.Role{}}
	root := "/providers/Microsoft.Management/managementGroups/" + s.Tenant
	assigned, err := s.Azure.AssignedTo(ctx, root, objectID)
	switch {
	case unknown(err):
		r.Unread = append(r.Unread, reach.Gap{Scope: root, Why: "Rekey may not read it"})
	case err != nil:
		return r, err
	default:
		r.Assignments.Known = true
	}
	for _, a := range assigned {
		r.Assignments.Items = append(r.Assignments.Items, given(a))
	}
	groups, err := s.Groups(ctx, objectID)
	if err == nil {
		r.Groups = reach.ListOf(groups...)
	} else if !unknown(err) {
		return r, err
	}
	if err := s.restore(ctx, &r, was, objectID, root); err != nil {
		return r, err
	}
	denies, err := s.Azure.Denies(ctx, root, append(slices.Clone(r.Groups.Items), objectID)...)
	for _, d := range denies {
		r.Denies.Items = append(r.Denies.Items, reach.Deny{Name: d.Name, Scope: d.Scope, Block: reach.Block(d.Block)})
	}
	if r.Denies.Known = err == nil; err != nil && !unknown(err) {
		return r, err
	}
	return r, s.roles(ctx, &r)
}

func given(a arm.Assignment) reach.Assignment {
	return reach.Assignment{ID: a.ID, Scope: a.Scope, RoleID: a.RoleID, PrincipalID: a.PrincipalID, Condition: a.Condition}
}

// roles reads the definitions of the roles that are assigned, each once. One that is missing was not read.
func (s *Sources) roles(ctx context.Context, r *reach.Rights) error {
	for _, a := range r.Assignments.Items {
		if _, read := r.Roles[strings.ToLower(a.RoleID)]; read {
			continue
		}
		role, err := s.Azure.Role(ctx, a.RoleID)
		if unknown(err) {
			continue
		}
		if err != nil {
			return err
		}
		x := reach.Role{ID: role.ID, Name: role.Name, Custom: role.Custom}
		for _, b := range role.Blocks {
			x.Blocks = append(x.Blocks, reach.Block(b))
		}
		r.Roles[strings.ToLower(a.RoleID)] = x
	}
	return nil
}

// vaults lists the vaults of every subscription and their secrets.
func (s *Sources) vaults(ctx context.Context, f *reach.Facts, sub Subject) ([]arm.Vault, error) {
	subscriptions, err := s.Azure.Subscriptions(ctx)
	if unknown(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []arm.Vault
	for _, x := range subscriptions {
		list, err := s.Azure.Vaults(ctx, x.ID)
		if unknown(err) {
			f.Rights.Unread = append(f.Rights.Unread, reach.Gap{Scope: "/subscriptions/" + x.ID, Why: "its vaults could not be listed"})
			continue
		}
		if err != nil {
			return nil, err
		}
		f.Seen = append(f.Seen, x.ID)
		all = append(all, list...)
	}
	memory, err := s.Streams(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]reach.Vault, len(all))
	group := funchost.NewGroup(ctx, parallel)
	for i, v := range all {
		group.Go(func(ctx context.Context) (err error) {
			out[i], err = s.vault(ctx, v, memory, sub)
			return err
		})
	}
	f.Vaults = reach.List[reach.Vault]{Known: true, Items: out}
	return all, group.Wait()
}

func subscriptionOf(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) > 2 {
		return parts[2]
	}
	return ""
}

// vault is one vault as package reach wants it.
func (s *Sources) vault(ctx context.Context, v arm.Vault, memory *streams.Memory, sub Subject) (reach.Vault, error) {
	out := reach.Vault{
		ID: v.ID, Name: v.Name, Subscription: subscriptionOf(v.ID), RBAC: v.RBAC, Tags: v.Tags,
		Network: reach.Network{Closed: v.Network.Closed, Deny: v.Network.Deny},
	}
	out.Policies.Known = true
	for _, p := range v.Policies {
		out.Policies.Items = append(out.Policies.Items, reach.Policy{ObjectID: p.ObjectID, ApplicationID: p.ApplicationID, Secrets: p.Secrets, Keys: p.Keys})
	}
	var err error
	if out.Log, err = s.log(ctx, v.ID, v.Name, memory, sub.From, cmp.Or(sub.Until, s.Now())); err != nil {
		return out, err
	}
	opened, err := s.Open(ctx, v.ID)
	if err == nil {
		var list []vault.Secret
		list, err = opened.Secrets.List(ctx)
		for _, x := range list {
			out.Secrets.Items = append(out.Secrets.Items, reach.Secret{
				Name: x.Name, Version: x.Version, Tags: x.Tags, ContentType: x.ContentType, Enabled: x.Enabled, Managed: x.Managed, Expires: x.Expires, Updated: x.Updated,
			})
		}
	}
	if out.Secrets.Known = err == nil; err != nil && !unknown(err) {
		return out, err
	}
	return out, nil
}

// log says whether what a vault's log does not show did not happen.
func (s *Sources) log(ctx context.Context, id, name string, memory *streams.Memory, from, to time.Time) (reach.Log, error) {
	h := memory.Health(s.Now())
	d, err := s.Azure.Diagnostics(ctx, id)
	if err != nil && !unknown(err) {
		return reach.LogUnknown, err
	}
	var l reach.LogState
	l.Diagnostics, l.DiagnosticsKnown = d.Logs("AuditEvent")
	l.FlowingKnown, l.Flowing = h.VaultFlowing(strings.ToLower(name), from, to)
	known, all := h.Flowing(streams.Vaults, from, to)
	if l.All = known && all; !l.Flowing && h.Vault(strings.ToLower(name)).State != streams.Silent {
		l.FlowingKnown = false // too seldom used to have a pace, or never: its setting tells
	}
	return l.Log(), nil
}

// Log says it of one vault, for a time.
func (s *Sources) Log(ctx context.Context, vaultID string, from, to time.Time) (reach.Log, error) {
	memory, err := s.Streams(ctx)
	if err != nil {
		return reach.LogUnknown, err
	}
	return s.log(ctx, vaultID, vaultID[strings.LastIndexByte(vaultID, '/')+1:], memory, from, to)
}

// keyed are the types that hand out keys, and those that can be signed for.
var keyed = []string{arm.TypeStorage, arm.TypeCosmos, arm.TypeRedis, arm.TypeEventHubs, arm.TypeServiceBus}

func (s *Sources) resources(ctx context.Context, f *reach.Facts) error {
	l, err := s.Azure.Resources(ctx, nil, keyed...)
	if err != nil && !unknown(err) {
		return err
	}
	f.Resources.Known = err == nil && !l.Truncated
	for _, r := range l.Resources {
		f.Resources.Items = append(f.Resources.Items, reach.Resource{ID: r.ID, Name: r.Name, Type: r.Type, Subscription: r.Subscription})
	}
	return nil
}

// consumers are who else reads each secret; unknown where the vault's log is not whole.
func consumers(f *reach.Facts, reads Reads, subject string) map[string]reach.List[plan.Consumer] {
	out := map[string]reach.List[plan.Consumer]{}
	for _, v := range f.Vaults.Items {
		for _, x := range v.Secrets.Items {
			list := reach.List[plan.Consumer]{Known: v.Log == reach.LogComplete}
			last := map[string]time.Time{}
			for _, r := range reads[strings.ToLower(v.Name+"/"+x.Name)] {
				if r.Name != subject && r.Last.After(f.From) && r.Last.After(last[r.Name]) {
					last[r.Name] = r.Last
				}
			}
			for _, name := range sorted(last) {
				list.Items = append(list.Items, plan.Consumer{Name: name, Last: last[name]})
			}
			out[strings.ToLower(v.Name)+"/"+x.Name] = list
		}
	}
	return out
}

// guesses looks at values, in vaults that opt in, of secrets that nothing else says anything about.
func (s *Sources) guesses(ctx context.Context, f *reach.Facts, vaults []arm.Vault) (map[string]plan.Guess, error) {
	out, mu := map[string]plan.Guess{}, sync.Mutex{}
	group := funchost.NewGroup(ctx, parallel)
	for i, v := range f.Vaults.Items {
		if !strings.EqualFold(reach.Tag(v.Tags, plan.TagInfer), "true") {
			continue
		}
		group.Go(func(ctx context.Context) error {
			opened, err := s.Open(ctx, vaults[i].ID)
			if err != nil {
				return nil // it could not be listed, either
			}
			for _, x := range v.Secrets.Items {
				if x.Managed || !x.Enabled || reach.Tag(x.Tags, plan.TagProvider)+reach.Tag(x.Tags, plan.TagRotator)+reach.Tag(x.Tags, plan.TagWebhook) != "" {
					continue
				}
				got, err := opened.Secrets.Get(ctx, x.Name, "")
				if unknown(err) {
					continue
				}
				if err != nil {
					return fmt.Errorf("looking what %s/%s is: %w", v.Name, x.Name, err)
				}
				g := plan.Infer(got.Value)
				g.Provider = providerOf(g, f.Resources.Items)
				mu.Lock()
				out[strings.ToLower(v.Name)+"/"+x.Name] = g
				mu.Unlock()
			}
			return nil
		})
	}
	return out, group.Wait()
}

// providerOf finds the one resource that a guess names.
func providerOf(g plan.Guess, all []reach.Resource) string {
	name, rule, bus := strings.Cut(g.Name, "/")
	var found []string
	for _, r := range all {
		id := r.ID
		if bus {
			id += "/authorizationRules/" + rule
		}
		if strings.EqualFold(r.Name, name) && plan.KindOf(id) == g.Kind && name != "" {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
