package rule

import (
	"slices"
	"strings"

	"rekey/shared/event"
)

// World is what the tenant declares about itself. The zero World declares nothing: no actor is trusted, and rules that
// compare with a list that is empty find nothing, because without it everything would be foreign. Ids and domains are in
// lower case.
type World struct {
	Tenant    string
	Domains   []string          // verified domains; subdomains belong to them
	Deployers []string          // object ids of users and principals, and appIds, that change applications as their work
	Suspects  []string          // the same kinds of id, of those that are in a case: they vouch for nobody
	Self      event.Principal   // Rekey's own identity
	Objects   map[string]string // application object id to appId, from the last inventory
	Approved  []string          // appIds that users may consent to; empty when there is no such list
	Sources   []string          // GitHub organisations, and repositories as "organisation/name", whose workflows may sign in
	Issuers   []string          // issuers of federated credentials that are the tenant's own, without https://
	Own       []string          // ids of Rekey's own Azure resources or resource groups, without a slash at the end
}

// ids are the ids that an actor is known by.
func ids(a event.Actor) []string {
	all := []string{a.UserID, a.Principal.ObjectID, a.Principal.AppID}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// deploys reports whether an actor changes applications as his work, and is not himself in a case.
func (w *World) deploys(a event.Actor) bool { return listed(w.Deployers, a) && !w.suspect(a) }

func (w *World) suspect(a event.Actor) bool { return listed(w.Suspects, a) }

func listed(list []string, a event.Actor) bool {
	return slices.ContainsFunc(ids(a), func(id string) bool { return slices.Contains(list, id) })
}

// isSelf reports whether a principal is Rekey.
func (w *World) isSelf(p event.Principal) bool {
	return p.ObjectID != "" && p.ObjectID == w.Self.ObjectID || p.AppID != "" && p.AppID == w.Self.AppID
}

// platform are services of Microsoft's that act by themselves in every tenant: by name, with the appId where it is known.
// Names can be taken by anybody, so a record that has an appId must have the right one; many records have none.
var platform = map[string]string{
	"managed service identity":                       "ef5d5c69-a5df-46bb-acaf-426f161a21a2",
	"windows azure service management api":           "797f4846-ba00-4fd7-ba43-dac1f8f63013",
	"aad app management":                             "f0ae4899-d877-4d3c-ae25-679e38eea492",
	"ms-pim":                                         "01fc33a7-78ba-4d2f-a4b7-768e336e890e",
	"microsoft azure ad internal - jit provisioning": "",
	"power virtual agents service":                   "",
}

// isPlatform reports whether a service of Microsoft's acted.
func isPlatform(a event.Actor) bool {
	id, known := platform[strings.ToLower(a.Principal.Name)]
	return known && a.UserID == "" && (a.Principal.AppID == "" || a.Principal.AppID == id)
}

// microsoftTenants own Microsoft's applications; the last one owns few, among them Microsoft Graph Command Line Tools.
var microsoftTenants = []string{"72f988bf-86f1-41af-91ab-2d7cd011db47", "f8cdef31-a31e-4b4a-93e4-5f571e91255a", "cdc5aeea-15c5-4db6-b079-fcadd2505dc2"}

// byApplication reports whether an application acted, and not a user or a service of the platform.
func byApplication(e *event.Event) bool {
	a := e.Audit.Actor
	return a.UserID == "" && (a.Principal.Key() != "" || a.Principal.Name != "") && !isPlatform(a)
}

// isGuest reports whether a user belongs to another tenant.
func isGuest(userName string) bool { return strings.Contains(strings.ToUpper(userName), "#EXT#") }
