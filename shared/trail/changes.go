package trail

import (
	"strings"

	"rekey/shared/audit"
)

// credentials reads which keys came and went: the record has the whole list before and after. The platform rotates
// the certificates of managed identities itself, and is an actor like others here.
func (r *record) credentials() {
	for i, t := range r.Targets {
		for _, p := range t.Properties {
			if p.Name != "KeyDescription" {
				continue
			}
			for _, k := range audit.AddedKeys(p.Old, p.New) {
				r.principal(CredentialAdded, r.subject(i), credentialType(k.Type), keyID(k.ID))
			}
			for _, k := range audit.AddedKeys(p.New, p.Old) {
				r.principal(CredentialRemoved, r.subject(i), credentialType(k.Type), keyID(k.ID))
			}
		}
	}
}

func keyID(id string) func(*Entry) { return func(e *Entry) { e.KeyID = id } }

func credentialType(t string) string {
	switch t {
	case "Password":
		return "secret"
	case "AsymmetricX509Cert":
		return "certificate"
	}
	return t
}

// federated reads which federated credentials came, changed and went. They have no activity of their own.
func (r *record) federated() {
	for i, t := range r.Targets {
		for _, p := range t.Properties {
			if p.Name != "FederatedIdentityCredentials" {
				continue
			}
			before, _ := audit.FederatedCredentials(p.Old)
			after, _ := audit.FederatedCredentials(p.New)
			for _, c := range audit.ChangedFederated(before, after) {
				r.principal(FederatedAdded, r.subject(i), "trusts "+c.New.Issuer+" "+c.New.Subject+c.New.Claims, keyID(c.New.ID))
			}
			for _, c := range audit.ChangedFederated(after, before) {
				if c.Old == nil {
					r.principal(FederatedRemoved, r.subject(i), "trusted "+c.New.Issuer, keyID(c.New.ID))
				}
			}
		}
	}
}

// lifecycle reads applications and principals that come and go.
func (r *record) lifecycle(activity string) bool {
	act, ok := map[string]Act{
		"add application": Created, "add service principal": Created,
		"delete application": Deleted, "hard delete application": Deleted, "remove service principal": Deleted, "hard delete service principal": Deleted,
		"restore application": Restored, "restore service principal": Restored,
	}[activity]
	if !ok {
		return false
	}
	what := "application"
	if strings.HasSuffix(activity, "service principal") {
		what = "service principal"
	}
	if strings.HasPrefix(activity, "hard ") {
		what += ", for good"
	}
	r.principal(act, r.subject(0), what)
	return true
}

// ForAllUsers begins what an entry says of a consent for everybody.
const ForAllUsers = "for all users: "

// RedirectURI begins what an entry says of a redirect URI that was added.
const RedirectURI = "redirect URI "

// configured are the properties of an application that say where its tokens go, and who may ask for them.
var configured = map[string]string{
	"AppAddress": "redirect URIs", "AppIdentifierUri": "identifier URIs", "LogoutUrl": "sign-out URL", "WwwHomepage": "home page",
	"AvailableToOtherTenants": "open to other tenants", "PublicClient": "public client",
}

// configuration reads updates of applications and principals.
func (r *record) configuration() {
	for i, t := range r.Targets {
		for _, p := range t.Properties {
			was, is := audit.True(p.Old), audit.True(p.New)
			switch {
			case p.Name == "AccountEnabled" && is && !was && audit.Text(p.Old) != "":
				r.principal(Enabled, r.subject(i), "")
			case p.Name == "AccountEnabled" && was && !is:
				r.principal(Disabled, r.subject(i), "")
			case p.Name == "RequiredResourceAccess" && len(audit.AddedAccess(p.Old, p.New)) > 0:
				r.principal(PermissionsAsked, r.subject(i), "")
			case p.Name == "AppAddress" && len(audit.AddedURIs(p.Old, p.New)) > 0:
				for _, uri := range audit.AddedURIs(p.Old, p.New) {
					r.principal(Configured, r.subject(i), RedirectURI+uri)
				}
			case configured[p.Name] != "" && p.Old != p.New:
				r.principal(Configured, r.subject(i), configured[p.Name])
			}
		}
	}
}

// people reads what is done to people's accounts and groups: how an intruder stays when the application is cleaned.
func (r *record) people(activity string) bool {
	switch {
	case activity == "add user" || strings.HasPrefix(activity, "invite external user"):
		key, name := r.other("user")
		r.keep(UserCreated, key, name, "")
	case strings.HasPrefix(activity, "reset password"), strings.HasPrefix(activity, "reset user password"), strings.HasPrefix(activity, "change user password"):
		key, name := r.other("user")
		r.keep(PasswordReset, key, name, "")
	case strings.Contains(activity, "security info"), strings.Contains(activity, "strong authentication"), strings.Contains(activity, "authentication method"):
		if key, name := r.other("user"); key != r.base.Actor { // people look after their own methods every day
			r.keep(MethodChanged, key, name, r.Activity)
		}
	case activity == "add member to group":
		key, name := r.member()
		r.keep(GroupMemberAdded, key, name, "group "+audit.Value(r.Change, "Group.DisplayName"))
	default:
		return false
	}
	return true
}

// tenantWide reads what changes the rules for everybody.
func (r *record) tenantWide(activity string) bool {
	switch {
	case strings.Contains(activity, "elevated their access"):
		r.keep(AccessElevated, "", "", "User Access Administrator over all of Azure")
	case strings.Contains(activity, "conditional access policy"), strings.Contains(activity, "named location"), strings.Contains(activity, "authorization policy"),
		strings.Contains(activity, "app management policy"), strings.Contains(activity, "permission grant policy"), strings.Contains(activity, "tenant app management policy"),
		strings.Contains(activity, "certificate based auth"), strings.Contains(activity, "certificate authority"), strings.Contains(activity, "certificateauthority"),
		strings.Contains(activity, "publickeyinfrastructure"):
		key, name := r.other("policy")
		r.keep(PolicyChanged, key, name, r.Activity)
	case strings.Contains(activity, "domain authentication"), strings.Contains(activity, "federation settings on domain"), strings.HasSuffix(activity, "unverified domain"),
		strings.HasPrefix(activity, "verify domain"), strings.HasPrefix(activity, "add verified domain"):
		key, name := r.other("domain")
		r.keep(DomainChanged, key, name, r.Activity)
	case strings.HasPrefix(strings.ReplaceAll(activity, " ", ""), "confirmserviceprincipal"), strings.HasPrefix(strings.ReplaceAll(activity, " ", ""), "dismissserviceprincipal"):
		r.principal(RiskStateChanged, r.subject(0), r.Activity)
	default:
		return false
	}
	return true
}
