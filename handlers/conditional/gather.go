package conditional

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rekey/handlers/orders"
	"rekey/handlers/protect"
	"rekey/shared/azure/graph"
	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/order"
	"rekey/shared/policy"
)

// cover makes a policy cover those of the principals that it can and should; those that it has already are not asked
// about again, for a risk that ended is no reason to refuse a change. The order says who is left out, and why.
func (h *Handler) cover(ctx context.Context, w *orders.Work, p policy.Policy, ids, already []string) (policy.Policy, error) {
	own, err := h.own(ctx)
	if err != nil {
		return p, err
	}
	never, err := protect.Untouchable(ctx, h.Directory, h.NeverTouch)
	if err != nil {
		return p, err
	}
	w.Left, w.Notes, w.Done = nil, nil, nil // what an earlier attempt found
	in := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(already, id) && id != policy.AllOwn })
	var candidates []policy.Candidate
	for _, id := range ids {
		if slices.Contains(in, id) {
			continue
		}
		c, err := h.candidate(ctx, w, id)
		if err != nil {
			return p, err
		}
		c.Protected = never[id]
		if slices.Contains(own, id) {
			c.Protected = "Rekey's own identity"
		}
		candidates = append(candidates, c)
	}
	chosen, outside, notes := policy.Choose(candidates, h.Tenant, p.Levels)
	for _, o := range outside {
		w.Left = append(w.Left, order.Left(o))
	}
	if slices.Contains(in, policy.AllOwn) {
		notes = append(notes, "the policy covers every single-tenant application of the tenant: who of them is at risk is Microsoft's to say, at each sign-in")
	}
	w.Notes = append(w.Notes, notes...)
	protected := make([]string, 0, len(never))
	for id := range never {
		protected = append(protected, id)
	}
	out, err := p.Cover(append(in, chosen...), own, protected)
	if err != nil && len(outside) == 1 {
		err = fault.Errorf(fault.Kind(err), "%w: %s is %s", err, outside[0].ID, outside[0].Reason)
	}
	if err == nil {
		w.Done = out.Include
	}
	return out, err
}

// own returns the object ids of Rekey's own service principals.
func (h *Handler) own(ctx context.Context) ([]string, error) {
	if h.Own == "" {
		return nil, nil
	}
	found, err := h.Directory.ServicePrincipals(ctx, h.Own)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, sp := range found {
		out = append(out, sp.ID)
	}
	return out, nil
}

// candidate asks the directory, Identity Protection and the cases about a principal.
func (h *Handler) candidate(ctx context.Context, w *orders.Work, id string) (policy.Candidate, error) {
	c := policy.Candidate{ID: id}
	sp, err := h.Directory.ServicePrincipal(ctx, id)
	if errors.Is(err, fault.NotFound) {
		c.Hint, err = h.hint(ctx, id)
		return c, err
	}
	if err != nil {
		return c, err
	}
	c.Found, c.AppID, c.Name, c.Type, c.Tenant = true, sp.AppID, sp.DisplayName, sp.ServicePrincipalType, sp.AppOwnerOrganizationID
	c.Agent = sp.AgentBlueprintID != "" || strings.Contains(sp.ODataType, "agentIdentity")
	if sp.AppID != "" {
		app, err := h.Directory.Application(ctx, sp.AppID)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return c, err
		}
		c.Registered, c.Audience = err == nil, app.SignInAudience
	}
	c.Risks, err = h.risks(ctx, w, sp)
	return c, err
}

// hint says what an id is when it is no service principal's: the ids of an application are often taken for it.
func (h *Handler) hint(ctx context.Context, id string) (string, error) {
	found, err := h.Directory.ServicePrincipals(ctx, id)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return fmt.Sprintf("it is the client id of %s, whose service principal is %s", found[0].DisplayName, found[0].ID), nil
}

// risks gathers what Microsoft and Rekey think. Without Microsoft's word, for want of a licence or a permission, Rekey's
// is enough; the order says that it fell away.
func (h *Handler) risks(ctx context.Context, w *orders.Work, sp graph.Object) ([]policy.Risk, error) {
	var out []policy.Risk
	risky, err := h.Directory.RiskyPrincipal(ctx, sp.ID)
	switch {
	case err == nil:
		out = append(out, policy.Risk{Source: policy.FromMicrosoft, Level: risky.RiskLevel, State: risky.RiskState})
	case errors.Is(err, fault.NotFound):
	case errors.Is(err, graph.ErrUnlicensed) || errors.Is(err, fault.Denied):
		if note := fmt.Sprintf("Identity Protection could not be asked: %v", err); !slices.Contains(w.Notes, note) {
			w.Notes = append(w.Notes, note)
		}
	default:
		return nil, err
	}
	found, err := h.Cases(ctx, sp.ID)
	if err != nil || len(found) == 0 {
		return out, err
	}
	newest := slices.MaxFunc(found, func(a, b casefile.Case) int { return a.Updated.Compare(b.Updated) })
	return append(out, policy.Risk{Source: policy.FromRekey, Level: string(newest.Level), State: "atRisk", Case: newest.ID}), nil
}
