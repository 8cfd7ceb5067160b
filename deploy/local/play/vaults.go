package play

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/keyvault"
	"rekey/deploy/local/stack"
	"rekey/shared/fault"
	"rekey/shared/rotate"
)

// stored is what lies in each of the tenant's vaults: a value that nobody but its readers knows, a storage account's key, and a
// token of somebody else's, of which nothing says how it is made anew.
const (
	databasePassword = "database-password"
	storageKey       = "storage-key"
	partnerToken     = "partner-api-token"
)

// furnish builds the tenant's subscription: its vaults with their secrets, a storage account, and Rekey's rights.
func (p *Play) furnish() error {
	c, t := p.stack.Cloud, p.tenant
	if !c.ARM.Empty() {
		return nil
	}
	root := "/providers/Microsoft.Management/managementGroups/" + t.ID
	accounts := map[string]string{}
	err := c.ARM.Build(func(w arm.World) {
		w.Subscription(t.SubscriptionID, "production", root)
		w.Assign(arm.Assignment{Scope: root, Role: arm.Contributor, PrincipalID: stack.ObjectID})
		w.Assign(arm.Assignment{Scope: root, Role: arm.VaultAdministrator, PrincipalID: stack.ObjectID})
		for _, v := range t.Vaults {
			accounts[v.Name] = w.Resource(arm.Resource{ID: arm.ResourceID(t.SubscriptionID, "contoso-rg", "Microsoft.Storage/storageAccounts", strings.ReplaceAll(v.Name, "-", ""))})
		}
	})
	p.vaults = map[string]*keyvault.Server{}
	for _, v := range t.Vaults {
		server, _, openErr := c.OpenVault(v.ResourceID, true)
		if err = errors.Join(err, openErr); err != nil {
			return fmt.Errorf("furnishing the vaults: %w", err)
		}
		p.vaults[v.Name] = server
		err = server.Put(map[string]keyvault.Secret{
			databasePassword: {Value: "database password of " + v.Name, Tags: map[string]string{rotate.TagRotator: string(rotate.Random), rotate.TagValidity: "90"}},
			storageKey:       {Value: c.ARM.Key(accounts[v.Name], "key1"), Tags: map[string]string{rotate.TagProvider: accounts[v.Name], rotate.TagCredential: "key1"}},
			partnerToken:     {Value: "token of a partner", Tags: map[string]string{rotate.TagOwner: "partners@" + t.Domain}},
		})
	}
	return errors.Join(err, c.ARM.Build(func(w arm.World) {
		for _, v := range t.Vaults {
			w.Diagnostics(v.ResourceID, "audit", "AuditEvent")
		}
	}))
}

// rotationPatience is how long the first rotations may take: a lease of an instance that died is waited for.
const rotationPatience = 150 * time.Second

// rotation tells what becomes of the secrets that the intruder read, until what needs no waiting is rotated.
func (p *Play) rotation(ctx context.Context, r *Result, caseID string) error {
	ctx, cancel := context.WithTimeout(ctx, rotationPatience)
	defer cancel()
	told := map[string]string{}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	p.say("Rotation of what the intruder could get at:")
	for {
		j, err := p.stack.State.Rotations().Get(ctx, rotate.OperationID(caseID))
		if err != nil && !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Transient) && ctx.Err() == nil {
			return err
		}
		if err == nil && !j.Claimed() {
			p.progressOf(j.Journal, told)
			i := j.Item(string(rotate.Random) + ":" + p.tenant.Vaults[0].Name + "/" + databasePassword)
			if i != nil && (i.Status == rotate.Rotated || i.Status == rotate.Done) && settled(j.Journal) {
				r.SecondsToRotation = time.Since(p.begun).Seconds()
				p.say("  %5.2f s  %s\n", r.SecondsToRotation, j.Summary())
				return nil
			}
		}
		select {
		case <-ctx.Done():
			p.say("  it was not through within %s", rotationPatience)
			return nil
		case <-tick.C:
		}
	}
}

// settled reports whether tier 1 has nothing to do but to let time pass.
func settled(j *rotate.Journal) bool {
	return !slices.ContainsFunc(j.Items, func(i *rotate.Item) bool {
		return i.Tier == rotate.TierRead && (i.Status == rotate.Pending || i.Status == rotate.Working)
	})
}

// progressOf tells what changed in tier 1 since the last look.
func (p *Play) progressOf(j *rotate.Journal, told map[string]string) {
	for _, i := range j.Items {
		line := string(i.Status) + " " + i.Step()
		if i.Tier != rotate.TierRead || told[i.Key] == line || i.Status == rotate.Pending || i.Status == rotate.Working {
			continue
		}
		told[i.Key] = line
		what := map[rotate.Status]string{rotate.Waiting: "new version stored, the old key works on for " + fmt.Sprint(i.Settle) + " minutes", rotate.Rotated: "rotated; the old version is disabled when nobody has read it for a day", rotate.Done: "done"}[i.Status]
		if i.Kind == rotate.OwnerAction {
			what = "owner action needed: " + i.Why
		}
		if i.Status == rotate.Parked {
			what = "parked: " + i.Reason
		}
		name := i.Key
		if len(i.Copies) > 0 {
			name = i.Copies[0].Name()
		}
		p.say("  %5.2f s  %-36s %s", time.Since(p.begun).Seconds(), name, what)
	}
}

// rotated checks in the vault itself that the intruder's value is not the one in use any more, and that a new one is.
func (p *Play) rotated() bool {
	v := p.vaults[p.tenant.Vaults[0].Name]
	if v == nil {
		return false
	}
	versions := v.Versions(databasePassword)
	last := versions[len(versions)-1]
	return len(versions) == 2 && last.Value != versions[0].Value && last.Value != "" && !last.Disabled && last.Tags[rotate.TagOperation] != ""
}
