package evict

import (
	"context"
	"errors"
	"slices"
	"strings"

	"rekey/shared/azure/graph"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// confirm tells Identity Protection. Saying it twice changes nothing.
func confirm(ctx context.Context, r *run, s remedy.Step) error {
	return r.gone(s, r.change(ctx, s, ledger.Entry{Text: "confirming the service principal compromised"}, func() error {
		return r.Directory.ConfirmCompromised(ctx, s.Object)
	}))
}

// dismiss says that the risk is over, if it is.
func dismiss(ctx context.Context, r *run, s remedy.Step) error {
	if why := r.op.Shut(); why != "" {
		r.say("the risk stays: %s", why)
		return nil
	}
	return r.gone(s, r.change(ctx, s, ledger.Entry{Text: "dismissing the risk of the service principal"}, func() error {
		return r.Directory.Dismiss(ctx, s.Object)
	}))
}

func disable(ctx context.Context, r *run, s remedy.Step) error {
	return r.gone(s, r.change(ctx, s, ledger.Entry{Text: "disabling the service principal"}, func() error {
		return r.Directory.SetEnabled(ctx, s.Object, false)
	}))
}

// enable lets the workload in again, unless something stays that lets the intruder in, too.
func enable(ctx context.Context, r *run, s remedy.Step) error {
	if why := r.op.Shut(); why != "" {
		r.say("it stays disabled: %s", why)
		return nil
	}
	return r.gone(s, r.change(ctx, s, ledger.Entry{Text: "enabling the service principal"}, func() error {
		return r.Directory.SetEnabled(ctx, s.Object, true)
	}))
}

// each removes one item after the other: all are tried, and what failed is said together.
func (r *run) each(ctx context.Context, s remedy.Step, what string, remove func(remedy.Item) error) error {
	var errs []error
	for _, i := range s.Items {
		entry := ledger.Entry{Text: what + " " + i.What, Removed: []string{i.ID}}
		err := r.change(ctx, s, entry, func() error { return remove(i) })
		if errors.Is(err, fault.NotFound) {
			err = nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func removeMemberships(ctx context.Context, r *run, s remedy.Step) error {
	return r.each(ctx, s, "taking the principal out of its", func(i remedy.Item) error { return r.Directory.RemoveMember(ctx, i.ID, s.Object) })
}

func removeOwners(ctx context.Context, r *run, s remedy.Step) error {
	return r.each(ctx, s, "removing owner", func(i remedy.Item) error {
		return r.Directory.RemoveOwner(ctx, collection(s.ObjectKind), s.Object, i.ID)
	})
}

func removeGrants(ctx context.Context, r *run, s remedy.Step) error {
	return r.each(ctx, s, "revoking", func(i remedy.Item) error { return r.Directory.RemoveGrant(ctx, i.ID) })
}

func removeDirectoryRoles(ctx context.Context, r *run, s remedy.Step) error {
	return r.each(ctx, s, "removing directory role", func(i remedy.Item) error { return r.Directory.RemoveRole(ctx, i.ID) })
}

// removeAppRoles goes by the resource, as Microsoft recommends.
func removeAppRoles(ctx context.Context, r *run, s remedy.Step) error {
	return r.each(ctx, s, "revoking app role", func(i remedy.Item) error {
		if i.On == "" {
			return fault.Errorf(fault.Denied, "revoking app role %s: the plan does not say of which resource: plan again", i.ID)
		}
		return r.Directory.RemoveAppRole(ctx, i.On, i.ID)
	})
}

// removeRedirects writes each platform's list without the items. What appeared meanwhile stays.
func removeRedirects(ctx context.Context, r *run, s remedy.Step) error {
	o, err := r.Directory.Application(ctx, r.op.Plan.AppID)
	if errors.Is(err, fault.NotFound) || err == nil && o.ID != s.Object {
		r.say("application %s is gone", s.Object)
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for platform, have := range addresses(o) {
		var goes []string
		stay := slices.DeleteFunc(slices.Clone(have), func(uri string) bool {
			out := slices.ContainsFunc(s.Items, func(i remedy.Item) bool { return i.Kind == platform && strings.EqualFold(i.ID, uri) })
			if out {
				goes = append(goes, uri)
			}
			return out
		})
		if len(goes) == 0 {
			continue
		}
		entry := ledger.Entry{Text: "removing " + platform + " redirect URIs", Found: have, Kept: stay, Removed: goes}
		errs = append(errs, r.change(ctx, s, entry, func() error { return r.Directory.SetRedirectURIs(ctx, s.Object, platform, stay) }))
	}
	return errors.Join(errs...)
}

// addresses are an application's redirect URIs by platform.
func addresses(o graph.Object) map[string][]string {
	return map[string][]string{
		remedy.PlatformWeb: o.Web.RedirectURIs, remedy.PlatformSPA: o.SPA.RedirectURIs, remedy.PlatformPublic: o.PublicClient.RedirectURIs,
	}
}
