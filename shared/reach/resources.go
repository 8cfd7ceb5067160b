package reach

import (
	"cmp"
	"slices"
	"strings"

	"rekey/shared/exposure"
)

// ResourceReach is a resource whose keys Resource Manager handed out, or would have.
type ResourceReach struct {
	ID           string `json:"id"`
	Subscription string `json:"subscription,omitempty"`
	Read         Answer `json:"read"`
	Could        Answer `json:"could"`
	Seen         *Seen  `json:"seen,omitempty"`
	Ways         []Way  `json:"ways,omitempty"`
}

// listKeys is how the kinds of resource that Rekey knows hand out their keys.
var listKeys = map[string]string{
	"microsoft.storage/storageaccounts":              "Microsoft.Storage/storageAccounts/listKeys/action",
	"microsoft.documentdb/databaseaccounts":          "Microsoft.DocumentDB/databaseAccounts/listKeys/action",
	"microsoft.cache/redis":                          "Microsoft.Cache/redis/listKeys/action",
	"microsoft.eventhub/namespaces":                  "Microsoft.EventHub/namespaces/authorizationRules/listKeys/action",
	"microsoft.servicebus/namespaces":                "Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action",
	"microsoft.web/sites":                            "Microsoft.Web/sites/config/list/action",
	"microsoft.appconfiguration/configurationstores": "Microsoft.AppConfiguration/configurationStores/listKeys/action",
}

// resources lists what had its keys handed out, and what would have. Azure's activity log is on by itself, but what does not
// arrive here is not known: where nothing was seen the answer is unknown.
func (f *Facts) resources(seen map[string]*Seen) []ResourceReach {
	out, done := []ResourceReach{}, map[string]bool{}
	for _, r := range f.Resources.Items {
		one := ResourceReach{ID: r.ID, Subscription: r.Subscription, Read: Unknown, Could: No}
		key := strings.ToLower(exposure.ResourceName(strings.ToLower(r.ID)))
		if one.Seen = seen[key]; one.Seen != nil {
			one.Read, done[key] = Yes, true
		}
		if action := listKeys[strings.ToLower(r.Type)]; action != "" {
			one.Ways, one.Could = answer(f.ways(r.ID, ByRole, action))
		}
		if one.Read == Yes || one.Could != No {
			out = append(out, one)
		}
	}
	for key, s := range seen {
		if strings.HasPrefix(key, "/") && !done[key] {
			out = append(out, ResourceReach{ID: key, Subscription: subscriptionOf(key), Read: Yes, Could: Unknown, Seen: s})
		}
	}
	slices.SortFunc(out, func(a, b ResourceReach) int { return cmp.Or(a.Seen.before(b.Seen), strings.Compare(a.ID, b.ID)) })
	return out
}

// SAS says that the principal could have signed for a storage account with a user delegation key: such a signature lives
// for up to seven days and outlives the principal's roles; only the account's delegation keys can be revoked
// (revokeUserDelegationKeys), all at once.
type SAS struct {
	Account string `json:"account"`
	Ways    []Way  `json:"ways"`
	Reads   bool   `json:"reads"` // it had a role that reads blobs: a signature gives no more than its signer has
	Writes  bool   `json:"writes"`
}

// delegations lists the storage accounts for which it could have signed. The key belongs to the account: a role at a
// container does not reach it.
func (f *Facts) delegations() []SAS {
	out := []SAS{}
	for _, r := range f.Resources.Items {
		if !strings.EqualFold(r.Type, "microsoft.storage/storageaccounts") {
			continue
		}
		ways, _ := f.ways(r.ID, ByRole, actionDelegation)
		if len(ways) == 0 {
			continue
		}
		s := SAS{Account: r.ID, Ways: ways, Reads: f.below(r.ID, actionReadBlob), Writes: f.below(r.ID, actionWriteBlob)}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b SAS) int { return strings.Compare(a.Account, b.Account) })
	return out
}

// below reports whether an action is allowed at a resource, or at something in it.
func (f *Facts) below(resource, action string) bool {
	return slices.ContainsFunc(append(slices.Clone(f.Rights.Assignments.Items), f.Rights.Eligible.Items...), func(a Assignment) bool {
		reaches, _ := f.Rights.reaches(a.Scope, resource)
		within := strings.HasPrefix(strings.ToLower(a.Scope), strings.ToLower(resource)+"/")
		return (reaches || within) && f.Rights.Roles[strings.ToLower(a.RoleID)].allows(action)
	})
}
