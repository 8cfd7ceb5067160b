package tenant

// Resource is what a token is for: a service of Microsoft's, by its well-known application id.
type Resource struct{ Name, AppID string }

// The resources that principals of the tenant use.
var (
	resourceGraph      = Resource{"Microsoft Graph", "00000003-0000-0000-c000-000000000000"}
	resourceARM        = Resource{"Windows Azure Service Management API", "797f4846-ba00-4fd7-ba43-dac1f8f63013"}
	resourceVault      = Resource{"Azure Key Vault", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"}
	resourceStorage    = Resource{"Azure Storage", "e406a681-f3d4-42a8-90b6-c2b029497af1"}
	resourceSQL        = Resource{"Azure SQL Database", "022907d3-0f1b-48f7-badc-1ba6abab6d66"}
	resourceServiceBus = Resource{"Microsoft.ServiceBus", "80a10ef9-8168-493d-abf9-3297c4ef6e3c"}
	resourceExchange   = Resource{"Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000"}

	resources = []Resource{
		resourceGraph, resourceARM, resourceVault, resourceStorage, resourceSQL, resourceServiceBus, resourceExchange,
	}
)

// microsoft is the tenant that owns Microsoft's own applications.
const microsoft = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

// resourceObjectID is the id of a resource's service principal in this tenant.
func (t *Tenant) resourceObjectID(r Resource) string { return t.guid("service principal", r.AppID) }

func (t *Tenant) firstParty(r Resource) ServicePrincipal {
	return ServicePrincipal{
		ID: t.resourceObjectID(r), AppID: r.AppID, DisplayName: r.Name, ServicePrincipalType: "Application",
		AppOwnerOrganizationID: microsoft, AccountEnabled: true, SignInAudience: "AzureADMultipleOrgs",
		ServicePrincipalNames: []string{r.AppID}, AlternativeNames: []string{},
		KeyCredentials: []KeyCredential{}, PasswordCredentials: []PasswordCredential{},
	}
}
