package graph

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/deploy/local/directory"
)

// addPassword makes a client secret. It is shown in this answer and never again.
func (s *Server) addPassword(collection string) func(call) {
	return func(c call) {
		var in struct {
			PasswordCredential struct {
				DisplayName                string
				StartDateTime, EndDateTime time.Time
			}
		}
		if err := c.body(&in); err != nil {
			c.refuse(err)
			return
		}
		secret := guid() + "~"
		p := directory.PasswordCredential{
			KeyID: guid(), DisplayName: in.PasswordCredential.DisplayName, Hint: secret[:3], Digest: directory.Digest(secret),
			StartDateTime: in.PasswordCredential.StartDateTime, EndDateTime: in.PasswordCredential.EndDateTime,
		}
		if p.StartDateTime.IsZero() {
			p.StartDateTime = now()
		}
		if p.EndDateTime.IsZero() {
			p.EndDateTime = p.StartDateTime.AddDate(2, 0, 0)
		}
		rules := s.rules(collection, c.id())
		err := s.directory.Update(collection, c.id(), c.actor.AppID, "addPassword "+p.KeyID, func(o *directory.Object) error {
			if o.ServicePrincipalType == managed {
				return denied
			}
			if err := rules.passwordsChanged(); err != nil {
				return err
			}
			if !p.EndDateTime.After(p.StartDateTime) {
				return bad("Credential end date is invalid.")
			}
			o.PasswordCredentials = append(o.PasswordCredentials, p)
			return rules.permitPassword(p.StartDateTime, p.EndDateTime, o.CreatedDateTime)
		})
		if err != nil {
			c.refuse(err)
			return
		}
		answer(c.w, http.StatusOK, password(p, secret))
	}
}

func (s *Server) removePassword(collection string) func(call) {
	return func(c call) {
		var in struct{ KeyID string }
		if c.body(&in) != nil || in.KeyID == "" {
			c.refuse(bad("A value is required for property 'keyId'."))
			return
		}
		rules := s.rules(collection, c.id())
		s.edit(c, collection, "removePassword "+in.KeyID, func(o *directory.Object) error {
			if o.ServicePrincipalType == managed {
				return denied
			}
			if err := rules.passwordsChanged(); err != nil {
				return err
			}
			left := slices.DeleteFunc(slices.Clone(o.PasswordCredentials), func(p directory.PasswordCredential) bool { return p.KeyID == in.KeyID })
			if len(left) == len(o.PasswordCredentials) {
				return bad("No password credential found with keyId.")
			}
			o.PasswordCredentials = left
			return nil
		})
	}
}

// proofAudience is what the proof of possession of a key is made out to: Azure AD Graph, whose store this is.
const proofAudience = "00000002-0000-0000-c000-000000000000"

// proofLife is the longest a proof may live.
const proofLife = 10 * time.Minute

var badProof = problem{http.StatusUnauthorized, "Authentication_MissingOrMalformed", "Access Token missing or malformed.", nil}

// proved checks a proof: a JWT signed by the private key of one of the object's valid certificates, made out by the
// object's id, living ten minutes at most.
func proved(o directory.Object, proof string) error {
	var claims jwt.RegisteredClaims
	var keys jwt.VerificationKeySet
	for _, k := range o.KeyCredentials {
		cert, err := x509.ParseCertificate(k.Key)
		if err == nil && k.Usage == "Verify" && k.EndDateTime.After(time.Now()) {
			keys.Keys = append(keys.Keys, cert.PublicKey)
		}
	}
	if len(keys.Keys) == 0 {
		return badProof
	}
	_, err := jwt.ParseWithClaims(proof, &claims, func(*jwt.Token) (any, error) { return keys, nil },
		jwt.WithValidMethods([]string{"RS256", "PS256", "ES256"}), jwt.WithAudience(proofAudience), jwt.WithIssuer(o.ID), jwt.WithExpirationRequired())
	if err != nil || claims.NotBefore == nil || claims.ExpiresAt.Sub(claims.NotBefore.Time) > proofLife {
		return badProof
	}
	return nil
}

// addKey adds a certificate for who can sign with a present one.
func (s *Server) addKey(collection string) func(call) {
	return func(c call) {
		var in struct {
			KeyCredential sentKey
			Proof         string
		}
		if c.body(&in) != nil {
			badProof.write(c.w)
			return
		}
		rules := s.rules(collection, c.id())
		var added directory.KeyCredential
		err := s.directory.Update(collection, c.id(), c.actor.AppID, "addKey", func(o *directory.Object) error {
			if o.ServicePrincipalType == managed {
				return denied
			}
			if err := proved(*o, in.Proof); err != nil {
				return err
			}
			in.KeyCredential.KeyID = "" // Graph chooses it
			var err error
			if added, err = newKey(in.KeyCredential, o, rules); err != nil {
				return err
			}
			before := o.KeyCredentials
			o.KeyCredentials = append(slices.Clone(before), added)
			return rules.keysChanged(before, o.KeyCredentials)
		})
		if err != nil {
			c.refuse(err)
			return
		}
		answer(c.w, http.StatusOK, item{
			"keyId": added.KeyID, "type": added.Type, "usage": added.Usage, "displayName": added.DisplayName, "key": nil,
			"customKeyIdentifier": base64.StdEncoding.EncodeToString(added.CustomKeyIdentifier), "startDateTime": added.StartDateTime, "endDateTime": added.EndDateTime,
		})
	}
}

func (s *Server) removeKey(collection string) func(call) {
	return func(c call) {
		var in struct{ KeyID, Proof string }
		if c.body(&in) != nil {
			badProof.write(c.w)
			return
		}
		rules := s.rules(collection, c.id())
		s.edit(c, collection, "removeKey "+in.KeyID, func(o *directory.Object) error {
			if o.ServicePrincipalType == managed {
				return denied
			}
			if err := proved(*o, in.Proof); err != nil {
				return err
			}
			before := o.KeyCredentials
			o.KeyCredentials = slices.DeleteFunc(slices.Clone(before), func(k directory.KeyCredential) bool { return k.KeyID == in.KeyID })
			if len(before) == len(o.KeyCredentials) {
				return bad("No key credential found with keyId.")
			}
			return rules.keysChanged(before, o.KeyCredentials)
		})
	}
}
