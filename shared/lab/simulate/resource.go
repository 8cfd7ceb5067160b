package simulate

import "fmt"

// resource is what a token is for.
type resource struct {
	name   string
	appID  string
	object string // id of its service principal in the tenant
}

// Resources whose own logs are part of the run, and the one that the fleet takes up.
const (
	toARM int16 = iota
	toGraph
	toVault
	toStorage
	toFleet // nobody uses it before the fleet takes it up
	firstOrdinary
)

// firstParty are Microsoft's, with their well-known application ids, roughly by how often they are used.
var firstParty = []resource{
	{name: "Windows Azure Service Management API", appID: "797f4846-ba00-4fd7-ba43-dac1f8f63013"},
	{name: "Microsoft Graph", appID: "00000003-0000-0000-c000-000000000000"},
	{name: "Azure Key Vault", appID: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"},
	{name: "Azure Storage", appID: "e406a681-f3d4-42a8-90b6-c2b029497af1"},
	{name: "Contoso Model Gateway", appID: ""},
	{name: "Azure SQL Database", appID: "022907d3-0f1b-48f7-badc-1ba6abab6d66"},
	{name: "Microsoft.ServiceBus", appID: "80a10ef9-8168-493d-abf9-3297c4ef6e3c"},
	{name: "Microsoft.EventHubs", appID: "80369ed6-5f11-4dd9-bef3-692475845e77"},
	{name: "Log Analytics API", appID: "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"},
	{name: "Azure DevOps", appID: "499b84ac-1321-427f-aa17-267ca6975798"},
	{name: "AzureDatabricks", appID: "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"},
	{name: "Office 365 Exchange Online", appID: "00000002-0000-0ff1-ce00-000000000000"},
	{name: "Office 365 SharePoint Online", appID: "00000003-0000-0ff1-ce00-000000000000"},
	{name: "Windows Azure Active Directory", appID: "00000002-0000-0000-c000-000000000000"},
	{name: "Azure App Configuration", appID: "35ffadb3-7fc1-497e-b61b-381d28e744cc"},
	{name: "Azure Cosmos DB", appID: "a232010e-820c-4083-83bb-3ace5fc29d0b"},
}

// internalAPIs is how many resources the company wrote itself.
const internalAPIs = 60

func (r *Run) newResources() {
	r.resources = append([]resource(nil), firstParty...)
	for i := range internalAPIs {
		r.resources = append(r.resources, resource{name: fmt.Sprintf("contoso-%s-api", subjects[i%len(subjects)])})
		if i >= len(subjects) {
			r.resources[len(r.resources)-1].name = fmt.Sprintf("contoso-%s-api-%d", subjects[i%len(subjects)], i/len(subjects)+1)
		}
	}
	for i := range r.resources {
		if r.resources[i].appID == "" {
			r.resources[i].appID = r.id("resource application", i)
		}
		r.resources[i].object = r.id("resource", i)
	}
}

// ordinary draws a resource as principals use them: the common ones often, an internal one now and then.
func (r *Run) ordinary(d dice) int16 {
	switch n := d.IntN(100); {
	case n < 30:
		return toARM
	case n < 48:
		return toGraph
	case n < 63:
		return toVault
	case n < 75:
		return toStorage
	case n < 88:
		return firstOrdinary + int16(d.IntN(len(firstParty)-int(firstOrdinary)))
	}
	return int16(len(firstParty) + d.IntN(internalAPIs))
}

// logged reports whether calls to a resource show in a log of the run.
func logged(resource int16) bool { return resource <= toVault }

var subjects = []string{
	"orders", "billing", "payroll", "inventory", "shipping", "pricing", "identity", "search", "catalog", "loyalty", "claims", "forecast",
	"reports", "archive", "telemetry", "returns", "contracts", "vendors", "mailing", "translation", "scoring", "quality", "fleet", "energy",
	"assets", "travel", "training", "media", "support", "backup",
}
