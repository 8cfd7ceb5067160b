// Package conditional carries out orders about the Conditional Access policies that block service principals at risk.
//
// It decides again, from the directory and the risk as they are now, whom a policy may cover; what the order says was
// written by whoever faces the network. A policy is found again by the mark in its name before one is made, so that an
// order that was interrupted anywhere leaves exactly one. Rekey's own principal and what is never touched are excluded
// from every policy that is written here. A policy that Rekey did not make is left alone unless the order names it in full.
package conditional

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/handlers/protect"
	"rekey/shared/azure/graph"
	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/order"
	"rekey/shared/policy"
)

// Access is where policies are read and written.
type Access interface {
	AccessPolicies(ctx context.Context) ([]graph.AccessPolicy, error)
	AccessPolicy(ctx context.Context, id string) (graph.AccessPolicy, error)
	AddAccessPolicy(ctx context.Context, p graph.AccessPolicy) (graph.AccessPolicy, error)
	UpdateAccessPolicy(ctx context.Context, p graph.AccessPolicy) error
	RemoveAccessPolicy(ctx context.Context, id string) error
}

// Directory is where principals and their risk are looked up.
type Directory interface {
	protect.Principals
	Application(ctx context.Context, appID string) (graph.Object, error)
	RiskyPrincipal(ctx context.Context, id string) (graph.RiskyPrincipal, error)
}

// Config is what the handler works with.
type Config struct {
	Access     Access
	Directory  Directory
	Cases      func(ctx context.Context, principal string) ([]casefile.Case, error)
	Policies   policies.Store
	Tenant     string
	Own        string            // client id of Rekey's identity; without it no policy is made
	NeverTouch map[string]string // ids of applications or principals, with the reason
	Pause      time.Duration     // between reads that must agree; default 1 second
	Now        func() time.Time
}

// Handler carries out orders.
type Handler struct{ Config }

// Permissions names, for each kind of order, the application permissions that carrying it out needs. Without
// IdentityRiskyServicePrincipal.Read.All the risk is what Rekey's own cases say, and the order tells that the rest fell away.
var Permissions = map[order.Kind][]string{
	order.CreatePolicy: {"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"},
	order.UpdatePolicy: {"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"},
	order.RemovePolicy: {"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"},
}

// agree is how many reads in a row must show no policy of an order before an interrupted one makes it again: a replica
// may be behind.
const agree = 3

// New makes the handler.
func New(c Config) *Handler {
	if c.Pause == 0 {
		c.Pause = time.Second
	}
	return &Handler{c}
}

// Do carries out one order.
func (h *Handler) Do(ctx context.Context, w *orders.Work) error {
	do := map[order.Kind]func(context.Context, *orders.Work) error{
		order.CreatePolicy: h.create, order.UpdatePolicy: h.update, order.RemovePolicy: h.remove,
	}[w.Kind]
	if do == nil {
		return fault.Errorf(fault.Poison, "orders to %s are not about policies", w.Kind)
	}
	err := do(ctx, w)
	if errors.Is(err, graph.ErrUnlicensed) {
		return fault.Errorf(fault.Denied, "the tenant has no Workload ID Premium: no policy for service principals can be made or changed; disabling the principal blocks it without one")
	}
	return err
}

func (h *Handler) create(ctx context.Context, w *orders.Work) error {
	draft, err := policy.Parse(w.Body)
	if err != nil {
		return err
	}
	want, err := draft.New()
	if err != nil {
		return err
	}
	name := want.Name
	want.Name = policy.Mark(name, w.ID)
	if want, err = h.cover(ctx, w, want, want.Include, nil); err != nil {
		return err
	}
	made, err := h.find(ctx, w, want, name)
	if err != nil {
		return err
	}
	if made.ID == "" {
		entry := ledger.Entry{Step: "create", Object: want.Name, Text: "making a Conditional Access policy: " + body(want)}
		err = w.Change(ctx, entry, func() error {
			made, err = h.Access.AddAccessPolicy(ctx, access(want))
			return err
		})
		if err != nil {
			return err
		}
		w.Message = "made the policy, " + means(want)
	}
	if err := h.keep(ctx, w, made); err != nil {
		return err
	}
	return h.settle(ctx, w, made.ID)
}

// find looks for the policy that the order, or an earlier one of the same content, made already. A name that another
// policy of Rekey has, with another content, is refused: two of a name would be confused.
func (h *Handler) find(ctx context.Context, w *orders.Work, want policy.Policy, name string) (graph.AccessPolicy, error) {
	for range agree {
		all, err := h.Access.AccessPolicies(ctx)
		if err != nil {
			return graph.AccessPolicy{}, err
		}
		if i := slices.IndexFunc(all, func(p graph.AccessPolicy) bool { return policy.MarkedBy(p.DisplayName, w.ID) }); i >= 0 {
			w.Message = "made the policy, " + means(want)
			return all[i], nil
		}
		for _, p := range all {
			if !policy.Marked(p.DisplayName) || policy.Plain(p.DisplayName) != name {
				continue
			}
			have, err := stored(p)
			have.Name = want.Name
			if err == nil && len(policy.Diff(have, want)) == 0 {
				w.Message = "an earlier order made this policy"
				return p, nil
			}
			return p, fault.Errorf(fault.Poison, "Rekey made a policy of this name already: change or remove %s, or choose another name", p.ID)
		}
		if !w.Again() {
			break
		}
		if err := h.pause(ctx); err != nil {
			return graph.AccessPolicy{}, err
		}
	}
	return graph.AccessPolicy{}, nil
}

// settle removes what an interrupted order made twice all the same: a replica that was behind longer than the reads.
func (h *Handler) settle(ctx context.Context, w *orders.Work, id string) error {
	if !w.Again() {
		return nil
	}
	all, err := h.Access.AccessPolicies(ctx)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.ID == id || !policy.MarkedBy(p.DisplayName, w.ID) {
			continue
		}
		entry := ledger.Entry{Step: "settle", Object: p.ID, Text: "removing a policy that was made twice"}
		if err := w.Change(ctx, entry, func() error { return h.Access.RemoveAccessPolicy(ctx, p.ID) }); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) update(ctx context.Context, w *orders.Work) error {
	draft, err := policy.Parse(w.Body)
	if err != nil {
		return err
	}
	now, err := h.named(ctx, w)
	if err != nil {
		return err
	}
	have, err := stored(now)
	if err != nil {
		return fault.Errorf(fault.Denied, "policy %s is more than a risk-based block policy, and changing it here would lose that: %v", now.ID, err)
	}
	want, err := draft.Over(have)
	if err != nil {
		return err
	}
	if want.State != policy.Off || draft.Include != nil { // switching a policy off harms nobody, and must always work
		if want, err = h.cover(ctx, w, want, want.Include, have.Include); err != nil {
			return err
		}
	}
	changes := policy.Diff(have, want)
	if len(changes) == 0 {
		w.Message = "the policy is as asked for already"
		return h.keep(ctx, w, now)
	}
	patch := graph.AccessPolicy{ID: now.ID}
	for _, c := range changes {
		switch c.Property {
		case "displayName":
			now.DisplayName, patch.DisplayName = want.Name, want.Name
		case "state":
			now.State, patch.State = want.State, want.State
		default:
			now.Conditions, patch.Conditions = want.Conditions(), want.Conditions()
		}
	}
	entry := ledger.Entry{Step: "update", Object: now.ID, Text: "changing a Conditional Access policy: " + text(changes)}
	if err := w.Change(ctx, entry, func() error { return h.Access.UpdateAccessPolicy(ctx, patch) }); err != nil {
		return err
	}
	modified := h.Now().UTC()
	now.Modified = &modified
	w.Message = "changed the policy, " + means(want)
	return h.keep(ctx, w, now)
}

func (h *Handler) remove(ctx context.Context, w *orders.Work) error {
	now, err := h.named(ctx, w)
	if errors.Is(err, fault.NotFound) {
		w.Message = "there is no such policy any more"
		return h.Policies.Forget(ctx, w.IDs[0])
	}
	if err != nil {
		return err
	}
	have, err := stored(now)
	if err != nil {
		return fault.Errorf(fault.Denied, "policy %s is more than a risk-based block policy: remove it where it is looked after: %v", now.ID, err)
	}
	entry := ledger.Entry{Step: "remove", Object: now.ID, Text: "removing a Conditional Access policy: " + body(have)}
	if err := w.Change(ctx, entry, func() error { return h.Access.RemoveAccessPolicy(ctx, now.ID) }); err != nil {
		return err
	}
	w.Policy, w.Message = now.ID, "removed the policy"
	return h.Policies.Forget(ctx, now.ID)
}

// named reads the policy of an order. Rekey made it when state says so and it still carries the mark: one whose name
// somebody changed is theirs.
func (h *Handler) named(ctx context.Context, w *orders.Work) (graph.AccessPolicy, error) {
	p, err := h.Access.AccessPolicy(ctx, w.IDs[0])
	if err != nil {
		return p, err
	}
	_, err = h.Policies.Get(ctx, p.ID)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return p, err
	}
	if (err != nil || !policy.Marked(p.DisplayName)) && w.Named != p.DisplayName {
		return p, fault.Errorf(fault.Poison, "Rekey did not make policy %s, or somebody renamed it: to change it all the same, name it in full with the query option named (its displayName is %q)", p.ID, p.DisplayName)
	}
	return p, nil
}

// keep notes the policy in the order and in state.
func (h *Handler) keep(ctx context.Context, w *orders.Work, p graph.AccessPolicy) error {
	w.Policy = p.ID
	if !policy.Marked(p.DisplayName) {
		return nil // somebody else's: it does not become Rekey's by being changed once
	}
	k := policies.Kept{ID: p.ID, Name: p.DisplayName, State: p.State, Modified: p.Modified, Order: w.ID, By: w.By}
	if p.Created != nil {
		k.Created = *p.Created
	}
	var err error
	k.Policy, err = json.Marshal(graph.AccessPolicy{DisplayName: p.DisplayName, State: p.State, Conditions: p.Conditions, GrantControls: p.GrantControls})
	if err != nil {
		return err
	}
	return h.Policies.Keep(ctx, k)
}

func (h *Handler) pause(ctx context.Context) error {
	timer := time.NewTimer(h.Pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fault.As(fault.Transient, ctx.Err())
	case <-timer.C:
		return nil
	}
}

func access(p policy.Policy) graph.AccessPolicy {
	return graph.AccessPolicy{DisplayName: p.Name, State: p.State, Conditions: p.Conditions(), GrantControls: p.Controls()}
}

func stored(p graph.AccessPolicy) (policy.Policy, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return policy.Policy{}, err
	}
	return policy.Stored(raw)
}

// body is a policy in the ledger, so that it can be made again.
func body(p policy.Policy) string {
	raw, err := json.Marshal(p)
	if err != nil {
		return p.Name
	}
	return string(raw)
}

func text(changes []policy.Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s from %q to %q", c.Property, c.From, c.To))
	}
	return strings.Join(out, "; ")
}

// means says what a policy does.
func means(p policy.Policy) string {
	switch p.State {
	case policy.Enforced:
		return "which blocks"
	case policy.ReportOnly:
		return "which only reports what it would block"
	}
	return "which is switched off"
}
