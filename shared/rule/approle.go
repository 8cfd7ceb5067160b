package rule

import (
	"cmp"
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/privilege"
)

// assignment is an app role given to a client.
type assignment struct {
	of       event.Principal
	resource string // display name
	role     string // value, or id where there is no value
	id       string
}

// assigned reads "Add app role assignment to service principal". The first target is the resource, and so is
// additionalDetails AppId; the client is in the properties.
func assigned(e *event.Event) (assignment, bool) {
	if !changed(e, "Add app role assignment to service principal") {
		return assignment{}, false
	}
	id := audit.ID(e.Audit, "AppRole.Id")
	return assignment{
		of: audit.Client(e.Audit), resource: audit.Target(e.Audit, 0).Name, id: id,
		role: cmp.Or(audit.Value(e.Audit, "AppRole.Value"), id, "an unnamed role"),
	}, true
}

func (a assignment) tier() privilege.Tier {
	return strongest([]string{a.id, a.role}, privilege.AppRole)
}

// managesRoles reports whether the role lets a client give out roles: it needs no other permission.
func (a assignment) managesRoles() bool {
	r := strings.ToLower(a.role)
	return a.id == "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8" || a.id == "06b708a9-e830-4db3-a914-8e69da51d44f" ||
		slices.ContainsFunc([]string{"rolemanagement.readwrite.", "roleassignmentschedule.readwrite", "roleeligibilityschedule.readwrite", "approleassignment.readwrite", "privilegedaccess.readwrite", "rolemanagementpolicy.readwrite", "privilegedassignmentschedule.readwrite", "privilegedeligibilityschedule.readwrite"},
			func(prefix string) bool { return strings.HasPrefix(r, prefix) })
}

// readsMail reports whether the role opens mailboxes, or the system they are in.
func (a assignment) readsMail() bool {
	r := strings.ToLower(a.role)
	for _, prefix := range []string{"mail.", "mailboxsettings.", "mailboxitem.", "mailboxfolder.", "smtp.", "imap.", "pop.", "exchange.", "ews.", "calendars."} {
		if strings.HasPrefix(r, prefix) {
			return true
		}
	}
	return r == "full_access_as_app" || slices.Contains(mailRoles, a.id)
}

// mailRoles are the ids of the roles about mail that a record without AppRole.Value is known by: full_access_as_app,
// Exchange.ManageAsApp, Mail.Read, Mail.ReadWrite and Mail.Send.
var mailRoles = []string{
	"dc890d15-9560-4a4c-9b7f-a736ec74ec40", "dc50a0fb-09a3-484d-be87-e023b12c6440", "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
	"e2a3a72e-5f79-4c64-b1b1-878b674786c9", "b633e1c5-b582-4048-a93e-9f11b44c7e96",
}

// subject is what the finding is about: the role on its resource.
func (a assignment) subject() string { return a.resource + "/" + a.role }

// anyGrant reads a grant of an app role or of delegated permissions.
func anyGrant(e *event.Event) (of event.Principal, what string, ok bool) {
	if a, ok := assigned(e); ok {
		return a.of, a.role + " on " + a.resource, true
	}
	g, ok := granted(e)
	return g.of, few(g.scopes) + " on " + g.resource, ok
}

func grantTier(e *event.Event) privilege.Tier {
	if a, ok := assigned(e); ok {
		return a.tier()
	}
	g, _ := granted(e)
	return g.tier()
}
