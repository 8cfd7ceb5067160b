package posture

import (
	"strings"
	"time"

	"rekey/shared/event"
)

// Facts are what the directory says about one application: the application object, if it is of this tenant, and its
// service principals. Names are Graph's.
type Facts struct {
	Application *Application `json:"application,omitempty"` // nil: a foreign application, a managed identity, a legacy principal
	Principals  []Principal  `json:"servicePrincipals"`     // most often one
}

// Application is an application object.
type Application struct {
	ID                  string       `json:"id"`
	AppID               string       `json:"appId"`
	DisplayName         string       `json:"displayName"`
	CreatedDateTime     time.Time    `json:"createdDateTime"` // the zero time when not known
	SignInAudience      string       `json:"signInAudience"`
	IdentifierURIs      []string     `json:"identifierUris"`
	Web                 Platform     `json:"web"`
	SPA                 Platform     `json:"spa"`
	PublicClient        Platform     `json:"publicClient"`
	PasswordCredentials []Credential `json:"passwordCredentials"`
	KeyCredentials      []Credential `json:"keyCredentials"`
	Owners              []Owner      `json:"owners"`
}

// Platform is where an application of one sort sends its users back to.
type Platform struct {
	RedirectURIs []string `json:"redirectUris"`
	LogoutURL    string   `json:"logoutUrl"` // of web only
}

// Principal is a service principal. Grants is nil when it was not read or could not be.
type Principal struct {
	ID                     string       `json:"id"`
	AppID                  string       `json:"appId"`
	DisplayName            string       `json:"displayName"`
	ServicePrincipalType   string       `json:"servicePrincipalType"`
	AppOwnerOrganizationID string       `json:"appOwnerOrganizationId"`
	ApplicationTemplateID  string       `json:"applicationTemplateId"` // of the gallery; empty when it is not from there
	CreatedDateTime        time.Time    `json:"createdDateTime"`       // the zero time when not known: v1.0 does not document it
	ReplyURLs              []string     `json:"replyUrls"`
	LogoutURL              string       `json:"logoutUrl"`
	VerifiedPublisher      Publisher    `json:"verifiedPublisher"`
	PasswordCredentials    []Credential `json:"passwordCredentials"`
	KeyCredentials         []Credential `json:"keyCredentials"`
	Owners                 []Owner      `json:"owners"`
	Grants                 *Grants      `json:"grants,omitempty"`
}

// Publisher is who Microsoft verified to have published an application; the zero Publisher is nobody.
type Publisher struct {
	ID   string `json:"verifiedPublisherId"`
	Name string `json:"displayName"`
}

// Credential is a client secret or a certificate, without what it is.
type Credential struct {
	KeyID         string    `json:"keyId"`
	DisplayName   string    `json:"displayName"`
	Usage         string    `json:"usage"` // of certificates: Verify, or Sign for what signs SAML tokens
	StartDateTime time.Time `json:"startDateTime"`
	EndDateTime   time.Time `json:"endDateTime"`
}

func (c *Credential) valid(now time.Time) bool {
	return !now.Before(c.StartDateTime) && (c.EndDateTime.IsZero() || now.Before(c.EndDateTime))
}

// Owner is a user or principal that may change an application.
type Owner struct {
	ID                string `json:"id"`
	AppID             string `json:"appId"` // of a principal
	UserPrincipalName string `json:"userPrincipalName"`
	UserType          string `json:"userType"` // Guest or Member
}

func (o *Owner) guest() bool {
	return strings.EqualFold(o.UserType, "guest") || strings.Contains(strings.ToUpper(o.UserPrincipalName), "#EXT#")
}

func (o *Owner) name() string {
	if o.UserPrincipalName != "" {
		return o.UserPrincipalName
	}
	return o.ID
}

// Grants are what a principal may do.
type Grants struct {
	AppRoles       []AppRole `json:"appRoles"`       // of its appRoleAssignments
	Scopes         []Scope   `json:"scopes"`         // of its oauth2PermissionGrants
	DirectoryRoles []string  `json:"directoryRoles"` // template ids or names
}

// AppRole is an application permission that was granted.
type AppRole struct {
	Value           string    `json:"value"`         // as in Mail.Read
	ResourceAppID   string    `json:"resourceAppId"` // of the API that defines it; empty when not known
	CreatedDateTime time.Time `json:"createdDateTime"`
}

// Scope is a delegated grant.
type Scope struct {
	Scope       string `json:"scope"`       // separated by spaces
	ConsentType string `json:"consentType"` // AllPrincipals or Principal
}

// Principal names the application as detections do: by its service principal, where there is one.
func (f *Facts) Principal() event.Principal {
	if len(f.Principals) > 0 {
		p := &f.Principals[0]
		return event.Principal{ObjectID: strings.ToLower(p.ID), AppID: strings.ToLower(p.AppID), Name: p.DisplayName}
	}
	if a := f.Application; a != nil {
		return event.Principal{AppID: strings.ToLower(a.AppID), Name: a.DisplayName}
	}
	return event.Principal{}
}

// holder is an object that has credentials: the application or one of its principals.
type holder struct {
	what            string // in words, and the beginning of a finding's subject
	passwords, keys []Credential
}

func (f *Facts) holders() []holder {
	var out []holder
	if a := f.Application; a != nil {
		out = append(out, holder{"application", a.PasswordCredentials, a.KeyCredentials})
	}
	for i := range f.Principals {
		out = append(out, holder{"service principal", f.Principals[i].PasswordCredentials, f.Principals[i].KeyCredentials})
	}
	return out
}

// KeyIDs returns the ids of all credentials, in lower case.
func (f *Facts) KeyIDs() []string {
	var out []string
	for _, h := range f.holders() {
		for _, list := range [][]Credential{h.passwords, h.keys} {
			for i := range list {
				out = append(out, strings.ToLower(list[i].KeyID))
			}
		}
	}
	return out
}

// redirects are the redirect URIs of web pages and single-page applications, each once; the ones of installed
// applications are bound to the machine they run on.
func (f *Facts) redirects() []string {
	if f.Application == nil {
		return nil // a stranger's addresses are his own
	}
	out := append(append([]string{}, f.Application.Web.RedirectURIs...), f.Application.SPA.RedirectURIs...)
	for i := range f.Principals {
		for _, u := range f.Principals[i].ReplyURLs {
			if !has(out, u) && !has(f.Application.PublicClient.RedirectURIs, u) {
				out = append(out, u)
			}
		}
	}
	return out
}

func has(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}
