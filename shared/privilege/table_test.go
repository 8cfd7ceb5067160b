package privilege_test

import (
	"errors"
	"strings"
	"testing"

	"rekey/shared/fault"
	"rekey/shared/privilege"
)

func TestKnownPermissionsAndRoles(t *testing.T) {
	table := privilege.Default()
	for _, c := range []struct {
		what string
		of   func(string) privilege.Tier
		give string
		want privilege.Tier
	}{
		{"an app role that leads to Global Administrator", table.AppRole, "RoleManagement.ReadWrite.Directory", privilege.Tier0},
		{"the same by id", table.AppRole, "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", privilege.Tier0},
		{"the same by id in upper case", table.AppRole, "9E3F62CF-CA93-4989-B6CE-BF83C28F9FE8", privilege.Tier0},
		{"the same with other letters", table.AppRole, "rolemanagement.readwrite.directory", privilege.Tier0},
		{"granting app roles", privilege.AppRole, "06b708a9-e830-4db3-a914-8e69da51d44f", privilege.Tier0},
		{"adding credentials to its own applications", privilege.AppRole, "Application.ReadWrite.OwnedBy", privilege.Tier0},
		{"the directory through the old Graph", privilege.AppRole, "78c8a3c8-a07e-4b9e-af1b-b5ccab50a175", privilege.Tier0},
		{"all mail", privilege.AppRole, "Mail.Read", privilege.Tier1},
		{"all mailboxes of Exchange", privilege.AppRole, "full_access_as_app", privilege.Tier1},
		{"reading users", privilege.AppRole, "User.Read.All", privilege.Tier2},
		{"a role of somebody's own API", privilege.AppRole, "Orders.Write", privilege.TierUnknown},
		{"nothing", privilege.AppRole, "", privilege.TierUnknown},
		{"acting as the user", privilege.Scope, "Directory.AccessAsUser.All", privilege.Tier0},
		{"a scope with its resource in front", privilege.Scope, "https://graph.microsoft.com/Mail.ReadWrite", privilege.Tier1},
		{"signing in", privilege.Scope, "openid", privilege.Tier2},
		{"Global Administrator", privilege.DirectoryRole, "62e90394-69f5-4237-9190-012177145e10", privilege.Tier0},
		{"Global Administrator by its old name", privilege.DirectoryRole, "Company Administrator", privilege.Tier0},
		{"Application Administrator", privilege.DirectoryRole, "application administrator", privilege.Tier0},
		{"Compliance Administrator", privilege.DirectoryRole, "Compliance Administrator", privilege.Tier1},
		{"Directory Readers", privilege.DirectoryRole, "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", privilege.Tier2},
		{"Owner", privilege.AzureRole, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", privilege.Tier0},
		{"Owner by resource id", privilege.AzureRole, "/subscriptions/0/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635", privilege.Tier0},
		{"giving oneself secrets", privilege.AzureRole, "Key Vault Data Access Administrator", privilege.Tier0},
		{"reading secrets", privilege.AzureRole, "Key Vault Certificate User", privilege.Tier1},
		{"Reader", privilege.AzureRole, "Reader", privilege.Tier2},
	} {
		if got := c.of(c.give); got != c.want {
			t.Errorf("%s (%s): %v, want %v", c.what, c.give, got, c.want)
		}
	}
}

func TestAnExtensionOverrulesAndStaysOnesOwn(t *testing.T) {
	table := privilege.Default()
	err := table.Extend(privilege.KindAppRole, strings.NewReader(
		"# our own API\n11111111-2222-3333-4444-555555555555, Payments.Release, 0, finance team\n,Mail.Read,2,we have no mail\n,User.Read.All,unknown,us\n"))
	if err != nil {
		t.Fatal(err)
	}
	for give, want := range map[string]privilege.Tier{
		"payments.release": privilege.Tier0, "11111111-2222-3333-4444-555555555555": privilege.Tier0,
		"Mail.Read": privilege.Tier2, "User.Read.All": privilege.TierUnknown, "Mail.Send": privilege.Tier1,
	} {
		if got := table.AppRole(give); got != want {
			t.Errorf("%s: %v, want %v", give, got, want)
		}
	}
	if got := privilege.AppRole("Mail.Read"); got != privilege.Tier1 {
		t.Errorf("the extension of one table changed the others: %v", got)
	}
	if got := table.Scope("Payments.Release"); got != privilege.TierUnknown {
		t.Errorf("it is a scope, too: %v", got)
	}
}

func TestTheZeroTableCanBeExtended(t *testing.T) {
	var table privilege.Table
	if got := table.AzureRole("Owner"); got != privilege.TierUnknown {
		t.Errorf("the zero table knows Owner: %v", got)
	}
	if err := table.Extend(privilege.KindAzureRole, strings.NewReader(",Owner,0,us")); err != nil {
		t.Fatal(err)
	}
	if got := table.AzureRole("owner"); got != privilege.Tier0 {
		t.Errorf("owner: %v", got)
	}
}

func TestAMistakeNamesItsLineAndChangesNothing(t *testing.T) {
	good := ",Good.Role,0,us\n"
	for what, c := range map[string]struct{ rows, want string }{
		"a missing field":         {good + ",Bad,0\n", "line 2: 3 fields"},
		"a tier that is none":     {"# hello\n\n,Bad,7,us\n", `line 3: tier "7"`},
		"neither id nor name":     {good + ",,0,us\n", "line 2: neither"},
		"an id that is no GUID":   {"Mail.Read,,0,us\n", "line 1: id"},
		"no source":               {good + ",Bad,0,\n", "line 2: no source"},
		"the same name twice":     {good + "\n,GOOD.role,1,us\n", `line 3: "good.role" is in line 1`},
		"a quote that never ends": {good + `,"Bad,0,us`, "line 2"},
	} {
		table := privilege.Default()
		err := table.Extend(privilege.KindAppRole, strings.NewReader(c.rows))
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, fault.Poison) {
			t.Errorf("%s: %v, want something with %q", what, err, c.want)
		}
		if table.AppRole("Good.Role") != privilege.TierUnknown {
			t.Errorf("%s: the rows before it count", what)
		}
	}
	if err := privilege.Default().Extend("roles", strings.NewReader(good)); err == nil || !strings.Contains(err.Error(), "approles, scopes") {
		t.Errorf("a kind that is none: %v", err)
	}
}

func TestUnknownIsAboveNothing(t *testing.T) {
	u, zero, two := privilege.TierUnknown, privilege.Tier0, privilege.Tier2
	if u.Above(two) || u.Above(u) || !two.Above(u) || !zero.Above(two) || zero.Above(zero) {
		t.Error("the order of the tiers is wrong")
	}
	if !zero.High() || two.High() || u.High() {
		t.Error("only tier 0 is high")
	}
	if zero.String() != "tier 0" || privilege.Tier(9).String() != "unknown" {
		t.Errorf("%v, %v", zero, privilege.Tier(9))
	}
}

func FuzzExtend(f *testing.F) {
	f.Add("# c\n11111111-2222-3333-4444-555555555555,A.B,0,us\n")
	f.Add(",A,1,x\n,a,1,x\n")
	f.Add("\"\n,,,\x00")
	f.Fuzz(func(t *testing.T, rows string) {
		var table privilege.Table
		if err := table.Extend(privilege.KindScope, strings.NewReader(rows)); err != nil && !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: the error names no line: %v", rows, err)
		}
	})
}
