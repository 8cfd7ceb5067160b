package graph

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"rekey/deploy/local/directory"
)

// managed is the type of managed identities' principals. "Managed identities cannot be updated or modified directly"
// (managed-identities-faq); the answer is that of azure-docs issue 77020.
const managed = "ManagedIdentity"

// setter writes a property that a PATCH may carry.
type setter func(o *directory.Object, raw json.RawMessage) error

// simple sets properties that only have to be of the right type. Nested ones that are not sent stay as they are.
var simple = map[string]map[string]func(*directory.Object) any{
	directory.Applications: {
		"displayName":    func(o *directory.Object) any { return &o.DisplayName },
		"web":            func(o *directory.Object) any { return &o.Web },
		"spa":            func(o *directory.Object) any { return &o.SPA },
		"publicClient":   func(o *directory.Object) any { return &o.PublicClient },
		"signInAudience": func(o *directory.Object) any { return &o.SignInAudience },
		"tags":           func(o *directory.Object) any { return &o.Tags },
	},
	directory.ServicePrincipals: {
		"displayName":                        func(o *directory.Object) any { return &o.DisplayName },
		"accountEnabled":                     func(o *directory.Object) any { return &o.AccountEnabled },
		"replyUrls":                          func(o *directory.Object) any { return &o.ReplyURLs },
		"tags":                               func(o *directory.Object) any { return &o.Tags },
		"preferredTokenSigningKeyThumbprint": func(o *directory.Object) any { return &o.PreferredTokenSigningKey },
	},
}

// patch changes properties of an object: all that were sent, or none.
func (s *Server) patch(collection string) func(call) {
	return func(c call) {
		var in map[string]json.RawMessage
		if c.body(&in) != nil || len(in) == 0 {
			c.refuse(bad("Empty Payload. JSON content expected."))
			return
		}
		names, setters, err := prepared(collection, in, s.rules(collection, c.id()))
		if err != nil {
			c.refuse(err)
			return
		}
		err = s.directory.Update(collection, c.id(), c.actor.AppID, joined(names), func(o *directory.Object) error {
			if o.ServicePrincipalType == managed && !slices.Equal(names, []string{"accountEnabled"}) {
				return denied
			}
			for _, name := range names {
				if err := setters[name](o, in[name]); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil && in["appRoles"] != nil {
			err = s.publish(c, c.id())
		}
		c.end(err)
	}
}

// prepared returns the names of what was sent, in the order in which it is set, and who sets it.
func prepared(collection string, in map[string]json.RawMessage, rules rules) ([]string, map[string]setter, error) {
	var names []string
	setters := map[string]setter{}
	for name := range in {
		set := settable(collection, name, rules)
		if set == nil {
			return nil, nil, bad("Property '" + name + "' is read-only and cannot be set.")
		}
		names, setters[name] = append(names, name), set
	}
	slices.Sort(names)
	return names, setters, nil
}

// joined is what the change log says of a PATCH.
func joined(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += "+"
		}
		out += n
	}
	return out
}

func settable(collection, name string, rules rules) setter {
	switch name {
	case "keyCredentials":
		return func(o *directory.Object, raw json.RawMessage) error { return replaceKeys(o, raw, rules) }
	case "tokenEncryptionKeyId":
		return func(o *directory.Object, raw json.RawMessage) error { return setEncryptionKey(o, raw, rules) }
	case "identifierUris", "appRoles", "api", "groupMembershipClaims":
		if collection != directory.Applications {
			return nil
		}
		return func(o *directory.Object, raw json.RawMessage) error { return rules.registration.set(o, name, raw) }
	case "servicePrincipalLockConfiguration":
		if collection != directory.Applications {
			return nil
		}
		return func(o *directory.Object, raw json.RawMessage) error {
			lock := &directory.Lock{}
			if json.Unmarshal(raw, &lock) != nil {
				return invalid(name)
			}
			o.Lock = lock
			return nil
		}
	}
	field := simple[collection][name]
	if field == nil {
		return nil
	}
	return func(o *directory.Object, raw json.RawMessage) error {
		if json.Unmarshal(raw, field(o)) != nil {
			return invalid(name)
		}
		return nil
	}
}

func invalid(property string) problem {
	return bad("Invalid value specified for property '" + property + "' of resource.")
}

func setEncryptionKey(o *directory.Object, raw json.RawMessage, rules rules) error {
	if rules.lock.AllProperties || rules.lock.TokenEncryptionKeyID {
		return locked("tokenEncryptionKeyId")
	}
	var id *string
	if json.Unmarshal(raw, &id) != nil {
		return invalid("tokenEncryptionKeyId")
	}
	o.TokenEncryptionKeyID = ""
	if id != nil {
		o.TokenEncryptionKeyID = *id
	}
	return nil
}

// sentKey is an item of a PATCH.
type sentKey struct {
	KeyID               string
	Type                string
	Usage               string
	DisplayName         string
	CustomKeyIdentifier []byte
	Key                 []byte
	StartDateTime       time.Time
	EndDateTime         time.Time
}

// replaceKeys makes the list what was sent: items with a known keyId and no key are echoes and must be unchanged,
// everything else is new and must bring its certificate. What is not sent is gone.
func replaceKeys(o *directory.Object, raw json.RawMessage, rules rules) error {
	var sent []sentKey
	if err := json.Unmarshal(raw, &sent); err != nil || sent == nil {
		return invalid("keyCredentials")
	}
	out := []directory.KeyCredential{}
	for _, k := range sent {
		i := slices.IndexFunc(o.KeyCredentials, func(old directory.KeyCredential) bool { return old.KeyID == k.KeyID })
		switch {
		case i >= 0 && len(k.Key) == 0 && same(o.KeyCredentials[i], k):
			out = append(out, o.KeyCredentials[i])
		case i >= 0:
			return notUpdatable(k.KeyID)
		default:
			added, err := newKey(k, o, rules)
			if err != nil {
				return err
			}
			out = append(out, added)
		}
	}
	if err := rules.keysChanged(o.KeyCredentials, out); err != nil {
		return err
	}
	o.KeyCredentials = out
	return nil
}

func notUpdatable(keyID string) problem {
	message := "Update to existing credential with KeyId '" + keyID + "' is not allowed."
	return problem{http.StatusBadRequest, "Request_BadRequest", message, []detail{{"KeyNotUpdatable", message, "keyCredentials"}}}
}

func same(old directory.KeyCredential, k sentKey) bool {
	return old.Type == k.Type && old.Usage == k.Usage && old.DisplayName == k.DisplayName && bytes.Equal(old.CustomKeyIdentifier, k.CustomKeyIdentifier) &&
		old.StartDateTime.Equal(k.StartDateTime) && old.EndDateTime.Equal(k.EndDateTime)
}

func newKey(k sentKey, o *directory.Object, rules rules) (directory.KeyCredential, error) {
	if k.Usage != "Verify" && k.Usage != "Sign" {
		return directory.KeyCredential{}, bad(`The value for the property "usage" in one of your credentials is invalid. Acceptable values are Sign, Verify.`)
	}
	cert, err := x509.ParseCertificate(k.Key)
	if k.Type != "AsymmetricX509Cert" || err != nil {
		return directory.KeyCredential{}, bad("New key credential must have its key value set.")
	}
	if k.KeyID == "" {
		k.KeyID = guid()
	}
	if k.StartDateTime.IsZero() {
		k.StartDateTime = cert.NotBefore
	}
	if k.EndDateTime.IsZero() {
		k.EndDateTime = cert.NotAfter
	}
	if k.EndDateTime.After(cert.NotAfter) {
		return directory.KeyCredential{}, bad("Key credential end date is invalid.")
	}
	if err := rules.permitKey(k.StartDateTime, k.EndDateTime, o.CreatedDateTime); err != nil {
		return directory.KeyCredential{}, err
	}
	return directory.KeyCredential(k), nil
}
