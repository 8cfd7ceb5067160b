package arm

import (
	"net/url"
	"strings"

	sdk "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"rekey/shared/fault"
)

// Types of resources that Rekey deals with.
const (
	TypeVault      = "Microsoft.KeyVault/vaults"
	TypeIdentity   = "Microsoft.ManagedIdentity/userAssignedIdentities"
	TypeStorage    = "Microsoft.Storage/storageAccounts"
	TypeEventHubs  = "Microsoft.EventHub/namespaces"
	TypeServiceBus = "Microsoft.ServiceBus/namespaces"
	TypeCosmos     = "Microsoft.DocumentDB/databaseAccounts"
	TypeRedis      = "Microsoft.Cache/redis"
)

// apiVersions are what the plain pipeline asks for, from github.com/Azure/azure-rest-api-specs. Child types have their parent's.
var apiVersions = map[string]string{
	"microsoft.managedidentity/userassignedidentities": "2023-01-31",
	"microsoft.eventhub/namespaces":                    "2024-01-01",
	"microsoft.servicebus/namespaces":                  "2021-11-01",
	"microsoft.documentdb/databaseaccounts":            "2023-11-15",
	"microsoft.cache/redis":                            "2023-08-01",
	"microsoft.compute/virtualmachines":                "2024-07-01",
	"microsoft.compute/virtualmachinescalesets":        "2024-07-01",
	"microsoft.web/sites":                              "2023-12-01",
	"microsoft.app/containerapps":                      "2024-03-01",
}

const (
	subscriptionsVersion = "2022-12-01"
	diagnosticsVersion   = "2021-05-01-preview"
)

// apiVersion returns the api-version for a type, or "".
func apiVersion(kind string) string {
	for kind = strings.ToLower(kind); strings.Contains(kind, "/"); kind = kind[:strings.LastIndexByte(kind, '/')] {
		if v := apiVersions[kind]; v != "" {
			return v
		}
	}
	return ""
}

// parse reads a resource's id, which comes from tags, logs and other people. It must be of the type, directly in a
// resource group: an id that hides a parent would lead a call to another resource than the one that was approved.
func parse(doing, id, kind string) (*sdk.ResourceID, error) {
	r, err := read(doing, id)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(r.ResourceType.String(), kind) || r.Parent == nil || !strings.EqualFold(r.Parent.ResourceType.String(), "Microsoft.Resources/resourceGroups") {
		return nil, fault.Errorf(fault.Denied, "%s: the id does not name a resource of type %s", doing, kind)
	}
	return r, nil
}

// read reads any id that is safe to put into a path.
func read(doing, id string) (*sdk.ResourceID, error) {
	if !safe(id) {
		return nil, fault.Errorf(fault.Denied, "%s: the id is none of Azure's", doing)
	}
	r, err := sdk.ParseResourceID(id)
	if err != nil {
		return nil, fault.Errorf(fault.Denied, "%s: the id is none of Azure's", doing)
	}
	return r, nil
}

// safe reports whether an id stays what it is as the path of a URL.
func safe(id string) bool {
	if !strings.HasPrefix(id, "/") || strings.ContainsAny(id, "?#%\\'\"{}<>| \t\r\n") {
		return false
	}
	for part := range strings.SplitSeq(id[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

func escape(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// value reads what a pointer of the SDK points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// values reads a list of pointers as text.
func values[T ~string](in []*T) []string {
	var out []string
	for _, p := range in {
		if p != nil {
			out = append(out, string(*p))
		}
	}
	return out
}

// pointers is the reverse, with the spelling kept.
func pointers[T ~string](in []string) []*T {
	out := make([]*T, len(in))
	for i, s := range in {
		t := T(s)
		out[i] = &t
	}
	return out
}
