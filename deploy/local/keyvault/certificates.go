package keyvault

import (
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the vault's x5t is defined with it
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

type policy struct {
	Issuer   struct{ Name string } `json:"issuer"`
	KeyProps struct {
		Exportable *bool
		ReuseKey   bool `json:"reuse_key"`
		Kty        string
		KeySize    int `json:"key_size"`
	} `json:"key_props"`
	X509 struct {
		Subject  string
		Validity int `json:"validity_months"`
	} `json:"x509_props"`
}

// create makes a certificate, a new version if there is one of the name: the one before is in use until the new one is made.
func (s *Server) create(w http.ResponseWriter, r *http.Request, name string) {
	var in struct {
		Policy json.RawMessage
		Tags   map[string]string
	}
	var p policy
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || json.Unmarshal(in.Policy, &p) != nil {
		fail(w, http.StatusBadRequest, "BadParameter", "The body is no JSON.")
		return
	}
	old := s.certs[name]
	switch {
	case old != nil && old.Next != nil:
		fail(w, http.StatusConflict, "Conflict", "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.")
		return
	case p.Issuer.Name != "Self" || p.KeyProps.Exportable == nil || p.KeyProps.Kty != "RSA" || !strings.HasPrefix(p.X509.Subject, "CN="):
		fail(w, http.StatusBadRequest, "BadParameter", "The local vault makes self-signed certificates with RSA keys.")
		return
	}
	var key *rsa.PrivateKey
	if old != nil && p.KeyProps.ReuseKey {
		key, _ = x509.ParsePKCS1PrivateKey(old.Key) // it was written here
	}
	c, err := selfSigned(strings.TrimPrefix(p.X509.Subject, "CN="), p.KeyProps.KeySize, max(1, p.X509.Validity), key)
	if err == nil {
		c.Policy, c.Tags, c.Exportable = in.Policy, in.Tags, *p.KeyProps.Exportable
		if old != nil {
			old.Next = c
		} else {
			s.certs[name] = c
		}
		err = s.save()
	}
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	answer(w, http.StatusAccepted, map[string]any{
		"id": "https://" + r.Host + "/certificates/" + name + "/pending", "status": "inProgress", "cancellation_requested": false, "request_id": c.Version,
	})
}

// settle puts finished versions into use, and the keys of exportable ones among the secrets, under the same version.
func (s *Server) settle(now time.Time) {
	changed := false
	for name, c := range s.certs {
		if n := c.Next; n != nil && now.After(n.Ready) {
			n.Old, c.Next, c.Old = append(c.Old, c), nil, nil
			s.certs[name], c, changed = n, n, true
		}
		if !c.Exportable || now.Before(c.Ready) {
			continue
		}
		sec := s.secrets[name]
		if sec == nil {
			sec = &secret{Managed: true}
			s.secrets[name] = sec
		}
		if n := len(sec.Versions); n == 0 || sec.Versions[n-1].ID != c.Version {
			sec.Versions = append(sec.Versions, &version{ID: c.Version, Value: c.pem(), ContentType: "application/x-pem-file", Tags: c.Tags, Created: c.Ready, Updated: c.Ready})
			changed = true
		}
	}
	if changed { // a failure shows at the next change, which says so
		_ = s.save()
		_ = s.saveSecrets()
	}
}

func (c *certificate) pem() string {
	key, err := x509.ParsePKCS1PrivateKey(c.Key)
	if err != nil {
		return ""
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.DER}))
}

// policy shows how the next version will be made.
func (s *Server) policy(w http.ResponseWriter, r *http.Request, name string) {
	c := s.certs[name]
	if c == nil || c.Policy == nil {
		fail(w, http.StatusNotFound, "CertificateNotFound", "A certificate with (name/id) "+name+" was not found in this key vault.")
		return
	}
	out := map[string]any{}
	if err := json.Unmarshal(c.Policy, &out); err != nil {
		fail(w, http.StatusInternalServerError, "InternalError", "The policy cannot be read.")
		return
	}
	out["id"] = "https://" + r.Host + "/certificates/" + name + "/policy"
	answer(w, http.StatusOK, out)
}

// version finds a version of a certificate, the one in use if none is named.
func (s *Server) version(name, version string) *certificate {
	c := s.certs[name]
	if c == nil || version == "" || c.Version == version {
		return c
	}
	for _, o := range c.Old {
		if o.Version == version {
			return o
		}
	}
	return nil
}

// update enables or disables a version. Its secret has the attributes of the certificate: the private key of a disabled version
// is not handed out, while the certificate is still shown.
func (s *Server) update(w http.ResponseWriter, r *http.Request, name, version string) {
	var in struct{ Attributes struct{ Enabled *bool } }
	c := s.version(name, version)
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case err != nil || in.Attributes.Enabled == nil:
		fail(w, http.StatusBadRequest, "BadParameter", "The local vault updates nothing but whether a certificate is enabled.")
		return
	case c == nil:
		fail(w, http.StatusNotFound, "CertificateNotFound", "A certificate with (name/id) "+name+"/"+version+" was not found in this key vault.")
		return
	}
	c.Disabled = !*in.Attributes.Enabled
	if sec := s.secrets[name]; sec != nil && sec.Managed {
		for _, v := range sec.Versions {
			if v.ID == version {
				v.Disabled, v.Updated = c.Disabled, time.Now().UTC()
			}
		}
	}
	if err := errors.Join(s.save(), s.saveSecrets()); err != nil {
		fail(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	s.get(w, r, name, version)
}

// list lists the certificates, the version in use of each, a few on a page.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	const size = 2
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.certs)), func(name string) bool { return name <= r.URL.Query().Get("$skiptoken") })
	out := map[string]any{"nextLink": nil}
	if len(names) > size {
		names = names[:size]
		out["nextLink"] = "https://" + r.Host + "/certificates?api-version=" + r.URL.Query().Get("api-version") + "&$skiptoken=" + names[size-1]
	}
	items := []map[string]any{}
	for _, name := range names {
		c := s.certs[name]
		sum := sha1.Sum(c.DER) //nolint:gosec // the vault's x5t is defined with it
		items = append(items, map[string]any{
			"id": "https://" + r.Host + "/certificates/" + name, "x5t": base64.RawURLEncoding.EncodeToString(sum[:]), "tags": c.Tags,
			"attributes": map[string]any{"enabled": !c.Disabled, "created": c.Made.Unix(), "updated": c.Made.Unix()},
		})
	}
	out["value"] = items
	answer(w, http.StatusOK, out)
}

// get shows a version of a certificate.
func (s *Server) get(w http.ResponseWriter, r *http.Request, name, version string) {
	c := s.version(name, version)
	if c == nil {
		fail(w, http.StatusNotFound, "CertificateNotFound", "A certificate with (name/id) "+name+" was not found in this key vault.")
		return
	}
	base := "https://" + r.Host
	out := map[string]any{
		"id": base + "/certificates/" + name + "/" + c.Version, "kid": base + "/keys/" + name + "/" + c.Version, "tags": c.Tags,
		"attributes": map[string]any{"enabled": time.Now().After(c.Ready) && !c.Disabled, "created": c.Made.Unix(), "updated": c.Made.Unix()},
	}
	if c.Exportable {
		out["sid"] = base + "/secrets/" + name + "/" + c.Version
	}
	if time.Now().After(c.Ready) {
		sum := sha1.Sum(c.DER) //nolint:gosec // see the import
		out["x5t"], out["cer"] = base64.RawURLEncoding.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(c.DER)
	}
	answer(w, http.StatusOK, out)
}
