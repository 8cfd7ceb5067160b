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

// patch changes accountEnabled or replaces the list of key credentials.
func (s *Server) patch(collection string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in map[string]json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in) == 0 {
			fail(w, http.StatusBadRequest, "Request_BadRequest", "Empty Payload. JSON content expected.")
			return
		}
		for name := range in {
			if name != "accountEnabled" && name != "keyCredentials" {
				fail(w, http.StatusBadRequest, "Request_BadRequest", "Property '"+name+"' is read-only and cannot be set.")
				return
			}
		}
		what := "accountEnabled"
		if _, ok := in["keyCredentials"]; ok {
			what = "keyCredentials"
		}
		s.change(w, r, collection, what, func(o *directory.Object) error {
			if raw, ok := in["accountEnabled"]; ok {
				if collection != directory.ServicePrincipals || json.Unmarshal(raw, &o.AccountEnabled) != nil {
					return bad("Property 'accountEnabled' is invalid.")
				}
			}
			raw, ok := in["keyCredentials"]
			if !ok {
				return nil
			}
			return replaceKeys(o, raw)
		})
	}
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
// everything else is new and must bring its certificate.
func replaceKeys(o *directory.Object, raw json.RawMessage) error {
	var sent []sentKey
	if o.Locked {
		return locked
	}
	if err := json.Unmarshal(raw, &sent); err != nil || sent == nil {
		return bad("Invalid value specified for property 'keyCredentials' of resource.")
	}
	out := []directory.KeyCredential{}
	for _, k := range sent {
		i := slices.IndexFunc(o.KeyCredentials, func(old directory.KeyCredential) bool { return old.KeyID == k.KeyID })
		switch {
		case i >= 0 && len(k.Key) == 0:
			old := o.KeyCredentials[i]
			if !same(old, k) {
				return problem{http.StatusBadRequest, "KeyNotUpdatable", "Update to existing credential with KeyId '" + k.KeyID + "' is not allowed."}
			}
			out = append(out, old)
		case i >= 0:
			return problem{http.StatusBadRequest, "KeyNotUpdatable", "Update to existing credential with KeyId '" + k.KeyID + "' is not allowed."}
		default:
			added, err := newKey(k)
			if err != nil {
				return err
			}
			out = append(out, added)
		}
	}
	o.KeyCredentials = out
	return nil
}

func same(old directory.KeyCredential, k sentKey) bool {
	return old.Type == k.Type && old.Usage == k.Usage && old.DisplayName == k.DisplayName && bytes.Equal(old.CustomKeyIdentifier, k.CustomKeyIdentifier) &&
		old.StartDateTime.Equal(k.StartDateTime) && old.EndDateTime.Equal(k.EndDateTime)
}

func newKey(k sentKey) (directory.KeyCredential, error) {
	if k.Usage != "Verify" && k.Usage != "Sign" {
		return directory.KeyCredential{}, bad(`The value for the property "usage" in one of your credentials is invalid. Acceptable values are Sign, Verify.`)
	}
	cert, err := x509.ParseCertificate(k.Key)
	if k.KeyID == "" || k.Type != "AsymmetricX509Cert" || err != nil {
		return directory.KeyCredential{}, bad("New key credential must have its key value set.")
	}
	if k.EndDateTime.After(cert.NotAfter) {
		return directory.KeyCredential{}, bad("Key credential end date is invalid.")
	}
	return directory.KeyCredential(k), nil
}
