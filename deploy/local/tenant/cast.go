package tenant

import (
	"fmt"
	"net/netip"
	"slices"

	"rekey/shared/event"
)

// Clients that principals of the tenant use.
var clients = []struct{ agent, library string }{
	{"okhttp/4.12.0", "Family: MSAL Library: MSAL.Java 1.17.2 Platform: Java"},
	{"python-requests/2.32.3", "Family: MSAL Library: MSAL.Python 1.31.0 Platform: Python"},
	{"azsdk-net-Identity/1.13.1 (.NET 8.0.11; Microsoft Windows 10.0.20348)", "Family: MSAL Library: MSAL.NET 4.66.2.0 Platform: .NET"},
	{"azsdk-go-azidentity/v1.8.0 (go1.23.4; linux)", "Family: MSAL Library: MSAL.Go 1.3.2 Platform: linux"},
	{"node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", "Family: MSAL Library: MSAL.Node 2.16.2 Platform: linux"},
}

// cast engages everybody, in one fixed order.
func (t *Tenant) cast() {
	t.several(14, "job", KindJob, t.job)
	t.several(10, "daemon", KindDaemon, t.daemon)
	t.several(6, "ci", KindPool, t.pool)
	t.several(3, "identity", KindManagedIdentity, t.managedIdentity)
	t.several(2, "shared-app", KindMultiTenant, t.multiTenant)
	t.several(2, "saml", KindSAML, t.saml)
	t.several(2, "partner-app", KindForeign, t.foreign)
	t.several(2, "legacy", KindLegacy, t.legacy)
	t.Victim = t.victim()
}

// several makes n principals of a kind; each gets its habits from build.
func (t *Tenant) several(n int, name string, kind Kind, build func(p *Principal, i int)) {
	for i := range n {
		p := t.principal(fmt.Sprintf("contoso-%s-%02d", name, i+1), kind, i)
		build(p, i)
	}
}

// principal makes a principal without habits, in the directory and in the list.
func (t *Tenant) principal(name string, kind Kind, i int) *Principal {
	client := clients[i%len(clients)]
	p := &Principal{
		Kind: kind, Name: name, Owner: t.ID, AppID: t.guid("app id", name), ObjectID: t.guid("service principal", name),
		Agent: client.agent, Library: client.library, Rate: 25 + t.source("rate", name).IntN(36),
	}
	t.Principals = append(t.Principals, p)
	t.ServicePrincipals = append(t.ServicePrincipals, ServicePrincipal{
		ID: p.ObjectID, AppID: p.AppID, DisplayName: name, ServicePrincipalType: "Application", AppOwnerOrganizationID: t.ID,
		AccountEnabled: true, SignInAudience: "AzureADMyOrg", ServicePrincipalNames: []string{p.AppID}, AlternativeNames: []string{},
		KeyCredentials: []KeyCredential{}, PasswordCredentials: []PasswordCredential{},
	})
	return p
}

// application adds the application object of a principal.
func (t *Tenant) application(p *Principal) *Application {
	p.ApplicationObjectID = t.guid("application", p.Name)
	t.Applications = append(t.Applications, Application{
		ID: p.ApplicationObjectID, AppID: p.AppID, DisplayName: p.Name, SignInAudience: "AzureADMyOrg", CreatedDateTime: validFrom,
		KeyCredentials: []KeyCredential{}, PasswordCredentials: []PasswordCredential{},
		FederatedIdentityCredentials: []FederatedIdentityCredential{},
	})
	return &t.Applications[len(t.Applications)-1]
}

// at gives a principal fixed machines in a network.
func (t *Tenant) at(p *Principal, asn uint32, machines int) {
	r, s := t.source("machines", p.Name, asn), Source{Network: t.network(asn)}
	for len(s.Addresses) < machines {
		if a := s.Network.addr(r); !slices.Contains(s.Addresses, a) {
			s.Addresses = append(s.Addresses, a)
		}
	}
	p.Sources = append(p.Sources, s)
}

// secretOrCertificate gives the application one credential: every third has a certificate.
func (t *Tenant) secretOrCertificate(p *Principal, i int) {
	a := t.application(p)
	if i%3 == 2 {
		a.KeyCredentials = []KeyCredential{t.certificate(p.Name)}
		p.Credential = ofCertificate(a.KeyCredentials[0])
		return
	}
	a.PasswordCredentials = []PasswordCredential{t.password("default", p.Name)}
	p.Credential = ofPassword(a.PasswordCredentials[0])
}

func (t *Tenant) job(p *Principal, i int) {
	t.secretOrCertificate(p, i)
	t.at(p, []uint32{asPlant, asCloudEU, asOffice, asCloudUS}[i%4], 1+i%2)
	p.Hours = [][]int{{2}, {1, 13}, {4, 10, 16, 22}, {6}, {0, 6, 12, 18}}[i%5]
	p.Resources = []Resource{resources[(i+3)%len(resources)], resources[i%len(resources)]}[:1+i%2]
	p.Old = i == 5 || i == 11
}

func (t *Tenant) daemon(p *Principal, i int) {
	t.secretOrCertificate(p, i)
	t.at(p, []uint32{asCloudEU, asCloudUS, asPlant}[i%3], 2)
	if i%4 == 1 {
		t.at(p, asPlant, 1)
	}
	if i == 6 { // one that prefers IPv6
		p.Sources = []Source{{Network: t.Networks[1], Addresses: []netip.Addr{t.Networks[1].addr(t.source("six", p.Name))}}}
	}
	p.Resources = []Resource{resources[i%len(resources)], resources[(i+2)%len(resources)]}
}

func (t *Tenant) pool(p *Principal, i int) {
	a := t.application(p)
	a.FederatedIdentityCredentials = []FederatedIdentityCredential{t.federated(p.Name, "main")}
	p.Credential = ofFederated(a.FederatedIdentityCredentials[0])
	p.Sources = []Source{{Network: t.network(asBuild)}, {Network: t.network(asPipelines)}}
	if i%3 == 0 {
		p.Sources = p.Sources[:1]
	}
	p.Hours = []int{7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}
	p.Resources = []Resource{resourceARM, resourceStorage}
}

func (t *Tenant) federated(name, branch string) FederatedIdentityCredential {
	return FederatedIdentityCredential{
		ID: t.guid("federated", name, branch), Name: name + "-" + branch, Issuer: "https://token.actions.githubusercontent.com",
		Subject: "repo:contoso-example/" + name + ":ref:refs/heads/" + branch, Audiences: []string{"api://AzureADTokenExchange"},
	}
}

func (t *Tenant) managedIdentity(p *Principal, i int) {
	sp := t.ServicePrincipalOf(p)
	sp.ServicePrincipalType, sp.SignInAudience, sp.AppOwnerOrganizationID = "ManagedIdentity", "", ""
	sp.AlternativeNames = []string{"isExplicit=True", fmt.Sprintf(
		"/subscriptions/%s/resourcegroups/contoso-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/%s", t.SubscriptionID, p.Name)}
	sp.KeyCredentials = []KeyCredential{t.certificate(p.AppID, p.Name)}
	p.Credential = Credential{Type: event.CredentialManagedIdentity}
	t.at(p, asCloudEU, 1) // what the tokens are used from: the sign-in itself has no address
	p.Agent, p.Library = "", ""
	p.Resources = []Resource{resourceVault, resourceStorage, resourceARM}[i%3:]
}

func (t *Tenant) multiTenant(p *Principal, i int) {
	t.secretOrCertificate(p, i)
	t.ApplicationOf(p).SignInAudience = "AzureADMultipleOrgs"
	t.ServicePrincipalOf(p).SignInAudience = "AzureADMultipleOrgs"
	t.at(p, asCloudEU, 3)
	p.Resources = []Resource{resourceGraph}
}

// saml holds what adding a token-signing certificate leaves: two keys with one thumbprint, and a password that has the
// key id of the signing one.
func (t *Tenant) saml(p *Principal, _ int) {
	t.application(p)
	verify := t.certificate("Microsoft Azure Federated SSO Certificate", p.Name)
	sign := verify
	sign.KeyID, sign.Type, sign.Usage, sign.Key = t.guid("signing", p.Name), "X509CertAndPassword", "Sign", nil
	opener := t.password("", p.Name)
	opener.KeyID, opener.Hint = sign.KeyID, ""
	sp := t.ServicePrincipalOf(p)
	sp.PreferredSingleSignOnMode, sp.PreferredTokenSigningKeyThumbprint = "saml", thumbprint(verify)
	sp.KeyCredentials, sp.PasswordCredentials = []KeyCredential{sign, verify}, []PasswordCredential{opener}
	p.Resources, p.Rate = nil, 0
}

func (t *Tenant) foreign(p *Principal, _ int) {
	p.Owner = t.guid("tenant of", p.Name)
	sp := t.ServicePrincipalOf(p)
	sp.AppOwnerOrganizationID, sp.SignInAudience = p.Owner, "AzureADMultipleOrgs"
	p.Credential = ofPassword(t.password("at home", p.Name)) // it is on the application, in its own tenant
	t.at(p, asPartner, 2)
	p.Resources = []Resource{resourceGraph, resourceExchange}
}

func (t *Tenant) legacy(p *Principal, i int) {
	sp := t.ServicePrincipalOf(p)
	sp.ServicePrincipalType, sp.PasswordCredentials = "Legacy", []PasswordCredential{t.password("", p.Name)}
	p.Credential = ofPassword(sp.PasswordCredentials[0])
	t.at(p, asOffice, 1)
	p.Resources, p.Old = []Resource{resourceARM}, i == 0
}

// victim is a daemon with more credentials than anybody remembers.
func (t *Tenant) victim() *Principal {
	p := t.principal("contoso-payroll-export", KindDaemon, 0)
	a := t.application(p)
	a.PasswordCredentials = []PasswordCredential{t.password("payroll server", p.Name), t.password("do not delete", p.Name)}
	a.KeyCredentials = []KeyCredential{t.certificate("payroll.contoso.example", p.Name)}
	a.FederatedIdentityCredentials = []FederatedIdentityCredential{t.federated(p.Name, "release")}
	sp := t.ServicePrincipalOf(p)
	sp.PasswordCredentials = []PasswordCredential{t.password("added by a script", p.Name)}
	sp.KeyCredentials = []KeyCredential{t.certificate("payroll-script.contoso.example", p.Name)}
	p.Credential, p.Rate = ofPassword(a.PasswordCredentials[0]), 48
	t.at(p, asPlant, 2)
	p.Resources = []Resource{resourceSQL, resourceStorage}
	return p
}
