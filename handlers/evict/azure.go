package evict

import (
	"context"
	"errors"
	"strings"

	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// azure returns Resource Manager, or an error that says that it is not set.
func (r *run) azure() (Azure, error) {
	if r.Azure == nil {
		return nil, fault.Errorf(fault.Denied, "Azure Resource Manager is not set up: REKEY_ARM_URL")
	}
	return r.Azure, nil
}

func removeAzureRoles(ctx context.Context, r *run, s remedy.Step) error {
	a, err := r.azure()
	if err != nil {
		return err
	}
	return r.each(ctx, s, "removing Azure role", func(i remedy.Item) error { return a.RemoveAssignment(ctx, i.ID) })
}

// removeVaultPolicies removes the principal's entries as they are now, whatever they were when planned.
func removeVaultPolicies(ctx context.Context, r *run, s remedy.Step) error {
	a, err := r.azure()
	if err != nil {
		return err
	}
	return r.each(ctx, s, "removing the principal from access policies:", func(i remedy.Item) error {
		_, err := a.RemovePolicies(ctx, i.ID, s.Object)
		return err
	})
}

// federatedSegment stands between the id of a managed identity and the name of one of its federated credentials.
const federatedSegment = "/federatedIdentityCredentials/"

func removeManagedFederated(ctx context.Context, r *run, s remedy.Step) error {
	a, err := r.azure()
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range s.KeyIDs {
		identity, name, ok := cutFederated(id)
		if !ok {
			errs = append(errs, fault.Errorf(fault.Denied, "removing federated credential %s: the id is none of Azure's", id))
			continue
		}
		entry := ledger.Entry{Text: "removing federated credential " + name, Removed: []string{id}}
		errs = append(errs, r.change(ctx, s, entry, func() error { return a.RemoveFederated(ctx, identity, name) }))
	}
	return errors.Join(errs...)
}

func cutFederated(id string) (identity, name string, ok bool) {
	i := strings.LastIndex(strings.ToLower(id), strings.ToLower(federatedSegment))
	if i < 0 {
		return "", "", false
	}
	return id[:i], id[i+len(federatedSegment):], true
}

// detach takes the identity off its resources. A system-assigned one is switched off, and dies of it.
func detach(ctx context.Context, r *run, s remedy.Step) error {
	a, err := r.azure()
	if err != nil {
		return err
	}
	return r.each(ctx, s, "detaching the identity from", func(i remedy.Item) error {
		if i.On == "" {
			return a.SwitchOff(ctx, i.ID)
		}
		return a.Detach(ctx, i.ID, i.On)
	})
}
