package evict

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// Restorer puts back into Microsoft Graph what was taken away. What is there already is success.
type Restorer interface {
	AddOwner(ctx context.Context, collection, id, ownerID string) error
	AddGrant(ctx context.Context, g graph.Grant) error
	AddAppRole(ctx context.Context, a graph.AppRoleAssignment) error
	AddRole(ctx context.Context, a graph.RoleAssignment) error
	AddMember(ctx context.Context, groupID, id string) error
	AddFederated(ctx context.Context, applicationID string, f graph.FederatedCredential) error
	AddPassword(ctx context.Context, collection, id, name string, end time.Time) (graph.Secret, error)
}

// AzureRestorer does the same in Azure Resource Manager.
type AzureRestorer interface {
	AddAssignment(ctx context.Context, a arm.Assignment) error
	AddPolicies(ctx context.Context, vaultID string, p ...arm.Policy) error
}

// SecretStore is where an emergency secret goes.
type SecretStore interface {
	Versions(ctx context.Context, name string) ([]vault.Secret, error)
	Set(ctx context.Context, name string, secret graph.Secret, tags map[string]string, now time.Time) error
}

// bundleOf reads what was saved before the operation that this one takes back.
func (r *run) bundleOf(ctx context.Context) (remedy.Bundle, error) {
	data, err := r.Undo.Read(ctx, remedy.BundleName(r.op.Undoes))
	if err != nil {
		return remedy.Bundle{}, fmt.Errorf("reading the bundle of %s: %w", r.op.Undoes, err)
	}
	return remedy.ReadBundle(data)
}

// endWatch ends the days of watching of the operation that this one takes back: they would take what is put back for the
// intruder's.
func (r *run) endWatch(ctx context.Context) error {
	o, err := r.Operations.Get(ctx, r.op.Undoes)
	if err != nil || !o.Watching() {
		return err
	}
	o.EndWatch("taken back by "+r.op.ID, r.Now())
	if err := r.Operations.Put(ctx, &o); err != nil {
		return fault.Errorf(fault.Transient, "ending the watch of %s: %v", o.ID, err) // a look is at work, and ends
	}
	return nil
}

// restore puts each item of a step back, as the bundle has it. What the service refuses for good is said, and the rest goes on.
func (r *run) restore(ctx context.Context, s remedy.Step, put func(b remedy.Bundle, was remedy.Object, i remedy.Item) error) error {
	b, err := r.bundleOf(ctx)
	if err != nil {
		return err
	}
	was, ok := b.Find(s.Object)
	if !ok {
		return fault.Errorf(fault.Denied, "%s %s is not in the bundle", s.ObjectKind, s.Object)
	}
	var errs []error
	for _, i := range s.Items {
		entry := ledger.Entry{Text: "putting back " + i.What, Added: []string{i.ID}}
		errs = append(errs, r.change(ctx, s, entry, func() error {
			err := put(b, was, i)
			if errors.Is(err, fault.Conflict) { // something else stands in its place
				return fault.Errorf(fault.Denied, "%v", err)
			}
			return err
		}))
	}
	return errors.Join(errs...)
}

// saved finds an item of a bundle.
func saved[T any](list []T, is func(T) bool, put func(T) error) error {
	i := slices.IndexFunc(list, is)
	if i < 0 {
		return fault.Errorf(fault.Denied, "it is not in the bundle")
	}
	return put(list[i])
}

func restoreOwners(ctx context.Context, r *run, s remedy.Step) error {
	return r.restore(ctx, s, func(_ remedy.Bundle, _ remedy.Object, i remedy.Item) error {
		return r.Restorer.AddOwner(ctx, collection(s.ObjectKind), s.Object, i.ID)
	})
}

func restoreMemberships(ctx context.Context, r *run, s remedy.Step) error {
	return r.restore(ctx, s, func(_ remedy.Bundle, _ remedy.Object, i remedy.Item) error {
		return r.Restorer.AddMember(ctx, i.ID, s.Object)
	})
}

func restoreGrants(ctx context.Context, r *run, s remedy.Step) error {
	return r.restore(ctx, s, func(_ remedy.Bundle, was remedy.Object, i remedy.Item) error {
		return saved(was.Grants.Items, func(g remedy.Grant) bool { return g.ID == i.ID }, func(g remedy.Grant) error {
			return r.Restorer.AddGrant(ctx, graph.Grant{ClientID: was.ID, ConsentType: g.ConsentType, PrincipalID: g.PrincipalID, ResourceID: g.ResourceID, Scope: g.Scope})
		})
	})
}

func restoreAppRoles(ctx context.Context, r *run, s remedy.Step) error {
	return r.restore(ctx, s, func(_ remedy.Bundle, was remedy.Object, i remedy.Item) error {
		return saved(was.AppRoles.Items, func(a remedy.AppRole) bool { return a.ID == i.ID }, func(a remedy.AppRole) error {
			return r.Restorer.AddAppRole(ctx, graph.AppRoleAssignment{PrincipalID: was.ID, ResourceID: a.ResourceID, AppRoleID: a.AppRoleID})
		})
	})
}

func restoreDirectoryRoles(ctx context.Context, r *run, s remedy.Step) error {
	return r.restore(ctx, s, func(_ remedy.Bundle, was remedy.Object, i remedy.Item) error {
		return saved(was.DirectoryRoles.Items, func(d remedy.DirectoryRole) bool { return d.ID == i.ID }, func(d remedy.DirectoryRole) error {
			scope := d.Scope
			if scope == "" {
				scope = "/"
			}
			return r.Restorer.AddRole(ctx, graph.RoleAssignment{PrincipalID: was.ID, RoleDefinitionID: d.TemplateID, DirectoryScopeID: scope})
		})
	})
}

func restoreAzureRoles(ctx context.Context, r *run, s remedy.Step) error {
	return r.restore(ctx, s, func(b remedy.Bundle, _ remedy.Object, i remedy.Item) error {
		return saved(b.Assignments, func(a remedy.RoleGiven) bool { return strings.EqualFold(a.ID, i.ID) }, func(a remedy.RoleGiven) error {
			return r.AzureRestorer.AddAssignment(ctx, arm.Assignment{
				ID: a.ID, RoleID: a.RoleID, PrincipalID: a.PrincipalID, PrincipalType: a.PrincipalType, Condition: a.Condition,
				ConditionVersion: a.ConditionVersion, Description: a.Description,
			})
		})
	})
}

func restoreVaultPolicies(ctx context.Context, r *run, s remedy.Step) error {
	return r.restore(ctx, s, func(b remedy.Bundle, was remedy.Object, i remedy.Item) error {
		var list []arm.Policy
		for _, p := range b.Policies {
			if strings.EqualFold(p.Vault, i.ID) && strings.EqualFold(p.ObjectID, was.ID) {
				list = append(list, arm.Policy{TenantID: p.TenantID, ObjectID: p.ObjectID, ApplicationID: p.ApplicationID, Secrets: p.Secrets, Keys: p.Keys, Certificates: p.Certificates, Storage: p.Storage})
			}
		}
		if len(list) == 0 {
			return fault.Errorf(fault.Denied, "it is not in the bundle")
		}
		return r.AzureRestorer.AddPolicies(ctx, i.ID, list...)
	})
}

// restoreFederated looks by content: what was made again has another id, and perhaps another name.
func restoreFederated(ctx context.Context, r *run, s remedy.Step) error {
	have, err := r.Directory.FederatedCredentials(ctx, s.Object)
	if err != nil {
		return err
	}
	return r.restore(ctx, s, func(_ remedy.Bundle, was remedy.Object, i remedy.Item) error {
		return saved(was.Federated, func(f remedy.Federated) bool { return f.ID == i.ID }, func(f remedy.Federated) error {
			g := graph.FederatedCredential{Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Description: f.Description, Audiences: f.Audiences}
			if f.Claims != "" {
				g.Claims = &graph.ClaimsExpression{Value: f.Claims, Version: max(1, f.ClaimsVersion)}
			}
			if slices.ContainsFunc(have, func(x graph.FederatedCredential) bool { return sameTokens(x, g) }) {
				return nil
			}
			return r.Restorer.AddFederated(ctx, s.Object, g)
		})
	})
}

func sameTokens(a, b graph.FederatedCredential) bool {
	claims := func(c *graph.ClaimsExpression) string {
		if c == nil {
			return ""
		}
		return c.Value
	}
	return a.Issuer == b.Issuer && a.Subject == b.Subject && claims(a.Claims) == claims(b.Claims)
}

// restoreRedirects adds addresses to what each platform has now.
func restoreRedirects(ctx context.Context, r *run, s remedy.Step) error {
	o, err := r.Directory.Application(ctx, r.op.Plan.AppID)
	if err != nil {
		return err
	}
	var errs []error
	for platform, have := range addresses(o) {
		var added []string
		for _, i := range s.Items {
			if i.Kind == platform && !slices.Contains(have, i.ID) {
				added = append(added, i.ID)
			}
		}
		if len(added) == 0 {
			continue
		}
		entry := ledger.Entry{Text: "putting back " + platform + " redirect URIs", Found: have, Added: added}
		errs = append(errs, r.change(ctx, s, entry, func() error {
			return r.Directory.SetRedirectURIs(ctx, s.Object, platform, slices.Concat(have, added))
		}))
	}
	return errors.Join(errs...)
}

// restoreKeys adds certificates to the list as it is now: what is there is echoed.
func restoreKeys(ctx context.Context, r *run, s remedy.Step) error {
	b, err := r.bundleOf(ctx)
	if err != nil {
		return err
	}
	was, _ := b.Find(s.Object)
	for {
		err := r.restoreKeysOnce(ctx, s, was)
		if !errors.Is(err, graph.ErrKeyChanged) || errors.Is(err, fault.Conflict) {
			return err
		}
		if late := r.pause(ctx, s, verifyLimit); late != nil {
			return errors.Join(late, err)
		}
	}
}

func (r *run) restoreKeysOnce(ctx context.Context, s remedy.Step, was remedy.Object) error {
	o, err := r.Directory.Credentials(ctx, collection(s.ObjectKind), s.Object)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	list, _, err := others(o, func(_, id string) bool { there[strings.ToLower(id)] = true; return false })
	if err != nil {
		return err
	}
	var added []string
	for _, k := range was.Keys {
		if there[strings.ToLower(k.KeyID)] || !slices.ContainsFunc(s.Items, func(i remedy.Item) bool { return i.ID == k.KeyID }) {
			continue
		}
		raw, err := k.KeyCredential()
		if err != nil {
			return err
		}
		list, added = append(list, raw), append(added, k.KeyID)
	}
	if len(added) == 0 {
		return nil
	}
	entry := ledger.Entry{Text: "putting certificates back", Added: added}
	return r.change(ctx, s, entry, func() error { return r.Directory.ReplaceKeys(ctx, collection(s.ObjectKind), s.Object, list) })
}

func restoreEnabled(ctx context.Context, r *run, s remedy.Step) error {
	return r.change(ctx, s, ledger.Entry{Text: "enabling the service principal, as it was"}, func() error {
		return r.Directory.SetEnabled(ctx, s.Object, true)
	})
}

// Tags on a version of a secret: the operation that it was made by, and the key id of the client secret in it.
const (
	secretTag = "rekey-operation"
	keyTag    = "rekey-key-id"
)

// issueSecret makes a client secret and puts its text into the vault, and nowhere else. One that was made and did not get
// there is of no use to anybody: it is removed, and another made.
func issueSecret(ctx context.Context, r *run, s remedy.Step) error {
	to := s.Items[0].ID
	at := strings.LastIndexByte(to, '/')
	if r.Secrets == nil {
		return fault.Errorf(fault.Denied, "secrets of vaults are not set up")
	}
	secrets, err := r.Secrets(to[:at])
	if err != nil {
		return err
	}
	versions, err := secrets.Versions(ctx, to[at+1:])
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	if i := slices.IndexFunc(versions, func(v vault.Secret) bool { return v.Tags[secretTag] == r.op.ID }); i >= 0 {
		return r.removeOrphans(ctx, s, versions[i].Tags[keyTag])
	}
	if err := r.removeOrphans(ctx, s, ""); err != nil {
		return err
	}
	var stored string
	entry := ledger.Entry{Text: "making a client secret, straight into " + to}
	err = r.change(ctx, s, entry, func() error {
		now := r.Now()
		secret, err := r.Restorer.AddPassword(ctx, collection(s.ObjectKind), s.Object, r.op.ID, now.Add(time.Duration(s.Hours)*time.Hour))
		if err != nil {
			return err
		}
		r.say("client secret %s is in %s until %s", secret.KeyID, to, secret.EndDateTime.UTC().Format(time.RFC3339))
		stored = secret.KeyID
		return secrets.Set(ctx, to[at+1:], secret, map[string]string{secretTag: r.op.ID, keyTag: secret.KeyID}, now)
	})
	if err != nil {
		return err
	}
	return r.removeOrphans(ctx, s, stored)
}

// removeOrphans removes secrets that earlier tries made, but for the one that is in the vault: nobody has their text.
func (r *run) removeOrphans(ctx context.Context, s remedy.Step, but string) error {
	o, err := r.Directory.Credentials(ctx, collection(s.ObjectKind), s.Object)
	if err != nil {
		return err
	}
	for _, p := range o.PasswordCredentials {
		if p.DisplayName != r.op.ID || p.KeyID == but {
			continue
		}
		entry := ledger.Entry{Removed: []string{p.KeyID}, Text: "removing a client secret that never got into the vault"}
		if err := r.change(ctx, s, entry, func() error {
			return r.Directory.RemovePassword(ctx, collection(s.ObjectKind), s.Object, p.KeyID)
		}); err != nil {
			return err
		}
	}
	return nil
}
