package tenant

import "time"

// Application is an application object, with Graph's names. It is there only for applications of this tenant.
type Application struct {
	ID                  string               `json:"id"`
	AppID               string               `json:"appId"`
	DisplayName         string               `json:"displayName"`
	SignInAudience      string               `json:"signInAudience"`
	CreatedDateTime     time.Time            `json:"createdDateTime"`
	KeyCredentials      []KeyCredential      `json:"keyCredentials"`
	PasswordCredentials []PasswordCredential `json:"passwordCredentials"`
	// FederatedIdentityCredentials is a relationship in Graph, read and deleted by calls of its own.
	FederatedIdentityCredentials []FederatedIdentityCredential `json:"federatedIdentityCredentials"`
}

// ServicePrincipal is a service principal, with Graph's names.
type ServicePrincipal struct {
	ID                                 string               `json:"id"`
	AppID                              string               `json:"appId"`
	DisplayName                        string               `json:"displayName"`
	ServicePrincipalType               string               `json:"servicePrincipalType"` // Application, ManagedIdentity, Legacy
	AppOwnerOrganizationID             string               `json:"appOwnerOrganizationId,omitempty"`
	AccountEnabled                     bool                 `json:"accountEnabled"`
	SignInAudience                     string               `json:"signInAudience,omitempty"`
	ServicePrincipalNames              []string             `json:"servicePrincipalNames"`
	AlternativeNames                   []string             `json:"alternativeNames"` // of a managed identity: the ARM id
	PreferredSingleSignOnMode          string               `json:"preferredSingleSignOnMode,omitempty"`
	PreferredTokenSigningKeyThumbprint string               `json:"preferredTokenSigningKeyThumbprint,omitempty"`
	KeyCredentials                     []KeyCredential      `json:"keyCredentials"`
	PasswordCredentials                []PasswordCredential `json:"passwordCredentials"`
}

// KeyCredential is a certificate. Key is the certificate in DER, nil where Graph never shows it (usage Sign).
type KeyCredential struct {
	KeyID               string    `json:"keyId"`
	Type                string    `json:"type"`
	Usage               string    `json:"usage"`
	DisplayName         string    `json:"displayName"`
	CustomKeyIdentifier []byte    `json:"customKeyIdentifier"`
	Key                 []byte    `json:"key"`
	StartDateTime       time.Time `json:"startDateTime"`
	EndDateTime         time.Time `json:"endDateTime"`
}

// PasswordCredential is a client secret. SecretText is what the workload holds: it opens nothing but the local stack's
// token endpoint, and like in Graph it is not part of what is read.
type PasswordCredential struct {
	KeyID         string    `json:"keyId"`
	DisplayName   string    `json:"displayName"`
	Hint          string    `json:"hint"`
	SecretText    string    `json:"-"`
	StartDateTime time.Time `json:"startDateTime"`
	EndDateTime   time.Time `json:"endDateTime"`
}

// FederatedIdentityCredential lets tokens of another issuer in.
type FederatedIdentityCredential struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Issuer      string   `json:"issuer"`
	Subject     string   `json:"subject"`
	Description string   `json:"description"`
	Audiences   []string `json:"audiences"`
}

// ApplicationOf returns the application object behind a principal, or nil: managed identities, foreign applications and
// legacy principals have none in this tenant.
func (t *Tenant) ApplicationOf(p *Principal) *Application {
	for i := range t.Applications {
		if t.Applications[i].AppID == p.AppID {
			return &t.Applications[i]
		}
	}
	return nil
}

// ServicePrincipalOf returns a principal's service principal.
func (t *Tenant) ServicePrincipalOf(p *Principal) *ServicePrincipal {
	for i := range t.ServicePrincipals {
		if t.ServicePrincipals[i].ID == p.ObjectID {
			return &t.ServicePrincipals[i]
		}
	}
	return nil
}
