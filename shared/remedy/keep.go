package remedy

import (
	"slices"
	"strings"
	"time"
)

// Types of credential and of other things that a plan finds.
const (
	TypeKey           = "key"
	TypePassword      = "password"
	TypeFederated     = "federated"
	TypeOwner         = "owner"
	TypeRedirectURI   = "redirectUri"
	TypeGrant         = "grant"
	TypeAppRole       = "appRole"
	TypeDirectoryRole = "directoryRole"
	TypeAzureRole     = "azureRole"
	TypeVaultAccess   = "vaultAccess"
)

// Kept is a credential or item that stays, and why.
type Kept struct {
	Object string `json:"object"`
	Type   string `json:"type,omitempty"`
	KeyID  string `json:"keyId"`
	Why    string `json:"why"`
	Opens  bool   `json:"opensDoor,omitempty"` // it may still let the intruder in: the principal must not be enabled
}

// Keeping is the rule of what stays. It is part of the plan, so that people and programs can see what it was made by.
type Keeping struct {
	Suspects  []string  `json:"suspects,omitempty"` // key ids that suspicious sign-ins used: they never stay
	Since     time.Time `json:"since"`              // what was added since does not stay either
	Added     []string  `json:"added,omitempty"`    // object/id that the audit log shows were added since, whatever date they claim
	Objects   []string  `json:"objects,omitempty"`  // whose credentials the plan changes; of others everything stays
	Microsoft []string  `json:"microsoft,omitempty"`
	// Shown is what was there when planned: object/type/id and, for a certificate, its thumbprint. What came later never
	// stays, whatever it looks like: key ids, dates and names are chosen by whoever adds a key. Nil does not ask.
	Shown        map[string]string `json:"shown,omitempty"`
	Locks        map[string]*Lock  `json:"locks,omitempty"`
	Own          []string          `json:"own,omitempty"`   // Rekey's own new certificates on the application
	Edits        []Edit            `json:"edits,omitempty"` // about credentials, each with its object and type
	OldFederated bool              `json:"oldFederated,omitempty"`
}

// Keep returns the credentials of an object that stay: nothing that opens the door for the workload, but what SAML
// sign-on of people and token encryption hang on. Suspects are key ids that suspicious sign-ins used; they never stay.
// From is the beginning of the suspect window: what was added since does not stay either.
func Keep(o Object, suspects []string, from time.Time) []Kept {
	return Keeping{Suspects: suspects, Since: from, Objects: []string{o.ID}}.Of(o)
}

// credential is one door of an object.
type credential struct {
	kind, id, name string
	key            *Key
	password       *Password
}

// at names a credential of an object.
func (c credential) at(o Object) string { return o.ID + "/" + c.kind + "/" + c.id }

// thumbprint is of a certificate, or "".
func (c credential) thumbprint() string {
	if c.key == nil {
		return ""
	}
	return c.key.Thumbprint()
}

// late reports whether a credential came, or became another one, after the plan was made.
func (k Keeping) late(o Object, c credential) bool {
	was, ok := k.Shown[c.at(o)]
	return k.Shown != nil && (!ok || was != "" && c.thumbprint() != "" && was != c.thumbprint())
}

// decided returns what a person decided about a credential.
func (k Keeping) decided(o Object, c credential) (Edit, bool) {
	for _, e := range k.Edits {
		if e.counts() && e.Object == o.ID && e.Type == c.kind && strings.EqualFold(e.ID, c.id) {
			return e, true
		}
	}
	return Edit{}, false
}

// credentials returns all of an object.
func credentials(o Object) []credential {
	var out []credential
	for i := range o.Keys {
		out = append(out, credential{TypeKey, o.Keys[i].KeyID, o.Keys[i].Name, &o.Keys[i], nil})
	}
	for i := range o.Passwords {
		out = append(out, credential{TypePassword, o.Passwords[i].KeyID, o.Passwords[i].Name, nil, &o.Passwords[i]})
	}
	for i := range o.Federated {
		out = append(out, credential{kind: TypeFederated, id: o.Federated[i].ID, name: o.Federated[i].Name})
	}
	return out
}

// Of returns what stays of an object.
func (k Keeping) Of(o Object) []Kept {
	var out []Kept
	signing := k.signing(o)
	for _, c := range credentials(o) {
		if why, opens := k.why(o, c, signing); why != "" {
			out = append(out, Kept{o.ID, c.kind, c.id, why, opens})
		}
	}
	return out
}

// fixed says why a credential stays whatever anybody decides, or "".
func (k Keeping) fixed(o Object, c credential) (why string, opens bool) {
	switch {
	case !has(k.Objects, o.ID):
		return outsideWhy, false
	case c.kind == TypeKey && o.Kind == KindApplication && has(k.Own, c.id):
		return ownWhy, false
	case c.kind != TypeFederated && k.Locks[o.ID].Locks(usage(o, c)):
		return "the application's instance property lock forbids to change it", true
	}
	return "", false
}

// why says why a credential stays, or "" when it goes. The order of the questions is the rule.
func (k Keeping) why(o Object, c credential, signing map[string]bool) (why string, opens bool) {
	if why, opens := k.fixed(o, c); why != "" {
		return why, opens
	}
	e, edited := k.decided(o, c)
	switch {
	case has(k.Suspects, c.id):
		return "", false
	case has(k.Microsoft, o.ID) && !k.added(o, c.id) && !(edited && !e.Keep):
		return "on a principal of Microsoft's, and no record shows that this tenant added it", false
	case edited && e.Keep:
		return e.kept(), false
	case edited:
		return "", false
	case c.kind == TypeKey && c.id == o.EncryptionKeyID && c.id != "" && !k.young(o, c.id, c.key.Start):
		return "encrypts tokens for the application; it opens no door", false
	case c.kind != TypeFederated && signing[c.kind+c.id]:
		if c.kind == TypePassword {
			return "opens the token signing certificate of SAML sign-on", false
		}
		return "the preferred token signing certificate of SAML sign-on, older than the suspect window", false
	case c.kind == TypeFederated && k.OldFederated && !k.added(o, c.id):
		return "no record shows that it was added or used in the suspect window, and policy leaves such ones", false
	}
	return "", false
}

const (
	outsideWhy = "its object is not in the plan"
	ownWhy     = "Rekey's own new certificate" // if it is: whoever adds a key chooses its id
)

// usage says what a credential is for, as the lock sees it: Sign, or Verify.
func usage(o Object, c credential) string {
	if c.key != nil && c.key.Usage == "Sign" || c.password != nil && hasSignKey(o, c.password.Group) {
		return "Sign"
	}
	return "Verify"
}

// young reports whether a credential was added in the window. Its own date was chosen by whoever added it, so the audit log
// overrules it.
func (k Keeping) young(o Object, id string, start time.Time) bool {
	return !start.Before(k.Since) || k.added(o, id)
}

// added reports whether the audit log shows that something was added to an object in the window.
func (k Keeping) added(o Object, id string) bool {
	return has(k.Added, o.ID+"/"+id) || has(k.Added, "/"+id)
}

// signing finds the one set of Sign key, Verify key and password that signs SAML tokens of an object. The Verify key's
// thumbprint is computed from the certificate and must be the preferred one; all three must predate the window and share
// the group; one of them that suspicious sign-ins used spoils the set. Anybody who may add keys can make a look-alike, so a
// second old Sign key in the group spoils it as well: nothing tells which is the true one.
func (k Keeping) signing(o Object) map[string]bool {
	out := map[string]bool{}
	if o.Kind != KindServicePrincipal || o.PreferredSigning == "" {
		return out
	}
	for _, v := range o.Keys {
		if v.Group == "" || v.Usage == "Sign" || k.young(o, v.KeyID, v.Start) || !strings.EqualFold(v.Thumbprint(), o.PreferredSigning) {
			continue
		}
		var sign []string
		for _, s := range o.Keys {
			if s.Group == v.Group && s.Usage == "Sign" && !k.young(o, s.KeyID, s.Start) {
				sign = append(sign, s.KeyID)
			}
		}
		if len(sign) != 1 || has(k.Suspects, sign[0]) || has(k.Suspects, v.KeyID) {
			continue
		}
		out[TypeKey+sign[0]], out[TypeKey+v.KeyID] = true, true
		for _, p := range o.Passwords {
			if p.Group == v.Group && p.KeyID == sign[0] && !k.young(o, p.KeyID, p.Start) {
				out[TypePassword+p.KeyID] = true
			}
		}
	}
	return out
}

func hasSignKey(o Object, group string) bool {
	return group != "" && slices.ContainsFunc(o.Keys, func(k Key) bool { return k.Group == group && k.Usage == "Sign" })
}

// has compares ids without regard to case.
func has(ids []string, id string) bool {
	return id != "" && slices.ContainsFunc(ids, func(s string) bool { return strings.EqualFold(s, id) })
}

// Doubt is something that a person has to look at before the plan is approved.
type Doubt struct {
	Object string `json:"object"`
	Type   string `json:"type"`
	ID     string `json:"id"`
	What   string `json:"what"`
	Why    string `json:"why"`
	Goes   bool   `json:"goes"` // what happens without a decision: it goes, or it stays
}

// doubts lists the look-alikes of an object: what looks like SAML signing or token encryption and is not kept, and what is
// kept although it could open the door.
func (k Keeping) doubts(o Object) []Doubt {
	var out []Doubt
	signing := k.signing(o)
	for _, c := range credentials(o) {
		kept, _ := k.why(o, c, signing)
		_, edited := k.decided(o, c)
		if edited || has(k.Suspects, c.id) {
			continue
		}
		d := Doubt{Object: o.ID, Type: c.kind, ID: c.id, What: c.label(), Goes: kept == ""}
		switch {
		case kept != "" && has(k.Microsoft, o.ID):
			d.Why = "it is on a principal of Microsoft's and no record shows who added it"
		case kept != "" && c.kind == TypeKey && c.id == o.EncryptionKeyID && c.key.Usage == "Verify":
			d.Why = "it is named as the token encryption key, but a key of usage Verify can also sign in"
		case kept != "":
			continue
		case c.kind == TypeKey && c.id == o.EncryptionKeyID && c.id != "":
			d.Why = "it is named as the token encryption key, but it was added in the suspect window"
		case usage(o, c) == "Sign" || c.key != nil && hasSignKey(o, c.key.Group):
			d.Why = k.lookalike(o, c)
		default:
			continue
		}
		out = append(out, d)
	}
	return out
}

// lookalike says why something that looks like SAML signing is not taken for it.
func (k Keeping) lookalike(o Object, c credential) string {
	start := time.Time{}
	switch {
	case c.key != nil:
		start = c.key.Start
	case c.password != nil:
		start = c.password.Start
	}
	switch {
	case k.young(o, c.id, start):
		return "it looks like SAML signing, but was added in the suspect window"
	case o.PreferredSigning == "":
		return "it looks like SAML signing, but no preferred signing key is set: no sign-on uses it"
	case c.key != nil && c.key.Usage != "Sign" && c.key.Public == "":
		return "it looks like SAML signing, but its certificate was not read: nothing shows that it is the preferred one"
	}
	return "it looks like SAML signing, but is not the preferred signing key's certificate: people's sign-on does not use it"
}

// label names a credential for people.
func (c credential) label() string {
	out := map[string]string{TypeKey: "certificate", TypePassword: "client secret", TypeFederated: "federated credential"}[c.kind]
	if c.key != nil && c.key.Usage == "Sign" {
		out = "signing key"
	}
	if c.name != "" {
		out += " " + quoted(c.name)
	}
	return out
}
