package arm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/faults"
	azarm "rekey/shared/azure/arm"
	"rekey/shared/fault"
)

func TestAVaultIsReadWithItsRightsAndItsFirewall(t *testing.T) {
	w := build(t, cloud.Config{Options: arm.Options{PageSize: 1}})
	c := w.owner(t)
	if err := w.ARM.Build(func(b arm.World) { b.Network(w.kv2, arm.Network{Deny: true, Allowed: []string{"192.0.2.0/24"}}) }); err != nil {
		t.Fatal(err)
	}
	all, err := c.Vaults(t.Context(), subA)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d vaults (%v), two are there on two pages", len(all), err)
	}
	one, two := all[0], all[1]
	if one.RBAC || len(one.Policies) != 3 || one.URI != w.url1+"/" || !slices.Equal(one.Of(strings.ToUpper(victim))[0].Secrets, []string{"Get", "list"}) || one.Network.Deny {
		t.Errorf("%+v", one)
	}
	if !two.RBAC || !two.Network.Deny || !slices.Equal(two.Network.Ranges, []string{"192.0.2.0/24"}) {
		t.Errorf("%+v", two)
	}
}

func TestThePoliciesOfOneObjectAreRemovedInTheirSpellingAndCanBePutBack(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	removed, err := c.RemovePolicies(t.Context(), w.kv1, victim)
	if err != nil || len(removed) != 2 {
		t.Fatalf("removed %+v: %v", removed, err)
	}
	v, err := c.Vault(t.Context(), w.kv1)
	if err != nil || len(v.Policies) != 1 || v.Policies[0].ObjectID != other {
		t.Fatalf("left is %+v (%v)", v.Policies, err)
	}
	if again, err := c.RemovePolicies(t.Context(), w.kv1, victim); err != nil || len(again) != 0 {
		t.Errorf("once more removed %+v: %v", again, err)
	}
	if err := c.AddPolicies(t.Context(), w.kv1, removed...); err != nil {
		t.Fatal(err)
	}
	if v, err = c.Vault(t.Context(), w.kv1); err != nil || len(v.Of(victim)) != 2 || !slices.Equal(v.Of(victim)[0].Secrets, []string{"Get", "list"}) || v.Of(victim)[1].ApplicationID == "" {
		t.Errorf("put back: %+v (%v)", v.Policies, err)
	}
}

func TestRolesAreFoundThroughNestedGroupsAtEveryScopeAndRemovedOnce(t *testing.T) {
	w := build(t, cloud.Config{Options: arm.Options{PageSize: 1}})
	c := w.owner(t)
	var ids []string
	err := w.ARM.Build(func(b arm.World) {
		for _, a := range []arm.Assignment{
			{Scope: root, Role: arm.Reader, PrincipalID: victim},
			{Scope: "/subscriptions/" + subA, Role: arm.VaultSecretsUser, PrincipalID: outer, Kind: "Group"},
			{Scope: w.kv2 + "/secrets/db", Role: arm.VaultSecretsUser, PrincipalID: victim, Condition: "@Resource[Microsoft.KeyVault/vaults/secrets:name] StringEquals 'db'"},
			{Scope: "/subscriptions/" + subB, Role: arm.Owner, PrincipalID: victim},
			{Scope: w.kv2, Role: arm.Owner, PrincipalID: other},
		} {
			ids = append(ids, b.Assign(a))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.AssignedTo(t.Context(), w.kv2, victim)
	if err != nil || len(got) != 3 {
		t.Fatalf("at the vault: %+v (%v), want the root's, the group's and the secret's", got, err)
	}
	i := slices.IndexFunc(got, func(a azarm.Assignment) bool { return a.PrincipalType == "Group" })
	if i < 0 || got[i].PrincipalID != outer || got[i].Scope != "/subscriptions/"+subA {
		t.Errorf("of the group: %+v", got)
	}
	if i = slices.IndexFunc(got, func(a azarm.Assignment) bool { return a.Condition != "" }); i < 0 || got[i].ConditionVersion != "2.0" {
		t.Errorf("the condition is lost: %+v", got)
	}
	if all, err := c.AssignedTo(t.Context(), root, victim); err != nil || len(all) != 4 {
		t.Errorf("in the tenant: %d (%v), want 4", len(all), err)
	}
	if at, err := c.AssignmentsAt(t.Context(), w.kv2); err != nil || slices.ContainsFunc(at, func(a azarm.Assignment) bool { return strings.Contains(a.Scope, "/secrets/") }) || !slices.ContainsFunc(at, func(a azarm.Assignment) bool { return a.PrincipalID == other }) {
		t.Errorf("at the vault itself: %+v (%v)", at, err)
	}
	for range 2 {
		if err := c.RemoveAssignment(t.Context(), ids[2]); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := c.AddAssignment(t.Context(), got[i]); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := c.AssignedTo(t.Context(), w.kv2, victim); err != nil || len(again) != 3 {
		t.Errorf("put back: %+v (%v)", again, err)
	}
}

func TestRolesAreReadByWhatTheyAllowAndRemembered(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	const get = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
	tests := map[string]struct {
		role string
		data bool
		acts string // an action
		may  bool
	}{
		"a certificate user reads every secret":            {arm.VaultCertificateUser, true, "Microsoft.KeyVault/vaults/write", false},
		"a reader of vaults reads no secret":               {arm.VaultReader, false, "Microsoft.KeyVault/vaults/secrets/read", true},
		"a contributor reads none, but may change a vault": {arm.Contributor, false, "Microsoft.KeyVault/vaults/write", true},
		"a contributor may not assign roles":               {arm.Contributor, false, "Microsoft.Authorization/roleAssignments/write", false},
		"an access administrator may assign roles":         {arm.VaultAccessAdministrator, false, "Microsoft.Authorization/roleAssignments/write", true},
		"an administrator of vaults reads by a wildcard":   {arm.VaultAdministrator, true, "Microsoft.KeyVault/vaults/write", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := c.Role(t.Context(), roleOf(tt.role))
			if err != nil || r.AllowsData(get) != tt.data || r.Allows(tt.acts) != tt.may || r.Custom {
				t.Errorf("%+v (%v)", r, err)
			}
		})
	}
	before := len(w.ARM.Calls())
	if _, err := c.Role(t.Context(), strings.ToUpper(roleOf(arm.Contributor))); err != nil || len(w.ARM.Calls()) != before {
		t.Errorf("it was asked for again (%v)", err)
	}
}

func TestDenyAssignmentsAreACaveat(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	err := w.ARM.Build(func(b arm.World) {
		no := arm.Permission{DataActions: []string{"Microsoft.KeyVault/*"}}
		b.Deny(arm.Deny{Name: "all", Scope: "/subscriptions/" + subA, Principals: []string{azarm.Everybody}, Excluded: []string{rekey}, Permission: no})
		b.Deny(arm.Deny{Name: "group", Scope: w.kv2, Principals: []string{inner}, Permission: no})
		b.Deny(arm.Deny{Name: "somebody", Scope: w.kv2, Principals: []string{other}, Permission: no})
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Denies(t.Context(), w.kv2, victim, inner)
	if err != nil || len(got) != 2 || got[0].Name != "all" || got[1].Name != "group" || !slices.Equal(got[0].Excluded, []string{rekey}) || !slices.Equal(got[0].Block.DataActions, []string{"Microsoft.KeyVault/*"}) {
		t.Errorf("%+v (%v)", got, err)
	}
}

func TestALogThatNobodyMayLookForIsUnknown(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	if err := w.ARM.Build(func(b arm.World) { b.Diagnostics(w.kv1, "to-rekey", "AuditEvent") }); err != nil {
		t.Fatal(err)
	}
	stranger := w.as(t, other)
	for name, tt := range map[string]struct {
		client     *azarm.Client
		vault      string
		yes, known bool
	}{
		"a setting":      {c, w.kv1, true, true},
		"no setting":     {c, w.kv2, false, true},
		"not to be seen": {stranger, w.kv1, false, false},
	} {
		d, err := tt.client.Diagnostics(t.Context(), tt.vault)
		if yes, known := d.Logs("AuditEvent"); err != nil || yes != tt.yes || known != tt.known {
			t.Errorf("%s: %t %t (%v)", name, yes, known, err)
		}
	}
}

func TestResourceGraphIsReadPageByPageAndATruncatedAnswerIsSaid(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	err := w.ARM.Build(func(b arm.World) {
		for i := range 1200 {
			b.Resource(arm.Resource{ID: arm.ResourceID(subB, "many", "Microsoft.KeyVault/vaults", fmt.Sprint("v", i)), Properties: map[string]any{"n": i}})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Resources(t.Context(), []string{subB}, azarm.TypeVault, azarm.TypeStorage)
	if err != nil || len(got.Resources) != 1200 || got.Truncated || got.Resources[0].Subscription != subB {
		t.Fatalf("%d of 1200, truncated %t (%v)", len(got.Resources), got.Truncated, err)
	}
	here, err := c.Resources(t.Context(), []string{subA}, azarm.TypeStorage, azarm.TypeIdentity, azarm.TypeEventHubs, azarm.TypeServiceBus, azarm.TypeCosmos, azarm.TypeRedis)
	if err != nil || len(here.Resources) != 7 {
		t.Errorf("%+v (%v)", here.Resources, err)
	}
	w.ARM.Truncate(true)
	if got, err = c.Resources(t.Context(), nil, azarm.TypeVault); err != nil || !got.Truncated {
		t.Errorf("cut off after %d rows, truncated %t (%v)", len(got.Resources), got.Truncated, err)
	}
}

func TestAnIdentityIsTakenOffWhatCarriesIt(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	vm := id("Microsoft.Compute/virtualMachines", "vm")
	group := id("Microsoft.ContainerInstance/containerGroups", "group")
	err := w.ARM.Build(func(b arm.World) {
		b.Resource(arm.Resource{ID: vm, Identity: attached("SystemAssigned, UserAssigned", w.id1)})
		b.Resource(arm.Resource{ID: group, Identity: attached("UserAssigned", w.id1)})
	})
	if err != nil {
		t.Fatal(err)
	}
	on, err := c.AttachedTo(t.Context(), w.id1)
	if err != nil || len(on.Resources) != 3 {
		t.Fatalf("on %+v (%v)", on.Resources, err)
	}
	ten, err := c.AttachedTo(t.Context(), w.id10)
	if err != nil || len(ten.Resources) != 1 {
		t.Errorf("the longer name is on %+v (%v)", ten.Resources, err)
	}
	for range 2 {
		for _, r := range []string{w.site, vm} {
			if err := c.Detach(t.Context(), r, strings.ToLower(w.id1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if left := w.ARM.Attached(w.site); !slices.Equal(left, []string{w.id10}) {
		t.Errorf("left on the site: %v", left)
	}
	if left := w.ARM.Attached(vm); len(left) != 0 {
		t.Errorf("left on the machine: %v", left)
	}
	if err := c.Detach(t.Context(), w.site, w.id10); err != nil || len(w.ARM.Attached(w.site)) != 0 {
		t.Errorf("the last one: %v", err)
	}
	if err := c.Detach(t.Context(), group, w.id1); !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), "redeploy") {
		t.Errorf("by hand: %v", err)
	}
}

func TestFederatedCredentialsOfAnIdentityAreListedAndRemoved(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	i, err := c.Identity(t.Context(), w.id1)
	if err != nil || i.PrincipalID != victim || i.ClientID != w.clientID(victim) {
		t.Fatalf("%+v (%v)", i, err)
	}
	all, err := c.Federated(t.Context(), w.id1)
	if err != nil || len(all) != 2 || all[0].Subject != "repo:x/f1" {
		t.Fatalf("%+v (%v)", all, err)
	}
	for range 2 {
		if err := c.RemoveFederated(t.Context(), w.id1, all[0].Name); err != nil {
			t.Fatal(err)
		}
	}
	if all, err = c.Federated(t.Context(), w.id1); err != nil || len(all) != 1 {
		t.Errorf("%+v (%v)", all, err)
	}
}

func TestRegeneratingChangesExactlyOneKey(t *testing.T) {
	w := build(t, cloud.Config{})
	more(t, w)
	c := w.owner(t)
	for kind, id := range keyed(w) {
		t.Run(kind, func(t *testing.T) {
			names := azarm.KeyNames(id)
			for _, name := range names {
				before, err := c.Keys(t.Context(), id)
				if err != nil || len(before) != len(names) {
					t.Fatalf("%d keys (%v)", len(before), err)
				}
				if err := c.Regenerate(t.Context(), id, name); err != nil {
					t.Fatal(err)
				}
				after, err := c.Keys(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				for i, k := range before {
					if changed := after[i].Value != k.Value; changed != (k.Name == name) || w.ARM.Check(id, k.Value.Reveal()) == changed {
						t.Errorf("after %s, key %s changed: %t", name, k.Name, changed)
					}
				}
			}
			if err := c.Regenerate(t.Context(), id, "third"); !errors.Is(err, fault.Denied) {
				t.Errorf("a key that is none: %v", err)
			}
		})
	}
}

func TestAConnectionStringHoldsItsKey(t *testing.T) {
	w := build(t, cloud.Config{})
	keys, err := w.owner(t).Keys(t.Context(), w.hubs)
	if err != nil || !strings.HasSuffix(keys[1].Connection.Reveal(), ";SharedAccessKeyName=Root;SharedAccessKey="+keys[1].Value.Reveal()) {
		t.Errorf("%v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", keys, keys, keys); strings.Contains(text, keys[0].Value.Reveal()) {
		t.Error("keys are printed")
	}
}

func TestHowCallsFail(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	read := func() error { _, err := c.Vault(t.Context(), w.kv1); return err }
	regenerate := func() error { return c.Regenerate(t.Context(), w.storage, "key1") }
	regenerateHub := func() error { return c.Regenerate(t.Context(), w.hubs, "PrimaryKey") }
	tests := map[string]struct {
		do    func() error
		fault faults.Fault
		times int64 // how often it fails
		kind  error // nil: it works in the end
		calls int64
	}{
		"throttled once, with a time":                     {read, faults.Fault{When: faults.Before, Status: 429, RetryAfter: 1}, 1, nil, 2},
		"throttled once, without a time":                  {read, faults.Fault{When: faults.Before, Status: 429}, 1, nil, 2},
		"throttled for ever":                              {read, faults.Fault{When: faults.Before, Status: 429}, 99, fault.Transient, 3},
		"down once":                                       {read, faults.Fault{When: faults.Before, Status: 503}, 1, nil, 2},
		"a conflict":                                      {read, faults.Fault{When: faults.Before, Status: 409, Code: "Conflict"}, 99, fault.Conflict, 1},
		"a hang-up":                                       {read, faults.Fault{When: faults.HangUp}, 1, nil, 2},
		"a key is regenerated and 500 is said":            {regenerate, faults.Fault{When: faults.After, Status: 500}, 99, fault.Transient, 1},
		"a key is regenerated and the line is cut":        {regenerate, faults.Fault{When: faults.HangUp}, 99, fault.Transient, 1},
		"a key is not regenerated yet":                    {regenerate, faults.Fault{When: faults.Before, Status: 429}, 1, nil, 2},
		"a rule's key is regenerated and 500 is said":     {regenerateHub, faults.Fault{When: faults.After, Status: 500}, 99, fault.Transient, 1},
		"a rule's key is regenerated and the line is cut": {regenerateHub, faults.Fault{When: faults.HangUp}, 99, fault.Transient, 1},
		"a permission that was taken away":                {read, faults.Fault{When: faults.Before, Status: 403, Code: "AuthorizationFailed"}, 99, fault.Denied, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			w.ARM.Fail(func(string, string) faults.Fault {
				if n.Add(1) <= tt.times {
					return tt.fault
				}
				return faults.Fault{}
			})
			defer w.ARM.Fail(nil)
			err := tt.do()
			if tt.kind == nil && err != nil || tt.kind != nil && !errors.Is(err, tt.kind) || n.Load() != tt.calls {
				t.Errorf("%v after %d calls, want kind %v after %d", err, n.Load(), tt.kind, tt.calls)
			}
			if err != nil && (strings.Contains(err.Error(), "http") || strings.Contains(err.Error(), "injected")) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestIdsThatWouldLeadElsewhereAreRefusedBeforeAnyCall(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	before := len(w.ARM.Calls())
	ctx := t.Context()
	for name, err := range map[string]error{
		"a path upwards":                  second(c.Vault(ctx, w.kv1+"/../kv2")),
		"a query":                         second(c.Vault(ctx, w.kv1+"?x=")),
		"another type":                    second(c.Vault(ctx, w.storage)),
		"a child that hides its parent":   second(c.Vault(ctx, w.storage+"/providers/Microsoft.KeyVault/vaults/kv1")),
		"a quote in a query":              second(c.AttachedTo(ctx, w.id1+"' or 'a' == 'a")),
		"a quote in a filter":             second(c.AssignedTo(ctx, w.kv1, "x') or principalId eq ('y")),
		"an assignment that is a vault":   c.RemoveAssignment(ctx, w.kv1),
		"a credential with a path":        c.RemoveFederated(ctx, w.id1, "../.."),
		"keys of a vault":                 second(c.Keys(ctx, w.kv1)),
		"keys of a namespace itself":      second(c.Keys(ctx, strings.TrimSuffix(w.hubs, "/authorizationRules/Root"))),
		"a storage account of a vault":    c.Regenerate(ctx, w.kv1+"/providers/Microsoft.Storage/storageAccounts/acct", "key1"),
		"an identity that is none":        c.Detach(ctx, w.site, w.storage),
		"a type that is none in a query":  second(c.Resources(ctx, nil, "x'y")),
		"an empty segment":                second(c.Vault(ctx, strings.Replace(w.kv1, "/rg/", "//", 1))),
		"something that is no id at all":  second(c.Vault(ctx, "kv1")),
		"the whole tenant":                second(c.AssignedTo(ctx, "/", victim)),
		"a scope with a query":            second(c.AssignmentsAt(ctx, "/subscriptions/x?y")),
		"deny assignments of a bad scope": second(c.Denies(ctx, "x")),
	} {
		if !errors.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(w.ARM.Calls()); got != before {
		t.Errorf("%d calls were made", got-before)
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	w := build(t, cloud.Config{})
	c := w.owner(t)
	for name, err := range map[string]error{
		"a vault":        second(c.Vault(t.Context(), id("Microsoft.KeyVault/vaults", "none"))),
		"a subscription": second(c.Vaults(t.Context(), "99999999-0000-4000-8000-000000000000")),
		"keys":           second(c.Keys(t.Context(), id("Microsoft.Cache/redis", "none"))),
		"an identity":    second(c.Identity(t.Context(), id("Microsoft.ManagedIdentity/userAssignedIdentities", "none"))),
	} {
		// Azure authorises before it looks, and the management group's role does not reach a subscription nobody knows.
		if !errors.Is(err, fault.NotFound) && (name != "a subscription" || !errors.Is(err, fault.Denied)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACutReachesTheVaultAfterItsLag(t *testing.T) {
	const lag = 300 * time.Millisecond
	w := build(t, cloud.Config{RightsLag: lag})
	c := w.owner(t)
	var assignment string
	if err := w.ARM.Build(func(b arm.World) {
		assignment = b.Assign(arm.Assignment{Scope: w.kv2, Role: arm.VaultSecretsUser, PrincipalID: victim})
	}); err != nil {
		t.Fatal(err)
	}
	ask := arm.Ask{Vault: w.kv2, Object: "secrets/db", OID: victim, Action: "Microsoft.KeyVault/vaults/secrets/getSecret/action"}
	began := time.Now()
	if err := c.RemoveAssignment(t.Context(), assignment); err != nil {
		t.Fatal(err)
	}
	if !w.ARM.Decide(ask).Allowed && time.Since(began) < lag {
		t.Error("the vault knows at once")
	}
	for w.ARM.Decide(ask).Allowed {
		if time.Since(began) > 10*lag {
			t.Fatal("the vault never knows")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if took := time.Since(began); took < lag {
		t.Errorf("the vault knew after %s", took)
	}
}

func TestTheAudienceIsTheCloudsOwn(t *testing.T) {
	for endpoint, want := range map[string]string{
		"https://management.azure.com":         "https://management.azure.com/",
		"https://management.chinacloudapi.cn":  "https://management.core.chinacloudapi.cn/",
		"https://management.usgovcloudapi.net": "https://management.core.usgovcloudapi.net/",
		"https://localhost:1":                  "https://management.azure.com/",
	} {
		if got := azarm.Audience(endpoint); got != want {
			t.Errorf("%s: %s", endpoint, got)
		}
	}
}

func TestASystemAssignedIdentityIsSwitchedOffAndOthersStay(t *testing.T) {
	w := build(t, cloud.Config{})
	both, alone := id("Microsoft.Compute/virtualMachines", "both"), id("Microsoft.Compute/virtualMachines", "alone")
	err := w.ARM.Build(func(b arm.World) {
		b.Resource(arm.Resource{ID: both, Identity: attached("SystemAssigned, UserAssigned", w.id1)})
		b.Resource(arm.Resource{ID: alone, Identity: &arm.Identity{Type: "SystemAssigned", PrincipalID: victim}})
	})
	if err != nil {
		t.Fatal(err)
	}
	c := w.owner(t)
	for _, r := range []string{both, alone, both, alone, id("Microsoft.Compute/virtualMachines", "gone")} {
		if err := c.SwitchOff(t.Context(), r); err != nil {
			t.Errorf("%s: %v", r, err)
		}
	}
	if left := w.ARM.Attached(both); len(left) != 1 || left[0] != w.id1 {
		t.Errorf("the user-assigned ones are %v", left)
	}
	if err := c.SwitchOff(t.Context(), id("Microsoft.ContainerInstance/containerGroups", "g")); !errors.Is(err, fault.Denied) {
		t.Errorf("of a container group: %v", err)
	}
}
