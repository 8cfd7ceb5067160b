package play

import (
	"rekey/deploy/local/directory"
	"rekey/deploy/local/tenant"
)

// graphAppID is the application id of Microsoft Graph in every tenant.
const graphAppID = "00000003-0000-0000-c000-000000000000"

// graphRoles are a few of the application permissions that Microsoft Graph offers
// (learn.microsoft.com/graph/permissions-reference).
var graphRoles = []directory.AppRole{
	{ID: "df021288-bdef-4463-88db-98f22de89214", Value: "User.Read.All", DisplayName: "Read all users' full profiles"},
	{ID: "810c84a8-4a9e-49e6-bf7d-12d183f40d01", Value: "Mail.Read", DisplayName: "Read mail in all mailboxes"},
}

// people puts the tenant's users into the directory.
func people(d *directory.Directory, t *tenant.Tenant) error {
	for _, u := range t.Users {
		if err := d.Seed(directory.Users, directory.Object{ID: u.ID, DisplayName: u.DisplayName}); err != nil {
			return err
		}
	}
	return nil
}

// owner returns who owns an application: the tenant's people in turn.
func owner(t *tenant.Tenant, i int) []string {
	if len(t.Users) == 0 {
		return nil
	}
	return []string{t.Users[i%len(t.Users)].ID}
}

// surround adds what stands around a service principal in a directory: what a resource offers, and what the victim was
// given: a permission, a consent.
func surround(o *directory.Object, t *tenant.Tenant) {
	if o.AppID == graphAppID {
		o.DefinedAppRoles = graphRoles
	}
	if o.AppID != t.Victim.AppID {
		return
	}
	for i := range t.ServicePrincipals {
		resource := &t.ServicePrincipals[i]
		if resource.AppID != graphAppID {
			continue
		}
		o.AppRoles = []directory.AppRoleAssignment{{ID: "role-" + o.ID, AppRoleID: graphRoles[0].ID, ResourceID: resource.ID}}
		o.Grants = []directory.Grant{{ID: "grant-" + o.ID, ConsentType: "AllPrincipals", ResourceID: resource.ID, Scope: "User.Read"}}
	}
}
